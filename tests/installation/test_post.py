"""What the last look does, and that none of it costs anything where its knob is 0."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType

import numpy as np
import pytest

from installation.gl.targets import Screen
from installation.stage import Stage

PLAIN = {"bloom": 0.0, "grain": 0.0, "grading": 0.0, "trails": 0.0, "title_s": 0.0}


class Lamp:
    """A scene: white on the left until second 10, then dark."""

    def draw(self, state, drawing):
        gl = drawing.gl
        gl.fbo.clear(0.0, 0.0, 0.0, 1.0)
        if state.moment.time_s < 10.0:
            width, height = drawing.size_px
            gl.fbo.clear(1.0, 1.0, 1.0, 1.0, viewport=(0, 0, width // 2, height))


@pytest.fixture
def seen(gl, small_world, play):
    """The pictures (h, w, 3) of the lamp at times, by knobs, each stage anew."""
    state = play(small_world, 9.0, (0.0, "scene", "map"))

    def pictures(times, **knobs):
        stage = Stage(gl, small_world, size=(160, 90), patient=True)
        stage._scenes["map"] = Lamp()
        turned = MappingProxyType({**state.knobs, **PLAIN, **knobs})
        made = []
        for time_s in times:
            stage.draw(replace(state, knobs=turned, moment=replace(state.moment, time_s=float(time_s))))
            made.append(stage.read().astype(int))
        return made

    return pictures


@pytest.mark.parametrize("fps", [24, 60, 144])
def test_what_lingers_after_a_light_goes_out_is_the_same_at_any_frame_rate(fps, seen):
    few = seen([9.9, 11.0], trails=0.6)
    many = seen([*np.arange(9.5, 9.9, 1 / fps), 9.9, *np.arange(10.0, 11.0, 1 / fps), 11.0], trails=0.6)
    assert few[-1][45, 40].min() > 20
    assert np.abs(many[-1][45, 40] - few[-1][45, 40]).max() <= 1


def test_trails_fade_and_the_same_states_give_the_same_trails(seen):
    times = np.arange(9.8, 11.5, 0.05)
    once, again = seen(times, trails=0.4), seen(times, trails=0.4)
    assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))
    fading = [picture[45, 40, 0] for picture in once[6:]]
    assert all(a >= b for a, b in pairwise(fading)) and fading[0] > 2 * fading[-1]
    assert once[-1][45, 120].max() < 8


def test_without_trails_nothing_lingers(seen):
    assert seen([9.9, 10.5])[-1].max() <= 2


def test_grading_turns_lights_and_shadows_towards_the_song_and_leaves_them_as_light(seen):
    (plain,), (graded,) = seen([9.0]), seen([9.0], grading=1.0)
    for x, moves in ((40, 6), (120, 2)):
        apart = graded[45, x] - plain[45, x]
        assert np.ptp(apart) >= moves
    luma = np.array([0.2126, 0.7152, 0.0722])
    assert abs((graded[45, 40] - plain[45, 40]) @ luma) < 12


def test_bloom_spreads_light_into_the_dark(seen):
    (plain,), (blooming,) = seen([9.0]), seen([9.0], bloom=1.0)
    assert blooming[45, 84].mean() > plain[45, 84].mean() + 20


def test_what_is_turned_off_is_not_drawn(seen, monkeypatch):
    drawn: list[str] = []
    plainly = Screen.draw

    def noted(self, name, **uniforms):
        drawn.append(name)
        plainly(self, name, **uniforms)

    monkeypatch.setattr(Screen, "draw", noted)
    seen([9.0])
    assert [name for name in drawn if name.startswith("post/")] == ["post/final"]
