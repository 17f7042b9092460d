"""Where something begins: how much louder each part of a sound became from one frame to the next.

The one place where onset strength is worked out; beats, tempo, traits and the timeline all read it here.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from mixtape.features.loudness import BARK_BANDS, phon, sone
from mixtape.features.stretch import FRAME_HZ, Stretch
from mixtape.types import FloatArray

ONSET_DELAY = 0.25
"""By how much of a frame an onset is later than its frame. Frame f compares the sound around sample 512 f with the sound one hop
before; clicks, bursts and drums at random moments were, on average, a quarter of a hop later."""

REGISTERS = 3
"""Low (to 300 Hz), middle (to 2.3 kHz) and high: drums and bass, chords and voices, cymbals."""

_LIMITS = (0, 3, 14, BARK_BANDS)
_SURROUNDINGS_S = 0.5


class Onsets:
    """Hears onsets stretch by stretch; keeps three numbers per 11.6 ms."""

    def __init__(self) -> None:
        self._flux: list[FloatArray] = []
        self._before = np.log1p(quiet_sone())
        self._strength: FloatArray | None = None

    def hear(self, stretch: Stretch) -> None:
        """Take in the next stretch."""
        felt = np.log1p(stretch.sone)
        self._flux.append(rise(felt, before=self._before))
        self._before, self._strength = felt[-1:].copy(), None

    def by_register(self) -> FloatArray:
        """Onset strength (t, 3) of the low, the middle and the high register, as far as it was heard; 86.13 frames a second."""
        if self._strength is None:
            flux = np.concatenate(self._flux) if self._flux else np.zeros((0, REGISTERS), np.float32)
            self._strength = above_surroundings(flux)
        return self._strength

    def strength(self) -> FloatArray:
        """Onset strength (t,) over the whole spectrum, 0 where nothing begins."""
        if not self._flux:
            return np.zeros(0, np.float32)
        return above_surroundings(np.concatenate(self._flux).sum(axis=1))


def rise(felt: FloatArray, *, before: FloatArray) -> FloatArray:
    """How much louder each register became, (t, 3), from the logarithm of 1 + loudness (t, 24) and the row (1, 24) before it."""
    louder = np.maximum(np.diff(felt, axis=0, prepend=before), 0)
    return np.add.reduceat(louder, _LIMITS[:-1], axis=1)


def above_surroundings(flux: FloatArray) -> FloatArray:
    """Flux (t, ...) above its mean within half a second to either side: lone onsets stand out, steady rustle vanishes."""
    from scipy.ndimage import uniform_filter1d

    if not len(flux):
        return flux
    around = uniform_filter1d(flux, 2 * round(_SURROUNDINGS_S * FRAME_HZ) + 1, axis=0, mode="constant")
    # What is left of steady sound by the running mean's rounding is no onset.
    return np.maximum(flux - around - np.float32(1e-5), 0)


@cache
def quiet_sone() -> FloatArray:
    """Loudness (1, 24) of digital silence: the threshold of hearing, not quite 0 sone."""
    return sone(phon(np.zeros((1, BARK_BANDS), np.float32)))
