"""What the cells of a grid are worth: the dual side of setting points on it.

An assignment is cheapest exactly when cells can be given prices such that every point sits in the cell whose cost less price is
least for it, and free cells have the highest price. Prices therefore do two things here. Subtracted from the costs before the
search, even rough ones turn a long search into a short one. And any prices v prove a floor under all assignments:
sum_i min_j (c_ij - v_j) + sum_j v_j - (free cells) max_j v_j <= cost. (Kantorovich's duality, with squared distances.)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.float64]
Cells = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

REACH = 2
"""A point may move so many cells each way in one search, if nothing else is said: 25 cells to choose from."""


@dataclass(frozen=True, slots=True, eq=False)
class Board:
    """A piece of a grid and what stands on it: `high` x `wide` cells, their `centre` (m, 2), which are `usable` (m,), which
    are `filled` (m,), and the place (m, 2) of the point in each filled cell."""

    high: int
    wide: int
    centre: Places
    usable: Flags
    filled: Flags
    place: Places

    def costs(self, of: Cells, to: Cells) -> Places:
        """What it costs to put the contents of cells `of` into cells `to`; nothing for an empty cell's."""
        apart = self.place[of] - self.centre[to]
        return np.asarray(np.einsum("...k,...k->...", apart, apart) * self.filled[of])

    def total(self) -> float:
        """The cost of everything where it stands."""
        every = np.arange(len(self.filled))
        return float(self.costs(every, every).sum())


@lru_cache(maxsize=16)
def around(high: int, wide: int, reach: int = REACH) -> npt.NDArray[np.int32]:
    """The cells up to `reach` away from each cell (high * wide, k), itself among them, in rising order; k is alike for all."""
    rows, cols = (_run(size, reach) for size in (high, wide))
    both = rows[:, None, :, None] * wide + cols[None, :, None, :]
    return np.ascontiguousarray(both.reshape(high * wide, -1), np.int32)


def _run(size: int, reach: int) -> npt.NDArray[np.int64]:
    length = min(size, 2 * reach + 1)
    return np.clip(np.arange(size) - reach, 0, size - length)[:, None] + np.arange(length)


def level_prices(board: Board) -> Places:
    """Prices (m,) by which neighbouring contents are as little tempted to change places as can be.

    For neighbours a, b the difference v_b - v_a must lie between what b's content saves there and what a's would lose; the
    middle is asked for, and all the differences are met in the sense of least squares (Poisson's equation on the grid).
    """
    a, b, weight = next_to(board)
    asked = 0.5 * (board.costs(a, b) - board.costs(a, a) + board.costs(b, b) - board.costs(b, a))
    # All free cells have one price; prices count from it, so that they need not be asked for.
    return _differences_met(a, b, asked, weight, sought=~(board.usable & ~board.filled))


def next_to(board: Board) -> tuple[Cells, Cells, Places]:
    """Pairs a, b of usable cells with no usable one between them in their row or column, and a weight: 1 / cells apart^2."""
    index = np.arange(len(board.usable)).reshape(board.high, board.wide)
    pairs = []
    for lines, step in ((index, 1), (index.T, board.wide)):
        cells = lines[board.usable[lines]]
        line = cells // board.wide if step == 1 else cells % board.wide
        follows = line[1:] == line[:-1]
        a, b = cells[:-1][follows], cells[1:][follows]
        pairs.append((a, b, (step / (b - a)) ** 2))
    a, b, weight = (np.concatenate(part) for part in zip(*pairs, strict=True))
    return a, b, weight


def _differences_met(a: Cells, b: Cells, asked: Places, weight: Places, *, sought: Flags) -> Places:
    """The v (m,), 0 where not `sought`, with v_b - v_a as near to `asked` as can be: the weighted squares left over are least."""
    from scipy.sparse import coo_array
    from scipy.sparse.linalg import splu

    m, price = len(sought), np.zeros(len(sought))
    pull = np.bincount(b, weight * asked, m) - np.bincount(a, weight * asked, m)
    # The small weight on the diagonal holds pieces that nothing joins to the rest.
    total = np.bincount(a, weight, m) + np.bincount(b, weight, m) + 1e-6
    number, both = np.cumsum(sought) - 1, sought[a] & sought[b]
    a, b, weight, every = number[a[both]], number[b[both]], weight[both], np.arange(int(sought.sum()))
    entries, places = np.concatenate([total[sought], -weight, -weight]), (np.append(every, [a, b]), np.append(every, [b, a]))
    laplacian = coo_array((entries, places), shape=(len(every), len(every))).tocsc()
    solver = splu(laplacian, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    price[sought] = solver.solve(pull[sought])
    return price


def settled_prices(board: Board, price: Places, of: Cells, to: Cells, *, sweeps: int) -> Places:
    """Prices lowered until no content is tempted along the moves `of` -> `to`, or for so many sweeps (Bellman and Ford)."""
    order = np.argsort(to, kind="stable")
    of, to = of[order], to[order]
    every = np.arange(len(board.filled))
    step = board.costs(of, to) - board.costs(every, every)[of]
    starts = np.flatnonzero(np.diff(to, prepend=-1))
    heads, free = to[starts], np.flatnonzero(board.usable & ~board.filled)
    price = price.copy()
    for _ in range(sweeps):
        lower = price.copy()
        lower[heads] = np.minimum(price[heads], np.minimum.reduceat(price[of] + step, starts))
        if len(free):
            np.minimum(lower, lower[free].min(), out=lower)
        if np.array_equal(lower, price):
            break
        price = lower
    return price


def far_moves(board: Board, price: Places, *, peaks: int = 32) -> tuple[Cells, Cells]:
    """Moves `of` -> `to` that cost an empty cell nothing: into each other's places, and to where points have least room.

    A point that leaves a crowd for a free cell far away does so by a chain of short moves; somewhere in it the free cell must
    come from where it was to where it is needed. Doubling steps through the free cells, and the peaks of the price, allow it.
    """
    over, beyond, weight = next_to(board)
    over, beyond = over[weight < 1.0], beyond[weight < 1.0]
    free = np.flatnonzero(board.usable & ~board.filled)
    if len(free) == 0:
        return np.concatenate([over, beyond]), np.concatenate([beyond, over])
    near = around(board.high, board.wide)
    peak = board.filled & (price >= np.where(board.usable, price, -np.inf)[near].max(axis=1)) & (price > price[free[0]])
    tops = np.flatnonzero(peak)
    tops = tops[np.argsort(-price[tops], kind="stable")[:peaks]]
    steps = [1 << k for k in range((len(free) - 1).bit_length())]
    leaps = [np.roll(free, sign * step) for step in steps for sign in (1, -1)]
    of = np.concatenate([over, beyond, np.tile(free, len(leaps)), np.repeat(free, len(tops))])
    return of, np.concatenate([beyond, over, *leaps, np.tile(tops, len(free))])


def floor_of(board: Board, price: Places) -> float:
    """The cost that no assignment can go below, by these prices.

    |p - c|^2 - v is a squared distance in three dimensions when each cell is raised by sqrt(max v - v): a k-d tree finds the
    least of all cells without looking at all of them.
    """
    from scipy.spatial import cKDTree

    cells, standing = np.flatnonzero(board.usable), np.flatnonzero(board.filled)
    value = price[cells]
    top = float(value.max())
    tree = cKDTree(np.column_stack([board.centre[cells], np.sqrt(top - value)]), balanced_tree=False)
    far, _ = tree.query(np.column_stack([board.place[standing], np.zeros(len(standing))]))
    return float((far**2 - top).sum() + value.sum() - (len(cells) - len(standing)) * top)
