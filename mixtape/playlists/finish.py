"""From candidates to a mixtape, the same for every recipe: rules choose, the order is made smooth, each song gets its reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mixtape.playlists.collection import Collection
from mixtape.playlists.order import smooth
from mixtape.playlists.reasons import seed_reason, told
from mixtape.playlists.recipe import Request
from mixtape.playlists.rules import artist_keys, choose, notes
from mixtape.types import Playlist


def finished(
    name: str,
    request: Request,
    collection: Collection,
    *,
    candidates: Sequence[int],
    distances: Callable[[int], npt.NDArray[Any]],
    reason: Callable[[int], str],
) -> Playlist:
    """The mixtape that recipe `name` makes of its candidates.

    `candidates` are rows, best first, without the seed; `distances(row)` are those from one song to all (n,), by which the
    steps are to be short; `reason(place)` says why the candidate at that place, from 1, is in the list, told where
    nothing is known that it shares with the song before it.
    """
    chosen = choose(candidates, request, collection)
    rows = list(chosen.rows)
    table = np.stack([distances(row)[rows] for row in rows])
    way = [rows[k] for k in smooth(table, artist_keys(rows, collection), gap=chosen.artist_gap)]
    place = {row: number for number, row in enumerate(candidates, start=1)}
    ids = tuple(collection.ids[row] for row in way)
    steps = collection.why.along(ids) if collection.why is not None else ((),) * (len(way) - 1)
    after = (told(words, reason(place[row])) for words, row in zip(steps, way[1:], strict=True))
    return Playlist(name, request.seed_id, request.variation, ids, (seed_reason(notes(chosen, request)), *after))
