from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from installation.camera import STRETCH
from installation.forming import Forming, formed, forming_at
from installation.gl.tiles import LAYOUTS
from installation.places import places_of
from installation.stage import Stage


def test_it_begins_in_chaos_goes_through_the_fit_and_lands_exactly_on_the_map(small_world):
    places, forming = places_of(small_world.song_map, small_world.grid), small_world.forming
    first = forming_at(forming, places, 0.0)
    assert np.allclose(first, (forming.chaos - 0.5) * [STRETCH, 1.0], atol=1e-6)
    assert abs(np.corrcoef(first.ravel(), places.map_xy.ravel())[0, 1]) < 0.5
    last = (forming.stages[-1] - 0.5) * [STRETCH, 1.0]
    assert np.allclose(forming_at(forming, places, 0.72), last, atol=1e-4)
    assert np.array_equal(forming_at(small_world.forming, places, 1.0), places.map_xy)
    assert np.abs(forming_at(small_world.forming, places, 0.9999) - places.map_xy).max() < 1e-3


def test_songs_never_leap_and_are_on_their_way_all_the_time(small_world):
    places = places_of(small_world.song_map, small_world.grid)
    at = np.stack([forming_at(small_world.forming, places, share) for share in np.linspace(0.0, 1.0, 201)])
    steps = np.hypot(*np.moveaxis(np.diff(at, axis=0), 2, 0))
    assert steps.max() < 0.06
    whole = np.hypot(*(at[-1] - at[0]).T).mean()
    assert steps.mean(axis=1)[8:140].min() > 0.02 * whole / 200


def test_it_has_landed_before_the_director_may_go_on_and_begins_again_by_itself():
    for scene_s in (6.0, 24.0, 50.0):
        assert formed(0.0, scene_s) == 0.0
        assert formed(0.75 * scene_s, scene_s) == 1.0
    shares = [formed(t, 24.0) for t in np.arange(0.0, 60.0, 0.1)]
    assert max(abs(b - a) for a, b in pairwise(shares)) < 0.04
    assert 0.0 < shares[-1] < 1.0


def test_rounds_in_which_little_happens_pass_quickly():
    rng = np.random.default_rng(0)
    moved = np.cumsum(rng.normal(0, 1, (3, 30, 2)), axis=0)
    stages = np.concatenate([np.repeat(moved[:1], 40, axis=0), moved[1:]]).astype(np.float32)
    way = Forming.of(stages).way
    assert way[0] == 0.0
    assert way[-1] == pytest.approx(1.0)
    assert way[39] < 0.3


def test_on_the_screen_too_it_ends_on_the_land(gl, small_world, play):
    stage = Stage(gl, small_world, size=(160, 90), patient=True)
    landed = play(small_world, 18.5, (0.0, "scene", "forming"))
    view = stage._drawing.over_all(landed)
    want, _ = view.project(stage._drawing.places(landed).map_xy)
    assert np.array_equal(LAYOUTS["forming"](landed, stage._drawing).screen, want)
    assert (np.abs(want) < [0.5 * 160 / 90, 0.5]).all()
