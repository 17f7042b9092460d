"""What a recipe may look at: the songs, their places on the map, and who is near whom by sound.

The library keeps the fused distance only to each song's k nearest. For any other pair a distance is estimated: at least the
farther of the two songs' k-th nearest, and then the more the farther apart they lie on the map. So every stored neighbour comes
before every estimated one, and a list longer than k goes on in a sensible order instead of ending. Where the feature sets are at
hand (`sources`), the estimate only says which `MEASURED` songs to measure, and the measure says the rest; this takes about as
long in any collection.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mixtape.errors import LibraryError, ShapeError
from mixtape.playlists.sources import NO_SOURCES, Between, Sources, library_sources
from mixtape.similarity.sets import Weights
from mixtape.types import Neighbours, Palette, Region, SongMap, Track

if TYPE_CHECKING:
    from mixtape.library import Library
    from mixtape.why.why import Why

_Vector = npt.NDArray[np.float64]
_Rows = npt.NDArray[np.int64]

MEASURED = 400
"""So many songs, those near one by the estimate, are measured for a question about it."""

_SILENCE_LUFS = -69.0

_HUB_LIST = 10
"""Nearest songs of each that ways lead over, and that count as a list a song may be on."""

MAPPED = 2_000
"""Islands are looked for among so many songs, spread evenly over a larger collection."""


@dataclass(frozen=True, eq=False)
class Collection:
    """Songs by row: `tracks`, their `song_map` and their `neighbours`, all with the same ids in the same order.

    `why` tells what two songs share; without it, mixtapes give ranks for reasons. `sources` know more; without them recipes do
    with what there is, and say so.
    """

    tracks: tuple[Track, ...]
    song_map: SongMap
    neighbours: Neighbours
    why: Why | None = None
    sources: Sources = NO_SOURCES

    def __post_init__(self) -> None:
        ids = tuple(track.id for track in self.tracks)
        if ids != self.song_map.ids or ids != self.neighbours.ids:
            raise ShapeError(
                f"{len(ids)} songs, {len(self.song_map.ids)} on the map, {len(self.neighbours.ids)} with neighbours: the ids "
                "must be the same in the same order; Collection.joined puts them in order"
            )
        if len(set(ids)) != len(ids):
            raise ShapeError(f"{len(ids) - len(set(ids))} song ids come twice; every song needs its own")

    @classmethod
    def of(cls, library: Library, *, on_map: str = "fused", weights: Weights | None = None) -> Collection:
        """The collection of a library, on the map of that name, while the library is open.

        LibraryError when the map or the neighbours are not made yet.
        """
        from mixtape.why.why import Why

        joined = cls.joined(library.tracks(), library.map(on_map), library.neighbours("fused"))
        sources = library_sources(library, joined.tracks, weights=weights or Weights())
        return replace(joined, why=Why.of(library), sources=sources)

    @classmethod
    def joined(cls, tracks: Sequence[Track], song_map: SongMap, neighbours: Neighbours) -> Collection:
        """Put what is known in one order, that of `tracks`; songs that lack a place or neighbours are left out."""
        place = {song: row for row, song in enumerate(song_map.ids)}
        near = {song: row for row, song in enumerate(neighbours.ids)}
        kept = tuple(track for track in tracks if track.id in place and track.id in near)
        ids = tuple(track.id for track in kept)
        xy = song_map.xy[[place[song] for song in ids]].reshape(-1, 2)
        ordered = SongMap(song_map.name, ids, xy, song_map.feature_set, song_map.perplexity, song_map.seed)
        return cls(kept, ordered, _reordered(neighbours, [near[song] for song in ids]))

    @property
    def ids(self) -> tuple[str, ...]:
        """The songs' ids, by row."""
        return self.neighbours.ids

    @cached_property
    def rows(self) -> dict[str, int]:
        """The row of each id."""
        return {song: row for row, song in enumerate(self.ids)}

    def row(self, song_id: str) -> int:
        """The row of a song. LibraryError when the collection does not hold it."""
        if song_id not in self.rows:
            raise LibraryError(f"song id '{song_id}' is not among the {len(self.ids)} songs on the map; run mixtape build again")
        return self.rows[song_id]

    def map_distances(self, row: int) -> _Vector:
        """How far all songs lie from one on the map: (n,), in sides of the unit square."""
        return np.hypot(*(self.song_map.xy.astype(np.float64) - self.song_map.xy[row]).T)

    def sound_distances(self, row: int) -> _Vector:
        """How far all songs are from one by sound: (n,) from 0 to 1, as stored where stored, else measured or estimated."""
        if row in self._asked:
            return self._asked[row].copy()
        distances, known = self._estimate(row)
        if self.between is not None:
            near = np.argsort(distances, kind="stable")[:MEASURED]
            unknown = near[~known[near]]
            stored = float(distances[known].max(initial=0.0))
            if len(unknown):
                distances[unknown] = np.maximum(self.between([row], unknown)[0], stored + 1e-9)
            rest = np.ones(len(distances), bool)
            rest[near] = False
            distances[rest] = np.maximum(distances[rest], float(distances[near].max(initial=0.0)))
        self._asked[row] = distances
        return distances.copy()

    def sound_table(self, rows: Sequence[int] | _Rows) -> _Vector:
        """How far some songs are from each other by sound: (m, m), symmetric, 0 on the diagonal."""
        chosen = np.asarray(rows, np.int64)
        if self.between is not None:
            table = self.between(chosen, chosen).astype(np.float64)
        else:
            table = np.stack([self._estimate(int(row))[0][chosen] for row in chosen]) if len(chosen) else np.zeros((0, 0))
        return np.minimum(table, table.T)

    def map_table(self, rows: Sequence[int] | _Rows) -> _Vector:
        """How far some songs lie from each other on the map: (m, m)."""
        xy = self.song_map.xy[np.asarray(rows, np.int64)].astype(np.float64)
        return np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))

    @cached_property
    def between(self) -> Between | None:
        """Distances by sound between any songs, or None where the sound is not at hand."""
        return self.sources.sound()

    @cached_property
    def traits(self) -> dict[str, _Vector]:
        """Columns of readable traits (n,) by name, as far as they are known."""
        return dict(self.sources.traits() or {})

    @cached_property
    def silent(self) -> npt.NDArray[np.bool_]:
        """Which songs hold nothing to hear (n,), as far as loudness is known."""
        return np.asarray(self.traits.get("loudness_lufs", np.zeros(len(self.ids))) <= _SILENCE_LUFS)

    @cached_property
    def palettes(self) -> tuple[Palette | None, ...]:
        """The colours of each song's cover; None for a song without one."""
        return tuple(self.sources.palettes() or [None] * len(self.ids))

    @cached_property
    def islands(self) -> tuple[Region, ...]:
        """The regions of the map at the middle zoom, or at another where that has fewer than two; largest first."""
        from mixtape.maps.regions import regions

        n = len(self.ids)
        rows = np.unique(np.linspace(0, max(n - 1, 0), min(n, MAPPED)).round().astype(np.int64))
        some = SongMap(
            self.song_map.name,
            tuple(self.ids[row] for row in rows),
            self.song_map.xy[rows],
            self.song_map.feature_set,
            self.song_map.perplexity,
            self.song_map.seed,
        )
        traits = {name: column[rows].astype(np.float32) for name, column in self.traits.items()}
        found = regions(some, {self.ids[row]: self.tracks[row] for row in rows}, traits=traits)
        levels = [tuple(region for region in found if region.level == level) for level in (1, 2, 0)]
        return next((level for level in levels if len(level) >= 2), ())

    @cached_property
    def durations_s(self) -> _Vector:
        """How long each song is (n,), in seconds; the middle of all where it is not known, 210 where it is of none."""
        lengths = np.array([track.duration_s for track in self.tracks], np.float64)
        known = lengths[np.isfinite(lengths) & (lengths > 0)]
        return np.where(np.isfinite(lengths) & (lengths > 0), lengths, float(np.median(known)) if len(known) else 210.0)

    def ways(self, row: int) -> _Vector:
        """How far all songs are from one along the shortest way from neighbour to neighbour: (n,), finite.

        Unlike the distance itself, which is about 1 between any two songs that have nothing in common, this tells far from
        farther. Songs that no way leads to lie behind all others, by the map.
        """
        if row not in self._walked:
            from scipy.sparse.csgraph import dijkstra

            far = np.asarray(dijkstra(self._graph, directed=False, indices=row), np.float64)
            reached = np.isfinite(far)
            behind = float(far[reached].max()) + self.map_distances(row)
            self._walked[row] = np.where(reached, far, behind)
        return self._walked[row].copy()

    @cached_property
    def _graph(self) -> Any:
        from scipy.sparse import csr_matrix

        index = self.neighbours.index[:, :_HUB_LIST]
        at, column = np.nonzero(index >= 0)
        # A stored 0 would count as no edge at all.
        steps = np.maximum(self.neighbours.distance[at, column].astype(np.float64), 1e-6)
        return csr_matrix((steps, (at, index[at, column])), shape=(len(self.ids),) * 2)

    @cached_property
    def _walked(self) -> dict[int, _Vector]:
        return {}

    @cached_property
    def reached(self) -> _Rows:
        """How many songs have each song among their ten nearest: (n,)."""
        index = self.neighbours.index[:, :_HUB_LIST]
        return np.bincount(index[index >= 0].ravel(), minlength=len(self.ids)).astype(np.int64)

    def _estimate(self, row: int) -> tuple[_Vector, npt.NDArray[np.bool_]]:
        """Distances by sound (n,) as far as they are stored, the others from the map; and which were stored (n,)."""
        near = self.neighbours
        reach = np.maximum(self._reach[row], self._reach)
        distances = reach + np.maximum(1.0 - reach, 0.0) * self.map_distances(row) / np.sqrt(2.0) + 1e-9
        known = np.zeros(len(distances), bool)
        theirs, column = np.nonzero(near.index == row)
        there = near.distance[theirs, column] >= 0.0
        distances[theirs[there]] = near.distance[theirs[there], column[there]]
        stored = self.stored(row)
        distances[near.index[row, :stored]] = near.distance[row, :stored]
        known[theirs[there]] = known[near.index[row, :stored]] = known[row] = True
        distances[row] = 0.0
        return distances, known

    @cached_property
    def _asked(self) -> dict[int, _Vector]:
        return {}

    def stored(self, row: int) -> int:
        """How many nearest songs by sound are stored for a song."""
        return int(self._stored[row])

    @cached_property
    def _stored(self) -> _Rows:
        return np.asarray((self.neighbours.index >= 0).sum(axis=1), np.int64)

    @cached_property
    def _reach(self) -> _Vector:
        if self.neighbours.index.shape[1] == 0:
            return np.zeros(len(self.ids))
        last = np.maximum(self._stored - 1, 0)
        reach = self.neighbours.distance[np.arange(len(last)), last].astype(np.float64)
        return np.where(self._stored > 0, reach, 1.0)


def ranked(distances: npt.NDArray[Any], row: int) -> _Rows:
    """All rows but one by distance (n,), nearest first; of equally near ones the earlier row."""
    order = np.argsort(distances, kind="stable")
    return np.asarray(order[order != row], np.int64)


def _reordered(neighbours: Neighbours, rows: Sequence[int]) -> Neighbours:
    """The neighbours of some rows, in that order, pointing into that order; songs no longer there close up, -1 at the end."""
    ids = tuple(neighbours.ids[row] for row in rows)
    if ids == neighbours.ids:
        return neighbours
    target = np.full(len(neighbours.ids) + 1, -1, np.int32)
    target[list(rows)] = np.arange(len(rows), dtype=np.int32)
    index = target[neighbours.index[list(rows)]].reshape(len(rows), -1)
    gone_last = np.argsort(index < 0, axis=1, kind="stable")
    index = np.take_along_axis(index, gone_last, axis=1)
    distance = np.take_along_axis(neighbours.distance[list(rows)].reshape(index.shape), gone_last, axis=1)
    return Neighbours(ids, index, np.where(index < 0, np.float32(-1.0), distance))
