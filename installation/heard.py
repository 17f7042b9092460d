"""What is heard at a place in a song, as smooth numbers for the eye.

A Timeline's rows are raw. For the eye they rise within 30 ms and fall over 250 ms; both are computed for the whole song
at once, so that what is seen at second 40 depends on second 40 and not on how many frames were drawn before it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from mixtape.types import BANDS, TIMELINE_HZ, FloatArray, Timeline

ATTACK_S = 0.030
RELEASE_S = 0.250
PULSE_S = 0.200

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class AudioFrame:
    """What is heard at a moment, all 0..1: level, bands (8,), smoothed (8,), onset, beat_phase.

    integrated (8,) is the running sum of the bands in seconds: it drives motion that never jumps back. `pulse` is the onset
    let fall over 200 ms, for the eye.
    """

    level: float
    bands: FloatArray
    smoothed: FloatArray
    integrated: FloatArray
    onset: float
    beat_phase: float
    pulse: float = 0.0


def envelope(x: FloatArray, *, attack_s: float = ATTACK_S, release_s: float = RELEASE_S) -> FloatArray:
    """Follow x (t, ...) up within `attack_s` and let it fall with time constant `release_s`; same shape, 0..max(x).

    The fall is y[t] = max(x[t], y[t-1] r), which is r^t max over s <= t of x[s] r^-s: a running maximum in the logarithm.
    The rise is a one-pole low-pass over that.
    """
    from scipy.signal import lfilter

    fall = 1.0 / (release_s * TIMELINE_HZ)
    t = np.arange(len(x), dtype=np.float64).reshape(-1, *([1] * (x.ndim - 1)))
    held = np.exp(np.maximum.accumulate(np.log(np.maximum(x, 1e-9)) + fall * t, axis=0) - fall * t)
    keep = math.exp(-1.0 / (attack_s * TIMELINE_HZ))
    return np.asarray(lfilter([1.0 - keep], [1.0, -keep], held, axis=0), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """A song's timeline made ready for the eye; rows as in the timeline, every array (t,) or (t, 8).

    `sections_s` are where sections begin, `strong` how strong an onset is that the scenes may change with.
    """

    level: FloatArray
    bands: FloatArray
    smoothed: FloatArray
    integrated: Array
    motion: Array
    onset: FloatArray
    pulse: FloatArray
    phase: Array
    duration_s: float
    sections_s: tuple[float, ...]
    strong: float

    @classmethod
    def of(cls, timeline: Timeline) -> Heard:
        """Compute everything once for a song (a few milliseconds for five minutes)."""

        def tame(x: FloatArray) -> FloatArray:
            return np.clip(np.nan_to_num(np.asarray(x, np.float32)), 0.0, 1.0)

        if not len(timeline.level):
            still = np.zeros(1, np.float32)
            timeline = Timeline(still, np.zeros((1, BANDS), np.float32), still, still, np.zeros(0, np.float32))
        level, bands, onset, phase = (tame(x) for x in (timeline.level, timeline.bands, timeline.onset, timeline.beat_phase))
        return cls(
            level=envelope(level),
            bands=bands,
            smoothed=envelope(bands),
            integrated=np.cumsum(bands, axis=0, dtype=np.float64) / TIMELINE_HZ,
            motion=np.cumsum(envelope(level), dtype=np.float64) / TIMELINE_HZ,
            onset=onset,
            pulse=envelope(onset, attack_s=0.012, release_s=PULSE_S),
            # Unwrapped, so that a place between two rows never lies half-way back through the beat.
            phase=np.unwrap(phase.astype(np.float64), period=1.0),
            duration_s=timeline.duration_s,
            sections_s=tuple(timeline.sections_s.tolist()),
            strong=_strong(onset),
        )

    def at(self, song_s: float) -> AudioFrame:
        """What is heard at `song_s`, rows blended linearly; outside the song its first or last row holds."""
        return AudioFrame(
            level=float(self._row(self.level, song_s)),
            bands=np.asarray(self._row(self.bands, song_s), np.float32),
            smoothed=np.asarray(self._row(self.smoothed, song_s), np.float32),
            integrated=np.asarray(self._row(self.integrated, song_s), np.float32),
            onset=float(self._row(self.onset, song_s)),
            beat_phase=float(self._row(self.phase, song_s)) % 1.0,
            pulse=float(self._row(self.pulse, song_s)),
        )

    def motion_s(self, song_s: float) -> float:
        """The level summed from the song's start, in seconds: it drives what only ever moves on."""
        return float(self._row(self.motion, song_s))

    def pulses(self, song_s: npt.ArrayLike) -> FloatArray:
        """The onset pulse 0..1 at many places of the song at once; nothing before its start."""
        at = np.asarray(song_s, np.float64) * TIMELINE_HZ
        last = len(self.pulse) - 1
        low = np.clip(at, 0.0, last).astype(np.intp)
        before, after = self.pulse[low], self.pulse[np.minimum(low + 1, last)]
        inside = (at >= 0.0) & (at <= last)
        return np.where(inside, before + (after - before) * (at - low), 0.0).astype(np.float32)

    def begins_section(self, last_s: float, song_s: float) -> bool:
        """Whether a section begins after `last_s`, up to and with `song_s`."""
        return any(last_s < at <= song_s for at in self.sections_s)

    def strikes(self, last_s: float, song_s: float) -> bool:
        """Whether an onset as strong as nine tenths of this song's ones are weaker than sounds after `last_s`, up to `song_s`."""
        first, last = (math.floor(min(max(at, -1.0), 1e6) * TIMELINE_HZ) + 1 for at in (last_s, song_s))
        span = self.onset[max(first, 0) : max(last, 0)]
        return bool(len(span)) and float(span.max()) >= self.strong

    def _row(self, values: npt.NDArray[np.floating], song_s: float) -> npt.NDArray[np.floating]:
        at = min(max(song_s * TIMELINE_HZ, 0.0), len(values) - 1.0) if math.isfinite(song_s) else 0.0
        low = int(at)
        high = min(low + 1, len(values) - 1)
        return np.asarray(values[low] + (values[high] - values[low]) * (at - low))


def _strong(onset: FloatArray) -> float:
    """The strength that a tenth of the onsets (peaks of t rows) reach, never less than 0.3."""
    inner = onset[1:-1]
    peaks = inner[(inner > 0.1) & (inner >= onset[:-2]) & (inner > onset[2:])] if len(onset) > 2 else onset[:0]
    return max(0.3, float(np.quantile(peaks, 0.9))) if len(peaks) else 2.0


@lru_cache(maxsize=8)
def heard(timeline: Timeline) -> Heard:
    """`Heard.of`, remembered for the last few timelines."""
    return Heard.of(timeline)
