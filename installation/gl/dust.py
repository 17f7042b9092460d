"""Songs by the ten thousand, seen from afar: each a speck of its cover's colour, all of them one reading a pixel.

A tile of a pixel or two says no more than its colour. Where there are many songs these are painted once, into a picture of the
map and one of the grid, and the tiles themselves are drawn from the size on at which a cover can be told. Of a family of maps,
which is for fewer songs, the first one alone is painted: on the others, and on the way between them, every song is a tile.
"""

from __future__ import annotations

import moderngl
import numpy as np

from installation.camera import LEAN, SQUASH, STRETCH, View
from installation.gl.drawing import Drawing
from installation.places import Places, smooth
from installation.state import FrameState
from mixtape.types import ByteArray, FloatArray

DOT_PX = 2.6
"""Below this side a tile is a dot of its cover's colour."""

DUST_FROM = 2000
"""Songs from which on dots are painted and not drawn one by one."""

_CLICK_PX = 3.0

_FADES = 0.08
"""The part of a flight from or to the painted map in which its dust goes or comes, under the tiles that stand on it."""

_WIDTH = 3072
_REACH = (STRETCH / 2 + 0.08, 0.58)
"""Half width and half height, in world units, of what is painted: tiles settle a little beyond the map."""

_SMALLEST = 0.55
"""The smallest tiles have so much of the typical side, see `places`: dust stays until they are drawn."""


class Dust:
    """The specks of the map or of the grid."""

    def __init__(self, drawing: Drawing, *, grid: bool = False) -> None:
        """Paint them; nothing for few songs, whose tiles are drawn one by one at any size."""
        self._grid = grid
        self._painted: dict[bool, moderngl.Texture] = {}
        if len(drawing.world.tracks) > DUST_FROM:
            self._painted[False] = _texture(drawing, _specks(drawing.lying, drawing.tints, grid=grid))
            if grid:
                self._painted[True] = _texture(drawing, _specks(drawing.upright, drawing.tints, grid=grid))

    def draw(self, state: FrameState, drawing: Drawing, view: View) -> None:
        """Lay them over the target in use, as far as tiles are dots in this view."""
        there = 1.0 if self._grid else dusted(state, drawing)
        places = drawing.places(state)
        half = places.cell_half if self._grid else float(np.median(places.map_half)) * _SMALLEST / 0.75
        side_px = 2.0 * half * view.zoom * drawing.size_px[1]
        if not self._painted or side_px > 2.25 * DOT_PX or there <= 0.0:
            return
        spots = places.cell_xy if self._grid else places.map_xy
        x, y = (float(v) for v in spots[drawing.focus(state)])
        reach = (0.5 * places.cols / places.rows, 0.5) if self._grid else _REACH
        drawing.gl.enable(moderngl.BLEND)
        drawing.gl.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        drawing.screen.draw(
            "scenes/dust",
            u_dust=self._painted[self._grid and places.cell_xy is drawing.upright.cell_xy],
            u_reach=reach,
            u_view=(view.x, view.y, view.zoom, view.tilt),
            u_centre=(view.screen_x, view.screen_y),
            u_lean=(LEAN * view.tilt, 1.0 - SQUASH * view.tilt),
            u_aspect=drawing.aspect,
            u_song=(x, y),
            u_side=side_px / DOT_PX,
            u_dim=1.0 - 0.7 * (drawing.lit.dim if drawing.lit is not None else 0.0),
            u_weight=there,
        )
        drawing.gl.disable(moderngl.BLEND)


def dusted(state: FrameState, drawing: Drawing) -> float:
    """How much 0..1 of the map's dust is there: all of it on the map it was painted of, none on others."""
    first, flights = drawing.world.maps.first, state.flights
    if len(flights) == 1:
        return float(flights[0].map == first)
    share = flights[-1].share(state.moment.time_s)
    gone = 1.0 - smooth(share / _FADES) if flights[0].map == first and len(flights) == 2 else 0.0
    come = smooth((share - 1.0 + _FADES) / _FADES) if flights[-1].map == first else 0.0
    return float(max(gone, come))


def speck_at(x: float, y: float, state: FrameState, drawing: Drawing, view: View, *, grid: bool = False) -> int | None:
    """Row of the song whose speck is nearest to a place of the screen, None where none is within three pixels of it."""
    places = drawing.places(state)
    if len(places.map_xy) <= DUST_FROM:
        return None
    screen, scale = view.project(places.cell_xy if grid else places.map_xy)
    away = np.where(scale > 0.0, np.hypot(screen[:, 0] - np.float32(x), screen[:, 1] - np.float32(y)), np.inf)
    nearest = int(np.argmin(away))
    return nearest if away[nearest] * drawing.size_px[1] <= _CLICK_PX else None


def _texture(drawing: Drawing, specks: ByteArray) -> moderngl.Texture:
    texture = drawing.gl.texture(specks.shape[1::-1], 4, specks.tobytes())
    texture.repeat_x = texture.repeat_y = False
    texture.build_mipmaps()
    texture.filter = (moderngl.LINEAR_MIPMAP_NEAREST, moderngl.LINEAR)
    return texture


def _specks(places: Places, tints: FloatArray, *, grid: bool) -> ByteArray:
    """A picture (h, w, 4) of every song's speck, row 0 at the bottom, transparent between them."""
    colour = np.concatenate([tints * 0.8, np.ones((len(tints), 1), np.float32)], axis=1)
    speck = np.round(colour.clip(0, 1) * 255).astype(np.uint8)
    if grid:
        # Two texels a cell and one between them, so that cells stay apart when they are seen large.
        out = np.zeros((3 * places.rows, 3 * places.cols, 4), np.uint8)
        corner = np.array([0.5 * places.cols / places.rows, 0.5])
        at = ((places.cell_xy + corner) * places.rows).astype(int)
        for dx, dy in ((0, 0), (0, 1), (1, 0), (1, 1)):
            out[3 * at[:, 1] + dy, 3 * at[:, 0] + dx] = speck
        return out
    per_unit = _WIDTH / (2 * _REACH[0])
    out = np.zeros((round(2 * _REACH[1] * per_unit), _WIDTH, 4), np.uint8)
    side = np.maximum(np.round(2.0 * places.map_half * per_unit), 1).astype(int)
    first = np.round((places.map_xy - places.map_half[:, None] + np.array(_REACH)) * per_unit).astype(int)
    for dx in range(int(side.max())):
        for dy in range(int(side.max())):
            mine = (side > dx) & (side > dy)
            x, y = first[mine, 0] + dx, first[mine, 1] + dy
            inside = (x >= 0) & (x < out.shape[1]) & (y >= 0) & (y < out.shape[0])
            out[y[inside], x[inside]] = speck[mine][inside]
    return out
