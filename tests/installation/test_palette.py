"""Colours chosen by hand, in place of the playing song's cover's."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from installation.clock import FixedClock
from installation.colours import chosen
from installation.control.feedback import moving
from installation.control.knobs import Refusal, event
from installation.messages import ControlEvent
from installation.stage import Stage
from installation.step import first_state, step
from installation.wall import wall_request
from mixtape.config import Config, changed
from mixtape.covergan.colours import colours_of
from mixtape.errors import ConfigError

TWO = "#102040 #ffcc00"


def shades(state):
    return state.palette.srgb.astype(int)


def states(world, seconds, *wishes, fps=60.0):
    """Every state of a show in which each wish (time, knob, value) was said."""
    state, clock, found = first_state(world, seed_id=world.tracks[3].id, seed=1), FixedClock(fps), []
    for _ in range(round(seconds * fps)):
        moment = clock.tick(0.0)
        moment = type(moment)(moment.frame, moment.time_s, moment.dt_s, moment.time_s)
        since_s = moment.time_s - 1.0 / fps
        due = [ControlEvent("test", knob, value, at_s) for at_s, knob, value in wishes if since_s < at_s <= moment.time_s]
        state, _ = step(state, due, moment, world)
        found.append(state)
    return found


def test_chosen_colours_come_in_smoothly_stay_through_songs_and_go_again(small_world):
    seen = states(small_world, 20.0, (2.0, "palette", TWO), (8.0, "next", None), (14.0, "palette", ""))
    moved = np.array([np.abs(shades(b) - shades(a)).max() for a, b in itertools.pairwise(seen)])
    assert moved.max() <= 6, "nothing leaps"
    np.testing.assert_array_equal(shades(seen[6 * 60])[:2], [[16, 32, 64], [255, 204, 0]])
    np.testing.assert_array_equal(shades(seen[8 * 60 - 2]), shades(seen[13 * 60])), "another song, the same colours"
    assert seen[13 * 60].track_id != seen[60].track_id
    np.testing.assert_array_equal(shades(seen[-1]), shades(states(small_world, 20.0, (8.0, "next", None))[-1]))


def test_colours_chosen_again_and_again_hardly_move(small_world):
    wishes = [(1.0 + k / 30, "palette", "#000000" if k % 2 else "#ffffff") for k in range(120)]
    seen = states(small_world, 5.0, *wishes)
    level = np.array([shades(state).mean() for state in seen])
    assert np.abs(np.diff(level)).max() < 3.0
    assert np.ptp(level[60:]) < 20.0, "a strobe of colours is no strobe"


def test_the_same_wishes_give_the_same_colours_at_any_rate(small_world):
    wishes = ((1.0, "palette", TWO), (2.0, "palette", "#ff0000"), (3.0, "next", None))
    fast, slow = states(small_world, 6.5, *wishes), states(small_world, 6.5, *wishes, fps=30.0)
    for fast_state, slow_state in zip(fast[::2], slow, strict=True):
        assert np.abs(shades(fast_state) - shades(slow_state)).max() <= 8
    np.testing.assert_array_equal(shades(fast[-1]), shades(slow[-1]))


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (("#1a2b3c #ffcc00",), "#1a2b3c #ffcc00"),
        (("1A2B3C,ffcc00",), "1A2B3C,ffcc00"),
        (("",), ""),
        ((1.0, 0.0, 0.5), "#ff0080"),
        ((0, 0, 0, 1, 1, 1), "#000000 #ffffff"),
        ((2.0, -1.0, 0.0), "#ff0000"),
    ],
)
def test_osc_takes_text_or_numbers(args, text):
    assert event("osc", "/mixtape/palette", args, time_s=0.0).value == text


@pytest.mark.parametrize(
    "args",
    [("#12345",), ("red",), ("#1 #2",), (1.0, 0.5), tuple([0.5] * 18), (0.5,), (float("nan"), 0.0, 0.0), ("#ffffff", 1.0, 1.0)],
)
def test_what_is_no_colour_is_refused_in_words(args):
    refused = event("osc", "/mixtape/palette", args, time_s=0.0)
    assert isinstance(refused, Refusal)
    assert "/mixtape/palette" in refused.reason
    assert ("nothing came" in refused.reason) == (args == ())


def test_config_says_what_is_wrong_with_a_colour_and_takes_a_right_one(make_world):
    with pytest.raises(ConfigError, match="six hex digits"):
        changed(Config(), "show", palette="#12 #34")
    with pytest.raises(ConfigError, match="1 to 5"):
        changed(Config(), "show", palette=" ".join(["#ffffff"] * 6))
    world = make_world(12, config=changed(Config(), "show", palette=TWO))
    assert shades(first_state(world, seed_id=None, seed=1))[1].tolist() == [255, 204, 0]


def test_shares_are_even_and_sum_to_one():
    for count in range(1, 6):
        palette = chosen(" ".join(f"#{k:02x}0000" for k in range(count)))
        assert palette.srgb.shape == (5, 3)
        assert palette.share.sum() == pytest.approx(1.0)
        assert palette.srgb[:count, 0].tolist() == list(range(count)), "in the order they were given"


def test_who_is_told_by_osc_and_the_wall_go_by_them(small_world):
    state = states(small_world, 5.0, (0.5, "palette", "#ff0000"), (0.5, "wall_colours", 1.0))[-1]
    told = dict(moving(state, small_world))["palette"]
    assert told[:3] == (1.0, 0.0, 0.0)
    asked = wall_request(state, small_world, 7)
    np.testing.assert_allclose(asked.colours, np.repeat(colours_of([state.palette]), len(asked.tiles), axis=0))


def test_the_picture_takes_them(gl, small_world, play):
    def mean(palette):
        state = play(small_world, 9.0, (0.5, "palette", palette), (0.5, "scene", "map"), (0.5, "grading", 1.0))
        stage.draw(state)
        return stage.read().reshape(-1, 3).mean(axis=0)

    stage = Stage(gl, small_world, size=(320, 180), patient=True)
    red, blue = mean("#ff2010 #801008"), mean("#1030ff #081880")
    assert red[0] - blue[0] > 4.0
    assert blue[2] - red[2] > 4.0
