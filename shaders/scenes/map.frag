#version 330
// The ground of the map at night.
#include "lib/on_ground.glsl"
#include "lib/lit_land.glsl"
in vec2 v_uv;
uniform sampler2D u_relief0;  // height, slope x, slope y
uniform sampler2D u_colour0;  // the covers' colours around a place
uniform vec2 u_extent;
uniform vec2 u_centre;        // where the centre lies on the screen
uniform vec2 u_lean;          // lean and squash at this tilt
uniform float u_aspect;
out vec4 o_colour;

void main() {
    vec2 screen = (v_uv - 0.5) * vec2(u_aspect, 1.0) - u_centre;
    vec3 spot = on_ground(screen, u_view, u_lean);
    vec2 uv = spot.xy / (2.0 * u_extent) + 0.5;
    vec3 relief = texture(u_relief0, uv).rgb, ground = texture(u_colour0, uv).rgb;
    o_colour = vec4(lit_land(relief, ground, spot.xy, spot.z, v_uv), 1.0);
}
