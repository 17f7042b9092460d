"""The songs that sound most like the seed."""

from __future__ import annotations

from mixtape.playlists.collection import Collection, ranked
from mixtape.playlists.finish import finished
from mixtape.playlists.reasons import by_sound
from mixtape.playlists.recipe import Request
from mixtape.types import Playlist

NAME = "nearest_features"


def nearest_features(request: Request, collection: Collection) -> Playlist:
    """The songs nearest to the seed by rhythm and sound, ordered so that each sounds like the one before it."""
    seed = collection.row(request.seed_id)
    order = ranked(collection.sound_distances(seed), seed).tolist()
    reason = by_sound(order, collection.stored(seed))
    return finished(NAME, request, collection, candidates=order, table=collection.sound_table, reason=reason)
