#version 330
// A Gaussian along one direction: nine weights in five readings.
in vec2 v_uv;
uniform sampler2D u_picture;
uniform vec2 u_along;
out vec4 o_colour;

void main() {
    vec3 sum = texture(u_picture, v_uv).rgb * 0.2270270;
    sum += (texture(u_picture, v_uv + u_along * 1.3846154).rgb + texture(u_picture, v_uv - u_along * 1.3846154).rgb) * 0.3162162;
    sum += (texture(u_picture, v_uv + u_along * 3.2307692).rgb + texture(u_picture, v_uv - u_along * 3.2307692).rgb) * 0.0702703;
    o_colour = vec4(sum, 1.0);
}
