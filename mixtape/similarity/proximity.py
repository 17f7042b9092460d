"""Mutual proximity: distances turned into "how sure is it that these two are near, seen from both", 0 to 1.

It takes away hubs (songs that are everybody's neighbour) and brings distances of any kind to one scale, so that they can be
added. Each song's distances to the others are taken as normal with mean m and standard deviation s; with S the share of a normal
beyond z, the result is 1 - S((d - m_a) / s_a) S((d - m_b) / s_b), 0 for near and 1 for far. Songs at distance 0 stay at 0.

Schnitzer, Flexer, Schedl and Widmer, Local and global scaling reduce hubs in space, JMLR 13, 2012.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mixtape.errors import ShapeError
from mixtape.types import FloatArray

BLOCK_ROWS = 512
"""Tables of all pairs are worked on so many rows and columns at a time."""

CROWD = 10
"""So many nearest songs tell how crowded a place is."""

_FLAT = 1e-6


@dataclass(frozen=True, eq=False)
class Outlook:
    """How far away the others are: mean and standard deviation of the distances from each song, arrays of one shape."""

    mean: npt.NDArray[Any]
    spread: npt.NDArray[Any]

    @classmethod
    def of_sums(cls, total: npt.NDArray[Any], squares: npt.NDArray[Any], others: npt.NDArray[Any] | float) -> Outlook:
        """From sums of distances and of their squares over so many `others`."""
        count = np.maximum(others, 1.0)
        mean = total / count
        return cls.of_moments(mean, squares / count - mean**2)

    @classmethod
    def of_moments(cls, mean: npt.NDArray[Any], variance: npt.NDArray[Any]) -> Outlook:
        """From mean and variance."""
        spread = np.sqrt(np.maximum(variance, 0.0))
        # Equal distances all round have no spread; any does then, but a rounding error must not be blown up to a difference.
        spread = np.where(spread <= _FLAT * mean, np.maximum(mean, 1.0), spread)
        return cls(mean.astype(np.float32), spread.astype(np.float32))

    def take(self, rows: Any) -> Outlook:
        """The outlook of some songs."""
        return Outlook(self.mean[rows], self.spread[rows])


def mutual(distances: npt.NDArray[Any], here: Outlook, there: Outlook) -> npt.NDArray[Any]:
    """Mutual proximity of distances, given the outlook of the songs at both ends; all are arrays that fit each other's shape."""
    from scipy.special import ndtr

    far = ndtr((here.mean - distances) / here.spread)
    far *= ndtr((there.mean - distances) / there.spread)
    np.subtract(1.0, far, out=far)
    return np.where(distances <= 0.0, 0.0, far)


def mutual_proximity(distances: npt.ArrayLike) -> FloatArray:
    """Turn a table of distances (n, n) into mutual proximity.

    Returns a new (n, n) float32. ShapeError when `distances` is not square.
    """
    return into_mutual_proximity(np.array(distances, dtype=np.float32))


def into_mutual_proximity(distances: FloatArray, outlook: Outlook | None = None) -> FloatArray:
    """The same in place, block by block; `outlook` is that of the rows when it is known already. Returns `distances`."""
    square(distances)
    seen = outlook or outlook_of(distances)
    for down, across in upper_blocks(len(distances)):
        here = Outlook(seen.mean[down, None], seen.spread[down, None])
        put_both(distances, down, across, mutual(distances[down, across], here, seen.take(across)))
    np.fill_diagonal(distances, 0.0)
    return distances


def outlook_of(distances: FloatArray) -> Outlook:
    """The outlook of every row of a square table, the song itself left out."""
    n = len(distances)
    mean, variance = np.zeros(n), np.zeros(n)
    others = max(n - 1, 1)
    for start in range(0, n, BLOCK_ROWS):
        rows = slice(start, start + BLOCK_ROWS)
        block = distances[rows].astype(np.float64)
        mean[rows] = block.sum(axis=1) / others
        # The song itself, at distance 0, is not one of the others: its share (0 - m)^2 is taken out again.
        variance[rows] = (((block - mean[rows, None]) ** 2).sum(axis=1) - mean[rows] ** 2) / others
    return Outlook.of_moments(mean, variance)


def into_evened(distances: FloatArray) -> FloatArray:
    """Bring nearer, in place, what lies in a sparse place and farther what lies in a crowd: each distance over the root of
    both songs' mean distances to their nearest ten. Who is recommended by nobody is then somebody's neighbour.

    Local scaling (Zelnik-Manor and Perona, Self-tuning spectral clustering, NIPS 2004) by the mean of the nearest (NICDM in
    Schnitzer et al. 2012), times the usual such mean. What would be more than 1 is 1.
    """
    n = len(distances)
    if n < 3:
        return distances
    density = crowding(_around(distances, min(CROWD, n - 1)))
    for start in range(0, n, BLOCK_ROWS):
        rows = slice(start, start + BLOCK_ROWS)
        distances[rows] *= density[rows, None] * density
        np.minimum(distances[rows], 1.0, out=distances[rows])
    return distances


def crowding(around: npt.NDArray[Any]) -> FloatArray:
    """What each song's distances are multiplied by, given its mean distance (n,) to its nearest: above 1 in a crowd."""
    usual = float(np.median(around)) if len(around) else 0.0
    if usual <= 0.0:
        return np.ones(len(around), np.float32)
    return np.asarray(np.sqrt(usual / np.maximum(around, 0.05 * usual)), np.float32)


def _around(distances: FloatArray, k: int) -> npt.NDArray[np.float64]:
    """The mean distance of each song to its k nearest: (n,)."""
    found = np.empty(len(distances))
    for start in range(0, len(distances), BLOCK_ROWS):
        rows = slice(start, start + BLOCK_ROWS)
        # The song itself, at distance 0, is the least of the k + 1 and adds nothing.
        found[rows] = np.partition(distances[rows], k, axis=1)[:, : k + 1].sum(axis=1, dtype=np.float64) / k
    return found


def upper_blocks(n: int) -> Iterator[tuple[slice, slice]]:
    """The blocks (rows, columns) of a table of n songs on and above the diagonal."""
    for top in range(0, n, BLOCK_ROWS):
        for left in range(top, n, BLOCK_ROWS):
            yield slice(top, min(top + BLOCK_ROWS, n)), slice(left, min(left + BLOCK_ROWS, n))


def put_both(table: FloatArray, down: slice, across: slice, block: npt.NDArray[Any]) -> None:
    """Write a block of a symmetric table and its mirror image."""
    if down == across:
        # A block measured against itself may differ in the last bit across the diagonal.
        block = np.triu(block)
        block = block + np.triu(block, 1).T
    table[down, across] = block
    table[across, down] = block.T


def square(distances: FloatArray) -> FloatArray:
    """The table itself. ShapeError when it is not square."""
    if distances.ndim != 2 or distances.shape[0] != distances.shape[1]:
        raise ShapeError(f"distances of shape {distances.shape}: a square table (songs, songs) is needed")
    return distances
