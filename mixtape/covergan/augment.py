"""Augmentation that the discriminator sees and the generator is trained through (Zhao 2020, DiffAugment), and its controller.

Pictures are shifted and a square is cut out, each with probability p. The shift mirrors at the border: padding with zeros
taught the generator a grey frame. Colour is left alone, for colour is what the music asks for.
"""

from __future__ import annotations

import torch
from torch import Tensor

SHIFT = 1 / 8
"""Longest shift, of the picture's side."""

CUT = 3 / 8
"""Side of the square cut out, of the picture's side."""


def augment(pictures: Tensor, *, p: float, draws: torch.Generator) -> Tensor:
    """Shift and cut pictures (n, 3, s, s), each with probability `p`; differentiable."""
    n, _, side, _ = pictures.shape
    chance = torch.rand((n, 6), generator=draws)
    shift = torch.round((2 * chance[:, 0:2] - 1) * SHIFT * side) * (chance[:, 4:5] < p)
    centre = torch.floor(chance[:, 2:4] * side)
    cut = chance[:, 5] < p
    device = pictures.device
    return shifted(pictures, shift.long().to(device)) * _holes(centre, cut, side).to(device, pictures.dtype)


def shifted(pictures: Tensor, shift: Tensor) -> Tensor:
    """Move pictures (n, c, s, s) by whole pixels (n, 2), down and right, mirrored at the border."""
    n, channels, side, _ = pictures.shape
    place = torch.arange(side, device=pictures.device)[None] - shift.T[:, :, None]
    place = place.abs()
    place = torch.where(place >= side, 2 * (side - 1) - place, place)
    index = place[0][:, :, None] * side + place[1][:, None, :]
    flat = pictures.reshape(n, channels, side * side)
    return flat.gather(2, index.view(n, 1, -1).expand(-1, channels, -1)).view_as(pictures)


def _holes(centre: Tensor, cut: Tensor, side: int) -> Tensor:
    away = (torch.arange(side)[None, None] - centre[:, :, None]).abs() < CUT * side / 2
    hole = away[:, 0, :, None] & away[:, 1, None, :] & cut[:, None, None]
    return (~hole)[:, None]


def steer(p: float, *, held_above_drawn: float, step: float = 0.02, low: float = 0.2, high: float = 0.8) -> float:
    """The next probability, from the share of held-out real pictures that D rates above drawn ones.

    Below 0.6 D has begun to know its training covers by heart: more augmentation. Above 0.8 it has not: less.
    """
    if held_above_drawn < 0.6:
        p += step
    elif held_above_drawn > 0.8:
        p -= step
    return min(max(p, low), high)
