"""Views: what the network is shown of a song, two in each step, never the same twice.

A view is a patch from anywhere in the song, often with another song faintly behind it, up to 16 % slower or faster, moved by up
to 2.5 bands, through another equaliser, with a piece of time or of the spectrum missing. All chance of a step comes from its
number, so that training which was cut off goes on as if it had not been.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mixtape.ear.network import SCALE_DB
from mixtape.ear.patches import PATCH, RANGE_DB, level_mel
from mixtape.features.mel import MEL_BANDS
from mixtape.types import ByteArray, FloatArray

if TYPE_CHECKING:
    from torch import Tensor

CAPACITY = 2000
"""The most songs held in memory, 500 MB; in a larger collection this window wanders over all songs while training goes on."""

_FRESH = 8
_STEP_DB = 0.4
_TWINS_DB = 1.0
_STRETCH, _SHIFT_BANDS = 0.16, 2.5
_WINDOW = 150
_BEHIND_DB, _BEHIND_SHARE = (8.0, 25.0), 0.5
_CURVES_DB = (3.0, 3.0, 2.0, 1.5)
_MASKED_BANDS, _MASKED_FRAMES, _MASKED_SHARE = 10, 24, 0.5


class Pool:
    """The songs a step may draw from: all, or a window on a shuffled row of them that moves on with each step.

    Held as uint8, 0.4 dB a step from the floor of hearing up. Songs without sound are never drawn.
    """

    def __init__(self, sketches: Sequence[ByteArray], *, seed: int, capacity: int = CAPACITY) -> None:
        self._sketches = sketches
        self._order = np.random.default_rng([seed, 0]).permutation(len(sketches))
        size = min(capacity, len(sketches))
        self._place = np.full(size, -1)
        self._sounds = np.zeros(size, bool)
        self.songs: list[ByteArray] = [np.zeros((0, MEL_BANDS), np.uint8)] * size
        self.numbers = np.zeros(size, np.int64)
        self.mean_db = np.zeros((size, MEL_BANDS), np.float32)

    def move_to(self, step: int) -> None:
        """Bring in the songs of this step, from whatever step it was before."""
        size = len(self.songs)
        first = _FRESH * step if size < len(self._order) else 0
        for place in range(first, first + size):
            if self._place[place % size] != place:
                self._place[place % size] = place
                self._take(place % size, int(self._order[place % len(self._order)]))

    def drawable(self) -> npt.NDArray[np.intp]:
        """Which of `songs` have sound."""
        return np.flatnonzero(self._sounds)

    def _take(self, slot: int, number: int) -> None:
        sketch = self._sketches[number]
        mel = level_mel(sketch)
        coded = np.clip(np.round((mel + RANGE_DB) / _STEP_DB), 0, 255).astype(np.uint8)
        self.songs[slot] = np.resize(coded, (_WINDOW, MEL_BANDS)) if len(coded) < _WINDOW else coded
        self.mean_db[slot] = mel.mean(axis=0)
        self.numbers[slot] = number
        self._sounds[slot] = bool(sketch.any())


def draw(pool: Pool, rng: np.random.Generator, *, songs: int) -> tuple[FloatArray, npt.NDArray[np.intp]]:
    """Windows (2 m, 150, 64) in dB about the mean of their song, to make two views of each song from: rows i and m + i.

    With them the songs' places in the pool (2 m,).
    """
    slots = rng.choice(pool.drawable(), size=min(songs, len(pool.drawable())), replace=False)
    both = np.tile(slots, 2)
    cut = np.stack([_window(pool.songs[slot], rng) for slot in both])
    # The row before holds another song.
    behind = np.stack([_window(pool.songs[slot], rng) for slot in np.roll(both, 1)])
    faint = np.where(rng.random(len(both)) < _BEHIND_SHARE, rng.uniform(*_BEHIND_DB, len(both)) / _STEP_DB, 255.0)
    # The louder of two sounds is nearly their sum in decibels.
    heard = np.maximum(cut, np.maximum(behind.astype(np.float32) - faint[:, None, None].astype(np.float32), 0.0))
    about_mean = heard * np.float32(_STEP_DB) - np.float32(RANGE_DB) - pool.mean_db[both][:, None, :]
    return about_mean.astype(np.float32), both


def twins(pool: Pool, slots: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    """Which of the drawn songs (n,) are so alike in their mean spectra, within 1 dB, that they are one recording: (n, n).

    Coded twice, a recording is found in both files at 0.1 to 1.1 dB, two songs of the same album at 1.4 dB at the least.
    """
    apart = pool.mean_db[slots][:, None] - pool.mean_db[slots][None]
    return np.asarray((apart**2).mean(axis=2) < _TWINS_DB**2)


def _window(song: ByteArray, rng: np.random.Generator) -> ByteArray:
    first = int(rng.integers(len(song) - _WINDOW + 1))
    return song[first : first + _WINDOW]


def changed(cut: Tensor, rng: np.random.Generator) -> Tensor:
    """Views (n, 64, 128) ready for the network from windows (n, 150, 64), on the device these are on."""
    import torch
    from torch.nn.functional import affine_grid, grid_sample

    n = len(cut)
    theta = np.zeros((n, 2, 3), np.float32)
    theta[:, 0, 0] = PATCH / _WINDOW * (1.0 + _STRETCH) ** rng.uniform(-1.0, 1.0, n)
    theta[:, 1, 1] = 1.0
    theta[:, 1, 2] = 2.0 / MEL_BANDS * rng.uniform(-_SHIFT_BANDS, _SHIFT_BANDS, n)
    grid = affine_grid(torch.from_numpy(theta).to(cut.device), [n, 1, MEL_BANDS, PATCH], align_corners=False)
    views = grid_sample(cut.transpose(1, 2).unsqueeze(1), grid, padding_mode="border", align_corners=False).squeeze(1)
    curves, keep = (torch.from_numpy(array).to(cut.device) for array in (_equalisers(n, rng), _kept(n, rng)))
    return (views + curves[:, :, None]) / SCALE_DB * keep


def _equalisers(n: int, rng: np.random.Generator) -> FloatArray:
    """Gain in dB of each band (n, 64): a level and three slow waves over the spectrum."""
    waves = np.cos(np.pi * np.arange(len(_CURVES_DB))[:, None] * (np.arange(MEL_BANDS) + 0.5) / MEL_BANDS)
    return np.asarray((rng.standard_normal((n, len(_CURVES_DB))) * _CURVES_DB) @ waves, np.float32)


def _kept(n: int, rng: np.random.Generator) -> FloatArray:
    """1 where a view is left as it is, 0 where it is missing, (n, 64, 128)."""
    bands = _holes(n, MEL_BANDS, _MASKED_BANDS, rng)
    frames = _holes(n, PATCH, _MASKED_FRAMES, rng)
    return (bands[:, :, None] * frames[:, None, :]).astype(np.float32)


def _holes(n: int, size: int, most: int, rng: np.random.Generator) -> FloatArray:
    width = rng.integers(1, most + 1, n) * (rng.random(n) < _MASKED_SHARE)
    first = (rng.random(n) * (size - width)).astype(int)
    at = np.arange(size)
    return 1.0 - ((at >= first[:, None]) & (at < (first + width)[:, None])).astype(np.float32)
