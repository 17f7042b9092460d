"""Away from the seed, and never back."""

from __future__ import annotations

import numpy as np

from mixtape.playlists.collection import Collection
from mixtape.playlists.finish import lined
from mixtape.playlists.line import Wish
from mixtape.playlists.recipe import Request
from mixtape.playlists.ways import share_of_others
from mixtape.types import Playlist

NAME = "wander"

_REACH, _FARTHEST = 0.75, 0.97
_PULL = 4.0


def wander(request: Request, collection: Collection) -> Playlist:
    """A walk that leaves the seed behind: every song sounds like the one before it and lies farther from where it began."""
    seed = collection.row(request.seed_id)
    away = collection.ways(seed)
    reach = _REACH + (_FARTHEST - _REACH) * request.adventurous
    goal = max(float(np.quantile(away, reach)), 1e-9)

    def wish(many: int) -> Wish:
        def fit(place: int) -> np.ndarray:
            return _PULL * np.abs(away / goal - place / max(many - 1, 1))

        return Wish(many, fit, collection.sound_table, {0: seed})

    nearer = share_of_others(away, seed)
    return lined(NAME, request, collection, wish=wish, reason=lambda row: f"{nearer[row]:.0f} % of songs lie nearer to the start")
