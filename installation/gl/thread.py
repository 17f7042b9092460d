"""The thread of light: through the last songs to the playing one, and on, fainter, to those that come."""

from __future__ import annotations

import moderngl
import numpy as np
import numpy.typing as npt

from installation.colours import light
from installation.gl.drawing import Drawing
from installation.gl.targets import Quads
from installation.gl.tiles import Tiles
from installation.places import smooth
from installation.state import FrameState
from mixtape.types import FloatArray

PAST = 6
_PIECES = 28
_RUN_S = 2.6


class Thread:
    """Draws the thread between the tiles of a frame."""

    def __init__(self, drawing: Drawing) -> None:
        """Many short bars that add their light."""
        self._bars = Quads(drawing.gl, drawing.programs, "scenes/thread", {"a_ends": 4, "a_light": 4})

    def draw(self, state: FrameState, drawing: Drawing, tiles: Tiles, *, weight: float) -> None:
        """Draw with brightness `weight` 0..1."""
        row = drawing.world.row
        past = [row[track_id] for track_id in state.history[-PAST - 1 :]]
        coming = [row[track_id] for track_id in state.next_ids]
        points = tiles.screen[past + coming]
        if len(points) < 2 or not np.isfinite(points).all():
            return
        drawing.gl.enable(moderngl.BLEND)
        drawing.gl.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        self._bars.draw(
            _bars(points, _brightness(state, len(past), len(coming)) * weight),
            u_aspect=drawing.aspect,
            u_width=0.020,
            u_core=max(0.07, 1.2 / (0.020 * drawing.size_px[1])),
            u_light=tuple(float(v) for v in light(state.palette)[0]),
            u_time=state.moment.time_s,
        )
        drawing.gl.disable(moderngl.BLEND)


def _brightness(state: FrameState, past: int, coming: int) -> FloatArray:
    """Light (p, pieces + 1) of each stretch: the past fades, the stretch to a new song is drawn by a running front."""
    along = np.linspace(0.0, 1.0, _PIECES + 1)
    run = float(smooth((state.moment.time_s - state.started_s) / _RUN_S))
    stretches = []
    for back in range(past - 1, 0, -1):
        far, near = 0.80 * 0.70**back, 0.80 * 0.70 ** (back - 1)
        light = far + (near - far) * along
        if back == 1:
            light = 0.12 + (light - 0.12) * np.clip((run * 1.3 - along) / 0.3, 0.0, 1.0)
        stretches.append(light)
    for ahead in range(coming):
        stretches.append(np.full(_PIECES + 1, 0.62 * 0.78**ahead))
    return np.array(stretches, np.float32)


def _bars(points: FloatArray, light: FloatArray) -> FloatArray:
    """Bars (m, 8) along a smooth curve through points (p + 1, 2): ends, light and place along the thread at both ends."""
    curve = _curve(points.astype(np.float64))
    along = np.arange(len(points) - 1)[:, None] + np.linspace(0.0, 1.0, _PIECES + 1)[None, :]
    ends = np.concatenate([curve[:, :-1], curve[:, 1:]], axis=-1)
    lights = np.stack([light[:, :-1], along[:, :-1], light[:, 1:], along[:, 1:]], axis=-1)
    return np.concatenate([ends, lights], axis=-1).reshape(-1, 8).astype(np.float32)


def _curve(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Catmull-Rom through the points: (p, pieces + 1, 2)."""
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    a, b, c, d = padded[:-3, None], padded[1:-2, None], padded[2:-1, None], padded[3:, None]
    t = np.linspace(0.0, 1.0, _PIECES + 1)[None, :, None]
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
