#version 330
// Quiet under the words: the lower left corner is dimmed while a title stands there.
in vec2 v_uv;
uniform float u_weight;
uniform float u_aspect;
out vec4 o_colour;

void main() {
    vec2 from = v_uv * vec2(u_aspect / 1.78, 1.0);
    float dim = u_weight * 0.86 * smoothstep(0.62, 0.0, from.y) * smoothstep(1.05, 0.15, from.x * 0.8 + from.y * 0.5);
    o_colour = vec4(0.0, 0.0, 0.0, dim);
}
