"""The set `tempo`: at which times the music comes back to itself, and how fast and how plainly it beats.

- A profile of self-likeness: how much the onsets resemble themselves after lags from a tenth of a second to 4.8 s, six to the
  octave; a faster performance of the same rhythm is the same profile, moved a little. Then the same for the low register (bass,
  drums) and for the high one (cymbals), three to the octave.
- Six numbers: tempo (octaves above 120 BPM, as far as it is sure), how plain the pulse is, how sure the tempo, onsets per second,
  how uneven they are in strength, and how much the tempo moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from mixtape.audio import SAMPLE_RATE_HZ
from mixtape.features.beats import LONGEST_LAG_S, NO_PULSE, PERIODS_S, Pulse, autocorrelation, find_pulse, smoothed
from mixtape.features.onsets import ONSET_DELAY, Onsets
from mixtape.features.stretch import FRAME_HZ, Stretch
from mixtape.types import FloatArray

VERSIONS = {"tempo": 1}
"""The set made here; its number grows when the same sound gives other values."""

_SHORTEST_LAG_S = 0.1
_FINE, _COARSE = 34, 17

SIZE = _FINE + 2 * _COARSE + 6
"""Numbers in the vector."""

USUAL_BPM = 120.0
"""The tempo of what has none, given with a confidence of 0."""

_RIVALS = (1 / 3, 1 / 2, 2 / 3, 3 / 4, 4 / 3, 3 / 2, 2, 3)


@dataclass(frozen=True, slots=True)
class Tempo:
    """bpm; clarity 0..1, how alike the music is a beat later; confidence 0..1 that it is not twice or half as fast."""

    bpm: float
    clarity: float
    confidence: float


class TempoEar:
    """Hears the onsets of a song and tells its beat. What it found is worked out once, when it is first asked for."""

    def __init__(self) -> None:
        self.onsets = Onsets()
        self._pulse: Pulse | None = None

    def hear(self, stretch: Stretch) -> None:
        """Take in the next stretch."""
        self.onsets.hear(stretch)
        self._pulse = None

    def pulse(self) -> Pulse:
        """The beat of what was heard."""
        if self._pulse is None:
            self._pulse = find_pulse(self.onsets.by_register(), frame_hz=FRAME_HZ)
        return self._pulse

    def beats_s(self, *, n_samples: int) -> FloatArray:
        """The moments of the beats (m,) in a song of `n_samples`."""
        beats_s = (self.pulse().beats + ONSET_DELAY) / FRAME_HZ
        return beats_s[beats_s < n_samples / SAMPLE_RATE_HZ].astype(np.float32)

    def tempo(self) -> Tempo:
        """The tempo of what was heard; 120 BPM with a confidence of 0 where there is no beat."""
        return tempo_of(self.pulse())

    def onsets_per_s(self) -> float:
        """How many plain onsets there are in a second."""
        return _onset_rate(self.onsets.strength())

    def vectors(self, *, n_samples: int) -> dict[str, FloatArray]:
        """{"tempo": (74,)}; zeros for what is too short or has no onsets."""
        return {"tempo": tempo_vector(self.onsets.by_register(), self.pulse())}


def tempo_of(pulse: Pulse) -> Tempo:
    """Tempo and confidence of a pulse: sure is a plain pulse whose score no other metrical level comes near."""
    if pulse is NO_PULSE or not pulse.period_s:
        return Tempo(USUAL_BPM, 0.0, 0.0)
    chosen = float(np.interp(pulse.period_s, PERIODS_S, pulse.scores))
    rival = max(float(np.interp(pulse.period_s * r, PERIODS_S, pulse.scores, left=0, right=0)) for r in _RIVALS)
    ahead = float(np.clip(1 - rival / chosen, 0, 1)) if chosen > 0 else 0.0
    # A pulse of 0.5 is as plain as that of a drummer; a lead of two fifths is a safe one.
    return Tempo(pulse.tempo_bpm, pulse.clarity, min(pulse.clarity / 0.5, 1) * min(ahead / 0.4, 1))


def tempo_vector(onsets: FloatArray, pulse: Pulse) -> FloatArray:
    """The numbers of the set, (74,), from onset strength (t, 3) by register."""
    if not len(onsets) or not onsets.any():
        return np.zeros(SIZE, np.float32)
    low, high = onsets * (1, 0, 0), onsets * (0, 0, 1)
    profiles = [
        _log_lags(_FINE) @ autocorrelation(onsets, frame_hz=FRAME_HZ),
        *(_log_lags(_COARSE) @ autocorrelation(some.astype(np.float32), frame_hz=FRAME_HZ) for some in (low, high)),
    ]
    tempo, strength = tempo_of(pulse), onsets.sum(axis=1)
    plain = (
        np.log2(tempo.bpm / USUAL_BPM) * tempo.confidence,
        tempo.clarity,
        tempo.confidence,
        np.log1p(_onset_rate(strength)),
        np.log1p(strength.std() / max(float(strength.mean()), 1e-6)),
        _unsteadiness(pulse.beats),
    )
    return np.r_[(*profiles, plain)].astype(np.float32)


@cache
def _log_lags(count: int) -> npt.NDArray[np.float64]:
    """(count, lags): averages around lags evenly spaced in octaves from 0.1 to 4.8 s, each reaching to its neighbours."""
    lags_s = np.arange(int(LONGEST_LAG_S * FRAME_HZ) + 1) / FRAME_HZ
    middles = np.linspace(np.log2(_SHORTEST_LAG_S), np.log2(4.8), count)
    away = np.abs(np.log2(np.maximum(lags_s, 1e-3)) - middles[:, None]) / (middles[1] - middles[0])
    weights = np.maximum(1 - away, 0)
    return np.asarray(weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-9))


def _onset_rate(strength: FloatArray) -> float:
    """Peaks per second of onset strength (t,) that reach a fifth of what the song's strong onsets reach."""
    if len(strength) < 3 or not strength.any():
        return 0.0
    blurred = smoothed(strength, 0.5 * FRAME_HZ)
    inner = blurred[1:-1]
    peaks = inner[(inner > blurred[:-2]) & (inner >= blurred[2:])]
    return float((peaks > 0.2 * np.percentile(blurred, 99)).sum() / (len(strength) / FRAME_HZ)) if len(peaks) else 0.0


def _unsteadiness(beats: npt.NDArray[np.int64]) -> float:
    """How far beats are apart from what is usual, as the middle deviation in octaves over bars of four; 0 without beats."""
    if len(beats) < 9:
        return 0.0
    bars = np.log2(beats[4:] - beats[:-4])
    return float(np.median(np.abs(bars - np.median(bars))))
