"""One distance from several feature sets.

Raw feature vectors must not simply be joined: whichever set has the larger numbers drowns the rest. So each set goes its own way,
scaled, measured by its own measure and turned into mutual proximity; only then are they added by weight, mutual proximity is
taken once more, on the sum, and the hubs that are left are evened out. Tables are made in blocks, in place: at most two n x n
float32 tables exist at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from mixtape.errors import ShapeError
from mixtape.similarity.distances import part_distances, parts_of
from mixtape.similarity.proximity import into_evened, into_mutual_proximity
from mixtape.similarity.sets import Weights, shares
from mixtape.types import FloatArray


def fused_distances(features: Mapping[str, npt.NDArray[Any]], *, weights: Weights, evened: bool = True) -> FloatArray:
    """The distance between all songs by all sets that count: `features` holds tables (n, d) with the same n rows.

    `evened` is false for what a `Space` can say of one song without everybody's neighbours. A set that is not in `sets.SETS` is
    left out. Returns (n, n) float32 from 0 to 1, symmetric, 0 on the diagonal. ShapeError when rows differ in number,
    MixtapeError when no set has any weight.
    """
    counted = shares(features, weights)
    n = row_count({name: features[name] for name in counted})
    total = np.zeros((n, n), np.float32)
    for part, share in parts_of(features, counted):
        table = into_mutual_proximity(part_distances(part))
        table *= np.float32(share)
        total += table
    fused = into_mutual_proximity(total)
    return into_evened(fused) if evened else fused


def row_count(features: Mapping[str, npt.NDArray[Any]]) -> int:
    """How many songs the tables hold. ShapeError when they do not agree."""
    sizes = {name: len(values) for name, values in features.items()}
    if len(set(sizes.values())) > 1:
        raise ShapeError(f"feature sets of different length: {sizes}; every set needs a row for every song")
    return next(iter(sizes.values()), 0)
