"""Where every song's tile is: its place on the map, its cell of the grid, and how tiles fly from place to place.

One set of numbers for drawing, for culling and for finding the song under a click, so that these can never disagree.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from installation.camera import SQUASH, STRETCH
from mixtape.types import FloatArray, Grid, IntArray, SongMap

STAGGER = 0.5
"""The last tile sets out when the first has come half-way."""

_ROUNDS = 24


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Tiles of n songs in world units: map_xy (n, 2), map_half (n,) half the tile's side, cell_xy (n, 2), cell_half."""

    map_xy: FloatArray
    map_half: FloatArray
    cell_xy: FloatArray
    cell_half: float
    rows: int
    cols: int

    def turned(self) -> Places:
        """The same with the grid turned for an upright picture: its left column is the top row."""
        across = self.cols / self.rows
        return replace(
            self,
            cell_xy=(np.stack([-self.cell_xy[:, 1], -self.cell_xy[:, 0]], axis=1) / across).astype(np.float32),
            cell_half=self.cell_half / across,
            rows=self.cols,
            cols=self.rows,
        )


def on_map(xy: tuple[float, float]) -> tuple[float, float]:
    """A place of a `SongMap` (unit square) in world units, as it is before tiles make room for each other."""
    return (xy[0] - 0.5) * STRETCH, xy[1] - 0.5


def of_map(x: float, y: float) -> tuple[float, float]:
    """A place in world units as one of the unit square, where it lies on the map."""
    return min(max(x / STRETCH + 0.5, 0.0), 1.0), min(max(y + 0.5, 0.0), 1.0)


def flown(
    before: tuple[FloatArray, FloatArray], after: tuple[FloatArray, FloatArray], *, share: float, focus: int
) -> tuple[FloatArray, FloatArray]:
    """Places (n, 2) and half sides (n,) of tiles `share` 0..1 of the way from `before` to `after`, each a pair of the same.

    The tile `focus` sets out first and the others the later the farther from it they are; all take a curve to their right, and
    come nearer on the way. At 0 and 1 they are exactly where they were and where they belong.
    """
    if share <= 0.0 or share >= 1.0:
        return before if share <= 0.0 else after
    (xy, half), (to_xy, to_half) = before, after
    p = smooth(share * (1.0 + STAGGER) - lateness(xy, focus)[0]).astype(np.float32)
    rise = np.sin(np.float32(np.pi) * p)
    return curved(xy, to_xy, p), ((half + (to_half - half) * p) * (1.0 + 0.2 * rise)).astype(np.float32)


def lateness(xy: FloatArray, focus: int) -> tuple[FloatArray, float]:
    """How late (n,) 0..`STAGGER` each tile of xy (n, 2) sets out, the tile `focus` first; and how far from it tiles are latest.

    What lies far outside the picture is late, but not so late that all others stand waiting for it.
    """
    away = np.hypot(*(xy - xy[focus]).T)
    reach = max(min(float(away.max()), 1.2), 1e-6)
    return (STAGGER * np.minimum(away / reach, 1.0)).astype(np.float32), reach


def curved(xy: FloatArray, to_xy: FloatArray, p: FloatArray) -> FloatArray:
    """Places (n, 2) of tiles that have come `p` (n,) 0..1 of the way from `xy` to `to_xy`, all in a curve to their right."""
    path = to_xy - xy
    across = np.stack([-path[:, 1], path[:, 0]], axis=1)
    at = xy + path * p[:, None] + across * (np.float32(0.16) * np.sin(np.float32(np.pi) * p))[:, None]
    return np.asarray(at, np.float32)


def smooth(x: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Ease in and out: 6x^5 - 15x^4 + 10x^3 on 0..1, level at both ends."""
    t = np.clip(np.asarray(x, np.float64), 0.0, 1.0)
    return t * t * t * (t * (6.0 * t - 15.0) + 10.0)


@lru_cache(maxsize=4)
def places_of(song_map: SongMap, grid: Grid) -> Places:
    """Set the tiles of a map and its grid; remembered for the last few collections."""
    xy = (song_map.xy.astype(np.float64) - 0.5) * [STRETCH, 1.0]
    half = _sizes(xy)
    return Places(
        map_xy=_settle(xy, half).astype(np.float32),
        map_half=half.astype(np.float32),
        cell_xy=_cells(grid.cell, grid.rows, grid.cols),
        cell_half=0.46 / grid.rows,
        rows=grid.rows,
        cols=grid.cols,
    )


def _cells(cell: IntArray, rows: int, cols: int) -> FloatArray:
    row, col = np.divmod(cell, cols)
    return np.stack([(col + 0.5 - cols / 2) / rows, (rows / 2 - 0.5 - row) / rows], axis=1).astype(np.float32)


def _sizes(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Half the side of each tile: what its neighbourhood has room for, within a range that keeps the picture even."""
    from scipy.spatial import cKDTree

    n = len(xy)
    typical = 0.36 * (STRETCH / max(n, 12)) ** 0.5
    if n < 3:
        return np.full(n, typical)
    k = min(6, n)
    room = cKDTree(xy).query(xy, k=k)[0][:, 1:].mean(axis=1)
    return np.clip(0.40 * room, 0.55 * typical, 0.95 * typical)


def _settle(xy: npt.NDArray[np.float64], half: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Push tiles apart that cover each other, a little each round, so that a dense place reads as many sleeves side by side."""
    from scipy.spatial import cKDTree

    at = xy + np.stack([np.sin(np.arange(len(xy))), np.cos(np.arange(len(xy)))], axis=1) * 1e-6
    for _ in range(_ROUNDS if len(xy) > 2000 else 4 * _ROUNDS):
        pairs = cKDTree(at).query_pairs(3.2 * float(half.max()), output_type="ndarray")
        if not len(pairs):
            break
        a, b = pairs[:, 0], pairs[:, 1]
        gap = (at[b] - at[a]) * [1.0, 1.0 - SQUASH]
        # Sleeves are square: a norm with corners (p = 6) keeps their edges apart without pushing diagonal neighbours away.
        dist = np.maximum(np.power(np.power(gap, 6).sum(axis=1), 1 / 6), 1e-9)
        need = 1.10 * (half[a] + half[b]) - dist
        close = need > 0
        push = gap[close] / np.linalg.norm(gap[close], axis=1, keepdims=True) * (0.30 * need[close])[:, None]
        np.subtract.at(at, a[close], push)
        np.add.at(at, b[close], push)
    return at
