"""What a scene draws with: the GL context, the shaders, the prepared collection and the view of this frame."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache

import moderngl
import numpy as np

from installation.calm import reduced
from installation.camera import STRETCH, Camera, View, step_back
from installation.gl.atlas import Atlas
from installation.gl.grounds import Grounds
from installation.gl.program import Programs
from installation.gl.targets import Screen
from installation.gl.text import Lines
from installation.lit import Lit
from installation.places import Places
from installation.state import FrameState
from installation.world import World
from mixtape.poster.inks import abstract_cover
from mixtape.types import ByteArray, FloatArray


@dataclass(frozen=True, eq=False)
class Drawing:
    """A drawing context: everything that lasts longer than a frame. `tints` (n, 3) 0..1 is one colour for each song; `light` asks
    scenes for less work where little is lost. `lit` is what an open search lights, in the live show alone."""

    gl: moderngl.Context
    programs: Programs
    screen: Screen
    lines: Lines
    atlas: Atlas
    grounds: Grounds
    world: World
    lying: Places
    upright: Places
    tints: FloatArray
    size_px: tuple[int, int]
    light: bool = False
    lit: Lit | None = None

    @classmethod
    def make(cls, gl: moderngl.Context, world: World, size_px: tuple[int, int], *, patient: bool, light: bool) -> Drawing:
        """Prepare for a collection. `patient` makes every frame wait for the covers it shows."""
        programs = Programs(gl)
        return cls(
            gl=gl,
            programs=programs,
            screen=Screen(gl, programs),
            lines=Lines(gl, patient=patient),
            atlas=Atlas(
                gl,
                len(world.tracks),
                lambda row: _cover(world, row),
                lambda row: world.cover_large(world.tracks[row].id),
                patient=patient,
            ),
            grounds=Grounds(gl, world.maps),
            world=world,
            lying=(lying := world.maps.places(world.maps.first)),
            upright=lying.turned(),
            tints=world.maps.tints,
            size_px=size_px,
            light=light,
        )

    @property
    def aspect(self) -> float:
        """Width over height of the picture."""
        return self.size_px[0] / self.size_px[1]

    def places(self, state: FrameState) -> Places:
        """Where the tiles are in this frame: on the map that is shown, or between two; the grid lying or upright as the picture
        is."""
        cells = self.upright if (self.aspect < 1.0) == (self.lying.cols > self.lying.rows) else self.lying
        return _with_cells(self.world.maps.laid(state.flights, state.moment.time_s).places, cells)

    def focus(self, state: FrameState) -> int:
        """Row of the playing song."""
        return self.world.row[state.track_id]

    def over_map(self, state: FrameState) -> View:
        """How this frame sees the map."""
        t, audio = state.moment.time_s, state.audio
        energy = float(state.knobs["energy"])
        breath = 1.0 + 0.035 * energy * audio.level
        # Two slow turns whose periods never meet: the picture is never quite still.
        sway = 0.0 if reduced(state.knobs) else 1.0
        sway_x, sway_y = 0.012 * sway * np.sin(t * 0.23), 0.009 * sway * np.sin(t * 0.171 + 1.0)
        at = self._whole_land(state.camera)
        zoom = 2.0**at.zoom_log2 * step_back(self.aspect)
        bound = 1.0 - at.free
        x, y = _over_land(self.places(state), at.x, at.y, 0.5 * self.aspect / zoom, 0.5 / zoom)
        x, y = at.x + (x - at.x) * bound, at.y + (y - at.y) * bound
        beside = self.lit.open * (1.0 - at.free) * _BESIDE if self.lit is not None and self.aspect > 1.0 else 0.0
        return View(
            x=x + float(sway_x) / zoom,
            y=y + float(sway_y) / zoom,
            zoom=zoom * breath,
            tilt=1.0,
            aspect=self.aspect,
            screen_x=0.06 * min(self.aspect, 1.0) + beside * self.aspect,
            screen_y=0.04,
        )

    def _whole_land(self, camera: Camera) -> Camera:
        """The camera drawn back over the whole land as far as a search has opened, unless somebody flies it."""
        if self.lit is None:
            return camera
        back = self.lit.open * (1.0 - camera.free)
        # An upright picture holds the land's width and no more.
        whole = min(camera.zoom_log2, _WHOLE, math.log2(0.92 * self.aspect / STRETCH / step_back(self.aspect)))
        zoom_log2 = camera.zoom_log2 + back * (whole - camera.zoom_log2)
        return replace(camera, x=camera.x * (1.0 - back), y=camera.y * (1.0 - back), zoom_log2=zoom_log2)

    def over_all(self, state: FrameState) -> View:
        """How this frame sees the whole land at once."""
        breath = 1.0 + 0.02 * float(state.knobs["energy"]) * state.audio.level
        zoom = min(0.92, self.aspect / 1.75) * breath
        return View(x=0.0, y=0.0, zoom=zoom, tilt=1.0, aspect=self.aspect, screen_y=0.035)

    def before_grid(self, state: FrameState) -> View:
        """How this frame sees the grid: all of it, from straight ahead."""
        places = self.places(state)
        wide = places.cols / places.rows
        breath = 1.0 + 0.012 * float(state.knobs["energy"]) * state.audio.level
        return View(x=0.0, y=0.0, zoom=0.90 * min(1.0, self.aspect / wide) * breath, tilt=0.0, aspect=self.aspect)


_WHOLE = -0.24
"""The zoom (log2) at which the whole land is seen beside the words of a search."""

_BESIDE = 0.12
"""So much of the picture's width it steps to the right for them."""

_SOME = 4096
"""As many songs are looked at to find where the land is: of more, every so many stand for all."""


@lru_cache(maxsize=8)
def _with_cells(places: Places, cells: Places) -> Places:
    """The map of `places` with the grid of `cells`."""
    if cells.cell_xy is places.cell_xy:
        return places
    return replace(places, cell_xy=cells.cell_xy, cell_half=cells.cell_half, rows=cells.rows, cols=cells.cols)


@lru_cache(maxsize=4)
def _over_land(places: Places, x: float, y: float, wide: float, high: float) -> tuple[float, float]:
    """Where to look, in place of (x, y), so that a song at the edge of the land does not leave half the picture empty.

    The centre gives way towards the middle of the songs around it, each weighted by a bell as wide and high as the picture (half
    sides `wide` and `high`); softly limited, so that what the camera looks at stays well inside.
    """
    some = places.map_xy[:: -(-len(places.map_xy) // _SOME)]
    right, up = some[:, 0] - np.float32(x), some[:, 1] - np.float32(y)
    weight = np.exp(-0.5 * (np.square(right / np.float32(1.1 * wide)) + np.square(up / np.float32(1.1 * high)))) + 1e-9
    middle_x, middle_y = float(weight @ right / weight.sum()), float(weight @ up / weight.sum())
    return x + 0.50 * wide * math.tanh(middle_x / (0.50 * wide)), y + 0.42 * high * math.tanh(middle_y / (0.42 * high))


def _cover(world: World, row: int) -> ByteArray:
    track = world.tracks[row]
    pixels = world.cover_pixels(track.id)
    usable = pixels is not None and pixels.shape == (128, 128, 3)
    return pixels if usable and pixels is not None else abstract_cover(world.palette(track.id), side_px=128, seed=track.id)


def cover_texture(drawing: Drawing, track_id: str) -> moderngl.Texture:
    """The cover of a song by itself, as large as there is one, its upper edge at the top of the texture."""
    world = drawing.world
    large = world.cover_large(track_id)
    pixels = np.ascontiguousarray((_cover(world, world.row[track_id]) if large is None else large)[::-1])
    texture = drawing.gl.texture(pixels.shape[1::-1], 3, pixels.tobytes(), alignment=1)
    texture.repeat_x = texture.repeat_y = False
    return texture
