"""The grid: the same tiles at their cells, side by side, and the sound running through them."""

from __future__ import annotations

from installation.colours import light
from installation.gl.drawing import Drawing
from installation.gl.dust import Dust
from installation.gl.thread import Thread
from installation.gl.tiles import TileField, in_grid, tiles_of
from installation.state import FrameState


class GridScene:
    """A dark room and the tiles. Over them the thread would hide what it joins: here it is a trace."""

    thread, halo = 0.225, 1.0

    def __init__(self, drawing: Drawing) -> None:
        """Its own brushes; the covers are everybody's."""
        self._field = TileField(drawing)
        self._dust = Dust(drawing, grid=True)
        self._thread = Thread(drawing)

    def draw(self, state: FrameState, drawing: Drawing) -> None:
        """Draw into the target in use."""
        self.ground(state, drawing)
        tiles = tiles_of(state, drawing, "grid")
        self._field.draw(state, drawing, tiles, between=lambda: self._thread.draw(state, drawing, tiles, weight=self.thread))

    def ground(self, state: FrameState, drawing: Drawing) -> None:
        """Draw the room, and the cells too small to be tiles."""
        x, y = (float(v) for v in in_grid(state, drawing).screen[drawing.focus(state)])
        drawing.screen.draw(
            "scenes/grid",
            u_aspect=drawing.aspect,
            u_song=(x, y),
            u_light=tuple(float(v) for v in light(state.palette)[0]),
            u_level=state.audio.level,
        )
        self._dust.draw(state, drawing, drawing.before_grid(state))
