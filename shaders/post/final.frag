#version 330
// The last look: light spreads, corners fall off, shadows and lights take the song's colours, film grain.
#include "lib/hash.glsl"
in vec2 v_uv;
uniform sampler2D u_picture;
uniform sampler2D u_glow;
uniform bool u_stretched;
uniform float u_bloom;
uniform float u_grain;
uniform float u_seed;
uniform float u_aspect;
uniform vec3 u_shadow;
uniform vec3 u_lights;
out vec4 o_colour;

void main() {
    // Pixel for pixel, where the scene was not drawn at another size.
    vec3 colour = u_stretched ? textureLod(u_picture, v_uv, 0.0).rgb : texelFetch(u_picture, ivec2(gl_FragCoord.xy), 0).rgb;
    if (u_bloom > 0.0) {
        colour += (1.0 - colour) * min(textureLod(u_glow, v_uv, 0.0).rgb * u_bloom, 1.0);
    }
    vec2 from = (v_uv - 0.5) * vec2(mix(1.0, u_aspect, 0.35), 1.0);
    float corner = clamp((dot(from, from) - 0.10) * 1.35, 0.0, 1.0);
    colour *= 1.0 - 0.62 * corner * (1.6 - 0.6 * corner);
    float luma = dot(colour, vec3(0.2126, 0.7152, 0.0722));
    colour *= 1.0 + (u_lights - 1.0) * luma;
    colour += u_shadow * (1.0 - luma) * (1.0 - luma);
    float grain = hash(gl_FragCoord.xy + u_seed) - 0.5;
    colour += grain * (u_grain * (0.012 + 0.09 * luma * (1.0 - luma)) + 1.0 / 255.0);
    o_colour = vec4(colour, 1.0);
}
