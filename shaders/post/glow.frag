#version 330
// The near and the far spread of light in one picture.
in vec2 v_uv;
uniform sampler2D u_near;
uniform sampler2D u_far;
out vec4 o_colour;

void main() {
    o_colour = vec4(texture(u_near, v_uv).rgb + 1.1 * texture(u_far, v_uv).rgb, 1.0);
}
