#version 330
// The playing song's cover opens like a window onto the next scene: square, with a sleeve's corners, its rim in the song's light.
#include "lib/sleeve.glsl"
in vec2 v_uv;
uniform sampler2D u_from;
uniform sampler2D u_to;
uniform float u_mix;
uniform float u_aspect;
uniform vec2 u_focus;
uniform float u_half;       // half the cover's side
uniform vec3 u_light;
uniform float u_height_px;
out vec4 o_colour;

void main() {
    vec2 screen = (v_uv - 0.5) * vec2(u_aspect, 1.0);
    // Wide enough at the end to hold the picture from wherever the cover is.
    vec2 farthest = abs(u_focus) + vec2(0.5 * u_aspect, 0.5);
    float half_side = mix(u_half * smoothstep(0.0, 0.12, u_mix), 1.12 * max(farthest.x, farthest.y), u_mix * u_mix * u_mix);
    float size = max(half_side, 1e-4);
    float edge = sleeve((screen - u_focus) / size, 0.035) * size;
    float inside = clamp(0.5 - edge * u_height_px, 0.0, 1.0);
    float opening = smoothstep(0.0, 0.08, u_mix);
    float shade = 1.0 - 0.55 * exp(-max(edge, 0.0) * 14.0) * opening * (1.0 - u_mix);
    float rim = exp(-abs(edge) * 130.0) * opening * (1.0 - smoothstep(0.75, 1.0, u_mix));
    vec2 behind = (v_uv - 0.5) * mix(0.94, 1.0, u_mix) + 0.5;
    vec3 colour = mix(texture(u_from, v_uv).rgb * shade, texture(u_to, behind).rgb, inside);
    o_colour = vec4(colour + 0.35 * rim * u_light, 1.0);
}
