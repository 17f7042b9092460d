#version 330
// One scene becomes another from the playing song outwards, with an uneven, soft front.
#include "lib/hash.glsl"
#include "lib/value_noise.glsl"
in vec2 v_uv;
uniform sampler2D u_from;
uniform sampler2D u_to;
uniform float u_mix;
uniform float u_aspect;
uniform vec2 u_focus;
out vec4 o_colour;

void main() {
    vec2 screen = (v_uv - 0.5) * vec2(u_aspect, 1.0);
    float away = length(screen - u_focus) / (0.5 * length(vec2(u_aspect, 1.0)));
    float front = away + 0.16 * (value_noise(screen * 5.0) - 0.5);
    float share = smoothstep(0.0, 0.20, u_mix * 1.40 - front - 0.10);
    vec2 drift = (screen - u_focus) * 0.03 * share * (1.0 - share);
    // The front itself is dark: two scenes are never read one through the other.
    float dip = 1.0 - 2.6 * share * (1.0 - share);
    o_colour = vec4(mix(texture(u_from, v_uv + drift).rgb, texture(u_to, v_uv - drift).rgb, share) * dip, 1.0);
}
