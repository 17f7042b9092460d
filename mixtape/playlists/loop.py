"""There and back."""

from __future__ import annotations

from mixtape.playlists.collection import Collection
from mixtape.playlists.finish import lined
from mixtape.playlists.reasons import called
from mixtape.playlists.recipe import Request
from mixtape.playlists.ways import far_song, share_of_others, stops_of, way_wish
from mixtape.types import Playlist

NAME = "loop"

_FAR = 0.6


def loop(request: Request, collection: Collection) -> Playlist:
    """A round trip: out to a song far from the seed and home again over others, so that the last leads into the first."""
    seed = collection.row(request.seed_id)
    stops = stops_of(request.through, seed, collection)
    turn = stops or [row for row in (far_song(seed, request, collection, share=_FAR),) if row != seed]
    said = () if stops or not turn else (f"turns at {called(turn[0], collection)}, as no other song was named",)
    nearer = share_of_others(collection.ways(seed), seed)

    def reason(row: int) -> str:
        return "where the loop turns" if row in turn else f"{nearer[row]:.0f} % of songs lie nearer to home"

    return lined(
        NAME,
        request,
        collection,
        wish=lambda many: way_wish([seed, *turn], many, collection, named=bool(stops), closed=True),
        reason=reason,
        said=said,
    )
