"""The land under the map: shaped once from the collection, lit by the song that plays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from installation.camera import LEAN, SQUASH, View
from installation.colours import light
from installation.gl.drawing import Drawing
from installation.gl.targets import Target
from installation.landscape import EXTENT, landscape
from installation.places import on_map
from installation.pulses import recent_pulses
from installation.state import FrameState
from mixtape.types import FloatArray

_RINGS = 128
_RING_S = 3.2
_RING_SPEED = 0.42


class Land:
    """Draws the ground of the map over the whole target in use."""

    def __init__(self, drawing: Drawing) -> None:
        """Shape the ground once from the collection."""
        gl = drawing.gl
        ground = landscape(drawing.places.map_xy, drawing.tints)
        self._relief = gl.texture(ground.relief.shape[1::-1], 4, ground.relief.astype(np.float16).tobytes(), dtype="f2")
        self._colour = gl.texture(ground.colour.shape[1::-1], 4, ground.colour.tobytes())
        self._pulse = gl.texture((_RINGS, 1), 1, dtype="f2")
        for texture in (self._relief, self._colour, self._pulse):
            texture.repeat_x = texture.repeat_y = False
        self._small: Target | None = None

    def draw(self, state: FrameState, drawing: Drawing, view: View, *, weight: float = 1.0) -> None:
        """Draw the land as `view` sees it, `weight` 0..1 of it."""
        if drawing.light:
            self._small_ground(state, drawing, view, weight)
        else:
            self._land(state, drawing, view, weight)

    def _small_ground(self, state: FrameState, drawing: Drawing, view: View, weight: float) -> None:
        """The ground at two fifths of the size, stretched: a sixth of the work, its lines a little softer."""
        width, height = drawing.size_px
        size = max(1, width * 2 // 5), max(1, height * 2 // 5)
        if self._small is None or self._small.texture.size != size:
            self._small = Target.make(drawing.gl, size)
        whole = drawing.gl.fbo
        self._small.begin()
        self._land(state, replace(drawing, size_px=size), view, weight)
        whole.use()
        drawing.screen.draw("post/copy", u_picture=self._small.texture)

    def _land(self, state: FrameState, drawing: Drawing, view: View, weight: float) -> None:
        places = drawing.places
        colours = light(state.palette)
        place = state.room.place if state.room else None
        x, y = on_map(place) if place else (float(v) for v in places.map_xy[drawing.focus(state)])
        self._pulse.write(self._rings(state, drawing).astype(np.float16).tobytes())
        drawing.screen.draw(
            "scenes/map",
            u_relief=self._relief,
            u_colour=self._colour,
            u_pulse=self._pulse,
            u_extent=EXTENT,
            u_view=(view.x, view.y, view.zoom, view.tilt),
            u_centre=(view.screen_x, view.screen_y),
            u_lean=(LEAN * view.tilt, 1.0 - SQUASH * view.tilt),
            u_song=(x, y),
            u_light=tuple(float(v) for v in colours[0]),
            u_second=tuple(float(v) for v in colours[1]),
            u_aspect=drawing.aspect,
            u_height_px=float(drawing.size_px[1]),
            u_level=state.audio.level,
            u_energy=float(state.knobs["energy"]),
            u_reach=_RING_S * _RING_SPEED,
            u_weight=weight,
        )

    def _rings(self, state: FrameState, drawing: Drawing) -> FloatArray:
        ago_s = np.linspace(0.0, _RING_S, _RINGS)
        return recent_pulses(state, drawing.world, ago_s)
