"""The true one among 32: exact, instead of by drawing 31 others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln

LINE_UP = 32
"""Songs among which the judge must find the right one."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranks:
    """For each picture (m,): the chance that its true song comes first among `LINE_UP`, that chance by guessing, and the share
    of all other songs that lie farther than the true one (by guessing 0.5). NaN where there is no other song to compare with."""

    first: npt.NDArray[np.float64]
    guess: npt.NDArray[np.float64]
    farther: npt.NDArray[np.float64]


def others(conditions: npt.NDArray[np.floating], groups: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """Which songs (m, 32) may stand beside the true one of row i: (m, m). Those of other groups that sound different, each
    song once however many rows carry it."""
    _, first, name = np.unique(conditions, axis=0, return_index=True, return_inverse=True)
    once = np.zeros(len(conditions), bool)
    once[first] = True
    name = name.reshape(-1)
    return np.asarray((groups[:, None] != groups[None]) & (name[:, None] != name[None]) & once[None])


def ranks(close: npt.NDArray[np.floating], beside: npt.NDArray[np.bool_], *, of: int = LINE_UP) -> Ranks:
    """Rank the true songs, which stand on the diagonal of the closeness (m, m), among those `beside` them (m, m).

    With N others of which b are closer and t as close, and k = min(of - 1, N) of them drawn at random, the true song comes
    first with chance sum_j C(t, j) C(N - b - t, k - j) / C(N, k) / (1 + j): a tie of j + 1 songs is shared among them.
    """
    true = close.diagonal()[:, None]
    count = beside.sum(axis=1)
    better, tied = ((close > true) & beside).sum(axis=1), ((close == true) & beside).sum(axis=1)
    drawn = np.minimum(of - 1, count)
    first = np.zeros(len(close))
    for j in range(int(min(tied.max(initial=0), of - 1)) + 1):
        ways = _log_choose(tied, j) + _log_choose(count - better - tied, drawn - j) - _log_choose(count, drawn)
        first += np.exp(ways) / (1 + j)
    alone = count == 0
    farther = (count - better - 0.5 * tied) / np.maximum(count, 1)
    return Ranks(
        first=np.where(alone, np.nan, first),
        guess=np.where(alone, np.nan, 1 / (1 + drawn)),
        farther=np.where(alone, np.nan, farther),
    )


def clustered_error(values: npt.NDArray[np.float64], groups: npt.NDArray[np.integer]) -> float:
    """Standard error of the mean of values (m,) when those of a group go together: sqrt(sum over groups of squared sums of
    deviations) / m, times G / (G - 1) under the root for G groups. NaN for fewer than 2 groups."""
    names, number = np.unique(groups, return_inverse=True)
    if len(names) < 2:
        return float("nan")
    sums = np.bincount(number, weights=values - values.mean())
    return float(np.sqrt(np.square(sums).sum() * len(names) / (len(names) - 1)) / len(values))


def _log_choose(n: npt.NDArray[np.integer], k: npt.NDArray[np.integer] | int) -> npt.NDArray[np.float64]:
    """log C(n, k); minus infinity where k is not within 0..n."""
    k = np.broadcast_to(np.asarray(k), n.shape)
    possible = (k >= 0) & (k <= n)
    n, k = np.where(possible, n, 0), np.where(possible, k, 0)
    return np.where(possible, gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1), -np.inf)
