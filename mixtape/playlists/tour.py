"""The whole collection in one list."""

from __future__ import annotations

import numpy as np

from mixtape.playlists.collection import Collection
from mixtape.playlists.finish import finished
from mixtape.playlists.recipe import Request
from mixtape.playlists.spread import spread_out
from mixtape.types import Playlist

NAME = "tour"

_ROUNDS = 8


def tour(request: Request, collection: Collection) -> Playlist:
    """A tour of the whole collection: a song that speaks for each part of the map, by the shortest way round."""
    seed = collection.row(request.seed_id)

    def candidates(many: int) -> list[int]:
        stops = [row for row in _spokesmen(seed, many, collection) if row != seed]
        more = [row for row in spread_out(seed, 4 * many, collection)[1:] if row not in set(stops)]
        known = {seed, *stops, *more}
        return [*stops, *more, *(row for row in range(len(collection.ids)) if row not in known)]

    return finished(
        NAME,
        request,
        collection,
        candidates=candidates,
        table=collection.map_table,
        reason=lambda _row: "speaks for its part of the map",
    )


def _spokesmen(seed: int, many: int, collection: Collection) -> list[int]:
    """The songs nearest to the middles of as many parts of the map: k-means, begun with the songs farthest apart."""
    xy = collection.song_map.xy.astype(np.float64)
    middles = xy[spread_out(seed, many, collection)]
    for _ in range(_ROUNDS if many < len(xy) else 0):
        owner = _nearest(xy, middles)
        counts = np.bincount(owner, minlength=len(middles))
        sums = np.stack([np.bincount(owner, weights=xy[:, axis], minlength=len(middles)) for axis in (0, 1)], axis=1)
        moved = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], middles)
        # The seed's part stays where the seed is.
        middles = np.concatenate([middles[:1], moved[1:]])
    return list(dict.fromkeys(_nearest(middles, xy).tolist()))


def _nearest(points: np.ndarray, places: np.ndarray) -> np.ndarray:
    """For each point (m, 2) the nearest of some places (k, 2): (m,)."""
    from scipy.spatial import cKDTree

    return np.asarray(cKDTree(places).query(points)[1], np.int64)
