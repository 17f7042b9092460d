#version 330
// What shines, at a quarter of the size: four readings between pixels see all sixteen.
in vec2 v_uv;
uniform sampler2D u_picture;
uniform vec2 u_texel;
out vec4 o_colour;

vec3 shine(vec2 at) {
    vec3 colour = texture(u_picture, at).rgb;
    float most = max(colour.r, max(colour.g, colour.b));
    return colour * smoothstep(0.42, 1.0, most) * 0.8;
}

void main() {
    vec3 sum = shine(v_uv + u_texel * vec2(-1.0, -1.0)) + shine(v_uv + u_texel * vec2(1.0, -1.0));
    sum += shine(v_uv + u_texel * vec2(-1.0, 1.0)) + shine(v_uv + u_texel * vec2(1.0, 1.0));
    o_colour = vec4(sum * 0.25, 1.0);
}
