"""Neighbours by sound in a collection of any size, with weights that may change from one question to the next.

Up to `EXACT_UP_TO` songs the fused table of all pairs is made and kept. Above, mutual proximity is taken against a panel of
`PANEL` songs, and a question is answered in two steps: an index names `CANDIDATES` songs that may be near, and these are measured
in every part. Work then grows with the number of songs, not with its square.

All of it is derived: a song that joins changes scalings, panel and index, never the stored vectors of the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from mixtape.errors import MixtapeError, ShapeError
from mixtape.similarity.distances import Part, part_distances, parts_of
from mixtape.similarity.fusion import row_count
from mixtape.similarity.index import Index
from mixtape.similarity.nearest import nearest, nearest_columns
from mixtape.similarity.panel import Moments, Panel
from mixtape.similarity.proximity import CROWD, Outlook, crowding, into_evened, into_mutual_proximity, mutual, outlook_of
from mixtape.similarity.sets import SETS, Weights, shares
from mixtape.types import FloatArray, IntArray, Neighbours

EXACT_UP_TO = 10_000
"""So many songs and fewer are measured each against each: above, that would take longer than asking the index for every song."""

ALL_UP_TO = 1_000
"""In so many songs and fewer a question with other weights measures them all; in more, the index's candidates."""

PANEL = 1_000
"""Songs that all others are measured against."""

CANDIDATES = 600
"""Songs measured for one question."""

DEFAULT = Weights()
"""The weights of a space that is given none."""

_BLOCK = 256


@dataclass(frozen=True, slots=True, eq=False)
class Nearby:
    """Songs near one, nearest first: `ids`, their `rows` (k,) in the space, `distance` (k,) from 0 to 1."""

    ids: tuple[str, ...]
    rows: IntArray
    distance: FloatArray


@dataclass(frozen=True, eq=False)
class _Asked:
    """A song that is asked about: encoded by part, its outlook (p,) and moments, and its point in the index if one is needed."""

    encoded: tuple[FloatArray, ...]
    outlook: Outlook
    moments: Moments
    point: FloatArray | None


class Space:
    """The songs of a collection in the distance that all feature sets make together; make one with `Space.of`."""

    def __init__(self, features: Mapping[str, npt.NDArray[Any]], ids: Sequence[str], weights: Weights, whole: bool) -> None:
        self.ids, self.weights = tuple(ids), weights
        self._features = features
        evenly = shares(features, Weights(1.0, 1.0, 1.0, 1.0, 1.0))
        self._parts = tuple(part for part, _ in parts_of(features, evenly, small=len(ids) > EXACT_UP_TO))
        self._shares = self._shared(weights)
        self._table: FloatArray | None = None
        self._known: Outlook | None = None
        if whole and len(ids) <= EXACT_UP_TO:
            self._table, self._known = _fused(self._parts, self._shares)

    @classmethod
    def of(
        cls, features: Mapping[str, npt.NDArray[Any]], ids: Sequence[str], *, weights: Weights = DEFAULT, whole: bool = True
    ) -> Space:
        """The space of a collection: `features` holds a table (n, d) by set, a row for each of `ids`.

        Without `whole` the table of all pairs is not made: for who asks about songs that are not in the collection only. Sets
        that are not in `sets.SETS` are left out. The tables are held, not copied. ShapeError when rows do not fit the ids,
        MixtapeError when no set has any weight.
        """
        counted = {name: np.asarray(values) for name, values in features.items() if name in SETS}
        shares(counted, weights)
        if (n := row_count(counted)) != len(ids):
            raise ShapeError(f"{len(ids)} ids for features of {n} songs; one id per row is needed")
        return cls(counted, ids, weights, whole)

    @property
    def sets(self) -> tuple[str, ...]:
        """The feature sets that are measured, each once."""
        return tuple(dict.fromkeys(part.name for part in self._parts))

    def neighbours(self, k: int) -> Neighbours:
        """The k nearest songs of each song, under the weights of the space; k is cut to n - 1."""
        if self._table is not None:
            return nearest(self._table, self.ids, k=k)
        kept = max(0, min(int(k), len(self.ids) - 1))
        wide = max(0, min(2 * kept + CROWD, len(self.ids) - 1))
        index, distance = np.zeros((len(self.ids), wide), np.int32), np.zeros((len(self.ids), wide), np.float32)
        for row in range(len(self.ids)):
            near = self.from_song(row, k=wide)
            index[row], distance[row] = near.rows, near.distance
        return _evened(Neighbours(self.ids, index, distance), kept)

    def from_song(self, row: int, *, k: int, weights: Weights | None = None) -> Nearby:
        """The k songs nearest to the song in `row`, itself left out, under other weights if some are given.

        The first question with other weights, or the first of all in a collection above `EXACT_UP_TO`, takes longer; and what
        hubs other weights leave are not evened out, since that takes everybody's neighbours.
        """
        if weights in (None, self.weights) and self._table is not None:
            return self._told(self._table[row], np.arange(len(self.ids)), k=k, without=row)
        asked = _Asked(
            tuple(part.at([row])[0] for part in self._parts),
            self._outlook.take(row),
            self._moments.take(row),
            self._index.point(row) if self._sparse else None,
        )
        return self._answer(asked, self._shared(weights or self.weights), k=k, without=row)

    def from_vectors(self, vectors: Mapping[str, npt.ArrayLike], *, k: int, weights: Weights | None = None) -> Nearby:
        """The k songs nearest to one that is not in the collection, given its vector (d,) for every set of the space.

        MixtapeError when a set is missing.
        """
        if missing := sorted({part.name for part in self._parts} - set(vectors)):
            raise MixtapeError(f"no vector of {', '.join(missing)} for the song; every set of the collection is needed")
        given = {part.name: np.asarray(vectors[part.name]) for part in self._parts}
        encoded = tuple(part.encoded(given[part.name]) for part in self._parts)
        seen, moments = self._panel.survey(self._parts, [row[None] for row in encoded], at=None)
        flat = [part.flat(given[part.name][None, part.columns])[0] for part in self._parts] if self._sparse else []
        asked = _Asked(encoded, seen.take(0), moments.take(0), self._index.point_of(flat) if self._sparse else None)
        return self._answer(asked, self._shared(weights or self.weights), k=k, without=None)

    def distances_from(self, row: int) -> FloatArray:
        """How far all songs are from the one in `row`, under the weights of the space: (n,), 0 to 1. Measures every song."""
        if self._table is not None:
            return np.array(self._table[row])
        asked = _Asked(tuple(part.at([row])[0] for part in self._parts), self._outlook.take(row), self._moments.take(row), None)
        found = self._measured(asked, self._shares, np.arange(len(self.ids)))
        found[row] = 0.0
        return found

    @property
    def _sparse(self) -> bool:
        return len(self.ids) > ALL_UP_TO

    @cached_property
    def _panel(self) -> Panel:
        return Panel.of(self._parts, size=PANEL, outlook=self._known)

    @cached_property
    def _surveyed(self) -> tuple[Outlook, Moments]:
        return self._panel.survey_all(self._parts, known=self._known)

    @property
    def _outlook(self) -> Outlook:
        return self._surveyed[0]

    @property
    def _moments(self) -> Moments:
        return self._surveyed[1]

    @cached_property
    def _index(self) -> Index:
        def raw(part: Part, rows: Any) -> npt.NDArray[Any]:
            return np.asarray(self._features[part.name][rows][:, part.columns])

        return Index.of(self._parts, raw, shares=self._shares)

    def _shared(self, weights: Weights) -> FloatArray:
        """The share of each part under these weights: (p,)."""
        counted = shares(self._features, weights)
        pieces = Counter(part.name for part in self._parts)
        return np.array([counted.get(part.name, 0.0) / pieces[part.name] for part in self._parts], np.float32)

    def _answer(self, asked: _Asked, shared: FloatArray, *, k: int, without: int | None) -> Nearby:
        if asked.point is None:
            rows = np.arange(len(self.ids))
        else:
            rows = self._index.candidates(asked.point, shares=shared, count=max(CANDIDATES, 4 * k))
        return self._told(self._measured(asked, shared, rows), rows, k=k, without=without)

    def _measured(self, asked: _Asked, shared: FloatArray, rows: npt.NDArray[np.int64]) -> FloatArray:
        """Fused distances (m,) of some rows from the song asked about."""
        # A few hundred rows stay in the processor's own memory from one step to the next: twice as fast as all at once.
        blocks = [rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK)]
        return np.concatenate([self._measured_block(asked, shared, some) for some in blocks])

    def _measured_block(self, asked: _Asked, shared: FloatArray, rows: npt.NDArray[np.int64]) -> FloatArray:
        counted = np.flatnonzero(shared)
        apart = np.zeros((len(rows), len(counted)), np.float32)
        for place, number in enumerate(counted):
            part = self._parts[number]
            apart[:, place] = part.from_one(asked.encoded[number], part.at(rows))
        there = self._outlook.take((rows[:, None], counted))
        total = mutual(apart, asked.outlook.take(counted), there) @ shared[counted]
        fused = mutual(total, asked.moments.outlook(shared), self._moments.take(rows).outlook(shared))
        return np.asarray(fused, np.float32)

    def _told(self, distance: FloatArray, rows: npt.NDArray[np.int64], *, k: int, without: int | None) -> Nearby:
        if without is not None:
            kept = rows != without
            distance, rows = distance[kept], rows[kept]
        best = nearest_columns(distance[None], None, max(0, min(k, len(rows))))[0].astype(np.int64)
        chosen = rows[best].astype(np.int32)
        return Nearby(tuple(self.ids[row] for row in chosen), chosen, distance[best])


def _evened(wide: Neighbours, k: int) -> Neighbours:
    """The k nearest of more than are kept, after `into_evened` of their distances."""
    density = crowding(wide.distance[:, :CROWD].mean(axis=1) if wide.distance.size else np.zeros(len(wide.ids)))
    distance = np.minimum(wide.distance * density[:, None] * density[wide.index], 1.0)
    order = np.argsort(distance, axis=1, kind="stable")[:, :k]
    return Neighbours(wide.ids, np.take_along_axis(wide.index, order, axis=1), np.take_along_axis(distance, order, axis=1))


def _fused(parts: Sequence[Part], shared: FloatArray) -> tuple[FloatArray, Outlook]:
    """The fused table of all pairs, and the outlook (n, p) of every song in every part."""
    n = len(parts[0].rows)
    total = np.zeros((n, n), np.float32)
    seen = []
    for part, share in zip(parts, shared, strict=True):
        table = part_distances(part)
        seen.append(outlook_of(table))
        into_mutual_proximity(table, seen[-1])
        table *= share
        total += table
    del table
    means, spreads = (np.stack([getattr(each, name) for each in seen], axis=1) for name in ("mean", "spread"))
    return into_evened(into_mutual_proximity(total)), Outlook(means, spreads)
