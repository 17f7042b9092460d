#version 330
// As shrink, for small pictures: four readings between four pixels each see all sixteen.
in vec2 v_uv;
uniform sampler2D u_picture;
uniform vec2 u_step;
out vec4 o_colour;

void main() {
    vec2 a = 0.25 * u_step;
    vec3 sum = textureLod(u_picture, v_uv - a, 0.0).rgb + textureLod(u_picture, v_uv + a, 0.0).rgb;
    sum += textureLod(u_picture, v_uv + vec2(a.x, -a.y), 0.0).rgb + textureLod(u_picture, v_uv + vec2(-a.x, a.y), 0.0).rgb;
    o_colour = vec4(sum * 0.25, 1.0);
}
