#version 330
// Songs too far away to be more than a speck of their cover's colour.
#include "lib/on_ground.glsl"
in vec2 v_uv;
uniform sampler2D u_dust;
uniform vec2 u_reach;
uniform vec4 u_view;
uniform vec2 u_centre;
uniform vec2 u_lean;
uniform float u_aspect;
uniform vec2 u_song;
uniform float u_dim;      // 1, less while a search lights other songs
uniform float u_side;     // side of the smallest tiles at the centre, over what is a dot
uniform float u_weight;
out vec4 o_colour;

void main() {
    vec3 place = on_ground((v_uv - 0.5) * vec2(u_aspect, 1.0) - u_centre, u_view, u_lean);
    vec2 uv = place.xy / (2.0 * u_reach) + 0.5;
    float there = 1.0 - smoothstep(1.0, 1.6, u_side / place.z);
    if (any(greaterThan(abs(uv - 0.5), vec2(0.5))) || there <= 0.0) discard;
    float lamp = 0.66 + 0.28 * exp(-3.0 * length(place.xy - u_song));
    float depth = 0.55 + 0.45 * clamp(1.0 / place.z, 0.0, 1.2);
    vec4 speck = texture(u_dust, uv) * there * u_weight;
    o_colour = vec4(speck.rgb * lamp * depth * u_dim, speck.a);
}
