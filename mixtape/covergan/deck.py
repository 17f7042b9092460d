"""The covers as training sees them: once in memory, near-duplicates held down, some held out, each with the songs that
it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mixtape.errors import ShapeError
from mixtape.storage import digest_of
from mixtape.types import ByteArray, FloatArray, IntArray

LIKENESS = 0.04
"""Covers whose 8 x 8 thumbnails differ by less than this (root mean square, 0..1) are one picture."""

HOLD_OUT_FROM = 64
"""Fewer covers than this are all needed for training; from here on a sixteenth is held out, to notice learning by heart."""


@dataclass(frozen=True, slots=True)
class Deck:
    """Covers (n, 3, s, s) uint8, songs' conditions (m, 32) with first and count per cover, weight per cover, and the
    held-out ones."""

    pictures: Tensor
    conditions: Tensor
    first: Tensor
    count: Tensor
    weight: Tensor
    held: Tensor
    digest: str


@dataclass(frozen=True, slots=True)
class Hand:
    """A batch: pictures (b, 3, s, s) float in -1..1, conditions (b, 32), strengths (b,)."""

    pictures: Tensor
    condition: Tensor
    strength: Tensor


def make_deck(covers: ByteArray, conditions: Sequence[FloatArray], *, pixels: int, device: torch.device) -> Deck:
    """Lay out covers (n, s, s, 3) uint8 and for each the conditions (k, 32) of all its songs. ShapeError when they do not fit."""
    if covers.ndim != 4 or covers.shape[1:] != (pixels, pixels, 3) or covers.dtype != np.uint8 or len(covers) == 0:
        raise ShapeError(
            f"training: covers {covers.shape} {covers.dtype}; (n, {pixels}, {pixels}, 3) uint8 with n of at least 1 is needed"
        )
    if len(conditions) != len(covers):
        raise ShapeError(
            f"training: {len(conditions)} lists of conditions for {len(covers)} covers; one for each cover is needed"
        )
    count = np.array([len(songs) for songs in conditions])
    flat = np.concatenate([np.zeros((1, 32), np.float32), *(np.reshape(songs, (-1, 32)) for songs in conditions)]).astype(
        np.float32
    )
    # A cover whose songs are unknown points at row 0 and is only ever drawn with strength 0.
    first = np.where(count > 0, 1 + np.cumsum(count) - count, 0)
    group = likeness_groups(covers)
    held = _held_out(group)
    weight = 1.0 / np.sqrt(np.bincount(group))[group]
    weight[held] = 0.0
    return Deck(
        pictures=torch.from_numpy(np.ascontiguousarray(covers.transpose(0, 3, 1, 2))).to(device),
        conditions=torch.from_numpy(flat),
        first=torch.from_numpy(first),
        count=torch.from_numpy(count),
        weight=torch.from_numpy(weight),
        held=torch.from_numpy(held),
        digest=digest_of(covers, flat, count),
    )


def deal(
    deck: Deck, *, batch: int, null_share: float, noise: float, ramp: float, draws: torch.Generator, held: bool = False
) -> Hand:
    """Draw a batch: covers by weight, a random song of each, noise on its condition; `null_share` of them with no
    music at all."""
    if held:
        rows = deck.held[torch.randint(len(deck.held), (batch,), generator=draws)]
    else:
        rows = torch.multinomial(deck.weight, batch, replacement=True, generator=draws)
    chance = torch.rand((batch, 2), generator=draws)
    song = deck.first[rows] + torch.floor(chance[:, 0] * deck.count[rows]).long().clamp(max=2**31)
    condition = deck.conditions[song] + noise * torch.randn((batch, 32), generator=draws)
    strength = ramp * ((chance[:, 1] >= null_share) & (deck.count[rows] > 0)).float()
    device = deck.pictures.device
    pictures = deck.pictures[rows.to(device)].float() / 127.5 - 1.0
    return Hand(pictures=pictures, condition=condition.to(device), strength=strength.to(device))


def likeness_groups(covers: ByteArray) -> IntArray:
    """Number covers (n, s, s, 3) so that near-duplicates share a number (n,), counted from 0: thumbnails closer than
    `LIKENESS`, in chains."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n, side = covers.shape[:2]
    cell = side // 8
    thumbs = covers[:, : 8 * cell, : 8 * cell].reshape(n, 8, cell, 8, cell, 3).mean(axis=(2, 4)).reshape(n, -1) / 255.0
    length = np.square(thumbs).sum(axis=1)
    pairs = []
    for start in range(0, n, 1024):
        block = thumbs[start : start + 1024]
        apart = (length[start : start + 1024, None] + length[None] - 2 * block @ thumbs.T) / thumbs.shape[1]
        near, other = np.nonzero(apart < LIKENESS**2)
        pairs.append(np.stack([near + start, other]))
    rows, cols = np.concatenate(pairs, axis=1)
    _, group = connected_components(coo_array((np.ones(len(rows)), (rows, cols)), shape=(n, n)), directed=False)
    return group.astype(np.int32)


def _held_out(group: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """Whole groups, about a sixteenth of them, the same ones every time."""
    if len(group) < HOLD_OUT_FROM:
        return np.zeros(0, np.int64)
    names = np.random.default_rng(16).permutation(int(group.max()) + 1)
    return np.flatnonzero(np.isin(group, names[: max(1, len(names) // 16)])) if len(names) > 16 else np.zeros(0, np.int64)
