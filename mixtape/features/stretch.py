"""A song as its ears meet it: one stretch of sound after another, each with its spectra worked out once for all of them.

Sound comes in blocks of any size and is cut into stretches of `SEGMENT` samples; only the last may be shorter. Frames of 1024
samples stand every 512, and frame f of the song is centred on sample 512 f: the first looks back into silence before the song,
the first of each later stretch into the stretch before. So frames run on without a gap, and frames 1..511 of a whole stretch are
exactly those of one segment of the rhythm features.

An ear is anything that hears stretches and says at the end what it understood; more ears join the same pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from mixtape.audio import BLOCK_SAMPLES, SAMPLE_RATE_HZ
from mixtape.features.loudness import WINDOW, bin_power_scale, hann, masking, phon, sone
from mixtape.types import FloatArray

HOP = WINDOW // 2
"""Samples from one frame to the next, 11.6 ms."""

SEGMENT = BLOCK_SAMPLES
"""Samples in a whole stretch, 5.94 s."""

FRAME_HZ = SAMPLE_RATE_HZ / HOP
"""Frames per second, 86.13."""

_LOUDEST = 1e6
_BATCH = 64


@dataclass(frozen=True, eq=False)
class Stretch:
    """Up to 5.94 s of a song, good until the next stretch is taken: its memory is then used again.

    samples (n,) float32 mono at 44.1 kHz; power (t, 513), t = n / 512 rounded up: the power spectrum of each frame.
    """

    samples: FloatArray
    power: FloatArray

    @property
    def whole(self) -> bool:
        """Whether this is a full segment; only the end of a song is not."""
        return len(self.samples) == SEGMENT

    @cached_property
    def sone(self) -> FloatArray:
        """Loudness (t, 24) of the Bark bands in sone, rows as in `power`."""
        return sone(phon(self.power @ masking()))


class Ear(Protocol):
    """Hears a song stretch by stretch and tells at the end, by set name, the numbers it heard."""

    def hear(self, stretch: Stretch) -> None:
        """Take in the next stretch."""

    def vectors(self, *, n_samples: int) -> dict[str, FloatArray]:
        """The feature vectors (d,) of the whole song, `n_samples` long. AudioError when it was too short for them."""


def stretches(blocks: Iterable[npt.ArrayLike]) -> Iterator[Stretch]:
    """Cut mono blocks of any size into stretches. NaN and infinite samples are silence, absurd ones are clipped to +-10^6."""
    power = np.empty((SEGMENT // HOP, WINDOW // 2 + 1), np.float32)
    windowed = np.empty((_BATCH, WINDOW), np.float32)
    sound = np.zeros(HOP + SEGMENT, np.float32)
    for n in _filled(sound, blocks):
        frames = -(-n // HOP)
        spectra = _power_spectra(sound[: (frames + 1) * HOP], out=power, windowed=windowed)
        yield Stretch(sound[HOP : HOP + n], spectra)


def _filled(sound: FloatArray, blocks: Iterable[npt.ArrayLike]) -> Iterator[int]:
    """Fill `sound` again and again behind the last 512 samples of its former content; gives how many samples are new."""
    n = 0
    for block in blocks:
        rest = _sane(np.asarray(block, np.float32))
        while len(rest):
            some, rest = rest[: SEGMENT - n], rest[SEGMENT - n :]
            sound[HOP + n : HOP + n + len(some)] = some
            n += len(some)
            if n == SEGMENT:
                yield n
                sound[:HOP] = sound[-HOP:]
                n = 0
    if n:
        sound[HOP + n :] = 0
        yield n


def _power_spectra(sound: FloatArray, *, out: FloatArray, windowed: FloatArray) -> FloatArray:
    """Power spectra (t, 513) in the first rows of `out`; a few frames at a time in the same memory take half the time."""
    from scipy.fft import rfft

    frames = sliding_window_view(sound, WINDOW)[::HOP]
    for first in range(0, len(frames), _BATCH):
        some = frames[first : first + _BATCH]
        spectrum = rfft(np.multiply(some, hann(), out=windowed[: len(some)]))
        rows = out[first : first + len(some)]
        np.square(spectrum.real, out=rows)
        rows += np.square(spectrum.imag)
        rows *= bin_power_scale()
    return out[: len(frames)]


def _sane(samples: FloatArray) -> FloatArray:
    peak = np.abs(samples).max(initial=0)
    if peak <= _LOUDEST:
        return samples
    return np.clip(np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0), -_LOUDEST, _LOUDEST)
