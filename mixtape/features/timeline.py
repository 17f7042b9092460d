"""What a song does at 60 Hz, for the show: level, eight bands, onsets and beats.

Row i belongs to the moment i / 60 s; there are ceil(60 * duration) rows. All values lie in 0..1 and are scaled to the song
itself, so that a quiet song moves as much as a loud one:

- level: loudness in sone, 1 being what the song exceeds in 1 % of its time;
- bands: power in dB of eight octaves up from 55 Hz; each band's own usual range;
- onset: how much louder something became, above what is usual around that moment; the strongest onsets are 1;
- beat_phase: 0 on a beat, growing evenly to 1 at the next.

Digital silence is all zeros and has no beats.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from mixtape.audio import SAMPLE_RATE_HZ
from mixtape.features.beats import beat_phase, find_beats
from mixtape.features.loudness import WINDOW, phon, sone
from mixtape.features.stretch import FRAME_HZ, HOP, Stretch
from mixtape.types import BANDS, TIMELINE_HZ, FloatArray, Timeline

TIMELINE_VERSION = 1
"""Grows when the same sound gives another timeline."""

BAND_LIMITS_HZ = (110, 220, 440, 880, 1760, 3520, 7040, 16000)
"""Upper limits of the eight bands."""

# Frame f compares the sound around sample 512 f with the sound one hop before; clicks, bursts and drums at random moments
# were, on average, a quarter of a hop later.
_ONSET_DELAY = 0.25
_ONSET_SURROUNDINGS_S = 0.5
_QUIETEST_SONE = 0.05
_QUIETEST_DB = 20.0
_BAND_RANGE_DB = (12.0, 36.0)


class TimelineEar:
    """Hears a song stretch by stretch; keeps ten numbers per 11.6 ms."""

    def __init__(self) -> None:
        self._loudness: list[FloatArray] = []
        self._bands_db: list[FloatArray] = []
        self._flux: list[FloatArray] = []
        self._before = np.log1p(_silence())

    def hear(self, stretch: Stretch) -> None:
        """Take in the next stretch."""
        heard = stretch.sone
        self._loudness.append(_total_loudness(heard))
        self._bands_db.append(10 * np.log10(np.maximum(stretch.power @ _octaves(), 1)))
        felt = np.log1p(heard)
        self._flux.append(np.maximum(np.diff(felt, axis=0, prepend=self._before), 0).sum(axis=1))
        self._before = felt[-1:]

    def timeline(self, *, n_samples: int) -> Timeline:
        """The timeline of the whole song, `n_samples` long."""
        rows = -(-n_samples * TIMELINE_HZ // SAMPLE_RATE_HZ)
        if not self._flux:
            return _empty(rows)
        onset = _above_surroundings(np.concatenate(self._flux))
        beats_s = (find_beats(onset, frame_hz=FRAME_HZ) + _ONSET_DELAY) / FRAME_HZ
        beats_s = beats_s[beats_s < n_samples / SAMPLE_RATE_HZ].astype(np.float32)
        return Timeline(
            level=_at_rows(_level(np.concatenate(self._loudness))[:, None], rows)[:, 0],
            bands=_at_rows(_scaled_bands(np.concatenate(self._bands_db)), rows),
            onset=_onset_rows(onset, rows),
            beat_phase=beat_phase(beats_s, times_s=np.arange(rows) / TIMELINE_HZ),
            beats_s=beats_s,
        )


def _empty(rows: int) -> Timeline:
    nothing = np.zeros(rows, np.float32)
    return Timeline(nothing, np.zeros((rows, BANDS), np.float32), nothing, nothing, np.zeros(0, np.float32))


@cache
def _octaves() -> FloatArray:
    """(513, 8): which bins make up which band; DC is in none."""
    frequency_hz = np.linspace(0, SAMPLE_RATE_HZ / 2, WINDOW // 2 + 1)
    band = np.searchsorted(BAND_LIMITS_HZ, frequency_hz, side="right")
    member = band[:, None] == np.arange(BANDS)
    member[0] = False
    return member.astype(np.float32)


@cache
def _silence() -> FloatArray:
    """Loudness (1, 24) of digital silence: the threshold of hearing, not quite 0 sone."""
    return sone(phon(np.zeros((1, 24), np.float32)))


def _total_loudness(heard: FloatArray) -> FloatArray:
    """Loudness (t,) of bands (t, 24) heard together: the loudest and 15 % of the others (Stevens 1956), 0 in silence."""

    def together(bands: FloatArray) -> FloatArray:
        return 0.85 * bands.max(axis=1) + 0.15 * bands.sum(axis=1)

    return np.maximum(together(heard) - together(_silence()), 0)


def _level(loudness: FloatArray) -> FloatArray:
    usual = max(np.percentile(loudness, 99), 0.25 * loudness.max(), _QUIETEST_SONE)
    return np.clip(loudness / usual, 0, 1)


def _scaled_bands(bands_db: FloatArray) -> FloatArray:
    """Each band's dB (t, 8) to 0..1: 1 is its 99th percentile, 0 its 10th or 12 to 36 dB below.

    A band that is always far below the loudest band stays low, and so does everything near the threshold of hearing.
    """
    high = np.maximum(np.percentile(bands_db, 99, axis=0), bands_db.max(axis=0) - _BAND_RANGE_DB[0])
    high = np.maximum(high, max(high.max() - _BAND_RANGE_DB[1], _QUIETEST_DB))
    span = np.clip(high - np.percentile(bands_db, 10, axis=0), *_BAND_RANGE_DB)
    return np.clip((bands_db - (high - span)) / span, 0, 1)


def _above_surroundings(flux: FloatArray) -> FloatArray:
    """Flux (t,) above its mean within half a second to either side: lone onsets stand out, steady rustle vanishes."""
    from scipy.ndimage import uniform_filter1d

    around = uniform_filter1d(flux, 2 * round(_ONSET_SURROUNDINGS_S * FRAME_HZ) + 1, mode="constant")
    return np.maximum(flux - around, 0)


def _onset_rows(onset: FloatArray, rows: int) -> FloatArray:
    """Onset strength (t,) in frames to (rows,): the strongest frame of each row, the song's strong onsets brought to 1."""
    row = np.rint((np.arange(len(onset)) + _ONSET_DELAY) / FRAME_HZ * TIMELINE_HZ).astype(np.int64)
    found = np.zeros(rows, np.float32)
    np.maximum.at(found, np.minimum(row, rows - 1), onset)
    strongest = np.sort(found)[-max(rows // 50, 1) :]
    scale = max(float(np.median(strongest)), 0.25 * float(strongest[-1]))
    return np.clip(found / scale, 0, 1) if scale > 0 else found


def _at_rows(frames: FloatArray, rows: int) -> FloatArray:
    """Values (t, d) in frames, read between them at each row's moment: (rows, d) float32."""
    where = np.arange(rows) * (SAMPLE_RATE_HZ / (TIMELINE_HZ * HOP))
    index = np.arange(len(frames))
    return np.stack([np.interp(where, index, column) for column in frames.T], axis=1).astype(np.float32)
