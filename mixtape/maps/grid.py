"""Points set on a regular grid: every point its own cell, all of them together moved as little as possible.

The cloud is stretched so that its bounding box fills a box of height 1 and width `aspect`, and the centre of cell (row, col)
lies at x = aspect (col + 1/2) / cols, y = 1 - (row + 1/2) / rows: row 0 is at the top, as on a screen, while y of a map points
up. The cost of an assignment is the sum of squared distances from point to centre in that box.

All grids begin with ShuffleSnap's guess, or recursive bisection where that is not installed. Grids of up to `EXACT_CELLS` cells
are then made the cheapest there are, by looking at every pair; larger ones are searched, every point among the cells around it,
until a round no longer saves anything worth having (`mixtape.maps.assignment`).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from mixtape.errors import ShapeError
from mixtape.maps.assignment import bisected, exact, gap_of, guess_name, improved, shuffled
from mixtape.maps.pricing import Board, Cells, Flags, Places
from mixtape.types import Grid, SongMap

EXACT_CELLS = 1100
"""Grids of up to so many cells are solved exactly."""

HOLDS = (1.0, 4.0, 16.0, 64.0)
"""How strongly songs are held where they were; the first that keeps enough of them in place is taken."""

KEPT_SHARE = 0.95
"""When a grid follows a previous one, this share of the songs in both is to move by one cell or less."""


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
    """Which solver a grid of so many cells gets: "exact", or a search from "shufflesnap" or "bisection"."""
    return "exact" if cells <= EXACT_CELLS else guess_name()


def assign_grid(
    xy: npt.ArrayLike,
    *,
    rows: int,
    cols: int,
    ids: Sequence[str] = (),
    aspect: float = 1.0,
    blocked: npt.ArrayLike | None = None,
    previous: Grid | None = None,
) -> Grid:
    """Give every point its own cell of a rows x cols grid, so that the sum of squared distances is least.

    `xy` is (n, 2), y up; only its shape counts, not where it lies or how large it is. `ids`, when given, are the names of the
    points. `aspect` is the width over height of the whole grid as it will be seen: cols / rows for square cells. `blocked`
    (rows, cols) is true where a cell may not be used. With a `previous` grid, points it knows by id stay near their cells:
    as far as it can be had, `KEPT_SHARE` of them move by one cell or less; `cost` still is that of the places in `xy`. The
    cells that were blocked in a previous grid of the same shape are so again, unless `blocked` is given.
    ShapeError when there are more points than usable cells, when a number is NaN or infinite, or when shapes do not fit.
    """
    points = _checked(xy, rows, cols, ids, aspect)
    if blocked is None and previous is not None and (previous.rows, previous.cols) == (rows, cols):
        blocked = _mask(previous)
    board = _board(rows, cols, aspect, blocked)
    shut = np.flatnonzero(~board.usable).astype(np.int32)
    if len(points) > (room := int(board.usable.sum())):
        raise ShapeError(_too_many(len(points), rows, cols, room))
    if len(points) == 0:
        return Grid(tuple(ids), rows, cols, np.zeros(0, np.int32), 0.0, shut)
    place = _in_box(points, aspect)
    cell = _solved(place, board) if previous is None else _following(place, board, ids, previous)
    cost = float(((place - board.centre[cell]) ** 2).sum())
    return Grid(tuple(ids), rows, cols, cell.astype(np.int32), cost, shut)


def map_grid(
    song_map: SongMap,
    *,
    ids: Collection[str] | None = None,
    aspect: float = 16 / 9,
    shape: tuple[int, int] | None = None,
    previous: Grid | None = None,
) -> Grid:
    """A grid of square cells of a map, or of a part of it: the songs of a mixtape, of a region.

    The songs keep the map's order; `shape` (rows, cols) is `grid_shape` of as many as there are unless it is given.
    ShapeError when an id is not on the map, and as in `assign_grid`.
    """
    wanted = set(song_map.ids if ids is None else ids)
    if strange := sorted(wanted - set(song_map.ids)):
        raise ShapeError(f"{len(strange)} of {len(wanted)} songs are not on map '{song_map.name}', such as {strange[0]}")
    chosen = [row for row, song in enumerate(song_map.ids) if song in wanted]
    rows, cols = shape or grid_shape(len(chosen), aspect=aspect)
    names = [song_map.ids[row] for row in chosen]
    return assign_grid(song_map.xy[chosen], rows=rows, cols=cols, ids=names, aspect=cols / rows, previous=previous)


def grid_gap(xy: npt.ArrayLike, grid: Grid, *, aspect: float = 1.0) -> float:
    """How much cheaper another grid of these points could at most be, as a share of this one's cost; 0.0 when proven cheapest.

    A certificate: it needs no exact solver, only prices (see `mixtape.maps.pricing`), and may be larger than the truth.
    ShapeError as in `assign_grid`, or when `grid` holds another number of points.
    """
    points = _checked(xy, grid.rows, grid.cols, grid.ids, aspect)
    if len(points) != len(grid.cell):
        raise ShapeError(f"a grid of {len(grid.cell)} points for {len(points)} points")
    board = _board(grid.rows, grid.cols, aspect, _mask(grid))
    return gap_of(_in_box(points, aspect), board, grid.cell.astype(np.int64)) if len(points) else 0.0


def _solved(place: Places, board: Board) -> Cells:
    guess = (shuffled if guess_name() == "shufflesnap" else bisected)(place, board)
    return (exact if grid_solver(len(board.centre)) == "exact" else improved)(place, board, guess)


def _following(place: Places, board: Board, ids: Sequence[str], previous: Grid) -> Cells:
    """The cells (n,) when points that `previous` knows are drawn to where they were.

    |p - c|^2 + h |o - c|^2, o being the old centre, is (1 + h) |c - (p + h o) / (1 + h)|^2 and something that does not depend
    on c: a grid of points between place and old cell.
    """
    row_of = {name: row for row, name in enumerate(previous.ids)}
    known = np.array([row for row, name in enumerate(ids) if name in row_of], np.int64)
    if len(known) == 0:
        return _solved(place, board)
    was = previous.cell[[row_of[ids[row]] for row in known]]
    old_row, old_col = np.divmod(was, previous.cols)
    width = board.centre[0, 0] * 2.0 * board.wide
    old = np.column_stack([width * (old_col + 0.5) / previous.cols, 1.0 - (old_row + 0.5) / previous.rows])
    cell = np.zeros(len(place), np.int64)
    for hold in HOLDS:
        target = place.copy()
        target[known] = (place[known] + hold * old) / (1.0 + hold)
        cell = _solved(target, board)
        row, col = np.divmod(cell[known], board.wide)
        moved = np.maximum(abs(row - old_row), abs(col - old_col))
        if (moved <= 1).mean() >= KEPT_SHARE:
            break
    return cell


def _board(rows: int, cols: int, aspect: float, blocked: npt.ArrayLike | None) -> Board:
    usable: Flags = np.ones(rows * cols, np.bool_)
    if blocked is not None:
        shut = np.asarray(blocked, np.bool_)
        if shut.shape != (rows, cols):
            raise ShapeError(f"blocked cells of shape {shut.shape} for a grid of {rows} x {cols}; the two must be alike")
        usable = ~shut.ravel()
    centre = cell_centres(rows, cols) * [aspect, 1.0]
    return Board(rows, cols, centre, usable, np.zeros(rows * cols, np.bool_), np.zeros_like(centre))


def _mask(grid: Grid) -> Flags:
    shut = np.zeros(grid.rows * grid.cols, np.bool_)
    shut[grid.blocked] = True
    return shut.reshape(grid.rows, grid.cols)


def _too_many(n: int, rows: int, cols: int, room: int) -> str:
    if room < rows * cols:
        return (
            f"{n} points for the {room} cells of {rows} x {cols} that are not blocked; leave more cells free or take fewer points"
        )
    fit = "{} x {}".format(*grid_shape(n, aspect=cols / rows))
    return f"{n} points for {rows} x {cols} = {rows * cols} cells; {fit} would hold them"


def cell_centres(rows: int, cols: int) -> Places:
    """Where the cells lie in the unit square, y up: (rows * cols, 2), row after row from the top, each from left to right."""
    row, col = np.divmod(np.arange(rows * cols), cols)
    return np.stack([(col + 0.5) / cols, 1.0 - (row + 0.5) / rows], axis=1)


def _checked(xy: npt.ArrayLike, rows: int, cols: int, ids: Sequence[str], aspect: float) -> Places:
    points = np.asarray(xy, dtype=np.float64)
    if points.size == 0:
        points = points.reshape(0, 2)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ShapeError(f"points of shape {points.shape}: (n, 2) is needed, a position x, y for each")
    if rows < 1 or cols < 1:
        raise ShapeError(f"a grid of {rows} x {cols} cells: at least 1 x 1 is needed")
    if not 0.0 < aspect < math.inf:
        raise ShapeError(f"a grid of aspect {aspect:g}: its width over its height must be above 0")
    if ids and len(ids) != len(points):
        raise ShapeError(f"{len(ids)} ids for {len(points)} points; one id per point is needed, or none")
    if broken := int((~np.isfinite(points)).any(axis=1).sum()):
        raise ShapeError(f"{broken} of {len(points)} points are NaN or infinite; leave them out or make the map again")
    return points


def _in_box(points: Places, aspect: float) -> Places:
    low, span = points.min(axis=0), np.ptp(points, axis=0)
    flat = span <= 0.0
    return np.where(flat, 0.5, (points - low) / np.where(flat, 1.0, span)) * [aspect, 1.0]
