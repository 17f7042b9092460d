"""What the contest asks of a network, and what all of them are given."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from mixtape.types import ByteArray

BATCH = 32
"""Pictures a step, for all of them: what mixtape takes, and the better choice for a small budget than the papers' 64 and 128."""

PIXELS = 64


class Learner(Protocol):
    """A network in training."""

    def step(self) -> None:
        """Learn from `BATCH` pictures."""

    def draw(self, count: int) -> ByteArray:
        """Pictures (count, 64, 64, 3) uint8 from latents that are always the same."""


def as_tensor(covers: ByteArray) -> Tensor:
    """Pictures (n, s, s, 3) uint8 -> (n, 3, s, s) uint8."""
    return torch.from_numpy(covers).permute(0, 3, 1, 2).contiguous()


def a_batch(covers: Tensor, draws: torch.Generator) -> Tensor:
    """`BATCH` pictures drawn by lot: (32, 3, s, s) float, 0..1."""
    return covers[torch.randint(len(covers), (BATCH,), generator=draws)].float() / 255.0


def as_pictures(drawn: Tensor) -> ByteArray:
    """(n, 3, s, s) float, 0..1 -> (n, s, s, 3) uint8."""
    pixels: ByteArray = torch.round(drawn * 255.0).clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
    return pixels
