#version 330
flat in vec3 v_slot;
flat in vec2 v_step;
flat in vec4 v_tint;
uniform sampler2DArray u_far;
out vec4 o_colour;

void main() {
    vec3 colour = v_tint.rgb * 0.8;
    if (v_slot.z >= 0.0) colour = textureLod(u_far, vec3(v_slot.xy + gl_PointCoord * v_step, v_slot.z), 0.0).rgb;
    o_colour = vec4(colour * v_tint.a, 1.0);
}
