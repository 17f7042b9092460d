"""A stroke over the map as a thread of light that follows whoever draws it, and goes when its mixtape has begun."""

from __future__ import annotations

import moderngl
import numpy as np

from installation.colours import light
from installation.gl.drawing import Drawing
from installation.gl.targets import Quads
from installation.state import FrameState
from installation.strokes import Stroke, world_points
from mixtape.types import FloatArray

_WIDTH = 0.022
_TIP = 0.030
_EVERY_S = 0.18


class StrokeLight:
    """Draws the stroke into the target in use, lying on the land as the map is seen."""

    def __init__(self, drawing: Drawing) -> None:
        """The thread's bars, and a light at the tip."""
        self._bars = Quads(drawing.gl, drawing.programs, "scenes/thread", {"a_ends": 4, "a_light": 4})
        self._tip = Quads(drawing.gl, drawing.programs, "scenes/halo", {"a_place": 4, "a_tint": 4})

    def draw(self, stroke: Stroke, state: FrameState, drawing: Drawing) -> None:
        """Draw as much of it as its weight says; nothing where the map is not seen."""
        seen = state.scene_mix if state.scene == "map" else (1.0 - state.scene_mix) * (state.from_scene == "map")
        weight = stroke.weight * seen
        if weight <= 0.0 or not len(stroke.points):
            return
        screen, scale = drawing.over_map(state).project(world_points(stroke.points))
        screen = screen[scale > 0.0]
        if not len(screen):
            return
        ink = tuple(float(v) for v in light(state.palette)[0])
        drawing.gl.enable(moderngl.BLEND)
        drawing.gl.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        self._bars.draw(
            _bars(screen, weight),
            u_aspect=drawing.aspect,
            u_width=_WIDTH,
            u_core=max(0.10, 1.4 / (_WIDTH * drawing.size_px[1])),
            u_light=ink,
            u_time=state.moment.time_s,
        )
        drawing.gl.blend_func = moderngl.ONE, moderngl.ONE
        half = np.array([_TIP * 2.0 / drawing.aspect, _TIP * 2.0])
        place = screen[-1] * [2.0 / drawing.aspect, 2.0]
        self._tip.draw(np.array([[*place, *half, *ink, weight]], np.float32))
        drawing.gl.disable(moderngl.BLEND)


def _bars(screen: FloatArray, weight: float) -> FloatArray:
    """Bars (k - 1, 8) from place to place (k, 2): both ends, their light, and how far along they are."""
    steps = np.hypot(*np.diff(screen, axis=0).T)
    along = np.concatenate([[0.0], np.cumsum(steps)]) / _EVERY_S
    light = np.full(len(screen), weight)
    ends = np.concatenate([screen[:-1], screen[1:]], axis=1)
    lights = np.stack([light[:-1], along[:-1], light[1:], along[1:]], axis=1)
    return np.concatenate([ends, lights], axis=1).astype(np.float32)
