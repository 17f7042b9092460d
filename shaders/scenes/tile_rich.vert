#version 330
// A tile near enough to be a sleeve: the quad is larger than the sleeve, for its shadow.
in vec4 a_place;
in vec4 a_slot;
in vec4 a_tint;
uniform float u_height_px;
uniform vec2 u_covers_px;
out vec2 v_sleeve;
out vec3 v_texel;
flat out vec4 v_bounds;
flat out vec4 v_tint;
flat out float v_side;

// The shadow falls downwards.
const vec2 ROOM = vec2(1.24, 1.22);
const vec2 SHIFT = vec2(0.0, -0.08);

void main() {
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 2.0 - 1.0;
    v_sleeve = corner * ROOM + SHIFT;
    vec2 texel = a_slot.xy + a_slot.z * 0.5 * (1.0 + v_sleeve * vec2(1.0, -1.0));
    v_texel = vec3(texel / u_covers_px, a_slot.w);
    v_bounds = vec4(a_slot.xy + 0.5, a_slot.xy + a_slot.z - 0.5) / u_covers_px.xyxy;
    v_tint = a_tint;
    v_side = a_place.w * u_height_px;
    gl_Position = vec4(a_place.xy + v_sleeve * a_place.zw, 0.0, 1.0);
}
