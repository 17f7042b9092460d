#version 330
#include "lib/sprite.glsl"
