"""Words for whoever steers the show, over the finished picture: an open search and what it finds, the keys, a complaint.

Only the live show has any; no export ever sees them, and nothing here keeps a state of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import moderngl
import numpy as np

from installation.colours import light
from installation.gl.drawing import Drawing
from installation.gl.targets import Quads
from installation.gl.text import Line
from installation.state import FrameState
from mixtape.types import FloatArray

_LONGEST = 48
"""Characters of a heading; of a longer one its end is shown, where the typing goes on."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A `heading`, large, and `rows` of two columns under it. `marked` is the row that stands out, -1 for none."""

    heading: str = ""
    rows: tuple[tuple[str, str], ...] = ()
    marked: int = -1

    @property
    def any(self) -> bool:
        """Whether there is something to read."""
        return bool(self.heading or self.rows)


NOTHING = Shown()


class Overlay:
    """Draws words over the framebuffer in use, from the upper left, on the same margin as the title card."""

    def __init__(self, drawing: Drawing) -> None:
        """One quad a line."""
        self._quad = Quads(drawing.gl, drawing.programs, "scenes/title", {"a_place": 4})

    def draw(self, shown: Shown, state: FrameState, drawing: Drawing) -> None:
        """Draw `shown` in the colours of the state's song."""
        gl, (width, height) = drawing.gl, drawing.size_px
        unit = 0.064 * min(height, 0.75 * width)
        gl.enable(moderngl.BLEND)
        gl.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        drawing.screen.draw("scenes/overlay_ground", u_weight=0.80 if shown.heading else 0.35)
        tint = light(state.palette)[0]
        top = 0.9 * unit
        if shown.heading:
            line = Line(_ending(shown.heading), max(12, round(1.3 * unit)), "semibold", round(width - 2 * unit), -0.012)
            self._line(line, unit, top, 0.90 + 0.10 * tint, drawing)
            top += drawing.lines[line].height + 0.35 * unit
        self._rows(shown, unit, top, tint, drawing)
        gl.disable(moderngl.BLEND)

    def _rows(self, shown: Shown, unit: float, top: float, tint: FloatArray, drawing: Drawing) -> None:
        width, height = drawing.size_px
        # As large as is quiet, and as small as it takes for all rows to have room.
        room = (height - top - 0.6 * unit) / max(len(shown.rows), 1)
        size = round(max(8.0, min(0.54 * unit, room / 1.5)))
        pairs = [
            (Line(first, size, "semibold", round(0.55 * width), 0.0), Line(second, size, "regular", round(0.55 * width), 0.01))
            for first, second in shown.rows
        ]
        column = unit + max((drawing.lines[first].width for first, _ in pairs), default=0) + 1.2 * size
        for row, (first, second) in enumerate(pairs):
            strength = 1.0 if shown.marked in (row, -1) else 0.60
            self._line(first, unit, top, strength * (0.85 + 0.15 * tint), drawing)
            if second.words:
                self._line(second, column, top, strength * (0.60 + 0.25 * tint), drawing)
            top += 1.5 * size

    def _line(self, line: Line, left: float, top: float, colour: FloatArray, drawing: Drawing) -> None:
        texture = drawing.lines[line]
        ink = (*(float(v) for v in colour), 1.0)
        self._quad.draw(_corners(left, top, texture.size, drawing.size_px), u_line=texture, u_ink=ink, u_sweep=1.0)


def _ending(words: str) -> str:
    return words if len(words) <= _LONGEST else f"…{words[1 - _LONGEST :]}"


def _corners(left: float, top: float, size: tuple[int, int], picture: tuple[int, int]) -> FloatArray:
    """Left, bottom, right and top in clip space (1, 4) of a line on whole pixels, y down from the top."""
    edges = np.array([[round(left), round(top) + size[1], round(left) + size[0], round(top)]], np.float32)
    return np.asarray(edges * ([2.0 / picture[0], -2.0 / picture[1]] * 2) + [-1.0, 1.0, -1.0, 1.0], np.float32)
