"""A song's colours on their way to another song's."""

from __future__ import annotations

import numpy as np

from mixtape.types import FloatArray, Palette

COLOURS = 5
"""Colours of a palette during the show."""


def padded(palette: Palette) -> Palette:
    """The palette with exactly `COLOURS` colours, the last one repeated, so that any two can be blended."""
    srgb = np.asarray(palette.srgb, np.uint8).reshape(-1, 3)[:COLOURS]
    share = np.asarray(palette.share, np.float32)[:COLOURS]
    if not len(srgb):
        srgb, share = np.full((1, 3), 96, np.uint8), np.ones(1, np.float32)
    more = COLOURS - len(srgb)
    return Palette(np.pad(srgb, ((0, more), (0, 0)), mode="edge"), np.pad(share, (0, more)))


def between(a: Palette, b: Palette, share: float) -> Palette:
    """Two palettes of equal length mixed colour by colour, in squared (nearly linear) light."""
    light = (1 - share) * np.square(a.srgb, dtype=np.float64) + share * np.square(b.srgb, dtype=np.float64)
    mixed = np.round(np.sqrt(light)).astype(np.uint8)
    return Palette(mixed, ((1 - share) * a.share + share * b.share).astype(np.float32))


def light(palette: Palette) -> FloatArray:
    """The palette for a shader: (5, 3) float32 0..1, sRGB, its most vivid colours first and none too dark to be seen as light."""
    rgb = padded(palette).srgb.astype(np.float32) / 255.0
    vivid = rgb.max(axis=1) - rgb.min(axis=1) + 0.25 * rgb.max(axis=1)
    order = np.argsort(-vivid, kind="stable")
    lit = rgb[order]
    return np.asarray(lit * np.maximum(1.0, 0.62 / np.maximum(lit.max(axis=1, keepdims=True), 0.08)), np.float32).clip(0.0, 1.0)
