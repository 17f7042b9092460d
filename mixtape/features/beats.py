"""Beats from onset strength, by dynamic programming: Ellis, "Beat tracking by dynamic programming" (JNMR 36, 2007).

First one tempo for the song: the lag at which its onset strength resembles itself most, with a preference for a moderate walk.
Then the beats: the row of moments that catches the most onset strength while its steps stay near that lag. The tempo may drift.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from mixtape.types import FloatArray

_SLOWEST_BPM, _USUAL_BPM, _FASTEST_BPM = 40.0, 120.0, 240.0
_OCTAVES = 0.9
"""How far, in octaves, a tempo may lie from the usual before it is doubted (one standard deviation)."""

_TIGHTNESS = 100.0
"""What a step costs that is off by a factor e, in standard deviations of onset strength."""

_FAINT = 0.1


def find_beats(onset: FloatArray, *, frame_hz: float) -> npt.NDArray[np.int64]:
    """Frames of the beats, in order.

    Args:
        onset: (t,) onset strength, 0 where nothing begins.
        frame_hz: frames per second.

    Returns:
        (m,) frame numbers; none when nothing begins or the sound is shorter than two beats at 40 BPM.
    """
    if len(onset) < 2 * frame_hz * 60 / _SLOWEST_BPM or not onset.any():
        return np.zeros(0, np.int64)
    period = beat_period(onset, frame_hz=frame_hz)
    strength = _smoothed(onset / onset.std(), period)
    beats = _best_path(strength, period)
    return _without_faint_ends(beats, strength)


def beat_period(onset: FloatArray, *, frame_hz: float) -> float:
    """Frames from one beat to the next: the peak of the autocorrelation under a log-normal preference for 120 BPM."""
    from scipy.fft import irfft, next_fast_len, rfft

    shortest, longest = (int(frame_hz * 60 / bpm) for bpm in (_FASTEST_BPM, _SLOWEST_BPM))
    swing = _smoothed(onset - onset.mean(), 60.0 / _USUAL_BPM * frame_hz)
    spectrum = rfft(swing, next_fast_len(len(swing) + longest + 2))
    alike = irfft(spectrum.real**2 + spectrum.imag**2)[: longest + 2]
    lags = np.arange(1, longest + 2)
    octaves = np.log2(lags * _USUAL_BPM / (60 * frame_hz))
    weighted = np.r_[0.0, alike[1:] * np.exp(-0.5 * (octaves / _OCTAVES) ** 2)]
    best = shortest + int(np.argmax(weighted[shortest : longest + 1]))
    return best + _vertex(weighted[best - 1 : best + 2])


def _vertex(three: npt.NDArray[np.float64]) -> float:
    """Where, from the middle of three values, the parabola through them is highest; -0.5..0.5."""
    left, middle, right = three
    bend = left - 2 * middle + right
    return float(np.clip((left - right) / (2 * bend), -0.5, 0.5)) if bend < 0 else 0.0


def _smoothed(onset: FloatArray, period: float) -> npt.NDArray[np.float64]:
    from scipy.ndimage import gaussian_filter1d

    return gaussian_filter1d(onset.astype(np.float64), period / 32, mode="constant")


def _best_path(strength: npt.NDArray[np.float64], period: float) -> npt.NDArray[np.int64]:
    """The best-scoring row of frames: score(t) = strength(t) + max over steps d of score(t - d) - tightness * ln(d / period)^2.

    Steps lie between half a period and two. No frame of a block of half a period can lead to another of the same block, so a
    block is worked out at once.
    """
    shortest, longest = max(round(period / 2), 1), round(period * 2)
    steps = np.arange(longest, shortest - 1, -1)
    cost = _TIGHTNESS * np.log(steps / period) ** 2
    # `longest` frames of silence before the song, where a path may begin at no cost but its first step's.
    score = np.zeros(longest + len(strength))
    back = np.zeros(len(strength), np.int64)
    reach = sliding_window_view(score, len(steps))
    for first in range(0, len(strength), shortest):
        last = min(first + shortest, len(strength))
        options = reach[first:last] - cost
        chosen = options.argmax(axis=1)
        rows = np.arange(last - first)
        back[first:last] = rows + first - steps[chosen]
        score[longest + first : longest + last] = strength[first:last] + options[rows, chosen]
    return _traced(back, int(score[longest:].argmax()))


def _traced(back: npt.NDArray[np.int64], last: int) -> npt.NDArray[np.int64]:
    path = []
    while last >= 0:
        path.append(last)
        last = int(back[last])
    return np.array(path[::-1], np.int64)


def _without_faint_ends(beats: npt.NDArray[np.int64], strength: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Beats from the first to the last that stand on something: not those that run on into silence."""
    felt = strength[beats]
    firm = np.flatnonzero(felt > _FAINT * np.sqrt(np.mean(felt**2)))
    return beats[firm[0] : firm[-1] + 1] if len(firm) else beats[:0]


def beat_phase(beats_s: FloatArray, *, times_s: npt.NDArray[np.float64]) -> FloatArray:
    """How far into its beat each moment is: (t,) 0..1, 0 on a beat; before the first and after the last the pulse goes on evenly.

    All zeros when there are fewer than two beats.
    """
    if len(beats_s) < 2:
        return np.zeros(len(times_s), np.float32)
    count = np.arange(len(beats_s), dtype=np.float64)
    beat = np.interp(times_s, beats_s, count)
    pulse_s = float(np.median(np.diff(beats_s)))
    beat += np.minimum(times_s - beats_s[0], 0) / pulse_s + np.maximum(times_s - beats_s[-1], 0) / pulse_s
    return (beat % 1.0).astype(np.float32)
