#version 330
in vec3 v_thread;
uniform vec3 u_light;
uniform float u_time;
uniform float u_core;
out vec4 o_colour;

void main() {
    float away = abs(v_thread.x);
    float core = exp(-away * away / (u_core * u_core));
    float glow = (1.0 - away) * (1.0 - away);
    // Small lights wander towards what comes.
    float run = fract(v_thread.z * 1.5 - u_time * 0.22);
    float spark = exp(-run * 8.0);
    float light = (core * (0.85 + 0.9 * spark) + glow * (0.14 + 0.30 * spark)) * v_thread.y;
    // On a bright cover light alone would not show: the thread dims what it crosses.
    float dim = (0.55 * core + 0.50 * glow) * v_thread.y;
    o_colour = vec4(mix(u_light, vec3(1.0), core * 0.55) * light, dim);
}
