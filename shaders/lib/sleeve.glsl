// Distance from a square sleeve of half side 1 with corners of radius r, negative inside.
float sleeve(vec2 p, float r) {
    vec2 d = abs(p) - (1.0 - r);
    return length(max(d, 0.0)) + min(max(d.x, d.y), 0.0) - r;
}
