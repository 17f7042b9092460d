"""The songs next to the seed on the map."""

from __future__ import annotations

import numpy as np

from mixtape.playlists.collection import Collection, ranked
from mixtape.playlists.order import smooth
from mixtape.playlists.reasons import nearness, seed_reason
from mixtape.playlists.recipe import Request
from mixtape.playlists.rules import artist_keys, choose, notes
from mixtape.types import Playlist

NAME = "nearest_map"


def nearest_map(request: Request, collection: Collection) -> Playlist:
    """The songs that lie nearest to the seed on the map, ordered so that the way over the map is short."""
    seed = collection.row(request.seed_id)
    order = ranked(collection.map_distances(seed), seed)
    chosen = choose(order.tolist(), request, collection)
    table = np.stack([collection.map_distances(row)[list(chosen.rows)] for row in chosen.rows])
    way = [chosen.rows[k] for k in smooth(table, artist_keys(chosen.rows, collection), gap=chosen.artist_gap)]
    rank = {int(row): place for place, row in enumerate(order, start=1)}
    reasons = [seed_reason(notes(chosen, request)), *(_reason(rank[row], len(order)) for row in way[1:])]
    return Playlist(NAME, request.seed_id, request.variation, tuple(collection.ids[row] for row in way), tuple(reasons))


def _reason(rank: int, others: int) -> str:
    return "next to it on the map" if rank == 1 else nearness(rank, others, where="on the map")
