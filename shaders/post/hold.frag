#version 330
// The picture, held back towards what was shown before.
in vec2 v_uv;
uniform sampler2D u_picture;
uniform sampler2D u_before;
uniform float u_blend;
out vec4 o_colour;

void main() {
    vec3 picture = textureLod(u_picture, v_uv, 0.0).rgb;
    vec3 before = textureLod(u_before, v_uv, 0.0).rgb;
    o_colour = vec4(mix(picture, before, u_blend), 1.0);
}
