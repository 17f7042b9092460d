"""The ring in the picture's middle while a gamepad flies, and which song it is around, over the finished picture."""

from __future__ import annotations

import moderngl
import numpy as np

from installation.colours import light
from installation.gl.drawing import Drawing
from installation.gl.targets import Quads
from installation.gl.text import Line
from installation.gl.tiles import LAYOUTS, tiles_seen
from installation.gl.words import Words, ink
from installation.pointed import Aim
from installation.state import FrameState

_MIDDLE = 0.013
_SIZE = 0.026


class AimRing:
    """Draws it into the target in use."""

    def __init__(self, drawing: Drawing) -> None:
        """Two rings and a line of text."""
        self._rings = Quads(drawing.gl, drawing.programs, "scenes/ring", {"a_place": 4, "a_tint": 4})
        self._words = Words(drawing)

    def draw(self, aim: Aim, state: FrameState, drawing: Drawing) -> None:
        """A small ring in the middle and a larger one around the song's tile, its title under that; nothing without tiles."""
        if aim.weight < 0.01 or state.scene not in LAYOUTS:
            return
        paper = 0.80 + 0.20 * light(state.palette)[0]
        rings = [(0.0, 0.0, _MIDDLE, 0.55)]
        row = drawing.world.row.get(aim.song)
        if row is not None:
            tiles = tiles_seen(state, drawing)
            x, y, half = (float(v) for v in (*tiles.screen[row], tiles.half[row]))
            radius = max(1.62 * half, 0.022)
            rings.append((x, y, radius, 0.95))
            self._say(row, x, y - 0.9 * radius, aim.weight, state, drawing)
        rows = np.array([[x, y, r, r, *paper, weight * aim.weight] for x, y, r, weight in rings], np.float32)
        rows[:, 0:4] *= np.array([2.0 / drawing.aspect, 2.0] * 2, np.float32)
        drawing.gl.enable(moderngl.BLEND)
        drawing.gl.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        self._rings.draw(rows, u_thick_px=max(1.2, 0.0022 * drawing.size_px[1]))
        drawing.gl.disable(moderngl.BLEND)

    def _say(self, row: int, x: float, y: float, weight: float, state: FrameState, drawing: Drawing) -> None:
        (width, height), track = drawing.size_px, drawing.world.tracks[row]
        size = max(11, round(_SIZE * min(1.0, 0.35 + 0.5 * drawing.aspect) * height))
        words = "  ·  ".join(part for part in (track.title or track.path.stem, track.artist) if part)
        line = Line(words, size, "semibold", round(0.5 * width), 0.01)
        wide, high = drawing.lines[line].size
        left = min(max(0.5 * width + x * height, 0.55 * wide), width - 0.55 * wide)
        top = min((0.5 - y) * height + 0.25 * size, height - 1.3 * high)
        paper = 0.80 + 0.20 * light(state.palette)[0]
        for dx, dy in ((1, 1), (-1, 1), (1, -1), (-1, -1)):
            self._words.draw(drawing, line, left=left + dx, top=top + dy, ink=(0.0, 0.0, 0.0, 0.6 * weight), centred=True)
        self._words.draw(drawing, line, left=left, top=top, ink=ink(paper, 0.95 * weight), centred=True)
