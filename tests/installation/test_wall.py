from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from installation.clock import FixedClock
from installation.state import ControlEvent, step
from installation.wall import seed_tile, tile_distance, turn, wall_request


def test_every_tile_has_its_turn_before_one_comes_again():
    for tiles, budget in ((112, 96), (1296, 96), (36, 96), (130, 7)):
        rounds = -(-tiles // budget)
        made = np.concatenate([turn(tick, tiles, budget) for tick in range(rounds)])
        assert set(made) == set(range(tiles))
        counts = np.bincount(np.concatenate([turn(tick, tiles, budget) for tick in range(tiles)]), minlength=tiles)
        assert counts.max() - counts.min() <= 1


def test_a_request_is_within_budget_and_repeats(small_world, play):
    state = play(small_world, 5.0, (0.0, "wall_rows", 20), (0.0, "wall_cols", 30))
    one, two = (wall_request(state, small_world, 40, budget=50) for _ in range(2))
    assert len(one.tiles) == 50
    assert one.latents.shape[0] == one.conditions.shape[0] == 50
    assert one.conditions.shape[1] == 32
    assert np.array_equal(one.latents, two.latents)
    assert one.stamp == 40


def test_the_pictures_move_with_the_music_and_rest_in_small_steps(small_world, play):
    quiet = play(small_world, 5.0, (0.0, "energy", 0.0))
    near = play(small_world, 5.0 + 1 / 15, (0.0, "energy", 0.0))
    far = play(small_world, 9.0, (0.0, "energy", 0.0))
    z0, z1, z2 = (wall_request(state, small_world, 0).latents for state in (quiet, near, far))
    size = np.linalg.norm(z0, axis=1)
    assert (np.linalg.norm(z1 - z0, axis=1) / size).max() < 0.05
    assert (np.linalg.norm(z2 - z0, axis=1) / size).min() > 0.05


def test_speed_nought_stands_still(small_world, play):
    states = [play(small_world, s, (0.0, "energy", 0.0), (0.0, "wall_speed", 0.0)) for s in (5.0, 8.0)]
    z0, z1 = (wall_request(state, small_world, 0).latents for state in states)
    assert np.array_equal(z0, z1)


def test_an_onset_pushes_every_tile_its_own_way_and_lets_it_come_back(small_world, play):
    state = play(small_world, 5.0)
    calm, hit = (wall_request(replace(state, audio=replace(state.audio, pulse=p)), small_world, 0).latents for p in (0.0, 1.0))
    push = hit - calm
    unit = push / np.linalg.norm(push, axis=1, keepdims=True)
    assert np.abs(unit @ unit.T - np.eye(len(unit))).max() < 0.9
    half = wall_request(replace(state, audio=replace(state.audio, pulse=0.5)), small_world, 0).latents
    assert np.allclose(half - calm, 0.5 * push, atol=1e-4)


def test_a_new_song_reaches_the_tiles_as_a_wave_from_its_seed_tile(small_world, play):
    state = play(small_world, 7.0, (0.0, "wall_spread", 0.0), (5.0, "next", None))
    rows, cols = int(state.knobs["wall_rows"]), int(state.knobs["wall_cols"])
    request = wall_request(state, small_world, 0, budget=rows * cols)
    old, new = (small_world.conditions[small_world.row[track_id]] for track_id in state.history[-2:])
    share = ((request.conditions - old) @ (new - old)) / ((new - old) @ (new - old))
    away = tile_distance(state, small_world, rows=rows, cols=cols)
    order = np.argsort(away, kind="stable")
    assert (np.diff(share[order]) <= 1e-5).all()
    assert share[order[0]] > share[order[-1]] + 0.2
    later = wall_request(play(small_world, 15.0, (0.0, "wall_spread", 0.0), (5.0, "next", None)), small_world, 0)
    assert np.allclose(later.conditions, new, atol=1e-5)


def test_around_the_song_the_wall_dreams_of_songs_that_sound_like_it_and_of_itself_where_it_lies(small_world, play):
    state = play(small_world, 5.0, (0.0, "wall_spread", 1.0))
    rows, cols = int(state.knobs["wall_rows"]), int(state.knobs["wall_cols"])
    request = wall_request(state, small_world, 0, budget=rows * cols)
    row = small_world.row[state.track_id]
    own, near = small_world.conditions[row], small_world.conditions[small_world.neighbours.index[row]]
    order = np.argsort(tile_distance(state, small_world, rows=rows, cols=cols), kind="stable")
    assert np.abs(request.conditions[order[0]] - own).max() < 0.05
    farthest = request.conditions[order[-8:]]
    to_near = np.linalg.norm(farthest[:, None] - near[None], axis=2).min(axis=1)
    assert (to_near < np.linalg.norm(farthest - own, axis=1)).all()


def test_songs_that_follow_each_other_fast_never_make_the_pictures_jump(small_world, play):
    state, clock, before = play(small_world, 5.0), FixedClock(15), None
    for frame in range(90):
        moment = clock.tick(0.0)
        moment = replace(moment, time_s=moment.time_s + 5.0)
        events = [ControlEvent("test", "next", None, 0.0)] if frame in (5, 14, 23, 40, 44) else []
        state, _ = step(state, events, moment, small_world)
        now = wall_request(state, small_world, 0, budget=112).conditions
        assert before is None or np.abs(now - before).max() < 0.25
        before = now
    assert len(state.turns) > 5


def test_a_wall_of_any_size_keeps_the_paths_of_its_tiles(small_world, play):
    sizes = [(6, 6), (36, 36), (6, 36)]
    states = [play(small_world, 2.0, (0.0, "wall_rows", rows), (0.0, "wall_cols", cols)) for rows, cols in sizes]
    first = [wall_request(state, small_world, 0, budget=2000) for state in states]
    assert [len(request.tiles) for request in first] == [36, 1296, 216]
    assert all(np.array_equal(request.latents[:36], first[0].latents) for request in first)


def test_the_seed_tile_lies_on_the_wall_where_the_song_lies_on_the_map(small_world, play):
    state = play(small_world, 1.0)
    row, col = seed_tile(state.track_id, small_world, rows=8, cols=14)
    x, y = small_world.song_map.xy[small_world.row[state.track_id]]
    assert row == pytest.approx((1 - y) * 7, abs=1e-4)
    assert col == pytest.approx(x * 13, abs=1e-4)
