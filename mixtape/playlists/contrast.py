"""Every song a surprise after the one before."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from mixtape.playlists.collection import Collection
from mixtape.playlists.finish import lined
from mixtape.playlists.line import Wish
from mixtape.playlists.recipe import Request
from mixtape.playlists.spread import spread_out
from mixtape.types import Playlist

NAME = "contrast"

_FAR_OUT = 0.15
_LOOKBACK = (1.0, 0.6, 0.4, 0.2)


def contrast(request: Request, collection: Collection) -> Playlist:
    """Songs as unlike each other as there are, every one far from those just heard."""
    seed = collection.row(request.seed_id)

    def wish(many: int) -> Wish:
        few = spread_out(seed, 3 * many, collection)
        rank = np.full(len(collection.ids), 2.0)
        rank[few] = 0.5 * np.arange(len(few)) / max(len(few), 1)

        def step(rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
            apart = collection.map_table(rows)
            return 2.0 - collection.sound_table(rows) - apart / max(float(apart.max()), 1e-9)

        return Wish(many, lambda _place: rank, step, {0: seed}, _LOOKBACK)

    return lined(NAME, request, collection, wish=wish, reason=extremes(collection), own=True, alone=True)


_ENDS = (
    ("energy", "calmest", "liveliest"),
    ("brightness", "darkest", "brightest"),
    ("tempo_bpm", "slowest", "fastest"),
    ("bass", "lightest in bass", "heaviest in bass"),
    ("loudness_lufs", "quietest", "loudest"),
    ("tonality", "noisiest", "purest in tone"),
)


def extremes(collection: Collection) -> Callable[[int], str]:
    """What to say of a row: in which trait it lies farthest out, and how far."""
    ranks = {}
    for name, less, more in _ENDS:
        values = collection.traits.get(name)
        if values is not None and np.isfinite(values).all() and len(values) > 1:
            share = np.searchsorted(np.sort(values), values, side="right") / len(values)
            ranks[less, more] = share

    def reason(row: int) -> str:
        ends = [(float(min(share[row], 1.0 - share[row])), float(share[row]), words) for words, share in ranks.items()]
        if not ends or min(ends)[0] > _FAR_OUT:
            return "far from the songs before it"
        out, share, (less, more) = min(ends)
        return f"among the {less if share < 0.5 else more} {max(1, round(100 * out))} %"

    return reason
