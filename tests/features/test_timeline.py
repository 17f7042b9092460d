from __future__ import annotations

import numpy as np
import pytest

from mixtape.features.beats import find_pulse
from mixtape.features.stretch import stretches
from mixtape.features.tempo import TempoEar
from mixtape.features.timeline import TIMELINE_VERSION, TimelineEar
from mixtape.library import Library
from mixtape.types import Timeline


def timeline_of(sound: np.ndarray) -> Timeline:
    ear = TimelineEar()
    for stretch in stretches([sound.astype(np.float32)]):
        ear.hear(stretch)
    return ear.timeline(n_samples=len(sound))


@pytest.mark.parametrize("n", [1, 735, 736, 44100, 2**18 - 1, 2**18, 2**18 + 1])
def test_there_are_60_rows_a_second_the_last_one_begun(n: int) -> None:
    found = timeline_of(np.full(n, 0.1))
    assert len(found.level) == int(np.ceil(n * 60 / 44100))


def test_no_sound_at_all_is_an_empty_timeline() -> None:
    assert len(timeline_of(np.zeros(0)).level) == 0


def test_silence_is_all_zeros_and_has_no_beats() -> None:
    found = timeline_of(np.zeros(10 * 44100))
    for row in (found.level, found.bands, found.onset, found.beat_phase):
        assert not row.any()
    assert len(found.beats_s) == 0


def test_dither_too_faint_to_hear_is_silence() -> None:
    faint = np.random.default_rng(0).choice([-1, 0, 1], 10 * 44100) / 32768
    assert timeline_of(faint).level.max() < 0.05


@pytest.mark.parametrize("moment_s", [0.5, 1.2345, 5.95, 5.944, 11.888, 14.9])
def test_an_onset_lands_on_its_row_or_the_next(moment_s: float, click_track) -> None:
    found = timeline_of(click_track(np.array([moment_s]), seconds=15))
    assert abs(np.argmax(found.onset) / 60 - moment_s) <= 1 / 60
    assert found.onset.max() == 1


def test_a_tone_that_begins_raises_level_and_its_band_at_that_moment() -> None:
    t = np.arange(8 * 44100) / 44100
    found = timeline_of(0.3 * np.sin(2 * np.pi * 600 * t) * (t > 4))
    assert found.level[:238].max() < 0.01
    assert found.level[244:-3].min() > 0.9
    assert found.bands[244:-3, 3].min() > 0.9
    assert found.bands[244:-3, [0, 6, 7]].max() < 0.3


def test_each_octave_moves_its_own_band() -> None:
    t = np.arange(3 * 44100) / 44100
    for band, pitch_hz in enumerate((70, 160, 310, 620, 1250, 2500, 5000, 10_000)):
        found = timeline_of(0.3 * np.sin(2 * np.pi * pitch_hz * t))
        assert np.argmax(found.bands[60:120].mean(axis=0)) == band


def test_a_quiet_song_moves_as_much_as_a_loud_one(made_up) -> None:
    loud, quiet = timeline_of(made_up(20)), timeline_of(made_up(20) / 30)
    for rows in (loud, quiet):
        assert rows.level.max() == 1
        assert np.ptp(rows.bands, axis=0).min() > 0.4
        assert rows.onset.max() == 1


def test_everything_lies_between_0_and_1_and_is_a_number(made_up) -> None:
    sound = made_up(20)
    sound[:100_000] *= 40
    sound[300_000:400_000] = 0
    found = timeline_of(sound)
    for row in (found.level, found.bands, found.onset, found.beat_phase):
        assert row.dtype == np.float32
        assert row.min() >= 0
        assert row.max() <= 1


@pytest.mark.parametrize("bpm", [60, 70, 80, 90, 100, 113, 120, 128, 140, 150, 160])
def test_beats_of_a_click_track_are_found_within_30_ms(bpm: int, click_track) -> None:
    clicks_s = np.arange(0.37, 29.9, 60 / bpm)
    found = timeline_of(click_track(clicks_s, seconds=30))
    apart_s = np.abs(found.beats_s[:, None] - clicks_s)
    assert apart_s.min(axis=1).max() < 0.03
    assert apart_s.min(axis=0).max() < 0.03


def test_beats_follow_a_tempo_that_drifts(click_track) -> None:
    clicks_s = np.cumsum(np.linspace(60 / 112, 60 / 124, 80))
    found = timeline_of(click_track(clicks_s, seconds=clicks_s[-1] + 1))
    assert np.abs(found.beats_s[:, None] - clicks_s).min(axis=0).max() < 0.03


def test_beats_are_kept_when_the_drummer_rests_for_two_bars(click_track) -> None:
    every_s = np.arange(0.5, 40, 0.5)
    played_s = every_s[(every_s < 18) | (every_s > 22)]
    found = timeline_of(click_track(played_s, seconds=41))
    assert np.abs(found.beats_s[:, None] - every_s).min(axis=0).max() < 0.05


def test_there_are_no_beats_in_the_silence_around_a_song(click_track) -> None:
    found = timeline_of(click_track(np.arange(10, 30, 0.5), seconds=45))
    assert abs(found.beats_s[0] - 10) < 0.03
    assert abs(found.beats_s[-1] - 29.5) < 0.03


def test_beat_phase_is_0_on_a_beat_and_a_half_between(click_track) -> None:
    found = timeline_of(click_track(np.arange(0.5, 20, 0.5), seconds=20))
    moment_s = np.arange(len(found.level)) / 60
    inside = (moment_s > found.beats_s[0]) & (moment_s < found.beats_s[-1])
    expected = np.mod((moment_s[inside] - 0.5) / 0.5, 1)
    around = np.abs(found.beat_phase[inside] - expected)
    assert np.minimum(around, 1 - around).max() < 0.08


def test_two_ways_of_cutting_a_song_give_the_same_timeline(made_up) -> None:
    sound = made_up(15)
    ear = TimelineEar()
    for stretch in stretches(np.array_split(sound, 7)):
        ear.hear(stretch)
    found, wanted = ear.timeline(n_samples=len(sound)), timeline_of(sound)
    np.testing.assert_array_equal(found.bands, wanted.bands)
    np.testing.assert_array_equal(found.onset, wanted.onset)


def test_too_short_a_sound_has_no_beats() -> None:
    assert len(find_pulse(np.ones((100, 3), np.float32), frame_hz=86.13).beats) == 0


def test_four_minutes_take_less_than_400_kb_on_the_disk_and_come_back(tmp_path) -> None:
    rng = np.random.default_rng(0)
    rows = 4 * 60 * 60
    kept = Timeline(
        *(rng.random(shape, np.float32) for shape in (rows, (rows, 8), rows, rows)),
        beats_s=np.arange(0, 240, 0.3, dtype=np.float32),
        sections_s=np.array([12.5, 100.25], np.float32),
    )
    with Library(tmp_path, create=True) as library:
        library.put_listening("ab" * 16, {}, kept, versions={"timeline": TIMELINE_VERSION})
        assert sum(path.stat().st_size for path in (tmp_path / "songs").rglob("*.npz")) < 400_000
        found = library.timeline("ab" * 16)
    np.testing.assert_allclose(found.bands, kept.bands, atol=5e-4)
    np.testing.assert_array_equal(found.beats_s, kept.beats_s)
    np.testing.assert_array_equal(found.sections_s, kept.sections_s)


def test_ears_of_the_same_pass_give_the_same_beats_as_its_own(made_up) -> None:
    sound, tempo = made_up(12), TempoEar()
    shared = TimelineEar(tempo=tempo)
    for stretch in stretches([sound]):
        tempo.hear(stretch)
        shared.hear(stretch)
    found, own = shared.timeline(n_samples=len(sound)), timeline_of(sound)
    np.testing.assert_array_equal(found.beats_s, own.beats_s)
    np.testing.assert_array_equal(found.onset, own.onset)
