"""In which order a mixtape plays: every step short, the artist gap kept.

What a recipe chose by nearness to the seed is not played in that order, which jumps from one side of the seed to the other; a DJ
would go from song to song. So the list starts at the seed, always goes on to the nearest song the rules allow, and is then
untangled by 2-opt: turn a stretch around wherever that shortens the way (Croes 1958), until it does nowhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

import numpy as np
import numpy.typing as npt

from mixtape.playlists.rules import can_follow, keeps_gap

__all__ = ["keeps_gap", "nearest_first", "smooth", "untangled", "way_length"]

_Table = npt.NDArray[np.float64]


def smooth(distances: _Table, artists: Sequence[Hashable], *, gap: int) -> list[int]:
    """An order of the m songs of `distances` (m, m), the first staying first, with short steps and the artist gap kept.

    The gap must be possible (`can_follow`); the length of the way never gets longer than that of always going to the nearest.
    """
    if len(distances) == 0:
        return []
    return untangled(nearest_first(distances, artists, gap=gap), distances, artists, gap=gap)


def nearest_first(distances: _Table, artists: Sequence[Hashable], *, gap: int) -> list[int]:
    """From the first song always on to the nearest whose artist may play now and after which the rest can still be played."""
    order, waiting = [0], set(range(1, len(distances)))
    left = Counter(artists[song] for song in waiting)
    while waiting:
        barred = {artists[song] for song in order[-gap:]} if gap else set()
        for song in sorted(waiting, key=lambda each: (distances[order[-1], each], each)):
            if artists[song] in barred:
                continue
            after = left - Counter([artists[song]])
            if gap == 0 or can_follow(after, [artists[each] for each in [*order, song][-max(gap, 1) :]], gap):
                order.append(song)
                waiting.discard(song)
                left = after
                break
        else:
            raise AssertionError(f"an artist gap of {gap} is not possible here")
    return order


def untangled(order: Sequence[int], distances: _Table, artists: Sequence[Hashable], *, gap: int) -> list[int]:
    """2-opt on an open way with a fixed start: always the turn that shortens most among those that keep the gap."""
    best = list(order)
    while True:
        gains = _turn_gains(best, distances)
        for first, last in zip(*np.unravel_index(np.argsort(-gains, axis=None, kind="stable"), gains.shape), strict=True):
            if gains[first, last] <= 1e-9:
                return best
            turned = best[:first] + best[first : last + 1][::-1] + best[last + 1 :]
            if keeps_gap([artists[song] for song in turned], gap):
                best = turned
                break
        else:
            return best


def way_length(order: Sequence[int], distances: _Table) -> float:
    """The sum of all steps."""
    return float(distances[list(order[:-1]), list(order[1:])].sum())


def _turn_gains(order: Sequence[int], distances: _Table) -> _Table:
    """How much shorter the way gets by turning the stretch from place i to place j around: (m, m), 0 where there is none."""
    line = distances[np.ix_(order, order)]
    m = len(order)
    step_in = np.concatenate([[0.0], np.diagonal(line, 1)])
    step_out = np.concatenate([np.diagonal(line, 1), [0.0]])
    to_last = np.vstack([np.zeros((1, m)), line[:-1]])
    from_first = np.hstack([line[:, 1:], np.zeros((m, 1))])
    gains = step_in[:, None] + step_out[None, :] - to_last - from_first
    gains[0] = 0.0
    return np.triu(gains, 1)
