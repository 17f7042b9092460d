// A small tile: a point as large as it, filled with its cover's small copy, nothing else.
in vec4 a_place;  // centre and half size, clip space
in vec4 a_slot;   // left, top, side in texels of the sheet, layer (below 0: no cover, a dot of colour)
in vec4 a_tint;   // colour, light
uniform float u_height_px;
flat out vec4 v_slot;  // left, top, layer, side
flat out vec4 v_tint;

void main() {
    v_slot = vec4(a_slot.xyw, a_slot.z);
    v_tint = a_tint;
    gl_PointSize = max(a_place.w * u_height_px, 1.2);
    gl_Position = vec4(a_place.xy, 0.0, 1.0);
}
