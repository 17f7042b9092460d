"""A song as its ears meet it: one stretch of sound after another, each with its spectra worked out once for all of them.

Sound comes in blocks of any size and is cut into stretches of `SEGMENT` samples; only the last may be shorter. Frames of 1024
samples stand every 512, and frame f of the song is centred on sample 512 f: the first looks back into silence before the song,
the first of each later stretch into the stretch before. So frames run on without a gap, and frames 1..511 of a whole stretch are
exactly those of one segment of the rhythm features.

For what wants fine pitch and needs no treble there is the same sound at half the rate, with longer frames at half the pace. They
look back only, too: nothing of a stretch waits for the next one.

An ear is anything that hears stretches and says at the end what it understood; more ears join the same pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from mixtape.audio import BLOCK_SAMPLES, SAMPLE_RATE_HZ
from mixtape.features.loudness import WINDOW, bin_power_scale, hann, masking, phon, sone
from mixtape.features.mel import mel_db
from mixtape.types import FloatArray

HOP = WINDOW // 2
"""Samples from one frame to the next, 11.6 ms."""

SEGMENT = BLOCK_SAMPLES
"""Samples in a whole stretch, 5.94 s."""

FRAME_HZ = SAMPLE_RATE_HZ / HOP
"""Frames per second, 86.13."""

HALF_RATE_HZ = SAMPLE_RATE_HZ // 2
"""Rate of `Stretch.half`."""

SLOW_WINDOW, SLOW_HOP = 2048, 512
"""Samples of `Stretch.half` in a slow frame, 92.9 ms, and from one to the next, 23.2 ms."""

SLOW_HZ = HALF_RATE_HZ / SLOW_HOP
"""Slow frames per second, 43.07."""

# A low-pass to 10 kHz, -6 dB at 11 kHz, 60 dB down from 12.7 kHz: what folds back lies above 9.3 kHz.
_TAPS, _KAISER = 63, 6.0
_DELAY_S = (_TAPS - 1) / 2 / SAMPLE_RATE_HZ

SLOW_LAG_S = SLOW_HOP / HALF_RATE_HZ + _DELAY_S
"""The middle of slow frame g of a song is at g / SLOW_HZ - SLOW_LAG_S seconds: 24 ms late, since it looks back only."""

_SLOW_BEFORE = SLOW_WINDOW - SLOW_HOP
# Samples before a stretch that its first slow frame and the low-pass reach back to.
_BEFORE = 2 * _SLOW_BEFORE + _TAPS - 1
_LOUDEST = 1e6
_BATCH = 64
_OUTPUTS = 32


@dataclass(frozen=True, eq=False)
class _Scratch:
    """Memory that one song's stretches use one after the other: fresh pages for each would cost as much as the arithmetic."""

    power: FloatArray = field(default_factory=lambda: np.empty((SEGMENT // HOP, WINDOW // 2 + 1), np.float32))
    slow: FloatArray = field(default_factory=lambda: np.empty((SEGMENT // 2 // SLOW_HOP, SLOW_WINDOW // 2 + 1), np.float32))
    windowed: FloatArray = field(default_factory=lambda: np.empty((_BATCH, max(WINDOW, SLOW_WINDOW)), np.float32))


@dataclass(frozen=True, eq=False)
class Stretch:
    """Up to 5.94 s of a song, good until the next stretch is taken: its memory is then used again.

    samples (n,) float32 mono at 44.1 kHz; power (t, 513), t = n / 512 rounded up: the power spectrum of each frame.
    What more there is, is worked out when it is first asked for.
    """

    samples: FloatArray
    power: FloatArray
    _reach: FloatArray
    _scratch: _Scratch

    @property
    def whole(self) -> bool:
        """Whether this is a full segment; only the end of a song is not."""
        return len(self.samples) == SEGMENT

    @cached_property
    def sone(self) -> FloatArray:
        """Loudness (t, 24) of the Bark bands in sone, rows as in `power`."""
        return sone(phon(self.power @ masking()))

    @property
    def half(self) -> FloatArray:
        """The sound (n / 2 rounded up,) at 22.05 kHz, low-passed to 10 kHz, 0.7 ms late; runs on from stretch to stretch."""
        return self._halved[_SLOW_BEFORE : _SLOW_BEFORE + -(-len(self.samples) // 2)]

    @cached_property
    def slow(self) -> FloatArray:
        """Power spectra (u, 1025) of `half`, u = n / 1024 rounded up: a Hann window of 2048 every 512, a full-scale sine has 1.

        Row g of the song (256 g' + r for row r of whole stretch g') looks at the 2048 samples of `half` that end with sample
        512 (g + 1); its middle is at g / `SLOW_HZ` - `SLOW_LAG_S` seconds.
        """
        frames = sliding_window_view(self._halved, SLOW_WINDOW)[::SLOW_HOP]
        return _spectra(frames, window=_slow_hann(), out=self._scratch.slow, windowed=self._scratch.windowed)

    @cached_property
    def mel_db(self) -> FloatArray:
        """Level (u, 64) of the mel bands in dB below full scale, at least -102; rows as in `slow`."""
        return mel_db(self.slow, bin_hz=HALF_RATE_HZ / SLOW_WINDOW)

    @cached_property
    def _halved(self) -> FloatArray:
        """`half` with the 1536 samples before it."""
        return _at_half_rate(self._reach)


class Ear(Protocol):
    """Hears a song stretch by stretch and tells at the end, by set name, the numbers it heard."""

    def hear(self, stretch: Stretch) -> None:
        """Take in the next stretch."""

    def vectors(self, *, n_samples: int) -> dict[str, FloatArray]:
        """The feature vectors (d,) of the whole song, `n_samples` long. AudioError when it was too short for them."""


def stretches(blocks: Iterable[npt.ArrayLike]) -> Iterator[Stretch]:
    """Cut mono blocks of any size into stretches. NaN and infinite samples are silence, absurd ones are clipped to +-10^6."""
    scratch = _Scratch()
    sound = np.zeros(_BEFORE + SEGMENT, np.float32)
    for n in _filled(sound, blocks):
        frames = -(-n // HOP)
        power = _spectra(
            sliding_window_view(sound[_BEFORE - HOP : _BEFORE + frames * HOP], WINDOW)[::HOP],
            window=hann(),
            out=scratch.power,
            windowed=scratch.windowed,
        )
        power *= bin_power_scale()
        slow_frames = -(-n // (2 * SLOW_HOP))
        yield Stretch(sound[_BEFORE : _BEFORE + n], power, sound[: _BEFORE + slow_frames * 2 * SLOW_HOP], scratch)


def _filled(sound: FloatArray, blocks: Iterable[npt.ArrayLike]) -> Iterator[int]:
    """Fill `sound` again and again behind the last `_BEFORE` samples of its former content; gives how many samples are new."""
    n = 0
    for block in blocks:
        rest = _sane(np.asarray(block, np.float32))
        while len(rest):
            some, rest = rest[: SEGMENT - n], rest[SEGMENT - n :]
            sound[_BEFORE + n : _BEFORE + n + len(some)] = some
            n += len(some)
            if n == SEGMENT:
                yield n
                sound[:_BEFORE] = sound[-_BEFORE:]
                n = 0
    if n:
        sound[_BEFORE + n :] = 0
        yield n


def _spectra(frames: FloatArray, *, window: FloatArray, out: FloatArray, windowed: FloatArray) -> FloatArray:
    """|FFT|^2 of frames (t, w) in the first rows of `out`; a few frames at a time in the same memory take half the time."""
    from scipy.fft import rfft

    for first in range(0, len(frames), _BATCH):
        some = frames[first : first + _BATCH]
        spectrum = rfft(np.multiply(some, window, out=windowed[: len(some), : len(window)]))
        rows = out[first : first + len(some)]
        np.square(spectrum.real, out=rows)
        rows += np.square(spectrum.imag)
    return out[: len(frames)]


def _at_half_rate(sound: FloatArray) -> FloatArray:
    """Low-pass and take every second sample: output j ends its `_TAPS` at input 2 j. A product of matrices, 32 outputs a row."""
    taken = sliding_window_view(sound, 2 * _OUTPUTS + _TAPS - 2)[:: 2 * _OUTPUTS]
    # Rows that overlap in memory are too much for the fast matrix product.
    return (np.ascontiguousarray(taken) @ _low_pass()).ravel()


@cache
def _low_pass() -> FloatArray:
    """(125, 32): input to output samples, a Kaiser-windowed half-band filter shifted by two from column to column."""
    from scipy.signal import firwin

    taps = firwin(_TAPS, 0.5, window=("kaiser", _KAISER))
    matrix = np.zeros((2 * _OUTPUTS + _TAPS - 2, _OUTPUTS), np.float32)
    for column in range(_OUTPUTS):
        matrix[2 * column : 2 * column + _TAPS, column] = taps
    return matrix


@cache
def _slow_hann() -> FloatArray:
    """A periodic Hann window (2048,), scaled so that a full-scale sine in the middle of a bin has power 1."""
    window = np.hanning(SLOW_WINDOW + 1)[:-1]
    return (window * 2 / window.sum()).astype(np.float32)


def _sane(samples: FloatArray) -> FloatArray:
    peak = np.abs(samples).max(initial=0)
    if peak <= _LOUDEST:
        return samples
    return np.clip(np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0), -_LOUDEST, _LOUDEST)
