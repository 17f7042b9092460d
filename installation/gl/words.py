"""Words at places of the picture: lines of text as quads on whole pixels."""

from __future__ import annotations

import moderngl
import numpy as np

from installation.gl.drawing import Drawing
from installation.gl.targets import Quads
from installation.gl.text import Line
from installation.places import smooth
from mixtape.types import FloatArray

IN_S = 1.1
_OUT_S = 1.6

Ink = tuple[float, float, float, float]
"""Colour 0..1 and how much of it is there."""


def ink(colour: FloatArray, weight: float) -> Ink:
    """A colour (3,), as bright as can be shown, `weight` of it."""
    r, g, b = (min(float(v), 1.0) for v in colour)
    return r, g, b, weight


def margin(drawing: Drawing) -> float:
    """The picture's margin in pixels, by which words over any scene are set."""
    return 0.064 * min(drawing.size_px[1], 0.75 * drawing.size_px[0])


def there(since_s: float, lasts_s: float) -> float:
    """How much of some words is there, 0..1, `since_s` after they were called for `lasts_s`."""
    if lasts_s <= 0.0:
        return 0.0
    return float(smooth(since_s / IN_S) * (1.0 - smooth((since_s - lasts_s + _OUT_S) / _OUT_S)))


class Words:
    """Draws lines of text into the target in use."""

    def __init__(self, drawing: Drawing) -> None:
        """One quad a line."""
        self._quad = Quads(drawing.gl, drawing.programs, "scenes/title", {"a_place": 4})

    def draw(self, drawing: Drawing, line: Line, *, left: float, top: float, ink: Ink, centred: bool = False) -> tuple[int, int]:
        """Set a line with its upper left corner (its upper middle, when `centred`) at pixels from the left and the top.

        Its width and height in pixels; (1, 1) while it is not there yet.
        """
        texture = drawing.lines[line]
        width, height = texture.size
        if ink[3] > 0.004 and line.words:
            x, y = round(left - 0.5 * width if centred else left), round(top)
            place = np.array([[x, y + height, x + width, y]], np.float32)
            scale = [2.0 / drawing.size_px[0], -2.0 / drawing.size_px[1]] * 2
            gl = drawing.gl
            gl.enable(moderngl.BLEND)
            gl.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
            self._quad.draw(place * scale + [-1.0, 1.0, -1.0, 1.0], u_line=texture, u_ink=ink, u_sweep=1.0)
            gl.disable(moderngl.BLEND)
        return width, height
