#version 330
#include "lib/sleeve.glsl"
in vec2 v_sleeve;
in vec2 v_texel;
flat in vec4 v_images;
flat in vec4 v_tint;
flat in vec4 v_style;
uniform sampler2D u_even;
uniform sampler2D u_odd;
out vec4 o_colour;

void main() {
    vec3 even = textureLod(u_even, v_texel, 0.0).rgb;
    vec3 odd = textureLod(u_odd, v_texel, 0.0).rgb;
    float odd_share = v_images.w > 0.5 ? v_images.z : 1.0 - v_images.z;
    vec3 image = mix(even, odd, odd_share);
    vec3 waiting = v_tint.rgb * (0.20 + 0.16 * v_sleeve.y * v_sleeve.x);
    vec3 colour = mix(waiting, image, v_style.x) * v_tint.a;
    float pixel = 2.0 / v_style.y;
    float edge = sleeve(v_sleeve, 0.04);
    colour += smoothstep(-2.5 * pixel, 0.0, edge) * 0.10 * (0.5 + 0.5 * v_sleeve.y) * v_tint.rgb;
    colour += v_tint.rgb * v_style.z * (0.35 + 0.65 * dot(image, vec3(0.3, 0.6, 0.1)));
    float inside = clamp(0.5 - edge / pixel, 0.0, 1.0);
    o_colour = vec4(colour * inside, inside);
}
