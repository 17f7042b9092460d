"""Patches: the 3 s pieces in which both ears hear a song's sketch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from mixtape.features.mel import MEL_BANDS
from mixtape.features.sketch import mel_db
from mixtape.types import ByteArray, FloatArray

PATCH = 128
"""Frames of a patch, 2.97 s."""

RANGE_DB = 70.0
"""How far below the loudest a song is heard; what lies deeper is the noise of recording and coding."""


def level_mel(sketch: ByteArray) -> FloatArray:
    """The song as log-mel in dB (t, 64) float32, 0 at its loud moments and never under -70; t is at least one patch.

    A shorter one is repeated until it is long enough; one without a frame is silence.
    """
    if len(sketch) < PATCH:
        sketch = np.resize(sketch, (PATCH, MEL_BANDS)) if len(sketch) else np.zeros((PATCH, MEL_BANDS), np.uint8)
    # Of whole numbers the percentile is one of 256, found by counting.
    reached = np.cumsum(np.bincount(sketch.reshape(-1), minlength=256))
    loud = np.searchsorted(reached, 0.99 * reached[-1])
    scale = mel_db(np.arange(256, dtype=np.uint8))
    table = np.maximum(scale - scale[loud], -RANGE_DB).astype(np.float32)
    return table[sketch]


def starts(frames: int, *, most: int, step: int) -> npt.NDArray[np.intp]:
    """Where patches begin: up to `most`, evenly over a song of so many frames, `step` frames apart or more."""
    room = max(frames - PATCH, 0)
    count = min(most, 1 + room // step)
    return np.linspace(0, room, count).round().astype(np.intp) if count > 1 else np.array([room // 2], np.intp)


def windows(mel: FloatArray, first: npt.NDArray[np.intp]) -> FloatArray:
    """The patches that begin at `first`: (p, bands, 128), a copy."""
    return np.asarray(sliding_window_view(mel, PATCH, axis=0)[first], np.float32)
