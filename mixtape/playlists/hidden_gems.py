"""Songs that no list of neighbours leads to."""

from __future__ import annotations

import numpy as np

from mixtape.playlists.collection import Collection, ranked
from mixtape.playlists.finish import finished
from mixtape.playlists.recipe import Request
from mixtape.types import Playlist

NAME = "hidden_gems"

_LEAST_SONGS = 3


def hidden_gems(request: Request, collection: Collection) -> Playlist:
    """Songs that hardly any other song leads to, so that they never come up elsewhere; the nearest to the seed of them."""
    seed = collection.row(request.seed_id)
    reached = collection.reached
    near = ranked(collection.sound_distances(seed), seed)

    def candidates(many: int) -> list[int]:
        # As few lists as gives some choice of songs near the seed.
        wanted = min(_LEAST_SONGS * many, len(near))
        least = int(np.sort(reached[near])[max(wanted - 1, 0)]) if len(near) else 0
        hidden = reached[near] <= least
        rest = near[~hidden]
        return [*near[hidden].tolist(), *rest[np.argsort(reached[rest], kind="stable")].tolist()]

    def reason(row: int) -> str:
        many = int(reached[row])
        return f"{many} song{'s lead' if many > 1 else ' leads'} to it" if many else "no song leads to it"

    known = collection.neighbours.index.shape[1] > 0
    said = () if known or len(near) == 0 else ("no neighbours are known here, so by the map",)
    return finished(
        NAME, request, collection, candidates=candidates, table=collection.sound_table, reason=reason, said=said, own=True
    )
