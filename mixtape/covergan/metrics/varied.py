"""How varied drawn pictures are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from mixtape.covergan.metrics.features import cells
from mixtape.covergan.model import latents
from mixtape.palette import srgb_to_oklab
from mixtape.types import ByteArray, FloatArray

ALIKE_BITS = 6
"""Hashes of 64 bits that differ in no more than this are one layout."""

ALIKE_COLOUR = 0.1
"""Mean colours this near in OKLab are one colour, seen from across the room."""


class Painter(Protocol):
    """Whatever draws: a CoverModel, or a network still in training behind the same two names."""

    @property
    def latent(self) -> int:
        """Numbers in a latent."""

    def pictures(self, latents: FloatArray, conditions: FloatArray | None = None, /) -> ByteArray:
        """Pictures (m, s, s, 3) uint8 from latents (m, z) and conditions (m, 32), or from latents alone."""


@dataclass(frozen=True, slots=True)
class Diversity:
    """Mean pixel deviation relative to real covers (1 is as varied): over latents at one music, over music at one latent."""

    over_latents: float = float("nan")
    over_music: float = float("nan")


def diversity(painter: Painter, covers: ByteArray, conditions: FloatArray, *, seed: int = 0) -> Diversity:
    """Compare a painter's variety with that of real covers (n, s, s, 3) whose conditions are (n, 32)."""
    real = max(_deviation(covers), 1e-6)
    rows = np.random.default_rng(seed).integers(0, len(conditions), 36)
    z = latents(36, seed=seed, dimensions=painter.latent)
    per_music = [_deviation(painter.pictures(z, np.repeat(conditions[row : row + 1], 36, axis=0))) for row in rows[:4]]
    per_latent = [_deviation(painter.pictures(np.repeat(z[k : k + 1], 36, axis=0), conditions[rows])) for k in range(4)]
    return Diversity(over_latents=float(np.mean(per_music)) / real, over_music=float(np.mean(per_latent)) / real)


def distinct(pictures: ByteArray) -> int:
    """How many of the pictures (n, s, s, 3) are told apart at a glance: by layout (difference hash) or by mean colour.

    A picture counts when no earlier one that counted has both within `ALIKE_BITS` and `ALIKE_COLOUR`.
    """
    hashes, colours = (
        difference_hashes(pictures),
        srgb_to_oklab((cells(pictures, side=8) * 255).astype(np.uint8)).mean(axis=(1, 2)),
    )
    kept: list[int] = []
    for row in range(len(pictures)):
        layout = (hashes[kept] != hashes[row]).sum(axis=1) > ALIKE_BITS
        colour = np.linalg.norm(colours[kept] - colours[row], axis=1) > ALIKE_COLOUR
        if (layout | colour).all():
            kept.append(row)
    return len(kept)


def difference_hashes(pictures: ByteArray) -> npt.NDArray[np.bool_]:
    """64 bits a picture (n, 64): whether it grows lighter from each of 8 x 8 cells to the next one on the right, the last to
    the first, by more than a trace."""
    light = srgb_to_oklab((cells(pictures, side=8) * 255).astype(np.uint8))[..., 0]
    return np.asarray((np.roll(light, -1, axis=2) - light > 0.01).reshape(len(pictures), 64))


def _deviation(pictures: ByteArray) -> float:
    return float(pictures.astype(np.float32).std(axis=0).mean())
