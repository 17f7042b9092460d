"""The nearest songs of each, from a table of distances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mixtape.errors import ShapeError
from mixtape.similarity.proximity import BLOCK_ROWS, square
from mixtape.types import FloatArray, Neighbours


def nearest(distances: npt.ArrayLike, ids: Sequence[str], *, k: int) -> Neighbours:
    """The k nearest songs of each, nearest first, itself left out; of equally near ones the earlier row comes first.

    `distances` is (n, n), not negative, a row for each of `ids`. k is cut to n - 1. ShapeError when they do not fit together.
    """
    table = square(np.asarray(distances, dtype=np.float32))
    n = len(table)
    if len(ids) != n:
        raise ShapeError(f"{len(ids)} ids for distances of {n} songs; one id per row is needed")
    kept = max(0, min(int(k), n - 1))
    index, found = np.zeros((n, kept), np.int32), np.zeros((n, kept), np.float32)
    for start in range(0, n if kept else 0, BLOCK_ROWS):
        rows = np.arange(start, min(start + BLOCK_ROWS, n))
        index[rows] = nearest_columns(table[rows], rows, kept)
        found[rows] = np.take_along_axis(table[rows], index[rows].astype(np.int64), axis=1)
    return Neighbours(tuple(ids), index, found)


def nearest_places(xy: npt.NDArray[Any], ids: Sequence[str], *, k: int) -> Neighbours:
    """The k nearest songs of each on a map of points (n, 2), as `nearest` gives them; no table of all pairs is made."""
    points = np.asarray(xy, np.float32)
    n, kept = len(points), max(0, min(int(k), len(points) - 1))
    index, found = np.zeros((n, kept), np.int32), np.zeros((n, kept), np.float32)
    for start in range(0, n if kept else 0, BLOCK_ROWS):
        rows = np.arange(start, min(start + BLOCK_ROWS, n))
        apart = np.hypot(*(np.subtract.outer(points[rows, axis], points[:, axis]) for axis in (0, 1)))
        index[rows] = nearest_columns(apart, rows, kept)
        found[rows] = np.take_along_axis(apart, index[rows].astype(np.int64), axis=1)
    return Neighbours(tuple(ids), index, found)


def nearest_columns(block: FloatArray, rows: npt.NDArray[np.int64] | None, k: int) -> npt.NDArray[Any]:
    """The columns of the k least of each row of a block (m, n), least first, ties by column; `rows[i]` is left out of i."""
    # Floats that are not negative sort like their bits, so one 64-bit key holds distance first and column second: a partial
    # sort then breaks ties by column, which argpartition does not promise.
    keys = np.abs(block).view(np.uint32).astype(np.uint64) << np.uint64(32)
    keys |= np.arange(block.shape[1], dtype=np.uint64)
    if rows is not None:
        keys[np.arange(len(rows)), rows] = np.iinfo(np.uint64).max
    if k < block.shape[1]:
        keys = np.partition(keys, k - 1, axis=1)[:, :k]
    return np.sort(keys, axis=1) & np.uint64(0xFFFFFFFF)
