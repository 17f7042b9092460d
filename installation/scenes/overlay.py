"""Words for whoever steers the show, over the finished picture: an open search and what it finds, the keys, a complaint.

Only the live show has any; no export ever sees them, and nothing here keeps a state of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import moderngl
import numpy as np

from installation.colours import light
from installation.gl.drawing import Drawing
from installation.gl.targets import Quads
from installation.gl.text import Line
from installation.lit import Lit
from installation.pointed import Aim
from installation.state import FrameState
from installation.strokes import Stroke
from mixtape.lettering.typeset import line_height_px, pen_width_px
from mixtape.types import FloatArray

_CODE_SHARE = 0.26
"""Side of a code to scan, of the picture's shorter side: read from four metres off a screen of one metre."""

_ACROSS, _ASIDE, _BELOW = (0.35, 1.0, 0.35), (0.22, 0.56, 1.0), (0.12, 0.40, 1.0)
"""How the ground under the words grows lighter towards the right, or downwards."""

_LONGEST = 48
"""Characters of a heading; of a longer one its end is shown, where the typing goes on."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A `heading`, large, and `rows` of two columns under it. `marked` is the row that stands out, -1 for none.

    `ground` is how much the picture under the words is darkened; None: much under a heading, else little.
    """

    heading: str = ""
    rows: tuple[tuple[str, str], ...] = ()
    marked: int = -1
    ground: float | None = None
    code: tuple[str, ...] = ()
    """A code to scan for the lower right corner, rows of 0 and 1, 1 being dark; it may stand alone."""
    aside: bool = False
    """Whether the picture is to be seen beside the words."""
    lit: Lit | None = None
    """The songs that an open search or a stroke lights where they stand; it may outlast the words."""
    stroke: Stroke | None = None
    """What somebody draws over the map."""
    aim: Aim | None = None
    """What a gamepad aims at."""
    dot: bool = False
    """A small red light in the upper right corner of the window, seen there alone: this is being recorded."""

    @property
    def any(self) -> bool:
        """Whether there is something to see."""
        return bool(self.heading or self.rows or self.code)


NOTHING = Shown()


class Overlay:
    """Draws words over the framebuffer in use, from the upper left, on the same margin as the title card."""

    def __init__(self, drawing: Drawing) -> None:
        """One quad a line."""
        self._quad = Quads(drawing.gl, drawing.programs, "scenes/title", {"a_place": 4})
        self._whole = self._next = NOTHING
        self._code: tuple[tuple[str, ...], moderngl.Texture] | None = None
        self._paper = drawing.gl.texture((1, 1), 1, b"\xff")

    def draw(self, shown: Shown, state: FrameState, drawing: Drawing) -> None:
        """Draw `shown` in the colours of the state's song; while its letters are being set, what was shown before it.

        Readings that change faster than they can be set are seen now and then, rather than never.
        """
        if shown.code:
            self._draw_code(shown.code, drawing)
        if not shown.heading and not shown.rows:
            self.rest()
            return
        if (sheet := self._whole_sheet(shown, drawing)) is None:
            return
        gl, unit = drawing.gl, sheet.unit
        gl.enable(moderngl.BLEND)
        gl.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        upright = shown.aside and drawing.aspect < 1.0
        fall = (_BELOW if upright else _ASIDE) if shown.aside else _ACROSS
        drawing.screen.draw("scenes/overlay_ground", u_weight=sheet.ground, u_fall=fall, u_down=upright)
        tint = light(state.palette)[0]
        if sheet.heading:
            self._line(sheet.heading, unit, 0.9 * unit, 0.90 + 0.10 * tint, drawing)
        self._rows(sheet, tint, drawing)
        gl.disable(moderngl.BLEND)

    def rest(self) -> None:
        """No words are shown: those that were are over."""
        self._whole = self._next = NOTHING

    def _whole_sheet(self, shown: Shown, drawing: Drawing) -> _Sheet | None:
        """What is drawn of words that are `shown`: the last ones whose letters are all there."""
        alike = (self._next.heading, len(self._next.rows)) == (shown.heading, len(shown.rows))
        if alike and self._next != shown and drawing.lines.ready(_set(self._next, drawing.size_px).lines):
            self._whole, alike = self._next, False
        if not alike:
            self._next = shown
        sheet = _set(self._next, drawing.size_px)
        if drawing.lines.ready(sheet.lines):
            self._whole = self._next
            return sheet
        sheet = _set(self._whole, drawing.size_px)
        return sheet if self._whole.any and drawing.lines.ready(sheet.lines) else None

    def _draw_code(self, code: tuple[str, ...], drawing: Drawing) -> None:
        """Dark squares on white paper: old phones read no other way, nor over a picture that shows through."""
        if self._code is None or self._code[0] != code:
            if self._code is not None:
                self._code[1].release()
            light = np.array([[255 if each == "0" else 0 for each in row] for row in code], np.uint8)
            texture = drawing.gl.texture((len(code[0]), len(code)), 1, light.tobytes(), alignment=1)
            texture.filter = moderngl.NEAREST, moderngl.NEAREST
            self._code = (code, texture)
        gl, (width, height) = drawing.gl, drawing.size_px
        gl.enable(moderngl.BLEND)
        gl.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        # Whole pixels a square, so that none is wider than another.
        square = max(2, round(_CODE_SHARE * min(width, height) / len(code)))
        side, margin = square * len(code), round(0.05 * min(width, height))
        corners = _corners(width - margin - side, height - margin - side, (side, side), drawing.size_px)
        for texture, shade in ((self._paper, 0.0), (self._code[1], 0.92)):
            self._quad.draw(corners, u_line=texture, u_ink=(shade, shade, shade, 1.0), u_sweep=2.0)
        gl.disable(moderngl.BLEND)

    def _rows(self, sheet: _Sheet, tint: FloatArray, drawing: Drawing) -> None:
        size, top = sheet.size, sheet.top
        column = sheet.unit + max((drawing.lines[first].width for first, _ in sheet.rows), default=0) + 1.2 * size
        for row, (first, second) in enumerate(sheet.rows):
            strength = 1.0 if sheet.marked in (row, -1) else 0.60
            self._line(first, sheet.unit, top, strength * (0.85 + 0.15 * tint), drawing)
            if second.words:
                self._line(second, column, top, strength * (0.60 + 0.25 * tint), drawing)
            top += 1.5 * size

    def _line(self, line: Line, left: float, top: float, colour: FloatArray, drawing: Drawing) -> None:
        texture = drawing.lines[line]
        ink = (*(float(v) for v in colour), 1.0)
        self._quad.draw(_corners(left, top, texture.size, drawing.size_px), u_line=texture, u_ink=ink, u_sweep=1.0)


def row_at(shown: Shown, picture: tuple[int, int], x: float, y: float) -> int | None:
    """Which row of what is shown lies at a place of the picture (shares of its width and height, y down); None beside all."""
    if not shown.rows:
        return None
    sheet, (width, height) = _set(shown, picture), picture
    row = math.floor((y * height - sheet.top) / (1.5 * sheet.size) + 0.1)
    if not 0 <= row < len(sheet.rows):
        return None
    first, second = sheet.rows[row]
    ends = sheet.unit + _wide(first)
    if second.words:
        ends = _column(sheet) + _wide(second)
    return row if 0.5 * sheet.unit <= x * width <= ends + 0.5 * sheet.unit else None


BETWEEN = "  ·  "
"""What stands between the pieces of a row."""


def piece_at(shown: Shown, picture: tuple[int, int], x: float, y: float) -> str | None:
    """Which of the pieces of a row's second column lies at a place of the picture; None beside all."""
    row = row_at(shown, picture, x, y)
    if row is None:
        return None
    sheet = _set(shown, picture)
    line = sheet.rows[row][1]
    along, gone = x * picture[0] - _column(sheet), ""
    for piece in line.words.split(BETWEEN):
        begin = _wide(replace(line, words=gone)) if gone else 0.0
        if begin <= along <= _wide(replace(line, words=gone + piece)):
            return piece
        gone += piece + BETWEEN
    return None


def _wide(line: Line) -> float:
    """How wide a line is set."""
    wide = pen_width_px(line.words, size_px=line.size_px, weight=line.weight)
    return min(wide + line.tracking_em * line.size_px * len(line.words), line.max_width_px)


def _column(sheet: _Sheet) -> float:
    """Where the second column begins."""
    return sheet.unit + max(_wide(first) for first, _ in sheet.rows) + 1.2 * sheet.size


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What is shown, as lines to be set: a heading or none, rows of two, the letters' size and where the rows begin."""

    unit: float
    heading: Line | None
    rows: tuple[tuple[Line, Line], ...]
    size: int
    top: float
    marked: int
    ground: float

    @property
    def lines(self) -> tuple[Line, ...]:
        """All of them."""
        return (*([self.heading] if self.heading else []), *(line for row in self.rows for line in row))


def _set(shown: Shown, picture: tuple[int, int]) -> _Sheet:
    width, height = picture
    unit = 0.064 * min(height, 0.75 * width)
    top, heading = 0.9 * unit, None
    if shown.heading:
        large = max(12, round(1.3 * unit))
        heading = Line(_ending(shown.heading), large, "semibold", round(width - 2 * unit), -0.012)
        top += line_height_px(large) + 0.35 * unit
    # As large as is quiet, and as small as it takes for all rows to have room.
    room = (height - top - 0.6 * unit) / max(len(shown.rows), 1)
    size = round(max(8.0, min(0.54 * unit, room / 1.5)))
    wide = round(0.55 * width)
    first_wide = max((pen_width_px(first, size_px=size, weight="semibold") for first, _ in shown.rows), default=0)
    rest = max(round(width - 2.0 * unit - 1.2 * size - first_wide), round(0.30 * width))
    rows = tuple((Line(first, size, "semibold", wide), Line(second, size, "regular", rest, 0.01)) for first, second in shown.rows)
    ground = shown.ground if shown.ground is not None else 0.80 if shown.heading else 0.35
    return _Sheet(unit, heading, rows, size, top, shown.marked, ground)


def _ending(words: str) -> str:
    return words if len(words) <= _LONGEST else f"…{words[1 - _LONGEST :]}"


def _corners(left: float, top: float, size: tuple[int, int], picture: tuple[int, int]) -> FloatArray:
    """Left, bottom, right and top in clip space (1, 4) of a line on whole pixels, y down from the top."""
    edges = np.array([[round(left), round(top) + size[1], round(left) + size[0], round(top)]], np.float32)
    return np.asarray(edges * ([2.0 / picture[0], -2.0 / picture[1]] * 2) + [-1.0, 1.0, -1.0, 1.0], np.float32)
