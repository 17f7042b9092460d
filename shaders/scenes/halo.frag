#version 330
#include "lib/hash.glsl"
in vec2 v_away;
flat in vec4 v_tint;
out vec4 o_colour;

void main() {
    float fall = max(0.0, 1.0 - length(v_away));
    float glow = fall * fall * fall * v_tint.a;
    float dither = (hash(gl_FragCoord.xy) - 0.5) / 255.0;
    o_colour = vec4(max(v_tint.rgb * glow + dither, 0.0), 1.0);
}
