"""What a recipe may look at: the songs, their places on the map, and who is near whom by sound.

The library keeps the fused distance only to each song's k nearest. For any other pair a distance is estimated: at least the
farther of the two songs' k-th nearest, and then the more the farther apart they lie on the map. So every stored neighbour comes
before every estimated one, and a list longer than k goes on in a sensible order instead of ending.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mixtape.errors import LibraryError, ShapeError
from mixtape.types import Neighbours, SongMap, Track

if TYPE_CHECKING:
    from mixtape.library import Library
    from mixtape.why.why import Why

_Vector = npt.NDArray[np.float64]
_Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Collection:
    """Songs by row: `tracks`, their `song_map` and their `neighbours`, all with the same ids in the same order.

    `why` tells what two songs share; without it, mixtapes give ranks for reasons.
    """

    tracks: tuple[Track, ...]
    song_map: SongMap
    neighbours: Neighbours
    why: Why | None = None

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
    def of(cls, library: Library, *, name: str = "fused") -> Collection:
        """The collection of a library, by the map and the neighbours of that name. LibraryError when they are not made yet."""
        from mixtape.why.why import Why

        joined = cls.joined(library.tracks(), library.map(name), library.neighbours(name))
        return replace(joined, why=Why.of(library))

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
        """How far all songs are from one by sound: (n,) from 0 to 1, as stored where stored, else estimated (see above)."""
        near = self.neighbours
        reach = np.maximum(self._reach[row], self._reach)
        distances = reach + np.maximum(1.0 - reach, 0.0) * self.map_distances(row) / np.sqrt(2.0) + 1e-9
        theirs, column = np.nonzero(near.index == row)
        known = near.distance[theirs, column] >= 0.0
        distances[theirs[known]] = near.distance[theirs[known], column[known]]
        stored = self.stored(row)
        distances[near.index[row, :stored]] = near.distance[row, :stored]
        distances[row] = 0.0
        return distances

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
