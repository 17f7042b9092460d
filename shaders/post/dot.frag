#version 330
// A red light, round, with an edge of one pixel.
in vec2 v_uv;
uniform float u_side_px;
out vec4 o_colour;

void main() {
    float inside = clamp((0.5 - length(v_uv - 0.5)) * u_side_px, 0.0, 1.0);
    o_colour = vec4(vec3(0.86, 0.10, 0.08), 1.0) * inside;
}
