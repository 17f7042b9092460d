"""The map: a landscape of songs at night, lit by the one that plays."""

from __future__ import annotations

from installation.gl.drawing import Drawing
from installation.gl.dust import Dust
from installation.gl.land import Land
from installation.gl.thread import Thread
from installation.gl.tiles import TileField, tiles_of
from installation.state import FrameState


class MapScene:
    """Land, thread of light and tiles."""

    thread = 0.75

    def __init__(self, drawing: Drawing) -> None:
        """Shape the land once from the collection."""
        self._land, self._dust = Land(drawing), Dust(drawing)
        self._thread = Thread(drawing)
        self._field = TileField(drawing)

    def draw(self, state: FrameState, drawing: Drawing) -> None:
        """Draw into the target in use."""
        self.ground(state, drawing)
        tiles = tiles_of(state, drawing, "map")
        self._field.draw(state, drawing, tiles, between=lambda: self._thread.draw(state, drawing, tiles, weight=self.thread))

    def ground(self, state: FrameState, drawing: Drawing) -> None:
        """Draw the land, and what stands on it too far away to be a tile."""
        view = drawing.over_map(state)
        self._land.draw(state, drawing, view)
        self._dust.draw(state, drawing, view)
