"""What the cover network hears: a song's features, folded into 32 numbers that a wall of pictures can follow.

Features span many orders of magnitude, so they are taken as sign(v) log(1 + |v|), standardised, and turned to the 32
directions in which
this collection varies most (principal components, each with unit spread), clipped at three standard deviations. The
folding is fitted once and stored with the model: a song from outside the collection lands somewhere among the known ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mixtape.errors import ShapeError
from mixtape.types import FloatArray

DIMENSIONS = 32
"""Numbers in a condition."""

BLOCKS = (1440, 168, 60)
"""Rhythm pattern, statistical spectrum descriptor, rhythm histogram: the parts of a song's features, in this order."""

MODEL_FORMAT = 2
"""Version of the model file, which holds a network and how it hears."""

CLIP = 3.0
LONGEST = 7.0
"""Songs of a usual kind have conditions of length 3 to 7; a stranger one points the same way, but no farther."""

FLOOR = 0.05
"""A direction with less spread than this share of the widest one is noise; it is not turned up to full size."""


STRAY = 0.4
"""How far the music of one picture may lie beside its song's, in each of the 32 directions: among pictures of one song that
doubles variety, and the judge still finds nine in ten of the songs it found (made-up sleeves)."""


def strayed(count: int, *, seed: int) -> FloatArray:
    """For each of `count` pictures how it hears its song differently, (count, 32); the first are the same for any count."""
    return STRAY * np.random.default_rng((seed, 32)).standard_normal((count, DIMENSIONS), dtype=np.float32)


def song_features(rp: npt.NDArray[np.floating], ssd: npt.NDArray[np.floating], rh: npt.NDArray[np.floating]) -> FloatArray:
    """Lay rhythm patterns (n, 1440), spectrum descriptors (n, 168) and rhythm histograms (n, 60) side by side: (n, 1668)."""
    return np.concatenate([rp, ssd, rh], axis=1).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """A fitted folding: mean (d,), scale (d,) of the log features, axes (32, d) with their spread divided out."""

    mean: FloatArray
    scale: FloatArray
    axes: FloatArray

    @classmethod
    def fit(cls, values: npt.NDArray[np.floating]) -> Condition:
        """Fit on the features of a collection (n, d). Few songs, constant or missing numbers are all right: what
        cannot be told is 0."""
        logged = _logged(values)
        if len(logged) == 0:
            raise ShapeError("condition: there are no songs to learn from; build a folder with at least one song first")
        known = np.isfinite(logged)
        count = np.maximum(known.sum(axis=0), 1)
        mean = np.where(known, logged, 0).sum(axis=0) / count
        spread = np.sqrt(np.where(known, np.square(logged - mean), 0).sum(axis=0) / count)
        scale = np.where(spread > 1e-6 * (1 + np.abs(mean)), _weights(logged.shape[1]) / np.maximum(spread, 1e-12), 0)
        standard = np.where(known, (logged - mean) * scale, 0)
        return cls(mean=mean.astype(np.float32), scale=scale.astype(np.float32), axes=_axes(standard))

    def of(self, values: npt.NDArray[np.floating]) -> FloatArray:
        """Conditions (n, 32) float32 of songs' features (n, d): numbers within -3..3, rows no longer than 7.

        ShapeError for another d.
        """
        logged = _logged(values)
        if logged.shape[1] != len(self.mean):
            raise ShapeError(
                f"condition: {logged.shape[1]} features a song, it was fitted on {len(self.mean)}; use the same feature sets"
            )
        far = 5.0 * _weights(logged.shape[1])
        standard = np.clip(np.where(np.isfinite(logged), (logged - self.mean) * self.scale, 0), -far, far)
        turned = np.clip(standard @ self.axes.T.astype(np.float64), -CLIP, CLIP)
        length = np.linalg.norm(turned, axis=1, keepdims=True)
        return (turned * np.minimum(1.0, LONGEST / np.maximum(length, LONGEST))).astype(np.float32)


def _logged(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    wide = np.asarray(values, dtype=np.float64)
    if wide.ndim != 2:
        raise ShapeError(f"condition: features {wide.shape}; one row a song is needed, (n, d)")
    wide = np.where(np.isfinite(wide), wide, np.nan)
    return np.sign(wide) * np.log1p(np.abs(wide))


def _weights(d: int) -> npt.NDArray[np.float64]:
    """Each feature set weighs the same, however many numbers it has."""
    if d != sum(BLOCKS):
        return np.ones(d)
    return np.repeat([(d / len(BLOCKS) / block) ** 0.5 for block in BLOCKS], BLOCKS)


def _axes(standard: npt.NDArray[np.float64]) -> FloatArray:
    """The widest directions of (n, d), as rows that yield unit spread; zero rows where the songs do not reach."""
    n, d = standard.shape
    few = n <= d
    power, vectors = np.linalg.eigh(standard @ standard.T if few else standard.T @ standard)
    power, vectors = power[::-1][:DIMENSIONS], vectors[:, ::-1][:, :DIMENSIONS].T
    real = power > 1e-9 * max(float(power[0]), 1e-30)
    spread = np.sqrt(np.maximum(power, 1e-30) / n)
    rows = (vectors @ standard) / np.sqrt(np.maximum(power, 1e-30))[:, None] if few else vectors
    # A direction and its opposite are the same; the largest number decides, so that every machine agrees.
    rows = rows * np.sign(np.take_along_axis(rows, np.abs(rows).argmax(axis=1)[:, None], axis=1))
    axes = np.zeros((DIMENSIONS, d))
    axes[: len(rows)] = np.where(real[:, None], rows / np.maximum(spread, FLOOR * spread[0])[:, None], 0)
    return axes.astype(np.float32)
