from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest

from mixtape.errors import ShapeError
from mixtape.features.stretch import stretches
from mixtape.features.tempo import TempoEar
from mixtape.features.tonal import TonalEar
from mixtape.features.traits import TRAITS, LoudnessMeter, Traits, TraitsEar, traits_of


def vector_of(sound: np.ndarray) -> np.ndarray:
    tempo, tonal = TempoEar(), TonalEar()
    ears = (tempo, tonal, TraitsEar(tempo=tempo, tonal=tonal))
    for stretch in stretches([sound.astype(np.float32)]):
        for ear in ears:
            ear.hear(stretch)
    return ears[2].vectors(n_samples=len(sound))["traits"]


def lufs(sound: np.ndarray) -> float:
    meter = LoudnessMeter()
    for part in np.array_split(sound.astype(np.float32), 7):
        meter.hear(part)
    return meter.integrated_lufs()


def sine(hz: float, amplitude: float, seconds: float = 10) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * hz * np.arange(int(seconds * 44100)) / 44100)


def test_a_full_scale_sine_of_997_hz_from_both_loudspeakers_is_0_lufs() -> None:
    assert lufs(sine(997, 1)) == pytest.approx(0, abs=0.02)
    assert lufs(sine(997, 0.1)) == pytest.approx(-20, abs=0.02)


@pytest.mark.parametrize(("hz", "gain_db"), [(30, -8.1), (60, -3.6), (200, -1.0), (2000, 2.6), (8000, 3.4)])
def test_other_pitches_are_weighted_as_the_standard_weights_them(hz: float, gain_db: float) -> None:
    """Gains against 997 Hz, read from the response of the standard's own coefficients at 48 kHz."""
    from scipy.signal import sosfreqz

    standard = [
        [1.53512485958697, -2.69169618940638, 1.19839281085285, 1, -1.69065929318241, 0.73248077421585],
        [1, -2, 1, 1, -1.99004745483398, 0.99007225036621],
    ]
    _, response = sosfreqz(standard, [997, hz], fs=48000)
    wanted_db = 20 * np.log10(np.abs(response[1] / response[0]))
    assert wanted_db == pytest.approx(gain_db, abs=1)
    assert lufs(sine(hz, 0.1)) - lufs(sine(997, 0.1)) == pytest.approx(wanted_db, abs=0.1)


def test_silence_between_does_not_make_a_song_quieter() -> None:
    loud = sine(997, 0.2)
    assert lufs(np.concatenate([loud, np.zeros(441000), loud])) == pytest.approx(lufs(loud), abs=0.2)
    assert lufs(np.concatenate([loud, sine(997, 0.2 * 10**-1.5)])) == pytest.approx(lufs(loud), abs=0.3)


def test_loudness_does_not_depend_on_how_the_sound_was_cut() -> None:
    sound = np.random.default_rng(0).standard_normal(200_000).astype(np.float32)
    whole, pieces = LoudnessMeter(), LoudnessMeter()
    whole.hear(sound)
    for first in range(0, len(sound), 777):
        pieces.hear(sound[first : first + 777])
    assert pieces.integrated_lufs() == pytest.approx(whole.integrated_lufs(), abs=1e-6)


def test_dynamics_are_how_far_loud_passages_are_above_quiet_ones() -> None:
    steps = np.concatenate([sine(997, 0.05, 20), sine(997, 0.5, 20)])
    meter = LoudnessMeter()
    meter.hear(steps.astype(np.float32))
    assert meter.range_lu() == pytest.approx(20, abs=0.5)


def test_silence_and_what_is_too_short_are_as_quiet_as_can_be() -> None:
    assert lufs(np.zeros(441000)) == lufs(sine(997, 1, 0.2)) == -70


def test_the_vector_has_the_order_of_the_names_and_comes_back_by_name() -> None:
    assert [trait.name for trait in TRAITS] == [field.name for field in fields(Traits)]
    found = traits_of(np.arange(len(TRAITS)))
    assert [getattr(found, trait.name) for trait in TRAITS] == list(range(len(TRAITS)))
    assert isinstance(found.key, int)
    with pytest.raises(FrozenInstanceError):
        found.key = 3  # type: ignore[misc]


def test_every_trait_says_what_it_is_in_a_sentence() -> None:
    for trait in TRAITS:
        assert trait.about.endswith(".") and trait.low < trait.high


def test_a_vector_of_another_length_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"\(3,\)"):
        traits_of(np.zeros(3))


def test_traits_have_words() -> None:
    values = dict.fromkeys((trait.name for trait in TRAITS), 0.5) | {
        "tempo_bpm": 94.2,
        "key": 9,
        "mode": 0,
        "loudness_lufs": -9.81,
    }
    found = traits_of([values[trait.name] for trait in TRAITS])
    assert (found.tempo_name, found.key_name, found.loudness_name) == ("94 BPM", "A minor", "-9.8 LUFS")
    unsure = traits_of([(values | {"tempo_confidence": 0, "key_confidence": 0})[trait.name] for trait in TRAITS])
    assert (unsure.tempo_name, unsure.key_name) == ("no steady beat", "no key")


def test_treble_is_brighter_than_bass_and_has_less_of_it() -> None:
    low, high = traits_of(vector_of(sine(80, 0.3, 7))), traits_of(vector_of(sine(6000, 0.3, 7)))
    assert low.brightness < 0.25 < 0.7 < high.brightness
    assert low.bass > 0.6 > 0.1 > high.bass


def test_a_busy_loud_song_has_more_energy_than_a_quiet_slow_one(made_up, click_track) -> None:
    busy = made_up(10) + click_track(np.arange(0, 10, 0.125), seconds=10)
    quiet = 0.02 * made_up(10)
    assert traits_of(vector_of(busy)).energy > traits_of(vector_of(quiet)).energy + 0.2
    assert traits_of(vector_of(busy)).events_per_s == pytest.approx(8, abs=2)


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(2**18),
        np.full(2**18, 0.7),
        np.random.default_rng(0).standard_normal(2**18),
        np.sign(np.sin(np.arange(2**18) / 30)),
        1e5 * np.sin(np.arange(2**18) / 30),
        np.eye(1, 2**18, 9)[0],
        1e-6 * np.random.default_rng(1).standard_normal(2**18),
    ],
    ids=["silence", "constant", "noise", "clipped", "absurd", "impulse", "faint"],
)
def test_whatever_the_sound_every_trait_is_a_number_in_its_range(sound: np.ndarray) -> None:
    vector = vector_of(sound)
    assert vector.dtype == np.float32 and np.isfinite(vector).all()
    for trait, value in zip(TRAITS, vector, strict=True):
        assert trait.low <= value <= trait.high, trait.name


def test_silence_has_no_beat_no_key_and_no_energy() -> None:
    found = traits_of(vector_of(np.zeros(2**18)))
    assert (found.tempo_confidence, found.key_confidence, found.energy, found.events_per_s) == (0, 0, 0, 0)
    assert (found.tempo_bpm, found.loudness_lufs) == (120, -70)
