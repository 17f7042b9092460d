"""The collection as a landscape at night: density of songs as hills, drawn by lines of equal height that catch a light.

Positions here are pixels of the picture, x to the right, y down. Light is an amount of ink, 0..1, to be added to the ground.
The lines are Tanaka's illuminated contours (Tanaka 1950): bright and wide where the slope faces the light, dark and thin behind.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mixtape.types import FloatArray

LEVELS = 22
"""Lines of equal height from the ground to the highest hill."""

_PLAINS = np.float32(24.0)
"""How much of the lines goes to low ground (k of `contour_light`)."""

_SOURCE = (-0.70, -0.71)
"""Where the light comes from: above, to the left."""


def density(places_px: FloatArray, *, size_px: tuple[int, int], reach_px: float, step: int = 4) -> FloatArray:
    """How many songs are near, (h, w) float32, highest point 1: a Gaussian of standard deviation `reach_px` on each song.

    `size_px` is (w, h). Summed at every `step`th pixel and interpolated (bicubic); nothing but zeros for no songs.
    """
    width, height = size_px
    near = places_px[np.all((places_px > -4 * reach_px) & (places_px < np.array(size_px) + 4 * reach_px), axis=1)]
    coarse = np.zeros((height // step + 2, width // step + 2))
    x, y = ((np.arange(n) + 0.5) * step for n in coarse.shape[::-1])
    for part in np.array_split(near.astype(np.float64), max(1, len(near) // 4096)):
        over_x = np.exp(-((x[:, None] - part[:, 0]) ** 2) / (2 * reach_px**2))
        over_y = np.exp(-((y[:, None] - part[:, 1]) ** 2) / (2 * reach_px**2))
        coarse += over_y @ over_x.T
    return enlarged(coarse / max(coarse.max(), 1e-9), size_px=size_px, step=step)


def enlarged(coarse: npt.NDArray[np.floating], *, size_px: tuple[int, int], step: int) -> FloatArray:
    """A field known at every `step`th pixel's centre, (h', w') or (h', w', c), at all pixels: float32, bicubic."""
    from PIL import Image

    if coarse.ndim == 3:
        return np.stack([enlarged(coarse[..., c], size_px=size_px, step=step) for c in range(coarse.shape[2])], axis=-1)
    box = (0.0, 0.0, size_px[0] / step, size_px[1] / step)
    picture = Image.fromarray(np.ascontiguousarray(coarse, dtype=np.float32))
    return np.asarray(picture.resize(size_px, Image.Resampling.BICUBIC, box=box), dtype=np.float32)


def contour_light(height: FloatArray, *, line_px: float, levels: int = LEVELS) -> FloatArray:
    """Lines of equal height as light (h, w) float32 0..1, anti-aliased.

    With t = levels * log(1 + k height) / log(1 + k), so that the plains have lines too, a pixel lies |t - round(t)| / |grad t|
    pixels from the nearest line. A line's width and light grow with the cosine between its slope and the light.
    """
    t = np.log1p(_PLAINS * np.clip(height, 0.0, None)) * np.float32(levels / np.log1p(_PLAINS))
    down, right = np.gradient(t)
    slope = np.sqrt(down**2 + right**2) + np.float32(1e-6)
    facing = -(right * np.float32(_SOURCE[0]) + down * np.float32(_SOURCE[1])) / slope
    lit = np.clip(np.float32(0.5) - np.float32(0.5) * facing, 0, 1) ** np.float32(1.6)
    away = np.abs(t - np.round(t)) / slope
    wide = np.float32(line_px) * (np.float32(0.55) + np.float32(0.9) * lit)
    line = np.clip(wide / 2 + np.float32(0.5) - away, 0, 1) * np.minimum(1, wide)
    flat = np.clip(slope * np.float32(60 * line_px), 0, 1)
    low = np.clip((t - np.float32(0.6)) * 2, 0, 1)
    rise = np.float32(0.25) + np.float32(0.75) * np.clip(t / levels, 0, 1)
    light: FloatArray = line * flat * low * rise * (np.float32(0.14) + np.float32(0.86) * lit)
    return light


def colour_field(
    places_px: FloatArray, colours: FloatArray, *, size_px: tuple[int, int], reach_px: float, step: int = 8
) -> FloatArray:
    """Colours (n, 3) spread over the picture, at every `step`th pixel: the mean, weighted by exp(-distance / reach).

    Far from all songs the nearest ones still decide, so the colours do not fade into one grey.
    """
    x, y = ((np.arange(n // step + 2) + 0.5) * step for n in size_px)
    away = np.hypot(x[None, :, None] - places_px[:, 0], y[:, None, None] - places_px[:, 1])
    weight = np.exp((away.min(axis=-1, keepdims=True) - away) / reach_px)
    return np.asarray((weight @ colours) / weight.sum(-1, keepdims=True), dtype=np.float32)


def thread(places_px: FloatArray, *, per_segment: int = 400) -> tuple[FloatArray, FloatArray]:
    """A smooth way through the places in order: points (m, 2) and how far on the way each is (m,), 0..n-1.

    A centripetal Catmull-Rom curve (Barry and Goldman 1988; Yuksel 2011): it meets every place, without loops between them.
    """
    if len(places_px) < 2:
        return places_px.astype(np.float32), np.zeros(len(places_px), np.float32)
    p = places_px.astype(np.float64)
    p = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    knots = np.concatenate([[0.0], np.cumsum(np.maximum(np.hypot(*np.diff(p, axis=0).T), 1e-3) ** 0.5)])
    share = np.arange(per_segment) / per_segment
    parts = [_catmull_rom(p[i : i + 4], knots[i : i + 4], share) for i in range(len(p) - 3)]
    way = np.concatenate([i + share for i in range(len(parts))] + [np.array([float(len(parts))])])
    return np.concatenate([*parts, p[-2:-1]]).astype(np.float32), way.astype(np.float32)


def _catmull_rom(
    p: npt.NDArray[np.float64], k: npt.NDArray[np.float64], share: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    t = (k[1] + (k[2] - k[1]) * share)[:, None]
    a = [((k[i + 1] - t) * p[i] + (t - k[i]) * p[i + 1]) / (k[i + 1] - k[i]) for i in range(3)]
    b = [((k[i + 2] - t) * a[i] + (t - k[i]) * a[i + 1]) / (k[i + 2] - k[i]) for i in range(2)]
    return np.asarray(((k[2] - t) * b[0] + (t - k[1]) * b[1]) / (k[2] - k[1]))


def splat(points_px: FloatArray, values: FloatArray, *, size_px: tuple[int, int]) -> FloatArray:
    """Points as light: values (m, 3) shared among the four pixels around each point, (h, w, 3) float32; none outside."""
    width, height = size_px
    canvas = np.zeros((height * width, 3), np.float64)
    corner = np.floor(points_px - 0.5).astype(np.int64)
    part = points_px - 0.5 - corner
    for dx, dy in ((0, 0), (1, 0), (0, 1), (1, 1)):
        x, y = corner[:, 0] + dx, corner[:, 1] + dy
        share = np.abs(1 - dx - part[:, 0]) * np.abs(1 - dy - part[:, 1])
        inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        flat = (y * width + x)[inside]
        for c in range(3):
            canvas[:, c] += np.bincount(flat, share[inside] * values[inside, c], minlength=height * width)
    return canvas.reshape(height, width, 3).astype(np.float32)


def glow(points_px: FloatArray, values: FloatArray, *, size_px: tuple[int, int], sigma_px: float) -> FloatArray:
    """Points as soft round lights (h, w, 3): each spreads its value (m, 3) over a Gaussian of this width, so that they add up.

    Wide glows are computed on a coarser raster, of which one sigma still holds two pixels.
    """
    from scipy.ndimage import gaussian_filter

    step = max(1, int(sigma_px / 2))
    coarse = (size_px[0] // step + 2, size_px[1] // step + 2)
    light = splat(points_px / np.float32(step), values / np.float32(step**2), size_px=coarse)
    light = gaussian_filter(light, (sigma_px / step, sigma_px / step, 0), truncate=3.5, mode="constant")
    if step == 1:
        return np.asarray(light[: size_px[1], : size_px[0]], dtype=np.float32)
    return enlarged(light, size_px=size_px, step=step).clip(0)
