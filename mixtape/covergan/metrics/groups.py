"""What must not be torn apart when some covers are learned from and others asked about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mixtape.errors import ShapeError
from mixtape.types import IntArray


def joined_groups(*labels: Sequence[str] | npt.NDArray[np.integer]) -> IntArray:
    """Number n things (n,), counted from 0, so that any two which share a label of any kind share a number, in chains.

    Each of `labels` names n things, say by album, by artist and by likeness of the cover. Empty names and negative numbers
    link nobody. ShapeError for lists of unlike length.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(labels[0]) if labels else 0
    if any(len(kind) != n for kind in labels):
        raise ShapeError(f"groups: lists of {', '.join(str(len(kind)) for kind in labels)} labels; one each is needed")
    rows, cols, used = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], n
    for kind in labels:
        names = np.asarray(kind)
        real = np.flatnonzero(names != "" if names.dtype.kind == "U" else names >= 0)
        unique, number = np.unique(names[real], return_inverse=True)
        rows.append(real)
        cols.append(number + used)
        used += len(unique)
    ends = np.concatenate(rows), np.concatenate(cols)
    _, group = connected_components(coo_array((np.ones(len(ends[0])), ends), shape=(used, used)), directed=False)
    return np.unique(group[:n], return_inverse=True)[1].astype(np.int32)


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
