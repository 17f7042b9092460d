"""Programs, targets, the cover atlas and text on OpenGL 3.3."""
