from __future__ import annotations

import numpy as np
import pytest

from mixtape.features.stretch import stretches
from mixtape.features.tonal import NOTE_NAMES, SIZE, TonalEar, find_key

MAJOR, MINOR = (0, 4, 7), (0, 3, 7)


def heard(sound: np.ndarray) -> TonalEar:
    ear = TonalEar()
    for stretch in stretches([sound.astype(np.float32)]):
        ear.hear(stretch)
    return ear


def tone(note: float, seconds: float) -> np.ndarray:
    """Eight harmonics of a note, 69 being an A of 440 Hz."""
    t = np.arange(int(seconds * 44100)) / 44100
    hz = 440 * 2 ** ((note - 69) / 12)
    shape = np.minimum(1, t / 0.01) * np.exp(-t)
    return 0.1 * shape * sum(np.sin(2 * np.pi * hz * k * t + k) / k for k in range(1, 9))


def cadence(tonic: int, minor: bool, *, cents: float = 0) -> np.ndarray:
    """The first, fourth, fifth and first degree, with a bass."""
    degrees = [(0, MINOR if minor else MAJOR), (5, MINOR if minor else MAJOR), (7, MAJOR), (0, MINOR if minor else MAJOR)]
    parts = []
    for degree, shape in degrees:
        root = 48 + (tonic + degree) % 12 + cents / 100
        parts.append(tone(root - 12, 1.6) + sum(tone(root + step, 1.6) for step in shape))
    return np.concatenate(parts)


@pytest.mark.parametrize("tonic", range(12))
@pytest.mark.parametrize("minor", [False, True])
def test_a_cadence_is_heard_in_its_key(tonic: int, minor: bool) -> None:
    key = heard(cadence(tonic, minor)).key()
    assert key.name == f"{NOTE_NAMES[tonic]} {'minor' if minor else 'major'}"
    assert key.confidence > 0.05


@pytest.mark.parametrize("cents", [-40, -15, 25, 45])
def test_a_band_out_of_tune_is_heard_in_its_own_tuning(cents: int) -> None:
    ear = heard(cadence(2, False, cents=cents))
    assert ear.tuning() == pytest.approx(cents / 100, abs=0.06)
    assert ear.key().name == "D major"


@pytest.mark.parametrize("note", [40, 45, 52, 61, 70, 83])
def test_a_single_note_is_its_own_pitch_class(note: int) -> None:
    chroma = heard(np.concatenate([tone(note, 2)] * 3)).slices()[1:-1]
    assert (chroma.argmax(axis=1) == note % 12).all()


def test_the_same_piece_in_another_key_differs_only_in_its_absolute_pitch_classes() -> None:
    here, there, other = (heard(cadence(*how)).vectors(n_samples=1)["tonal"] for how in ((0, False), (5, False), (0, True)))
    assert np.linalg.norm(here[12:] - there[12:]) < 0.5 * np.linalg.norm(here[12:] - other[12:])
    assert np.linalg.norm(here[:12] - there[:12]) > 0.1


def test_a_drone_changes_less_than_a_cadence() -> None:
    drone = np.concatenate([tone(45, 2)] * 4)
    assert heard(drone).harmonic_change() < 0.5 * heard(cadence(9, True)).harmonic_change()


def test_notes_are_more_tonal_than_noise() -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(8 * 44100)
    assert heard(noise).tonality() < 0.5 < heard(cadence(0, False)).tonality()


@pytest.mark.parametrize("sound", [np.zeros(6 * 44100), np.full(6 * 44100, 0.5), np.zeros(0)])
def test_where_there_are_no_notes_there_is_no_key(sound: np.ndarray) -> None:
    ear = heard(sound)
    assert ear.key().confidence == 0
    assert np.isfinite(ear.vectors(n_samples=len(sound))["tonal"]).all()


@pytest.mark.parametrize(
    "sound",
    [
        np.random.default_rng(0).standard_normal(6 * 44100),
        np.sign(np.sin(np.arange(6 * 44100) / 20)) * 100,
        np.eye(1, 6 * 44100, 5000)[0],
        1e-6 * np.sin(np.arange(6 * 44100) / 20),
    ],
)
def test_whatever_the_sound_every_number_is_one(sound: np.ndarray) -> None:
    vector = heard(sound).vectors(n_samples=len(sound))["tonal"]
    assert vector.shape == (SIZE,) and vector.dtype == np.float32
    assert np.isfinite(vector).all()


def test_a_flat_profile_has_no_key() -> None:
    assert find_key(np.full(12, 1 / 12, np.float32)).confidence == 0


def test_two_ways_of_cutting_a_song_give_the_same_notes() -> None:
    sound = cadence(3, False).astype(np.float32)
    ear = TonalEar()
    for stretch in stretches(np.array_split(sound, 9)):
        ear.hear(stretch)
    np.testing.assert_array_equal(ear.slices(), heard(sound).slices())
