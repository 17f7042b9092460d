#version 330
// What is drawn when a shader has never compiled: a dark field, so that the show goes on.
in vec2 v_uv;
out vec4 o_colour;

void main() {
    o_colour = vec4(vec3(0.03, 0.03, 0.04) * (1.0 - 0.5 * length(v_uv - 0.5)), 1.0);
}
