"""The ground of the map: where many songs lie the land rises, and it has the colours of the covers that stand there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from installation.camera import STRETCH
from mixtape.types import ByteArray, FloatArray

MARGIN = 0.45
"""How far the ground goes on beyond the map, in world units."""

EXTENT = (STRETCH / 2 + MARGIN, 0.5 + MARGIN)
"""Half width and half height of the ground in world units."""

_WIDTH, _HEIGHT = 384, 304
_FINER = 3


@dataclass(frozen=True, slots=True, eq=False)
class Landscape:
    """Row 0 at the bottom. relief (h, w, 4) float16: height 0..1, its slope along x and y, 0; colour (h, w, 4) uint8."""

    relief: npt.NDArray[np.float16]
    colour: ByteArray


def landscape(xy: FloatArray, colours: FloatArray) -> Landscape:
    """The ground under songs at xy (n, 2) world with colours (n, 3) 0..1.

    Height is a kernel density (Gaussian; narrower the more songs there are), its square root, over the highest, with a little
    unevenness that follows the land so that contours look grown. Colour is the kernel-weighted mean of the covers' colours.
    """
    from scipy.ndimage import gaussian_filter, zoom

    n = len(xy)
    counts, sums = _binned(xy, colours)
    per_unit = _WIDTH / (2 * EXTENT[0])
    reach = float(np.clip(0.30 * (STRETCH / max(n, 8)) ** 0.5, 0.028, 0.075)) * per_unit
    islands = _levelled(np.sqrt(gaussian_filter(counts, reach, truncate=6.0)), counts)
    # A second, wider land under the islands joins them: without it each would end in the dark by itself.
    plain = _levelled(np.sqrt(gaussian_filter(counts, 0.24 * per_unit, truncate=5.0)), counts)
    height = _grown(0.66 * islands + 0.34 * plain, per_unit)
    wide = gaussian_filter(counts, 1.5 * reach)
    tint = np.stack([gaussian_filter(sums[..., c], 1.5 * reach) for c in range(3)], axis=-1) / np.maximum(wide, 1e-9)[..., None]
    # Between the readings of a shader heights run straight; so fine that no contour shows it.
    height = zoom(height, _FINER, order=3, mode="nearest")
    slope_y, slope_x = np.gradient(height * per_unit * _FINER)
    relief = np.stack([height, slope_x, slope_y, np.zeros_like(height)], axis=-1).astype(np.float16)
    colour = np.concatenate([tint, np.ones_like(wide)[..., None]], axis=-1)
    return Landscape(relief, np.round(colour.clip(0, 1) * 255).astype(np.uint8))


def _levelled(height: npt.NDArray[np.float64], counts: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The height over what it is at the songs' 95th percentile, cut where it is 1.3 of that; 0..1."""
    high = float(np.percentile(height[counts > 0], 95)) if counts.any() else 1.0
    return np.minimum(height / max(high, 1e-12), 1.3) / 1.3


def _binned(xy: FloatArray, colours: FloatArray) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    col = ((xy[:, 0] + EXTENT[0]) / (2 * EXTENT[0]) * _WIDTH).astype(int).clip(0, _WIDTH - 1)
    row = ((xy[:, 1] + EXTENT[1]) / (2 * EXTENT[1]) * _HEIGHT).astype(int).clip(0, _HEIGHT - 1)
    counts, sums = np.zeros((_HEIGHT, _WIDTH)), np.zeros((_HEIGHT, _WIDTH, 3))
    np.add.at(counts, (row, col), 1.0)
    np.add.at(sums, (row, col), colours)
    return counts, sums


def _grown(height: npt.NDArray[np.float64], per_unit: float) -> npt.NDArray[np.float64]:
    from scipy.ndimage import gaussian_filter

    rng = np.random.default_rng(5)
    rough = sum(
        gaussian_filter(rng.standard_normal(height.shape), size * per_unit) * size * per_unit * share
        for size, share in ((0.12, 0.055), (0.045, 0.03))
    )
    return np.asarray((height + rough * (0.25 + 0.75 * height)).clip(0.0, 1.0))
