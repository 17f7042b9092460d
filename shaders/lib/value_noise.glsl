// Smooth noise 0..1 of a place; needs lib/hash.glsl.
float value_noise(vec2 at) {
    vec2 cell = floor(at);
    vec2 t = fract(at);
    t = t * t * (3.0 - 2.0 * t);
    float low = mix(hash(cell), hash(cell + vec2(1.0, 0.0)), t.x);
    float high = mix(hash(cell + vec2(0.0, 1.0)), hash(cell + vec2(1.0, 1.0)), t.x);
    return mix(low, high, t.y);
}
