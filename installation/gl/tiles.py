"""The songs' tiles: the same ones on the map, in the grid and in flight between the two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import moderngl
import numpy as np
import numpy.typing as npt

from installation.gl.atlas import Sheets
from installation.gl.drawing import Drawing
from installation.gl.targets import Quads
from installation.heard import heard
from installation.places import smooth
from installation.state import FrameState
from mixtape.types import FloatArray, IntArray

RICH_PX = 22
"""From this side on a tile has a shadow, an edge and smooth borders; smaller ones are plain."""

TINY_PX = 6.0
"""Below this side a tile's cover is read texel by texel."""

DOT_PX = 2.6
"""Below this side a tile is a dot of its cover's colour."""

_NEAR_PX = 40
_LIFT_S = 1.6
_SOUND_SPEED = 0.42
_LAYOUT = {"a_place": 4, "a_slot": 4, "a_tint": 4}


@dataclass(frozen=True, slots=True, eq=False)
class Tiles:
    """Where the tiles are in this frame: screen (n, 2) and half (n,) in picture heights, light (n,), and which are in sight.

    `order` (m,) holds the rows in sight, farthest first, the playing song last.
    """

    screen: FloatArray
    half: FloatArray
    light: FloatArray
    order: IntArray


def tiles_of(state: FrameState, drawing: Drawing) -> Tiles:
    """Set the tiles of a frame; a function of the state alone, so that a click finds what is drawn."""
    focus = drawing.focus(state)
    xy, half = drawing.places.at(state.morph, focus)
    screen, scale = drawing.view(state).project(xy)
    half = half * scale
    away = _distance(state, drawing, focus)
    energy = float(state.knobs["energy"])
    song = heard(drawing.world.timeline(state.track_id))
    pulse = energy * song.pulses(state.song_s - away / _SOUND_SPEED) * np.exp(-2.2 * away)
    lit = (0.66 + 0.28 * np.exp(-3.0 * away) + 0.20 * pulse) * (1.0 + 0.12 * state.morph)
    depth = np.clip(scale / max(float(np.mean(scale)), 1e-6), 0.0, 1.2)
    lit = lit * (0.55 + 0.45 * depth)
    half = half * (1.0 + 0.07 * pulse)
    at_rest = half
    half, lit = _lifted(state, drawing, half, lit)
    screen = _made_room(state, drawing, screen, at_rest, half)
    edge_x, edge_y = 0.5 * drawing.aspect, 0.5
    seen = (scale > 0) & (np.abs(screen[:, 0]) < edge_x + 1.3 * half) & (np.abs(screen[:, 1]) < edge_y + 1.3 * half)
    rows = np.flatnonzero(seen)
    front = np.where(
        _risen(state, drawing)[rows],
        np.where(rows == focus, -9.0, -8.0),
        screen[rows, 1] - 4.0 * (half[rows] > 1.5 * np.mean(half)),
    )
    order = rows[np.argsort(-front, kind="stable")].astype(np.int32)
    return Tiles(screen, half.astype(np.float32), lit.astype(np.float32), order)


def _risen(state: FrameState, drawing: Drawing) -> npt.NDArray[np.bool_]:
    """Which tiles (n,) lie over all others: the playing song's and, while it settles, that of the one before."""
    settles = state.moment.time_s - state.started_s < _LIFT_S
    risen = np.zeros(len(drawing.world.tracks), bool)
    risen[[drawing.world.row[track_id] for track_id in state.history[-2 if settles else -1 :]]] = True
    return risen


def _distance(state: FrameState, drawing: Drawing, focus: int) -> FloatArray:
    """How far (n,) each tile is from the playing one, map and grid measured alike and blended by the morph."""
    places = drawing.places
    on_map: FloatArray = np.hypot(*(places.map_xy - places.map_xy[focus]).T)
    if state.morph <= 0.0:
        return on_map
    in_grid = np.hypot(*(places.cell_xy - places.cell_xy[focus]).T)
    return (on_map + (in_grid - on_map) * float(smooth(state.morph))).astype(np.float32)


def _lifted(state: FrameState, drawing: Drawing, half: FloatArray, lit: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The playing song's tile rises and the one before it settles; the coming ones stand out a little."""
    half, lit = half.copy(), lit.copy()
    rise = float(smooth((state.moment.time_s - state.started_s) / _LIFT_S))
    row = drawing.world.row
    beat = float(state.knobs["energy"]) * 0.035 * (1.0 - state.audio.beat_phase) ** 2 * min(1.0, 2.0 * state.audio.level)
    rises = {row[track_id]: (0.12, 0.35) for track_id in state.next_ids}
    if len(state.history) > 1:
        rises[row[state.history[-2]]] = (1.0 - rise, 1.0 - rise)
    rises[row[state.track_id]] = (rise, rise)
    for tile, (grow, shine) in rises.items():
        # Where a tile fills the picture anyway, as in a collection of two, it has no room to rise.
        high = max(min(max(1.7 * half[tile], 0.052), 0.30), half[tile]) * (1.0 + beat)
        half[tile] += (high - half[tile]) * (grow if grow >= 0.9 or tile == row[state.track_id] else grow * 0.6)
        lit[tile] += (1.06 - lit[tile]) * max(shine, 0.0)
    return half, lit


def _made_room(state: FrameState, drawing: Drawing, screen: FloatArray, at_rest: FloatArray, half: FloatArray) -> FloatArray:
    """The tiles (n, 2) once those around a risen tile have stepped aside on the map, and the playing one back into the picture.

    A tile at distance r (a norm with corners, p = 6, since sleeves are square) of one that grew by g over its half side h goes
    to sqrt(r^2 + c^2 exp(-(r / reach)^2)) with c^2 = 4 h g + g^2: what touched it before touches it again, what is far stays.
    """
    screen, row = screen.copy(), drawing.world.row
    on_map = 1.0 - float(smooth(state.morph))
    for track_id in state.history[-2:]:
        risen = row[track_id]
        h, grown = float(at_rest[risen]), float(half[risen] - at_rest[risen]) * on_map
        reach = 3.0 * (h + float(half[risen]))
        away = screen - screen[risen]
        near = np.flatnonzero((np.abs(away[:, 0]) < 2.5 * reach) & (np.abs(away[:, 1]) < 2.5 * reach))
        near = near[near != risen]
        if grown <= 0.0 or not len(near):
            continue
        r = np.maximum((away[near] ** 6).sum(axis=1) ** np.float32(1 / 6), 1e-6)
        further = np.sqrt(r**2 + (4.0 * h * grown + grown**2) * np.exp(-((r / reach) ** 2)))
        screen[near] = screen[risen] + away[near] * (further / r)[:, None]
    focus = row[state.track_id]
    border = np.maximum(np.array([0.5 * drawing.aspect, 0.5]) - 1.12 * half[focus], 0.0)
    inside = np.clip(screen[focus], -border, border)
    screen[focus] += ((inside - screen[focus]) * (1.0 - on_map)).astype(np.float32)
    return screen


def _at_border(drawing: Drawing, tiles: Tiles) -> npt.NDArray[np.bool_]:
    """Which tiles in sight have their centre so near the border that a point would vanish before they have left."""
    screen, half = np.abs(tiles.screen[tiles.order]), tiles.half[tiles.order]
    return np.asarray((screen[:, 0] + half > 0.5 * drawing.aspect) | (screen[:, 1] + half > 0.5))


class TileField:
    """Draws the tiles of a frame."""

    def __init__(self, drawing: Drawing) -> None:
        """Tiny and plain tiles, rich tiles and the halo behind the playing one."""
        self._tiny = Quads(drawing.gl, drawing.programs, "scenes/tile_tiny", _LAYOUT, points=True)
        self._plain = Quads(drawing.gl, drawing.programs, "scenes/tile_plain", _LAYOUT, points=True)
        self._rich = Quads(drawing.gl, drawing.programs, "scenes/tile_rich", _LAYOUT)
        self._halo = Quads(drawing.gl, drawing.programs, "scenes/halo", {"a_place": 4, "a_tint": 4})

    def draw(self, state: FrameState, drawing: Drawing, tiles: Tiles, *, between: Callable[[], None] | None = None) -> None:
        """Ask for the covers in sight and draw every tile, small ones first; `between` draws before the playing one."""
        side_px = 2.0 * tiles.half[tiles.order] * drawing.size_px[1]
        _ask(drawing, tiles, side_px)
        rich = (side_px >= RICH_PX) | _at_border(drawing, tiles)
        raised = _risen(state, drawing)[tiles.order]
        rows = _rows(drawing, tiles, side_px)
        tiny = ~rich & (side_px < TINY_PX)
        covers = _covers(drawing.atlas.far, drawing)
        self._tiny.draw(rows[tiny & ~raised], **covers)
        self._plain.draw(rows[~rich & ~tiny & ~raised], **covers)
        self._sleeves(drawing, rows[rich & ~raised], covers)
        if between is not None:
            between()
        self._shine(state, drawing, tiles)
        for tile in np.flatnonzero(raised):
            self._raised(drawing, rows[tile : tile + 1], int(tiles.order[tile]), covers)

    def _sleeves(self, drawing: Drawing, rows: FloatArray, covers: dict[str, Any]) -> None:
        drawing.gl.enable(moderngl.BLEND)
        drawing.gl.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        self._rich.draw(rows, **covers)
        drawing.gl.disable(moderngl.BLEND)

    def _raised(self, drawing: Drawing, row: FloatArray, tile: int, covers: dict[str, Any]) -> None:
        """A song that plays, or is on its way back, from its large cover."""
        large = drawing.atlas.large
        if (slot := drawing.atlas.large_slot(tile)) >= 0:
            row[:, 4:8] = large.rectangles(np.array([slot]), row[:, 3] * drawing.size_px[1])
            covers = _covers(large, drawing)
        self._sleeves(drawing, row, covers)

    def _shine(self, state: FrameState, drawing: Drawing, tiles: Tiles) -> None:
        focus = drawing.focus(state)
        energy = float(state.knobs["energy"])
        breath = (1.0 - state.audio.beat_phase) ** 2 * min(1.0, 2.0 * state.audio.level)
        rise = float(smooth((state.moment.time_s - state.started_s) / _LIFT_S))
        reach = float(tiles.half[focus]) * (3.4 + 0.5 * energy * breath)
        row = np.zeros((1, 8), np.float32)
        row[0, 0:2] = tiles.screen[focus] * [2.0 / drawing.aspect, 2.0]
        row[0, 2:4] = reach * 2.0 / drawing.aspect, reach * 2.0
        row[0, 4:7] = drawing.tints[focus]
        row[0, 7] = rise * (0.55 + 0.22 * energy * breath + 0.2 * energy * state.audio.level)
        drawing.gl.enable(moderngl.BLEND)
        drawing.gl.blend_func = moderngl.ONE, moderngl.ONE
        self._halo.draw(row)
        drawing.gl.disable(moderngl.BLEND)


def _covers(sheets: Sheets, drawing: Drawing) -> dict[str, Any]:
    return {
        "u_covers": sheets.texture,
        "u_covers_px": tuple(float(v) for v in sheets.size_px),
        "u_height_px": float(drawing.size_px[1]),
    }


def _ask(drawing: Drawing, tiles: Tiles, side_px: FloatArray) -> None:
    """Ask for the covers that are not there yet, largest first."""
    missing = (side_px >= DOT_PX) & ~drawing.atlas.loaded[tiles.order]
    near = side_px >= _NEAR_PX
    wanted, large = (tiles.order[some][np.argsort(-side_px[some], kind="stable")] for some in (missing, near))
    drawing.atlas.ask(wanted, large)


def _rows(drawing: Drawing, tiles: Tiles, side_px: FloatArray) -> FloatArray:
    """What the shaders are told of each tile of `order` (m, 12)."""
    atlas, rows = drawing.atlas, tiles.order
    out = np.empty((len(rows), 12), np.float32)
    out[:, 0:2] = tiles.screen[rows] * np.array([2.0 / drawing.aspect, 2.0], np.float32)
    half = np.maximum(tiles.half[rows], 0.6 / drawing.size_px[1])
    out[:, 2] = half * (2.0 / drawing.aspect)
    out[:, 3] = half * 2.0
    out[:, 4:8] = atlas.far.rectangles(rows, side_px)
    near = (side_px >= RICH_PX) & (atlas.near_slot[rows] >= 0)
    out[near, 4:8] = atlas.near.rectangles(atlas.near_slot[rows[near]], side_px[near])
    out[~near & (~atlas.loaded[rows] | (side_px < DOT_PX)), 7] = -1.0
    out[:, 8:11] = drawing.tints[rows]
    out[:, 11] = tiles.light[rows]
    return out
