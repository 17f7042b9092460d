"""How loud each part of a spectrum seems: power to Bark bands, masking, decibel, phon and sone.

The chain of Pampalk, Rauber and Merkl, "Content-based organization and visualization of music archives" (ACM Multimedia 2002), as
the rhythm patterns of Lidy and Rauber (ISMIR 2005) use it. Spectra are `WINDOW` samples long at 44.1 kHz under a Hann window.
Everything is float32, one row per frame, so that a segment of a song fits the cache.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import numpy as np

from mixtape.audio import SAMPLE_RATE_HZ
from mixtape.types import FloatArray

WINDOW = 1024
"""Samples under one Hann window, 23 ms."""

BARK_BANDS = 24

# Zwicker's critical bands: upper limits in Hz; a band holds its lower limit and not its upper one.
BARK_LIMITS_HZ = (
    *(100, 200, 300, 400, 510, 630, 770, 920, 1080, 1270, 1480, 1720),
    *(2000, 2320, 2700, 3150, 3700, 4400, 5300, 6400, 7700, 9500, 12000, 15500),
)

SOUND_PRESSURE = 0.0875 * 2**15
"""What full scale is multiplied by, so that 0 dB lies near the threshold of hearing."""


@cache
def hann() -> FloatArray:
    """The symmetric Hann window (1024,)."""
    return np.hanning(WINDOW).astype(np.float32)


@cache
def bin_power_scale() -> FloatArray:
    """What makes |FFT|^2 of windowed samples a power per bin (513,): pressure^2 / (2 pi sum(w^2)), both halves counted."""
    both_halves = np.r_[1.0, np.full(WINDOW // 2, 2.0)]
    scale = SOUND_PRESSURE**2 / (2 * np.pi * np.square(np.hanning(WINDOW)).sum()) * both_halves
    return scale.astype(np.float32)


@cache
def masking() -> FloatArray:
    """(513, 24): power per bin to masked power per Bark band.

    The sum over a band's bins and the spreading over its neighbours are both linear, so they are one matrix:
    S[i, j] = 10^(B/10) with B = 15.81 + 7.5 d - 17.5 sqrt(1 + d^2), d = i - j + 0.474 (Schroeder, Atal and Hall 1979).
    """
    distance = np.subtract.outer(np.arange(BARK_BANDS), np.arange(BARK_BANDS)) + 0.474
    spreading = 10 ** ((15.81 + 7.5 * distance - 17.5 * np.sqrt(1 + distance**2)) / 10)
    frequency_hz = np.linspace(0, SAMPLE_RATE_HZ / 2, WINDOW // 2 + 1)
    band = np.searchsorted(BARK_LIMITS_HZ, frequency_hz, side="right")
    member = band == np.arange(BARK_BANDS)[:, None]
    return np.ascontiguousarray((spreading @ member).T, dtype=np.float32)


@cache
def _equal_loudness() -> tuple[FloatArray, FloatArray]:
    """The loudness levels in phon (6,) and the sound pressure levels in dB (6, 24) that have them at the band limits."""
    text = files("mixtape.features").joinpath("equal_loudness.csv").read_text(encoding="ascii")
    header, *lines = text.split()
    levels_phon = [float(name.split("_")[3]) for name in header.split(",")[1:]]
    table = np.array([[float(cell) for cell in line.split(",")] for line in lines])
    curves_db = [np.interp(BARK_LIMITS_HZ, table[:, 0], column) for column in table[:, 1:].T]
    return np.array(levels_phon, np.float32), np.array(curves_db, np.float32)


def phon(power: FloatArray) -> FloatArray:
    """Loudness level of masked band powers: (t, 24) to (t, 24), at least 3 phon.

    10 log10(max(power, 1)) read off the equal-loudness curves: linear between two of them, 3 phon below the lowest, and above
    the highest on along its last step.
    """
    levels_phon, curves_db = _equal_loudness()
    level_db = np.log(np.maximum(power, 1)) * np.float32(10 / np.log(10))
    found = np.full_like(level_db, levels_phon[0])
    steps = np.diff(levels_phon)[:, None] / np.diff(curves_db, axis=0)
    for k, step in enumerate(steps):
        above = np.maximum(level_db - curves_db[k], 0)
        found += step * (above if k == len(steps) - 1 else np.minimum(above, curves_db[k + 1] - curves_db[k]))
    return found


def sone(level_phon: FloatArray) -> FloatArray:
    """Loudness as it is felt: 2^((p - 40) / 10) from 40 phon up, (p / 40)^2.642 below. Same shape."""
    loud = np.exp2((level_phon - np.float32(40)) * np.float32(0.1))
    return np.where(level_phon >= 40, loud, (level_phon * np.float32(1 / 40)) ** np.float32(2.642))
