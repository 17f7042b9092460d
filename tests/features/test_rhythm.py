from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixtape import audio
from mixtape.errors import AudioError, ShapeError
from mixtape.features import loudness
from mixtape.features.rhythm import RhythmEar, rhythm_features
from mixtape.features.stretch import stretches

SETS = {"rp": 1440, "ssd": 168, "rh": 60}
SEGMENT = 2**18
REAL_SONG = Path(os.environ.get("MIXTAPE_REFERENCE_OGG", "/usr/share/hyperrogue/music/hr3-graveyard.ogg"))


def distance(found: np.ndarray, wanted: np.ndarray) -> float:
    return float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))


@pytest.mark.parametrize("key", ["A_tones_44k_60s", "F_noise_44k_20s"])
def test_features_agree_with_the_reference_extractor(signals, reference, key: str) -> None:
    found = rhythm_features(signals[key](), sample_rate_hz=44100)
    for name, size in SETS.items():
        vector = getattr(found, name)
        assert vector.shape == (size,)
        assert vector.dtype == np.float32
        assert distance(vector, reference[f"{key}/{name}"]) < 1e-5


def test_silence_agrees_with_the_reference_and_has_no_shape(signals, reference) -> None:
    found = rhythm_features(signals["E_silence_44k_20s"](), sample_rate_hz=44100)
    wanted = reference["E_silence_44k_20s/ssd"].copy()
    # The stored skewness and kurtosis hold what rounding left of one constant band (-1 and 1 in band 15); it has neither.
    wanted[48:96] = 0
    assert distance(found.rp, reference["E_silence_44k_20s/rp"]) < 1e-5
    assert distance(found.rh, reference["E_silence_44k_20s/rh"]) < 1e-5
    assert distance(found.ssd, wanted) < 1e-5
    assert not found.ssd[48:96].any()
    assert not found.ssd[24:48].any()


@pytest.mark.skipif(not REAL_SONG.is_file(), reason="the song of the reference vectors is not installed (hyperrogue-music)")
def test_a_real_song_agrees_with_the_reference_extractor(reference) -> None:
    found = rhythm_features(audio.decode(REAL_SONG), sample_rate_hz=44100)
    for name in SETS:
        assert distance(getattr(found, name), reference[f"real/hyperrogue-music:hr3-graveyard.ogg/{name}"]) < 1e-5


def test_each_step_from_power_to_sone_agrees_with_the_reference(signals, reference) -> None:
    sound = signals["A_tones_44k_60s"]()[SEGMENT - 512 : 2 * SEGMENT].astype(np.float32)
    _, second = (stretch for stretch in stretches([np.r_[np.zeros(SEGMENT - 512, np.float32), sound]]))
    frames = slice(1, 65)
    masked = (second.power @ loudness.masking())[frames]
    level_phon = loudness.phon(masked)
    assert distance(masked, reference["A_stage/masked"].T) < 1e-5
    assert distance(level_phon, reference["A_stage/phon"].T) < 1e-5
    assert distance(second.sone[frames], reference["A_stage/sone"].T) < 1e-5


def test_blocks_of_any_size_give_the_same_features_as_the_whole(made_up) -> None:
    sound = made_up(50)
    whole = rhythm_features(sound, sample_rate_hz=44100)
    ear = RhythmEar()
    for stretch in stretches(np.split(sound, [1, 1000, 300_000, 300_001, 2_000_000])):
        ear.hear(stretch)
    pieces = ear.features(n_samples=len(sound))
    for name in SETS:
        np.testing.assert_array_equal(getattr(pieces, name), getattr(whole, name))


def test_from_45_s_on_the_first_and_the_last_segment_do_not_count(made_up) -> None:
    sound = made_up(45)
    spoilt = sound.copy()
    spoilt[:SEGMENT] = 0
    spoilt[6 * SEGMENT :] = 0.5
    assert distance(rhythm_features(spoilt, sample_rate_hz=44100).rp, rhythm_features(sound, sample_rate_hz=44100).rp) == 0
    shorter = rhythm_features(spoilt[:-1], sample_rate_hz=44100)
    assert distance(shorter.rp, rhythm_features(sound[:-1], sample_rate_hz=44100).rp) > 0.01


def test_exactly_one_segment_is_enough_and_one_sample_less_is_not(made_up) -> None:
    sound = made_up(6)[:SEGMENT]
    assert rhythm_features(sound, sample_rate_hz=44100).rp.any()
    with pytest.raises(AudioError, match=r"5\.94 s \(262144 samples\)"):
        rhythm_features(sound[:-1], sample_rate_hz=44100)


def test_a_short_sound_is_refused_with_its_length_and_the_limit() -> None:
    with pytest.raises(AudioError, match=r"2\.00 s of sound is too short.*5\.94 s"):
        rhythm_features(np.zeros(96000), sample_rate_hz=48000)


def test_stereo_is_heard_as_the_mean_of_its_channels(made_up) -> None:
    left, right = made_up(12), made_up(12)[::-1]
    both = rhythm_features(np.stack([left, right], axis=1), sample_rate_hz=44100)
    mean = rhythm_features((left + right) / 2, sample_rate_hz=44100)
    assert distance(both.rp, mean.rp) < 1e-5


def test_integers_are_heard_as_floats_are(made_up) -> None:
    integers = np.round(made_up(12) * 32767).astype(np.int16)
    found = rhythm_features(integers, sample_rate_hz=44100)
    wanted = rhythm_features(integers / 32768, sample_rate_hz=44100)
    assert distance(found.ssd, wanted.ssd) < 1e-6


@pytest.mark.parametrize("rate_hz", [48000, 96000])
def test_a_song_at_another_rate_is_the_same_song(rate_hz: int, made_up) -> None:
    t = np.arange(rate_hz * 12) / rate_hz
    swell = 0.5 * (1 - np.cos(2 * np.pi * 3 * t))
    here = np.arange(44100 * 12) / 44100
    wanted = rhythm_features(
        0.3 * np.sin(2 * np.pi * 700 * here) * 0.5 * (1 - np.cos(2 * np.pi * 3 * here)), sample_rate_hz=44100
    )
    found = rhythm_features(0.3 * np.sin(2 * np.pi * 700 * t) * swell, sample_rate_hz=rate_hz)
    assert distance(found.rp, wanted.rp) < 0.02
    assert distance(found.rh, wanted.rh) < 0.02


def test_what_is_not_a_number_counts_as_silence(made_up) -> None:
    sound, silenced = made_up(12), made_up(12)
    sound[50_000:51_000], silenced[50_000:51_000] = np.nan, 0
    sound[90_000], silenced[90_000] = -np.inf, 0
    assert distance(rhythm_features(sound, sample_rate_hz=44100).rp, rhythm_features(silenced, sample_rate_hz=44100).rp) == 0


@settings(max_examples=12, deadline=None)
@given(st.sampled_from([1e-30, 1e-6, 1.0, 40.0, 1e9, 1e30]), st.sampled_from(["dc", "noise", "square", "one click"]))
def test_no_sound_whatever_gives_anything_but_finite_numbers(gain: float, kind: str) -> None:
    n = SEGMENT + 500
    sound = {
        "dc": np.ones(n),
        "noise": np.random.default_rng(5).uniform(-1, 1, n),
        "square": np.sign(np.sin(np.arange(n) * 0.05)),
        "one click": np.eye(1, n, 1000)[0],
    }[kind]
    found = rhythm_features((sound * gain).astype(np.float32), sample_rate_hz=44100)
    for name in SETS:
        assert np.isfinite(getattr(found, name)).all()


def test_a_shape_that_is_no_sound_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"\(2, 300000\)"):
        rhythm_features(np.zeros((2, 300_000)), sample_rate_hz=44100)


def test_vectors_cannot_be_changed(made_up) -> None:
    found = rhythm_features(made_up(6), sample_rate_hz=44100)
    with pytest.raises(ValueError, match="read-only"):
        found.rp[0] = 1
