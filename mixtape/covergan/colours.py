"""Colours as something a picture can be asked for: a palette as 32 numbers, the share of it near each of 32 landmark colours.

Each colour of the palette is dealt out over the landmarks by nearness in OKLab, the shares add up to 1, and their roots are
taken, so that the plain distance between two palettes is Hellinger's. Nothing is fitted: the same palette means the same to every
network, and a mixture of palettes is the palette of the mixture.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from mixtape.palette import dominant_colours, srgb_to_oklab
from mixtape.types import ByteArray, FloatArray, Palette

LANDMARKS = 32
"""Colours that a palette is measured by."""

WIDTH = 0.09
"""How far in OKLab a colour still counts towards a landmark."""

LENGTH = 4.0
"""Length of the 32 numbers: about that of a song's, so that a network hears both equally loud."""


def colours_of(palettes: Sequence[Palette]) -> FloatArray:
    """Palettes -> (n, 32) float32, rows of length 4; an empty palette is all noughts."""
    marks = landmarks()
    found = np.zeros((len(palettes), LANDMARKS), np.float32)
    for row, palette in enumerate(palettes):
        if len(palette.share):
            away = np.square(srgb_to_oklab(palette.srgb)[:, None] - marks[None]).sum(axis=-1)
            near = np.exp((away.min(axis=1, keepdims=True) - away) / (2 * WIDTH**2))
            found[row] = palette.share @ (near / near.sum(axis=1, keepdims=True))
    total = np.maximum(found.sum(axis=1, keepdims=True), 1e-9)
    return np.asarray(LENGTH * np.sqrt(found / total), np.float32)


def colours_in(pictures: ByteArray) -> FloatArray:
    """The colours of pictures (n, s, s, 3) themselves: (n, 32)."""
    return colours_of([dominant_colours(picture) for picture in pictures])


@lru_cache(maxsize=1)
def landmarks() -> FloatArray:
    """The landmark colours (32, 3) in OKLab: middle grey, then always the screen colour farthest from those before."""
    steps = np.linspace(0, 255, 13).round().astype(np.uint8)
    screen = srgb_to_oklab(np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3))
    chosen = [int(np.square(screen - [0.5, 0.0, 0.0]).sum(axis=1).argmin())]
    nearest = np.square(screen - screen[chosen[0]]).sum(axis=1)
    while len(chosen) < LANDMARKS:
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.square(screen - screen[chosen[-1]]).sum(axis=1))
    return np.asarray(screen[chosen], np.float32)
