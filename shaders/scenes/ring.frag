#version 330
// A thin ring, as thin at any size, with a little of the night behind it: it stands on covers of any colour.
in vec2 v_away;
flat in vec4 v_tint;
uniform float u_thick_px;
out vec4 o_colour;

void main() {
    float r = length(v_away);
    float px = abs(r - 0.86) / max(fwidth(r), 1e-6);
    float line = 1.0 - smoothstep(0.5 * u_thick_px, 0.5 * u_thick_px + 1.0, px);
    float night = 0.5 * (1.0 - smoothstep(u_thick_px, 2.5 * u_thick_px + 1.5, px));
    float there = max(line, night) * v_tint.a;
    o_colour = vec4(v_tint.rgb * line * v_tint.a, there);
}
