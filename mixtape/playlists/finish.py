"""From what a recipe wants to a mixtape, the same for all: rules choose, the order is made, each song gets its reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from mixtape.playlists.collection import Collection
from mixtape.playlists.line import Wish, line
from mixtape.playlists.order import smooth
from mixtape.playlists.reasons import BY_SOUND, seed_reason, told
from mixtape.playlists.recipe import Request
from mixtape.playlists.rules import artist_keys, choose, notes, sized
from mixtape.types import Playlist

Table = Callable[[Sequence[int]], npt.NDArray[np.float64]]


def finished(
    name: str,
    request: Request,
    collection: Collection,
    *,
    candidates: Sequence[int] | Callable[[int], Sequence[int]],
    table: Table,
    reason: Callable[[int], str],
    said: Sequence[str] = (),
    own: bool = False,
) -> Playlist:
    """The mixtape that recipe `name` makes of its candidates.

    `candidates` are rows, best first, without the seed, or a function that gives them for a number of songs; `table(rows)` is
    their distances (m, m), by which the steps are to be short; `reason(row)` says why a song is in the list, told where nothing
    is known that it shares with the song before it; `said` is what the recipe had to do without.
    """

    def make(many: int) -> list[int]:
        best = candidates(many) if callable(candidates) else candidates
        chosen = choose(best, replace(request, length=many, minutes=None), collection)
        rows = list(chosen.rows)
        return [rows[k] for k in smooth(table(rows), artist_keys(rows, collection), gap=chosen.artist_gap)]

    return written(name, request, collection, sized(request, collection, make), reason=reason, said=said, own=own)


def lined(
    name: str,
    request: Request,
    collection: Collection,
    *,
    wish: Callable[[int], Wish],
    reason: Callable[[int], str],
    said: Sequence[str] = (),
    own: bool = False,
    alone: bool = False,
) -> Playlist:
    """The mixtape that recipe `name` makes place by place; `wish` says for a number of songs what it wants of each place."""
    rows = sized(request, collection, lambda many: line(wish(many), request, collection))
    return written(name, request, collection, rows, reason=reason, said=said, own=own, alone=alone)


def written(
    name: str,
    request: Request,
    collection: Collection,
    rows: Sequence[int],
    *,
    reason: Callable[[int], str],
    said: Sequence[str] = (),
    own: bool = False,
    alone: bool = False,
) -> Playlist:
    """The rows as a mixtape. With `own`, the recipe's reason comes before what a song shares with the last; `alone`, instead."""
    ids = tuple(collection.ids[row] for row in rows)
    steps = collection.why.along(ids) if collection.why is not None else ((),) * (len(rows) - 1)
    after = []
    for words, row in zip(steps, rows[1:], strict=True):
        because = reason(row)
        after.append(told((because, *words[: 0 if alone else 1]) if own and because else words, because or BY_SOUND))
    first = seed_reason([*said, *notes(rows, request, collection)])
    return Playlist(name, request.seed_id, request.variation, ids, (first, *after))
