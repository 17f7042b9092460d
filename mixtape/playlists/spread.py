"""Songs spread over a whole collection."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mixtape.playlists.collection import Collection


def spread_out(seed: int, many: int, collection: Collection) -> list[int]:
    """The seed, and always the song farthest on the map from all chosen so far; those that lie alone are passed over.

    Farthest-first traversal (Gonzalez 1985). A song is alone when it is farther from its nearest on the map than 95 % are.
    """
    xy = collection.song_map.xy.astype(np.float64)
    allowed = ~_alone(xy)
    allowed[seed] = True
    chosen, nearest = [seed], _from(xy, seed)
    for _ in range(min(many, len(xy)) - 1):
        open_to = np.where(allowed, nearest, -1.0)
        open_to[chosen] = -2.0
        farthest = int(open_to.argmax())
        chosen.append(farthest)
        nearest = np.minimum(nearest, _from(xy, farthest))
    return chosen


def _from(xy: npt.NDArray[np.float64], row: int) -> npt.NDArray[np.float64]:
    return np.asarray(np.hypot(*(xy - xy[row]).T))


def _alone(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    from scipy.spatial import cKDTree

    if len(xy) < 20:
        return np.zeros(len(xy), bool)
    near, _ = cKDTree(xy).query(xy, k=3)
    return np.asarray(near[:, -1] > np.quantile(near[:, -1], 0.95))
