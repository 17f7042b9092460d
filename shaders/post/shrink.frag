#version 330
// The mean of sixteen places of the area that one pixel stands for, so that no bright point falls through.
in vec2 v_uv;
uniform sampler2D u_picture;
uniform vec2 u_step;
out vec4 o_colour;

void main() {
    vec3 sum = vec3(0.0);
    for (int y = 0; y < 4; ++y) {
        for (int x = 0; x < 4; ++x) {
            sum += textureLod(u_picture, v_uv + (vec2(x, y) / 4.0 - 0.375) * u_step, 0.0).rgb;
        }
    }
    o_colour = vec4(sum / 16.0, 1.0);
}
