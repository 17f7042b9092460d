"""The titles of the songs that fit an open search best, under their tiles, over the finished picture."""

from __future__ import annotations

from installation.colours import light
from installation.gl.drawing import Drawing
from installation.gl.text import Line
from installation.gl.tiles import LAYOUTS, tiles_seen
from installation.gl.words import Words, ink
from installation.state import FrameState

_SIZE = 0.020
_WORDS_RIGHT, _WORDS_BOTTOM = 0.55, 0.45
"""Left of and above this the search itself is written."""


class LitTitles:
    """Says which songs the brightest lights are; nothing where no search is open, and in scenes without tiles."""

    def __init__(self, drawing: Drawing) -> None:
        """A line a song."""
        self._words = Words(drawing)

    def draw(self, state: FrameState, drawing: Drawing) -> None:
        """Set the titles into the target in use, the best song's first; one that has no room beside those is left out."""
        lit = drawing.lit
        if lit is None or not lit.best or state.scene not in LAYOUTS:
            return
        tiles = tiles_seen(state, drawing)
        shine, (width, height) = lit.songs, drawing.size_px
        paper = 0.80 + 0.20 * light(state.palette)[0]
        size = max(10, round(_SIZE * min(1.0, 0.35 + 0.5 * drawing.aspect) * height))
        boxes: list[tuple[float, float, float, float]] = [(0.0, 0.0, _WORDS_RIGHT * width, _WORDS_BOTTOM * height)]
        for row in lit.best:
            track = drawing.world.tracks[row]
            line = Line(track.title or track.path.stem, size, "semibold", round(0.22 * width), 0.01)
            wide, high = drawing.lines[line].size
            x, y = (float(v) for v in tiles.screen[row])
            middle, top = 0.5 * width + x * height, (0.5 - y + float(tiles.half[row])) * height + 0.2 * size
            box = middle - 0.5 * wide, top, middle + 0.5 * wide, top + high
            if tiles.half[row] <= 0.0 or not _inside(box, width, height) or any(_over(box, other) for other in boxes):
                continue
            boxes.append(box)
            there = 0.92 * float(shine[row])
            for dx, dy in ((1, 1), (-1, 1), (1, -1), (-1, -1)):
                night = (0.0, 0.0, 0.0, 0.55 * there)
                self._words.draw(drawing, line, left=middle + dx, top=top + dy, ink=night, centred=True)
            self._words.draw(drawing, line, left=middle, top=top, ink=ink(paper, there), centred=True)


def _inside(box: tuple[float, float, float, float], width: int, height: int) -> bool:
    return box[0] >= 0.0 and box[1] >= 0.0 and box[2] <= width and box[3] <= height


def _over(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
