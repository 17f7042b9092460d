from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from installation.calm import GLIDE
from installation.camera import Camera, View, look_at, looked, step_back
from installation.clock import FixedClock, RealClock
from installation.heard import Heard, envelope
from installation.messages import ControlEvent, Moment, Pause, Play, Quit, Volume
from installation.places import flown, places_of
from installation.step import first_state, step
from mixtape.config import Config, ShowConfig
from mixtape.types import BANDS, Timeline

KNOBS = (
    "seed",
    "seed_at",
    "tape",
    "next",
    "previous",
    "pause",
    "scene",
    "quit",
    "wall_rows",
    "wall_speed",
    "energy",
    "volume",
    "transition_s",
    "map",
    "map_s",
    "nonsense",
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-100, 100),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["map", "grid", "wall", "auto", "Ostinato", "fused", "rp-30", "tonal-30"]),
)
EVENTS = st.builds(
    ControlEvent, st.just("test"), st.one_of(st.sampled_from(KNOBS), st.text(max_size=6)), VALUES, st.floats(0, 100)
)
FRAMES = st.lists(st.tuples(st.lists(EVENTS, max_size=3), st.floats(), st.floats()), min_size=1, max_size=25)


def wish(knob, value=None):
    return ControlEvent("test", knob, value, 0.0)


def at(time_s, song_s, dt_s=1 / 30):
    return Moment(int(time_s * 30), time_s, dt_s, song_s)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frames=FRAMES)
def test_whatever_comes_the_state_stays_in_range(frames, small_world):
    state = first_state(small_world, seed_id=None, seed=1)
    time_s = 0.0
    for events, dt_s, song_s in frames:
        time_s += dt_s if 0 <= dt_s < 100 else 0.0
        state, commands = step(state, events, Moment(0, time_s, dt_s, song_s), small_world)
        assert all(isinstance(command, Play | Pause | Volume | Quit) for command in commands)
        assert state.track_id in small_world.row
        assert state.history[-1] == state.track_id
        assert len(state.next_ids) == 5
        assert 0 <= state.scene_mix <= 1
        assert 0 <= state.way[2] <= 1
        assert state.scene in ("map", "grid", "wall")
        assert 0 <= state.audio.level <= 1
        assert 1 <= len(state.flights) <= 4
        assert np.isfinite(small_world.maps.laid(state.flights, state.moment.time_s).places.map_xy).all()
        assert math.isfinite(state.wandered_s)
        assert math.isfinite(state.song_s)
        assert all(math.isfinite(v) for v in (state.camera.x, state.camera.y, state.camera.zoom_log2))
        assert 6 <= state.knobs["wall_rows"] <= 36
        assert 0 <= state.knobs["energy"] <= 1


def test_a_step_is_pure(small_world, play):
    state = play(small_world, 3.0)
    events = [wish("next")]
    one, asked = step(state, events, at(3.1, 3.0), small_world)
    two, asked_again = step(state, events, at(3.1, 3.0), small_world)
    assert asked == asked_again
    assert replace(one, audio=two.audio, palette=two.palette, from_palette=two.from_palette, knobs=two.knobs) is not two
    assert (one.track_id, one.next_ids, one.camera, one.wandered_s) == (two.track_id, two.next_ids, two.camera, two.wandered_s)


def test_the_same_show_is_the_same_at_every_frame_rate(small_world, play):
    wishes = ((2.0, "next", None), (5.0, "scene", "wall"))
    slow, fast = (play(small_world, 9.0, *wishes, fps=fps) for fps in (30, 120))
    assert slow.track_id == fast.track_id
    assert slow.next_ids == fast.next_ids
    assert slow.scene == fast.scene
    assert slow.wandered_s == pytest.approx(fast.wandered_s, abs=0.05)
    assert slow.camera.x == pytest.approx(fast.camera.x, abs=0.02)
    assert slow.camera.zoom_log2 == pytest.approx(fast.camera.zoom_log2, abs=0.05)


def test_near_its_end_a_song_hands_over_to_the_one_that_was_said_to_come(small_world, play):
    state = play(small_world, 25.0)
    assert len(state.history) == 1
    coming = state.next_ids
    after = play(small_world, 27.0)
    assert after.track_id == coming[0]
    assert after.next_ids[:4] == coming[1:]


@pytest.mark.parametrize(("seconds", "fade_s"), [(30.0, 4.0), (6.0, 2.0), (1.5, 0.5)])
def test_short_songs_fade_over_a_third_of_their_length(make_world, seconds, fade_s):
    world = make_world(8, seconds=seconds)
    state, fades = first_state(world, seed_id=world.tracks[0].id, seed=1), []
    clock, song_s, begun_s = FixedClock(30), 0.0, []
    for _ in range(30 * 70):
        state, commands = step(state, (), clock.tick(song_s), world)
        song_s = 0.0 if commands else song_s + 1 / 30
        for command in commands:
            fades.append(command.fade_s)
            begun_s.append(state.moment.time_s)
    assert len(fades) > 1
    assert fades == pytest.approx([fade_s] * len(fades))
    assert np.diff(begun_s) == pytest.approx(max(seconds - fade_s, 1.0), abs=0.1)


def test_the_next_song_comes_over_the_crossfade_and_only_once(small_world):
    state = first_state(small_world, seed_id=None, seed=1)
    coming = state.next_ids[0]
    asked = []
    for frame in range(120):
        # The sound goes on reporting the old song's end for a while, as a real one does.
        state, commands = step(state, [], at(40 + frame / 30, 26.5 if frame < 60 else (frame - 60) / 30), small_world)
        asked += commands
    assert asked == [Play(coming, 0.0, 4.0)]


def test_a_sound_that_stands_still_does_not_stop_the_show(small_world, play):
    state = play(small_world, 5.0)
    for frame in range(150):
        state, commands = step(state, [], at(5 + frame / 30, 5.0), small_world)
        if commands:
            break
    assert isinstance(commands[0], Play)


def test_a_pause_may_last(small_world, play):
    state = play(small_world, 6.0, (5.0, "pause", None))
    assert state.paused
    for frame in range(600):
        state, commands = step(state, [], at(6 + frame / 30, 5.0), small_world)
        assert commands == ()
    _, commands = step(state, [wish("pause")], at(30, 5.0), small_world)
    assert commands == (Pause(False),)


def test_no_song_comes_again_within_half_the_collection(make_world):
    world = make_world(30)
    state = first_state(world, seed_id=None, seed=1)
    for turn in range(80):
        state, _ = step(state, [wish("next")], at(turn, 0.0), world)
    for place, track_id in enumerate(state.history):
        assert track_id not in state.history[max(0, place - 14) : place]


def test_a_single_song_plays_again(make_world):
    world = make_world(1)
    _, commands = step(first_state(world, seed_id=None, seed=1), [wish("next")], at(1.0, 0.0), world)
    assert commands == (Play(world.tracks[0].id, 0.0, 4.0),)


def test_a_seed_by_words_or_by_id_begins_at_once(small_world, play):
    state = play(small_world, 2.0)
    by_words, commands = step(state, [wish("seed", "Vermilion")], at(2.1, 2.0), small_world)
    assert small_world.track(by_words.track_id).title == "Vermilion Sands"
    assert commands == (Play(by_words.track_id, 0.0, 4.0),)
    by_id, _ = step(state, [wish("seed", small_world.tracks[17].id)], at(2.1, 2.0), small_world)
    assert by_id.track_id == small_world.tracks[17].id


def test_an_unknown_seed_is_said_and_the_show_goes_on(small_world, play):
    state = play(small_world, 2.0)
    after, commands = step(state, [wish("seed", "polka from mars")], at(2.1, 2.0), small_world)
    assert commands == ()
    assert after.track_id == state.track_id
    assert "polka from mars" in after.error
    later, _ = step(after, [], at(20.0, 20.0), small_world)
    assert later.error is None


def test_previous_goes_back_and_next_returns(small_world, play):
    state = play(small_world, 4.0, (2.0, "next", None))
    first, second = state.history
    back, commands = step(state, [wish("previous")], at(4.1, 2.0), small_world)
    assert commands == (Play(first, 0.0, 4.0),)
    assert back.next_ids[0] == second
    again, _ = step(back, [wish("next")], at(5.0, 0.5), small_world)
    assert again.track_id == second


def test_knobs_are_checked_before_they_turn(small_world, play):
    state = play(small_world, 2.0)
    turned, commands = step(state, [wish("energy", 0.25), wish("volume", 0.5)], at(2.1, 2.0), small_world)
    assert turned.wished["energy"] == 0.25
    assert commands == (Volume(0.5),)
    for knob, value in (("energy", 7.0), ("energy", float("nan")), ("scene", "opera"), ("wall_rows", "many"), ("fps", 30)):
        refused, _ = step(state, [wish(knob, value)], at(2.1, 2.0), small_world)
        assert refused.knobs == state.knobs
        assert knob in refused.error


def test_a_knob_glides_to_where_it_was_turned_alike_at_any_frame_rate(small_world, play):
    values = {fps: play(small_world, 1.2, (1.0, "bloom", 1.0), fps=fps).knobs["bloom"] for fps in (20.0, 60.0)}
    assert 0.4 < values[20.0] < 1.0
    begun_s = {fps: 1.2 - math.ceil(1.0 * fps) / fps for fps in values}
    assert begun_s[20.0] == pytest.approx(begun_s[60.0])
    assert values[20.0] == pytest.approx(values[60.0], abs=0.12), "a frame more or less of gliding at most"
    assert play(small_world, 2.5, (1.0, "bloom", 1.0)).knobs["bloom"] == 1.0
    assert play(small_world, 1.1, (1.0, "wall_rows", 20)).knobs["wall_rows"] == 20


def test_quit_is_handed_to_the_app(small_world, play):
    assert Quit() in step(play(small_world, 1.0), [wish("quit")], at(1.1, 1.0), small_world)[1]


def test_the_director_goes_from_scene_to_scene_and_back(make_world, play):
    config = Config(show=ShowConfig(scene_s=6.0, transition_s=2.0))
    world = replace(make_world(20, seconds=300.0, config=config), scenes=("map", "wall", "chart"))
    seen = [play(world, seconds).scene for seconds in (3.0, 9.0, 15.0, 21.0)]
    assert seen == ["map", "wall", "chart", "map"]


def test_a_scene_change_taken_back_half_way_runs_backwards(small_world, play):
    on_the_way = play(small_world, 5.0, (0.0, "scene", "map"), (4.0, "scene", "grid"))
    assert on_the_way.way[:2] == ("map", "grid")
    assert 0 < on_the_way.way[2] < 1
    back, _ = step(on_the_way, [wish("scene", "map")], at(5.01, 5.0, 0.001), small_world)
    assert back.scene == "map"
    assert back.way[:2] == ("map", "grid")
    assert back.way[2] == pytest.approx(on_the_way.way[2], abs=0.01)
    home, _ = step(back, [], at(9.0, 9.0, 1.0), small_world)
    home, _ = step(home, [], at(10.0, 10.0, 1.0), small_world)
    assert (home.scene, home.scene_mix) == ("map", 1.0)


def test_a_scene_that_is_not_there_is_said_and_the_show_goes_on(small_world, play):
    state = play(small_world, 1.0)
    after, _ = step(state, [wish("scene", "opera")], at(1.1, 1.0), small_world)
    assert after.scene == state.scene
    assert after.knobs["scene"] == state.knobs["scene"]
    assert "opera" in after.error and "wall" in after.error


def test_the_palette_goes_over_without_a_leap(small_world, play):
    state = play(small_world, 3.0)
    after, _ = step(state, [wish("next")], at(3.03, 3.0), small_world)
    assert np.abs(after.palette.srgb.astype(int) - state.palette.srgb).max() <= 2
    arrived = play(small_world, 9.0, (3.0, "next", None))
    own = {tuple(colour) for colour in small_world.palette(arrived.track_id).srgb}
    assert {tuple(colour) for colour in arrived.palette.srgb} == own


# What is heard -----------------------------------------------------------------------------------------------------------------


def test_the_envelope_rises_within_frames_and_falls_over_a_quarter_second():
    x = np.zeros(120, np.float32)
    x[30] = 1.0
    y = envelope(x)
    top = int(np.argmax(y))
    assert 30 <= top <= 34
    assert y[top + 25] / y[top + 10] == pytest.approx(math.exp(-1), rel=0.05)
    assert y[:30].max() < 1e-3


def test_what_is_heard_depends_on_the_place_alone(small_world):
    ear = Heard.of(small_world.timeline(small_world.tracks[0].id))
    assert ear.at(7.123).level == ear.at(7.123).level
    assert np.all(ear.at(9.0).integrated >= ear.at(8.0).integrated)
    for place in (-5.0, 0.0, 1e9, float("nan"), float("inf")):
        frame = ear.at(place)
        assert frame.bands.shape == frame.smoothed.shape == frame.integrated.shape == (BANDS,)
        assert 0 <= frame.level <= 1
        assert 0 <= frame.beat_phase < 1


def test_an_empty_timeline_is_silence():
    none = np.zeros(0, np.float32)
    assert Heard.of(Timeline(none, np.zeros((0, BANDS), np.float32), none, none, none)).at(1.0).level < 1e-6


# Clocks, camera, places --------------------------------------------------------------------------------------------------------


def test_the_fixed_clock_does_not_drift():
    clock = FixedClock(30)
    moments = [clock.tick(0.0) for _ in range(1801)]
    assert moments[0].time_s == 0.0
    assert moments[-1].time_s == 60.0


def test_the_real_clock_passes_over_a_long_gap():
    ticks = iter([10.0, 10.1, 500.0, 499.0])
    clock = RealClock(lambda: next(ticks))
    times = [clock.tick(0.0).time_s for _ in range(4)]
    assert times == pytest.approx([0.0, 0.1, 0.35, 0.35])


def test_the_camera_can_be_flown_and_comes_back_to_the_song(small_world, play):
    by_itself = play(small_world, 9.0, (0.0, "scene", "map"))
    flown = play(small_world, 9.0, (0.0, "scene", "map"), (4.0, "look_x", 0.1), (4.0, "look_y", 0.9), (4.0, "look_zoom", 3.0))
    assert (flown.camera.x, flown.camera.y, flown.camera.zoom_log2) == pytest.approx(((0.1 - 0.5) * 1.5, 0.4, 3.0), abs=0.01)
    assert flown.camera.free > 0.95
    back = play(small_world, 20.0, (0.0, "scene", "map"), (0.0, "look_s", 2.0), (4.0, "look_x", 0.1))
    alone = play(small_world, 20.0, (0.0, "scene", "map"), (0.0, "look_s", 2.0))
    assert (back.camera.x, back.camera.y) == pytest.approx((alone.camera.x, alone.camera.y), abs=0.01)
    assert by_itself.camera.free == 0.0


def test_turning_one_knob_of_the_look_moves_nothing_else(small_world, play):
    before = play(small_world, 8.0, (0.0, "scene", "map"))
    after, _ = step(before, [wish("look_x", 0.2)], at(8.03, 8.0), small_world)
    assert float(after.knobs["look_y"]) == pytest.approx(before.camera.y + 0.5, abs=1e-6)
    assert float(after.knobs["look_zoom"]) == pytest.approx(before.camera.zoom_log2, abs=1e-6)


def test_the_land_follows_the_pointer():
    look = (0.4, 0.6, 1.0)
    moved = looked(look, across=0.1, down=0.05, aspect=1.6)
    assert moved[0] < look[0] and moved[1] > look[1] and moved[2] == look[2]
    seen = [View(*look_at(*each)[:2], zoom=2.0 * step_back(1.6), tilt=1.0, aspect=1.6) for each in (look, moved)]
    spot = np.array([look_at(*look)[:2]], np.float32)
    (before,), (after,) = (view.project(spot)[0] for view in seen)
    assert after[0] - before[0] == pytest.approx(0.1 * 1.6, rel=0.1)
    assert before[1] - after[1] == pytest.approx(0.05, rel=0.1)
    assert looked((0.0, 1.0, 6.0), across=9.0, down=9.0, closer=9.0, aspect=1.6) == (0.0, 1.0, 6.0)


def test_two_short_steps_of_the_camera_equal_one_long_one():
    start = Camera(0.2, -0.1, 0.5, vx=0.3)
    once = start.follow(1.0, 1.0, 2.0, dt_s=0.4)
    twice = start.follow(1.0, 1.0, 2.0, dt_s=0.1).follow(1.0, 1.0, 2.0, dt_s=0.3)
    assert (once.x, once.y, once.zoom_log2, once.vx) == pytest.approx((twice.x, twice.y, twice.zoom_log2, twice.vx))


def test_the_view_puts_its_centre_where_it_says_and_near_things_larger():
    view = View(x=0.1, y=0.2, zoom=2.0, tilt=1.0, aspect=1.6, screen_x=0.05, screen_y=0.02)
    screen, scale = view.project(np.array([[0.1, 0.2], [0.1, 0.3], [0.1, 0.1]], np.float32))
    assert screen[0] == pytest.approx([0.05, 0.02])
    assert scale[2] > scale[0] > scale[1]


def test_tiles_fly_from_their_place_to_their_cell(small_world):
    places = places_of(small_world.song_map, small_world.grid)
    land = places.map_xy, places.map_half
    grid = places.cell_xy, np.full(len(places.cell_xy), places.cell_half, np.float32)

    def at_share(share):
        return flown(land, grid, share=share, focus=3)[0]

    assert np.array_equal(at_share(0.0), places.map_xy)
    assert np.array_equal(at_share(1.0), places.cell_xy)
    assert np.abs(at_share(1e-4) - places.map_xy).max() < 1e-3
    assert np.abs(at_share(1 - 1e-4) - places.cell_xy).max() < 1e-3
    left = np.linalg.norm(at_share(0.3) - places.map_xy, axis=1) / np.linalg.norm(places.cell_xy - places.map_xy, axis=1)
    assert left[3] > left[np.argmax(np.linalg.norm(places.map_xy - places.map_xy[3], axis=1))]


def test_settled_tiles_do_not_hide_each_other(small_world):
    places = places_of(small_world.song_map, small_world.grid)
    apart = np.abs(places.map_xy[:, None] - places.map_xy[None]).max(axis=2) + 9 * np.eye(len(places.map_xy))
    assert (apart > 0.75 * np.minimum(places.map_half[:, None], places.map_half[None])).all()


# Reduced motion ----------------------------------------------------------------------------------------------------------------


def test_reduced_motion_holds_knobs_back_and_lets_them_go_again(small_world, play):
    wishes = ((0.0, "energy", 0.9), (0.0, "transition_s", 0.5), (0.0, "wall_speed", 3.0))
    still = play(small_world, 2.5, *wishes, (1.0, "reduced_motion", True))
    assert still.knobs["energy"] == 0.0 and still.knobs["wall_speed"] == 0.5
    assert still.knobs["transition_s"] >= 6.0 and still.knobs["scene_s"] >= 60.0
    again = play(small_world, 3.0, *wishes, (1.0, "reduced_motion", True), (1.5, "reduced_motion", False))
    assert again.knobs["energy"] == 0.9 and again.knobs["transition_s"] == 0.5


def test_in_reduced_motion_the_camera_goes_to_a_new_song_slowly_and_then_rests(small_world, play):
    def fastest(*wishes):
        states = [
            play(small_world, 8.0 + t, (0.0, "scene", "map"), (8.0, "next", None), *wishes) for t in np.arange(0.4, 4.0, 0.6)
        ]
        return max(math.hypot(s.camera.vx, s.camera.vy) for s in states), max(abs(s.camera.vz) for s in states)

    moved, reduced = fastest(), fastest((0.0, "reduced_motion", True))
    # The camera's own time runs slower too, so its speeds count for less than they say.
    assert reduced[0] * GLIDE < 0.5 * moved[0]
    assert reduced[1] * GLIDE < 0.5 * moved[1]


def test_in_reduced_motion_no_scene_is_left_within_a_minute(small_world, play):
    wishes = ((0.0, "scene_s", 4.0), (0.0, "reduced_motion", True))
    assert play(small_world, 59.0, *wishes, fps=10.0).scene == "map"
    assert play(small_world, 70.0, *wishes, fps=10.0).scene == "grid"


def test_a_seek_goes_to_its_second_and_the_song_stays_the_same_song(small_world, play):
    state = play(small_world, 5.0)
    after, commands = step(state, [wish("seek", 20.0)], at(5.1, 5.0), small_world)
    assert commands == (Play(state.track_id, 20.0, 0.06),)
    assert (after.song_s, after.track_id, after.history) == (20.0, state.track_id, state.history)
    assert after.started_s == state.started_s
    # The sound still says the old place for a while: that is not where the song is.
    later, _ = step(after, [], at(5.2, 5.2), small_world)
    assert later.song_s == pytest.approx(20.0 + 1 / 30)
    arrived, _ = step(later, [], at(5.4, 20.15), small_world)
    assert arrived.song_s == 20.15


@pytest.mark.parametrize(("now_s", "wished", "place_s"), [(5.0, 10.0, 15.0), (5.0, -10.0, 0.0), (25.0, 100.0, 30.0)])
def test_a_skip_goes_on_or_back_within_the_song(small_world, play, now_s, wished, place_s):
    state = play(small_world, now_s)
    after, commands = step(state, [wish("skip", wished)], at(now_s, now_s), small_world)
    assert after.song_s == pytest.approx(place_s, abs=0.1)
    assert commands[0] == Play(state.track_id, after.song_s, 0.06)


def test_skips_in_a_burst_add_up(small_world, play):
    after, commands = step(play(small_world, 5.0), [wish("skip", 2.0)] * 4, at(5.0, 5.0), small_world)
    assert after.song_s == pytest.approx(13.0)
    assert len(commands) == 4


@pytest.mark.parametrize("value", [None, "x", True, float("nan"), float("inf")])
def test_a_seek_to_nowhere_is_said_and_nothing_moves(small_world, play, value):
    state = play(small_world, 5.0)
    after, commands = step(state, [wish("seek", value)], at(5.1, 5.1), small_world)
    assert commands == ()
    assert after.song_s == 5.1
    assert "seconds" in after.error


def test_a_seek_while_the_song_is_held_waits_at_its_place(small_world, play):
    state, _ = step(play(small_world, 6.0, (5.0, "pause", None)), [wish("seek", 12.0)], at(6.0, 5.0), small_world)
    for frame in range(60):
        state, commands = step(state, [], at(6 + frame / 30, 5.0), small_world)
        assert commands == ()
    assert state.song_s == 12.0


def test_a_seek_to_the_end_goes_on_to_the_next_song(small_world, play):
    state = play(small_world, 5.0)
    coming = state.next_ids[0]
    state, _ = step(state, [wish("seek", 29.0)], at(5.1, 5.0), small_world)
    state, commands = step(state, [], at(5.3, 29.2), small_world)
    assert commands[0].track_id == coming


def test_songs_without_a_crossfade_are_asked_for_before_the_last_sample(small_world, play):
    state = play(small_world, 29.4, (1.0, "crossfade_s", 0.0))
    assert len(state.history) == 1
    state, commands = step(state, [], at(29.55, 29.55), small_world)
    assert commands == (Play(state.track_id, 0.0, 0.0, 30.0),)
    # The song before is still heard: the new one stands at its beginning.
    state, commands = step(state, [], at(29.6, 0.0), small_world)
    assert commands == ()
    assert state.song_s == 0.0


def test_a_show_that_stood_still_finds_back_to_its_sound(small_world, play):
    state, _ = step(play(small_world, 5.0), [wish("next")], at(5.1, 1e9), small_world)
    # The machine slept: the sound is 6 s into the song, the show's own time passed 0.25 s.
    state, _ = step(state, [], at(5.35, 6.0), small_world)
    assert state.song_s < 1.0
    for frame in range(120):
        state, _ = step(state, [], at(5.35 + frame / 30, 6.0 + frame / 30), small_world)
    assert state.song_s == pytest.approx(6.0 + 119 / 30)


def test_a_song_is_left_at_a_boundary_when_that_is_on(make_world, play):
    world, sections_s = make_world(8, seconds=60.0), np.array([20.0, 51.0], np.float32)
    timelines = {track.id: replace(world.timeline(track.id), sections_s=sections_s) for track in world.tracks}
    world, on = replace(world, timeline=timelines.get), (1.0, "crossfade_at_sections", True)
    assert len(play(world, 52.0, fps=10.0).history) == 1
    assert len(play(world, 50.8, on, fps=10.0).history) == 1
    assert len(play(world, 51.3, on, fps=10.0).history) == 2
