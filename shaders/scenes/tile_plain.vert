#version 330
#include "lib/tile_point.glsl"
