#version 330
in vec4 a_place;   // centre and half size, clip space
in vec4 a_images;  // column and row in the sheets, share of the newer image, which sheet is newer
in vec4 a_tint;    // colour while there is no image yet, light
in vec4 a_style;   // 1 when there is an image, side in pixels, shine
uniform vec2 u_tiles;
uniform float u_image_px;
out vec2 v_sleeve;
out vec2 v_texel;
flat out vec4 v_images;
flat out vec4 v_tint;
flat out vec4 v_style;

void main() {
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 2.0 - 1.0;
    v_sleeve = corner;
    // Half a texel in, so that no tile shows its neighbour's edge.
    vec2 inside = clamp(0.5 + 0.5 * corner * vec2(1.0, -1.0), 0.5 / u_image_px, 1.0 - 0.5 / u_image_px);
    v_texel = (a_images.xy + inside) / u_tiles;
    v_images = a_images;
    v_tint = a_tint;
    v_style = a_style;
    gl_Position = vec4(a_place.xy + corner * a_place.zw, 0.0, 1.0);
}
