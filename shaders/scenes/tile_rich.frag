#version 330
#include "lib/sleeve.glsl"
in vec2 v_sleeve;
in vec3 v_texel;
flat in vec4 v_bounds;
flat in vec4 v_tint;
flat in float v_side;
uniform sampler2DArray u_covers;
out vec4 o_colour;

void main() {
    float pixel = 2.0 / v_side;
    float edge = sleeve(v_sleeve, 0.035);
    float inside = clamp(0.5 - edge / pixel, 0.0, 1.0);
    float thrown = sleeve(v_sleeve + vec2(0.0, 0.10), 0.10);
    float shadow = 0.60 * (1.0 - smoothstep(-0.12, 0.24, thrown));
    vec2 at = clamp(v_texel.xy, v_bounds.xy, v_bounds.zw);
    vec3 cover = textureLod(u_covers, vec3(at, max(v_texel.z, 0.0)), 0.0).rgb;
    if (v_texel.z < 0.0) cover = v_tint.rgb * (0.42 + 0.10 * v_sleeve.y);
    // A sleeve has a thickness: its upper edge takes the light, its lower one turns away.
    float rim = smoothstep(-1.6 * pixel, -0.3 * pixel, edge);
    vec3 colour = cover * v_tint.a;
    colour += rim * (0.09 + 0.09 * v_sleeve.y) * (0.4 + v_tint.rgb) * v_tint.a;
    o_colour = vec4(colour * inside, max(inside, shadow));
}
