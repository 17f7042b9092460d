"""A sketch of a song: how loud each of 64 pitch bands is, 43 times a second, in its middle 90 s, one byte a value.

It is what the collection's own ear learns from, kept beside the song so that learning never decodes anything again. A sketch is
uint8 (t, 64), t at most 3,876 (248 kB): `Stretch.mel_db`, frames `SLOW_HZ` a second. A byte is 0.4 dB; `mel_db` turns it back.
"""

from __future__ import annotations

import numpy as np

from mixtape.features.mel import FLOOR_DB, MEL_BANDS
from mixtape.features.stretch import SLOW_HZ, Stretch
from mixtape.types import ByteArray, FloatArray

SKETCH_VERSION = 1
"""Grows when the same sound gives another sketch."""

SKETCH_FRAMES = round(90 * SLOW_HZ)
"""Frames of a whole sketch, 3876."""

STEP_DB = 0.4
"""A byte more is 0.4 dB more; 0 is -102 dB or less, 255 is full scale or more."""

# Where the middle of a song lies is known at its end. Until then everything is kept, up to the first 90 minutes (15 MB): longer
# ones are mixes or audio books, and any 90 s of them will do.
_MOST_FRAMES = round(90 * 60 * SLOW_HZ)


class SketchEar:
    """Hears a song stretch by stretch; keeps 2.8 kB a second, and nothing past the first 90 minutes. No `Ear`: no vectors."""

    def __init__(self) -> None:
        self._heard: list[ByteArray] = []
        self._frames = 0

    def hear(self, stretch: Stretch) -> None:
        """Take in the next stretch."""
        if self._frames < _MOST_FRAMES:
            self._heard.append(_bytes(stretch.mel_db))
            self._frames += len(self._heard[-1])

    def sketch(self) -> ByteArray:
        """The sketch (t, 64) of the middle 90 s, or of all there is."""
        if not self._heard:
            return np.zeros((0, MEL_BANDS), np.uint8)
        whole = np.concatenate(self._heard)
        first = max(len(whole) - SKETCH_FRAMES, 0) // 2
        return whole[first : first + SKETCH_FRAMES].copy()


def mel_db(sketch: ByteArray) -> FloatArray:
    """Level in dB below full scale, -102..0, of each value of a sketch: float32 of the same shape."""
    return sketch * np.float32(STEP_DB) + np.float32(FLOOR_DB)


def _bytes(level_db: FloatArray) -> ByteArray:
    steps = (level_db - np.float32(FLOOR_DB)) * np.float32(1 / STEP_DB)
    return np.minimum(np.rint(steps, out=steps), 255, out=steps).astype(np.uint8)
