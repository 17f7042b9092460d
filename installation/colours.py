"""A song's colours on their way to another song's."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from mixtape.hexcolours import read_colours
from mixtape.types import FloatArray, Palette

COLOURS = 5
"""Colours of a palette during the show."""


def padded(palette: Palette) -> Palette:
    """The palette with exactly `COLOURS` colours, the most vivid first, the last one repeated: any two can be blended.

    The order is settled here and not where light is made of it, since an order that changes in the middle of a fade would leap.
    """
    if len(palette.share) == 0:
        return Palette(np.full((COLOURS, 3), 96, np.uint8), np.full(COLOURS, 1.0 / COLOURS, np.float32))
    most = palette.srgb.max(axis=1).astype(np.float32)
    order = np.argsort(palette.srgb.min(axis=1) - 1.25 * most, kind="stable")[:COLOURS]
    order = np.concatenate([order, np.repeat(order[-1:], COLOURS - len(order))])
    return Palette(palette.srgb[order], palette.share[order])


@lru_cache(maxsize=16)
def chosen(text: str) -> Palette:
    """The palette somebody wrote down (`mixtape.hexcolours`), in its own order, filled up as `padded`."""
    given = np.array(read_colours(text), np.uint8)
    rows = np.minimum(np.arange(COLOURS), len(given) - 1)
    return Palette(given[rows], (1.0 / len(given) / np.bincount(rows)[rows]).astype(np.float32))


def between(a: Palette, b: Palette, share: float) -> Palette:
    """Two palettes of equal length mixed colour by colour, in squared (nearly linear) light."""
    light = (1 - share) * np.square(a.srgb, dtype=np.float64) + share * np.square(b.srgb, dtype=np.float64)
    mixed = np.round(np.sqrt(light)).astype(np.uint8)
    return Palette(mixed, ((1 - share) * a.share + share * b.share).astype(np.float32))


def light(palette: Palette) -> FloatArray:
    """A `padded` palette for a shader: (5, 3) float32 0..1, sRGB, none too dark to be seen as light."""
    rgb = palette.srgb.astype(np.float32) / 255.0
    most = rgb.max(axis=1, keepdims=True)
    return np.asarray(np.minimum(rgb * np.maximum(1.0, 0.62 / np.maximum(most, 0.08)), 1.0), np.float32)
