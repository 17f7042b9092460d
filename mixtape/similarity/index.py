"""Which songs of a large collection may be near one, found without measuring all: the candidates that are then measured.

Every part is brought to a few numbers a song (its first principal components), scaled so that squared Euclidean distance tells
about how many standard deviations two songs are apart. What the components leave out still counts through each song's full
length. Songs are kept in cells (k-means); a question goes to the cells nearest by. It works with any weights, since they only
stretch the axes; the cells are cut for those the index was made with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mixtape.similarity.distances import Part
from mixtape.types import FloatArray

COMPONENTS = 24
"""Numbers kept of each part."""

PROBED = 6000
"""At least so many songs are looked at for a question, and at least `PROBED_SHARE` of the collection."""

PROBED_SHARE = 0.08

_SAMPLE = 2048
_BLOCK = 4096
_ROUNDS = 8
_SEED = 1
_HUBS = 0.5

_Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Projection:
    """How songs of one part become points: minus `mean`, times `axes` (w, c); lengths are divided by `size`."""

    mean: FloatArray
    axes: FloatArray
    size: float

    @classmethod
    def of(cls, flat: FloatArray) -> Projection:
        """Learn from a sample of flat rows (m, w)."""
        mean = flat.mean(axis=0, dtype=np.float64).astype(np.float32)
        centred = flat - mean
        lengths = np.einsum("ij,ij->i", centred, centred, dtype=np.float64)
        # Squared distances of pairs of songs, each with the one half the sample away.
        apart = centred - np.roll(centred, len(flat) // 2, axis=0)
        size = float(np.einsum("ij,ij->i", apart, apart, dtype=np.float64).std()) or float(lengths.mean()) or 1.0
        return cls(mean, _principal(centred), size**0.5)

    def points(self, flat: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Points (m, c) and squared lengths (m,) of flat rows (m, w)."""
        centred = np.asarray((flat - self.mean) / np.float32(self.size), np.float32)
        return centred @ self.axes, np.einsum("ij,ij->i", centred, centred)


@dataclass(frozen=True, eq=False)
class Index:
    """Songs in cells: `rows` of the collection in the order of the cells, their `points` (n, w) and squared `lengths` (n, p).

    Cell c holds places `starts[c]` to `starts[c + 1]` and has its middle at `centres[c]`; `owner` (w,) is the part of a column.
    """

    projections: tuple[Projection, ...]
    owner: npt.NDArray[np.int64]
    rows: _Rows
    place: _Rows
    points: FloatArray
    lengths: FloatArray
    starts: _Rows
    centres: FloatArray

    @classmethod
    def of(cls, parts: Sequence[Part], features: Any, *, shares: FloatArray) -> Index:
        """Make the index of a collection; `features(part, rows)` gives raw vectors of some rows, `shares` (p,) the weights."""
        n = len(parts[0].rows)
        sample = np.unique(np.linspace(0, n - 1, min(n, _SAMPLE)).round().astype(np.int64))
        projections = tuple(Projection.of(part.flat(features(part, sample))) for part in parts)
        owner = np.repeat(np.arange(len(parts)), [each.axes.shape[1] for each in projections])
        points, lengths = np.zeros((n, len(owner)), np.float32), np.zeros((n, len(parts)), np.float32)
        for number, (part, each) in enumerate(zip(parts, projections, strict=True)):
            for start in range(0, n, _BLOCK):
                some = slice(start, start + _BLOCK)
                points[some, owner == number], lengths[some, number] = each.points(part.flat(features(part, some)))
        cell = _cells(points * np.sqrt(shares)[owner])
        rows = np.argsort(cell, kind="stable")
        starts = np.searchsorted(cell[rows], np.arange(int(cell.max(initial=0)) + 2))
        points = points[rows]
        centres = _middles(points, starts[:-1])
        return cls(projections, owner, rows, np.argsort(rows), points, lengths[rows], starts, centres)

    def point(self, row: int) -> FloatArray:
        """The point (w,) of a song of the collection."""
        return np.asarray(self.points[self.place[row]])

    def point_of(self, flat: Sequence[FloatArray]) -> FloatArray:
        """The point (w,) of a new song, given flat rows (w_p,) by part."""
        return np.concatenate([each.points(row[None])[0][0] for each, row in zip(self.projections, flat, strict=True)])

    def candidates(self, point: FloatArray, *, shares: FloatArray, count: int) -> _Rows:
        """The `count` songs that seem nearest to a point under these weights, as rows in rising order."""
        toward = point * shares[self.owner]
        near = (self.centres**2) @ shares[self.owner] - 2.0 * (self.centres @ toward)
        order = np.argsort(near, kind="stable")
        enough = max(PROBED, int(PROBED_SHARE * len(self.rows)), 4 * count)
        held = np.cumsum(np.diff(self.starts)[order])
        cells = np.sort(order[: int(np.searchsorted(held, enough)) + 1])
        places = np.concatenate([np.arange(self.starts[cell], self.starts[cell + 1]) for cell in cells])
        far = np.concatenate([self._far(slice(self.starts[cell], self.starts[cell + 1]), toward, shares) for cell in cells])
        if len(far) > count:
            places = places[np.argpartition(far, count)[:count]]
        return np.sort(self.rows[places])

    def _far(self, places: slice, toward: FloatArray, shares: FloatArray) -> FloatArray:
        # Mutual proximity asks both songs, and a song far from everybody is not as far as it looks: that is half its length.
        return np.asarray(_HUBS * (self.lengths[places] @ shares) - 2.0 * (self.points[places] @ toward))


def _principal(centred: FloatArray) -> FloatArray:
    """The first principal directions (w, c) of rows (m, w), by a random start and three rounds of power iteration."""
    count = min(COMPONENTS, *centred.shape)
    start = np.random.default_rng(_SEED).normal(size=(centred.shape[1], min(count + 8, *centred.shape)))
    basis = start.astype(np.float32)
    for _ in range(3):
        basis, _ = np.linalg.qr(centred.T @ (centred @ basis))
    _, _, turn = np.linalg.svd(centred @ basis, full_matrices=False)
    return np.ascontiguousarray(basis @ turn.T[:, :count])


def _cells(points: FloatArray) -> _Rows:
    """The cell of each point (n,), numbered from 0 without gaps: k-means from evenly spread songs."""
    n = len(points)
    centres = points[np.unique(np.linspace(0, n - 1, max(1, int(2 * n**0.5))).astype(np.int64))]
    cell = np.zeros(n, np.int64)
    for _ in range(_ROUNDS):
        half = 0.5 * np.einsum("ij,ij->i", centres, centres)
        for start in range(0, n, _BLOCK):
            cell[start : start + _BLOCK] = np.argmin(half - points[start : start + _BLOCK] @ centres.T, axis=1)
        kept, cell = np.unique(cell, return_inverse=True)
        order = np.argsort(cell, kind="stable")
        starts = np.searchsorted(cell[order], np.arange(len(kept)))
        centres = _middles(points[order], starts)
    return cell


def _middles(points: FloatArray, starts: _Rows) -> FloatArray:
    """The mean of each run of points that begins at one of `starts` and ends before the next."""
    sizes = np.diff(starts, append=len(points))
    return np.asarray(np.add.reduceat(points, starts, axis=0) / sizes[:, None], np.float32)
