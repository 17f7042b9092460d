#version 330
// One picture fades into another, and nothing moves.
in vec2 v_uv;
uniform sampler2D u_from;
uniform sampler2D u_to;
uniform float u_mix;
out vec4 o_colour;

void main() {
    o_colour = vec4(mix(textureLod(u_from, v_uv, 0.0).rgb, textureLod(u_to, v_uv, 0.0).rgb, u_mix), 1.0);
}
