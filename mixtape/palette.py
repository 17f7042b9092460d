"""Dominant colours of a picture: a 5-bit histogram, OKLab, weighted k-means.

Distances are taken in OKLab (Ottosson 2020, "A perceptual color space for image processing"), where equal steps look about
equal: 0.02 is just visible, black to white is 1. The start is the heaviest colour and then always the farthest one, so the
same picture gives the same palette, with no random numbers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mixtape.errors import ShapeError
from mixtape.types import ByteArray, FloatArray, Palette

_RGB_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    dtype=np.float32,
)
_LMS_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    dtype=np.float32,
)
_LMS_TO_RGB = np.linalg.inv(_RGB_TO_LMS.astype(np.float64)).astype(np.float32)
_LAB_TO_LMS = np.linalg.inv(_LMS_TO_LAB.astype(np.float64)).astype(np.float32)
_BYTE = np.arange(256, dtype=np.float64) / 255.0
_LINEAR = np.where(_BYTE <= 0.04045, _BYTE / 12.92, ((_BYTE + 0.055) / 1.055) ** 2.4).astype(np.float32)

ROUNDS = 12
"""Rounds of k-means: on covers the centres stand still well before."""

MERGE = 0.04
"""Centres closer than this in OKLab look like one colour and become one."""

CROWDED = 2048
"""A picture with more colours than this is noise or film grain: one bit less per channel loses nothing and is faster."""


def srgb_to_oklab(srgb: npt.NDArray[np.uint8]) -> FloatArray:
    """Turn sRGB bytes (..., 3) into OKLab (..., 3) float32: lightness 0..1, green-red, blue-yellow (Ottosson 2020)."""
    lms = _LINEAR[srgb] @ _RGB_TO_LMS.T
    return np.asarray(np.cbrt(lms) @ _LMS_TO_LAB.T, dtype=np.float32)


def oklab_to_srgb(lab: FloatArray) -> ByteArray:
    """Turn OKLab (..., 3) into sRGB bytes (..., 3); what no screen shows is clipped."""
    lms = (np.asarray(lab, dtype=np.float32) @ _LAB_TO_LMS.T) ** 3
    linear = np.clip(lms @ _LMS_TO_RGB.T, 0.0, 1.0)
    srgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(srgb * 255.0), dtype=np.uint8)


def dominant_colours(pixels: npt.NDArray[np.uint8], *, k: int = 8) -> Palette:
    """Find up to `k` colours of a picture (h, w, 3) uint8 and the share of the surface that each stands for, largest share first.

    Fewer than `k` come back when the picture holds fewer that can be told apart. Raises ShapeError for anything but RGB bytes.
    """
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.size == 0 or pixels.dtype != np.uint8:
        raise ShapeError(
            f"palette: the picture is {pixels.shape} {pixels.dtype}; (height, width, 3) uint8 is needed, convert it to RGB first"
        )
    lab, weight = _histogram(pixels)
    centres, share = _kmeans(lab, weight, k)
    centres, share = _merge(centres, share)
    order = np.argsort(-share, kind="stable")
    return Palette(srgb=oklab_to_srgb(centres[order]), share=share[order])


def palette_numbers(palette: Palette, *, k: int = 8) -> FloatArray:
    """Lay a palette out as (4 k,) numbers, (share, red, green, blue) a colour, all 0..1, missing colours as zeros."""
    rows = np.zeros((k, 4), dtype=np.float32)
    n = min(k, len(palette.share))
    rows[:n, 0] = palette.share[:n]
    rows[:n, 1:] = palette.srgb[:n] / 255.0
    return rows.reshape(-1)


def palette_from(numbers: FloatArray) -> Palette:
    """The palette that was laid out as (4 k,) numbers."""
    rows = np.reshape(numbers, (-1, 4))
    rows = rows[rows[:, 0] > 0]
    return Palette(srgb=np.rint(rows[:, 1:] * 255.0).astype(np.uint8), share=(rows[:, 0] / rows[:, 0].sum()).astype(np.float32))


def _histogram(pixels: npt.NDArray[np.uint8], *, bits: int = 5) -> tuple[FloatArray, FloatArray]:
    flat = pixels.reshape(-1, 3)
    red, green, blue = (flat[:, channel] >> (8 - bits) for channel in range(3))
    key = (red.astype(np.int32) << 2 * bits) | (green.astype(np.int32) << bits) | blue
    count = np.bincount(key, minlength=8**bits)
    used = np.flatnonzero(count)
    if len(used) > CROWDED and bits > 3:
        return _histogram(pixels, bits=bits - 1)
    # The mean of a bin, not its middle: a flat cover keeps its exact colour.
    sums = np.stack([np.bincount(key, weights=flat[:, channel], minlength=8**bits)[used] for channel in range(3)], axis=1)
    mean = np.rint(sums / count[used, None]).astype(np.uint8)
    return srgb_to_oklab(mean), (count[used] / len(flat)).astype(np.float32)


def _farthest_points(lab: FloatArray, weight: FloatArray, k: int) -> FloatArray:
    chosen = [int(weight.argmax())]
    nearest = np.square(lab - lab[chosen[0]]).sum(axis=1)
    # A lone speck must not win a place: distance counts with the root of the surface.
    pull = np.sqrt(weight)
    while len(chosen) < k and float((nearest * pull).max()) > 1e-9:
        chosen.append(int((nearest * pull).argmax()))
        nearest = np.minimum(nearest, np.square(lab - lab[chosen[-1]]).sum(axis=1))
    return lab[chosen]


def _kmeans(lab: FloatArray, weight: FloatArray, k: int) -> tuple[FloatArray, FloatArray]:
    centres = _farthest_points(lab, weight, k)
    share = np.zeros(len(centres), dtype=np.float32)
    weighted = np.concatenate([lab * weight[:, None], weight[:, None]], axis=1)
    for _ in range(ROUNDS):
        owner = (np.square(centres).sum(axis=1) - 2.0 * (lab @ centres.T)).argmin(axis=1)
        sums = np.equal(owner[:, None], np.arange(len(centres))).astype(np.float32).T @ weighted
        share = sums[:, 3]
        centres = np.where(share[:, None] > 0, sums[:, :3] / np.maximum(share, 1e-9)[:, None], centres)
    return centres[share > 0], share[share > 0]


def _merge(centres: FloatArray, share: FloatArray) -> tuple[FloatArray, FloatArray]:
    while len(centres) > 1:
        gap = np.linalg.norm(centres[:, None] - centres[None], axis=2) + 9.0 * np.eye(len(centres), dtype=np.float32)
        a, b = np.unravel_index(int(gap.argmin()), gap.shape)
        if gap[a, b] >= MERGE:
            break
        centres[a] = (centres[a] * share[a] + centres[b] * share[b]) / (share[a] + share[b])
        share[a] += share[b]
        centres, share = np.delete(centres, b, axis=0), np.delete(share, b)
    return centres, (share / share.sum()).astype(np.float32)
