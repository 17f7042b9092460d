"""Setting points on the cells of a grid at least cost: a first guess, and the search that makes it as cheap as it can be.

The search lets every content of a cell, a point or nothing, move to cells near by, all of them at once and at least cost: a
sparse assignment (`lap.lapmod`), which starts from the prices of `mixtape.maps.pricing` and therefore has little left to do.
Large boards are searched in tiles, whose seams lie elsewhere in the next round.
"""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from mixtape.maps.pricing import REACH, Board, Cells, Places, around, far_moves, floor_of, level_prices, settled_prices

TILE = 48
"""Side of the square of cells that is searched at once; time grows with the square of its area."""

LARGE_TILE = 64
"""And when a search is to be thorough."""

TILED_CELLS = 10_000
"""Boards of more cells are searched in tiles, or by short moves only."""

WHOLE_CELLS = 20_000
"""Up to so many, those that have free cells are searched whole: tiles keep these from going where they are needed."""

ROUNDS = 4
"""Rounds of search that a board gets at most; most stop after the first."""

ENOUGH = 5e-3
"""A round over the whole board that saves no more than this share of the cost is the last: what it leaves is about a hundredth of
what it saved."""

ENOUGH_NEAREST = 3.3e-3
"""And when moves were short: these leave up to three tenths of what they saved."""

NEAREST = 1
"""How far a point may move in a search that is to be short, or only prepares prices."""

SETTLING = 30
"""Sweeps that prices settle for before every pair is looked at."""


def guess_name() -> str:
    """Where a large grid's first guess comes from: "shufflesnap", or "bisection" where that is not installed."""
    return "shufflesnap" if importlib.util.find_spec("shufflesnap") else "bisection"


def set_board(points: Places, board: Board, cell: Cells) -> Board:
    """The board with point i in cell[i]."""
    place, filled = np.zeros_like(board.centre), np.zeros(len(board.centre), np.bool_)
    place[cell], filled[cell] = points, True
    return replace(board, place=place, filled=filled)


def exact(points: Places, board: Board, guess: Cells) -> Cells:
    """The cheapest cells (n,) of all, by looking at every pair (SciPy's solver): for boards of a few thousand cells at most.

    Prices from the guess, once it has been searched, leave the solver little to do; the costs less prices of all pairs have the
    same cheapest assignment as the costs.
    """
    from scipy.optimize import linear_sum_assignment

    nearest = _Round(max(board.high, board.wide), reach=NEAREST)
    board = set_board(points, board, _after(points, board, guess, nearest))
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
    tries, near = ((30, 10, 0), 1e-3) if len(board.centre) > WHOLE_CELLS else ((400, 30, 10, 0), 1e-4)
    for sweeps in tries:
        best = max(best, floor_of(board, settled_prices(board, level, *moves, sweeps=sweeps)))
        if cost - best <= near * cost:
            break
    return max(0.0, (cost - best) / cost) if cost > 0.0 else 0.0


def improved(points: Places, board: Board, cell: Cells, *, thorough: bool = False) -> Cells:
    """The cells after rounds of searching, as many as save enough to go on for.

    Large boards are searched in tiles, in two rounds, or whole, by short moves, where cells are free. A `thorough` search has
    larger tiles and one round more, and takes twice as long, or several times where cells are free.
    """
    rounds = _rounds(board, free=len(points) < board.usable.sum(), thorough=thorough)
    cost = set_board(points, board, cell).total()
    for each in rounds:
        cell = _after(points, board, cell, each)
        was, cost = cost, set_board(points, board, cell).total()
        enough = ENOUGH_NEAREST if each.reach == NEAREST else ENOUGH
        if each.side >= max(board.high, board.wide) and was - cost <= enough * was:
            break
    return cell


@dataclass(frozen=True, slots=True)
class _Round:
    """One search of a board: in tiles of `side` cells, the first cut off by `shift` (down, across), moves up to `reach` away."""

    side: int
    shift: tuple[int, int] = (0, 0)
    reach: int = REACH


def _rounds(board: Board, *, free: bool, thorough: bool) -> list[_Round]:
    cells, whole = len(board.centre), max(board.high, board.wide)
    if cells <= (WHOLE_CELLS if thorough else TILED_CELLS):
        return [_Round(whole)] * ROUNDS
    if thorough:
        # Seams of two rounds still cross, at the middles of sides: smaller tiles, in a third round, have all crossings inside.
        half, quarter = LARGE_TILE // 2, LARGE_TILE // 4
        return [_Round(LARGE_TILE, (0, half)), _Round(LARGE_TILE, (half, 0)), _Round(half, (quarter, quarter))]
    if free and cells <= WHOLE_CELLS:
        return [_Round(whole, reach=NEAREST)] * ROUNDS
    return [_Round(TILE), _Round(TILE, (TILE // 2, TILE // 2))]


def _after(points: Places, board: Board, cell: Cells, each: _Round) -> Cells:
    """The cells after one round from `cell`."""
    before = set_board(points, board, cell)
    price, every = level_prices(before), np.arange(len(board.centre))
    goes = every.copy()
    for tile in _tiles(every.reshape(board.high, board.wide), each.side, each.shift):
        piece, worth = _piece(before, tile), price[tile.ravel()]
        goes[tile.ravel()] = tile.ravel()[_search(piece, worth, *_moves(piece, worth, each.reach))]
    return goes[cell]


def _tiles(index: Cells, side: int, shift: tuple[int, int]) -> Iterator[Cells]:
    down, across = ([0, *range(side - less, size - side // 2, side), size] for size, less in zip(index.shape, shift, strict=True))
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
