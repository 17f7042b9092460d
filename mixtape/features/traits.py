"""What people ask of a song: its tempo, its key, how loud, how bright, how lively. The set `traits`, and the same in words.

Every trait is a finite number with a unit and a range (`TRAITS`, in the order of the vector). Where a song has no beat or no key,
its tempo is 120 BPM and its key C major, with a confidence of 0.

Loudness is ITU-R BS.1770-4: K-weighting, blocks of 400 ms every 100 ms, those under -70 LUFS and then those 10 LU under the rest
left out. The channels were mixed to one; it is measured as a stereo player gives it, the same from both loudspeakers: a
full-scale sine of 997 Hz is 0.0 LUFS, where one channel alone has -3.01.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from mixtape.audio import SAMPLE_RATE_HZ
from mixtape.errors import ShapeError
from mixtape.features.loudness import BARK_BANDS, BARK_LIMITS_HZ
from mixtape.features.onsets import quiet_sone
from mixtape.features.stretch import Stretch
from mixtape.features.tempo import TempoEar
from mixtape.features.tonal import Key, TonalEar
from mixtape.types import FloatArray

VERSIONS = {"traits": 1}
"""The set made here; its number grows when the same sound gives other values."""


@dataclass(frozen=True, slots=True)
class Trait:
    """A number that people read: name, unit ("" for a share or a degree), lowest and highest value, and a sentence on it."""

    name: str
    unit: str
    low: float
    high: float
    about: str


TRAITS = (
    Trait("tempo_bpm", "BPM", 40, 240, "Beats per minute; 120 where no beat is heard."),
    Trait("tempo_confidence", "", 0, 1, "How sure the tempo is, and that it is not felt twice or half as fast."),
    Trait("key", "", 0, 11, "The tonic: 0 is C, 1 is C sharp, and so on to 11, which is B."),
    Trait("mode", "", 0, 1, "1 in a major key, 0 in a minor one."),
    Trait("key_confidence", "", 0, 1, "How plain the key is."),
    Trait("loudness_lufs", "LUFS", -70, 10, "How loud the song is on the whole, by the broadcasters' measure."),
    Trait("dynamics_db", "dB", 0, 60, "How far the loud passages are above the quiet ones."),
    Trait("energy", "", 0, 1, "How much there is to hear and how busy it is: 0 a lullaby, 1 everything at once."),
    Trait("brightness", "", 0, 1, "Where most of the sound lies: 0 the deepest bass, 1 the highest treble."),
    Trait("bass", "", 0, 1, "What share of the loudness lies below 300 Hz."),
    Trait("pulse", "", 0, 1, "How plainly it beats, as dance music does."),
    Trait("events_per_s", "per second", 0, 40, "How many notes and strokes begin in a second."),
    Trait("harmonic_change", "", 0, 1, "How much the notes change from moment to moment: 0 a drone."),
    Trait("tonality", "", 0, 1, "How much of the sound is notes: 0 noise and drums, 1 pure tones."),
)
"""Every trait, in the order of the vector."""


@dataclass(frozen=True, slots=True)
class Traits:
    """A song's traits by name, as `TRAITS` explains them."""

    tempo_bpm: float
    tempo_confidence: float
    key: int
    mode: int
    key_confidence: float
    loudness_lufs: float
    dynamics_db: float
    energy: float
    brightness: float
    bass: float
    pulse: float
    events_per_s: float
    harmonic_change: float
    tonality: float

    @property
    def tempo_name(self) -> str:
        """Like "94 BPM"; "no steady beat" where none is heard."""
        return f"{self.tempo_bpm:.0f} BPM" if self.tempo_confidence > 0 else "no steady beat"

    @property
    def key_name(self) -> str:
        """Like "A minor"; "no key" where there are no notes."""
        return Key(self.key, self.mode, self.key_confidence).name if self.key_confidence > 0 else "no key"

    @property
    def loudness_name(self) -> str:
        """Like "-9.8 LUFS"."""
        return f"{self.loudness_lufs:.1f} LUFS"


def traits_of(vector: npt.ArrayLike) -> Traits:
    """The traits in a vector of the set `traits`. ShapeError when it has not as many numbers as there are traits."""
    values = np.asarray(vector, np.float64)
    if values.shape != (len(TRAITS),):
        raise ShapeError(f"traits of shape {values.shape}; ({len(TRAITS)},) is needed: hear the song again with mixtape build")
    whole = ("key", "mode")
    found: dict[str, Any] = {
        field.name: round(float(value)) if field.name in whole else float(value)
        for field, value in zip(fields(Traits), values, strict=True)
    }
    return Traits(**found)


class TraitsEar:
    """Hears loudness and colour; takes the beat and the key from the ears of the same pass that hear each stretch too."""

    def __init__(self, *, tempo: TempoEar, tonal: TonalEar) -> None:
        self._tempo, self._tonal = tempo, tonal
        self._meter = LoudnessMeter()
        self._bands = np.zeros(BARK_BANDS)
        self._frames = 0

    def hear(self, stretch: Stretch) -> None:
        """Take in the next stretch."""
        self._meter.hear(stretch.samples)
        self._bands += np.maximum(stretch.sone - quiet_sone(), 0).sum(axis=0, dtype=np.float64)
        self._frames += len(stretch.sone)

    def vectors(self, *, n_samples: int) -> dict[str, FloatArray]:
        """{"traits": a number for each of `TRAITS`}, all finite and within their range."""
        tempo, key = self._tempo.tempo(), self._tonal.key()
        events_per_s = self._tempo.onsets_per_s()
        found = Traits(
            tempo_bpm=tempo.bpm,
            tempo_confidence=tempo.confidence,
            key=key.tonic,
            mode=key.mode,
            key_confidence=key.confidence,
            loudness_lufs=self._meter.integrated_lufs(),
            dynamics_db=self._meter.range_lu(),
            energy=self._energy(events_per_s),
            brightness=self._brightness(),
            bass=self._bass(),
            pulse=tempo.clarity,
            events_per_s=events_per_s,
            harmonic_change=self._tonal.harmonic_change(),
            tonality=self._tonal.tonality(),
        )
        values = np.array([getattr(found, trait.name) for trait in TRAITS])
        low, high = (np.array([getattr(trait, end) for trait in TRAITS]) for end in ("low", "high"))
        return {"traits": np.clip(np.nan_to_num(values), low, high).astype(np.float32)}

    def _energy(self, events_per_s: float) -> float:
        """The middle of how much sound there is (mean sone of all bands, 60 being much) and how busy it is (8 a second)."""
        sone = self._bands.sum() / max(self._frames, 1)
        return float((1 - np.exp(-sone / 60)) / 2 + (1 - np.exp(-events_per_s / 8)) / 2 * min(sone, 1))

    def _brightness(self) -> float:
        """The centre of loudness over the Bark bands; 0 in silence."""
        total = self._bands.sum()
        return float(self._bands @ np.arange(BARK_BANDS) / total / (BARK_BANDS - 1)) if total > 0 else 0.0

    def _bass(self) -> float:
        total = self._bands.sum()
        return float(self._bands[: BARK_LIMITS_HZ.index(300) + 1].sum() / total) if total > 0 else 0.0


_STEP = SAMPLE_RATE_HZ // 10
_ABSOLUTE_GATE, _RELATIVE_GATE, _RANGE_GATE = -70.0, -10.0, -20.0
_BOTH_SPEAKERS = 2.0


class LoudnessMeter:
    """Loudness of mono sound at 44.1 kHz that comes in parts of any size; keeps one number per 100 ms."""

    def __init__(self) -> None:
        self._state = np.zeros((2, 2))
        self._rest = np.zeros(0)
        self._energy: list[npt.NDArray[np.float64]] = []

    def hear(self, samples: FloatArray) -> None:
        """Take in the next samples (n,)."""
        from scipy.signal import sosfilt

        weighted, self._state = sosfilt(k_weighting(), samples, zi=self._state)
        weighted = np.concatenate([self._rest, weighted])
        steps = len(weighted) // _STEP
        self._energy.append(np.einsum("ij,ij->i", *[weighted[: steps * _STEP].reshape(steps, _STEP)] * 2) / _STEP)
        self._rest = weighted[steps * _STEP :]

    def integrated_lufs(self) -> float:
        """Gated loudness of all that was heard (BS.1770-4); -70 for silence and for less than 0.4 s."""
        blocks = self._blocks(4)
        loud = blocks[_lufs(blocks) > _ABSOLUTE_GATE]
        if not len(loud):
            return _ABSOLUTE_GATE
        counted = loud[_lufs(loud) > _lufs(loud.mean()) + _RELATIVE_GATE]
        return float(_lufs(counted.mean()))

    def range_lu(self) -> float:
        """Loudness range (EBU Tech 3342): from the 10th to the 95th percentile of 3 s blocks; 0 where there is none."""
        blocks = self._blocks(30)
        loud = blocks[_lufs(blocks) > _ABSOLUTE_GATE]
        if not len(loud):
            return 0.0
        counted = _lufs(loud[_lufs(loud) > _lufs(loud.mean()) + _RANGE_GATE])
        low, high = np.percentile(counted, (10, 95))
        return float(high - low)

    def _blocks(self, steps: int) -> npt.NDArray[np.float64]:
        """Mean energy of each `steps` times 100 ms in a row, one every 100 ms."""
        energy = np.concatenate([np.zeros(0), *self._energy])
        return np.convolve(energy, np.full(steps, 1 / steps), mode="valid") if len(energy) >= steps else energy[:0]


def _lufs(energy: Any) -> Any:
    return -0.691 + 10 * np.log10(np.maximum(_BOTH_SPEAKERS * energy, 1e-15))


@cache
def k_weighting() -> npt.NDArray[np.float64]:
    """Second-order sections (2, 6) of the K-weighting at 44.1 kHz: the shelf of a head, then the high-pass.

    BS.1770-4 gives the filters at 48 kHz; these are the same analogue filters brought to 44.1 kHz, with the frequency, gain and
    quality that reproduce its coefficients at 48 kHz.
    """
    shelf_hz, gain_db, shelf_q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
    k, gain = np.tan(np.pi * shelf_hz / SAMPLE_RATE_HZ), 10 ** (gain_db / 20)
    middle = gain**0.4996667741545416
    unit = 1 + k / shelf_q + k * k
    shelf = (
        *((gain + middle * k / shelf_q + k * k) / unit, 2 * (k * k - gain) / unit, (gain - middle * k / shelf_q + k * k) / unit),
        *(1.0, 2 * (k * k - 1) / unit, (1 - k / shelf_q + k * k) / unit),
    )
    pass_hz, pass_q = 38.13547087602444, 0.5003270373238773
    k = np.tan(np.pi * pass_hz / SAMPLE_RATE_HZ)
    unit = 1 + k / pass_q + k * k
    return np.array([shelf, (1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / unit, (1 - k / pass_q + k * k) / unit)])
