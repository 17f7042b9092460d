"""How far the colours of two sets of pictures lie apart: what a visitor of the gallery notices first."""

from __future__ import annotations

import numpy as np

from mixtape.covergan.metrics.features import cells
from mixtape.palette import srgb_to_oklab
from mixtape.types import ByteArray, FloatArray

DIRECTIONS = 32
LEVELS = 256


def palette_distance(reals: ByteArray, drawn: ByteArray) -> float:
    """How far, in OKLab, the colours of all `reals` (n, s, s, 3) have to be moved to become those of `drawn` (m, s, s, 3).

    0 is the same palette, 0.02 a just visible shift, 1 black for white. The Wasserstein distance is taken along 32 directions,
    where it is exact, and their mean doubled, which makes a plain shift of all colours count as its length. NaN without pictures.
    """
    if not len(reals) or not len(drawn):
        return float("nan")
    directions = _directions()
    ours, theirs = (_quantiles(_colours(pictures) @ directions.T) for pictures in (reals, drawn))
    return float(2.0 * np.abs(ours - theirs).mean())


def _colours(pictures: ByteArray) -> FloatArray:
    """The pooled colours (n * 256, 3)."""
    means = np.rint(cells(pictures, side=16) * 255).astype(np.uint8)
    return srgb_to_oklab(means).reshape(-1, 3)


def _quantiles(along: FloatArray) -> FloatArray:
    levels = (np.arange(LEVELS) + 0.5) / LEVELS
    ordered = np.sort(along, axis=0)
    return np.asarray(ordered[(levels * len(ordered)).astype(np.int64)], dtype=np.float32)


def _directions() -> FloatArray:
    """Evenly over half a sphere, by the golden angle: (32, 3)."""
    number = np.arange(DIRECTIONS)
    height = (number + 0.5) / DIRECTIONS
    angle = number * np.pi * (3.0 - 5**0.5)
    around = np.sqrt(1.0 - height**2)
    return np.stack([height, around * np.cos(angle), around * np.sin(angle)], axis=1).astype(np.float32)
