"""Rhythm patterns, statistical spectrum descriptors and rhythm histograms: which loudness beats how fast in which band.

The feature sets of Lidy and Rauber, "Evaluation of feature extractors and psycho-acoustic transformations for music genre
classification" (ISMIR 2005). A song is cut into segments of 5.94 s; the first and the last are left out, unless it is shorter
than 45 s. In each segment the loudness (sone) of 24 Bark bands over 511 frames gives

- **SSD**, seven statistics of each band: what the sound is made of;
- **RP**, the spectrum of each band's loudness from 0.17 to 10 Hz, weighted by how strongly each speed is felt as fluctuation
  (Fastl 1982): which band beats how fast;
- **RH**, that spectrum summed over the bands, unweighted: how fast it beats at all.

The song's RP and RH are the medians over its segments, its SSD is the mean. Levels are not normalised: a quieter master is
another vector. Always 44.1 kHz inside, since one song at two rates gives two incomparable vectors.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from mixtape.audio import SAMPLE_RATE_HZ, to_house_rate
from mixtape.errors import AudioError, ShapeError
from mixtape.features.stretch import FRAME_HZ, SEGMENT, Stretch, stretches
from mixtape.types import FloatArray

VERSIONS = {"rp": 1, "ssd": 1, "rh": 1}
"""The sets made here; a number grows when the same sound gives other values."""

MODULATION_BINS = 60
SHORTEST_S = SEGMENT / SAMPLE_RATE_HZ

_MODULATION_FRAMES = 512
_LEAD_OUT_FROM_S = 45.0
_MOST_CHANNELS = 64


@dataclass(frozen=True, slots=True, eq=False)
class RhythmFeatures:
    """What a song's rhythm is like, float32, read-only.

    rp (1440,): index = modulation bin * 24 + Bark band; ssd (168,): index = statistic * 24 + band, the statistics being mean,
    variance, skewness, Pearson kurtosis, median, minimum and maximum; rh (60,): one number per modulation bin.
    """

    rp: FloatArray
    ssd: FloatArray
    rh: FloatArray

    def __post_init__(self) -> None:
        for vector in (self.rp, self.ssd, self.rh):
            vector.flags.writeable = False


class RhythmEar:
    """Hears a song stretch by stretch; keeps 6.7 kB per 5.94 s and decides at the end which segments count."""

    def __init__(self) -> None:
        self._heard: list[RhythmFeatures] = []

    def hear(self, stretch: Stretch) -> None:
        """Take in the next stretch; the incomplete one at the end of a song is no segment."""
        if stretch.whole:
            self._heard.append(segment_features(stretch.sone[1:]))

    def features(self, *, n_samples: int) -> RhythmFeatures:
        """The song's features. AudioError when it was shorter than one segment."""
        if not self._heard:
            raise AudioError(
                f"{n_samples / SAMPLE_RATE_HZ:.2f} s of sound is too short: the rhythm features need at least "
                f"{SHORTEST_S:.2f} s ({SEGMENT} samples)"
            )
        counted = self._heard[1:-1] if n_samples >= _LEAD_OUT_FROM_S * SAMPLE_RATE_HZ else self._heard
        return RhythmFeatures(
            rp=np.median([part.rp for part in counted], axis=0).astype(np.float32),
            ssd=np.array([part.ssd for part in counted], np.float64).mean(axis=0).astype(np.float32),
            rh=np.median([part.rh for part in counted], axis=0).astype(np.float32),
        )

    def vectors(self, *, n_samples: int) -> dict[str, FloatArray]:
        """`features` by set name."""
        found = self.features(n_samples=n_samples)
        return {"rp": found.rp, "ssd": found.ssd, "rh": found.rh}


def rhythm_features(samples: npt.ArrayLike, *, sample_rate_hz: int) -> RhythmFeatures:
    """Rhythm features of a song.

    Args:
        samples: (n,) mono or (n, channels), floats in -1..1 or integers of any width; channels are averaged, NaN and infinite
            samples count as silence.
        sample_rate_hz: their rate; anything but 44,100 is resampled to it first.

    Raises:
        AudioError: less than 5.94 s of sound.
        ShapeError: not (n,) or (n, channels).
    """
    mono = to_house_rate(_mono(np.asarray(samples)), sample_rate_hz=sample_rate_hz)
    ear = RhythmEar()
    for stretch in stretches([mono]):
        ear.hear(stretch)
    return ear.features(n_samples=len(mono))


def _mono(samples: npt.NDArray[Any]) -> FloatArray:
    if samples.ndim not in (1, 2) or (samples.ndim == 2 and not 1 <= samples.shape[1] <= _MOST_CHANNELS):
        raise ShapeError(f"samples of shape {samples.shape}; (n,) or (n, channels) is needed, at most {_MOST_CHANNELS} channels")
    mixed = samples if samples.ndim == 1 else samples.mean(axis=1, dtype=np.float64)
    if samples.dtype.kind == "i":
        mixed = mixed / 2.0 ** (8 * samples.dtype.itemsize - 1)
    return mixed.astype(np.float32)


def segment_features(sone: FloatArray) -> RhythmFeatures:
    """RP, SSD and RH of one segment from its loudness (511, 24) in sone."""
    bands = np.ascontiguousarray(sone.T, dtype=np.float64)
    modulation = _modulation(bands)
    return RhythmFeatures(
        rp=(modulation * _fluctuation()).T.ravel().astype(np.float32),
        ssd=_statistics(bands).ravel().astype(np.float32),
        rh=modulation.sum(axis=0).astype(np.float32),
    )


def _modulation(bands: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Spectrum (24, 60) of each band's loudness (24, t), 0.168 to 10.09 Hz: |FFT| / 256, zero-padded to 512, without DC."""
    from scipy.fft import rfft

    spectrum = np.abs(rfft(bands, _MODULATION_FRAMES, axis=1)[:, 1 : MODULATION_BINS + 1])
    return spectrum / (_MODULATION_FRAMES / 2)


@cache
def _fluctuation() -> npt.NDArray[np.float64]:
    """How strongly each modulation frequency is felt as fluctuation, (60,): 1 / (f/4 + 4/f), strongest at 4 Hz."""
    speed_hz = np.arange(1, MODULATION_BINS + 1) * FRAME_HZ / _MODULATION_FRAMES
    return 1 / (speed_hz / 4 + 4 / speed_hz)


def _statistics(bands: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Seven statistics (7, 24) of each band (24, t)."""
    mean = bands.mean(axis=1)
    away = bands - mean[:, None]
    square = away * away
    variance = square.mean(axis=1)
    low, high = bands.min(axis=1), bands.max(axis=1)
    # A band that is constant in time has no shape: what rounding leaves of one must not count.
    moving = high > low
    spread = np.where(moving, variance, 1.0)
    skewness = np.where(moving, (square * away).mean(axis=1) / spread**1.5, 0.0)
    kurtosis = np.where(moving, (square * square).mean(axis=1) / spread**2, 0.0)
    return np.stack([mean, variance, skewness, kurtosis, np.median(bands, axis=1), low, high])
