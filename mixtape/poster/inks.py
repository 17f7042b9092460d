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
    """A sleeve (side, side, 3) uint8 for a song without one: a moon in its colours, whose place and phase the seed sets.

    The same on the sheet and in the show, so that a song keeps its face.
    """
    chosen = palette if len(palette.share) else palette_of_id(seed)
    digest = hashlib.blake2b(seed.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    across, up, phase, turn, size = np.random.default_rng(int.from_bytes(digest, "little")).random(5)
    lab = srgb_to_oklab(chosen.srgb)
    light, night = lab[int(np.argmax(lab[:, 0]))], lab[int(np.argmin(lab[:, 0]))]
    y, x = np.mgrid[0:side_px, 0:side_px].astype(np.float32) / max(side_px - 1, 1)
    turn, size = turn * 2.0 * np.pi, 0.17 + 0.13 * size
    u, v = x - 0.36 - 0.28 * across, y - 0.36 - 0.28 * up
    u, v = u * np.cos(turn) + v * np.sin(turn), v * np.cos(turn) - u * np.sin(turn)
    # The border of light and dark on a ball is half an ellipse: its width across says the phase.
    width = np.sqrt(np.maximum(size**2 - v**2, 0.0))
    lit = ((u - (1.8 * phase - 1.2) * width) * side_px / 2 + 0.5).clip(0, 1)
    disc = ((size - np.hypot(u, v)) * side_px * 0.8 + 0.5).clip(0, 1)
    halo = np.exp(-(np.maximum(np.hypot(u, v) - size, 0.0) / 0.16)) * 0.2
    shine = np.maximum(disc * (0.1 + 0.8 * lit), halo * (1.0 - disc))[..., None]
    sky = night * np.array([1.0, 1.4, 1.4]) + np.array([0.05, 0.0, 0.0]) * (1.0 - y[..., None])
    return oklab_to_srgb((sky + (light - sky) * shine).astype(np.float32))
