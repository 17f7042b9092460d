"""Two scenes mixed by hand, and the director who rests meanwhile."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from installation.clock import FixedClock
from installation.director import FADER_S, Bill, Cue, direct
from installation.messages import ControlEvent
from installation.stage import Stage
from installation.step import first_state, step

NAMES = ("map", "grid", "wall", "mine")
STANDING = Bill("map", "map", 1.0, 0.0, 0.0, "fly")
STEP_S = 1 / 50


def cue(now_s, **given):
    fresh = Cue(now_s, STEP_S, NAMES, "auto", stay_s=6.0, change_s=1.0, song="a", song_for_s=60.0, boundary=False, strong=False)
    return replace(fresh, **given)


def weights(bill):
    """How much of each scene is seen."""
    seen = dict.fromkeys(NAMES, 0.0)
    seen[bill.from_scene] += 1.0 - bill.mix
    seen[bill.scene] += bill.mix
    return np.array(list(seen.values()))


def bills(seconds, told):
    """The bills of `seconds`, `told(now_s)` giving what is told at a time."""
    found = [STANDING]
    for frame in range(round(seconds / STEP_S)):
        now_s = (frame + 1) * STEP_S
        found.append(direct(found[-1], cue(now_s, **told(now_s))))
    return found


def test_at_0_the_director_is_alone_at_1_the_other_scene_is_and_between_them_both_are_seen():
    def told(now_s):
        return {"fader": np.interp(now_s, [1.0, 2.0, 30.0, 31.0, 60.0, 61.0], [0.0, 0.5, 0.5, 1.0, 1.0, 0.0]), "other": "wall"}

    seen = bills(70.0, told)
    at = {second: seen[round(second / STEP_S)] for second in range(70)}
    assert (at[0].scene, at[0].mix) == ("map", 1.0)
    for second in range(3, 30):
        assert (at[second].from_scene, at[second].scene, at[second].mix) == ("map", "wall", 0.5), "the director rests"
        assert at[second].change == "mix"
    for second in range(32, 60):
        assert (at[second].scene, at[second].mix) == ("wall", 1.0)
    assert (at[62].scene, at[62].mix) == ("map", 1.0)
    assert at[65].scene == "map", "the director counts from when the fader came home"
    assert bills(80.0, told)[-1].scene != "map"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.floats(0.0, 2.0),
            st.sampled_from((0.0, 0.2, 0.5, 0.9, 1.0, None)),
            st.sampled_from((*NAMES, "auto", "opera", None)),
            st.sampled_from((*NAMES, "auto", None)),
        ),
        max_size=12,
    )
)
def test_nothing_ever_jumps_whatever_is_told_in_whatever_order(moves):
    bill, now_s, told = STANDING, 0.0, {"fader": 0.0, "other": "auto", "wish": "auto"}
    for wait_s, fader, other, wish in [*moves, (4.0, 0.0, None, None)]:
        given = zip(("fader", "other", "wish"), (fader, other, wish), strict=True)
        told |= {name: value for name, value in given if value is not None}
        for _ in range(max(1, round(wait_s / STEP_S))):
            now_s += STEP_S
            before, bill = bill, direct(bill, cue(now_s, **told))
            assert np.abs(weights(bill) - weights(before)).max() <= STEP_S / min(FADER_S, 1.0) + 1e-9
            assert {bill.scene, bill.from_scene} <= set(NAMES)
    for _ in range(200):
        now_s += STEP_S
        bill = direct(bill, cue(now_s, **told))
    assert not bill.fader.between
    assert told["wish"] in (bill.scene, "auto")


def test_a_button_takes_the_fader_across_in_its_own_time():
    seen = bills(3.0, lambda now_s: {"fader": 1.0 if now_s > 1.0 else 0.0, "other": "wall"})
    moving = [bill for bill in seen if bill.fader.between]
    assert len(moving) * STEP_S == pytest.approx(FADER_S, abs=2 * STEP_S)
    assert seen[-1].scene == "wall"


def test_while_both_are_seen_neither_is_exchanged_and_at_the_ends_each_is():
    def told(now_s):
        fader = np.interp(now_s, [1.0, 2.0, 6.0, 7.0, 12.0, 13.0], [0.0, 0.5, 0.5, 1.0, 1.0, 0.0])
        return {"fader": fader, "other": "wall" if now_s < 3.0 else "mine", "wish": "map" if now_s < 9.0 else "grid"}

    seen = bills(16.0, told)
    assert {(bill.from_scene, bill.scene) for bill in seen[150:300]} == {("map", "wall")}
    assert seen[round(11.0 / STEP_S)].scene == "mine", "at its end the other scene changes to what was told"
    assert {bill.from_scene for bill in seen if 12.2 < bill.fader.rested_s < 12.9} == {"grid"}
    assert seen[-1].scene == "grid"


def test_a_change_under_way_is_finished_first():
    seen = bills(
        4.0, lambda now_s: {"wish": "grid" if now_s > 0.5 else "map", "fader": 0.6 if now_s > 1.0 else 0.0, "other": "wall"}
    )
    assert seen[round(1.2 / STEP_S)].from_scene == "map"
    assert (seen[-1].from_scene, seen[-1].scene) == ("grid", "wall")


def test_auto_is_the_scene_that_would_come_next_and_reduced_motion_fades():
    seen = bills(2.0, lambda now_s: {"fader": 0.5})
    assert (seen[-1].from_scene, seen[-1].scene, seen[-1].change) == ("map", "grid", "fly")
    still = bills(2.0, lambda now_s: {"fader": 0.5, "still": True})
    assert still[-1].change == "fade"


# In the show


def run(world, seconds, *wishes, fps=30.0):
    state, clock = first_state(world, seed_id=world.tracks[3].id, seed=1), FixedClock(fps)
    for _ in range(round(seconds * fps)):
        moment = clock.tick(0.0)
        moment = type(moment)(moment.frame, moment.time_s, moment.dt_s, moment.time_s)
        since_s = moment.time_s - 1.0 / fps
        due = [ControlEvent("osc", knob, value, at_s) for at_s, knob, value in wishes if since_s < at_s <= moment.time_s]
        state, _ = step(state, due, moment, world)
    return state


def picture(stage, state):
    stage.draw(state)
    return stage.read().astype(np.int16)


@pytest.mark.parametrize(("scene", "other"), [("map", "grid"), ("map", "wall"), ("wall", "chart"), ("chart", "forming")])
def test_at_its_ends_the_picture_is_that_of_the_scene_alone_and_near_them_nearly(gl, small_world, scene, other):
    stage = Stage(gl, small_world, size=(320, 180), patient=True)
    begin = ((0.1, "scene", scene), (0.1, "transition_s", 0.0), (0.2, "scene_other", other))

    def at(mix):
        return picture(stage, run(small_world, 7.0, *begin, (1.0, "scene_mix", mix)))

    alone = picture(stage, run(small_world, 7.0, *begin))
    np.testing.assert_array_equal(at(0.0), alone)
    assert np.abs(at(0.004) - alone).mean() < 1.0
    whole = at(1.0)
    assert np.abs(at(0.996) - whole).mean() < 1.0
    if "forming" not in (scene, other):
        np.testing.assert_array_equal(whole, picture(stage, run(small_world, 7.0, *begin, (1.0, "scene", other))))
    mixed = at(0.5)
    assert np.abs(mixed - alone).mean() > 2.0
    assert np.abs(mixed - whole).mean() > 2.0


def test_a_log_with_the_fader_in_it_gives_the_same_states_again(small_world):
    wishes = tuple((1.0 + 0.1 * k, "scene_mix", float(value)) for k, value in enumerate(np.random.default_rng(3).random(60)))
    wishes = (*wishes, (3.0, "scene", "wall"), (5.0, "scene_other", "chart"), (7.5, "scene_mix", 0.0))
    once, again = run(small_world, 12.0, *wishes), run(small_world, 12.0, *wishes)
    assert (once.scene, once.from_scene, once.scene_mix, once.fader) == (
        again.scene,
        again.from_scene,
        again.scene_mix,
        again.fader,
    )
    assert once.scene == "wall"


def test_a_scene_that_is_not_there_is_said(small_world):
    assert "opera" in run(small_world, 2.0, (1.0, "scene_other", "opera")).error


def test_the_fader_is_a_knob_like_any_other():
    from installation.control.knobs import find

    assert (find("/mixtape/scene/mix").low, find("/mixtape/scene/mix").high) == (0.0, 1.0)
    assert "wall" in find("/mixtape/scene/other").choices
    seen = bills(1.0, lambda _: {"fader": 0.3, "other": "wall"})
    assert [bill.mix for bill in seen[-2:]] == [0.3, 0.3]
    assert all(b.fader.at >= a.fader.at for a, b in pairwise(seen))
