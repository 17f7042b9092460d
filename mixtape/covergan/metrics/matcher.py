"""A judge that learns from real covers and their songs which belong together, and has no part in training the network.

Pictures are seen as thumbnails and colours, music as its condition; both are bent by random Fourier features (Rahimi and
Recht 2007) and whitened, and a canonical correlation analysis with a ridge says what of the one goes with what of the other.
It is solved, not trained: the same covers give the same judge in a few milliseconds. On made-up links of three strengths and
24 to 900 pairs it found the true song as often as two networks trained for contrast (InfoNCE, van den Oord 2018), or oftener,
most of all with few pairs.

Whoever learned from a song must not be asked about it, so the judge is made anew for each fold: it learns from all others.
What is fitted on all rows, the whitening of pictures and of songs, each for itself, knows nothing of what goes with what.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mixtape.covergan.metrics.features import low_features
from mixtape.covergan.metrics.groups import folds_of
from mixtape.covergan.metrics.ranks import Ranks, others, ranks
from mixtape.covergan.metrics.spread import distances
from mixtape.errors import ShapeError
from mixtape.types import ByteArray, FloatArray

WAVES = 300, 2000
AXES = 64, 400
"""Fewest and most waves and axes: more pairs carry more of them."""

RIDGE = 0.01
"""Share of the whole spread that is added to each axis at 200 to 600 pairs; with fewer more, in proportion to n^-0.75, and with
more less, in proportion to n^-1.9."""

Look = Callable[[ByteArray], FloatArray]


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """One side, bent and whitened: values (n, d) -> (n, r)."""

    waves: npt.NDArray[np.float64]
    phases: npt.NDArray[np.float64]
    mean: npt.NDArray[np.float64]
    axes: npt.NDArray[np.float64]

    @classmethod
    def fit(cls, values: npt.NDArray[np.floating], *, seed: int) -> View:
        """Fit on values (n, d); how wide the waves are follows from how far the values lie apart."""
        n, rng = len(values), np.random.default_rng(seed)
        some = values[rng.permutation(len(values))[:300]]
        apart = distances(some, some)
        width = float(np.median(apart[apart > 0])) if (apart > 0).any() else 1.0
        many = int(np.clip(n // 2, *WAVES))
        waves = rng.standard_normal((values.shape[1], many)) / width
        phases = rng.uniform(0, 2 * np.pi, many)
        bent = np.cos(values @ waves + phases)
        mean = bent.mean(axis=0)
        power, vectors = np.linalg.eigh((bent - mean).T @ (bent - mean) / n)
        used = min(int(np.clip(n // 9, *AXES)), max(1, n - 2))
        power, vectors = np.maximum(power[::-1][:used], 0), vectors[:, ::-1][:, :used]
        ridge = RIDGE * max(1.0, 200 / n) ** 0.75 * min(1.0, 600 / n) ** 1.9 * max(float(power.sum()), 1e-12)
        return cls(waves, phases, mean, vectors / np.sqrt(power + ridge))

    def of(self, values: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Values (n, d) as this view sees them, (n, r)."""
        return np.asarray((np.cos(values @ self.waves + self.phases) - self.mean) @ self.axes)


@dataclass(frozen=True, slots=True, eq=False)
class Matcher:
    """Judges, one a fold, over n pairs of a cover and a song. Fold -1 is learned from and never asked about."""

    look: Look
    eye: View
    covers: npt.NDArray[np.float64]
    songs: npt.NDArray[np.float64]
    conditions: FloatArray
    groups: npt.NDArray[np.integer]
    folds: npt.NDArray[np.integer]

    @property
    def asked(self) -> npt.NDArray[np.int64]:
        """Rows that are asked about, (a,)."""
        return np.flatnonzero(self.folds >= 0)

    def only(self, rows: npt.NDArray[np.int64]) -> Matcher:
        """The judges over some of the pairs, seen and heard as before."""
        return replace(
            self,
            covers=self.covers[rows],
            songs=self.songs[rows],
            conditions=self.conditions[rows],
            groups=self.groups[rows],
            folds=self.folds[rows],
        )

    def ranks(self, pictures: ByteArray | None = None, *, order: npt.NDArray[np.int64] | None = None) -> Ranks:
        """Rank, for each asked row, its own song by how well it goes with its picture: one of `pictures` (a, s, s, 3), or
        the real cover. `order` (n,) gives the rows other songs, to learn from and to be asked about, for a test by chance.
        """
        asked = self.asked
        songs = np.arange(len(self.songs)) if order is None else order
        seen = self.covers[asked] if pictures is None else self.eye.of(self.look(pictures))
        found = np.full((3, len(self.folds)), np.nan)
        place = np.cumsum(self.folds >= 0) - 1
        for fold in np.unique(self.folds[asked]):
            rows, learned = np.flatnonzero(self.folds == fold), np.flatnonzero(self.folds != fold)
            if not len(learned):
                continue
            left, right = pairing(self.covers[learned], self.songs[songs[learned]])
            close = _unit(seen[place[rows]] @ left) @ _unit(self.songs[songs[rows]] @ right).T
            # Whose song it is travels with the song: another group's row may not stand beside its own.
            one = ranks(close, others(self.conditions[songs[rows]], self.groups[songs[rows]]))
            found[:, rows] = one.first, one.guess, one.farther
        return Ranks(*found[:, asked])


def fit_matcher(
    covers: ByteArray,
    conditions: FloatArray,
    groups: npt.NDArray[np.integer] | None = None,
    *,
    folds: int | npt.NDArray[np.integer] = 4,
    look: Look = low_features,
    seed: int = 0,
) -> Matcher:
    """Make the judges from real covers (n, s, s, 3), a song's condition for each (n, 32), and `groups` (n,) that stay together.

    `folds` is how many, or the fold of each row (n,), -1 for those that are only learned from. ShapeError when the lists do
    not fit or are shorter than 8.
    """
    n = len(covers)
    groups = np.arange(n) if groups is None else np.asarray(groups)
    if len(conditions) != n or len(groups) != n or n < 8:
        raise ShapeError(
            f"matcher: {n} covers, {len(conditions)} conditions, {len(groups)} groups; as many of each, 8 at least, are needed"
        )
    parts = folds_of(groups, folds=folds, seed=seed) if isinstance(folds, int) else np.asarray(folds)
    seen, heard = look(covers), np.asarray(conditions, np.float32)
    eye, ear = View.fit(seen, seed=seed), View.fit(heard, seed=seed + 1)
    return Matcher(look, eye, eye.of(seen), ear.of(heard), heard, groups, parts)


def pairing(
    covers: npt.NDArray[np.float64], songs: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Axes (r, c) of whitened covers (n, r) and (q, c) of whitened songs (n, q), on which they go together, weighed by it."""
    left, strength, right = np.linalg.svd(covers.T @ songs / len(covers), full_matrices=False)
    return left * strength**2, right.T * strength**2


def _unit(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), 1e-12))
