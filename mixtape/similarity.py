"""How far two songs are apart: each feature set scaled and measured by itself, then fused.

Raw feature vectors must not simply be joined: the 1,440 numbers of a rhythm pattern differ from song to song by fractions, the
24 kurtosis numbers of an SSD by tens, and whichever is larger drowns the rest. So each set goes its own way: sign-preserving
logarithm, every column to mean 0 and spread 1, Euclidean distance, then mutual proximity, which turns any distance into "how
sure is it that these two are near each other, seen from both", 0 to 1, and takes away hubs (songs that are everybody's
neighbour). Only then are the sets added by weight, and mutual proximity is taken once more.

Arrays go by rows; a row is a song. Every result is symmetric, has a zero diagonal, holds no NaN, and is the same for the same
input. Large tables are worked on in blocks, in place: at most two n x n float32 tables exist at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mixtape.errors import MixtapeError, ShapeError
from mixtape.types import FloatArray, Neighbours

RHYTHM_SETS = ("rp", "rh")
"""Feature sets that hear rhythm; they share `rhythm_weight` evenly."""

TIMBRE_SETS = ("ssd",)
"""Feature sets that hear the sound itself; they share `timbre_weight` evenly."""

_BLOCK_ROWS = 512
_SPREAD_FLOOR = 1e-5
_FARTHEST = 8.0
_SAME = 1e-9


def scaled(values: npt.ArrayLike) -> FloatArray:
    """Make the columns of one feature set comparable: sign(x) log(1 + |x|), then to mean 0 and standard deviation 1.

    `values` is (n, d). A column that does not vary becomes 0 and so says nothing. A number that is NaN or infinite becomes 0,
    the average of its column. Nothing lies farther out than 8 standard deviations, so that one odd number cannot make a song
    a stranger to all others. Returns (n, d) float32. ShapeError when `values` is not a table.
    """
    table = np.array(values, dtype=np.float64)
    if table.ndim != 2:
        raise ShapeError(f"features of shape {table.shape}: a table (songs, numbers) is needed")
    broken = ~np.isfinite(table)
    table[broken] = 0.0
    table = np.sign(table) * np.log1p(np.abs(table))
    heard = np.maximum(len(table) - broken.sum(axis=0), 1)
    mean = table.sum(axis=0) / heard
    table -= mean
    table[broken] = 0.0
    spread = np.sqrt((table**2).sum(axis=0) / heard)
    varies = spread > _SPREAD_FLOOR * (1.0 + np.abs(mean))
    table *= np.where(varies, 1.0 / np.where(varies, spread, 1.0), 0.0)
    return np.clip(table, -_FARTHEST, _FARTHEST).astype(np.float32)


def set_distances(values: npt.ArrayLike) -> FloatArray:
    """Euclidean distance between all rows of one feature set (n, d), after `scaled`. Returns (n, n) float32.

    Worked out in double precision as |a|^2 + |b|^2 - 2ab; rows that agree to about 3e-5 of their length count as the same,
    distance 0, since that is where the formula's own rounding begins.
    """
    rows = scaled(values)
    squares = np.einsum("ij,ij->i", rows, rows, dtype=np.float64)
    distances = np.zeros((len(rows), len(rows)), np.float32)
    for down, across in _upper_blocks(len(rows)):
        product = rows[down].astype(np.float64) @ rows[across].astype(np.float64).T
        lengths = squares[down, None] + squares[None, across]
        squared = lengths - 2.0 * product
        squared[squared <= _SAME * lengths] = 0.0
        _put_both(distances, down, across, np.sqrt(squared))
    np.fill_diagonal(distances, 0.0)
    return distances


def mutual_proximity(distances: npt.ArrayLike) -> FloatArray:
    """Turn distances (n, n) into 1 - P(farther than this, seen from both): hubs vanish, scales agree.

    Each row's distances to the others are taken as normal with mean m and standard deviation s; with S the share of a normal
    beyond z, the result is 1 - S((d - m_a) / s_a) S((d - m_b) / s_b), 0 for near to 1 for far. Songs at distance 0 stay at 0.
    Schnitzer, Flexer, Schedl and Widmer, Local and global scaling reduce hubs in space, JMLR 13, 2012.
    Returns a new (n, n) float32. ShapeError when `distances` is not square.
    """
    return _into_mutual_proximity(np.array(distances, dtype=np.float32))


def fused_distances(features: Mapping[str, npt.NDArray[Any]], *, rhythm_weight: float, timbre_weight: float) -> FloatArray:
    """One distance from several feature sets: each scaled, measured and made mutual by itself, then added by weight.

    `features` holds (n, d) tables with the same n rows: `rp` and `rh` share `rhythm_weight`, `ssd` has `timbre_weight`; weights
    are relative. Returns (n, n) float32 from 0 to 1. MixtapeError when a set is unknown, when rows differ in number, or when no
    set has any weight.
    """
    weights = _weights_of(tuple(sorted(features)), rhythm_weight=rhythm_weight, timbre_weight=timbre_weight)
    sizes = {name: len(features[name]) for name in features}
    if len(set(sizes.values())) > 1:
        raise ShapeError(f"feature sets of different length: {sizes}; every set needs a row for every song")
    total: FloatArray | None = None
    for name, weight in weights.items():
        part = _into_mutual_proximity(set_distances(features[name]))
        part *= np.float32(weight)
        if total is None:
            total = part
        else:
            total += part
    assert total is not None
    return _into_mutual_proximity(total)


def nearest(distances: npt.ArrayLike, ids: Sequence[str], *, k: int) -> Neighbours:
    """The k nearest songs of each, nearest first, itself left out; of equally near ones the earlier row comes first.

    `distances` is (n, n), not negative, a row for each of `ids`. k is cut to n - 1. ShapeError when they do not fit together.
    """
    table = _square(np.asarray(distances, dtype=np.float32))
    n = len(table)
    if len(ids) != n:
        raise ShapeError(f"{len(ids)} ids for distances of {n} songs; one id per row is needed")
    kept = max(0, min(int(k), n - 1))
    index, found = np.zeros((n, kept), np.int32), np.zeros((n, kept), np.float32)
    for start in range(0, n if kept else 0, _BLOCK_ROWS):
        rows = np.arange(start, min(start + _BLOCK_ROWS, n))
        index[rows] = _nearest_columns(table[rows], rows, kept)
        found[rows] = np.take_along_axis(table[rows], index[rows].astype(np.int64), axis=1)
    return Neighbours(tuple(ids), index, found)


def _nearest_columns(block: FloatArray, rows: npt.NDArray[np.int64], k: int) -> npt.NDArray[Any]:
    # Floats that are not negative sort like their bits, so one 64-bit key holds distance first and column second: a partial
    # sort then breaks ties by column, which argpartition does not promise.
    keys = np.abs(block).view(np.uint32).astype(np.uint64) << np.uint64(32)
    keys |= np.arange(block.shape[1], dtype=np.uint64)
    keys[np.arange(len(rows)), rows] = np.iinfo(np.uint64).max
    if k < block.shape[1]:
        keys = np.partition(keys, k - 1, axis=1)[:, :k]
    return np.sort(keys, axis=1) & np.uint64(0xFFFFFFFF)


def _weights_of(names: Sequence[str], *, rhythm_weight: float, timbre_weight: float) -> dict[str, float]:
    if unknown := [name for name in names if name not in RHYTHM_SETS + TIMBRE_SETS]:
        raise MixtapeError(f"feature set '{unknown[0]}' has no weight; sets with one are {', '.join(RHYTHM_SETS + TIMBRE_SETS)}")
    weights: dict[str, float] = {}
    for family, weight in ((RHYTHM_SETS, rhythm_weight), (TIMBRE_SETS, timbre_weight)):
        present = [name for name in names if name in family]
        weights |= {name: weight / len(present) for name in present if weight > 0.0}
    if not weights:
        raise MixtapeError(
            f"rhythm_weight {rhythm_weight:g} and timbre_weight {timbre_weight:g} leave nothing of "
            f"{', '.join(names) or 'no feature sets'}; give one of them more than 0"
        )
    return {name: weight / sum(weights.values()) for name, weight in weights.items()}


def _into_mutual_proximity(distances: FloatArray) -> FloatArray:
    from scipy.special import ndtr

    _square(distances)
    mean, spread = _row_statistics(distances)
    for down, across in _upper_blocks(len(distances)):
        block = distances[down, across]
        here = ndtr((mean[down, None] - block) / spread[down, None])
        here *= ndtr((mean[None, across] - block) / spread[None, across])
        np.subtract(1.0, here, out=here)
        here[block <= 0.0] = 0.0
        _put_both(distances, down, across, here)
    np.fill_diagonal(distances, 0.0)
    return distances


def _row_statistics(distances: FloatArray) -> tuple[FloatArray, FloatArray]:
    n = len(distances)
    others = max(n - 1, 1)
    mean, spread = np.zeros(n), np.zeros(n)
    for start in range(0, n, _BLOCK_ROWS):
        rows = slice(start, min(start + _BLOCK_ROWS, n))
        block = distances[rows].astype(np.float64)
        mean[rows] = block.sum(axis=1) / others
        # The song itself, at distance 0, is not one of the others: its share (0 - m)^2 is taken out again.
        squares = ((block - mean[rows, None]) ** 2).sum(axis=1) - mean[rows] ** 2
        spread[rows] = np.sqrt(np.maximum(squares, 0.0) / others)
    # Equal distances all round have no spread; any spread does then, but a rounding error must not be blown up to a difference.
    flat = spread <= 1e-6 * mean
    spread[flat] = np.maximum(mean[flat], 1.0)
    return mean.astype(np.float32), spread.astype(np.float32)


def _upper_blocks(n: int) -> Iterator[tuple[slice, slice]]:
    for top in range(0, n, _BLOCK_ROWS):
        for left in range(top, n, _BLOCK_ROWS):
            yield slice(top, min(top + _BLOCK_ROWS, n)), slice(left, min(left + _BLOCK_ROWS, n))


def _put_both(table: FloatArray, down: slice, across: slice, block: npt.NDArray[Any]) -> None:
    if down == across:
        # A product of a block with itself may differ in the last bit across the diagonal.
        block = np.triu(block)
        block = block + np.triu(block, 1).T
    table[down, across] = block
    table[across, down] = block.T


def _square(distances: FloatArray) -> FloatArray:
    if distances.ndim != 2 or distances.shape[0] != distances.shape[1]:
        raise ShapeError(f"distances of shape {distances.shape}: a square table (songs, songs) is needed")
    return distances
