import numpy as np
import pytest

from installation.changeover import lead_s, leave_s
from mixtape.types import Timeline


def song(level, sections_s=()):
    level = np.asarray(level, np.float32)
    still = np.zeros(len(level), np.float32)
    bands = np.zeros((len(level), 8), np.float32)
    return Timeline(level, bands, still, still, np.zeros(0, np.float32), np.asarray(sections_s, np.float32))


def steady(seconds, value=0.7):
    return np.full(int(seconds * 60), value, np.float32)


@pytest.mark.parametrize("fade_s", [0.0, 4.0, 20.0])
def test_a_song_is_left_one_fade_before_its_end(fade_s):
    assert leave_s(song(steady(100), [90.0]), fade_s=fade_s, boundaries=False) == 100.0 - fade_s


def test_with_boundaries_it_is_left_at_the_last_one_that_leaves_room_for_the_fade():
    timeline = song(steady(200), [40.0, 179.0, 186.5, 197.0])
    assert leave_s(timeline, fade_s=4.0, boundaries=True) == 186.5


def test_a_boundary_too_far_from_the_end_is_none():
    assert leave_s(song(steady(200), [40.0, 150.0]), fade_s=4.0, boundaries=True) == pytest.approx(196.0)
    # A short song gives up no more than 15 % of itself.
    assert leave_s(song(steady(60), [44.0]), fade_s=4.0, boundaries=True) == pytest.approx(56.0)


def test_without_a_boundary_it_is_left_where_it_is_quiet():
    level = steady(200)
    level[185 * 60 : 187 * 60] = 0.1
    assert 185.0 < leave_s(song(level), fade_s=4.0, boundaries=True) < 187.0


def test_a_fade_is_over_when_the_music_is():
    level = steady(200)
    level[180 * 60 :] = 0.0
    assert leave_s(song(level), fade_s=4.0, boundaries=True) == pytest.approx(176.0, abs=0.5)
    assert leave_s(song(level), fade_s=4.0, boundaries=False) == 196.0


@pytest.mark.parametrize("level", [[], [0.0], np.zeros(600), np.full(600, np.nan), steady(0.3)])
def test_silence_and_songs_of_nothing_are_left_within_themselves(level):
    timeline = song(level)
    for boundaries in (False, True):
        assert 0.0 <= leave_s(timeline, fade_s=4.0, boundaries=boundaries) <= timeline.duration_s


def test_short_fades_and_joins_are_told_ahead():
    assert lead_s(0.0) == lead_s(0.9) == 0.5
    assert lead_s(4.0) == 0.0
