"""The title card: at the beginning of a song its name, large, and who made it, small, set like a poster."""

from __future__ import annotations

import math

import moderngl
import numpy as np

from installation.colours import light
from installation.gl.drawing import Drawing
from installation.gl.targets import Quads
from installation.gl.text import Line
from installation.gl.words import IN_S, margin, there
from installation.places import smooth
from installation.state import FrameState
from mixtape.lettering.typeset import wrap
from mixtape.types import FloatArray, Track

_WAIT_S = 0.5


class TitleCard:
    """Words over any scene, at the lower left, on a column of the picture's grid."""

    def __init__(self, drawing: Drawing) -> None:
        """One quad a line."""
        self._quad = Quads(drawing.gl, drawing.programs, "scenes/title", {"a_place": 4})

    def draw(self, state: FrameState, drawing: Drawing, *, share: float = 1.0) -> None:
        """Draw `share` 0..1 of it over the target in use; nothing outside its time, nor for music nobody knows by name."""
        if state.room is not None and not state.room.recognised:
            return
        since_s = state.moment.time_s - state.started_s - _WAIT_S
        weight = share * there(since_s, float(state.knobs["title_s"]))
        if weight <= 0.0:
            self._warm(state, drawing)
            return
        gl = drawing.gl
        gl.enable(moderngl.BLEND)
        gl.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        # The shader dims nothing above this line.
        gl.scissor = 0, 0, drawing.size_px[0], math.ceil(0.62 * drawing.size_px[1])
        drawing.screen.draw("scenes/title_ground", u_weight=weight, u_aspect=drawing.aspect)
        gl.scissor = None
        self._words(state, drawing, since_s, weight)
        gl.disable(moderngl.BLEND)

    def _words(self, state: FrameState, drawing: Drawing, since_s: float, weight: float) -> None:
        width, height = drawing.size_px
        tint = light(state.palette)[0]
        paper = 0.90 + 0.10 * tint
        unit = margin(drawing)
        bottom = height - 0.95 * unit
        for place, line in enumerate(_card(drawing.world.track(state.track_id), drawing)):
            texture = drawing.lines[line]
            top = bottom - texture.height
            left = unit - 0.06 * line.size_px if line.weight == "semibold" else unit
            sweep = float(smooth((since_s - 0.12 * place) / IN_S))
            ink = (*(float(v) for v in (paper if line.weight == "semibold" else 0.72 * paper + 0.28 * tint)), weight)
            self._quad.draw(_corners(left, top, texture.size, (width, height)), u_line=texture, u_ink=ink, u_sweep=sweep)
            bottom = top - (0.10 * unit if line.weight == "regular" else -0.22 * texture.height)

    def _warm(self, state: FrameState, drawing: Drawing) -> None:
        # The next card's lines are set while nothing is shown, so that they are there when it comes.
        if state.next_ids:
            drawing.lines.ready(_card(drawing.world.track(state.next_ids[0]), drawing))


def _card(track: Track, drawing: Drawing) -> tuple[Line, ...]:
    """The lines from the lowest up: album and year, artist, then the title in one or two lines."""
    unit, width = margin(drawing), drawing.size_px[0]
    room = int(min(width - 2 * unit, 0.68 * width if drawing.aspect > 1.2 else width - 2 * unit))
    small, large = max(7, round(0.40 * unit)), max(12, round(1.75 * unit))
    about = "  ·  ".join(part for part in (track.album, str(track.year) if track.year else "") if part)
    name = wrap(track.title or track.path.stem, size_px=large, max_width_px=room, weight="semibold", max_lines=2)
    lines = [Line(about, small, "regular", room, 0.02)] if about else []
    if track.artist:
        lines.append(Line(track.artist, max(8, round(0.54 * unit)), "regular", room, 0.01))
    return (*lines, *(Line(words, large, "semibold", room, -0.012) for words in reversed(name)))


def _corners(left: float, top: float, size: tuple[int, int], picture: tuple[int, int]) -> FloatArray:
    x, y = round(left), round(top)
    place = [x, y + size[1], x + size[0], y]
    scale = [2.0 / picture[0], -2.0 / picture[1]] * 2
    return (np.array([place], np.float32) * scale + np.array([-1.0, 1.0, -1.0, 1.0])).astype(np.float32)
