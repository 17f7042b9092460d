"""Sliced Wasserstein distance between patches, scale by scale (Karras and others 2018, "Progressive Growing of GANs", section 5).

It needs no trained network: blur and a chequered texture show at the fine scale, a wrong layout or palette at the coarse one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import convolve1d

from mixtape.covergan.metrics.features import checked
from mixtape.types import ByteArray, FloatArray

PATCH = 7
PATCHES = 32
"""Patches a picture, at each scale."""

DIRECTIONS = 128
COARSEST_PX = 16
_KERNEL = np.array([1, 4, 6, 4, 1], np.float32) / 16


@dataclass(frozen=True, slots=True)
class Sliced:
    """Distance at each scale, finest first, in deviations of the real patches; and their mean."""

    levels: tuple[float, ...]

    @property
    def mean(self) -> float:
        """The mean over scales."""
        return float(np.mean(self.levels))


def sliced(reals: ByteArray, drawn: ByteArray, *, levels: int = 3, seed: int = 0) -> Sliced:
    """How far the patches of two sets of pictures (n, s, s, 3) lie apart; 0 for the same set.

    From each picture 7 x 7 patches of a Laplacian pyramid are taken at places that the seed alone decides. Unlike in the
    paper both sets are measured by the reals' mean and deviation, so that paler pictures are noticed. The larger set is cut
    to the size of the smaller one: compare only figures of like size.
    """
    count = min(len(checked(reals)), len(checked(drawn)))
    if count == 0:
        return Sliced((float("nan"),) * levels)
    ours, theirs = _pyramid(reals[:count], levels), _pyramid(drawn[:count], levels)
    rng = np.random.default_rng(seed)
    return Sliced(tuple(_distance(a, b, rng) for a, b in zip(ours, theirs, strict=True)))


def _distance(reals: FloatArray, drawn: FloatArray, rng: np.random.Generator) -> float:
    span = reals.shape[1] - PATCH + 1
    places = rng.integers(0, span, (2, len(reals), PATCHES))
    directions = rng.standard_normal((PATCH * PATCH * 3, DIRECTIONS), dtype=np.float32)
    directions /= np.linalg.norm(directions, axis=0)
    a, b = _patches(reals, places), _patches(drawn, places)
    mean, spread = a.mean(axis=(0, 1), keepdims=True), np.maximum(a.std(axis=(0, 1), keepdims=True), 1e-4)
    flat_a, flat_b = (((patches - mean) / spread).reshape(len(patches), -1) for patches in (a, b))
    total = 0.0
    for start in range(0, DIRECTIONS, 16):
        some = directions[:, start : start + 16]
        total += float(np.abs(np.sort((flat_a @ some).T) - np.sort((flat_b @ some).T)).mean()) * some.shape[1]
    return total / DIRECTIONS


def _patches(images: FloatArray, places: npt.NDArray[np.int64]) -> FloatArray:
    """(n, s, s, 3) -> (n * PATCHES, 49, 3)."""
    windows = np.lib.stride_tricks.sliding_window_view(images, (PATCH, PATCH), axis=(1, 2))
    taken = windows[np.arange(len(images))[:, None], places[0], places[1]]
    return np.ascontiguousarray(taken.reshape(-1, 3, PATCH * PATCH).transpose(0, 2, 1))


def _pyramid(pictures: ByteArray, levels: int) -> list[FloatArray]:
    """Differences between a picture and its smoothed self, halved and halved again; the last one is the rest. Small pictures
    have fewer levels."""
    rest = pictures.astype(np.float32) / 255.0
    found: list[FloatArray] = []
    while len(found) < levels - 1 and rest.shape[1] % 2 == 0 and rest.shape[1] // 2 >= COARSEST_PX:
        smaller = _smooth(rest)[:, ::2, ::2]
        found.append(rest - _doubled(smaller))
        rest = smaller
    return [*found, rest]


def _doubled(images: FloatArray) -> FloatArray:
    n, side = images.shape[:2]
    wide = np.zeros((n, 2 * side, 2 * side, 3), np.float32)
    wide[:, ::2, ::2] = 4.0 * images
    return _smooth(wide)


def _smooth(images: FloatArray) -> FloatArray:
    once = convolve1d(images, _KERNEL, axis=1, mode="mirror")
    return np.asarray(convolve1d(once, _KERNEL, axis=2, mode="mirror"), dtype=np.float32)
