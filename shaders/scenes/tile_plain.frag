#version 330
// Read between texels, half a texel in, so that no cover shows its neighbour's edge.
flat in vec4 v_slot;
flat in vec4 v_tint;
uniform sampler2DArray u_covers;
uniform vec2 u_covers_px;
out vec4 o_colour;

void main() {
    vec2 at = (v_slot.xy + 0.5 + gl_PointCoord * (v_slot.w - 1.0)) / u_covers_px;
    vec3 cover = textureLod(u_covers, vec3(at, max(v_slot.z, 0.0)), 0.0).rgb;
    o_colour = vec4((v_slot.z < 0.0 ? v_tint.rgb * 0.8 : cover) * v_tint.a, 1.0);
}
