#version 330
// A small tile: a point as large as it, filled with its cover's small copy, nothing else.
in vec4 a_place;  // centre and half size, clip space
in vec4 a_slot;   // left, top, side in texels of the sheet, layer (below 0: no cover, a dot of colour)
in vec4 a_tint;   // colour, light
in vec4 a_style;  // -, side in pixels
uniform vec2 u_far_px;
flat out vec3 v_slot;
flat out vec2 v_step;
flat out vec4 v_tint;

void main() {
    // Half a texel in, so that no tile shows its neighbour's edge.
    v_slot = vec3((a_slot.xy + 0.5) / u_far_px, a_slot.w);
    v_step = (a_slot.z - 1.0) / u_far_px;
    v_tint = a_tint;
    gl_PointSize = max(a_style.y, 1.2);
    gl_Position = vec4(a_place.xy, 0.0, 1.0);
}
