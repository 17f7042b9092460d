from __future__ import annotations

import numpy as np
import pytest

from mixtape.features import sketch as sketches
from mixtape.features.sketch import SKETCH_FRAMES, STEP_DB, SketchEar, mel_db
from mixtape.features.stretch import SEGMENT, stretches


def heard(sound: np.ndarray, cuts: list[int] | None = None) -> np.ndarray:
    ear = SketchEar()
    for stretch in stretches(np.split(sound, cuts or [])):
        ear.hear(stretch)
    return ear.sketch()


def test_a_sketch_tells_the_level_of_each_band_to_half_a_step(made_up) -> None:
    sound = made_up(14)
    found = heard(sound, [7, 300_000])
    level = np.concatenate([stretch.mel_db.copy() for stretch in stretches([sound])])
    assert found.dtype == np.uint8
    assert found.shape == (-(-14 * 44100 // 1024), 64)
    np.testing.assert_allclose(mel_db(found), np.minimum(level, 0), atol=STEP_DB / 2 + 1e-3)


def test_of_a_long_song_the_middle_ninety_seconds_are_kept() -> None:
    seconds = 130
    pitch_hz = np.repeat(np.r_[np.full(20, 200), np.full(90, 1000), np.full(20, 5000)], 44100)
    found = heard((0.5 * np.sin(2 * np.pi * np.cumsum(pitch_hz) / 44100)).astype(np.float32))
    assert found.shape == (SKETCH_FRAMES, 64)
    assert SKETCH_FRAMES == 3876
    loudest = found.argmax(axis=1)
    assert len(set(loudest[5:-5])) == 1
    assert seconds > 90


def test_a_tone_stands_in_one_place_and_twice_the_amplitude_is_six_decibels() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(SEGMENT) / 44100).astype(np.float32)
    quiet, loud = heard(0.25 * tone)[100], heard(0.5 * tone)[100]
    assert quiet.argmax() == loud.argmax()
    assert mel_db(loud).max() - mel_db(quiet).max() == pytest.approx(6.02, abs=STEP_DB)
    assert mel_db(loud).max() == pytest.approx(-6, abs=2.5)


def test_silence_is_zeros_and_what_is_too_loud_stops_at_the_top() -> None:
    assert not heard(np.zeros(SEGMENT, np.float32)).any()
    assert heard(np.full(SEGMENT, 1e5, np.float32) * np.sin(np.arange(SEGMENT) / 9)).max() == 255


def test_nothing_heard_is_an_empty_sketch() -> None:
    assert SketchEar().sketch().shape == (0, 64)


def test_hours_of_sound_stop_growing(monkeypatch) -> None:
    monkeypatch.setattr(sketches, "_MOST_FRAMES", 512)
    sound = np.random.default_rng(1).normal(0, 0.1, 5 * SEGMENT).astype(np.float32)
    np.testing.assert_array_equal(heard(sound), heard(sound[: 2 * SEGMENT]))
