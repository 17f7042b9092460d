#version 330
in vec2 v_uv;
uniform sampler2D u_line;
uniform vec4 u_ink;    // colour, weight
uniform float u_sweep; // 0..1: how far the line is written, from the left
out vec4 o_colour;

void main() {
    float written = 1.0 - smoothstep(u_sweep * 1.25 - 0.25, u_sweep * 1.25, v_uv.x);
    float ink = texture(u_line, v_uv).r * u_ink.a * written;
    o_colour = vec4(u_ink.rgb * ink, ink);
}
