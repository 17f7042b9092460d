"""The light of a stroke over the map, the place of the map under the pen, and the ring of a gamepad."""

from dataclasses import replace

import numpy as np
import pytest

from installation.camera import View
from installation.gl.tiles import tiles_of
from installation.places import of_map, on_map
from installation.pointed import Aim
from installation.scenes.overlay import Shown
from installation.stage import Stage
from installation.strokes import Stroke, world_points

SIZE = (480, 270)
DARK = (("grain", 0.0), ("bloom", 0.0), ("energy", 0.0))


@pytest.fixture
def stage(gl, small_world):
    return Stage(gl, small_world, size=SIZE, patient=True)


def state_in(small_world, play, scene, *wishes):
    return play(small_world, 12.0, (0.0, "scene", scene), *((0.0, knob, value) for knob, value in DARK), *wishes)


@pytest.mark.parametrize("tilt", [0.0, 1.0])
def test_what_is_seen_at_a_place_of_the_screen_lies_there(tilt):
    view = View(0.2, -0.1, 1.7, tilt, 16 / 9, screen_x=0.06, screen_y=0.04)
    for x, y in ((0.0, 0.0), (0.5, -0.4), (-0.3, 0.3)):
        world = view.unproject(x, y)
        screen, _ = view.project(np.array([world], np.float32))
        assert screen[0] == pytest.approx((x, y), abs=1e-5)


def test_beyond_the_horizon_lies_no_place():
    assert View(0.0, 0.0, 1.0, 1.0, 16 / 9).unproject(0.0, 3.0) is None


def test_a_place_of_the_map_and_back():
    assert of_map(*on_map((0.3, 0.8))) == pytest.approx((0.3, 0.8))
    assert of_map(3.0, -2.0) == (1.0, 0.0)


def test_a_stroke_lies_where_the_pen_was_and_nowhere_else(stage, small_world, play):
    state = state_in(small_world, play, "map")
    stage.draw(state)
    before = stage.read().astype(int)
    places = [(0.35, 0.3), (0.7, 0.6)]
    share = np.linspace(0.0, 1.0, 30)[:, None]
    ends = [stage.map_place(*place, state) for place in places]
    stroke = Stroke((np.array(ends[0]) * (1 - share) + np.array(ends[1]) * share).astype(np.float32))
    stage.draw(state, shown=Shown(stroke=stroke))
    after = stage.read().astype(int)
    change = np.abs(after - before).max(axis=2)
    ys, xs = np.nonzero(change > 40)
    # A straight line on the land is one on the screen.
    (x0, y0), (x1, y1) = ((x * SIZE[0], y * SIZE[1]) for x, y in places)
    away = np.abs((x1 - x0) * (ys - y0) - (y1 - y0) * (xs - x0)) / np.hypot(x1 - x0, y1 - y0)
    assert len(xs) > 150
    assert away.max() < 12
    assert xs.min() < x0 + 8
    assert xs.max() > x1 - 8
    stage.draw(state, shown=Shown(stroke=Stroke(stroke.points, 0.3)))
    assert np.abs(stage.read().astype(int) - before).sum() < 0.6 * np.abs(after - before).sum()
    stage.draw(state)
    assert np.array_equal(stage.read(), before)


def test_beside_the_map_a_stroke_takes_hold_of_nothing_and_is_not_seen(stage, small_world, play):
    state = state_in(small_world, play, "grid")
    assert stage.map_place(0.5, 0.5, state) is None
    stage.draw(state)
    before = stage.read()
    stage.draw(state, shown=Shown(stroke=Stroke(np.array([[0.2, 0.2], [0.8, 0.8]], np.float32))))
    assert np.array_equal(stage.read(), before)


def test_a_stroke_knows_whether_it_is_a_line_or_a_lasso_and_keeps_its_places():
    angle = np.linspace(0.0, 2 * np.pi, 200)
    ring = np.stack([0.5 + 0.2 * np.cos(angle), 0.5 + 0.3 * np.sin(angle)], axis=1).astype(np.float32)
    knob, points = Stroke(ring).meant()
    assert knob == "lasso"
    assert len(points) <= 64
    radius = np.hypot(*((world_points(points)) / [0.3, 0.3]).T)
    assert radius == pytest.approx(np.ones(len(points)), abs=0.02)
    assert Stroke(ring[:100]).meant()[0] == "line"


def test_the_ring_is_around_the_song_nearest_to_the_middle_and_says_its_name(stage, small_world, play):
    state = state_in(small_world, play, "map")
    stage.draw(state)
    before = stage.read().astype(int)
    tiles = tiles_of(state, stage._drawing, "map")
    row = int(tiles.order[np.hypot(*tiles.screen[tiles.order].T).argmin()])
    song = stage.nearest(0.5 * SIZE[0], 0.5 * SIZE[1], state, reach=2.0)
    under = stage.pick(0.5 * SIZE[0], 0.5 * SIZE[1], state)
    assert song == (under or small_world.tracks[row].id)
    assert stage.nearest(0.5 * SIZE[0], 0.5 * SIZE[1], state, reach=0.0) == under
    stage.draw(state, shown=Shown(aim=Aim(song, 1.0)))
    change = np.abs(stage.read().astype(int) - before).max(axis=2)
    aimed = small_world.row[song]
    x, y = 0.5 * SIZE[0] + tiles.screen[aimed, 0] * SIZE[1], (0.5 - tiles.screen[aimed, 1]) * SIZE[1]
    ys, xs = np.nonzero(change > 30)
    radius = max(1.62 * float(tiles.half[aimed]), 0.022) * 0.86 * SIZE[1]
    on_ring = np.abs(np.hypot(xs + 0.5 - x, ys + 0.5 - y) - radius) < 2.5
    assert on_ring.sum() > 3 * radius
    below = ys > y + radius + 2
    assert below.sum() > 100, "no title"
    stage.draw(state, shown=Shown(aim=Aim(song, 0.0)))
    assert np.array_equal(stage.read(), before)


def test_while_two_scenes_are_mixed_a_pen_takes_hold_of_the_map_where_it_is_seen_more(stage, small_world, play):
    state = state_in(small_world, play, "map")
    stage.draw(state)
    whole = stage.map_place(0.4, 0.4, state)
    assert whole is not None
    assert stage.map_place(0.4, 0.4, replace(state, from_scene="wall", change="mix", scene_mix=0.7)) == whole
    assert stage.map_place(0.4, 0.4, replace(state, from_scene="wall", change="mix", scene_mix=0.3)) is None
    assert stage.map_place(0.4, 0.4, replace(state, scene="wall", from_scene="map", change="mix", scene_mix=0.3)) == whole
