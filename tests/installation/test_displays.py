"""Where outputs lie and what they show: as numbers, and as pixels drawn through the warp."""

import math
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import moderngl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from installation.clock import FixedClock
from installation.displays import DISPLAY_KNOBS, WHOLE, Displays, columns, homography, light, placed, through, warp
from installation.gl.program import Programs
from installation.gl.projection import project
from installation.gl.targets import Screen, Target
from installation.lastpass import LastPass
from installation.messages import ControlEvent
from installation.safety import FlashMeter, linear
from installation.stage import Stage
from installation.step import first_state, step
from installation.testpicture import draw_test_picture
from mixtape.errors import ConfigError
from mixtape.projection import SQUARE, Output, as_text, displays_of, output_fault, output_of

PINNED = (0.1, 0.05, 0.95, 0.0, 0.85, 0.9, 0.0, 1.0)


def test_an_output_says_itself_as_it_was_told():
    told = "left: corners 0.1 0.05 0.95 0 0.85 0.9 0 1; rotate 180; overscan 0.02; part 0 0 0.55 1; blend 0 0 0.1 0"
    output = output_of(told)
    assert output == Output("left", PINNED, 180, 0.02, (0.0, 0.0, 0.55, 1.0), None, (0.0, 0.0, 0.1, 0.0))
    assert as_text(output) == told
    assert output_of("") == output_of("straight") == output_of(as_text(Output())) == Output()
    assert output_of("right:").name == "right"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("corner 1 2", "corner"),
        ("corners 0 0 1 0 1 1", "8 numbers"),
        ("corners 0 0 1 0 0 1 1 1", "crossing"),
        ("corners 0 0 1 0 0.2 0.2 0 1", "inwards"),
        ("corners 0 0 0 0 0 0 0 0", "crossing"),
        ("corners 0 0 nan 0 1 1 0 1", "8 numbers"),
        ("corners 0 0 9 0 1 1 0 1", "-1 to 2"),
        ("rotate 45", "90"),
        ("overscan 0.7", "0.25"),
        ("part 0.5 0 0.2 1", "part"),
        ("blend 2 0 0 0", "blend"),
    ],
)
def test_what_is_wrong_with_an_output_is_said(text, word):
    assert word in output_fault(text)
    with pytest.raises(ConfigError):
        output_of(text)


@given(st.text(max_size=200))
def test_any_text_is_taken_or_refused_in_words(text):
    fault = output_fault(text)
    assert fault is None or fault


@given(st.lists(st.floats(-0.2, 0.2), min_size=8, max_size=8), st.sampled_from([0, 90, 180, 270]), st.floats(0, 0.25))
def test_places_go_to_the_view_and_come_back(shifts, rotate, overscan):
    output = Output(corners=tuple(np.add(SQUARE, shifts)), rotate=rotate, overscan=overscan)
    there = placed([output], [WHOLE], overlap=0.0, gamma=2.2)[0]
    for x, y in ((0.0, 0.0), (0.3, 0.8), (1.0, 0.5)):
        at = through(there.to_view, x, y)
        assert through(there.to_picture, *at) == pytest.approx((x, y), abs=1e-6)


def test_corners_land_where_they_are_pinned():
    matrix = homography(PINNED)
    for k, (x, y) in enumerate(((0, 0), (1, 0), (1, 1), (0, 1))):
        assert through(matrix, x, y) == pytest.approx(PINNED[2 * k : 2 * k + 2])


@pytest.mark.parametrize(("rotate", "place"), [(0, (0.2, 0.1)), (90, (0.9, 0.2)), (180, (0.8, 0.9)), (270, (0.1, 0.8))])
def test_a_picture_is_turned_clockwise(rotate, place):
    assert through(warp(Output(rotate=rotate)), 0.2, 0.1) == pytest.approx(place)


def test_overscan_draws_the_picture_in():
    assert through(warp(Output(overscan=0.05)), 0.0, 1.0) == pytest.approx((0.05, 0.95))


def test_neighbours_share_what_overlaps_and_nothing_else():
    left, right = placed([Output(), Output()], columns(2), overlap=0.2, gamma=2.2)
    assert left.part == pytest.approx((0.0, 0.0, 1 / 1.8, 1.0))
    assert right.part == pytest.approx((0.8 / 1.8, 0.0, 1.0, 1.0))
    assert left.blend == pytest.approx((0.0, 0.0, 0.2, 0.0))
    assert right.blend == pytest.approx((0.2, 0.0, 0.0, 0.0))


@pytest.mark.parametrize(("cols", "rows", "overlap"), [(2, 1, 0.2), (3, 1, 0.1), (1, 2, 0.25), (2, 2, 0.15), (3, 2, 0.3)])
def test_the_light_of_all_outputs_adds_up_to_one_everywhere(cols, rows, overlap):
    views = [(c / cols, r / rows, (c + 1) / cols, (r + 1) / rows) for r in range(rows) for c in range(cols)]
    outputs = placed([Output()] * len(views), views, overlap=overlap, gamma=2.2)
    y, x = np.mgrid[0.001:0.999:41j, 0.001:0.999:83j]
    total = np.zeros(x.size)
    for output in outputs:
        left, top, right, bottom = output.part
        own = np.stack([(x.ravel() - left) / (right - left), (y.ravel() - top) / (bottom - top)], axis=1)
        inside = ((own >= 0) & (own <= 1)).all(axis=1)
        total += np.where(inside, light(own, output.blend), 0.0)
    np.testing.assert_allclose(total, 1.0, atol=1e-9)


def test_displays_of_different_sizes_show_the_picture_as_they_lie():
    views = [(0.0, 0.0, 0.6, 1.0), (0.6, 0.0, 1.0, 0.5)]
    outputs = placed([Output(), Output()], views, overlap=0.3, gamma=2.2)
    assert [output.part for output in outputs] == views
    assert not any(any(output.blend) for output in outputs)


def test_the_picture_has_a_pixel_for_every_pixel_of_an_output():
    knobs = {"output_2": "straight", "overlap": 0.2}
    assert Displays().picture_px((3840, 1080), knobs) == (3456, 1080)
    assert Displays().picture_px((1080, 1920), {"output_1": "rotate 90"}) == (1920, 1080)
    assert Displays().picture_px((1280, 720), {}) == (1280, 720)
    # A sliver of the picture on the whole window does not make the picture as wide as a street.
    width, height = Displays().picture_px((1280, 720), {"output_1": "part 0 0 0.01 1"})
    assert width * height <= 4.01 * 1280 * 720


def test_a_click_finds_the_place_that_is_seen_there():
    knobs = {"output_1": "rotate 180", "output_2": "corners 0.1 0.05 0.95 0 0.85 0.9 0 1", "overlap": 0.2}
    displays = Displays()
    for output in displays.outputs(knobs):
        left, top, right, bottom = output.part
        at = through(output.to_view, 0.4, 0.3)
        window = (output.view[0] + 0.5 * at[0], at[1])
        assert displays.picture_place(*window, knobs) == pytest.approx((left + 0.4 * (right - left), top + 0.3 * (bottom - top)))
    assert displays.picture_place(0.505, 0.01, knobs) is None
    assert displays.picture_place(1.5, 0.5, knobs) is None


def test_a_corner_can_be_taken_and_pinned_elsewhere():
    displays, knobs = Displays(), {"output_2": "right: rotate 90"}
    assert displays.corner_at(0.98, 0.97, knobs) == (2, 2)
    assert displays.corner_at(0.75, 0.5, knobs) is None
    assert displays.corner_moved(2, 2, 0.95, 0.9, knobs) == ("output_2", "right: corners 0 0 1 0 0.9 0.9 0 1; rotate 90")
    assert displays.corner_moved(2, 2, 0.5, 0.0, knobs) is None


# Drawn -------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def draw(gl):
    """Draw a picture (h, w, 3) uint8, row 0 at the top, through outputs into a window of a size: its pixels."""
    screen, made = Screen(gl, Programs(gl)), []

    def draw(picture, outputs, size):
        height, width = picture.shape[:2]
        texture = gl.texture((width, height), 3, np.ascontiguousarray(picture[::-1]).tobytes(), alignment=1)
        texture.filter, texture.repeat_x, texture.repeat_y = (moderngl.LINEAR, moderngl.LINEAR), False, False
        target = Target.make(gl, size)
        made.extend((texture, target))
        project(texture, target.framebuffer, outputs, screen)
        assert target.framebuffer.viewport == (0, 0, *size)
        pixels = np.frombuffer(target.framebuffer.read(components=3, alignment=1), np.uint8)
        return pixels.reshape(size[1], size[0], 3)[::-1]

    yield draw
    for each in made:
        each.release()


def noise(width, height):
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)


def test_a_straight_output_is_the_picture_bit_for_bit(draw):
    picture = noise(160, 90)
    np.testing.assert_array_equal(draw(picture, Displays().outputs({}), (160, 90)), picture)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_picture_is_turned_pixel_for_pixel(draw, turns):
    picture = noise(64, 36)
    size = (36, 64) if turns % 2 else (64, 36)
    drawn = draw(picture, Displays().outputs({"output_1": f"rotate {90 * turns}"}), size)
    assert np.abs(drawn.astype(int) - np.rot90(picture, -turns)).max() <= 1


def test_points_land_where_the_homography_says(draw):
    size, radius = (400, 300), 3
    outputs = placed([Output(corners=PINNED)], [WHOLE], overlap=0.0, gamma=2.2)
    for x, y in ((0.1, 0.1), (0.5, 0.5), (0.9, 0.2), (0.3, 0.85)):
        picture = np.zeros((600, 800, 3), np.uint8)
        row, col = round(y * 600), round(x * 800)
        picture[row - radius : row + radius, col - radius : col + radius] = 255
        drawn = draw(picture, outputs, size).astype(float).sum(axis=2)
        rows, cols = np.mgrid[0:300, 0:400] + 0.5
        seen = (cols * drawn).sum() / drawn.sum(), (rows * drawn).sum() / drawn.sum()
        assert seen == pytest.approx(tuple(np.array(through(outputs[0].to_view, col / 800, row / 600)) * size), abs=0.35)


def test_beside_the_pinned_picture_nothing_is_lit_and_its_edge_is_smooth(draw):
    outputs = placed([Output(corners=PINNED)], [WHOLE], overlap=0.0, gamma=2.2)
    drawn = draw(np.full((300, 400, 3), 255, np.uint8), outputs, (400, 300))[..., 0]
    assert drawn[2, 2] == drawn[-2, -5] == 0
    assert drawn[150, 200] == 255
    assert 0.005 < ((drawn > 5) & (drawn < 250)).mean() < 0.03
    area = 0.5 * abs(sum(PINNED[2 * k] * PINNED[(2 * k + 3) % 8] - PINNED[(2 * k + 2) % 8] * PINNED[2 * k + 1] for k in range(4)))
    assert drawn.mean() / 255 == pytest.approx(area, abs=0.005)


@pytest.mark.parametrize("gamma", [1.8, 2.2, 2.6])
@pytest.mark.parametrize("grey", [64, 160, 255])
def test_two_projectors_over_each_other_give_one_even_light(draw, gamma, grey):
    picture = np.full((100, 360, 3), grey, np.uint8)
    outputs = placed([Output(), Output()], columns(2), overlap=0.2, gamma=gamma)
    drawn = draw(picture, outputs, (400, 100)) / 255.0
    # Each projector gives light by the power of its gamma; on the wall the second lies 160 pixels right of the first.
    wall = np.zeros((100, 360))
    wall[:, :200] += drawn[:, :200, 0] ** gamma
    wall[:, 160:] += drawn[:, 200:, 0] ** gamma
    even = (grey / 255.0) ** gamma
    # A step of 8 bits is worth gamma / v of the light at v.
    assert np.abs(wall.mean(axis=0) / even - 1.0).max() < 0.01 * 255 / grey
    assert np.abs(wall[:, 160:200].mean() / even - 1.0) < 0.003 * 255 / grey


def test_each_output_shows_its_own_part(draw):
    picture = noise(180, 50)
    outputs = placed([Output(blend=(0,) * 4), Output(blend=(0,) * 4)], columns(2), overlap=0.2, gamma=2.2)
    drawn = draw(picture, outputs, (200, 50)).astype(int)
    assert np.abs(drawn[:, :100] - picture[:, :100]).max() <= 1
    assert np.abs(drawn[:, 100:] - picture[:, 80:]).max() <= 1


def test_the_shader_fades_as_the_numbers_say(draw):
    outputs = placed([Output(blend=(0.3, 0.2, 0.0, 0.5))], [WHOLE], overlap=0.0, gamma=2.0)
    drawn = draw(np.full((80, 120, 3), 255, np.uint8), outputs, (120, 80))[..., 0] / 255.0
    rows, cols = np.mgrid[0:80, 0:120]
    place = np.stack([(cols.ravel() + 0.5) / 120, (rows.ravel() + 0.5) / 80], axis=1)
    assert np.abs(drawn.ravel() - np.sqrt(light(place, outputs[0].blend))).max() < 0.006
    assert math.isclose(light(np.array([[0.15, 0.5]]), (0.3, 0, 0, 0))[0], 0.5)


# On the stage ------------------------------------------------------------------------------------------------------------------


def _window(gl, stage, state, size):
    target = Target.make(gl, size)
    target.framebuffer.clear(1.0, 0.0, 1.0)
    stage.draw(state, target.framebuffer)
    pixels = np.frombuffer(target.framebuffer.read(components=3, alignment=1), np.uint8).reshape(size[1], size[0], 3)[::-1].copy()
    target.release()
    return pixels


def test_the_warp_is_for_the_screen_alone_and_costs_a_straight_picture_nothing(gl, small_world, play):
    state, size = play(small_world, 5.0, (0.0, "scene", "map")), (160, 90)
    plain = Stage(gl, small_world, size=size, patient=True)
    shown = Stage(gl, small_world, size=size, patient=True, displays=Displays())
    np.testing.assert_array_equal(_window(gl, plain, state, size), _window(gl, shown, state, size))
    pinned = play(small_world, 5.0, (0.0, "scene", "map"), (1.0, "output_1", "corners 0.1 0.05 0.95 0 0.85 0.9 0 1"))
    warped = _window(gl, shown, pinned, size)
    # What is recorded is the picture itself.
    np.testing.assert_array_equal(shown.read(), plain.read())
    assert not warped[0, :8].any()
    assert np.abs(warped.astype(int) - plain.read()).max() > 30


def test_the_test_picture_takes_the_shows_place_and_gives_it_back(gl, small_world, play):
    size, stage = (320, 180), Stage(gl, small_world, size=(320, 180), patient=True, displays=Displays())
    before = _window(gl, stage, play(small_world, 5.0), size)
    tested = play(small_world, 5.0, (1.0, "test_picture", True), (1.0, "output_1", "Beamer: overscan 0"))
    seen = _window(gl, stage, tested, size)
    outputs = Displays().outputs(tested.knobs)
    np.testing.assert_array_equal(seen, draw_test_picture(size, outputs, notes=["Beamer: overscan 0"]))
    np.testing.assert_array_equal(_window(gl, stage, play(small_world, 5.0), size), before)


def test_each_outputs_name_stands_in_its_part():
    knobs = {"output_1": "West: straight", "output_2": "East: straight", "overlap": 0.1}
    displays, blank = Displays(), {"output_1": "straight", "output_2": "straight", "overlap": 0.1}
    pictured, other = (draw_test_picture((760, 200), displays.outputs(each)).astype(int) for each in (knobs, blank))
    changed = np.abs(pictured - other).max(axis=(0, 2)) > 60
    assert changed[:360].any() and changed[400:].any()
    assert not changed[360:400].any()


def test_a_fault_in_an_outputs_text_is_said_and_the_picture_stays(small_world, play):
    state = play(small_world, 2.0, (0.2, "output_1", "rotate 90"), (0.5, "output_1", "corners 1 2 3"))
    assert state.knobs["output_1"] == "rotate 90"
    assert "8 numbers" in state.error


def _shown(world, wishes, seconds, *, fps=30.0):
    """The displays in use, frame by frame, of a show in which each wish (frame, knob, value) is said."""
    state, clock, found = first_state(world, seed_id=None, seed=1), FixedClock(fps), []
    for frame in range(round(seconds * fps)):
        moment = clock.tick(frame / fps)
        said = [ControlEvent("osc", knob, value, moment.time_s) for at, knob, value in wishes if at == frame]
        state, _ = step(state, said, moment, world)
        found.append(state)
    return found


@pytest.mark.parametrize("every", [1, 3, 7, 31, 45])
@pytest.mark.parametrize("tested", [False, True])
def test_displays_change_once_a_second_at_most_however_often_they_are_told_to(every, tested, small_world):
    texts = ("view 0 0 0.01 0.01", "straight", "rotate 90")
    wishes = [(frame, "output_1", texts[frame // every % 3]) for frame in range(0, 240, every)]
    wishes += [(frame, "projector_gamma", 1.0 + frame % 3) for frame in range(0, 240, every)]
    states = _shown(small_world, [(0, "test_picture", tested), *wishes], 8.0)
    seen = [tuple(state.knobs[name] for name in DISPLAY_KNOBS) for state in states]
    changes = [frame for frame in range(1, len(seen)) if seen[frame] != seen[frame - 1]]
    assert changes and np.diff(changes).min(initial=99) >= 30
    # The limiter knows a second ahead, and for a second after.
    assert all(state.turning for frame in changes for state in states[max(frame - 30, 0) : frame + 30])
    assert all(state.wished["projector_gamma"] == 1.0 + (frame - frame % every) % 3 for frame, state in enumerate(states))


def test_what_displays_are_told_last_comes_and_what_is_taken_back_does_not(small_world):
    told = [(10, "output_1", "rotate 90"), (20, "output_1", "rotate 180"), (100, "overlap", 0.2), (105, "overlap", 0.0)]
    states = _shown(small_world, told, 6.0)
    assert [state.knobs["output_1"] for state in (states[39], states[40])] == ["", "rotate 180"]
    assert not any(state.knobs["overlap"] for state in states)
    assert not states[-1].turning


def test_a_corner_of_the_test_picture_follows_the_hand(small_world):
    drag = [(60 + k, "output_1", f"corners {0.01 * k:.4f} 0 1 0 1 1 0 1") for k in range(1, 16)]
    dragged = _shown(small_world, [(0, "test_picture", True), *drag], 3.0)
    assert [state.knobs["output_1"] for state in dragged[61:76]] == [text for _, _, text in drag]
    assert dragged[75].turning
    waiting = _shown(small_world, drag, 4.0)
    assert len({state.knobs["output_1"] for state in waiting}) == 2
    # Shaken, it moves no farther than a hand that sets it up: 0.4 of its view a second, after a first step.
    shaken = [(60 + k, "output_1", "corners 0.3 0 1 0 1 1 0 1" if k % 2 else "straight") for k in range(90)]
    seen = [state.knobs["output_1"] for state in _shown(small_world, [(0, "test_picture", True), *shaken], 5.0)]
    assert sum(before != after for before, after in pairwise(seen)) * 0.3 <= 0.4 * (3.0 + 1.0)


@pytest.mark.parametrize("told", ["view 0 0 0.01 0.01", "rotate 90", "overscan 0.25"])
@pytest.mark.parametrize("every", [3, 40])
def test_no_message_makes_the_displays_flash_even_around_as_many_flashes_as_the_limiter_lets_through(
    told, every, gl, small_world
):
    size, displays = (160, 90), Displays()
    wishes = [(0, "scene", "wall"), (0, "transition_s", 0.0)]
    wishes += [(frame, "output_1", told if frame // every % 2 else "straight") for frame in range(30, 150)]
    stage = Stage(gl, small_world, size=size, patient=True, displays=displays, last_pass=LastPass(gl))

    def strobe(state, drawing):
        level = 0.9 if int(state.moment.time_s * 5.9) % 2 else 0.0
        drawing.gl.fbo.clear(level, level, level, 1.0)

    stage._scenes["wall"] = SimpleNamespace(draw=strobe)
    target, meter = gl.simple_framebuffer(size, 3), FlashMeter()
    for frame, state in enumerate(_shown(small_world, wishes, 5.0)):
        stage.resize(displays.picture_px(size, state.knobs))
        stage.draw(state, target)
        pixels = np.frombuffer(target.read(components=3, alignment=1), np.uint8).reshape(90, 160, 3)
        assert not meter.judge(linear(pixels), time_s=frame / 30.0).fails


def test_the_surface_is_config_too():
    from mixtape.config import from_table

    config = from_table({"displays": {"use": "0 2", "overlap": 0.1, "output_2": "right: rotate 180"}})
    assert config.displays.output_2 == "right: rotate 180"
    for table in ({"use": "0 0"}, {"use": "left"}, {"output_1": "rotate 45"}):
        with pytest.raises(ConfigError):
            from_table({"displays": table})
    assert displays_of("2 0", count=3) == (2, 0)
    assert displays_of("all", count=3) == (0, 1, 2)
    with pytest.raises(ConfigError):
        displays_of("0 3", count=3)


_TWO = """
import pygame, installation.window as room
boxes = {0: (0, 0, 640, 360), 1: (640, 40, 960, 280)}
assert room.display_names() == [], "nobody sees an offscreen display"
pygame.display.init()
assert room.display_box(0)[:2] == (0, 0)
room.display_box = boxes.get
pygame.display.get_num_displays = lambda: 2
"""
_SPANNED = """
with room.Window(size=(320, 180), fullscreen=True, over="0 1") as window:
    assert window.size == (960, 360), window.size
    assert window.views == ((0.0, 0.0, 640 / 960, 1.0), (640 / 960, 40 / 360, 1.0, 280 / 360)), window.views
    assert not pygame.display.get_allow_screensaver()
    window.toggle_fullscreen()
    assert window.size == (960, 360)
"""
_WINDOWED = """
with room.Window(size=(320, 180), fullscreen=False, over="all") as window:
    assert (window.size, len(window.views)) == ((320, 180), 2)
"""
_MIRRORED = """
room.display_box = lambda _: (0, 0, 640, 360)
try:
    room.Window(size=(320, 180), fullscreen=True, over="0 1")
except room.ShowError as error:
    assert "Wayland" in str(error), error
else:
    raise AssertionError("two displays in one place make no surface")
"""


@pytest.mark.parametrize("then", [_SPANNED, _WINDOWED, _MIRRORED], ids=["spanned", "windowed", "mirrored"])
def test_one_borderless_window_covers_several_displays_where_they_lie(then):
    done = subprocess.run(
        [sys.executable, "-c", _TWO + then],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "SDL_VIDEODRIVER": "offscreen"},
    )
    assert done.returncode == 0, done.stderr
