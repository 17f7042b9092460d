"""A list with a shape: each place wants something of its own, and each step should be short. Found by filling and exchanging.

A recipe says how ill any song suits a place (`fit`) and how ill two songs follow each other (`step`). Places are filled from the
first to the last (beam search: a few lists side by side, of which the cheapest stay); then each is looked at again, with those
before and after it known, until nothing gets better. Rules are costs too, far above all others and in the order in which they
give way, so that a list is always found, and breaks a rule only where every song would.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mixtape.playlists.collection import Collection
from mixtape.playlists.recipe import Request
from mixtape.playlists.rules import PASSED, Keys, drawn

_Vector = npt.NDArray[np.float64]
_Rows = npt.NDArray[np.int64]

POOL = 320
"""About so many songs are considered for a list, more for a long one."""

_CAP, _GAP, _WINDOW, _TWICE, _TAKEN = 1e2, 1e3, 1e5, 1e6, 1e9
_ROUNDS = 6
_WIDE = 10


@dataclass(frozen=True)
class Wish:
    """What a recipe wants of a list of `many` songs.

    `fit(place)` gives (n,), how ill each song of the collection suits a place; `step(rows)` gives (p, p), how ill the second
    follows the first; `fixed` says which row stands at a place, the seed at 0; `lookback` weighs the steps from the song before,
    the one before that, and so on.
    """

    many: int
    fit: Callable[[int], _Vector]
    step: Callable[[_Rows], _Vector]
    fixed: Mapping[int, int]
    lookback: tuple[float, ...] = (1.0,)


def line(wish: Wish, request: Request, collection: Collection) -> list[int]:
    """The rows of the list, as many as wished for and there are."""
    many = min(wish.many, len(collection.ids))
    fixed = {place: row for place, row in wish.fixed.items() if place < many}
    fits = [wish.fit(place) for place in range(many)]
    rows = _pool(fits, list(fixed.values()), many)
    fit = np.stack([each[rows] for each in fits]) + _chance(len(rows), request)
    board = _Board(rows, fit, wish.step(rows), Keys.of(rows.tolist(), request, collection), request, wish.lookback)
    index = {int(row): k for k, row in enumerate(rows)}
    return [int(rows[k]) for k in board.filled(many, {place: index[row] for place, row in fixed.items()})]


def _pool(fits: Sequence[_Vector], named: Sequence[int], many: int) -> _Rows:
    """The rows that suit some place best, about as many from each place."""
    n = len(fits[0])
    wanted = min(n, max(POOL, 2 * many))
    each = -(-wanted // many)
    while True:
        best = {int(row) for fit in fits for row in np.argpartition(fit, min(each, n) - 1)[:each]} | set(named)
        if len(best) >= wanted:
            return np.array(sorted(best), np.int64)
        each *= 2


def _chance(songs: int, request: Request) -> _Vector:
    """What the request's chance adds to the costs of each song (p,)."""
    chance = drawn(request)
    noise = request.adventurous * chance.random(songs)
    return np.asarray(noise + (chance.random(songs) < PASSED) if request.variation else noise, np.float64)


class _Board:
    """The places of one list, and what it costs to put each song of the pool there."""

    def __init__(
        self, rows: _Rows, fit: _Vector, step: _Vector, keys: Keys, request: Request, lookback: tuple[float, ...]
    ) -> None:
        self._fit, self._step, self._request = fit, step, request
        self._back = np.array(lookback) / sum(lookback)
        listed = rows.tolist()
        self._artist, self._album, self._recording = (
            _codes(by[row] for row in listed) for by in (keys.artist, keys.album, keys.recording)
        )
        self._window = np.array([0.0 if keys.fits[row] else _WINDOW for row in listed])

    def filled(self, many: int, fixed: Mapping[int, int]) -> list[int]:
        """Indexes into the pool for every place."""
        free = [place for place in range(many) if place not in fixed]
        order = self._begun([fixed.get(place, -1) for place in range(many)], free)
        for _ in range(_ROUNDS):
            changed = False
            for place in free:
                here, order[place] = order[place], -1
                costs = self._costs(order, place)
                best = int(np.argmin(costs))
                order[place] = best if costs[best] < costs[here] - 1e-9 else here
                changed |= order[place] != here
            if not (self._swapped(order, free) or changed):
                break
        return order

    def _begun(self, order: list[int], free: Sequence[int]) -> list[int]:
        """Places filled from the first to the last, several lists going on side by side, of which the cheapest stay."""
        width = _WIDE if len(order) <= _SWAPPED_UP_TO else 1
        lists = [(0.0, order)]
        for place in free:
            longer = []
            for spent, begun in lists:
                costs = self._costs(begun, place)
                for song in np.argsort(costs, kind="stable")[:width].tolist():
                    longer.append((spent + float(costs[song]), [*begun[:place], song, *begun[place + 1 :]]))
            lists = sorted(longer)[:width]
        return lists[0][1]

    def _costs(self, order: Sequence[int], place: int) -> _Vector:
        """What each song costs at an empty place."""
        costs = self._fit[place] + self._window
        others = [k for k in order if k >= 0]
        costs = costs + _CAP * self._over(others) + _TWICE * np.isin(self._recording, self._recording[others])
        for back, weight in enumerate(self._back, start=1):
            before, after = order[place - back] if place >= back else -1, order[place + back] if place + back < len(order) else -1
            costs += weight * self._step[before] if before >= 0 else 0.0
            costs += weight * self._step[:, after] if after >= 0 else 0.0
        gap = self._request.artist_gap
        for other in range(max(0, place - gap), min(len(order), place + gap + 1)):
            if order[other] >= 0:
                costs += _GAP * (gap + 1 - abs(other - place)) * (self._artist == self._artist[order[other]])
        costs[others] += _TAKEN
        return costs

    def _over(self, others: Sequence[int]) -> npt.NDArray[np.bool_]:
        """Songs whose album has had its share."""
        cap = self._request.album_cap
        if not cap or not others:
            return np.zeros(len(self._album), bool)
        counts = np.bincount(self._album[list(others)], minlength=int(self._album.max()) + 1)
        return np.asarray(counts[self._album] >= cap)

    def _swapped(self, order: list[int], free: Sequence[int]) -> bool:
        """Exchange two songs of the list where that costs less; whether any was."""
        if len(order) > _SWAPPED_UP_TO:
            return False
        changed = False
        whole = self._whole(order)
        for k, one in enumerate(free):
            for two in free[k + 1 :]:
                order[one], order[two] = order[two], order[one]
                if (cost := self._whole(order)) < whole - 1e-9:
                    whole, changed = cost, True
                else:
                    order[one], order[two] = order[two], order[one]
        return changed

    def _whole(self, order: Sequence[int]) -> float:
        """What the order of a list costs; which songs it is of is left out."""
        at = np.array(order)
        cost = float(self._fit[np.arange(len(at)), at].sum())
        for back, weight in enumerate(self._back, start=1):
            cost += weight * float(self._step[at[:-back], at[back:]].sum())
        artist = self._artist[at]
        gap = self._request.artist_gap
        for apart in range(1, min(gap, len(at) - 1) + 1):
            cost += _GAP * (gap + 1 - apart) * int((artist[:-apart] == artist[apart:]).sum())
        return cost


_SWAPPED_UP_TO = 60


def _codes(keys: Iterable[Hashable]) -> _Rows:
    code: dict[Hashable, int] = {}
    return np.array([code.setdefault(key, len(code)) for key in keys], np.int64)
