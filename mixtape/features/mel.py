"""Mel bands: 64 triangles evenly spaced in mel (O'Shaughnessy 1987) from 20 Hz to 10.5 kHz."""

from __future__ import annotations

from functools import cache

import numpy as np

from mixtape.types import FloatArray

MEL_BANDS = 64
FLOOR_DB = -102.0
"""What is quieter than this below full scale is silence."""

_LOWEST_HZ, _HIGHEST_HZ = 20.0, 10_500.0


def mel_db(power: FloatArray, *, bin_hz: float) -> FloatArray:
    """Level (t, 64) of spectra (t, bins) of power in dB, at least -102; bins are `bin_hz` apart, from 0 Hz on."""
    bands = mel_bands(bin_hz)
    level = np.maximum(power[:, : len(bands)] @ bands, np.float32(10 ** (FLOOR_DB / 10)))
    return np.multiply(np.log10(level, out=level), 10, out=level)


@cache
def mel_bands(bin_hz: float) -> FloatArray:
    """(bins, 64): triangles of height 1 whose feet stand under their neighbours' tops."""
    lowest, highest = (2595 * np.log10(1 + hz / 700) for hz in (_LOWEST_HZ, _HIGHEST_HZ))
    mel = np.linspace(lowest, highest, MEL_BANDS + 2)
    corner_hz = (700 * (10 ** (mel / 2595) - 1))[:, None]
    at_hz = np.arange(0, _HIGHEST_HZ, bin_hz)
    rising = (at_hz - corner_hz[:-2]) / (corner_hz[1:-1] - corner_hz[:-2])
    falling = (corner_hz[2:] - at_hz) / (corner_hz[2:] - corner_hz[1:-1])
    return np.ascontiguousarray(np.clip(np.minimum(rising, falling), 0, None).T, dtype=np.float32)
