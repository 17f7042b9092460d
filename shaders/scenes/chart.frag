#version 330
// A dark page in the song's light, and the outline of the song that plays, lit as far as it has come.
#include "lib/hash.glsl"
in vec2 v_uv;
uniform sampler2D u_outline;
uniform float u_aspect;
uniform vec2 u_song;
uniform vec3 u_light;
uniform vec3 u_second;
uniform float u_level;
uniform vec4 u_box;       // left, bottom, right, top
uniform float u_bars;
uniform float u_played;   // 0..1 of the song
uniform float u_beat;
out vec4 o_colour;

void main() {
    vec2 screen = (v_uv - 0.5) * vec2(u_aspect, 1.0);
    float away = length((screen - u_song) * vec2(0.75, 1.0));
    vec3 colour = u_light * (0.11 + 0.05 * u_level) * exp(-2.6 * away);
    colour += u_second * 0.045 * exp(-1.6 * length(screen - vec2(0.5 * u_aspect, -0.5)));
    colour += vec3(0.010, 0.010, 0.014);

    vec2 at = (screen - u_box.xy) / (u_box.zw - u_box.xy);
    if (all(greaterThanEqual(at, vec2(0.0))) && all(lessThan(at, vec2(1.0)))) {
        float bar = floor(at.x * u_bars);
        float tall = 0.06 + 0.94 * texelFetch(u_outline, ivec2(int(bar), 0), 0).r;
        float across = abs(fract(at.x * u_bars) - 0.5);
        float stroke = step(across, 0.28) * step(abs(at.y - 0.5) * 2.0, tall);
        float done = clamp(u_played * u_bars - bar, 0.0, 1.0);
        float head = exp(-abs(u_played * u_bars - bar - 0.5) * 0.5) * u_beat;
        colour += stroke * (mix(vec3(0.10), u_light * 0.85, done) + 0.4 * head * u_light);
    }
    colour += (hash(gl_FragCoord.xy) - 0.5) / 255.0;
    o_colour = vec4(max(colour, 0.0), 1.0);
}
