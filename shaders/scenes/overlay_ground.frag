#version 330
// Quiet under the words for whoever steers: the picture goes on behind them, at the left and above further away.
in vec2 v_uv;
uniform float u_weight;
out vec4 o_colour;

void main() {
    float near = 1.0 - 0.35 * smoothstep(0.35, 1.0, v_uv.x);
    o_colour = vec4(0.0, 0.0, 0.0, u_weight * near);
}
