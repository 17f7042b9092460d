#version 330
in vec2 v_texel;
flat in vec4 v_bounds;
flat in float v_light;
uniform sampler2D u_pictures;
out vec4 o_colour;

void main() {
    o_colour = vec4(texture(u_pictures, clamp(v_texel, v_bounds.xy, v_bounds.zw)).rgb * v_light, 1.0);
}
