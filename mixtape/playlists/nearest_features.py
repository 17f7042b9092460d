"""The songs that sound most like the seed."""

from __future__ import annotations

from mixtape.playlists.collection import Collection, ranked
from mixtape.playlists.finish import finished
from mixtape.playlists.reasons import nearness
from mixtape.playlists.recipe import Request
from mixtape.types import Playlist

NAME = "nearest_features"


def nearest_features(request: Request, collection: Collection) -> Playlist:
    """The songs nearest to the seed by rhythm and sound, ordered so that each sounds like the one before it."""
    seed = collection.row(request.seed_id)
    order = ranked(collection.sound_distances(seed), seed).tolist()
    stored = collection.stored(seed)

    def reason(rank: int) -> str:
        # Ranks behind the stored ones are estimates: they are not passed off as counted.
        if rank > stored:
            return f"beyond the {stored} nearest by sound" if stored else "by its place on the map"
        return nearness(rank, len(order), where="by sound")

    return finished(NAME, request, collection, candidates=order, distances=collection.sound_distances, reason=reason)
