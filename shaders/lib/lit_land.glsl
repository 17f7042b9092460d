// The ground at a place: height and slopes `relief`, the covers' colours around it `ground`, lit by the playing song, ringed by its
// sound, lined by contours. near: 1 / z of the place, v_uv: where on the picture it is.
#include "lib/hash.glsl"
uniform sampler2D u_pulse;    // the song's onsets of the last seconds, newest first
uniform vec4 u_view;          // centre x, y, zoom, tilt
uniform vec2 u_song;          // the playing song's place
uniform vec3 u_light;         // its light
uniform vec3 u_second;        // the palette's other colour
uniform float u_height_px;
uniform float u_level;
uniform float u_energy;
uniform float u_reach;        // seconds of sound in u_pulse times its speed: how far the rings go
uniform float u_weight;

vec3 lit_land(vec3 relief, vec3 ground, vec2 place, float near, vec2 v_uv) {
    float height = relief.x;

    vec2 to_song = u_song - place;
    float away = length(to_song);
    float lamp = exp(-2.6 * away) * (0.85 + 0.3 * u_level * u_energy);
    // The land leans into the lamp or away from it.
    float facing = dot(relief.yz, to_song / (away + 0.08)) * 0.16;
    float shade = clamp(0.5 + facing, 0.0, 1.3);

    float ring = texture(u_pulse, vec2(away / u_reach, 0.5)).r * exp(-2.0 * away) * u_energy;

    // Contours: the distance to the next one in pixels is the height's distance over its slope on the screen.
    float slope = max(length(relief.yz), 0.12) * near / (u_view.z * u_height_px);
    float steps = height * 22.0;
    float line = abs(fract(steps) - 0.5) / (22.0 * slope);
    float every = mod(floor(steps), 5.0) < 0.5 ? 1.0 : 0.42;
    float contour = clamp(1.15 - line, 0.0, 1.0) * every * smoothstep(0.02, 0.30, height);
    float crowd = clamp(0.8 / (22.0 * slope * 3.0), 0.0, 1.0);

    float haze = clamp(1.30 - 0.42 * near, 0.25, 1.0);
    float land = smoothstep(0.10, 0.85, height);
    vec3 soil = mix(ground, u_light, 0.25) * land * (0.15 + 0.58 * shade * lamp);
    soil += u_light * lamp * lamp * 0.09;
    vec3 lines = mix(ground, mix(u_second, u_light, lamp), 0.5) * contour * crowd;
    lines *= 0.26 + 0.54 * lamp + 0.80 * ring;
    vec3 colour = (soil + u_light * ring * 0.10 * (0.25 + height) + lines) * haze;
    colour += mix(vec3(0.014, 0.014, 0.020), u_second * 0.05, 0.5) * (1.15 - 0.8 * v_uv.y);
    colour += (hash(gl_FragCoord.xy) - 0.5) / 255.0;
    return max(colour * u_weight, 0.0);
}
