"""Points set on a regular grid: every point its own cell, all of them together moved as little as possible.

The cloud is stretched so that its bounding box fills the unit square, and the centre of cell (row, col) lies at
x = (col + 1/2) / cols, y = 1 - (row + 1/2) / rows: row 0 is at the top, as on a screen, while y of a map points up. The cost of
an assignment is the sum of squared distances from point to centre in that square. Up to `EXACT_CELLS` cells the cheapest
assignment is found exactly (Jonker and Volgenant's algorithm, `lap`); above, ShuffleSnap comes within a fraction of a per cent
of it in a hundredth of the time; where that is not installed, recursive bisection gives an even, coarser grid.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mixtape.errors import ShapeError
from mixtape.types import Grid

EXACT_CELLS = 1100
"""Grids of up to so many cells are solved exactly."""

_Points = npt.NDArray[np.float64]


def grid_shape(n: int, *, aspect: float = 16 / 9) -> tuple[int, int]:
    """(rows, cols) of a small grid with room for n, as near to `aspect` (width over height, in cells) as its empty cells allow.

    ShapeError when n is negative or `aspect` is not above 0.
    """
    if n < 0 or not 0.0 < aspect < math.inf:
        raise ShapeError(f"a grid for {n} points at aspect {aspect:g}: n must be 0 or more and the aspect above 0")
    ideal = math.sqrt(max(n, 1) / aspect)
    options = {max(1, math.floor(ideal) + step) for step in range(-2, 4)}
    shapes = [(rows, max(1, math.ceil(n / rows))) for rows in sorted(options)]
    return min(shapes, key=lambda shape: _shape_fault(n, shape, aspect))


def _shape_fault(n: int, shape: tuple[int, int], aspect: float) -> float:
    rows, cols = shape
    return (rows * cols - n) / max(n, 1) + abs(math.log(cols / rows / aspect))


def grid_solver(cells: int) -> str:
    """Which solver a grid of so many cells gets: "lap" (exact), "shufflesnap" or "bisection"."""
    if cells <= EXACT_CELLS:
        return "lap"
    return "shufflesnap" if importlib.util.find_spec("shufflesnap") else "bisection"


def assign_grid(xy: npt.ArrayLike, *, rows: int, cols: int, ids: Sequence[str] = ()) -> Grid:
    """Give every point its own cell of a rows x cols grid, so that the sum of squared distances is least.

    `xy` is (n, 2), y up; only its shape counts, not where it lies or how large it is. `ids`, when given, are the names of the
    points. ShapeError when there are more points than cells, when a number is NaN or infinite, or when shapes do not fit.
    """
    points = _checked(xy, rows, cols, ids)
    if len(points) == 0:
        return Grid(tuple(ids), rows, cols, np.zeros(0, np.int32), 0.0)
    place, centres = _in_unit_box(points), cell_centres(rows, cols)
    cell = _SOLVERS[grid_solver(rows * cols)](place, rows, cols).astype(np.int32)
    return Grid(tuple(ids), rows, cols, cell, float(((place - centres[cell]) ** 2).sum()))


def cell_centres(rows: int, cols: int) -> _Points:
    """Where the cells lie in the unit square, y up: (rows * cols, 2), row after row from the top, each from left to right."""
    row, col = np.divmod(np.arange(rows * cols), cols)
    return np.stack([(col + 0.5) / cols, 1.0 - (row + 0.5) / rows], axis=1)


def _checked(xy: npt.ArrayLike, rows: int, cols: int, ids: Sequence[str]) -> _Points:
    points = np.asarray(xy, dtype=np.float64)
    if points.size == 0:
        points = points.reshape(0, 2)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ShapeError(f"points of shape {points.shape}: (n, 2) is needed, a position x, y for each")
    if rows < 1 or cols < 1:
        raise ShapeError(f"a grid of {rows} x {cols} cells: at least 1 x 1 is needed")
    if len(points) > rows * cols:
        fit = "{} x {}".format(*grid_shape(len(points), aspect=cols / rows))
        raise ShapeError(f"{len(points)} points for {rows} x {cols} = {rows * cols} cells; {fit} would hold them")
    if ids and len(ids) != len(points):
        raise ShapeError(f"{len(ids)} ids for {len(points)} points; one id per point is needed, or none")
    if broken := int((~np.isfinite(points)).any(axis=1).sum()):
        raise ShapeError(f"{broken} of {len(points)} points are NaN or infinite; leave them out or make the map again")
    return points


def _in_unit_box(points: _Points) -> _Points:
    low, span = points.min(axis=0), np.ptp(points, axis=0)
    flat = span <= 0.0
    return np.where(flat, 0.5, (points - low) / np.where(flat, 1.0, span))


def _exact(place: _Points, rows: int, cols: int) -> npt.NDArray[np.int64]:
    from lap import lapjv

    centres = cell_centres(rows, cols)
    cost = ((place[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)
    _, cell, _ = lapjv(cost, extend_cost=True)
    return np.asarray(cell[: len(place)], np.int64)


def _shuffled(place: _Points, rows: int, cols: int) -> npt.NDArray[np.int64]:
    import shufflesnap

    # ShuffleSnap's centres begin at 0 and its rows go down; the pitch keeps distances those of the unit square.
    down = np.stack([place[:, 0] - 0.5 / cols, 1.0 - place[:, 1] - 0.5 / rows], axis=1)
    lattice = shufflesnap.Grid.rectangle(cols, rows, pitch=(1.0 / cols, 1.0 / rows))
    found = shufflesnap.assign(down, lattice, preset="balanced", normalize="none", init="random", seed=0, threads=1)
    return np.asarray(found.cell, np.int64)


def _bisected(place: _Points, rows: int, cols: int) -> npt.NDArray[np.int64]:
    cell = np.zeros(len(place), np.int64)
    waiting = [(np.arange(len(place)), 0, 0, rows, cols)]
    while waiting:
        members, top, left, high, wide = waiting.pop()
        if len(members) == 0:
            continue
        if high * wide == 1:
            cell[members] = top * cols + left
            continue
        # Cut the side that is longer in the unit square, so that pieces stay compact.
        along_x = wide > 1 and (high == 1 or wide / cols >= high / rows)
        half = (wide if along_x else high) // 2
        first, rest = (half * high, (wide - half) * high) if along_x else (half * wide, (high - half) * wide)
        share = round(len(members) * first / (first + rest))
        share = min(first, max(share, len(members) - rest))
        key = place[members, 0] if along_x else -place[members, 1]
        members = members[np.argsort(key, kind="stable")]
        waiting.append((members[:share], top, left, *((high, half) if along_x else (half, wide))))
        rest_shape = (top, left + half, high, wide - half) if along_x else (top + half, left, high - half, wide)
        waiting.append((members[share:], *rest_shape))
    return cell


_SOLVERS = {"lap": _exact, "shufflesnap": _shuffled, "bisection": _bisected}
