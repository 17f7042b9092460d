"""The measures, as pure functions of a table of distances (n, n) and labels (n,): how good are the nearest songs?

Conventions. "Recommended" are the `K` nearest songs, the song itself left out. A share is from 0 to 1. Every measure comes with
its standard error, with what blind chance would give on the same collection, and with the best that its labels leave possible
(a song whose album has three other songs cannot get five). `value` is None where there is nobody to ask.

Standard errors count songs of an album as one witness, not many: they share a mastering and a drummer, so their hits come
together, and an error over songs taken as independent would be too small.

Precision at 5, the artist filter and the occurrence counts are those of MIREX audio music similarity; hubness as skewness of
5-occurrence: Radovanovic, Nanopoulos and Ivanovic, Hubs in space, JMLR 11, 2010.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mixtape.evaluate.labels import Labels
from mixtape.types import FloatArray

K = 5
"""Songs recommended."""

SURE = 2.0
"""Standard errors beyond which a difference is called one."""

Vector = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

_DRAWS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """One number of the table; `each` (n,) has it song by song, NaN where one cannot be asked, None where that means nothing."""

    value: float | None = None
    se: float | None = None
    chance: float | None = None
    best: float | None = None
    songs: int = 0
    each: Vector | None = None


def recommended(distances: FloatArray, *, k: int = K, forbidden: Flags | None = None) -> Rows:
    """The k nearest of each song that are not `forbidden` (n, n), nearest first: (n, k') rows, -1 where nobody is left."""
    from mixtape.similarity.nearest import nearest

    table = distances if forbidden is None else np.where(forbidden, np.float32(np.inf), distances)
    near = nearest(table, tuple(map(str, range(len(table)))), k=k)
    return np.where(np.isfinite(near.distance), near.index, -1).astype(np.int64)


def precision(rows: Rows, labels: Labels, *, forbidden: Flags | None = None, together: Labels | None = None) -> Measure:
    """The share of the recommended songs `rows` (n, k) that have the song's own label.

    Asked of songs with a label that at least one other allowed song has. Chance: the share of the allowed songs with it.
    """
    n = len(labels)
    allowed = ~np.eye(n, dtype=bool) if forbidden is None else ~(forbidden | np.eye(n, dtype=bool))
    same = allowed & (labels[:, None] == labels[None, :]) & (labels >= 0)[:, None]
    alike, others = same.sum(axis=1), allowed.sum(axis=1)
    given = (rows >= 0).sum(axis=1)
    hits = (np.take_along_axis(same, np.maximum(rows, 0), axis=1) & (rows >= 0)).sum(axis=1)
    asked = (alike > 0) & (given > 0)
    if not asked.any():
        return Measure()
    each = np.full(n, np.nan)
    each[asked] = hits[asked] / given[asked]
    return Measure(
        value=float(each[asked].mean()),
        se=standard_error(each, together),
        chance=float((alike[asked] / others[asked]).mean()),
        best=float((np.minimum(alike, given)[asked] / given[asked]).mean()),
        songs=int(asked.sum()),
        each=each,
    )


def self_match(distances: FloatArray, *, together: Labels | None = None) -> Measure:
    """How often half a song is nearest to its other half; rows i and i + m of `distances` (2m, 2m) are halves of one song."""
    m = len(distances) // 2
    if m == 0:
        return Measure()
    found = recommended(distances, k=1)[:, 0]
    hit = (found == np.roll(np.arange(2 * m), -m)).astype(np.float64)
    each = (hit[:m] + hit[m:]) / 2
    return Measure(float(each.mean()), standard_error(each, together), 1.0 / (2 * m - 1), 1.0, m, each)


def surely(each: Vector, se: float | None, *, together: Labels | None = None, over: float = 0.0) -> bool:
    """Whether the mean of `each`, NaN left out, is beyond two standard errors from `over`.

    Two, where there are many groups that stand or fall `together`; with few of them, as far as Student's t says is as rare:
    2.3 with ten groups, 4.5 with three, since the error itself is then hardly known.
    """
    from scipy.special import ndtr, stdtrit

    asked = ~np.isnan(each)
    if se is None or not asked.any():
        return False
    groups = np.arange(len(each)) if together is None else together
    count = len(np.unique(groups[asked]))
    known = (count if count > 1 else int(asked.sum())) - 1
    return abs(float(each[asked].mean()) - over) > max(float(stdtrit(known, ndtr(SURE))) * se, 1e-12)


def standard_error(each: Vector, together: Labels | None = None) -> float | None:
    """Standard error of the mean of `each`, NaN left out, by groups that stand or fall `together`; None for fewer than two.

    sqrt(g / (g - 1) * sum over groups of (sum of deviations)^2) / n, which is the plain one when every song is its own group.
    """
    asked = ~np.isnan(each)
    groups = np.arange(len(each)) if together is None else together
    if len(np.unique(groups[asked])) < 2:
        groups = np.arange(len(each))
    if asked.sum() < 2:
        return None
    deviations = each[asked] - each[asked].mean()
    number = np.unique(groups[asked], return_inverse=True)[1]
    sums = np.bincount(number, weights=deviations)
    return float(np.sqrt(len(sums) / (len(sums) - 1) * (sums**2).sum()) / asked.sum())


# Hubs --------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Hubs:
    """Who is recommended how often: skewness of the counts, the largest count, the share with none."""

    skew: Measure
    largest: Measure
    never: Measure


def hubs(rows: Rows) -> Hubs:
    """Hubness of the recommended songs `rows` (n, k). Chance: every song recommends k songs by lot, 200 times over."""
    n, k = rows.shape
    if n < 3:
        return Hubs(Measure(), Measure(), Measure())
    counts = np.bincount(rows[rows >= 0], minlength=n).astype(np.float64)
    chance = np.random.default_rng(1)
    lots = chance.binomial(n - 1, k / (n - 1), (_DRAWS, n)).astype(np.float64)
    drawn = [_skewness(counts[chance.integers(0, n, n)]) for _ in range(_DRAWS)]
    never = float((counts == 0).mean())
    return Hubs(
        Measure(_skewness(counts), float(np.std(drawn)), float(np.mean([_skewness(lot) for lot in lots])), 0.0, n),
        Measure(float(counts.max()), None, float(lots.max(axis=1).mean()), float(k), n),
        Measure(never, float(np.sqrt(never * (1 - never) / n)), float((lots == 0).mean()), 0.0, n, (counts == 0).astype(float)),
    )


def _skewness(counts: Vector) -> float:
    spread = counts.std()
    return float(((counts - counts.mean()) ** 3).mean() / spread**3) if spread > 0 else 0.0


# Playlists ---------------------------------------------------------------------------------------------------------------------


def playlists(distances: FloatArray, *, length: int, seeds: int) -> list[list[int]]:
    """From up to `seeds` songs drawn by lot: the song and its nearest, `length` in all, each in the order a mixtape plays."""
    from mixtape.playlists.order import smooth

    chosen = np.random.default_rng(1).permutation(len(distances))[:seeds]
    near = recommended(distances, k=length - 1)
    lists = []
    for seed in chosen:
        rows = np.array([seed, *near[seed]])
        order = smooth(distances[np.ix_(rows, rows)].astype(np.float64), rows.tolist(), gap=0)
        lists.append(rows[order].tolist())
    return lists


def smoothness(lists: Sequence[Sequence[int]], distances: FloatArray) -> Measure:
    """The mean step from song to song in `lists`, a random pair being 1: 0.5 is half as far as by chance. Smaller is smoother."""
    n = len(distances)
    if n < 3 or not lists:
        return Measure()
    pair = float(distances.sum(dtype=np.float64)) / (n * (n - 1))
    if pair <= 0:
        return Measure()
    steps = np.array([distances[list(each[:-1]), list(each[1:])].mean() for each in lists], np.float64) / pair
    return Measure(float(steps.mean()), standard_error(steps), 1.0, 0.0, len(lists), steps)


def step_rank(lists: Sequence[Sequence[int]], distances: FloatArray) -> Measure:
    """The share of all pairs of songs that lie nearer than the steps in `lists`; 0.5 by chance, smaller is smoother.

    Unlike `smoothness` it does not depend on how a space stretches near and far, so that spaces can be compared by it.
    """
    n = len(distances)
    if n < 3 or not lists:
        return Measure()
    pairs = np.sort(distances[np.triu_indices(n, 1)])
    steps = [distances[list(each[:-1]), list(each[1:])] for each in lists]
    ranks = [np.searchsorted(pairs, each, "left") + np.searchsorted(pairs, each, "right") for each in steps]
    each = np.array([rank.mean() / (2 * len(pairs)) for rank in ranks])
    return Measure(float(each.mean()), standard_error(each), 0.5, 0.0, len(lists), each)


def coverage(distances: FloatArray, *, length: int) -> Measure:
    """The share of songs that come up in a mixtape of `length` started from some other song. Chance: lists drawn by lot."""
    n = len(distances)
    if n < 2 or length < 2:
        return Measure()
    near = recommended(distances, k=length - 1)
    heard = np.bincount(near[near >= 0], minlength=n) > 0
    value = float(heard.mean())
    chance = 1.0 - (1.0 - near.shape[1] / (n - 1)) ** (n - 1)
    return Measure(value, float(np.sqrt(value * (1 - value) / n)), chance, 1.0, n, heard.astype(np.float64))
