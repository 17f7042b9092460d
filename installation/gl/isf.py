"""An ISF shader as GLSL 3.30: what ISF declares, declared; what GLSL 1.20 called otherwise, renamed.

Line for line the shader stays as it was, so that a complaint names the line of its file.
"""

from __future__ import annotations

import re
from pathlib import Path

from installation.gl.program import Source
from installation.isf.header import OwnScene

_TYPES = {
    "event": "bool",
    "bool": "bool",
    "long": "int",
    "float": "float",
    "point2D": "vec2",
    "color": "vec4",
    "image": "sampler2D",
    "audio": "sampler2D",
    "audioFFT": "sampler2D",
}

_ALWAYS = (
    "uniform int PASSINDEX;",
    "uniform vec2 RENDERSIZE;",
    "uniform float TIME;",
    "uniform float TIMEDELTA;",
    "uniform vec4 DATE;",
    "uniform int FRAMEINDEX;",
    "#define IMG_SIZE(image) vec2(textureSize(image, 0))",
    "vec4 IMG_NORM_PIXEL(sampler2D image, vec2 place) { return texture(image, place); }",
    "vec4 IMG_PIXEL(sampler2D image, vec2 place) { return texture(image, place / IMG_SIZE(image)); }",
    "#define IMG_THIS_PIXEL(image) texture(image, isf_FragNormCoord)",
    "#define IMG_THIS_NORM_PIXEL(image) texture(image, isf_FragNormCoord)",
    "#define IMG_NORM_THIS_PIXEL(image) texture(image, isf_FragNormCoord)",
    "#define texture2DRect(image, place) texture(image, (place) / IMG_SIZE(image))",
)

_BIASED = (
    "vec4 IMG_NORM_PIXEL(sampler2D image, vec2 place, float bias) { return texture(image, place, bias); }",
    "vec4 IMG_PIXEL(sampler2D image, vec2 place, float bias) { return texture(image, place / IMG_SIZE(image), bias); }",
)
"""Not in ISF, but shaders brought over from elsewhere use them; a vertex shader may not."""

_RENAMED = {
    "gl_FragColor": "isf_FragColor",
    "texture2D": "texture",
    "texture2DLod": "textureLod",
    "texture2DProj": "textureProj",
    "sampler2DRect": "sampler2D",
    "vv_FragNormCoord": "isf_FragNormCoord",
    "vv_vertShaderInit": "isf_vertShaderInit",
    # Names that were free in GLSL 1.20.
    **{word: f"own_{word}" for word in ("active", "common", "filter", "flat", "layout", "partition", "sample", "smooth")},
}
_WORD = re.compile(rf"\b({'|'.join(_RENAMED)})\b")
_DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*(version|extension)\b.*$", re.MULTILINE)

_OWN_VERTEX = "void main() { isf_vertShaderInit(); }\n"
_INIT = (
    "out vec2 isf_FragNormCoord;",
    "void isf_vertShaderInit() {",
    "    isf_FragNormCoord = vec2(gl_VertexID & 1, gl_VertexID >> 1);",
    "    gl_Position = vec4(isf_FragNormCoord * 2.0 - 1.0, 0.0, 1.0);",
    "}",
)


def sources(scene: OwnScene) -> tuple[Source, Source]:
    """The vertex shader, for a strip of four points, and the fragment shader of a scene."""
    shared = ["#version 330", *_ALWAYS, *_uniforms(scene)]
    fragment = re.sub(r"\bgl_FragData\s*\[\s*0\s*\]", "isf_FragColor", _modern(scene.body, varying="in"))
    vertex = _modern(scene.vertex, varying="out") if scene.vertex else _OWN_VERTEX
    return (
        _joined([*shared, *_INIT], vertex, scene.path.with_suffix(".vs")),
        _joined([*shared, *_BIASED, "in vec2 isf_FragNormCoord;", "out vec4 isf_FragColor;"], fragment, scene.path),
    )


def _uniforms(scene: OwnScene) -> list[str]:
    inputs = [f"uniform {_TYPES[each.kind]} {uniform_name(each.name)};" for each in scene.inputs]
    buffers = dict.fromkeys([*(each.target for each in scene.passes if each.target), *scene.imported])
    pictures = [*(each.name for each in scene.inputs if _TYPES[each.kind] == "sampler2D"), *buffers]
    # What hosts declare beside a picture, though ISF does not say so; shaders use it.
    about = [
        line
        for name in map(uniform_name, pictures)
        for line in (
            f"#define _{name}_imgSize IMG_SIZE({name})",
            f"#define _{name}_imgRect vec4(0.0, 0.0, IMG_SIZE({name}))",
            f"#define _{name}_flip false",
        )
    ]
    return [*inputs, *(f"uniform sampler2D {uniform_name(name)};" for name in buffers), *about]


def uniform_name(name: str) -> str:
    """What an input or a buffer is called in the shader that is compiled."""
    return _RENAMED.get(name, name)


def _modern(text: str, *, varying: str) -> str:
    text = _DIRECTIVE.sub("", text)
    # Inside a comment this says nothing; elsewhere the compiler tells it with its line.
    text = re.sub(r"#[ \t]*include\b", "#error ISF has no includes:", text)
    text = re.sub(r"\b(varying|in|out)\s+vec2\s+(isf|vv)_FragNormCoord\s*;", "", text)
    text = re.sub(r"\bvarying\b", varying, text)
    text = re.sub(r"\battribute\b", "in", text)
    return _WORD.sub(lambda found: _RENAMED[found[1]], text)


def _joined(before: list[str], text: str, path: Path) -> Source:
    own = text.split("\n")
    lines = [(path, 1)] * len(before) + [(path, number) for number in range(1, len(own) + 1)]
    return Source("\n".join([*before, *own]) + "\n", tuple(lines))
