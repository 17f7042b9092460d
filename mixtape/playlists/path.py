"""From one song to another."""

from __future__ import annotations

from mixtape.playlists.collection import Collection
from mixtape.playlists.finish import lined
from mixtape.playlists.reasons import called, on_the_way
from mixtape.playlists.recipe import Request
from mixtape.playlists.ways import far_song, leg, stops_of, way_wish
from mixtape.types import Playlist

NAME = "path"

_FAR = 0.85


def path(request: Request, collection: Collection) -> Playlist:
    """A path from the seed to another song, in steps that sound as alike as the way allows."""
    seed = collection.row(request.seed_id)
    stops = stops_of(request.through, seed, collection)
    end = stops[-1] if stops else far_song(seed, request, collection, share=_FAR)
    said = () if stops or end == seed else (f"to {called(end, collection)}, as no other song was named",)
    along, _ = leg(seed, end, collection)

    def reason(row: int) -> str:
        if row in stops[:-1]:
            return "asked for"
        return "where the path ends" if row == end else on_the_way(float(along[row]))

    ends = [seed, *(stops or [end])] if end != seed else [seed]
    return lined(
        NAME, request, collection, wish=lambda many: way_wish(ends, many, collection, named=bool(stops)), reason=reason, said=said
    )
