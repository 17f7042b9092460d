"""A radio that stays on the station: every song follows from the last three."""

from __future__ import annotations

import numpy as np

from mixtape.playlists.collection import Collection, ranked
from mixtape.playlists.finish import lined
from mixtape.playlists.line import Wish
from mixtape.playlists.reasons import by_sound
from mixtape.playlists.recipe import Request
from mixtape.types import Playlist

NAME = "radio"

_LOOKBACK = (1.0, 0.7, 0.4)
_HOME = 0.5


def smooth_radio(request: Request, collection: Collection) -> Playlist:
    """A radio that starts at the seed and drifts: every song sounds like the last three, and still a little like the seed."""
    seed = collection.row(request.seed_id)
    near = collection.ways(seed)
    home = _HOME * near / max(float(np.median(near)), 1e-9)

    def wish(many: int) -> Wish:
        return Wish(many, lambda _place: home, collection.sound_table, {0: seed}, _LOOKBACK)

    reason = by_sound(ranked(collection.sound_distances(seed), seed).tolist(), collection.stored(seed))
    return lined(NAME, request, collection, wish=wish, reason=reason)
