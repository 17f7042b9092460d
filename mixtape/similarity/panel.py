"""What songs know of a whole collection from a few of its songs: a panel of references that every song is measured against.

Mutual proximity needs, for every song, mean and spread of its distances to the others. In a large collection they are taken over
the panel alone. The same panel tells how mutual proximities of the parts hang together, from which mean and spread of any
weighted sum of them follow at once: so weights can be changed without looking at the collection again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mixtape.similarity.distances import Part
from mixtape.similarity.proximity import Outlook, mutual
from mixtape.types import FloatArray

_ROWS = 256

_Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean (m, p) and covariance (m, p, p) of the mutual proximities of m songs in p parts, over the others."""

    mean: FloatArray
    covariance: FloatArray

    def outlook(self, shares: FloatArray) -> Outlook:
        """The outlook (m,) on the sum of the parts, weighted by `shares` (p,)."""
        return Outlook.of_moments(self.mean @ shares, (self.covariance @ shares) @ shares)

    def take(self, rows: Any) -> Moments:
        """The moments of some songs."""
        return Moments(self.mean[rows], self.covariance[rows])


@dataclass(frozen=True, eq=False)
class Panel:
    """References: their `rows` in the collection, encoded by part, and their `outlook` (r, p) on the collection."""

    rows: npt.NDArray[np.int64]
    encoded: tuple[FloatArray, ...]
    outlook: Outlook

    @classmethod
    def of(cls, parts: Sequence[Part], *, size: int, outlook: Outlook | None = None) -> Panel:
        """`size` songs spread evenly over the rows of the collection; their `outlook` is over each other if none is given."""
        n = len(parts[0].rows)
        rows = np.unique(np.linspace(0, max(n - 1, 0), min(size, n)).round().astype(np.int64))
        encoded = tuple(part.at(rows) for part in parts)
        seen = outlook.take(rows) if outlook else _outlook(_distances(parts, encoded, encoded), len(rows) - 1)
        return cls(rows, encoded, seen)

    def survey(
        self,
        parts: Sequence[Part],
        encoded: Sequence[FloatArray],
        *,
        at: npt.NDArray[np.int64] | None,
        known: Outlook | None = None,
    ) -> tuple[Outlook, Moments]:
        """Outlook (m, p) and moments of m songs, encoded by part, which are the rows `at` of the collection, or none of them."""
        distances = _distances(parts, encoded, self.encoded)
        others = np.full(len(encoded[0]), len(self.rows)) - (0 if at is None else np.isin(at, self.rows))
        seen = known or _outlook(distances, others)
        here = Outlook(seen.mean[:, :, None], seen.spread[:, :, None])
        there = Outlook(self.outlook.mean.T[None], self.outlook.spread.T[None])
        close = mutual(distances, here, there)
        # A song's proximity to itself is 0 and so adds nothing to the sums; it must only not be counted.
        count = np.maximum(others, 1)[:, None]
        mean = close.sum(axis=2, dtype=np.float64) / count
        products = (close @ close.transpose(0, 2, 1)).astype(np.float64) / count[:, :, None]
        covariance = products - mean[:, :, None] * mean[:, None]
        return seen, Moments(mean.astype(np.float32), covariance.astype(np.float32))

    def survey_all(self, parts: Sequence[Part], *, known: Outlook | None = None) -> tuple[Outlook, Moments]:
        """The same of all songs of the collection."""
        n = len(parts[0].rows)
        found = []
        for start in range(0, n, _ROWS):
            at = np.arange(start, min(start + _ROWS, n))
            encoded = [part.at(slice(start, start + _ROWS)) for part in parts]
            found.append(self.survey(parts, encoded, at=at, known=known.take(at) if known else None))
        seen = Outlook(np.concatenate([each.mean for each, _ in found]), np.concatenate([each.spread for each, _ in found]))
        means, covariances = ([getattr(each, name) for _, each in found] for name in ("mean", "covariance"))
        return seen, Moments(np.concatenate(means), np.concatenate(covariances))


def _distances(parts: Sequence[Part], a: Sequence[FloatArray], b: Sequence[FloatArray]) -> FloatArray:
    """Distances in every part: (m, p, r) float32."""
    found = np.zeros((len(a[0]), len(parts), len(b[0])), np.float32)
    for place, part in enumerate(parts):
        found[:, place] = part.between(a[place], b[place])
    return found


def _outlook(distances: FloatArray, others: _Array | int) -> Outlook:
    total = distances.sum(axis=2, dtype=np.float64)
    squares = np.einsum("mpr,mpr->mp", distances, distances, dtype=np.float64)
    return Outlook.of_sums(total, squares, np.broadcast_to(np.asarray(others)[..., None], total.shape))
