"""What must not be torn apart when some covers are learned from and others asked about."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mixtape.types import IntArray


def folds_of(groups: npt.NDArray[np.integer], *, folds: int = 4, seed: int = 0) -> IntArray:
    """Spread whole groups (n,) over folds of about the same size: the fold of each row (n,), 0..folds-1.

    Large groups are dealt first, each to the fold that has least; with fewer groups than folds some folds stay empty.
    """
    names, number, size = np.unique(groups, return_inverse=True, return_counts=True)
    shuffled = np.random.default_rng(seed).permutation(len(names))
    fold, filled = np.zeros(len(names), np.int32), np.zeros(folds, np.int64)
    for group in shuffled[np.argsort(-size[shuffled], kind="stable")]:
        fold[group] = filled.argmin()
        filled[fold[group]] += size[group]
    return fold[number]
