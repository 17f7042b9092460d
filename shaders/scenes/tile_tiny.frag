#version 330
// So small that a reading between texels would not be seen.
flat in vec4 v_slot;
flat in vec4 v_tint;
uniform sampler2DArray u_covers;
out vec4 o_colour;

void main() {
    vec3 cover = texelFetch(u_covers, ivec3(v_slot.xy + gl_PointCoord * v_slot.w, max(v_slot.z, 0.0)), 0).rgb;
    o_colour = vec4((v_slot.z < 0.0 ? v_tint.rgb * 0.8 : cover) * v_tint.a, 1.0);
}
