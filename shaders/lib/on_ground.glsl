// The place of the ground under a point of the screen (about the view's centre), and how near 1 / z it lies.
// view: centre x, y, zoom, tilt; lean: lean and squash at that tilt. The inverse of View.project.
vec3 on_ground(vec2 screen, vec4 view, vec2 lean) {
    float depth = screen.y / (lean.y - lean.x * screen.y);
    float near = 1.0 + lean.x * depth;
    return vec3(view.xy + vec2(screen.x * near, depth) / view.z, near);
}
