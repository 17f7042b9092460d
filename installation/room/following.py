"""Sound as it comes in, followed moment by moment: level, bands, onsets, beat.

The numbers are those of a song's timeline, made without its future: what is usual is learned from what was heard so far, and half
forgotten after some twenty seconds. Rows stand every 11.6 ms of sound, whatever the pace of blocks or frames.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from installation.heard import ATTACK_S, PULSE_S, RELEASE_S
from installation.room.told import Now
from mixtape.features.beats import find_pulse
from mixtape.features.loudness import WINDOW, bin_power_scale, hann, masking, phon, sone
from mixtape.features.onsets import REGISTERS, above_surroundings, quiet_sone, rise
from mixtape.features.stretch import FRAME_HZ, HOP
from mixtape.features.timeline import octaves, total_loudness
from mixtape.types import BANDS, FloatArray

_FORGET_S = 30.0
_QUIETEST_SONE, _QUIETEST_DB = 0.05, 24.0
_SPAN_DB, _BELOW_DB = 24.0, 36.0
_FALL_DB_PER_S = 0.7
_USUAL_ONSET, _ONSETS_S = 0.15, 12.0
_AROUND = round(FRAME_HZ)
_BEAT_ROWS, _BEAT_EVERY = round(10 * FRAME_HZ), round(0.5 * FRAME_HZ)
_BEAT_FROM = round(4 * FRAME_HZ)
_PULL, _SURE = 0.5, 0.12
_PULSE_ATTACK_S = 0.012


@dataclass(slots=True)
class _Envelope:
    """Rises within `attack_s`, falls with `release_s`; what `heard.envelope` does for a whole song."""

    attack_s: float
    release_s: float
    held: npt.NDArray[np.float64] | float = 0.0
    out: npt.NDArray[np.float64] | float = 0.0

    def follow(self, value: npt.NDArray[np.floating] | float) -> npt.NDArray[np.float64] | float:
        self.held = np.maximum(value, self.held * math.exp(-1.0 / (self.release_s * FRAME_HZ)))
        self.out = self.out + (self.held - self.out) * (1.0 - math.exp(-1.0 / (self.attack_s * FRAME_HZ)))
        return self.out


class Follower:
    """Give it sound with `hear`, ask it for the moment with `now`."""

    def __init__(self) -> None:
        self._tail = np.zeros(WINDOW - HOP, np.float32)
        self._felt = np.log1p(quiet_sone())
        self._flux = np.zeros((_BEAT_ROWS, REGISTERS), np.float32)
        self._rows = 0
        self._usual_sone, self._usual_onset = _QUIETEST_SONE, _USUAL_ONSET
        self._high_db = np.full(BANDS, _QUIETEST_DB)
        self._level = _Envelope(ATTACK_S, RELEASE_S)
        self._smoothed = _Envelope(ATTACK_S, RELEASE_S)
        self._pulse = _Envelope(_PULSE_ATTACK_S, PULSE_S)
        self._bands = np.zeros(BANDS, np.float32)
        self._onset = 0.0
        self._beat = _Beat()

    def hear(self, samples: FloatArray) -> None:
        """Take in mono samples (n,) at 44.1 kHz, any number."""
        sound = np.concatenate([self._tail, np.nan_to_num(np.clip(samples, -8.0, 8.0), nan=0.0)], dtype=np.float32)
        count = (len(sound) - WINDOW) // HOP + 1
        if count <= 0:
            self._tail = sound
            return
        frames = sliding_window_view(sound, WINDOW)[: count * HOP : HOP]
        spectrum = np.fft.rfft(frames * hann())
        power = ((spectrum.real**2 + spectrum.imag**2) * bin_power_scale()).astype(np.float32)
        loud = sone(phon(power @ masking()))
        bands_db = 10 * np.log10(np.maximum(power @ octaves(), 1.0))
        felt = np.log1p(loud)
        for row in zip(total_loudness(loud), bands_db, rise(felt, before=self._felt), strict=True):
            self._row(*row)
        self._felt = felt[-1:]
        self._tail = sound[count * HOP :]

    def now(self, *, later_s: float = 0.0) -> Now:
        """What is heard now, the strongest onset since it was asked last; `later_s` is how long ago the last sound came in."""
        onset, self._onset = self._onset, 0.0
        return Now(
            level=float(self._level.out),
            bands=self._bands,
            smoothed=np.asarray(self._smoothed.out, np.float32) + np.zeros(BANDS, np.float32),
            onset=onset,
            pulse=float(self._pulse.out),
            beat_phase=self._beat.phase(self._rows + later_s * FRAME_HZ),
        )

    def _row(self, loudness: float, bands_db: FloatArray, flux: FloatArray) -> None:
        forget = math.exp(-1.0 / (_FORGET_S * FRAME_HZ))
        self._usual_sone = max(float(loudness), self._usual_sone * forget, _QUIETEST_SONE)
        self._level.follow(min(float(loudness) / self._usual_sone, 1.0))
        self._high_db = np.maximum(bands_db, self._high_db - _FALL_DB_PER_S / FRAME_HZ)
        high = np.maximum(self._high_db, max(float(self._high_db.max()) - _BELOW_DB, _QUIETEST_DB))
        self._bands = np.clip((bands_db - (high - _SPAN_DB)) / _SPAN_DB, 0.0, 1.0).astype(np.float32)
        self._smoothed.follow(self._bands)
        self._hear_onset(flux)
        self._rows += 1
        if self._rows >= _BEAT_FROM and self._rows % _BEAT_EVERY == 0:
            self._beat.learn(above_surroundings(self._flux[-min(self._rows, _BEAT_ROWS) :]), now=self._rows)

    def _hear_onset(self, flux: FloatArray) -> None:
        self._flux = np.roll(self._flux, -1, axis=0)
        self._flux[-1] = flux
        around = float(self._flux[-_AROUND:].sum()) / _AROUND
        strength = max(float(flux.sum()) - around, 0.0)
        # What is usual are the strong onsets, so that the next strong one comes to about 1.
        self._usual_onset = max(strength, self._usual_onset * math.exp(-1.0 / (_ONSETS_S * FRAME_HZ)), _USUAL_ONSET)
        onset = min(strength / self._usual_onset, 1.0)
        self._onset = max(self._onset, onset)
        self._pulse.follow(onset)


class _Beat:
    """A beat that goes on evenly and is drawn towards what the last ten seconds say."""

    def __init__(self) -> None:
        self._beat_at, self._period = 0.0, 0.0
        self._doubts = 0

    def phase(self, row: float) -> float:
        """How far into its beat row `row` is, 0..1; 0 where there is no beat."""
        return ((row - self._beat_at) / self._period) % 1.0 if self._period else 0.0

    def learn(self, onsets: FloatArray, *, now: int) -> None:
        """Heed the beat of the onsets (t, 3) up to row `now`."""
        pulse = find_pulse(onsets, frame_hz=FRAME_HZ)
        if pulse.clarity < _SURE:
            self._doubts += 1
            if self._doubts > 2 * _BEAT_ROWS / _BEAT_EVERY:
                self._period = 0.0
            return
        beat_at, period = now - len(onsets) + float(pulse.beats[-1]), pulse.period_s * FRAME_HZ
        alike = self._period and abs(period / self._period - 1.0) < 0.06
        if not alike and self._period and self._doubts < 2:
            # Twice or half as fast for a moment is a fill, not another tempo.
            self._doubts += 1
            return
        off = (beat_at - self._beat_at) / period
        off -= round(off)
        self._beat_at = beat_at - (1.0 - _PULL) * off * period if alike else beat_at
        self._period, self._doubts = period, 0
