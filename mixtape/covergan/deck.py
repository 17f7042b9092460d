"""The covers as training sees them: once in memory, near-duplicates held down, some held out, each with the songs that it
belongs to and the colours that it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mixtape.covergan.colours import colours_in
from mixtape.covergan.networks import MUSIC, Asked
from mixtape.errors import ShapeError
from mixtape.storage import digest_of
from mixtape.types import ByteArray, FloatArray, IntArray

LIKENESS = 0.04
"""Covers whose 8 x 8 thumbnails differ by less than this (root mean square, 0..1) are one picture."""

HOLD_OUT_FROM = 64
"""Fewer covers than this are all needed for training; from here on a sixteenth is held out, to notice learning by heart."""

BLOCK = 256
"""Covers that are compared with all others at once."""

VICINITY = 16
"""At most so many covers, those whose songs sound most like a cover's own, may stand for its song; fewer in small collections."""

COLOUR_NOISE = 0.5
"""Colours are shaken this much as strongly as the music."""


@dataclass(frozen=True, slots=True)
class Deck:
    """Covers (n, 3, s, s) uint8, songs' conditions (m, 32) with first and count per cover, colours (n, 32), weight per cover, the
    held-out ones, and for each the covers near by in sound (n, v)."""

    pictures: Tensor
    conditions: Tensor
    first: Tensor
    count: Tensor
    colours: Tensor
    weight: Tensor
    held: Tensor
    near: Tensor
    digest: str


@dataclass(frozen=True, slots=True)
class Hand:
    """A batch: pictures (b, 3, s, s) float in -1..1, and the music and colours that belong to them."""

    pictures: Tensor
    asked: Asked


def make_deck(
    covers: ByteArray,
    conditions: Sequence[FloatArray],
    *,
    pixels: int,
    device: torch.device,
    artists: Sequence[Sequence[str]] = (),
) -> Deck:
    """Lay out covers (n, s, s, 3) uint8, for each the conditions (k, 32) of all its songs, and who they are by.

    What is held out shares neither a near-duplicate nor an artist with what is trained on. ShapeError when they do not fit.
    """
    if covers.ndim != 4 or covers.shape[1:] != (pixels, pixels, 3) or covers.dtype != np.uint8 or len(covers) == 0:
        raise ShapeError(
            f"training: covers {covers.shape} {covers.dtype}; (n, {pixels}, {pixels}, 3) uint8 with n of at least 1 is needed"
        )
    if len(conditions) != len(covers) or len(artists) not in (0, len(covers)):
        raise ShapeError(
            f"training: {len(conditions)} lists of conditions and {len(artists)} of artists for {len(covers)} covers; "
            "one for each cover is needed"
        )
    count = np.array([len(songs) for songs in conditions])
    flat = np.concatenate([np.zeros((1, MUSIC), np.float32), *(np.reshape(songs, (-1, MUSIC)) for songs in conditions)]).astype(
        np.float32
    )
    if not np.isfinite(flat).all():
        raise ShapeError(
            f"training: {np.count_nonzero(~np.isfinite(flat).all(axis=1))} of {len(flat) - 1} conditions hold what is no number; "
            "leave those songs out"
        )
    # A cover whose songs are unknown points at row 0 and is only ever drawn with strength 0.
    first = np.where(count > 0, 1 + np.cumsum(count) - count, 0)
    group = likeness_groups(covers)
    held = _held_out(linked(group, artists))
    weight = 1.0 / np.sqrt(np.bincount(group))[group]
    weight[held] = 0.0
    return Deck(
        pictures=torch.from_numpy(np.ascontiguousarray(covers.transpose(0, 3, 1, 2))).to(device),
        conditions=torch.from_numpy(flat),
        first=torch.from_numpy(first),
        count=torch.from_numpy(count),
        colours=torch.from_numpy(colours_in(covers)),
        weight=torch.from_numpy(weight),
        held=torch.from_numpy(held),
        near=torch.from_numpy(_near_by(flat[first], count > 0, weight > 0)),
        digest=digest_of(covers, flat, count),
    )


def deal(
    deck: Deck,
    *,
    batch: int,
    null_share: float,
    colours_null_share: float,
    noise: float,
    ramp: float,
    draws: torch.Generator,
    held: bool = False,
) -> Hand:
    """Draw a batch: covers by weight, a random song of each, noise on what is asked; some with no music, some with no colours.

    Where there are covers enough, the second half of a training batch has the songs of the first, each with a cover near by in
    sound (the vicinity of Ding 2021, "CcGAN"): one song asks for more than one picture, and a network that always draws the same
    for it is found out.
    """
    if held:
        rows = deck.held[torch.randint(len(deck.held), (batch,), generator=draws)]
    else:
        rows = torch.multinomial(deck.weight, batch, replacement=True, generator=draws)
    chance = torch.rand((batch, 3), generator=draws)
    song = deck.first[rows] + torch.floor(chance[:, 0] * deck.count[rows]).long()
    music = deck.conditions[song] + noise * torch.randn((batch, MUSIC), generator=draws)
    if not held and deck.near.shape[1]:
        half = batch // 2
        around = deck.near[rows[:half]]
        # By weight here too, so that near-duplicates do not come back in by the side door.
        pick = torch.multinomial(deck.weight[around.clamp(min=0)] + 1e-9, 1, generator=draws)
        near = around.gather(1, pick).squeeze(1)
        second, takes = slice(batch - half, batch), near >= 0
        rows[second] = torch.where(takes, near, rows[second])
        music[second] = torch.where(takes[:, None], music[:half], music[second])
        chance[second, 1] = torch.where(takes, chance[:half, 1], chance[second, 1])
    colours = deck.colours[rows]
    colours = colours + COLOUR_NOISE * noise * torch.randn(colours.shape, generator=draws)
    known = torch.stack([(chance[:, 1] >= null_share) & (deck.count[rows] > 0), chance[:, 2] >= colours_null_share], dim=1)
    device = deck.pictures.device
    pictures = deck.pictures[rows.to(device)].float() / 127.5 - 1.0
    return Hand(pictures, Asked(music.to(device), colours.to(device), ramp * known.float().to(device)))


def likeness_groups(covers: ByteArray) -> IntArray:
    """Number covers (n, s, s, 3) so that near-duplicates share a number (n,), counted from 0: thumbnails closer than
    `LIKENESS`, in chains.

    Every pair is looked at, a block of rows at a time, and a block's links are forgotten once its groups are known: a thousand
    songs with the same placeholder have a million of them.
    """
    n, side = covers.shape[:2]
    cell = side // 8
    cut = covers[:, : 8 * cell, : 8 * cell].reshape(n, 8, cell, 8, cell, 3)
    thumbs = np.asarray(cut.mean(axis=(2, 4), dtype=np.float32).reshape(n, -1) / 255.0)
    thumbs -= thumbs.mean(axis=0)
    length = np.square(thumbs).sum(axis=1)
    group, each = np.arange(n), np.arange(n)
    for start in range(0, n, BLOCK):
        block = slice(start, start + BLOCK)
        apart = length[block, None] + length[start:] - 2.0 * (thumbs[block] @ thumbs[start:].T)
        near, other = np.nonzero(apart < LIKENESS**2 * thumbs.shape[1])
        group = _chains(n, (np.append(near + start, each), np.append(other + start, n + group)))
    return group.astype(np.int32)


def _near_by(songs: FloatArray, known: npt.NDArray[np.bool_], taught: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """For each cover the other covers (n, v) trained on whose songs are nearest; -1 where none is known."""
    n, chance = len(songs), np.random.default_rng(16)
    kept, wide = np.flatnonzero(known & taught), min(VICINITY, n // HOLD_OUT_FROM)
    found = np.full((n, wide), -1, np.int64)
    if wide == 0 or len(kept) <= wide:
        return found
    length = np.square(songs).sum(axis=1)
    for start in range(0, len(kept), BLOCK):
        rows = kept[start : start + BLOCK]
        apart = length[rows, None] + length[None, kept] - 2.0 * songs[rows] @ songs[kept].T
        # Covers of one song lie equally near: which of them are taken is left to chance.
        apart += 1e-3 * chance.random(apart.shape, dtype=np.float32)
        apart[rows[:, None] == kept[None]] = np.inf
        found[rows] = kept[np.argsort(apart, axis=1, kind="stable")[:, :wide]]
    return found


def linked(group: IntArray, artists: Sequence[Sequence[str]]) -> IntArray:
    """Numbers (n,) that covers share when near-duplicates or common artists link them, in chains."""
    n, names = len(group), sorted({name for each in artists for name in each if name})
    number = {name: n + int(group.max()) + 1 + k for k, name in enumerate(names)}
    pairs = [(cover, n + int(of)) for cover, of in enumerate(group)]
    pairs += [(cover, number[name]) for cover, each in enumerate(artists) for name in each if name]
    rows, cols = np.array(pairs).T
    return _chains(n, (rows, cols)).astype(np.int32)


def _chains(n: int, links: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    """Numbers (n,), counted from 0, of the first `n` of the things that `links` (m,), (m,) tie together."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    size = 1 + int(max(links[0].max(), links[1].max()))
    ties = coo_array((np.ones(len(links[0]), np.int8), links), shape=(size, size))
    _, label = connected_components(ties, directed=False)
    return np.asarray(np.unique(label[:n], return_inverse=True)[1], dtype=np.int64)


def _held_out(group: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """Whole groups, about a sixteenth of the covers, the same ones every time; none larger than that sixteenth."""
    n, sizes = len(group), np.bincount(group)
    if n < HOLD_OUT_FROM or len(sizes) <= 16:
        return np.zeros(0, np.int64)
    names = np.random.default_rng(16).permutation(len(sizes))
    names = names[sizes[names] <= max(1, n // 16)]
    return np.flatnonzero(np.isin(group, names[np.cumsum(sizes[names]) <= max(1, n // 16)]))
