#version 330
// One scene gives way to another by their light: what is dark goes first, what is bright comes first.
in vec2 v_uv;
uniform sampler2D u_from;
uniform sampler2D u_to;
uniform float u_mix;
out vec4 o_colour;

const vec3 LUMA = vec3(0.2126, 0.7152, 0.0722);

void main() {
    vec3 before = texture(u_from, v_uv).rgb;
    vec3 after = texture(u_to, v_uv).rgb;
    float stays = 1.0 - smoothstep(0.0, 0.55, u_mix - 0.45 * sqrt(dot(before, LUMA)));
    float comes = smoothstep(0.0, 0.55, u_mix - 0.45 * (1.0 - sqrt(dot(after, LUMA))));
    o_colour = vec4(before * stays + after * comes * (1.0 - 0.5 * stays), 1.0);
}
