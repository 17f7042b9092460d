"""What an output really took, kept for the last seconds, so that a recording has the sound that was heard with its pictures."""

from __future__ import annotations

import math
import threading

import numpy as np

from installation.outputs import HeardClock
from mixtape.audio import SAMPLE_RATE_HZ
from mixtape.types import FloatArray

_GAP = SAMPLE_RATE_HZ // 4
"""So much later than it should have come, sound counts as missing: silence stands in its place."""

_ASLEEP = 5 * SAMPLE_RATE_HZ
"""More than this is a computer that slept: nobody wants to have recorded the night."""


class Tap:
    """One stream without gaps, (n, 2) float32 at 44.1 kHz, counted from its first sample; any thread may put in or read.

    Where an output found nothing to play, or asked for nothing, the stream holds silence: it lasts as long as the clock says.
    """

    def __init__(self, *, seconds: float = 10.0) -> None:
        """Room for the last `seconds`. `lag` is how many samples the picture is behind what is heard (`sound_offset_ms`)."""
        self.lag = 0.0
        self._samples = np.zeros((round(seconds * SAMPLE_RATE_HZ), 2), np.float32)
        self._clock, self._latency, self._total = HeardClock(), 0, 0
        self._begun = self._waits = False
        self._lock = threading.Lock()

    def put(self, samples: FloatArray, *, now_s: float, latency: int) -> None:
        """(n, 2) samples went to an output at `now_s`, which plays them `latency` samples later."""
        with self._lock:
            self._latency = latency
            if self._begun:
                self._fill(now_s, coming=len(samples))
            self._write(samples)
            self._begun, self._waits = True, False
            self._clock.handed(len(samples), now_s=now_s, latency=latency)

    def heard(self, now_s: float) -> float:
        """Which sample of the stream the picture at `now_s` belongs to."""
        with self._lock:
            if not self._begun:
                # The stream begins when somebody first asks, whether or not anything is heard yet.
                self._clock.handed(0, now_s=now_s, latency=0)
                self._begun = True
            self._fill(now_s)
            return self._clock.handed_by(now_s) - self._latency - self.lag

    def read(self, first: int, until: int) -> FloatArray:
        """The samples from `first` to before `until`, (n, 2), as far as they have come; silence for what is no longer kept."""
        with self._lock:
            until = min(until, self._total)
            kept = min(max(first, self._total - len(self._samples), 0), max(until, first))
            at = np.arange(kept, until) % len(self._samples)
            return np.concatenate([np.zeros((kept - first, 2), np.float32), self._samples[at]])

    def _fill(self, now_s: float, *, coming: int = 0) -> None:
        missing = math.floor(self._clock.handed_by(now_s)) - self._total - coming
        if missing > _ASLEEP:
            self._clock.handed(0, now_s=now_s, latency=self._latency)
        elif missing > (0 if self._waits and coming else _GAP):
            # Once it is missing, it is so until the very moment it comes again.
            self._waits = True
            self._write(np.zeros((missing, 2), np.float32))
            self._clock.handed(missing, now_s=now_s, latency=self._latency)

    def _write(self, samples: FloatArray) -> None:
        kept = samples[-len(self._samples) :]
        at = (self._total + len(samples) - len(kept) + np.arange(len(kept))) % len(self._samples)
        self._samples[at] = kept
        self._total += len(samples)
