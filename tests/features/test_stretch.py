from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import firwin

from mixtape.features.stretch import HALF_RATE_HZ, SEGMENT, SLOW_HZ, SLOW_LAG_S, stretches


def halves(sound: np.ndarray, cuts: list[int] | None = None) -> np.ndarray:
    return np.concatenate([stretch.half.copy() for stretch in stretches(np.split(sound, cuts or []))])


def slow_rows(sound: np.ndarray) -> np.ndarray:
    return np.concatenate([stretch.slow.copy() for stretch in stretches([sound])])


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    return np.random.default_rng(8).uniform(-1, 1, 2 * SEGMENT + 100_001).astype(np.float32)


def test_half_the_rate_is_the_low_passed_sound_without_a_seam(noise) -> None:
    taps = firwin(63, 0.5, window=("kaiser", 6.0))
    wanted = np.convolve(noise.astype(np.float64), taps)[: len(noise)][::2]
    np.testing.assert_allclose(halves(noise), wanted, atol=2e-6)


def test_half_the_rate_does_not_depend_on_how_the_sound_came(noise) -> None:
    np.testing.assert_array_equal(halves(noise, [1, 77_777, SEGMENT + 5]), halves(noise))


@pytest.mark.parametrize(("pitch_hz", "kept"), [(0, 1.0), (1000, 1.0), (9000, 1.0), (13_000, 0.0), (20_000, 0.0)])
def test_low_tones_pass_and_high_ones_do_not_fold_back(pitch_hz: float, kept: float) -> None:
    sound = np.cos(2 * np.pi * pitch_hz * np.arange(SEGMENT) / 44100).astype(np.float32)
    found = halves(sound)[1000:-1000]
    assert np.sqrt(np.mean(found**2)) / np.sqrt(np.mean(sound**2)) == pytest.approx(kept, abs=2e-3)


def test_slow_frames_are_those_of_the_whole_song_at_once(noise) -> None:
    half = np.r_[np.zeros(1536), halves(noise)]
    found = slow_rows(noise)
    assert found.dtype == np.float32
    assert found.shape == (-(-len(noise) // 1024), 1025)
    window = np.hanning(2049)[:-1]
    for row in (0, 1, 255, 256, 257, 511, 512, 600):
        frame = half[512 * row : 512 * row + 2048]
        wanted = np.abs(np.fft.rfft(frame * window)) ** 2 * 4 / window.sum() ** 2
        np.testing.assert_allclose(found[row], wanted, rtol=1e-3, atol=1e-7)


def test_a_full_scale_sine_has_power_one_in_its_bin() -> None:
    pitch_hz = 100 * HALF_RATE_HZ / 2048
    sound = np.sin(2 * np.pi * pitch_hz * np.arange(SEGMENT) / 44100)
    row = slow_rows(sound)[100]
    assert row.argmax() == 100
    assert row[100] == pytest.approx(1, rel=1e-3)


@pytest.mark.parametrize("moment_s", [1.0, 5.93, 5.95, 7.3])
def test_a_click_lies_in_the_middle_of_the_frames_around_it(moment_s: float) -> None:
    sound = np.zeros(SEGMENT * 2, np.float32)
    sound[round(moment_s * 44100)] = 1
    loudness = slow_rows(sound).sum(axis=1)
    middle_s = (loudness * np.arange(len(loudness))).sum() / loudness.sum() / SLOW_HZ - SLOW_LAG_S
    assert middle_s == pytest.approx(moment_s, abs=0.002)


def test_nothing_of_a_stretch_is_left_in_a_short_one_after_it(noise) -> None:
    *_, last = stretches([noise[: SEGMENT + 700]])
    assert len(last.half) == 350
    assert last.slow.shape == (1, 1025)
    alone = np.r_[noise[SEGMENT - 4096 : SEGMENT + 700], np.zeros(5000, np.float32)]
    np.testing.assert_allclose(last.slow[0], slow_rows(alone)[4], rtol=1e-3, atol=1e-7)
