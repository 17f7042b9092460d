"""What a song does at 60 Hz, for the show: level, eight bands, onsets and beats.

Row i belongs to the moment i / 60 s; there are ceil(60 * duration) rows. All values lie in 0..1 and are scaled to the song
itself, so that a quiet song moves as much as a loud one:

- level: loudness in sone, 1 being what the song exceeds in 1 % of its time;
- bands: power in dB of eight octaves up from 55 Hz; each band's own usual range;
- onset: how much louder something became, above what is usual around that moment; the strongest onsets are 1;
- beat_phase: 0 on a beat, growing evenly to 1 at the next.

Beside the rows there are the moments of the beats and of the boundaries between sections. Digital silence is all zeros and has
no beats and no sections.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from mixtape.audio import SAMPLE_RATE_HZ
from mixtape.features.beats import beat_phase
from mixtape.features.loudness import WINDOW
from mixtape.features.onsets import ONSET_DELAY, quiet_sone
from mixtape.features.sections import find_sections, slices
from mixtape.features.stretch import FRAME_HZ, HOP, Stretch
from mixtape.features.tempo import TempoEar
from mixtape.features.tonal import TonalEar
from mixtape.types import BANDS, TIMELINE_HZ, FloatArray, Timeline

TIMELINE_VERSION = 2
"""Grows when the same sound gives another timeline."""

BAND_LIMITS_HZ = (110, 220, 440, 880, 1760, 3520, 7040, 16000)
"""Upper limits of the eight bands."""

_QUIETEST_SONE = 0.05
_QUIETEST_DB = 20.0
_BAND_RANGE_DB = (12.0, 36.0)


class TimelineEar:
    """Hears a song stretch by stretch; keeps ten numbers per 11.6 ms and 48 per 0.37 s.

    `tempo` and `tonal` are ears of the same pass that hear each stretch too; without them it listens for the beat itself and
    finds sections by their sound alone.
    """

    def __init__(self, *, tempo: TempoEar | None = None, tonal: TonalEar | None = None) -> None:
        self._loudness: list[FloatArray] = []
        self._bands_db: list[FloatArray] = []
        self._sound: list[tuple[FloatArray, FloatArray]] = []
        self._own_tempo = tempo is None
        self._tempo = tempo or TempoEar()
        self._tonal = tonal

    def hear(self, stretch: Stretch) -> None:
        """Take in the next stretch."""
        if self._own_tempo:
            self._tempo.hear(stretch)
        self._loudness.append(total_loudness(stretch.sone))
        self._bands_db.append(10 * np.log10(np.maximum(stretch.power @ octaves(), 1)))
        self._sound.append(slices(np.log1p(stretch.sone)))

    def timeline(self, *, n_samples: int) -> Timeline:
        """The timeline of the whole song, `n_samples` long."""
        rows = -(-n_samples * TIMELINE_HZ // SAMPLE_RATE_HZ)
        if not self._loudness:
            return _empty(rows)
        beats_s = self._tempo.beats_s(n_samples=n_samples)
        return Timeline(
            level=_at_rows(_level(np.concatenate(self._loudness))[:, None], rows)[:, 0],
            bands=_at_rows(_scaled_bands(np.concatenate(self._bands_db)), rows),
            onset=_onset_rows(self._tempo.onsets.strength(), rows),
            beat_phase=beat_phase(beats_s, times_s=np.arange(rows) / TIMELINE_HZ),
            beats_s=beats_s,
            sections_s=find_sections(self._aspects(), beats_s=beats_s),
        )

    def _aspects(self) -> list[FloatArray]:
        """Loudness of the bands, how it moves, and the pitch classes, a row for each slice."""
        aspects = [np.concatenate(parts) for parts in zip(*self._sound, strict=True)]
        return aspects if self._tonal is None else [*aspects, self._tonal.slices()[: len(aspects[0])]]


def _empty(rows: int) -> Timeline:
    nothing = np.zeros(rows, np.float32)
    return Timeline(nothing, np.zeros((rows, BANDS), np.float32), nothing, nothing, np.zeros(0, np.float32))


@cache
def octaves() -> FloatArray:
    """(513, 8): which bins make up which of the eight bands; DC is in none."""
    frequency_hz = np.linspace(0, SAMPLE_RATE_HZ / 2, WINDOW // 2 + 1)
    band = np.searchsorted(BAND_LIMITS_HZ, frequency_hz, side="right")
    member = band[:, None] == np.arange(BANDS)
    member[0] = False
    return member.astype(np.float32)


def total_loudness(heard: FloatArray) -> FloatArray:
    """Loudness (t,) of bands (t, 24) heard together: the loudest and 15 % of the others (Stevens 1956), 0 in silence."""

    def together(bands: FloatArray) -> FloatArray:
        return 0.85 * bands.max(axis=1) + 0.15 * bands.sum(axis=1)

    return np.maximum(together(heard) - together(quiet_sone()), 0)


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


def _onset_rows(onset: FloatArray, rows: int) -> FloatArray:
    """Onset strength (t,) in frames to (rows,): the strongest frame of each row, the song's strong onsets brought to 1."""
    row = np.rint((np.arange(len(onset)) + ONSET_DELAY) / FRAME_HZ * TIMELINE_HZ).astype(np.int64)
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
