#version 330
in vec2 v_uv;
uniform sampler2D u_picture;
out vec4 o_colour;

void main() {
    o_colour = vec4(textureLod(u_picture, v_uv, 0.0).rgb, 1.0);
}
