from __future__ import annotations

import numpy as np
import pytest

from installation.room.following import Follower
from installation.room.told import Now
from mixtape.audio import SAMPLE_RATE_HZ
from mixtape.types import FloatArray


def clicks(seconds: float, *, bpm: float = 120.0, seed: int = 0) -> FloatArray:
    """A short noise on every beat over a quiet tone."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    hit = np.exp(-40 * (t % (60 / bpm)))
    return (0.02 * np.sin(2 * np.pi * 220 * t) + 0.4 * hit * rng.standard_normal(len(t))).astype(np.float32)


def follow(sound: FloatArray, *, step_s: float = 1 / 60) -> list[Now]:
    follower, size = Follower(), round(step_s * SAMPLE_RATE_HZ)
    moments = []
    for start in range(0, len(sound), size):
        follower.hear(sound[start : start + size])
        moments.append(follower.now())
    return moments


def test_silence_is_still_and_so_is_what_comes_after_sound() -> None:
    for moment in follow(np.zeros(SAMPLE_RATE_HZ, np.float32)):
        assert (moment.level, moment.onset, moment.beat_phase) == (0.0, 0.0, 0.0)
        assert not moment.bands.any()
    after = follow(np.concatenate([clicks(3.0), np.zeros(3 * SAMPLE_RATE_HZ, np.float32)]))[-1]
    assert max(after.level, after.pulse, float(after.smoothed.max())) < 0.01


def test_every_click_is_an_onset_and_between_them_there_is_none() -> None:
    moments = follow(clicks(8.0))
    strong = [number / 60 for number, moment in enumerate(moments) if moment.onset > 0.5]
    hits = {round(at_s * 2) for at_s in strong if at_s > 0.25}
    assert hits == set(range(1, 16))
    assert all(abs(at_s - round(at_s * 2) / 2) < 0.08 for at_s in strong)


def test_the_beat_is_found_and_goes_on_evenly() -> None:
    moments = follow(clicks(16.0, bpm=100))
    # A beat is heard a few hundredths after it sounds.
    phases = np.array([moment.beat_phase for moment in moments[-300:]])
    expected = (np.arange(len(moments) - 300, len(moments)) + 1) / 60 / 0.6 % 1.0
    off = (phases - expected + 0.5) % 1.0 - 0.5
    assert np.abs(off).max() < 0.12
    assert np.diff(np.unwrap(phases, period=1.0)).min() >= 0.0


@pytest.mark.parametrize("gain", [0.003, 1.0])
def test_quiet_music_moves_as_much_as_loud(gain: float) -> None:
    moments = follow(gain * clicks(10.0))[300:]
    assert max(moment.level for moment in moments) > 0.6
    assert max(moment.onset for moment in moments) > 0.8
    assert max(float(moment.bands.max()) for moment in moments) > 0.8


def test_the_pace_of_blocks_makes_no_difference() -> None:
    sound = clicks(5.0)
    fine, coarse = follow(sound, step_s=0.01)[-1], follow(sound, step_s=1.0)[-1]
    assert fine.level == pytest.approx(coarse.level, abs=1e-5)
    assert fine.smoothed == pytest.approx(coarse.smoothed, abs=1e-5)
    assert fine.beat_phase == pytest.approx(coarse.beat_phase, abs=1e-3)


def test_broken_samples_break_nothing() -> None:
    follower = Follower()
    for sound in (np.full(5000, np.nan, np.float32), np.full(5000, np.inf, np.float32), np.full(5000, 1e30, np.float32)):
        follower.hear(sound)
        moment = follower.now()
        assert 0.0 <= moment.level <= 1.0
    follower.hear(clicks(2.0))
    assert Now.of(follower.now().text).level >= 0.0
