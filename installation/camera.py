"""The camera over the map: a pose with weight, and how it sees.

World: the map stands in x -0.75..0.75 and y -0.5..0.5 with y away from the viewer, the grid upright in the same place. Screen:
y -0.5..0.5, x -aspect/2..aspect/2, in units of the picture's height. At `tilt` 1 the ground leans back like a table, at 0 it
is seen from straight above; a tile always faces the viewer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mixtape.types import FloatArray

STRETCH = 1.5
"""Width of the map over its height: screens are wide, and a t-SNE map knows no up or right."""

LEAN = 0.50
"""How much nearness grows towards the viewer at tilt 1."""

SQUASH = 0.16
"""How much of the ground's depth is lost at tilt 1."""


@dataclass(frozen=True, slots=True)
class Camera:
    """Where the camera looks (world), its zoom as log2 (0: the map's height fills the picture), and their speeds per second.

    `free` 0..1 is how far somebody steers it: then nothing draws it towards the land.
    """

    x: float = 0.0
    y: float = 0.0
    zoom_log2: float = 0.0
    vx: float = 0.0
    vy: float = 0.0
    vz: float = 0.0
    free: float = 0.0

    def follow(self, x: float, y: float, zoom_log2: float, *, dt_s: float, steered: bool = False) -> Camera:
        """Where a critically damped spring towards a resting target has brought the camera after `dt_s`; a stiffer one while
        somebody has it `steered`.

        x(t) = target + ((x0 - target) + (v0 + w (x0 - target)) t) exp(-w t), so two short steps equal one long one.
        """
        pan, zoom = (_STEERED, _STEERED) if steered else (_PAN_HZ, _ZOOM_HZ)
        px, vx = spring(self.x, self.vx, x, pan, dt_s)
        py, vy = spring(self.y, self.vy, y, pan, dt_s)
        pz, vz = spring(self.zoom_log2, self.vz, zoom_log2, zoom, dt_s)
        free = float(steered) + (self.free - float(steered)) * math.exp(-_FREES * dt_s)
        return Camera(px, py, pz, vx, vy, vz, free)


_PAN_HZ = 1.15
_ZOOM_HZ = 0.75
_STEERED = 5.0
_FREES = 2.0


def spring(at: float, speed: float, target: float, w: float, dt_s: float) -> tuple[float, float]:
    """Where a critically damped spring of `w` radians a second has brought what was at `at` with `speed`, and its speed then."""
    away, decay = at - target, math.exp(-w * dt_s)
    push = speed + w * away
    return target + (away + push * dt_s) * decay, (speed - w * push * dt_s) * decay


OPENING = Camera(0.0, 0.0, -0.25)
"""Before the first song the whole map lies in the picture."""

_FLIGHT_S = 5.0
_STAY_S = 14.0

AT_REST_S = _FLIGHT_S + 1.5 * _STAY_S
"""So long after its beginning a song is seen from half-way up, neither near nor with all the land around."""


def aim(
    song: tuple[float, float], last: tuple[float, float] | None, *, half: float, since_s: float
) -> tuple[float, float, float]:
    """Where the camera wants to rest (x, y, zoom_log2), `since_s` after `song` began; `half` is its tile's half side.

    Wide enough for both songs while the thread runs from `last`, then near the song, then back in two steps for the land around.
    """
    x, y = song
    nearest = min(max(math.log2(0.075 / max(half, 1e-6)), 0.1), 3.6)
    if since_s < _FLIGHT_S and last is not None:
        apart = max(math.hypot(x - last[0], y - last[1]), 0.2)
        return (x + last[0]) / 2, (y + last[1]) / 2, min(nearest, math.log2(0.75 / apart))
    stays = ((0.0, nearest), (0.25, 0.5 * nearest), (0.7, -0.1))
    pull, zoom = stays[int((since_s - _FLIGHT_S) / _STAY_S) % 3] if since_s >= _FLIGHT_S else stays[2]
    # However far the map's middle is, the song stays well inside what is seen at this zoom.
    seen = 0.5 / 2.0**zoom
    most = max(0.25 * seen, seen - 0.16)
    return x - min(max(pull * x, -most), most), y - min(max(pull * y, -most), most), zoom


def aim_at_all(xy: FloatArray) -> tuple[float, float, float]:
    """Where the camera wants to rest to see nearly all of the songs at xy (n, 2) world, whether they lie close or far apart."""
    low, high = np.quantile(xy, (0.04, 0.96), axis=0)
    (x, y), (across, up) = (low + high) / 2, np.maximum((high - low) / 2, 1e-3)
    return float(x), float(y), min(max(math.log2(0.38 / max(across / STRETCH, up)), -0.25), 0.9)


@dataclass(frozen=True, slots=True)
class View:
    """How world becomes screen: centre, zoom, tilt 0..1, the picture's aspect, and where on the screen the centre lies."""

    x: float
    y: float
    zoom: float
    tilt: float
    aspect: float
    screen_x: float = 0.0
    screen_y: float = 0.0

    def project(self, xy: FloatArray) -> tuple[FloatArray, FloatArray]:
        """World (n, 2) to screen (n, 2) and how large a world unit is there (n,); 0 behind the viewer."""
        right, up = ((xy[:, axis] - np.float32(at)) * np.float32(self.zoom) for axis, at in enumerate((self.x, self.y)))
        near = 1.0 + np.float32(LEAN * self.tilt) * up
        scale = np.where(near > 0.25, 1.0 / np.maximum(near, 0.25), 0.0).astype(np.float32)
        screen = np.empty((len(xy), 2), np.float32)
        screen[:, 0] = right * scale + np.float32(self.screen_x)
        screen[:, 1] = up * scale * np.float32(1.0 - SQUASH * self.tilt) + np.float32(self.screen_y)
        return screen, scale * np.float32(self.zoom)

    def unproject(self, x: float, y: float) -> tuple[float, float] | None:
        """The place of the world that is seen at a place of the screen; None at and beyond the horizon."""
        lean, depth = LEAN * self.tilt, (y - self.screen_y) / (1.0 - SQUASH * self.tilt)
        if 1.0 - lean * depth < 0.05:
            return None
        up = depth / (1.0 - lean * depth)
        return self.x + (x - self.screen_x) * (1.0 + lean * up) / self.zoom, self.y + up / self.zoom

    def in_sight(self, *, half: float, least: float) -> tuple[float, float, float, float]:
        """A box of the world (left, bottom, right, top) with all places where a square of `half` side may be seen at least
        `least` large (half its side on the screen); an empty one, right of left, where there is none."""
        lean, squash = LEAN * self.tilt, 1.0 - SQUASH * self.tilt
        low, high = ((y - self.screen_y) for y in (-0.5, 0.5))
        depths = [y / (squash - lean * y) if squash - lean * y > 1e-3 else 1e3 for y in (low, high)]
        if lean > 0.0:
            # Farther away than this it is too small.
            depths[1] = min(depths[1], (half * self.zoom / max(least, 1e-9) - 1.0) / lean)
        elif half * self.zoom < least:
            depths[1] = -1e3
        if depths[1] < depths[0]:
            return 0.0, 0.0, -1.0, -1.0
        across = (0.5 * self.aspect + abs(self.screen_x)) * (1.0 + lean * depths[1]) / self.zoom + 2.0 * half
        bottom, top = (self.y + depth / self.zoom for depth in depths)
        return self.x - across, bottom - 2.0 * half, self.x + across, top + 2.0 * half


LOOKS = ("look_x", "look_y", "look_zoom")
"""The knobs that fly the camera: a place of the map, 0..1 from the left and from below, and a zoom."""


def look_at(x: float, y: float, zoom_log2: float) -> tuple[float, float, float]:
    """The camera's target for the three knobs of a look."""
    return (x - 0.5) * STRETCH, y - 0.5, zoom_log2


def look_of(camera: Camera) -> tuple[float, float, float]:
    """The knobs of a look at what the camera sees, within their range."""
    return min(max(camera.x / STRETCH + 0.5, 0.0), 1.0), min(max(camera.y + 0.5, 0.0), 1.0), min(max(camera.zoom_log2, -1.0), 6.0)


def looked(
    look: tuple[float, float, float], *, across: float = 0.0, down: float = 0.0, closer: float = 0.0, aspect: float
) -> tuple[float, float, float]:
    """The look once the land is drawn so many picture widths to the right and heights down, and `closer` by a power of two."""
    x, y, zoom = look
    seen = 1.0 / (2.0**zoom * step_back(aspect))
    x, y = x - across * aspect * seen / STRETCH, y + down * seen / (1.0 - SQUASH)
    return min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0), min(max(zoom + closer, -1.0), 6.0)


def step_back(aspect: float) -> float:
    """How much of its zoom the camera keeps in a picture of that aspect: an upright one sees less land across."""
    return min(1.0, 0.55 + 0.25 * aspect)
