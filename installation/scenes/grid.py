"""The grid: the same tiles at their cells, side by side, and the sound running through them."""

from __future__ import annotations

from installation.colours import light
from installation.gl.drawing import Drawing
from installation.gl.thread import Thread
from installation.gl.tiles import TileField, tiles_of
from installation.state import FrameState


class GridScene:
    """A dark room and the tiles."""

    def __init__(self, drawing: Drawing, field: TileField) -> None:
        """The tiles are the map's own."""
        self._field = field
        self._thread = Thread(drawing)

    def draw(self, state: FrameState, drawing: Drawing) -> None:
        """Draw into the target in use."""
        tiles = tiles_of(state, drawing)
        x, y = (float(v) for v in tiles.screen[drawing.focus(state)])
        drawing.screen.draw(
            "scenes/grid",
            u_aspect=drawing.aspect,
            u_song=(x, y),
            u_light=tuple(float(v) for v in light(state.palette)[0]),
            u_level=state.audio.level,
            u_weight=1.0,
        )
        self._field.draw(state, drawing, tiles, between=lambda: self._thread.draw(state, drawing, tiles, weight=0.225))
