#version 330
// As shrink, for large pictures: the mean of sixty-four places, each between four pixels.
in vec2 v_uv;
uniform sampler2D u_picture;
uniform vec2 u_step;
out vec4 o_colour;

void main() {
    vec3 sum = vec3(0.0);
    for (int y = 0; y < 8; ++y) {
        for (int x = 0; x < 8; ++x) {
            sum += textureLod(u_picture, v_uv + (vec2(x, y) / 8.0 - 0.4375) * u_step, 0.0).rgb;
        }
    }
    o_colour = vec4(sum / 64.0, 1.0);
}
