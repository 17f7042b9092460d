"""Levels in bands as fine as a semitone, less the loudness around: what `blocks` looks at.

95 bands: 40 single bins of 10.8 Hz up to 431 Hz, then 55 triangles a semitone apart up to 10.3 kHz. From every level in dB the
mean over all bands and 101 frames (2.35 s) is taken away, so that neither mastering level nor a fader counts.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from mixtape.features.stretch import HALF_RATE_HZ, SLOW_WINDOW, Stretch
from mixtape.types import FloatArray

CENT_BANDS = 95
FLOOR_DB = -100.0
"""What is quieter than this below full scale is silence."""

_SINGLE_BINS = 40
_AROUND = 50


class LevelledCents:
    """Cent spectra of a song less the loudness around; 50 frames late, since what follows counts too."""

    def __init__(self) -> None:
        # (95, t) in dB: 50 frames given out already, and those that wait for what follows.
        self._near: FloatArray | None = None

    def take(self, stretch: Stretch) -> FloatArray:
        """The next frames (95, t), after hearing a stretch."""
        level_db = cent_db(stretch.slow)
        return self._levelled(level_db, before=level_db[:, :1])

    def rest(self) -> FloatArray:
        """The last frames (95, 50), after the last stretch; none when nothing was heard."""
        if self._near is None:
            return np.zeros((CENT_BANDS, 0), np.float32)
        return self._levelled(np.repeat(self._near[:, -1:], _AROUND, axis=1), before=self._near[:, :1])

    def _levelled(self, level_db: FloatArray, *, before: FloatArray) -> FloatArray:
        # Before its beginning and after its end a song is taken to stand still.
        near = np.repeat(before, _AROUND, axis=1) if self._near is None else self._near
        near = np.concatenate([near, level_db], axis=1)
        span = 2 * _AROUND + 1
        self._near = near[:, max(near.shape[1] - span + 1, 0) :].copy()
        if near.shape[1] < span:
            return np.zeros((CENT_BANDS, 0), np.float32)
        total = np.cumsum(np.r_[0.0, near.mean(axis=0, dtype=np.float64)])
        around = (total[span:] - total[:-span]) / span
        return near[:, _AROUND : near.shape[1] - _AROUND] - around.astype(np.float32)


def cent_db(power: FloatArray) -> FloatArray:
    """Level (95, t) in dB, at least -100, of slow frames (t, 1025)."""
    first, last = 1 + _SINGLE_BINS, 1 + _SINGLE_BINS + len(_semitones())
    bands = np.empty((CENT_BANDS, len(power)), np.float32)
    bands[:_SINGLE_BINS] = power[:, 1:first].T
    bands[_SINGLE_BINS:] = (power[:, first:last] @ _semitones()).T
    np.maximum(bands, np.float32(10 ** (FLOOR_DB / 10)), out=bands)
    return np.multiply(np.log10(bands, out=bands), 10, out=bands)


@cache
def _semitones() -> FloatArray:
    """(bins, 55): triangles of height 1 a semitone apart, from the bin after the single ones on."""
    bin_hz = HALF_RATE_HZ / SLOW_WINDOW
    corner_hz = (_SINGLE_BINS * bin_hz * 2 ** (np.arange(CENT_BANDS - _SINGLE_BINS + 2) / 12))[:, None]
    at_hz = np.arange(_SINGLE_BINS + 1, corner_hz[-1, 0] / bin_hz) * bin_hz
    rising = (at_hz - corner_hz[:-2]) / (corner_hz[1:-1] - corner_hz[:-2])
    falling = (corner_hz[2:] - at_hz) / (corner_hz[2:] - corner_hz[1:-1])
    return np.ascontiguousarray(np.clip(np.minimum(rising, falling), 0, None).T, dtype=np.float32)
