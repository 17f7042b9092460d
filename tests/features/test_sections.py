from __future__ import annotations

import numpy as np
import pytest

from mixtape.features.sections import SHORTEST_SECTION_S, find_sections, slices
from mixtape.features.stretch import stretches
from mixtape.features.tempo import TempoEar
from mixtape.features.timeline import TimelineEar
from mixtape.features.tonal import TonalEar


def sections_of(sound: np.ndarray) -> np.ndarray:
    tempo, tonal = TempoEar(), TonalEar()
    ear = TimelineEar(tempo=tempo, tonal=tonal)
    for stretch in stretches([sound.astype(np.float32)]):
        tempo.hear(stretch)
        tonal.hear(stretch)
        ear.hear(stretch)
    return ear.timeline(n_samples=len(sound)).sections_s


def chords(seconds: float, roots: tuple[int, ...], *, loud: float = 0.1) -> np.ndarray:
    """Two seconds of each triad in turn."""
    t = np.arange(int(seconds * 44100)) / 44100
    root = np.array(roots)[(t // 2).astype(int) % len(roots)]
    fade = np.minimum(1, np.mod(t, 2) / 0.02) * np.exp(-np.mod(t, 2))
    return loud * fade * sum(np.sin(2 * np.pi * 261.63 * 2 ** ((root + step) / 12) * t) for step in (0, 4, 7))


def drums(seconds: float) -> np.ndarray:
    t = np.arange(int(seconds * 44100)) / 44100
    noise = np.random.default_rng(0).standard_normal(len(t))
    return 0.2 * noise * np.exp(-60 * np.mod(t, 0.25)) + 0.5 * np.sin(2 * np.pi * 55 * t) * np.exp(-12 * np.mod(t, 0.5))


def test_a_song_of_three_plain_parts_changes_twice_within_a_second_of_where_it_does() -> None:
    verse, chorus = chords(16, (0, 5, 7, 0)), chords(14, (0, 5, 7, 0)) + drums(14)
    ending = 0.15 * np.sin(2 * np.pi * 110 * np.arange(14 * 44100) / 44100)
    found = sections_of(np.concatenate([verse, chorus, ending]))
    np.testing.assert_allclose(found, [16, 30], atol=1)


def test_another_key_is_another_part_even_on_the_same_instrument() -> None:
    found = sections_of(np.concatenate([chords(16, (0, 5, 7, 0)), chords(16, (6, 11, 1, 6))]))
    assert len(found) >= 1
    assert np.abs(found - 16).min() < 1


@pytest.mark.parametrize("sound", [np.zeros(20 * 44100), np.full(20 * 44100, 0.3), drums(24), chords(8, (0,))])
def test_what_never_changes_has_one_section(sound: np.ndarray) -> None:
    assert len(sections_of(sound)) == 0


def test_sections_are_in_order_and_at_least_six_seconds_long() -> None:
    rng = np.random.default_rng(2)
    parts = [chords(4, (int(k),), loud=0.02 + 0.2 * rng.random()) for k in rng.integers(0, 12, 10)]
    found = np.r_[0, sections_of(np.concatenate(parts)), 40]
    assert np.diff(found).min() > SHORTEST_SECTION_S - 3


def test_a_boundary_falls_on_the_beat_beside_it() -> None:
    quiet, loud = np.zeros((60, 4), np.float32), np.ones((60, 4), np.float32)
    beats_s = np.arange(0.1, 44, 0.5, dtype=np.float32)
    (found,) = find_sections([np.concatenate([quiet, loud])], beats_s=beats_s)
    assert found in beats_s
    assert abs(found - 60 * 0.3715) < 0.4


def test_slices_are_mean_and_deviation_of_their_frames() -> None:
    frames = np.random.default_rng(1).random((70, 3), np.float32)
    mean, deviation = slices(frames)
    assert mean.shape == deviation.shape == (3, 3)
    np.testing.assert_allclose(mean[2], frames[64:].mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(deviation[0], frames[:32].std(axis=0), rtol=1e-3)
