"""How near two songs are in each feature set, against everybody else: by ranks, since raw distances mean nothing to anybody.

Ranks are counted among the collection, or among a sample of it when it is large, so that the answer takes the same short time
in a collection of any size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mixtape.types import FloatArray

REFERENCES = 400
"""Songs that two are compared against; of more, so many are drawn, the same ones each time."""


@dataclass(frozen=True, eq=False)
class Nearness:
    """Distances per feature set between some songs and the references. `place` is the row in `tables` of each song."""

    place: Mapping[int, int]
    references: npt.NDArray[np.int64]
    tables: Mapping[str, FloatArray]

    @classmethod
    def of(cls, sets: Mapping[str, npt.NDArray[Any]], rows: Sequence[int], *, references: int = REFERENCES) -> Nearness:
        """Measure the songs of `rows`, with the references, in each of `sets` (n, d) that has a part in the distance."""
        from mixtape.similarity.distances import set_distances
        from mixtape.similarity.sets import SETS

        n = max((len(values) for values in sets.values()), default=0)
        drawn = np.arange(n) if n <= references else np.random.default_rng(n).choice(n, references, replace=False)
        picked = np.unique(np.concatenate([drawn, np.asarray(rows, np.int64)]).astype(np.int64))
        place = {int(row): k for k, row in enumerate(picked)}
        tables = {name: set_distances(name, np.asarray(values[picked])) for name, values in sets.items() if name in SETS}
        return cls(place, np.array([place[int(row)] for row in drawn], np.int64), tables)

    def nearer_share(self, name: str, a: int, b: int) -> float:
        """The share of the other songs that are no farther from `a` than `b` is, b among them: 0 to 1, small is near.

        Both directions are looked at, and the larger share counts: a hub is near everybody, and so near nobody in particular.
        """
        return max(self._share(name, a, b), self._share(name, b, a))

    def least_share(self, a: int, b: int) -> float:
        """The share two songs have in a set where nobody is nearer to either, and a little for rounding."""
        others = (self.references != self.place[a]) & (self.references != self.place[b])
        return 1.0001 / (int(others.sum()) + 1)

    def farther_percent(self, name: str, a: int, b: int) -> int:
        """Which part of the other songs, in whole per cent rounded down, is farther from `a` than `b` is."""
        others, nearer = self._counts(name, a, b)
        return int(100 * (others - nearer) / others) if others else 0

    def _share(self, name: str, a: int, b: int) -> float:
        others, nearer = self._counts(name, a, b)
        return (nearer + 1) / (others + 1)

    def _counts(self, name: str, a: int, b: int) -> tuple[int, int]:
        here, there = self.place[a], self.place[b]
        others = self.references[(self.references != here) & (self.references != there)]
        line = self.tables[name][here]
        return len(others), int((line[others] <= line[there]).sum())
