#version 330
// Lingering light, laid over the picture where it is the brighter of the two.
in vec2 v_uv;
uniform sampler2D u_trails;
uniform float u_strength;
out vec4 o_colour;

void main() {
    o_colour = vec4(textureLod(u_trails, v_uv, 0.0).rgb * u_strength, 1.0);
}
