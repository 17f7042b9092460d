from __future__ import annotations

import numpy as np
import pytest

from mixtape.features.beats import find_pulse
from mixtape.features.stretch import stretches
from mixtape.features.tempo import USUAL_BPM, TempoEar, tempo_of

STEPS = {
    "rock": {"kick": (0, 8, 10), "snare": (4, 12), "hat": range(0, 16, 2)},
    "four on the floor": {"kick": (0, 4, 8, 12), "snare": (4, 12), "hat": (2, 6, 10, 14)},
    "sixteenths": {"kick": (0, 7, 8, 10), "snare": (4, 12), "hat": range(16)},
    "ballad": {"kick": (0, 8), "snare": (4, 12), "hat": range(0, 16, 4)},
}
BEGIN_S = 0.21


def heard(sound: np.ndarray) -> tuple[np.ndarray, TempoEar]:
    ear = TempoEar()
    for stretch in stretches([sound.astype(np.float32)]):
        ear.hear(stretch)
    return ear.beats_s(n_samples=len(sound)), ear


def stroke(name: str) -> np.ndarray:
    t = np.arange(int(0.25 * 44100)) / 44100
    noise = np.random.default_rng(3).standard_normal(len(t))
    if name == "kick":
        return 0.4 * np.sin(2 * np.pi * (50 * t + 3.7 * (1 - np.exp(-30 * t)))) * np.exp(-t / 0.09)
    if name == "snare":
        return (0.18 * noise + 0.16 * np.sin(2 * np.pi * 190 * t)) * np.exp(-t / 0.05)
    return 0.04 * np.diff(noise, n=2, prepend=[0, 0]) * np.exp(-t / 0.012)


def drummer(style: str, bpm: float, *, seconds: float = 30) -> tuple[np.ndarray, np.ndarray]:
    """A drummer who is a few milliseconds off, and the moments of his beats."""
    rng = np.random.default_rng(int(bpm))
    sound = np.zeros(int((seconds + 1) * 44100))
    step_s = 15 / bpm
    for bar_s in np.arange(BEGIN_S, seconds, 16 * step_s):
        for name, steps in STEPS[style].items():
            for step in steps:
                first = int((bar_s + step * step_s + rng.normal(0, 0.003)) * 44100)
                one = stroke(name)[: max(int(seconds * 44100) - first, 0)]
                sound[first : first + len(one)] += one
    return sound[: int(seconds * 44100)], np.arange(BEGIN_S, seconds - 0.1, 60 / bpm)


def missed_s(beats_s: np.ndarray, true_s: np.ndarray) -> float:
    """How far the worst true beat, but for the first two, is from a beat that was found."""
    return float(np.abs(beats_s[:, None] - true_s[2:]).min(axis=0).max())


@pytest.mark.parametrize("bpm", range(60, 201, 7))
def test_clicks_keep_their_tempo_and_every_one_has_a_beat_within_30_ms(bpm: int, click_track) -> None:
    true_s = np.arange(0.37, 24.9, 60 / bpm)
    beats_s, ear = heard(click_track(true_s, seconds=25))
    assert missed_s(beats_s, true_s) < 0.03
    assert ear.tempo().bpm == pytest.approx(bpm, rel=0.02)
    assert ear.tempo().clarity > 0.6


@pytest.mark.parametrize("style", ["rock", "four on the floor", "sixteenths", "ballad"])
@pytest.mark.parametrize("bpm", [82, 104, 128, 147])
def test_a_drummer_is_followed_at_his_own_octave(style: str, bpm: int) -> None:
    sound, true_s = drummer(style, bpm, seconds=20)
    beats_s, ear = heard(sound)
    assert ear.tempo().bpm == pytest.approx(bpm, rel=0.02)
    assert missed_s(beats_s, true_s) < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("style", list(STEPS))
@pytest.mark.parametrize("bpm", range(80, 157, 4))
def test_a_drummer_is_followed_at_every_tempo(style: str, bpm: int) -> None:
    sound, true_s = drummer(style, bpm)
    beats_s, ear = heard(sound)
    assert ear.tempo().bpm == pytest.approx(bpm, rel=0.02)
    assert missed_s(beats_s, true_s) < 0.05


@pytest.mark.parametrize(("before", "after"), [(92, 132), (140, 100), (76, 104)])
def test_beats_follow_a_sudden_change_of_tempo(before: int, after: int, click_track) -> None:
    first_s = np.arange(0.4, 20, 60 / before)
    then_s = np.arange(first_s[-1] + 60 / after, 42, 60 / after)
    beats_s, _ = heard(click_track(np.r_[first_s, then_s], seconds=43))
    for true_s in (first_s[first_s < 15], then_s[then_s > 25]):
        assert missed_s(beats_s, true_s) < 0.03
        inside = beats_s[(beats_s > true_s[2] - 0.1) & (beats_s < true_s[-1] + 0.1)]
        assert len(inside) == len(true_s) - 2


def test_without_a_beat_the_tempo_is_the_usual_one_and_nothing_is_sure() -> None:
    for sound in (np.zeros(12 * 44100), np.full(12 * 44100, 0.5)):
        beats_s, ear = heard(sound)
        assert (ear.tempo().bpm, ear.tempo().confidence) == (USUAL_BPM, 0)
        assert len(beats_s) == 0


def test_a_rustle_is_less_sure_of_its_tempo_than_a_drummer() -> None:
    rustle = 0.1 * np.random.default_rng(0).standard_normal(20 * 44100)
    _, doubtful = heard(rustle)
    _, sure = heard(drummer("four on the floor", 120, seconds=20)[0])
    assert doubtful.tempo().confidence < 0.3 < sure.tempo().confidence
    assert doubtful.tempo().clarity < 0.3 < sure.tempo().clarity


def test_a_pulse_needs_two_slow_beats_of_sound() -> None:
    onsets = np.random.default_rng(0).random((100, 3), np.float32)
    assert tempo_of(find_pulse(onsets, frame_hz=86.13)).confidence == 0


def test_the_same_rhythm_a_little_faster_stays_closer_than_another_rhythm() -> None:
    def profile(style: str, bpm: float) -> np.ndarray:
        return heard(drummer(style, bpm, seconds=20)[0])[1].vectors(n_samples=20 * 44100)["tempo"]

    here, faster, other = profile("rock", 104), profile("rock", 108), profile("sixteenths", 128)
    assert np.linalg.norm(here - faster) < 0.6 * np.linalg.norm(here - other)
