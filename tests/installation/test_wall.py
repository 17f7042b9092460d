from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from installation.clock import FixedClock
from installation.messages import ControlEvent, TileSheet
from installation.step import step
from installation.wall import BATCH, BUDGET, BUDGETS, REQUEST_HZ, ROUND, next_budget, seed_tile, tile_distance, turn, wall_request
from mixtape.covergan.colours import colours_of
from mixtape.covergan.condition import STRAY
from mixtape.covergan.model import CHUNK


@pytest.mark.parametrize(("tiles", "budget"), [(112, 72), (1296, 36), (1296, 72), (1296, 144), (130, 7), (36, 72), (1000, 100)])
def test_every_tile_has_its_turn_in_time_whatever_matters(tiles, budget):
    rng = np.random.default_rng(5)
    since, importance = np.zeros(tiles, int), np.ones(tiles)
    for tick in range(400):
        if tick % 50 == 0:
            importance = 100 * rng.random(tiles) ** 8
        made = turn(tick, importance, budget)
        assert len(set(made)) == len(made) == min(tiles, BATCH * max(budget // BATCH, -(-tiles // ROUND // BATCH)))
        since += 1
        since[made] = 0
        assert since.max() < ROUND


def test_all_of_a_big_wall_is_new_within_two_seconds():
    assert ROUND / REQUEST_HZ <= 2.0
    made = np.concatenate([turn(tick, np.ones(1296), BUDGET) for tick in range(2 * REQUEST_HZ)])
    assert set(made) == set(range(1296))


def test_what_matters_twice_as_much_comes_twice_as_often_at_even_intervals():
    importance = np.where(np.arange(600) % 3 == 0, 2.0, 1.0)
    made = np.zeros((1000, 600), bool)
    for tick in range(1000):
        made[tick, turn(tick, importance, 72)] = True
    often, seldom = made[:, ::3].mean(), made[:, 1::3].mean()
    # A round's turns come to all alike.
    due = -(-600 // ROUND) / 600
    assert (often - due) / (seldom - due) == pytest.approx(2.0, rel=0.15)
    waits = np.concatenate([np.diff(np.flatnonzero(column)) for column in made[:, ::3].T])
    assert np.percentile(waits, 99) <= 2.5 * waits.mean()


def test_tiles_of_a_request_lie_all_over_the_wall_and_nothing_scans_it():
    rows, cols = 24, 24
    before = None
    for tick in range(60):
        row, col = np.divmod(turn(tick, np.ones(rows * cols), 72), cols)
        quarters = np.bincount(2 * (row >= rows // 2) + (col >= cols // 2), minlength=4)
        assert quarters.min() >= 8
        assert np.bincount(row, minlength=rows).max() <= 12
        now = np.zeros((rows, cols))
        now[row, col] = 1.0
        if before is not None:
            # Moved along any way, the tiles of the last request are not those of this one.
            alike = np.fft.ifft2(np.fft.fft2(now) * np.conj(np.fft.fft2(before))).real
            assert alike.max() < 0.5 * len(row)
        before = now


def test_after_a_song_change_the_tiles_at_the_waves_front_come_first(small_world, play):
    wishes = ((0.0, "wall_rows", 36), (0.0, "wall_cols", 36), (5.0, "next", None))
    for since_s, reach in ((0.1, (0.0, 0.35)), (1.0, (0.0, 0.4)), (5.0, (0.35, 1.2))):
        state = play(small_world, 5.0 + since_s, *wishes)
        away = tile_distance(state, small_world, rows=36, cols=36)
        asked = np.zeros(1296)
        for tick in range(15):
            asked[wall_request(state, small_world, tick).tiles] += 1
        front = (away >= reach[0]) & (away < reach[1])
        in_turn = 15 / ROUND
        assert asked[front].mean() - in_turn > 1.3 * (asked[~front].mean() - in_turn), since_s


def test_a_request_is_within_budget_and_repeats(small_world, play):
    state = play(small_world, 5.0, (0.0, "wall_rows", 20), (0.0, "wall_cols", 30))
    one, two = (wall_request(state, small_world, 40, budget=72) for _ in range(2))
    assert len(one.tiles) == 72
    assert one.latents.shape[0] == one.conditions.shape[0] == 72
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


def test_an_onset_runs_outwards_pushes_every_tile_its_own_way_and_lets_it_come_back(small_world, play):
    state = play(small_world, 5.0)
    state = replace(state, song_s=float(small_world.timeline(state.track_id).beats_s[6]) + 0.06)
    calm, half, hit = (replace(state, knobs={**state.knobs, "energy": energy}) for energy in (0.0, 0.5, 1.0))
    z0, z1, z2 = (wall_request(state, small_world, 0, budget=2000).latents for state in (calm, half, hit))
    push = z2 - z0
    assert np.allclose(z1 - z0, 0.5 * push, atol=1e-4)
    size = np.linalg.norm(push, axis=1, keepdims=True)
    pushed = (size > 0.05)[:, 0]
    assert pushed.sum() > 50
    unit = (push / np.maximum(size, 1e-6))[pushed]
    assert np.abs(unit @ unit.T - np.eye(len(unit))).max() < 0.9
    # Just after a beat it has hit the tiles around the seed and has not reached those further out.
    away = tile_distance(hit, small_world, rows=8, cols=14)
    assert size[away < 0.1].mean() > 2.0 * size[(away > 0.3) & (away < 0.5)].mean()


# At truncation 0 every tile hears the song just as it is.
ALIKE = (0.0, "wall_truncation", 0.0)


def test_every_tile_hears_the_song_in_its_own_way_and_calm_walls_more_alike(small_world, play):
    wild, calm, alike = (
        wall_request(
            play(small_world, 5.0, (0.0, "wall_spread", 0.0), (0.0, "wall_truncation", level)), small_world, 0, budget=2000
        )
        for level in (1.0, 0.5, 0.0)
    )
    own = small_world.conditions[small_world.row[play(small_world, 5.0).track_id]]
    np.testing.assert_allclose(alike.conditions, np.broadcast_to(own, alike.conditions.shape), atol=1e-5)
    np.testing.assert_allclose(wild.conditions - own, 2.0 * (calm.conditions - own), atol=1e-5)
    assert (wild.conditions - own).std() == pytest.approx(STRAY, rel=0.05)
    assert len(np.unique(wild.conditions, axis=0)) == len(wild.tiles)


def test_a_new_song_reaches_the_tiles_as_a_wave_from_its_seed_tile(small_world, play):
    state = play(small_world, 7.0, ALIKE, (0.0, "wall_spread", 0.0), (5.0, "next", None))
    rows, cols = int(state.knobs["wall_rows"]), int(state.knobs["wall_cols"])
    request = wall_request(state, small_world, 0, budget=rows * cols)
    old, new = (small_world.conditions[small_world.row[track_id]] for track_id in state.history[-2:])
    share = ((request.conditions - old) @ (new - old)) / ((new - old) @ (new - old))
    away = tile_distance(state, small_world, rows=rows, cols=cols)
    order = np.argsort(away, kind="stable")
    assert (np.diff(share[order]) <= 1e-5).all()
    assert share[order[0]] > share[order[-1]] + 0.2
    later = wall_request(play(small_world, 15.0, ALIKE, (0.0, "wall_spread", 0.0), (5.0, "next", None)), small_world, 0)
    assert np.allclose(later.conditions, new, atol=1e-5)


def test_around_the_song_the_wall_dreams_of_songs_that_sound_like_it_and_of_itself_where_it_lies(small_world, play):
    state = play(small_world, 5.0, ALIKE, (0.0, "wall_spread", 1.0))
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
    wishes = [((0.0, "wall_rows", rows), (0.0, "wall_cols", cols), (0.0, "energy", 0.0)) for rows, cols in sizes]
    states = [play(small_world, 2.0, *wish) for wish in wishes]
    first = [wall_request(state, small_world, 0, budget=2000) for state in states]
    assert [len(request.tiles) for request in first] == [36, 1296, 216]
    assert all(np.array_equal(request.latents[:36], first[0].latents) for request in first)


def test_the_seed_tile_lies_on_the_wall_where_the_song_lies_on_the_map(small_world, play):
    state = play(small_world, 1.0)
    row, col = seed_tile(state.track_id, small_world, rows=8, cols=14)
    x, y = small_world.song_map.xy[small_world.row[state.track_id]]
    assert row == pytest.approx((1 - y) * 7, abs=1e-4)
    assert col == pytest.approx(x * 13, abs=1e-4)


def test_colours_are_asked_for_only_when_wanted(small_world, play):
    request = wall_request(play(small_world, 5.0), small_world, 0)
    assert request.colours is None
    request = wall_request(play(small_world, 5.0, (0.0, "wall_colours", 0.8)), small_world, 0)
    assert request.colours.shape == (len(request.tiles), 32)
    assert request.colour_strength == pytest.approx(0.8)
    np.testing.assert_allclose(np.linalg.norm(request.colours, axis=1), 4.0, rtol=1e-4)


def test_colours_go_with_the_music_from_song_to_song_as_mixtures_of_their_palettes(small_world, play):
    wishes = (ALIKE, (0.0, "wall_colours", 1.0), (0.0, "wall_spread", 0.0), (5.0, "next", None))
    state = play(small_world, 7.0, *wishes)
    request = wall_request(state, small_world, 0, budget=2000)
    old, new = (np.square(colours_of([small_world.palette(track_id)])[0]) for track_id in state.history[-2:])
    song, next_song = (small_world.conditions[small_world.row[track_id]] for track_id in state.history[-2:])
    share = ((request.conditions - song) @ (next_song - song)) / ((next_song - song) @ (next_song - song))
    np.testing.assert_allclose(np.square(request.colours), old + share[:, None] * (new - old), atol=1e-3)
    later = wall_request(play(small_world, 15.0, *wishes), small_world, 0)
    np.testing.assert_allclose(np.square(later.colours), np.broadcast_to(new, later.colours.shape), atol=1e-3)


def test_a_quick_sampler_is_asked_for_more_a_slow_one_for_less_and_one_without_a_pace_for_the_same():
    def settled(pictures_a_s):
        budget = float(BUDGET)
        for _ in range(40):
            tiles = np.arange(round(budget), dtype=np.int32)
            took_s = len(tiles) / pictures_a_s if pictures_a_s else 0.0
            budget = next_budget(budget, TileSheet(0, 0.0, tiles, np.zeros((len(tiles), 8, 8, 3), np.uint8), took_s=took_s))
        return budget

    assert BATCH == CHUNK
    assert settled(50_000) == BUDGETS[1]
    assert settled(100) == BUDGETS[0]
    assert settled(2000) == pytest.approx(80, abs=1)
    assert settled(None) == BUDGET
