"""What the show plays next: a neighbour of the song that is playing, and nothing that was heard lately."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from mixtape.errors import LibraryError
from mixtape.types import Neighbours

_CHANCES = (0.55, 0.3, 0.15)
_REACH = 16


def next_song(
    current_id: str,
    *,
    recent: Sequence[str],
    neighbours: Neighbours,
    xy: npt.NDArray[Any] | None = None,
    seed: int = 0,
    no_repeat: int = 50,
    artists: Mapping[str, str] | None = None,
    artist_gap: int = 2,
) -> str:
    """The id of the song to play after `current_id`: one of the three nearest that may be played, the nearest most often.

    `recent` are the songs played so far, oldest first, with or without the current one at the end. No song comes again within
    `no_repeat` songs or half the collection, whichever is less, and never straight after itself; only a collection of one song
    repeats it. When all near ones were heard lately the search goes outward, from neighbour to neighbour along the shortest way,
    and where even that ends, to the nearest on the map (`xy` (n, 2), rows as in `neighbours`) or the first that is free.
    With `artists` (the artist of each id), songs by whoever played one of the last `artist_gap` are passed over, as far as the 16
    nearest that may be played have others. The same arguments give the same answer. LibraryError when there are no songs at all.
    """
    ids = neighbours.ids
    if not ids:
        raise LibraryError("there are no songs to play; run mixtape build on a folder of music")
    rows = _rows(neighbours)
    barred = _barred(current_id, recent, rows, no_repeat)
    start = rows.get(current_id)
    if len(barred) == len(ids):
        return ids[0] if start is None else current_id
    free = (row for row in _outward(start, neighbours, xy) if ids[row] not in barred)
    near = [ids[row] for row in islice(free, _REACH)]
    choice = (_by_others(near, _played(current_id, recent), artists or {}, artist_gap) or near)[: len(_CHANCES)]
    return choice[_draw(len(choice), seed, current_id, len(recent))]


@lru_cache(maxsize=2)
def _rows(neighbours: Neighbours) -> Mapping[str, int]:
    return {song: row for row, song in enumerate(neighbours.ids)}


def _played(current_id: str, recent: Sequence[str]) -> list[str]:
    return [*recent] if recent and recent[-1] == current_id else [*recent, current_id]


def _barred(current_id: str, recent: Sequence[str], rows: Mapping[str, int], no_repeat: int) -> set[str]:
    window = max(1, min(no_repeat, len(rows) // 2))
    return set(_played(current_id, recent)[-window:]) & rows.keys()


def _by_others(near: Sequence[str], played: Sequence[str], artists: Mapping[str, str], gap: int) -> list[str]:
    heard = {artists.get(song, "").strip().casefold() for song in played[-gap:]} if gap else set()
    return [song for song in near if not (artist := artists.get(song, "").strip().casefold()) or artist not in heard]


def _draw(choices: int, seed: int, current_id: str, place: int) -> int:
    # The place in the evening counts too: a song that comes back an hour later may go on elsewhere.
    chance = np.random.default_rng([seed, place, *current_id.encode("utf-8", "surrogateescape")]).random()
    limits = np.cumsum(_CHANCES[:choices]) / sum(_CHANCES[:choices])
    return int(np.searchsorted(limits[:-1], chance, side="right"))


def _outward(start: int | None, neighbours: Neighbours, xy: npt.NDArray[Any] | None) -> Iterator[int]:
    """Every row once: by the shortest way over neighbours from `start`, then what no way leads to, by the map or by row."""
    seen: set[int] = set()
    waiting = [] if start is None else [(0.0, start)]
    while waiting:
        far, row = heapq.heappop(waiting)
        if row in seen:
            continue
        seen.add(row)
        yield row
        for near, step in zip(neighbours.index[row].tolist(), neighbours.distance[row].tolist(), strict=True):
            if near >= 0 and near not in seen:
                heapq.heappush(waiting, (far + max(step, 0.0), near))
    for row in _by_map(start, len(neighbours.ids), xy):
        if row not in seen:
            yield row


def _by_map(start: int | None, n: int, xy: npt.NDArray[Any] | None) -> list[int]:
    if start is None or xy is None:
        return list(range(n))
    places = np.asarray(xy, np.float64)
    return np.argsort(np.hypot(*(places - places[start]).T), kind="stable").tolist()
