"""The set `tonal`: which notes a song uses, in which key, what chords they make and how fast those change.

Notes are peaks of the fine spectrum from 60 Hz to 2.1 kHz, their pitch read between the bins, so that two bass notes a
semitone apart differ and a band that is tuned 40 cents low is heard in its own tuning. Loud and soft notes are brought closer
(the fourth root of power), and each third of a second counts alike.

The vector, by part:

- pitch classes as they are, C first (12); from the tonic: their mean (12) and how they vary (12);
- which kinds of chords (8);
- intervals that sound together, a semitone to a tritone (6);
- harmonic change after 0.37, 0.74, 1.5, 3, 6 and 12 s, and how unevenly it comes (7);
- how plain the key is, how much more major than minor, how many pitch classes at once and over the song, how tonal at all, and
  how its tonality varies (6).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from mixtape.features.sections import SLICE_FRAMES
from mixtape.features.stretch import HALF_RATE_HZ, SLOW_WINDOW, Stretch
from mixtape.types import FloatArray

VERSIONS = {"tonal": 1}
"""The set made here; its number grows when the same sound gives other values."""

CLASSES = 12
NOTE_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")

SIZE = 63
"""Numbers in the vector."""

_FINE = 60
"""Steps of the octave that are kept until the tuning is known: 20 cents."""

_PER_CLASS = _FINE // CLASSES

_LOWEST_BIN, _HIGHEST_BIN = 5, 195
_ROWS = SLICE_FRAMES // 2
"""Slow frames in a slice."""

_QUIETEST = 1e-9
"""Power under which nothing is heard: -90 dB of a full-scale sine."""

_FAINTEST = 1e-5
_PROMINENT = 2.0

# How often each pitch class is heard in a key, tonic first: Albrecht and Shanahan, "The use of large corpora to train a new type
# of key-finding algorithm" (Music Perception 31, 2013). Krumhansl and Kessler's took made-up minor songs for major ones.
_MAJOR = (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081)
_MINOR = (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052)

_CHORDS = {
    "major": (0, 4, 7),
    "minor": (0, 3, 7),
    "diminished": (0, 3, 6),
    "augmented": (0, 4, 8),
    "suspended": (0, 5, 7),
    "seventh": (0, 4, 7, 10),
    "minor seventh": (0, 3, 7, 10),
    "fifth": (0, 7),
}
_LAGS = (1, 2, 4, 8, 16, 32)


@dataclass(frozen=True, slots=True)
class Key:
    """tonic 0..11 (C is 0), mode 0 minor or 1 major, confidence 0..1: how well it fits and how far it is ahead."""

    tonic: int
    mode: int
    confidence: float

    @property
    def name(self) -> str:
        """Like "A minor"."""
        return f"{NOTE_NAMES[self.tonic]} {'major' if self.mode else 'minor'}"


class TonalEar:
    """Hears the notes of a song; keeps 61 numbers per 0.37 s."""

    def __init__(self) -> None:
        self._notes: list[FloatArray] = []
        self._tonality: list[FloatArray] = []
        self._tuning = 0j

    def hear(self, stretch: Stretch) -> None:
        """Take in the next stretch."""
        notes, tonality, tuning = notes_of(stretch.slow)
        self._notes.append(notes)
        self._tonality.append(tonality)
        self._tuning += tuning

    def tuning(self) -> float:
        """How far the song is tuned above 440 Hz, in semitones from -0.5 to 0.5."""
        return float(np.angle(self._tuning) / (2 * np.pi)) if abs(self._tuning) else 0.0

    def slices(self) -> FloatArray:
        """(s, 12): what share of each slice's notes each pitch class has, C first; zeros where there is no note."""
        fine = np.concatenate(self._notes) if self._notes else np.zeros((0, _FINE), np.float32)
        return _shares(fine @ _folding(self.tuning()))

    def key(self) -> Key:
        """The song's key; C major with a confidence of 0 where there are no notes."""
        return find_key(_usual(self.slices()))

    def harmonic_change(self) -> float:
        """How different the notes are after a third of a second: 0 the same, 1 all others."""
        return float(_changes(self.slices())[0])

    def tonality(self) -> float:
        """How much of the sound is in notes, 0..1."""
        return float(np.concatenate(self._tonality).mean()) if self._tonality else 0.0

    def vectors(self, *, n_samples: int) -> dict[str, FloatArray]:
        """{"tonal": (63,)}; zeros where there are no notes."""
        return {"tonal": self._vector()}

    def _vector(self) -> FloatArray:
        everything = self.slices()
        if not everything.any():
            return np.zeros(SIZE, np.float32)
        tonality = np.concatenate(self._tonality)
        usual, key = _usual(everything), self.key()
        fits = key_fits(usual)
        from_tonic = np.roll(everything, -key.tonic, axis=1)
        plain = (key.confidence, fits[1].max() - fits[0].max(), _breadth(everything), _breadth(usual[None]))
        parts = (
            usual,
            from_tonic.mean(axis=0),
            from_tonic.std(axis=0),
            chord_kinds(everything),
            _intervals(everything),
            _changes(everything),
            plain,
            (tonality.mean(), tonality.std()),
        )
        return np.concatenate(parts).astype(np.float32)


def notes_of(power: FloatArray) -> tuple[FloatArray, FloatArray, complex]:
    """Notes of spectra (u, 1025), summed over slices of 16.

    Returns:
        (s, 60) strength of the steps of the octave, C first; (s,) how much of the power is in notes, 0..1; and the
        sum over all notes of exp(2 pi i pitch in semitones), whose angle is the tuning.
    """
    some = power[:, _LOWEST_BIN : _HIGHEST_BIN + 1]
    row, column = np.nonzero(_is_note(some))
    bins, level = _between_bins(some, row, column + 1)
    hz = (bins + _LOWEST_BIN) * np.float32(HALF_RATE_HZ / SLOW_WINDOW)
    pitch = 69 + 12 * np.log2(hz / 440)
    strength = np.sqrt(np.sqrt(level))
    slice_of, count = row // _ROWS, -(-len(power) // _ROWS)
    step = np.rint(pitch * _PER_CLASS).astype(np.int64) % _FINE
    notes = np.bincount(slice_of * _FINE + step, weights=strength, minlength=count * _FINE)
    in_notes = np.bincount(slice_of, weights=level, minlength=count)
    whole = np.add.reduceat(some.sum(axis=1), np.arange(0, len(some), _ROWS)) if len(some) else np.zeros(0)
    tonality = np.minimum(in_notes * 1.5 / np.maximum(whole, _QUIETEST), 1).astype(np.float32)
    return notes.reshape(count, _FINE).astype(np.float32), tonality, complex((strength * np.exp(2j * np.pi * pitch)).sum())


def _is_note(power: FloatArray) -> npt.NDArray[np.bool_]:
    """(u, b - 2): which of the inner bins of (u, b) are peaks that stand out of their surroundings and of the frame."""
    from scipy.ndimage import uniform_filter1d

    inner = power[:, 1:-1]
    floor = np.maximum(power.max(axis=1, keepdims=True) * np.float32(_FAINTEST), np.float32(_QUIETEST))
    around = uniform_filter1d(power, 15, axis=1)[:, 1:-1]
    return (inner > power[:, :-2]) & (inner >= power[:, 2:]) & (inner > floor) & (inner > _PROMINENT * around)


def _between_bins(power: FloatArray, row: npt.NDArray[np.int64], column: npt.NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    """Where between the bins each peak is, and its power: the vertex of a parabola through the logarithms of three bins."""
    left, middle, right = (np.log(np.maximum(power[row, column + k], 1e-20)) for k in (-1, 0, 1))
    bend = np.minimum(left - 2 * middle + right, -1e-6)
    off = np.clip(0.5 * (left - right) / bend, -0.5, 0.5)
    return column + off, np.exp(middle - 0.25 * (left - right) * off)


def _folding(tuning: float) -> FloatArray:
    """(60, 12): steps of the octave to pitch classes of a song in its tuning; a step between two classes is shared."""
    steps = (np.arange(_FINE) / _PER_CLASS - tuning)[:, None] - np.arange(CLASSES)
    away = np.abs((steps + CLASSES / 2) % CLASSES - CLASSES / 2)
    return np.clip(1.5 - 2 * away, 0, 1).astype(np.float32)


def _shares(strength: FloatArray) -> FloatArray:
    total = strength.sum(axis=1, keepdims=True)
    return np.asarray(strength / np.where(total > 0, total, 1), np.float32)


def _usual(shares: FloatArray) -> FloatArray:
    """The mean share (12,) over the slices that have notes; zeros when none has."""
    heard = shares[shares.any(axis=1)]
    return heard.mean(axis=0) if len(heard) else np.zeros(CLASSES, np.float32)


def key_fits(usual: FloatArray) -> npt.NDArray[np.float64]:
    """Correlation (2, 12) of pitch-class shares (12,) with the minor and the major profile on each tonic."""
    centred = usual - usual.mean()
    spread = float(np.linalg.norm(centred))
    return np.asarray(_profiles() @ centred / spread) if spread > 1e-6 else np.zeros((2, CLASSES))


@cache
def _profiles() -> npt.NDArray[np.float64]:
    """(2, 12, 12): the minor and major profile on each tonic, centred, of length 1."""
    centred = np.array([_MINOR, _MAJOR]) - np.mean([_MINOR, _MAJOR], axis=1, keepdims=True)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    return np.stack([np.roll(centred, tonic, axis=1) for tonic in range(CLASSES)], axis=1)


def find_key(usual: FloatArray) -> Key:
    """The key of pitch-class shares (12,); C major with a confidence of 0 when there are none."""
    fits = key_fits(usual)
    if not fits.any():
        return Key(0, 1, 0.0)
    mode, tonic = (int(k) for k in np.unravel_index(fits.argmax(), fits.shape))
    second, first = np.sort(fits.ravel())[-2:]
    # The second best is a fifth away, parallel or relative: 0.15 ahead of it is plain, and so is a fit of 0.8.
    return Key(tonic, mode, float(np.clip((first - second) / 0.15, 0, 1) * np.clip(first / 0.8, 0, 1)))


@cache
def _chord_shapes() -> FloatArray:
    """(12, 96): the notes of each kind of chord on each root, of length 1; column = kind * 12 + root."""
    shapes = np.zeros((CLASSES, len(_CHORDS) * CLASSES), np.float32)
    for kind, notes in enumerate(_CHORDS.values()):
        for root in range(CLASSES):
            shapes[[(root + note) % CLASSES for note in notes], kind * CLASSES + root] = len(notes) ** -0.5
    return shapes


def chord_kinds(shares: FloatArray) -> FloatArray:
    """What share of slices (s, 12) holds each kind of chord, (8,); a slice that fits several is shared between them."""
    heard = shares[shares.any(axis=1)]
    fit = (heard / np.linalg.norm(heard, axis=1, keepdims=True)) @ _chord_shapes()
    belief = np.exp(16 * (fit - fit.max(axis=1, keepdims=True)))
    belief /= belief.sum(axis=1, keepdims=True)
    return np.asarray(belief.mean(axis=0).reshape(len(_CHORDS), CLASSES).sum(axis=1), np.float32)


def _intervals(shares: FloatArray) -> FloatArray:
    """How much of each slice (s, 12) sounds together at a distance of 1 to 6 semitones, on average."""
    return np.array([(shares * np.roll(shares, k, axis=1)).sum(axis=1).mean() for k in range(1, 7)], np.float32)


def _changes(shares: FloatArray) -> FloatArray:
    """Mean change after each of `_LAGS` slices, 1 - cosine, and how uneven the first is: (7,)."""
    length = np.linalg.norm(shares, axis=1, keepdims=True)
    unit = shares / np.where(length > 0, length, 1)
    steps = [1 - (unit[lag:] * unit[:-lag]).sum(axis=1) for lag in _LAGS]
    means = [float(step.mean()) if len(step) else 0.0 for step in steps]
    return np.array([*means, steps[0].std() if len(steps[0]) else 0.0], np.float32)


def _breadth(shares: FloatArray) -> float:
    """How evenly the pitch classes of slices (s, 12) are used, 0 one to 1 all: their mean entropy, in twelfths of an octave."""
    spread = -(shares * np.log(np.maximum(shares, 1e-12))).sum(axis=1) / np.log(CLASSES)
    return float(spread.mean())
