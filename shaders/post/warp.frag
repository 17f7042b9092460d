#version 330
// One output's part of the picture, pinned to its corners, its soft edges faded for the gamma of its projector.
#include "lib/hash.glsl"
in vec2 v_uv;
uniform sampler2D u_picture;
uniform mat3 u_to_picture;
uniform vec4 u_part;
uniform vec4 u_blend;
uniform float u_gamma;
out vec4 o_colour;

// 3t^2 - 2t^3 over `width` from an edge; 1 everywhere where there is no soft edge.
float rise(float distance, float width) {
    return width > 0.0 ? smoothstep(0.0, 1.0, distance / width) : 1.0;
}

void main() {
    vec3 q = u_to_picture * vec3(v_uv.x, 1.0 - v_uv.y, 1.0);
    vec2 p = q.xy / max(q.z, 1e-6);
    // A pixel that the picture's edge runs through is lit by as much of it as lies inside.
    vec2 pixel = max(fwidth(p), vec2(1e-6));
    vec2 inside = clamp(min(p, 1.0 - p) / pixel + 0.5, 0.0, 1.0);
    float share = q.z > 0.0 ? inside.x * inside.y : 0.0;
    float fade = rise(p.x, u_blend.x) * rise(p.y, u_blend.y) * rise(1.0 - p.x, u_blend.z) * rise(1.0 - p.y, u_blend.w);
    vec2 at = mix(u_part.xy, u_part.zw, clamp(p, 0.0, 1.0));
    vec3 picture = textureLod(u_picture, vec2(at.x, 1.0 - at.y), 0.0).rgb;
    // Dithered where it fades: eight bits would show the ramp as steps in the dark.
    float noise = fade < 1.0 && fade > 0.0 ? (hash(gl_FragCoord.xy) - 0.5) / 255.0 : 0.0;
    o_colour = vec4((picture * pow(fade, 1.0 / u_gamma) + noise) * share, 1.0);
}
