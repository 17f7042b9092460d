"""The land under the map: shaped once for every map, lit by the song that plays; while the map changes one comes over another."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from installation.camera import LEAN, SQUASH, View
from installation.colours import light
from installation.gaze import song_place
from installation.gl.drawing import Drawing
from installation.gl.targets import Target
from installation.landscape import EXTENT
from installation.maps import MOST_FLIGHTS
from installation.pulses import recent_pulses
from installation.state import FrameState
from mixtape.types import FloatArray

_RINGS = 128
_RING_S = 3.2
_RING_SPEED = 0.42


class Land:
    """Draws the ground of the map over the whole target in use."""

    def __init__(self, drawing: Drawing) -> None:
        """The grounds are everybody's; what is its own is the song's rings."""
        self._pulse = drawing.gl.texture((_RINGS, 1), 1, dtype="f2")
        self._pulse.repeat_x = self._pulse.repeat_y = False
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
        colours = light(state.palette)
        self._pulse.write(self._rings(state, drawing).astype(np.float16).tobytes())
        drawing.screen.draw(
            "scenes/map" if len(state.flights) == 1 else "scenes/map_change",
            **_lands(state, drawing),
            u_pulse=self._pulse,
            u_extent=EXTENT,
            u_view=(view.x, view.y, view.zoom, view.tilt),
            u_centre=(view.screen_x, view.screen_y),
            u_lean=(LEAN * view.tilt, 1.0 - SQUASH * view.tilt),
            u_song=song_place(state, drawing.world),
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


def _lands(state: FrameState, drawing: Drawing) -> dict[str, Any]:
    """The grounds of the maps that are seen, oldest first, and how far each comes over those before it.

    A flight (x, y, share, reach) brings its land from its song's place outwards, as it does the tiles; the shader reckons as
    `installation.maps` does. Places that are not needed have the first ground.
    """
    maps, flights = drawing.world.maps, state.flights
    if len(flights) == 1:
        relief, colour = drawing.grounds[flights[0].map]
        return {"u_relief0": relief, "u_colour0": colour}
    told: dict[str, Any] = {"u_lands": len(flights)}
    for number in range(MOST_FLIGHTS + 1):
        ground = drawing.grounds[flights[min(number, len(flights) - 1)].map]
        told[f"u_relief{number}"], told[f"u_colour{number}"] = ground
    for number, (before, flight) in enumerate(pairwise(flights), 1):
        row = maps.row(flight.focus)
        x, y = (float(v) for v in maps.places(before.map).map_xy[row])
        told[f"u_flight{number}"] = x, y, flight.share(state.moment.time_s), maps.late(before.map, row)[1]
    return told
