"""The colours of a song, taken from its cover's palette: what it is drawn with where its cover is not.

A colour here is OKLab (..., 3) float32, lightness 0..1 first (Ottosson 2020): mixing and lightening there keeps the hue.
"""

from __future__ import annotations

import hashlib

import numpy as np

from mixtape.palette import oklab_to_srgb, srgb_to_oklab
from mixtape.types import ByteArray, FloatArray, Palette

LIGHT = 0.80
"""Lightness of a colour that has to be read on the night ground."""


def palette_of_id(track_id: str) -> Palette:
    """Four colours for a song without a cover, from its id alone: two neighbouring hues, one across, one near black."""
    first, second, third = hashlib.blake2b(track_id.encode("utf-8", "surrogatepass"), digest_size=3).digest()
    hue = 2 * np.pi * first / 256
    hues = hue + np.array([0.0, 0.5 + second / 400, np.pi * (0.8 + third / 800), 0.2])
    lightness = np.array([0.60, 0.42, 0.76, 0.16])
    chroma = np.array([0.14, 0.12, 0.11, 0.04])
    lab = np.stack([lightness, chroma * np.cos(hues), chroma * np.sin(hues)], axis=1).astype(np.float32)
    return Palette(oklab_to_srgb(lab), np.array([0.36, 0.30, 0.18, 0.16], np.float32))


def ink(palette: Palette, *, lightness: float = LIGHT) -> FloatArray:
    """The colour (3,) a song is known by: the most colourful one that is not rare, lifted to one lightness.

    Weight of a colour: chroma * share^0.4. A grey cover gives a pale grey.
    """
    if not len(palette.share):
        return np.array([lightness, 0.0, 0.0], np.float32)
    lab = srgb_to_oklab(palette.srgb)
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    best = lab[int(np.argmax(chroma * np.maximum(palette.share, 1e-6) ** 0.4))]
    calm = min(1.0, 0.13 / max(float(np.hypot(best[1], best[2])), 1e-6))
    return np.array([lightness, best[1] * calm, best[2] * calm], np.float32)


def ground(palette: Palette) -> FloatArray:
    """The night (3,): almost black, with a breath of the palette's colour."""
    colour = ink(palette)
    return np.array([0.14, colour[1] * 0.07, colour[2] * 0.07], np.float32)


def abstract_cover(palette: Palette, *, side_px: int, seed: str) -> ByteArray:
    """A sleeve (side, side, 3) uint8 for a song without one: its colours as soft lights, with a little grain.

    Each colour is a light with the weight share * exp(-d^2 / r^2) at a place drawn from the seed.
    """
    chosen = palette if len(palette.share) else palette_of_id(seed)
    digest = hashlib.blake2b(seed.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    random = np.random.default_rng(int.from_bytes(digest, "little"))
    lab, share = srgb_to_oklab(chosen.srgb[:5]), chosen.share[:5]
    places = random.uniform(-0.1, 1.1, (len(share), 2))
    radii = random.uniform(0.25, 0.5, len(share))
    y, x = np.mgrid[0:side_px, 0:side_px] / max(side_px - 1, 1)
    far = (x[..., None] - places[:, 0]) ** 2 + (y[..., None] - places[:, 1]) ** 2
    weight = (np.sqrt(share) * np.exp(-far / (2 * radii**2)) + 1e-4) ** 2
    mixed = (weight / weight.sum(-1, keepdims=True)) @ lab
    mixed[..., 0] += random.normal(0.0, 0.012, mixed.shape[:2])
    return oklab_to_srgb(mixed.astype(np.float32))
