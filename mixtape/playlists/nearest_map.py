"""The songs next to the seed on the map."""

from __future__ import annotations

from mixtape.playlists.collection import Collection, ranked
from mixtape.playlists.finish import finished
from mixtape.playlists.reasons import nearness
from mixtape.playlists.recipe import Request
from mixtape.types import Playlist

NAME = "nearest_map"


def nearest_map(request: Request, collection: Collection) -> Playlist:
    """The songs that lie nearest to the seed on the map, ordered so that the way over the map is short."""
    seed = collection.row(request.seed_id)
    order = ranked(collection.map_distances(seed), seed).tolist()
    rank = {row: number for number, row in enumerate(order, start=1)}

    def reason(row: int) -> str:
        return "next to it on the map" if rank[row] == 1 else nearness(rank[row], len(order), where="on the map")

    return finished(NAME, request, collection, candidates=order, table=collection.map_table, reason=reason)
