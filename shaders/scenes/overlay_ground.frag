#version 330
// Quiet under the words for whoever steers: the picture goes on behind them, and further away from them it is lighter.
in vec2 v_uv;
uniform float u_weight;
uniform vec3 u_fall;   // where it begins to grow lighter, where it ends to, and by how much
uniform bool u_down;   // from the top down, else from the left
out vec4 o_colour;

void main() {
    float near = 1.0 - u_fall.z * smoothstep(u_fall.x, u_fall.y, u_down ? 1.0 - v_uv.y : v_uv.x);
    o_colour = vec4(0.0, 0.0, 0.0, u_weight * near);
}
