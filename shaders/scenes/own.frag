#version 330
// A picture with transparent places, over black.
in vec2 v_uv;
uniform sampler2D u_picture;
out vec4 o_colour;

void main() {
    vec4 own = textureLod(u_picture, v_uv, 0.0);
    o_colour = vec4(clamp(own.rgb, 0.0, 1.0) * clamp(own.a, 0.0, 1.0), 1.0);
}
