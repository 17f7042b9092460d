"""Ways from song to song over the collection: how far along a song lies between two others, and how far out of the way."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from mixtape.playlists.collection import Collection
from mixtape.playlists.line import Wish
from mixtape.playlists.recipe import Request

_Vector = npt.NDArray[np.float64]

_ALONG, _ASIDE = 4.0, 2.0


def way_wish(stops: Sequence[int], many: int, collection: Collection, *, named: bool, closed: bool = False) -> Wish:
    """A list of `many` songs that comes by all `stops` (rows) in order, and of at least as many as they are if `named`.

    It ends at the last of them, or, `closed`, where the next song would be the first again. Places are shared out by how long
    the ways between the stops are.
    """
    many = max(many, len(stops)) if named else many
    stops = stops[:many]
    points = [*stops, stops[0]] if closed else list(stops)
    if len(points) == 1:
        points.append(points[0])
    at = places(points, many if closed else many - 1, collection)
    legs = [leg(a, b, collection) for a, b in pairwise(points)]

    def fit(place: int) -> _Vector:
        number = min(max(k for k, begin in enumerate(at) if begin <= place), len(legs) - 1)
        along, aside = legs[number]
        progress = (place - at[number]) / max(at[number + 1] - at[number], 1)
        return np.asarray(_ALONG * np.abs(along - progress) + _ASIDE * aside)

    fixed = {place: row for place, row in zip(at, points, strict=True) if place < many}
    return Wish(many, fit, collection.sound_table, fixed)


def places(points: Sequence[int], last: int, collection: Collection) -> list[int]:
    """At which place each point stands, from 0 to `last`, at least one apart as long as there is room."""
    lengths = [float(collection.ways(a)[b]) for a, b in pairwise(points)]
    legs, whole = len(lengths), max(sum(lengths), 1e-9)
    spare = max(last - legs, 0)
    begun = np.concatenate([[0.0], np.cumsum(lengths)]) / whole if sum(lengths) > 0 else np.arange(legs + 1) / legs
    return [round(spare * float(share)) + min(number, last) for number, share in enumerate(begun)]


def leg(a: int, b: int, collection: Collection) -> tuple[_Vector, _Vector]:
    """For each song how far along the way from a to b it lies, 0 to 1, and how much longer the way over it is, in such ways."""
    here, there = collection.ways(a), collection.ways(b)
    whole = max(float(here[b]), 1e-9)
    both = np.maximum(here + there, 1e-9)
    return here / both, both / whole - 1.0


def stops_of(names: Sequence[str], start: int, collection: Collection) -> list[int]:
    """The rows of some songs to come by, each once and none the start. LibraryError when one is not in the collection."""
    rows = list(dict.fromkeys(collection.row(song) for song in names))
    return [row for row in rows if row != start]


def far_song(start: int, request: Request, collection: Collection, *, share: float) -> int:
    """A song to go to where none is named: about `share` of all songs are nearer to the start than it is, along the ways."""
    order = np.argsort(collection.ways(start), kind="stable")
    order = order[order != start]
    if not len(order):
        return start
    first = order[min(round(share * len(order)), len(order) - 1) :]
    return next((int(row) for row in (*first, *order[::-1]) if wanted(int(row), request, collection)), int(first[0]))


def wanted(row: int, request: Request, collection: Collection) -> bool:
    """Whether a song is as long as was asked for, and not silent."""
    return request.fits(collection.tracks[row].duration_s) and not bool(collection.silent[row])


def share_of_others(distances: _Vector, seed: int) -> _Vector:
    """For each song the share of the others, in per cent, that have a smaller distance (n,)."""
    rank = np.argsort(np.argsort(np.where(np.arange(len(distances)) == seed, -1.0, distances), kind="stable"), kind="stable")
    return np.asarray(100.0 * np.maximum(rank - 1, 0) / max(len(distances) - 1, 1))
