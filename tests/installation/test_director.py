from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from installation.director import CHANGES, Bill, Cue, change_between, direct, following
from installation.heard import Heard
from mixtape.types import Timeline

NAMES = ("map", "grid", "wall")
STANDING = Bill("map", "map", 1.0, 0.0, 0.0, "fly")


def cue(now_s, **given):
    fresh = Cue(now_s, 1 / 60, NAMES, "auto", stay_s=20.0, change_s=2.0, song="a", song_for_s=60.0, boundary=False, strong=False)
    return replace(fresh, **given)


@pytest.mark.parametrize(
    ("now_s", "heard", "goes"),
    [
        (14.9, {"boundary": True}, False),
        (15.1, {"boundary": True}, True),
        (15.1, {"strong": True}, False),
        (20.1, {"strong": True}, True),
        (20.1, {}, False),
        (30.1, {}, True),
        (30.1, {"song_for_s": 1.0}, False),
    ],
)
def test_a_scene_goes_when_the_music_says_so_and_never_too_soon_or_too_late(now_s, heard, goes):
    assert (direct(STANDING, cue(now_s, **heard)).scene == "grid") is goes


def test_a_wish_is_followed_at_once_and_one_for_what_is_not_there_never():
    assert direct(STANDING, cue(1.0, wish="wall", song_for_s=0.0)).scene == "wall"
    assert direct(STANDING, cue(1.0, wish="opera")) == STANDING


def test_a_change_takes_its_time_and_another_waits_for_it():
    bill = direct(STANDING, cue(1.0, wish="wall"))
    assert (bill.from_scene, bill.mix, bill.change) == ("map", 0.0, change_between("map", "wall", "a"))
    half = direct(bill, cue(2.0, wish="wall", dt_s=1.0))
    assert half.mix == pytest.approx(0.5)
    assert direct(half, cue(2.1, wish="grid", dt_s=0.1)).scene == "wall"
    assert direct(half, cue(3.1, wish="wall", dt_s=1.1)).mix == 1.0


def test_a_change_taken_back_leads_to_where_it_came_from_with_its_times():
    half = replace(direct(replace(STANDING, since_s=-50.0), cue(1.0, wish="wall")), mix=0.3)
    back = direct(half, cue(2.0, wish="map", dt_s=0.0))
    assert (back.scene, back.from_scene, back.mix, back.since_s) == ("map", "wall", 0.7, -50.0)
    assert back.backwards
    again = direct(back, cue(2.1, wish="wall", dt_s=0.0))
    assert (again.scene, again.mix, again.backwards) == ("wall", pytest.approx(0.3), False)


def test_scenes_that_are_not_there_are_passed_over():
    assert following("wall", NAMES) == "map"
    assert following("opera", NAMES) == "map"
    bill = direct(replace(STANDING, scene="grid", from_scene="grid"), cue(40.0, scenes=("map", "grid", "chart")))
    assert bill.scene == "chart"


def test_a_change_depends_on_song_and_scenes_alone():
    songs = [f"{k:04d}" for k in range(60)]
    chosen = [change_between("wall", "map", song) for song in songs]
    assert chosen == [change_between("wall", "map", song) for song in songs]
    assert set(chosen) == set(CHANGES)


def test_boundaries_and_strong_onsets_are_found_between_two_places_of_the_song_once():
    onset = np.zeros(600, np.float32)
    onset[60::60], onset[300] = 0.4, 0.9
    rows = np.zeros((600, 8), np.float32)
    ear = Heard.of(Timeline(rows[:, 0], rows, onset, rows[:, 0], np.zeros(0, np.float32), np.array([2.0, 7.5], np.float32)))
    steps = np.arange(0.0, 10.0, 1 / 24)
    spans = list(pairwise(steps))
    assert [round(b, 1) for a, b in spans if ear.begins_section(a, b)] == [2.0, 7.5]
    assert len([b for a, b in spans if ear.strikes(a, b)]) == 1
    assert not Heard.of(
        Timeline(*(np.zeros(0, np.float32),) * 1, np.zeros((0, 8), np.float32), *(np.zeros(0, np.float32),) * 3)
    ).strikes(0, 9)
