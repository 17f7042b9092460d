"""The songs that sound most like the seed."""

from __future__ import annotations

import numpy as np

from mixtape.playlists.collection import Collection, ranked
from mixtape.playlists.order import smooth
from mixtape.playlists.reasons import nearness, seed_reason
from mixtape.playlists.recipe import Request
from mixtape.playlists.rules import artist_keys, choose, notes
from mixtape.types import Playlist

NAME = "nearest_features"


def nearest_features(request: Request, collection: Collection) -> Playlist:
    """The songs nearest to the seed by rhythm and sound, ordered so that each sounds like the one before it."""
    seed = collection.row(request.seed_id)
    order = ranked(collection.sound_distances(seed), seed)
    chosen = choose(order.tolist(), request, collection)
    table = np.stack([collection.sound_distances(row)[list(chosen.rows)] for row in chosen.rows])
    way = [chosen.rows[k] for k in smooth(table, artist_keys(chosen.rows, collection), gap=chosen.artist_gap)]
    rank = {int(row): place for place, row in enumerate(order, start=1)}
    stored = collection.stored(seed)
    reasons = [seed_reason(notes(chosen, request)), *(_reason(rank[row], stored, len(order)) for row in way[1:])]
    return Playlist(NAME, request.seed_id, request.variation, tuple(collection.ids[row] for row in way), tuple(reasons))


def _reason(rank: int, stored: int, others: int) -> str:
    # Ranks behind the stored ones are estimates: they are not passed off as counted.
    return nearness(rank, others, where="by sound") if rank <= stored else f"beyond the {stored} nearest by sound"
