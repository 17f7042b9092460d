// A number 0..1 for a pixel, by whole numbers alone: every driver gives the same.
float hash(vec2 pixel) {
    uvec2 p = uvec2(ivec2(floor(pixel)));
    uint h = (p.x * 0x9E3779B1u) ^ (p.y * 0x85EBCA77u + 0x165667B1u);
    h ^= h >> 15;
    h *= 0x2C1B3C6Du;
    h ^= h >> 13;
    // Signed, since drivers on the processor turn signed numbers to floats faster; 24 bits are never negative.
    return float(int(h >> 8)) / 16777216.0;
}
