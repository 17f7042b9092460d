"""Sound to its constellation: the few places in time and pitch that stand out of all around them.

What stands out of its surroundings still does after an encoder, at another loudness or in the echo of a room. Sound is looked at
through windows of 93 ms, 43 times a second, from 300 Hz to 4 kHz: what small loudspeakers give and encoders keep. A peak is the
loudest point within 0.2 s and 150 Hz to either side.

Source: A. Wang, "An industrial-strength audio search algorithm", ISMIR 2003.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from mixtape.audio import SAMPLE_RATE_HZ
from mixtape.types import Constellation, FloatArray

VERSION = 1
"""Grows when the same sound gives another constellation."""

WINDOW, HOP = 4096, 1024
"""Samples at 44.1 kHz in a frame, and from one frame to the next."""

FRAME_HZ = SAMPLE_RATE_HZ / HOP
"""Frames per second, 43.07."""

FIRST_BIN, LAST_BIN = 28, 371
"""The lowest and the highest bin of a frame's spectrum that is looked at: 301 Hz to 3,994 Hz."""

_REACH_FRAMES, _REACH_BINS = 8, 14
_ABOVE_DB = 6.0
_SILENCE_DB = -90.0
_BATCH = 64
_CHUNK = 1024 * HOP
_LOUDEST = 1e6

_Places = npt.NDArray[np.int64]


def constellation(blocks: Iterable[FloatArray]) -> Constellation:
    """The constellation of mono sound at 44.1 kHz that comes in blocks (n,) of any size; memory stays flat.

    Frame f is the 93 ms that begin at f / `FRAME_HZ` s; bin 0 is at 301 Hz, each next one 10.8 Hz higher.
    Not-a-number and infinite samples are silence.
    """
    found = list(_peaks_along(_levels(blocks)))
    frames = np.concatenate([np.zeros(0, np.int64), *(frames for frames, _ in found)])
    bins = np.concatenate([np.zeros(0, np.int64), *(bins for _, bins in found)])
    return Constellation(frames.astype(np.uint32), bins.astype(np.uint16))


def peaks(level_db: FloatArray) -> tuple[_Places, _Places]:
    """Rows and columns (k,), row by row, of what is loudest in its surroundings in levels (t, bins) and well above their mean."""
    from scipy.ndimage import maximum_filter1d, uniform_filter1d

    highest = mean = level_db
    for axis, reach in ((1, _REACH_BINS), (0, _REACH_FRAMES)):
        highest = maximum_filter1d(highest, 2 * reach + 1, axis=axis, mode="nearest")
        mean = uniform_filter1d(mean, 2 * reach + 1, axis=axis, mode="nearest")
    rows, columns = np.nonzero((level_db == highest) & (level_db > mean + _ABOVE_DB) & (level_db > _SILENCE_DB))
    return rows, columns


def _peaks_along(chunks: Iterable[FloatArray]) -> Iterator[tuple[_Places, _Places]]:
    """Peaks of levels that come in chunks (t, bins), as if they had come in one: a row is judged when all around it is there."""
    held, first, done = np.zeros((0, LAST_BIN - FIRST_BIN + 1), np.float32), 0, 0
    for chunk in chunks:
        held = np.concatenate([held, chunk])
        ready = max(len(held) - _REACH_FRAMES, done)
        rows, columns = peaks(held)
        inside = (rows >= done) & (rows < ready)
        yield first + rows[inside], columns[inside]
        passed = max(ready - _REACH_FRAMES, 0)
        held, first, done = held[passed:], first + passed, ready - passed
    rows, columns = peaks(held)
    yield first + rows[rows >= done], columns[rows >= done]


def _levels(blocks: Iterable[FloatArray]) -> Iterator[FloatArray]:
    """Level (t, bins) in dB, a full-scale sine having 0, of all whole windows, some hundred at a time."""
    held, count = list[FloatArray](), 0
    for block in blocks:
        held.append(_sane(np.asarray(block, np.float32)))
        count += len(block)
        if count >= _CHUNK:
            sound = np.concatenate(held)
            frames = (len(sound) - WINDOW) // HOP + 1
            yield _level_db(sound)
            held = [sound[frames * HOP :]]
            count = len(held[0])
    if count >= WINDOW:
        yield _level_db(np.concatenate(held))


def _level_db(sound: FloatArray) -> FloatArray:
    from scipy.fft import rfft

    frames = sliding_window_view(sound, WINDOW)[::HOP]
    level = np.empty((len(frames), LAST_BIN - FIRST_BIN + 1), np.float32)
    for row in range(0, len(frames), _BATCH):
        spectrum = rfft(frames[row : row + _BATCH] * _window())[:, FIRST_BIN : LAST_BIN + 1]
        level[row : row + _BATCH] = np.square(spectrum.real) + np.square(spectrum.imag)
    return np.asarray(10.0 * np.log10(np.maximum(level, 1e-12)), np.float32)


@cache
def _window() -> FloatArray:
    window = np.hanning(WINDOW + 1)[:-1]
    return (window * 2.0 / window.sum()).astype(np.float32)


def _sane(samples: FloatArray) -> FloatArray:
    peak = np.abs(samples).max(initial=0)
    if peak <= _LOUDEST:
        return samples
    return np.clip(np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0), -_LOUDEST, _LOUDEST)
