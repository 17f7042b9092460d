"""The light of an open search on the songs that fit it."""

from dataclasses import replace

import numpy as np
import pytest

from installation.gl.tiles import tiles_of
from installation.lit import BEST, Lit
from installation.safety import FlashMeter, linear
from installation.scenes.overlay import Shown
from installation.stage import Stage

SIZE = (480, 270)
DARK = (("grain", 0.0), ("bloom", 0.0), ("energy", 0.0))


def lit(n, found, seconds, *, every_s=0.05):
    light = Lit.out(n)
    for _ in range(round(seconds / every_s)):
        light = light.follow(found, searching=True, dt_s=every_s)
    return light


@pytest.fixture
def stage(gl, small_world):
    return Stage(gl, small_world, size=SIZE, patient=True)


def state_in(small_world, play, scene):
    return play(small_world, 12.0, (0.0, "scene", scene), *((0.0, knob, value) for knob, value in DARK))


def around(picture, tiles, row):
    """The mean light of a song's tile in a picture."""
    height, width = picture.shape[:2]
    x, y = 0.5 * width + tiles.screen[row, 0] * height, (0.5 - tiles.screen[row, 1]) * height
    half = 0.7 * tiles.half[row] * height
    return picture[round(y - half) : round(y + half) + 1, round(x - half) : round(x + half) + 1].mean()


def test_light_is_the_same_however_many_frames_it_takes():
    rough, fine = lit(9, [3, 1], 0.6, every_s=0.2), lit(9, [3, 1], 0.6, every_s=0.01)
    assert rough.songs == pytest.approx(fine.songs, abs=1e-5)
    assert (rough.open, rough.dim) == pytest.approx((fine.open, fine.dim), abs=1e-6)
    assert 0.1 < rough.open < 0.9


def test_of_many_songs_the_best_stand_out_and_what_is_not_known_yet_changes_nothing():
    light = lit(900, list(range(400)), 6.0)
    assert light.best == tuple(range(BEST))
    assert light.songs[:BEST] == pytest.approx(1.0, abs=1e-3)
    assert 0.1 < light.songs[BEST] < 0.5
    assert not light.songs[400:].any()
    assert light.follow(None, searching=True, dt_s=0.5).best == light.best


def test_letters_typed_as_fast_as_anybody_can_do_not_flash():
    light, seen = lit(10, [1, 2, 3], 3.0), []
    for frame in range(240):
        light = light.follow([1, 2, 3] if frame // 4 % 2 else [7, 8, 9], searching=True, dt_s=1 / 60)
        seen.append(light.songs[1])
    assert np.ptp(seen[-60:]) < 0.09


@pytest.mark.parametrize("eased", [True, False])
def test_songs_lit_and_put_out_by_fast_letters_are_no_flash_even_without_the_limiter(stage, small_world, play, eased):
    """Half the grid against the other half, seven times a second; without the ease it would be one."""
    state, meter, light = state_in(small_world, play, "grid"), FlashMeter(), lit(40, list(range(0, 40, 2)), 2.0)
    fails = 0
    for frame in range(60):
        light = light.follow(list(range(frame // 4 % 2, 40, 2)), searching=True, dt_s=1 / 30)
        stage.draw(state, shown=Shown(lit=light if eased else replace(light, songs=light.aim)))
        fails += meter.judge(linear(stage.read()), time_s=frame / 30).fails
    assert fails == 0 if eased else fails > 10


def test_a_search_that_is_left_goes_out_within_a_few_seconds():
    light = lit(10, [1, 2], 2.0)
    for _ in range(80):
        light = light.follow((), searching=False, dt_s=0.05)
    assert light.over
    assert not light.best


@pytest.mark.parametrize("scene", ["map", "grid", "forming"])
def test_songs_that_fit_shine_and_the_others_step_back_in_every_scene_of_tiles(stage, small_world, play, scene):
    state = state_in(small_world, play, scene)
    # Rows far from the playing one, seen before and after.
    fits, others = [11, 24], [17, 32]
    light = replace(lit(40, fits, 5.0), best=())
    stage.draw(state, shown=Shown(lit=light))
    picture = stage.read().astype(float)
    tiles = tiles_of(state, stage._drawing, scene)
    dark = replace(light, songs=np.zeros(40, np.float32), dim=0.0)
    stage.draw(state, shown=Shown(lit=dark))
    before, before_tiles = stage.read().astype(float), tiles_of(state, stage._drawing, scene)
    for row in fits:
        assert tiles.half[row] > 1.05 * before_tiles.half[row]
        assert around(picture, tiles, row) > 1.1 * around(before, before_tiles, row)
    for row in others:
        assert around(picture, tiles, row) < 0.6 * around(before, before_tiles, row)


def test_without_a_search_the_picture_is_as_it_was(stage, small_world, play):
    state = state_in(small_world, play, "map")
    stage.draw(state)
    before = stage.read()
    stage.draw(state, shown=Shown(lit=lit(40, [3, 4], 3.0)))
    assert not np.array_equal(stage.read(), before)
    stage.draw(state)
    assert np.array_equal(stage.read(), before)


def test_the_best_carry_their_titles_and_a_click_finds_the_song_that_is_lit(stage, small_world, play):
    state = state_in(small_world, play, "map")
    light = lit(40, [24, 11], 5.0)
    stage.draw(state, shown=Shown(lit=replace(light, best=())))
    plain = stage.read().astype(int)
    stage.draw(state, shown=Shown(lit=light))
    named = stage.read().astype(int)
    tiles = tiles_of(state, stage._drawing, "map")
    for row in (24, 11):
        x, y = (0.5 * SIZE[0] + tiles.screen[row, 0] * SIZE[1], (0.5 - tiles.screen[row, 1]) * SIZE[1])
        assert stage.pick(x, y, state) == small_world.tracks[row].id
        under = round(y + tiles.half[row] * SIZE[1])
        strip = np.s_[under : under + 16, round(x) - 30 : round(x) + 30]
        assert np.abs(named[strip] - plain[strip]).max() > 60


def test_songs_that_are_dust_become_tiles_when_they_fit(gl, make_world, play):
    world = make_world(2400)
    stage = Stage(gl, world, size=SIZE, patient=True)
    state = play(world, 3.0, (0.0, "scene", "map"))
    stage.draw(state, shown=Shown(lit=lit(2400, [1500], 5.0)))
    tiles = tiles_of(state, stage._drawing, "map")
    assert 1500 in tiles.order
    assert tiles.half[1500] > 0.015


@pytest.mark.parametrize("size", [(480, 270), (270, 480), (300, 300)])
def test_an_open_search_sees_the_whole_land_in_any_shape_of_picture_unless_somebody_flies(gl, small_world, play, size):
    stage = Stage(gl, small_world, size=size, patient=True)
    state = play(small_world, 9.0, (0.0, "scene", "map"))
    stage.draw(state, shown=Shown(lit=lit(40, [5], 8.0)))
    drawing = stage._drawing
    screen, _ = drawing.over_map(state).project(drawing.places(state).map_xy)
    assert np.abs(screen[:, 0]).max() < 0.5 * drawing.aspect
    assert np.abs(screen[:, 1]).max() < 0.5
    flown = replace(state, camera=replace(state.camera, free=1.0))
    stage.draw(flown)
    before = stage._drawing.over_map(flown)
    stage.draw(flown, shown=Shown(lit=lit(40, [5], 8.0)))
    assert stage._drawing.over_map(flown) == before
