#version 330
in vec4 a_place;     // centre and half size, clip space
in vec4 a_picture;   // column and row in the sheet, light
uniform float u_side;
uniform sampler2D u_pictures;
out vec2 v_texel;
flat out vec4 v_bounds;
flat out float v_light;

void main() {
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    vec2 size = vec2(textureSize(u_pictures, 0));
    v_texel = (a_picture.xy + vec2(corner.x, 1.0 - corner.y)) * u_side / size;
    // Half a texel in, so that no picture shows its neighbour's edge.
    v_bounds = vec4(a_picture.xy * u_side + 0.5, (a_picture.xy + 1.0) * u_side - 0.5) / size.xyxy;
    v_light = a_picture.z;
    gl_Position = vec4(a_place.xy + (corner * 2.0 - 1.0) * a_place.zw, 0.0, 1.0);
}
