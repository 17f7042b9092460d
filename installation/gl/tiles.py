"""The songs' tiles: the same ones on the map, in the grid and in flight between the two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import moderngl
import numpy as np
import numpy.typing as npt

from installation.camera import View
from installation.chart import lines_of, page_of
from installation.director import FLY
from installation.forming import formed, forming_at
from installation.gl.atlas import Sheets
from installation.gl.drawing import Drawing
from installation.gl.dust import DOT_PX, DUST_FROM, dusted
from installation.gl.targets import Quads
from installation.lit import Lit
from installation.places import flown, smooth
from installation.pulses import recent_pulses
from installation.state import FrameState
from mixtape.types import FloatArray, IntArray

RICH_PX = 22
"""From this side on a tile has a shadow, an edge and smooth borders; smaller ones are plain."""

TINY_PX = 6.0
"""Below this side a tile's cover is read texel by texel."""

_THREADED = 8
"""The thread of light knows no more of the past."""

_MOST = 20_000
"""As many tiles are drawn in a frame."""

_NEAR_PX = 40
_LIFT_S = 1.6
_SOUND_SPEED = 0.42
_LIT_HALF = 0.021
"""Half the side of the tile of a song that fits a search best, in picture heights, where it would be smaller."""

_LIT_LEAST = 0.02
_STEP_BACK = 0.70
_LAYOUT = {"a_place": 4, "a_slot": 4, "a_tint": 4}


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Where a scene puts the tiles: screen (n, 2) and half (n,) in picture heights (half 0: not there), shade (n,) 0..1.

    `unit` is how large a unit of the world is on the screen, which is what sound travels in. `room` 0..1 is how far the others
    step aside for a raised tile, `lift` how far raised tiles rise at all. `dusty` leaves out what the scene's dust stands for.
    """

    screen: FloatArray
    half: FloatArray
    shade: FloatArray
    unit: float
    room: float
    lift: float = 1.0
    dusty: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Tiles:
    """Where the tiles are in this frame: screen (n, 2) and half (n,) in picture heights.

    `order` (m,) holds the rows in sight, farthest first, the playing song last; `light` (m,) how brightly each of those is lit.
    """

    screen: FloatArray
    half: FloatArray
    order: IntArray
    light: FloatArray


Layout = Callable[[FrameState, Drawing], Placed]


def on_map(state: FrameState, drawing: Drawing) -> Placed:
    """The tiles on the land. Of many songs those that are out of sight, or no more than dust, are not there at all."""
    view, places = drawing.over_map(state), drawing.places(state)
    dusty = len(places.map_xy) > DUST_FROM and dusted(state, drawing) >= 1.0
    if not dusty or flies(state):
        screen, scale = view.project(places.map_xy)
        half = places.map_half * scale
    else:
        rows = _told_apart(state, drawing, view)
        screen, half = np.zeros((len(places.map_xy), 2), np.float32), np.zeros(len(places.map_xy), np.float32)
        scale = half.copy()
        screen[rows], scale[rows] = view.project(places.map_xy[rows])
        half[rows] = places.map_half[rows] * scale[rows]
    depth = np.minimum(scale / np.float32(max(view.zoom, 1e-6)), np.float32(1.2))
    return Placed(screen, half, 0.55 + 0.45 * depth, unit=view.zoom, room=1.0, dusty=dusty)


def _told_apart(state: FrameState, drawing: Drawing, view: View) -> npt.NDArray[np.intp]:
    """Rows of the songs that may be seen as tiles, and of those the thread runs through."""
    xy, largest = drawing.places(state).map_xy, float(drawing.places(state).map_half.max())
    left, bottom, right, top = view.in_sight(half=largest, least=0.5 * DOT_PX / drawing.size_px[1])
    seen = (xy[:, 0] > left) & (xy[:, 0] < right) if right > left else np.zeros(len(xy), bool)
    rows = np.flatnonzero(seen)
    rows = rows[(xy[rows, 1] > bottom) & (xy[rows, 1] < top)]
    own = [drawing.world.row[track_id] for track_id in (*state.history[-_THREADED:], *state.next_ids)]
    return np.union1d(rows, [*own, *_lit_rows(drawing)])


def in_grid(state: FrameState, drawing: Drawing) -> Placed:
    """The tiles side by side."""
    view, places = drawing.before_grid(state), drawing.places(state)
    half = np.full(len(places.cell_xy), places.cell_half * view.zoom, np.float32)
    shade = np.full(len(half), 1.12, np.float32)
    return Placed(places.cell_xy * np.float32(view.zoom), half, shade, unit=view.zoom, room=0.0, dusty=True)


def in_chart(state: FrameState, drawing: Drawing) -> Placed:
    """The tiles of the chart's songs at their lines; all others are not there."""
    page = page_of(drawing.aspect)
    screen = in_grid(state, drawing).screen.copy()
    half, shade = np.zeros(len(screen), np.float32), np.full(len(screen), 0.3, np.float32)
    for line in lines_of(state, page):
        row = drawing.world.row[line.track_id]
        screen[row], half[row], shade[row] = (line.x, line.y), line.half, 1.5 * line.there
    return Placed(screen, half, shade, unit=4.0, room=0.0, lift=0.0)


def in_formation(state: FrameState, drawing: Drawing) -> Placed:
    """The tiles where t-SNE had them, on their way to the map."""
    share = formed(state.stood_s("forming"), float(state.knobs["scene_s"]))
    places, view, forming = drawing.places(state), drawing.over_all(state), drawing.world.forming
    xy = places.map_xy if forming is None else forming_at(forming, places, share)
    screen, scale = view.project(xy)
    depth = np.minimum(scale / np.float32(max(view.zoom, 1e-6)), np.float32(1.2))
    half = places.map_half * scale * np.float32(0.55 + 0.45 * smooth(share))
    landed = float(smooth((share - 0.8) / 0.2))
    return Placed(
        screen, half, 0.55 + 0.45 * depth, unit=view.zoom, room=landed, lift=(0.25 + 0.75 * landed) * min(view.zoom, 1.0)
    )


LAYOUTS: dict[str, Layout] = {"map": on_map, "grid": in_grid, "chart": in_chart, "forming": in_formation}
"""Where each scene of `installation.director.TILED` puts the tiles."""


def flies(state: FrameState) -> bool:
    """Whether the tiles of this frame are on their way: see `flying`."""
    return state.scene_mix < 1.0 and state.change == FLY and state.scene != state.from_scene


def tiles_of(state: FrameState, drawing: Drawing, scene: str) -> Tiles:
    """Set the tiles of a scene; a function of the state alone, so that a click finds what is drawn."""
    return _set(state, drawing, LAYOUTS[scene](state, drawing))


def tiles_seen(state: FrameState, drawing: Drawing) -> Tiles:
    """The tiles as they are seen in this frame, in a scene that has them or on their way to one."""
    return flying(state, drawing) if flies(state) else tiles_of(state, drawing, state.scene)


def flying(state: FrameState, drawing: Drawing) -> Tiles:
    """Set the tiles on their way from one scene to another."""
    begin, end, share = state.way
    before, after = (LAYOUTS[scene](state, drawing) for scene in (begin, end))
    return _set(state, drawing, _on_the_way(before, after, share=share, focus=drawing.focus(state)))


def _set(state: FrameState, drawing: Drawing, placed: Placed) -> Tiles:
    focus = drawing.focus(state)
    half, risen = _lifted(state, drawing, placed)
    screen = _made_room(state, drawing, placed, half)
    rows = _in_sight(state, drawing, placed, screen, half)
    light, pulse = _light(state, drawing, placed, rows)
    half[rows] *= 1.0 + np.float32(0.07) * pulse
    # The playing song's tile lies over all others, and while it settles so does that of the one before.
    front = screen[rows, 1] - 4.0 * (half[rows] > 1.5 * (np.mean(half[rows]) if len(rows) else 1.0))
    if drawing.lit is not None:
        front -= 4.0 * drawing.lit.songs[rows]
    front[np.isin(rows, risen)] = -8.0
    front[rows == focus] = -9.0
    order = np.argsort(-front, kind="stable")
    return Tiles(screen, half, rows[order].astype(np.int32), light[order])


def _in_sight(state: FrameState, drawing: Drawing, placed: Placed, screen: FloatArray, half: FloatArray) -> npt.NDArray[np.intp]:
    """Rows of the tiles to draw: those in the picture, without the many that are too small to be more than dust."""
    least = np.float32(0.0)
    if len(half) > DUST_FROM:
        least = np.float32(0.5 * DOT_PX / drawing.size_px[1]) if placed.dusty else least
    reach = np.float32(1.3) * half
    seen = (half > least) & (np.abs(screen[:, 0]) - reach < 0.5 * drawing.aspect) & (np.abs(screen[:, 1]) - reach < 0.5)
    own = [*_rises(state, drawing), *_lit_rows(drawing).tolist()]
    for tile in own:
        inside = abs(screen[tile, 0]) < 0.5 * drawing.aspect + reach[tile] and abs(screen[tile, 1]) < 0.5 + reach[tile]
        seen[tile] = half[tile] > 0.0 and inside
    rows = np.flatnonzero(seen)
    if len(rows) > _MOST:
        # On their way these are more than an eye can follow: every so many stand for all.
        rows = np.union1d(rows[:: -(-len(rows) // _MOST)], [tile for tile in own if seen[tile]])
    return rows


def _on_the_way(before: Placed, after: Placed, *, share: float, focus: int) -> Placed:
    xy, half = flown((before.screen, before.half), (after.screen, after.half), share=share, focus=focus)
    p = np.float32(smooth(share))

    def mix(a: Any, b: Any) -> Any:
        return a + (b - a) * p

    return Placed(
        xy,
        half,
        mix(before.shade, after.shade),
        unit=mix(before.unit, after.unit),
        room=mix(before.room, after.room),
        lift=mix(before.lift, after.lift),
    )


def _raised(state: FrameState, drawing: Drawing) -> list[int]:
    """Rows of the tiles that lie over all others: the playing song's and, while it settles, that of the one before."""
    settles = state.moment.time_s - state.started_s < _LIFT_S
    return [drawing.world.row[track_id] for track_id in state.history[-2 if settles else -1 :]]


def _rises(state: FrameState, drawing: Drawing) -> dict[int, tuple[float, float]]:
    """How far 0..1 each of a few tiles is raised and lit: the playing one, the one before, those to come."""
    rise = float(smooth((state.moment.time_s - state.started_s) / _LIFT_S))
    row = drawing.world.row
    rises = {row[track_id]: (0.12 * 0.6, 0.35) for track_id in state.next_ids}
    if len(state.history) > 1:
        rises[row[state.history[-2]]] = ((1.0 - rise) * (1.0 if 1.0 - rise >= 0.9 else 0.6), 1.0 - rise)
    rises[row[state.track_id]] = (rise, rise)
    return rises


def _lifted(state: FrameState, drawing: Drawing, placed: Placed) -> tuple[FloatArray, list[int]]:
    """Half the side (n,) of each tile once the playing one has risen and the one before settles; and which lie on top."""
    half = placed.half.astype(np.float32, copy=True)
    beat = float(state.knobs["energy"]) * 0.035 * (1.0 - state.audio.beat_phase) ** 2 * min(1.0, 2.0 * state.audio.level)
    for tile, (grow, _) in _rises(state, drawing).items():
        # Where a tile fills the picture anyway, as in a collection of two, it has no room to rise.
        high = max(min(max(1.7 * half[tile], 0.052), 0.30), half[tile]) * (1.0 + beat)
        if half[tile] > 0.0:
            half[tile] += (high - half[tile]) * grow * placed.lift
    if drawing.lit is not None:
        shine = drawing.lit.songs
        there = half > 0.0
        half[there] = np.maximum(half * (1.0 + 0.35 * shine), _LIT_HALF * shine)[there]
    return half, _raised(state, drawing)


def _lit_rows(drawing: Drawing) -> npt.NDArray[np.intp]:
    """Rows of the songs that a search lights: those are tiles however small they would be."""
    return np.flatnonzero(drawing.lit.songs > _LIT_LEAST) if drawing.lit is not None else np.zeros(0, np.intp)


def _light(state: FrameState, drawing: Drawing, placed: Placed, rows: npt.NDArray[Any]) -> tuple[FloatArray, FloatArray]:
    """How brightly tiles `rows` (m,) are lit, and how hard the last onsets hit them: both run outwards from the playing one."""
    focus = drawing.focus(state)
    away = np.hypot(*(placed.screen[rows] - placed.screen[focus]).T) / np.float32(max(placed.unit, 1e-6))
    energy = np.float32(state.knobs["energy"])
    pulse = energy * recent_pulses(state, drawing.world, away / _SOUND_SPEED) * np.exp(-2.2 * away)
    lit = (0.66 + 0.28 * np.exp(-3.0 * away) + 0.20 * pulse) * placed.shade[rows]
    for tile, (_, shine) in _rises(state, drawing).items():
        at = int(np.searchsorted(rows, tile))
        if at < len(rows) and rows[at] == tile:
            lit[at] += (1.06 - lit[at]) * shine
    if drawing.lit is not None:
        lit = _searched(drawing.lit, rows, lit, focus)
    return lit.astype(np.float32), pulse.astype(np.float32)


def _searched(lit: Lit, rows: npt.NDArray[Any], light: FloatArray, focus: int) -> FloatArray:
    """The light (m,) of tiles `rows` while a search is open: what fits is lit, the rest steps back, the playing one least."""
    fits = np.minimum(1.6 * lit.songs[rows], 1.0)
    back = _STEP_BACK * lit.dim * np.where(rows == focus, 0.35, 1.0)
    return np.asarray(light + fits * np.maximum(1.12 - light, 0.0) - (1.0 - fits) * back * light, np.float32)


def _made_room(state: FrameState, drawing: Drawing, placed: Placed, half: FloatArray) -> FloatArray:
    """The tiles (n, 2) once those around a risen tile have stepped aside, and the playing one back into the picture.

    A tile at distance r (a norm with corners, p = 6, since sleeves are square) of one that grew by g over its half side h goes
    to sqrt(r^2 + c^2 exp(-(r / reach)^2)) with c^2 = 4 h g + g^2: what touched it before touches it again, what is far stays.
    """
    screen, row = placed.screen.copy(), drawing.world.row
    there = np.flatnonzero(placed.half > 0.0)
    for track_id in state.history[-2:]:
        risen = row[track_id]
        h, grown = float(placed.half[risen]), float(half[risen] - placed.half[risen]) * placed.room
        reach = 3.0 * (h + float(half[risen]))
        if grown <= 0.0:
            continue
        near = there[np.abs(screen[there, 0] - screen[risen, 0]) < 2.5 * reach]
        near = near[(np.abs(screen[near, 1] - screen[risen, 1]) < 2.5 * reach) & (near != risen)]
        if not len(near):
            continue
        away = screen[near] - screen[risen]
        square = away * away
        r = np.maximum(np.cbrt(np.sqrt((square * square * square).sum(axis=1))), np.float32(1e-6))
        further = np.sqrt(r**2 + np.float32(4.0 * h * grown + grown**2) * np.exp(-((r / np.float32(reach)) ** 2)))
        screen[near] = screen[risen] + away * (further / r)[:, None]
    focus = row[state.track_id]
    border = np.maximum(np.array([0.5 * drawing.aspect, 0.5]) - 1.12 * half[focus], 0.0)
    inside = np.clip(screen[focus], -border, border)
    screen[focus] += ((inside - screen[focus]) * (1.0 - placed.room)).astype(np.float32)
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

    def draw(
        self, state: FrameState, drawing: Drawing, tiles: Tiles, *, between: Callable[[], None] | None = None, halo: float = 1.0
    ) -> None:
        """Ask for the covers in sight and draw every tile, small ones first; `between` draws before the playing one, whose
        `halo` may be weaker."""
        side_px = 2.0 * tiles.half[tiles.order] * drawing.size_px[1]
        _ask(drawing, tiles, side_px)
        rich = (side_px >= RICH_PX) | _at_border(drawing, tiles)
        raised = np.isin(tiles.order, _raised(state, drawing))
        rows = _rows(drawing, tiles, side_px)
        tiny = ~rich & (side_px < TINY_PX)
        covers = _covers(drawing.atlas.far, drawing)
        if drawing.lit is not None:
            self._glow(drawing, tiles, drawing.lit)
        self._tiny.draw(rows[tiny & ~raised], **covers)
        self._plain.draw(rows[~rich & ~tiny & ~raised], **covers)
        self._sleeves(drawing, rows[rich & ~raised], covers)
        if between is not None:
            between()
        self._shine(state, drawing, tiles, halo)
        for tile in np.flatnonzero(raised):
            self._from_large(drawing, rows[tile : tile + 1], int(tiles.order[tile]), covers)

    def _glow(self, drawing: Drawing, tiles: Tiles, lit: Lit) -> None:
        """A light behind each song that fits a search, in its own colour."""
        shine = lit.songs[tiles.order]
        glowing = tiles.order[shine > _LIT_LEAST]
        rows = np.zeros((len(glowing), 8), np.float32)
        rows[:, 0:2] = tiles.screen[glowing] * [2.0 / drawing.aspect, 2.0]
        rows[:, 2:4] = tiles.half[glowing, None] * 3.6 * np.array([2.0 / drawing.aspect, 2.0])
        rows[:, 4:7] = drawing.tints[glowing]
        rows[:, 7] = 0.9 * shine[shine > _LIT_LEAST]
        drawing.gl.enable(moderngl.BLEND)
        drawing.gl.blend_func = moderngl.ONE, moderngl.ONE
        self._halo.draw(rows)
        drawing.gl.disable(moderngl.BLEND)

    def _sleeves(self, drawing: Drawing, rows: FloatArray, covers: dict[str, Any]) -> None:
        drawing.gl.enable(moderngl.BLEND)
        drawing.gl.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        self._rich.draw(rows, **covers)
        drawing.gl.disable(moderngl.BLEND)

    def _from_large(self, drawing: Drawing, row: FloatArray, tile: int, covers: dict[str, Any]) -> None:
        """A song that plays, or is on its way back, from its large cover."""
        large = drawing.atlas.large
        if (slot := drawing.atlas.large_slot(tile)) >= 0:
            row[:, 4:8] = large.rectangles(np.array([slot]), row[:, 3] * drawing.size_px[1])
            covers = _covers(large, drawing)
        self._sleeves(drawing, row, covers)

    def _shine(self, state: FrameState, drawing: Drawing, tiles: Tiles, halo: float) -> None:
        focus = drawing.focus(state)
        energy = float(state.knobs["energy"])
        breath = (1.0 - state.audio.beat_phase) ** 2 * min(1.0, 2.0 * state.audio.level)
        rise = float(smooth((state.moment.time_s - state.started_s) / _LIFT_S))
        reach = float(tiles.half[focus]) * (3.4 + 0.5 * energy * breath)
        row = np.zeros((1, 8), np.float32)
        row[0, 0:2] = tiles.screen[focus] * [2.0 / drawing.aspect, 2.0]
        row[0, 2:4] = reach * 2.0 / drawing.aspect, reach * 2.0
        row[0, 4:7] = drawing.tints[focus]
        row[0, 7] = halo * rise * (0.55 + 0.22 * energy * breath + 0.2 * energy * state.audio.level)
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
    """Ask for the covers in sight, largest first, so that those that are not there yet come."""
    wanted, large = side_px >= DOT_PX, side_px >= _NEAR_PX
    if (drawing.atlas.far_slot[tiles.order[wanted]] >= 0).all() and not large.any():
        # In the order they are drawn: nothing has to come before anything else.
        drawing.atlas.ask(tiles.order[wanted], tiles.order[:0])
        return
    drawing.atlas.ask(*(tiles.order[some][np.argsort(-side_px[some], kind="stable")] for some in (wanted, large)))


def _rows(drawing: Drawing, tiles: Tiles, side_px: FloatArray) -> FloatArray:
    """What the shaders are told of each tile of `order` (m, 12)."""
    atlas, rows = drawing.atlas, tiles.order
    out = np.empty((len(rows), 12), np.float32)
    out[:, 0:2] = tiles.screen[rows] * np.array([2.0 / drawing.aspect, 2.0], np.float32)
    half = np.maximum(tiles.half[rows], 0.6 / drawing.size_px[1])
    out[:, 2] = half * (2.0 / drawing.aspect)
    out[:, 3] = half * 2.0
    out[:, 4:8] = atlas.far.rectangles(atlas.far_slot[rows], side_px)
    near = (side_px >= RICH_PX) & (atlas.near_slot[rows] >= 0)
    out[near, 4:8] = atlas.near.rectangles(atlas.near_slot[rows[near]], side_px[near])
    out[~near & ((atlas.far_slot[rows] < 0) | (side_px < DOT_PX)), 7] = -1.0
    out[:, 8:11] = drawing.tints[rows]
    out[:, 11] = tiles.light
    return out
