// A square with soft contents: its middle and half size in clip space, its colour and how much of it there is.
in vec4 a_place;
in vec4 a_tint;
out vec2 v_away;       // -1..1 from its middle
flat out vec4 v_tint;

void main() {
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1) * 2.0 - 1.0;
    v_away = corner;
    v_tint = a_tint;
    gl_Position = vec4(a_place.xy + corner * a_place.zw, 0.0, 1.0);
}
