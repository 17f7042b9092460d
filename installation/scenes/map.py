"""The map: a landscape of songs at night, lit by the one that plays."""

from __future__ import annotations

import math

import numpy as np

from installation.colours import light
from installation.gl.drawing import Drawing
from installation.gl.dust import Dust
from installation.gl.land import Land
from installation.gl.text import Line
from installation.gl.thread import Thread
from installation.gl.tiles import TileField, tiles_of
from installation.gl.words import Words, ink
from installation.maps import named
from installation.names import SIZES, presence
from installation.places import smooth
from installation.state import FrameState


class MapScene:
    """Land, thread of light and tiles."""

    thread, halo = 0.75, 1.0

    def __init__(self, drawing: Drawing) -> None:
        """Its own brushes; the grounds and the covers are everybody's."""
        self._land, self._dust = Land(drawing), Dust(drawing)
        self._thread = Thread(drawing)
        self._field = TileField(drawing)
        self._words = Words(drawing)

    def draw(self, state: FrameState, drawing: Drawing) -> None:
        """Draw into the target in use."""
        self.ground(state, drawing)
        tiles = tiles_of(state, drawing, "map")
        weight = self.thread * (1.0 - 0.6 * _searched(drawing))
        self._field.draw(state, drawing, tiles, between=lambda: self._thread.draw(state, drawing, tiles, weight=weight))

    def ground(self, state: FrameState, drawing: Drawing) -> None:
        """Draw the land, and what stands on it too far away to be a tile."""
        view = drawing.over_map(state)
        self._land.draw(state, drawing, view, weight=1.0 - 0.45 * _searched(drawing))
        self._dust.draw(state, drawing, view)

    def words(self, state: FrameState, drawing: Drawing, weight: float) -> None:
        """Set the islands' names over the finished picture, `weight` 0..1 of them."""
        for name, there in named(state.flights, state.moment.time_s):
            self._islands(name, state, drawing, weight * there)

    def _islands(self, song_map: str, state: FrameState, drawing: Drawing, weight: float) -> None:
        view = drawing.over_map(state)
        weight *= 1.0 - _searched(drawing)
        strong = [weight * presence(level, math.log2(view.zoom)) for level in range(len(SIZES))]
        names = [name for name in drawing.world.maps.islands(song_map) if strong[name.level] > 0.0]
        if not names:
            return
        screen, scale = view.project(np.array([(name.x, name.y) for name in names], np.float32))
        width, height = drawing.size_px
        paper = 0.80 + 0.20 * light(state.palette)[0]
        said: set[str] = set()
        for name, (x, y), near in zip(names, screen.tolist(), scale.tolist(), strict=True):
            # The depth that is seen best says a name that several have.
            if name.words in said or any(
                strong[other.level] > strong[name.level] for other in names if other.words == name.words
            ):
                continue
            size = max(7, round(SIZES[name.level] * min(1.0, 0.35 + 0.5 * drawing.aspect) * height))
            line = Line(name.words, size, "semibold" if name.level == 0 else "regular", round(0.5 * width), 0.02)
            edge = min(0.5 * drawing.aspect - abs(x), 0.5 - abs(y + name.shift))
            there = 0.86 * strong[name.level] * float(smooth((edge - 0.02) / 0.10)) * min(near / view.zoom, 1.0)
            if there <= 0.01:
                continue
            said.add(name.words)
            left, top = 0.5 * width + x * height, (0.5 - y - name.shift) * height - 0.6 * size
            # A little of the night behind the letters: they stand on covers of any colour.
            for dx, dy in ((1, 1), (-1, 1), (1, -1), (-1, -1)):
                off = max(1.0, 0.05 * size)
                night = (0.0, 0.0, 0.0, 0.45 * there)
                self._words.draw(drawing, line, left=left + dx * off, top=top + dy * off, ink=night, centred=True)
            self._words.draw(drawing, line, left=left, top=top, ink=ink(paper, there), centred=True)


def _searched(drawing: Drawing) -> float:
    """How far 0..1 all else has stepped back for the songs that a search lights."""
    return drawing.lit.dim if drawing.lit is not None else 0.0
