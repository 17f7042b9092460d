"""The forming: the map comes about before the eyes, from noise to islands, as its t-SNE found them."""

from __future__ import annotations

from installation.forming import formed
from installation.gl.drawing import Drawing
from installation.gl.land import Land
from installation.gl.tiles import TileField, tiles_of
from installation.places import smooth
from installation.state import FrameState


class FormingScene:
    """The tiles on their way, and the land rising under them as they settle."""

    thread, halo = 0.0, 1.0

    def __init__(self, drawing: Drawing) -> None:
        """The map's land and tiles."""
        self._land = Land(drawing)
        self._field = TileField(drawing)

    def draw(self, state: FrameState, drawing: Drawing) -> None:
        """Draw into the target in use."""
        self.ground(state, drawing)
        self._field.draw(state, drawing, tiles_of(state, drawing, "forming"))

    def ground(self, state: FrameState, drawing: Drawing) -> None:
        """Draw the land, as far as it has risen."""
        share = formed(state.stood_s("forming"), float(state.knobs["scene_s"]))
        # The rounds are those of the first map: on the way to another one songs leave for it when they are over.
        begins = 0.45 if state.map == drawing.world.maps.first else 0.72
        rises = float(smooth((share - begins) / (1.0 - begins)))
        self._land.draw(state, drawing, drawing.over_all(state), weight=0.06 + 0.94 * rises)
