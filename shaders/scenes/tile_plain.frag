#version 330
flat in vec4 v_slot;
flat in vec4 v_tint;
uniform sampler2DArray u_far;
uniform vec2 u_far_px;
out vec4 o_colour;

void main() {
    vec3 colour = v_tint.rgb * 0.8;
    if (v_slot.z >= 0.0) {
        // So small that a reading between texels would not be seen; larger ones are read between, half a texel in.
        if (v_slot.w < 6.0) colour = texelFetch(u_far, ivec3(v_slot.xyz + vec3(gl_PointCoord * v_slot.w, 0.0)), 0).rgb;
        else colour = textureLod(u_far, vec3((v_slot.xy + 0.5 + gl_PointCoord * (v_slot.w - 1.0)) / u_far_px, v_slot.z), 0.0).rgb;
    }
    o_colour = vec4(colour * v_tint.a, 1.0);
}
