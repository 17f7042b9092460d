"""Setting points on the cells of a grid at least cost: a first guess, and the search that makes it as cheap as it can be.

The search lets every content of a cell, a point or nothing, move to cells near by, all of them at once and at least cost: a
sparse assignment (`lap.lapmod`), which starts from the prices of `mixtape.maps.pricing` and therefore has little left to do.
Large boards are searched in tiles, whose seams lie elsewhere in the next round.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import itertools
from collections.abc import Iterator

import numpy as np

from mixtape.maps.pricing import REACH, Board, Cells, Places, around, far_moves, floor_of, level_prices, settled_prices

TILE = 48
"""Side of the square of cells that is searched at once; time grows with the square of its area."""

LARGE_TILE = 64
"""And when a search is to be thorough."""

TILED_CELLS = 10_000
"""Boards of more cells are searched in tiles when none of their cells is free."""

TILED_FREE_CELLS = 20_000
"""And otherwise boards of more cells than this: tiles keep free cells from going where they are needed."""

ROUNDS = 4
"""Rounds of search that a board gets at most; most stop after the first."""

ENOUGH = 5e-3
"""A round that saves no more than this share of the cost is the last: what it leaves is about a hundredth of what it saved."""

NEAREST = 1
"""How far a point may move in the search that only prepares prices."""

SETTLING = 30
"""Sweeps that prices settle for before every pair is looked at."""


def guess_name() -> str:
    """Where a large grid's first guess comes from: "shufflesnap", or "bisection" where that is not installed."""
    return "shufflesnap" if importlib.util.find_spec("shufflesnap") else "bisection"


def set_board(points: Places, board: Board, cell: Cells) -> Board:
    """The board with point i in cell[i]."""
    place, filled = np.zeros_like(board.centre), np.zeros(len(board.centre), np.bool_)
    place[cell], filled[cell] = points, True
    return dataclasses.replace(board, place=place, filled=filled)


def exact(points: Places, board: Board, guess: Cells) -> Cells:
    """The cheapest cells (n,) of all, by looking at every pair (SciPy's solver): for boards of a few thousand cells at most.

    Prices from the guess, once it has been searched, leave the solver little to do; the costs less prices of all pairs have the
    same cheapest assignment as the costs.
    """
    from scipy.optimize import linear_sum_assignment

    board = _searched(points, board, guess, NEAREST)
    price = level_prices(board)
    price = settled_prices(board, price, *_moves(board, price, NEAREST), sweeps=SETTLING)
    cells = np.flatnonzero(board.usable)
    # A row for each free cell, whose content is nothing: prices then count alike in every assignment.
    cost = np.tile(-price[cells], (len(cells), 1))
    for axis in (0, 1):
        cost[: len(points)] += (points[:, None, axis] - board.centre[cells, axis]) ** 2
    _, found = linear_sum_assignment(cost)
    return np.asarray(cells[found[: len(points)]], np.int64)


def gap_of(points: Places, board: Board, cell: Cells) -> float:
    """How far, as a share of the cost, the cells can at most be from the cheapest; 0 when they are proven cheapest.

    The prices come from the cells as a thorough search leaves them: a floor is one for every assignment, and prices of a better
    one prove more. A proof takes several times as long as the grid.
    """
    cost = set_board(points, board, cell).total()
    board = set_board(points, board, improved(points, board, cell, thorough=True))
    level, best = level_prices(board), 0.0
    moves = _moves(board, level, REACH)
    # Where something is still cheaper, settling never ends and makes prices worse in the end: fewer sweeps may prove more. So it
    # is at the seams of tiles, and a floor under many cells takes long.
    tries, near = ((30, 10, 0), 1e-3) if len(board.centre) > TILED_FREE_CELLS else ((400, 30, 10, 0), 1e-4)
    for sweeps in tries:
        best = max(best, floor_of(board, settled_prices(board, level, *moves, sweeps=sweeps)))
        if cost - best <= near * cost:
            break
    return max(0.0, (cost - best) / cost) if cost > 0.0 else 0.0


def improved(points: Places, board: Board, cell: Cells, *, thorough: bool = False) -> Cells:
    """The cells after rounds of searching, until one saves too little to go on for.

    Large boards are searched in tiles, in two rounds; a `thorough` search has fewer and larger ones and takes twice as long.
    """
    free = len(points) < board.usable.sum()
    tiled = len(board.centre) > (TILED_FREE_CELLS if free or thorough else TILED_CELLS)
    cost = set_board(points, board, cell).total()
    for number in range(2 if tiled else ROUNDS):
        before = set_board(points, board, cell)
        price, every = level_prices(before), np.arange(len(board.centre))
        goes = every.copy()
        side = (LARGE_TILE if thorough else TILE) if tiled else max(board.high, board.wide)
        for tile in _tiles(every.reshape(board.high, board.wide), side, shift=number % 2 * side // 2 if tiled else 0):
            piece, worth = _piece(before, tile), price[tile.ravel()]
            goes[tile.ravel()] = tile.ravel()[_search(piece, worth, *_moves(piece, worth, REACH))]
        cell = goes[cell]
        was, cost = cost, set_board(points, board, cell).total()
        if not tiled and was - cost <= ENOUGH * was:
            break
    return cell


def _tiles(index: Cells, side: int, *, shift: int) -> Iterator[Cells]:
    down, across = ([0, *range(side - shift, size - side // 2, side), size] for size in index.shape)
    for (top, bottom), (left, right) in itertools.product(itertools.pairwise(down), itertools.pairwise(across)):
        yield index[top:bottom, left:right]


def _piece(board: Board, tile: Cells) -> Board:
    cells = tile.ravel()
    return Board(*tile.shape, *(part[cells] for part in (board.centre, board.usable, board.filled, board.place)))


def _moves(board: Board, price: Places, reach: int) -> tuple[Cells, Cells]:
    """Which contents may go to which cells, in rising order: those up to `reach` away, to stay, and far ones."""
    near = around(board.high, board.wide, reach)
    m, k = near.shape
    start, end = np.repeat(np.arange(m), k), near.ravel().astype(np.int64)
    if not board.usable.all():
        allowed = (board.usable[start] & board.usable[end]) | (start == end)
        start, end = start[allowed], end[allowed]
    away, there = far_moves(board, price)
    if len(away):
        start, end = np.divmod(np.unique(np.concatenate([start * m + end, away * m + there])), m)
    return start, end


def _searched(points: Places, board: Board, cell: Cells, reach: int) -> Board:
    """The whole board after one search from `cell`."""
    before = set_board(points, board, cell)
    price = level_prices(before)
    return set_board(points, board, _search(before, price, *_moves(before, price, reach))[cell])


def _search(board: Board, price: Places, of: Cells, to: Cells) -> Cells:
    """Where each content (m,) goes when all may make the moves `of` -> `to`."""
    from lap import lapmod

    m = len(board.centre)
    cost = board.costs(of, to) - price[to]
    starts = np.searchsorted(of, np.arange(m + 1))
    cost -= np.repeat(np.minimum.reduceat(cost, starts[:-1]), np.diff(starts))
    goes, _ = lapmod(m, cost, starts.astype(np.int32), to.astype(np.int32), return_cost=False)
    return np.asarray(goes, np.int64)


def shuffled(points: Places, board: Board) -> Cells:
    """A good first guess (n,): ShuffleSnap's, for any board."""
    import shufflesnap

    cells = np.flatnonzero(board.usable)
    pitch = _pitch(board)
    low = board.centre.min(axis=0)
    # ShuffleSnap's centres begin at 0 and its rows go down; the pitch keeps distances those of the board.
    down = np.stack([points[:, 0] - low[0], board.centre[0, 1] - points[:, 1]], axis=1)
    lattice = shufflesnap.Grid(board.usable.reshape(board.high, board.wide), pitch)
    found = shufflesnap.assign(down, lattice, preset="fast", normalize="none", init="random", seed=0, threads=1)
    return np.asarray(cells[found.cell], np.int64)


def _pitch(board: Board) -> tuple[float, float]:
    centre = board.centre.reshape(board.high, board.wide, 2)
    across = float(centre[0, 1, 0] - centre[0, 0, 0]) if board.wide > 1 else 1.0
    down = float(centre[0, 0, 1] - centre[1, 0, 1]) if board.high > 1 else 1.0
    return across, down


def bisected(points: Places, board: Board) -> Cells:
    """A coarse first guess (n,) that needs nothing else: the cells halved again and again, and the points in proportion."""
    cell = np.zeros(len(points), np.int64)
    waiting = [(np.arange(len(points)), np.flatnonzero(board.usable))]
    while waiting:
        members, cells = waiting.pop()
        if len(members) == 0:
            continue
        if len(cells) == 1:
            cell[members] = cells
            continue
        axis = int(np.argmax(np.ptp(board.centre[cells], axis=0)))
        half = len(cells) // 2
        share = min(half, max(round(len(members) * half / len(cells)), len(members) - (len(cells) - half)))
        cells = cells[np.argsort(board.centre[cells, axis], kind="stable")]
        members = members[np.argsort(points[members, axis], kind="stable")]
        waiting += [(members[:share], cells[:half]), (members[share:], cells[half:])]
    return cell
