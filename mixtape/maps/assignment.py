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

from mixtape.maps.pricing import (
    Board,
    Cells,
    Places,
    around,
    far_moves,
    floor_and_wishes,
    level_prices,
    settled_prices,
)

TILE = 64
"""Side of the square of cells that is searched at once; time grows with the square of its area."""

TILED_CELLS = 10_000
"""Boards of more cells are searched in tiles."""

PROVEN = 1e-9
"""Cells whose cost is within this share of a proven floor are the cheapest, but for rounding."""

ENOUGH = 1e-4
"""A round that saves no more than this share of the cost is the last."""

_NONE = np.zeros(0, np.int64)


def guess_name() -> str:
    """Where a large grid's first guess comes from: "shufflesnap", or "bisection" where that is not installed."""
    return "shufflesnap" if importlib.util.find_spec("shufflesnap") else "bisection"


def set_board(points: Places, board: Board, cell: Cells) -> Board:
    """The board with point i in cell[i]."""
    place, filled = np.zeros_like(board.centre), np.zeros(len(board.centre), np.bool_)
    place[cell], filled[cell] = points, True
    return dataclasses.replace(board, place=place, filled=filled)


def exact(points: Places, board: Board) -> Cells:
    """The cheapest cells (n,) of all, by looking at every pair (Jonker and Volgenant): for small boards."""
    from lap import lapjv

    cells = np.flatnonzero(board.usable)
    cost = ((points[:, None, :] - board.centre[cells][None, :, :]) ** 2).sum(axis=2)
    _, found, _ = lapjv(cost, extend_cost=True)
    return np.asarray(cells[found[: len(points)]], np.int64)


def proven(points: Places, board: Board, cell: Cells, *, rounds: int = 12) -> tuple[Cells, float]:
    """The cells after searching until nothing is cheaper, and the gap to the floor that is proven, a share of the cost.

    Between rounds every content is also offered the cells it would like best at the present prices, however far they are.
    """
    of, to, gap = _NONE, _NONE, np.inf
    for _ in range(rounds):
        before = set_board(points, board, cell)
        price = level_prices(before)
        cell = _search(before, price, *_moves(before, price, of, to))[cell]
        gap, wish, standing = _gap(set_board(points, board, cell), of, to)
        if gap <= PROVEN:
            break
        of, to = np.concatenate([of, np.repeat(standing, wish.shape[1])]), np.concatenate([to, wish.ravel()])
    return cell, gap


def gap_of(points: Places, board: Board, cell: Cells) -> float:
    """How far, as a share of the cost, the cells can at most be from the cheapest; 0 when they are proven cheapest."""
    return _gap(set_board(points, board, cell), _NONE, _NONE)[0]


def _gap(board: Board, of: Cells, to: Cells) -> tuple[float, Cells, Cells]:
    cost, level = board.total(), level_prices(board)
    moves = _moves(board, level, of, to)
    best, wish, standing = -np.inf, _NONE, _NONE
    # Where something is still cheaper, settling never ends and makes prices worse in the end: fewer sweeps may prove more.
    for sweeps in (400, 30, 10, 0):
        floor, wanted, where = floor_and_wishes(board, settled_prices(board, level, *moves, sweeps=sweeps))
        if floor > best:
            best, wish, standing = floor, wanted, where
        if cost - best <= 1e-4 * cost:
            break
    return max(0.0, (cost - best) / cost) if cost > 0.0 else 0.0, wish, standing


def improved(points: Places, board: Board, cell: Cells, *, rounds: int) -> Cells:
    """The cells after up to so many rounds of searching, fewer when one saves too little to go on for."""
    # Tiles cost seconds a round, and two rounds are enough: the guess is better, the larger the board.
    rounds = min(rounds, 2) if len(board.centre) > TILED_CELLS else rounds
    cost = set_board(points, board, cell).total()
    for number in range(rounds):
        before = set_board(points, board, cell)
        price, goes = level_prices(before), np.arange(len(board.centre))
        for tile in _tiles(board.high, board.wide, number):
            piece = _piece(before, tile)
            worth = price[tile.ravel()]
            goes[tile.ravel()] = tile.ravel()[_search(piece, worth, *_moves(piece, worth, _NONE, _NONE))]
        cell = goes[cell]
        was, cost = cost, set_board(points, board, cell).total()
        if was - cost <= ENOUGH * cost:
            break
    return cell


def _tiles(high: int, wide: int, number: int) -> Iterator[Cells]:
    index = np.arange(high * wide).reshape(high, wide)
    if high * wide <= TILED_CELLS:
        yield index
        return
    shift = (number % 2) * TILE // 2
    down, across = ([0, *range(TILE - shift, size - TILE // 2, TILE), size] for size in (high, wide))
    for (top, bottom), (left, right) in itertools.product(itertools.pairwise(down), itertools.pairwise(across)):
        yield index[top:bottom, left:right]


def _piece(board: Board, tile: Cells) -> Board:
    cells = tile.ravel()
    return Board(*tile.shape, *(part[cells] for part in (board.centre, board.usable, board.filled, board.place)))


def _moves(board: Board, price: Places, of: Cells, to: Cells) -> tuple[Cells, Cells]:
    """Which contents may go to which cells, in rising order: the near ones, to stay, far ones, and `of` -> `to` besides."""
    near = around(board.high, board.wide)
    m, k = near.shape
    start, end = np.repeat(np.arange(m), k), near.ravel().astype(np.int64)
    if not board.usable.all():
        allowed = (board.usable[start] & board.usable[end]) | (start == end)
        start, end = start[allowed], end[allowed]
    away, there = far_moves(board, price)
    if len(of) or len(away):
        key = np.unique(np.concatenate([start * m + end, of * m + to, away * m + there]))
        start, end = np.divmod(key, m)
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
