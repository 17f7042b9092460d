"""From song to song, by way of the songs that were named."""

from __future__ import annotations

from mixtape.playlists.collection import Collection
from mixtape.playlists.finish import lined
from mixtape.playlists.line import Wish
from mixtape.playlists.reasons import called
from mixtape.playlists.recipe import Request
from mixtape.playlists.ways import far_song, stops_of, wanted, way_wish
from mixtape.types import Playlist

NAME = "waypoints"


def waypoints(request: Request, collection: Collection) -> Playlist:
    """A path from the seed by way of every song that was named, in that order, to the last of them."""
    seed = collection.row(request.seed_id)
    stops = stops_of(request.through, seed, collection)
    said: tuple[str, ...] = ()
    named = bool(stops)
    if not stops:
        stops = _own(seed, request, collection)
        names = " and ".join(called(row, collection) for row in stops)
        said = (f"by way of {names}, as no other song was named",) if stops else ()
    number = {row: place for place, row in enumerate(stops, start=1)}

    def reason(row: int) -> str:
        return f"waypoint {number[row]} of {len(stops)}" if row in number else "on the way"

    def wish(many: int) -> Wish:
        return way_wish([seed, *stops], many, collection, named=named)

    return lined(NAME, request, collection, wish=wish, reason=reason, said=said)


def _own(seed: int, request: Request, collection: Collection) -> list[int]:
    """Two stops to come by where none are named: one in another direction than the other."""
    first = far_song(seed, request, collection, share=0.6)
    both = collection.ways(seed) / max(float(collection.ways(seed).max()), 1e-9)
    both = (both - 0.6) ** 2 - collection.ways(first) / max(float(collection.ways(first).max()), 1e-9)
    second = next((int(row) for row in both.argsort(kind="stable") if wanted(int(row), request, collection)), first)
    return list(dict.fromkeys(row for row in (first, second) if row != seed))
