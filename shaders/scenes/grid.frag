#version 330
// Behind the grid: a dark room with the song's light in it.
#include "lib/hash.glsl"
in vec2 v_uv;
uniform float u_aspect;
uniform vec2 u_song;      // the playing tile on the screen
uniform vec3 u_light;
uniform float u_level;
out vec4 o_colour;

void main() {
    vec2 screen = (v_uv - 0.5) * vec2(u_aspect, 1.0);
    float away = length(screen - u_song);
    vec3 colour = u_light * (0.10 + 0.03 * u_level) * exp(-2.4 * away) + vec3(0.010, 0.010, 0.014);
    colour += (hash(gl_FragCoord.xy) - 0.5) / 255.0;
    o_colour = vec4(max(colour, 0.0), 1.0);
}
