"""How near any songs of a collection are by sound, measured only when somebody asks, and only for the songs they ask about.

The distance is the one neighbours are made with, before hubs are evened out: each part by its own measure, through mutual
proximity, weighted and summed, and through mutual proximity again. Mean and spread are taken over a panel of `PANEL` songs and
scalings over `SAMPLE`: with no more songs than that it is that very distance, with more an estimate of it that takes as long in
any collection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mixtape.similarity.distances import parts_of
from mixtape.similarity.panel import Panel
from mixtape.similarity.proximity import Outlook, mutual
from mixtape.similarity.sets import SETS, Weights, shares
from mixtape.types import FloatArray

PANEL = 256
"""Songs that those asked about are measured against."""

SAMPLE = 512
"""Songs that scalings are taken from, spread evenly over the collection."""

_Rows = npt.NDArray[np.int64]


class Sound:
    """Distances by sound between any songs, by row. What was once learned of a song is kept."""

    def __init__(self, features: Mapping[str, npt.NDArray[Any]], weights: Weights) -> None:
        """`features`: a table (n, d) for every set that counts. MixtapeError when none does, or none has any weight."""
        counted = shares(features, weights)
        self._tables = {name: np.asarray(values) for name, values in features.items() if name in SETS and name in counted}
        n = len(next(iter(self._tables.values())))
        self._sample = np.unique(np.linspace(0, max(n - 1, 0), min(n, SAMPLE)).round().astype(np.int64))
        parts = tuple(parts_of({name: values[self._sample] for name, values in self._tables.items()}, counted))
        self._parts = tuple(part for part, _ in parts)
        self._shares = np.array([share for _, share in parts], np.float32)
        self._panel = Panel.of(self._parts, size=PANEL)
        self._slot = np.full(n, -1, np.int64)
        self._encoded = [part.at(slice(0, 0)) for part in self._parts]
        self._seen = Outlook(*np.zeros((2, 0, len(parts)), np.float32))
        self._whole = Outlook(*np.zeros((2, 0), np.float32))

    def __call__(self, here: Sequence[int] | _Rows, there: Sequence[int] | _Rows) -> FloatArray:
        """Distances of the songs `here` (m,) from those `there` (k,): (m, k), 0 to 1."""
        rows, columns = np.asarray(here, np.int64), np.asarray(there, np.int64)
        self._meet(np.unique(np.concatenate([rows, columns])))
        a, b = self._slot[rows], self._slot[columns]
        total = np.zeros((len(a), len(b)), np.float32)
        for number, part in enumerate(self._parts):
            apart = part.between(self._encoded[number][a], self._encoded[number][b])
            one = self._seen.take((a, number))
            total += self._shares[number] * mutual(apart, _down(one), self._seen.take((b, number))).astype(np.float32)
        fused = mutual(total, _down(self._whole.take(a)), self._whole.take(b)).astype(np.float32)
        fused[rows[:, None] == columns] = 0.0
        return fused

    def _meet(self, rows: _Rows) -> None:
        """Learn what is not known yet of some songs."""
        fresh = rows[self._slot[rows] < 0]
        for start in range(0, len(fresh), PANEL):
            self._learn(fresh[start : start + PANEL])

    def _learn(self, rows: _Rows) -> None:
        place = np.searchsorted(self._sample, rows)
        at = np.where(self._sample[np.minimum(place, len(self._sample) - 1)] == rows, place, -1)
        encoded = [part.encode(self._tables[part.name][rows][:, part.columns]) for part in self._parts]
        seen, moments = self._panel.survey(self._parts, encoded, at=at)
        self._slot[rows] = len(self._seen.mean) + np.arange(len(rows))
        self._encoded = [np.concatenate([before, new]) for before, new in zip(self._encoded, encoded, strict=True)]
        self._seen = _joined(self._seen, seen)
        self._whole = _joined(self._whole, moments.outlook(self._shares))


def _down(outlook: Outlook) -> Outlook:
    return Outlook(outlook.mean[:, None], outlook.spread[:, None])


def _joined(one: Outlook, two: Outlook) -> Outlook:
    return Outlook(np.concatenate([one.mean, two.mean]), np.concatenate([one.spread, two.spread]))
