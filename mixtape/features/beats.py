"""Beats from onset strength: which speed is felt as the beat, how it moves, and where each beat falls.

1. The speed. Onsets are compared with themselves a while later (autocorrelation), drums and chords before cymbals. A beat is a
   time after which the music resembles itself, and again after four such times, but not after half of one; and it lies
   somewhere around 133 BPM. Those three weights were fitted to made-up drum patterns from 70 to 160 BPM.
2. How it moves. The same within windows of ten seconds, joined to one line through the song that seldom jumps.
3. The beats: the row of moments that catches the most onset strength while its steps stay near that line: Ellis, "Beat tracking
   by dynamic programming" (JNMR 36, 2007).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from mixtape.types import FloatArray

Numbers = npt.NDArray[np.float64]

_STATES_PER_OCTAVE = 64
PERIODS_S = np.exp2(np.arange(np.log2(0.27), np.log2(1.25), 1 / _STATES_PER_OCTAVE))
"""Times from beat to beat that are looked at: 222 to 48 BPM."""

LONGEST_LAG_S = 5.0

_USUAL_S, _OCTAVES = 0.45, 1.17
"""133 BPM, and how far a tempo may lie from it before it is doubted (one standard deviation)."""

_BAR, _HALVES = 0.85, 0.3
"""What a likeness after four beats counts for, and what one after half a beat counts against."""

_REGISTER_WEIGHTS = (0.7, 1.0, 0.1)
_WINDOW_S, _STEP_S = 10.0, 2.0
_JUMP, _OCTAVE_JUMP, _DRIFT = 0.6, 3.0, 0.02

_TIGHTNESS = 100.0
"""What a step costs that is off by a factor e, in standard deviations of onset strength."""

_FAINT = 0.1

_FEWEST = 4
"""Beats that make a pulse."""


@dataclass(frozen=True, slots=True, eq=False)
class Pulse:
    """The beat of a song: beats in frames, how alike the music is one beat later (0..1), the score of each of `PERIODS_S`."""

    beats: npt.NDArray[np.int64]
    period_s: float
    clarity: float
    scores: Numbers

    @property
    def tempo_bpm(self) -> float:
        """Beats per minute; 0 where there is no beat."""
        return 60 / self.period_s if self.period_s else 0.0


NO_PULSE = Pulse(np.zeros(0, np.int64), 0.0, 0.0, np.zeros(len(PERIODS_S)))


def find_pulse(onsets: FloatArray, *, frame_hz: float) -> Pulse:
    """The beat of a whole song.

    Args:
        onsets: (t, 3) onset strength of the low, the middle and the high register, 0 where nothing begins.
        frame_hz: frames per second.

    Returns:
        The pulse; `NO_PULSE` when there are fewer than four beats or less than 2.5 s of sound.
    """
    if len(onsets) < 2 * PERIODS_S[-1] * frame_hz or not onsets.any():
        return NO_PULSE
    alike = autocorrelation(onsets, frame_hz=frame_hz)
    scores = period_scores(alike, frame_hz=frame_hz)
    periods_s = _periods_along(onsets, scores, frame_hz=frame_hz)
    beats = find_beats(onsets.sum(axis=1), periods_s * frame_hz)
    if len(beats) < _FEWEST:
        return NO_PULSE
    period_s = _usual_step(beats) / frame_hz
    clarity = float(_read(alike, np.array([period_s]), frame_hz)[0])
    return Pulse(beats, period_s, min(max(clarity, 0.0), 1.0), scores)


def autocorrelation(onsets: FloatArray, *, frame_hz: float) -> Numbers:
    """How much a song's onsets (t, 3) resemble themselves some frames later: (lags,) up to 5 s, 1 at lag 0.

    Each register counts by its share of rhythm, not by its loudness, unless it is all but silent.
    """
    from scipy.fft import irfft, next_fast_len, rfft

    lags = int(LONGEST_LAG_S * frame_hz) + 1
    swing = smoothed(onsets - onsets.mean(axis=0), _USUAL_S * frame_hz)
    spectrum = rfft(swing, next_fast_len(len(swing) + lags), axis=0)
    alike = irfft(spectrum.real**2 + spectrum.imag**2, axis=0)[:lags]
    weight = np.array(_REGISTER_WEIGHTS) / (alike[0] + 0.1 * alike[0].sum() + 1e-12)
    # A long lag is seen less often in a short sound; where it is hardly seen at all it is left low.
    seen = len(swing) / np.maximum(len(swing) - np.arange(len(alike)), len(swing) / 2)
    mixed = alike @ weight * seen
    return mixed / max(mixed[0], 1e-12)


def period_scores(alike: Numbers, *, frame_hz: float) -> Numbers:
    """How much each of `PERIODS_S` is like a beat."""
    once, bar, half = (np.maximum(_read(alike, PERIODS_S * k, frame_hz), 0) for k in (1, 4, 0.5))
    octaves = np.log2(PERIODS_S / _USUAL_S)
    return np.maximum(once + _BAR * bar - _HALVES * half, 0) * np.exp(-0.5 * (octaves / _OCTAVES) ** 2)


def _read(alike: Numbers, lags_s: Numbers, frame_hz: float) -> Numbers:
    return np.interp(lags_s * frame_hz, np.arange(len(alike)), alike)


def _periods_along(onsets: FloatArray, overall: Numbers, *, frame_hz: float) -> Numbers:
    """The time from beat to beat at each frame (t,): the best line through the scores of windows and of the whole song."""
    length, step = round(_WINDOW_S * frame_hz), round(_STEP_S * frame_hz)
    starts = np.arange(0, max(len(onsets) - length, 0) + 1, step)
    near = [period_scores(autocorrelation(onsets[i : i + length], frame_hz=frame_hz), frame_hz=frame_hz) for i in starts]
    path = _best_line(np.array(near) + overall)
    middles = starts + min(length, len(onsets)) / 2
    return np.exp(np.interp(np.arange(len(onsets)), middles, np.log(PERIODS_S[path])))


def _best_line(scores: Numbers) -> npt.NDArray[np.int64]:
    """Which column to take in each row (w, states): the highest sum when a move costs by its width, at most a jump.

    A song that seems twice as fast from here on has got more strokes, not another tempo: a jump by an octave costs more.
    """
    states = np.arange(scores.shape[1])
    width = np.abs(np.subtract.outer(states, states))
    move = np.minimum(_DRIFT * width, _JUMP)
    move[np.abs(width - _STATES_PER_OCTAVE) < _STATES_PER_OCTAVE / 8] = _OCTAVE_JUMP
    total, back = scores[0], np.zeros(scores.shape, np.int64)
    for row in range(1, len(scores)):
        options = total - move
        back[row] = options.argmax(axis=1)
        total = options.max(axis=1) + scores[row]
    line = [int(total.argmax())]
    for row in range(len(scores) - 1, 0, -1):
        line.append(int(back[row, line[-1]]))
    return np.array(line[::-1], np.int64)


def _usual_step(beats: npt.NDArray[np.int64]) -> float:
    """The mean of the steps that are within a tenth of the middle one."""
    steps = np.diff(beats)
    return float(steps[np.abs(steps / np.median(steps) - 1) < 0.1].mean())


def smoothed(onset: FloatArray, period: float) -> Numbers:
    """Onset strength (t, ...) blurred by a thirty-second of a period."""
    from scipy.ndimage import gaussian_filter1d

    return gaussian_filter1d(onset.astype(np.float64), period / 32, axis=0, mode="constant")


def find_beats(onset: FloatArray, periods: Numbers) -> npt.NDArray[np.int64]:
    """Frames of the beats (m,), in order, where onset strength (t,) says them and they are about `periods` (t,) frames apart."""
    if not onset.any():
        return np.zeros(0, np.int64)
    strength = smoothed(onset / onset.std(), float(np.median(periods)))
    return _without_faint_ends(_best_path(strength, periods), strength)


def _best_path(strength: Numbers, periods: Numbers) -> npt.NDArray[np.int64]:
    """The best-scoring row of frames: score(t) = strength(t) + max over steps d of score(t - d) - tightness * ln(d / period)^2.

    Steps lie between half a period and two. No frame of a block of half a period can lead to another of the same block, so a
    block is worked out at once.
    """
    shortest, longest = max(round(periods.min() / 2), 1), round(periods.max() * 2)
    steps = np.arange(longest, shortest - 1, -1)
    # `longest` frames of silence before the song, where a path may begin at no cost but its first step's.
    score = np.zeros(longest + len(strength))
    back = np.zeros(len(strength), np.int64)
    reach = sliding_window_view(score, len(steps))
    for first in range(0, len(strength), shortest):
        last = min(first + shortest, len(strength))
        cost = _TIGHTNESS * np.log(steps / periods[first]) ** 2
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


def _without_faint_ends(beats: npt.NDArray[np.int64], strength: Numbers) -> npt.NDArray[np.int64]:
    """Beats from the first to the last that stand on something: not those that run on into silence; none if hardly any does."""
    felt = strength[beats]
    firm = np.flatnonzero(felt > _FAINT * np.sqrt(np.mean(felt**2)))
    return beats[firm[0] : firm[-1] + 1] if len(firm) >= max(_FEWEST, len(beats) / 8) else beats[:0]


def beat_phase(beats_s: FloatArray, *, times_s: Numbers) -> FloatArray:
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
