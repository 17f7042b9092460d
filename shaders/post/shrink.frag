#version 330
// The mean of u_across times u_across places of the area that one pixel stands for, so that no bright point falls through.
in vec2 v_uv;
uniform sampler2D u_picture;
uniform vec2 u_step;
uniform int u_across;
out vec4 o_colour;

void main() {
    float across = float(u_across);
    vec3 sum = vec3(0.0);
    for (int y = 0; y < u_across; ++y) {
        for (int x = 0; x < u_across; ++x) {
            sum += textureLod(u_picture, v_uv + ((vec2(x, y) + 0.5) / across - 0.5) * u_step, 0.0).rgb;
        }
    }
    o_colour = vec4(sum / (across * across), 1.0);
}
