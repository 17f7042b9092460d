#version 330
// Light that lingers, at half the size: what shines now, or what shone before and has faded since, whichever is brighter.
in vec2 v_uv;
uniform sampler2D u_picture;
uniform sampler2D u_before;
uniform float u_left;
out vec4 o_colour;

void main() {
    vec3 now = textureLod(u_picture, v_uv, 0.0).rgb;
    float most = max(now.r, max(now.g, now.b));
    vec3 before = textureLod(u_before, v_uv, 0.0).rgb * u_left;
    o_colour = vec4(max(now * smoothstep(0.10, 0.75, most), before), 1.0);
}
