#version 330
// The ground while one map becomes another: each comes over those before it from its song's place outwards.
#include "lib/on_ground.glsl"
#include "lib/lit_land.glsl"
in vec2 v_uv;
uniform sampler2D u_relief0;  // height, slope x, slope y; of the oldest map that is seen
uniform sampler2D u_relief1;
uniform sampler2D u_relief2;
uniform sampler2D u_relief3;
uniform sampler2D u_colour0;  // the covers' colours around a place
uniform sampler2D u_colour1;
uniform sampler2D u_colour2;
uniform sampler2D u_colour3;
uniform int u_lands;          // how many of them are seen
uniform vec4 u_flight1;       // how the second comes over the first: from where x, y, share, how far it is latest
uniform vec4 u_flight2;
uniform vec4 u_flight3;
uniform vec2 u_extent;
uniform vec2 u_centre;        // where the centre lies on the screen
uniform vec2 u_lean;          // lean and squash at this tilt
uniform float u_aspect;
out vec4 o_colour;

const float STAGGER = 0.5;    // as in installation/places.py

// How much 0..1 of a map has come over the ones before it at a place.
float come(vec2 place, vec4 flight) {
    float t = clamp(flight.z * (1.0 + STAGGER) - STAGGER * min(length(place - flight.xy) / flight.w, 1.0), 0.0, 1.0);
    return t * t * t * (t * (6.0 * t - 15.0) + 10.0);
}

void main() {
    vec2 screen = (v_uv - 0.5) * vec2(u_aspect, 1.0) - u_centre;
    vec3 spot = on_ground(screen, u_view, u_lean);
    vec2 place = spot.xy, uv = place / (2.0 * u_extent) + 0.5;
    vec3 relief = texture(u_relief0, uv).rgb, ground = texture(u_colour0, uv).rgb;
    float p = come(place, u_flight1);
    relief = mix(relief, texture(u_relief1, uv).rgb, p);
    ground = mix(ground, texture(u_colour1, uv).rgb, p);
    if (u_lands > 2) {
        p = come(place, u_flight2);
        relief = mix(relief, texture(u_relief2, uv).rgb, p);
        ground = mix(ground, texture(u_colour2, uv).rgb, p);
    }
    if (u_lands > 3) {
        p = come(place, u_flight3);
        relief = mix(relief, texture(u_relief3, uv).rgb, p);
        ground = mix(ground, texture(u_colour3, uv).rgb, p);
    }
    o_colour = vec4(lit_land(relief, ground, place, spot.z, v_uv), 1.0);
}
