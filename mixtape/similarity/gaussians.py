"""Songs as Gaussians: a mean and a covariance each, compared by the symmetrised Kullback-Leibler divergence.

For Gaussians a and b with means m, covariances C and P = inverse of C, J = KL(a|b) + KL(b|a) is

    J = (tr(Pb Ca) + tr(Pa Cb) + (ma - mb)' (Pa + Pb) (ma - mb)) / 2 - d

With S = C + m m' all of it is products of numbers of a with numbers of b, so that one matrix product measures all pairs:

    J = (<Pb, Sa> + <Pa, Sb> - 2 ma' Pb mb - 2 mb' Pa ma + ma' Pa ma + mb' Pb mb) / 2 - d

J does not change when all songs are moved and stretched alike, so they are first brought to where the average song has mean 0 and
covariance 1: there the sums above are small numbers, and little is lost when they cancel. The distance is the square root of J.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mixtape.errors import ShapeError
from mixtape.types import FloatArray

LEAST_VARIANCE, MOST_VARIANCE = 1e-3, 1e3
"""A song's variance in any direction is taken as at least and at most this, the average song's being 1."""

_ROWS = 2048
_SAME = 1e-6

_Array = npt.NDArray[np.float64]


def dimensions(width: int) -> int:
    """d of a vector that holds a mean (d) and the upper triangle of a covariance (d (d + 1) / 2). ShapeError when none fits."""
    d = round((np.sqrt(9.0 + 8.0 * width) - 3.0) / 2.0)
    if d * (d + 3) // 2 != width:
        raise ShapeError(
            f"{width} numbers are no mean and upper triangle of a covariance; d (d + 3) / 2 numbers are, such as 350"
        )
    return int(d)


@dataclass(frozen=True, eq=False)
class Common:
    """Where the average Gaussian of a collection lies: its `mean` (d,), and `whiten` (d, d) that makes its covariance 1."""

    mean: _Array
    whiten: _Array

    @classmethod
    def of(cls, values: npt.NDArray[np.generic]) -> Common:
        """Learn from vectors (n, d (d + 3) / 2); rows with NaN or infinite numbers have no say."""
        d = dimensions(values.shape[1])
        total, heard = np.zeros(values.shape[1]), 0
        for start in range(0, len(values), _ROWS):
            part = np.asarray(values[start : start + _ROWS], np.float64)
            part = part[np.isfinite(part).all(axis=1)]
            total += part.sum(axis=0)
            heard += len(part)
        mean, covariance = _unpacked(total[None] / max(heard, 1), d)
        lengths, directions = np.linalg.eigh(covariance[0])
        floor = max(1e-9 * float(lengths.max(initial=0.0)), 1e-30)
        whiten = directions / np.sqrt(np.maximum(lengths, floor)) if lengths.max(initial=0.0) > 0.0 else np.eye(d)
        return cls(mean[0], whiten)

    def encode(self, values: npt.ArrayLike) -> FloatArray:
        """Vectors (m, d (d + 3) / 2) as rows that products can be taken of: (S, P, m, P m), (m, d (d + 3)) float32.

        Off-diagonal numbers of S and P stand there once, times the square root of 2. A broken row becomes the average song.
        """
        table = np.asarray(values)
        d = len(self.mean)
        rows = np.zeros((len(table), d * (d + 3)), np.float32)
        for start in range(0, len(table), _ROWS):
            mean, lengths, directions = self._taken_apart(table[start : start + _ROWS])
            covariance = (directions * lengths[:, None]) @ directions.transpose(0, 2, 1)
            inverse = (directions / lengths[:, None]) @ directions.transpose(0, 2, 1)
            second = covariance + mean[:, :, None] * mean[:, None]
            turned = (inverse @ mean[:, :, None])[:, :, 0]
            rows[start : start + _ROWS] = np.concatenate([_packed(second), _packed(inverse), mean, turned], axis=1)
        return rows

    def flat(self, values: npt.ArrayLike) -> FloatArray:
        """Vectors as points (m, d (d + 3) / 2) float32 whose Euclidean distance is that of Gaussians that are near each other."""
        table = np.asarray(values)
        points = np.zeros(table.shape, np.float32)
        for start in range(0, len(table), _ROWS):
            mean, lengths, directions = self._taken_apart(table[start : start + _ROWS])
            logarithm = (directions * np.log(lengths)[:, None]) @ directions.transpose(0, 2, 1)
            points[start : start + _ROWS] = np.concatenate([mean, _packed(logarithm) / np.sqrt(2.0)], axis=1)
        return points

    def _taken_apart(self, values: npt.NDArray[np.generic]) -> tuple[_Array, _Array, _Array]:
        """Means (m, d), variances (m, d) and their directions (m, d, d) where the average song has mean 0 and covariance 1."""
        part = np.array(values, np.float64)
        broken = ~np.isfinite(part).all(axis=1)
        part[broken] = 0.0
        mean, covariance = _unpacked(part, len(self.mean))
        mean = (mean - self.mean) @ self.whiten
        covariance = self.whiten.T @ covariance @ self.whiten
        mean[broken], covariance[broken] = 0.0, np.eye(len(self.mean))
        lengths, directions = np.linalg.eigh(covariance)
        return np.clip(mean, -MOST_VARIANCE, MOST_VARIANCE), np.clip(lengths, LEAST_VARIANCE, MOST_VARIANCE), directions


def divergences(a: FloatArray, b: FloatArray) -> _Array:
    """The symmetrised divergence of all rows of `a` (m, w) from all of `b` (n, w), both by `Common.encode`: (m, n), never < 0."""
    d = round((np.sqrt(9.0 + 4.0 * a.shape[1]) - 3.0) / 2.0)
    left, right = a.astype(np.float64), b.astype(np.float64)
    found = _partner(left, d) @ right.T
    own_left, own_right = _own(left, d), _own(right, d)
    found += own_left[:, None]
    found += own_right[None]
    found *= 0.5
    found -= d
    # What is this near to nothing is what rounding to float32 leaves between a song and itself.
    found[found <= _SAME * (2.0 * d + own_left[:, None] + own_right[None])] = 0.0
    return found


def _partner(rows: _Array, d: int) -> _Array:
    half = d * (d + 1) // 2
    second, inverse, mean, turned = np.split(rows, [half, 2 * half, 2 * half + d], axis=1)
    return np.concatenate([inverse, second, -2.0 * turned, -2.0 * mean], axis=1)


def _own(rows: _Array, d: int) -> _Array:
    return np.einsum("ij,ij->i", rows[:, -2 * d : rows.shape[1] - d], rows[:, rows.shape[1] - d :])


def _unpacked(values: _Array, d: int) -> tuple[_Array, _Array]:
    covariance = np.zeros((len(values), d, d))
    down, across = np.triu_indices(d)
    covariance[:, down, across] = values[:, d:]
    covariance[:, across, down] = values[:, d:]
    return values[:, :d].copy(), covariance


def _packed(matrices: _Array) -> _Array:
    down, across = np.triu_indices(matrices.shape[1])
    packed: _Array = matrices[:, down, across] * np.where(down == across, 1.0, np.sqrt(2.0))
    return packed
