"""More like these, less like those."""

from __future__ import annotations

import numpy as np

from mixtape.playlists.collection import Collection, ranked
from mixtape.playlists.finish import finished
from mixtape.playlists.reasons import by_sound, called
from mixtape.playlists.recipe import Request
from mixtape.playlists.ways import stops_of
from mixtape.types import Playlist

NAME = "alchemy"

_LESS = 0.5


def alchemy(request: Request, collection: Collection) -> Playlist:
    """More like the seed and the songs named with it, less like the songs to keep away from."""
    seed = collection.row(request.seed_id)
    like = [seed, *stops_of(request.like, seed, collection)]
    unlike = [row for row in stops_of(request.unlike, seed, collection) if row not in like]
    said: tuple[str, ...] = ()
    if not unlike and (common := _commonest(like, collection)) is not None:
        unlike = [common]
        said = (f"less like {called(common, collection)}, the commonest sound near it",)
    wanted = np.mean([collection.sound_distances(row) for row in like], axis=0)
    shunned = np.mean([_seen_from(row, collection) for row in unlike], axis=0) if unlike else np.zeros(len(wanted))
    order = ranked(wanted - _LESS * shunned, seed)
    # Whom somebody wants to hear less of comes last of all.
    order = np.concatenate([order[~np.isin(order, unlike)], order[np.isin(order, unlike)]])
    first = like[1:]
    candidates = [*first, *(row for row in order.tolist() if row not in first)]
    nearness = by_sound(ranked(wanted, seed).tolist(), collection.stored(seed))

    def reason(row: int) -> str:
        return "asked for" if row in like else nearness(row)

    return finished(
        NAME,
        request,
        collection,
        candidates=candidates,
        table=collection.sound_table,
        reason=reason,
        said=said,
    )


def _seen_from(row: int, collection: Collection) -> np.ndarray:
    """How far a song is, 0 to 1, along the ways: the distance itself says about 1 of nearly all songs."""
    away = collection.ways(row)
    return 0.5 * collection.sound_distances(row) + 0.5 * away / max(float(away.max()), 1e-9)


def _commonest(like: list[int], collection: Collection) -> int | None:
    """Among the neighbours of these songs the one that most other songs have for a neighbour; None where there are none."""
    near = [int(row) for song in like for row in collection.neighbours.index[song, : collection.stored(song)]]
    others = [row for row in dict.fromkeys(near) if row not in like]
    return max(others, key=lambda row: (collection.reached[row], -row)) if others else None
