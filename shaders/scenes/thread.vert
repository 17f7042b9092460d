#version 330
// A piece of the thread: a bar from one point to the next, as wide as its glow.
in vec4 a_ends;    // x, y of both ends on the screen, in picture heights
in vec4 a_light;   // brightness and place along the thread, at both ends
uniform float u_aspect;
uniform float u_width;
out vec3 v_thread; // across -1..1, brightness, place along

void main() {
    float end = float(gl_VertexID >> 1);
    float side = float(gl_VertexID & 1) * 2.0 - 1.0;
    vec2 along = a_ends.zw - a_ends.xy;
    vec2 across = vec2(-along.y, along.x) / max(length(along), 1e-6);
    vec2 at = mix(a_ends.xy, a_ends.zw, end) + across * side * u_width;
    v_thread = vec3(side, mix(a_light.xy, a_light.zw, end));
    gl_Position = vec4(at * vec2(2.0 / u_aspect, 2.0), 0.0, 1.0);
}
