from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from installation.clock import FixedClock
from installation.messages import ControlEvent, Moment, Play
from installation.places import on_map
from installation.pulses import recent_pulses
from installation.room.told import Now, place_text, read_place, read_song, song_text
from installation.showlog import ShowLog, events
from installation.state import FrameState
from installation.step import first_state, step
from installation.wall import wall_request
from installation.world import World


def heard(time_s: float, *, level: float = 0.5, pulse: float = 0.0) -> ControlEvent:
    bands = np.linspace(0, 1, 8, dtype=np.float32)
    return ControlEvent("room", "heard", Now(level, bands, bands, pulse, pulse, 0.25).text, time_s)


def evening(world: World, told: dict[int, list[ControlEvent]], *, frames: int, fps: float = 30.0) -> list[FrameState]:
    """States of a show in a room that tells `told` by frame, and its numbers in every frame."""
    state, clock, states = first_state(world, seed_id=None, seed=1), FixedClock(fps), []
    for frame in range(frames):
        moment = clock.tick(1e9)
        level = 0.5 + 0.4 * np.sin(moment.time_s)
        state, commands = step(state, [heard(moment.time_s, level=level), *told.get(frame, [])], moment, world)
        assert not any(isinstance(command, Play) for command in commands)
        states.append(state)
    return states


def song(world: World, row: int, second: float) -> ControlEvent:
    return ControlEvent("room", "song", song_text(world.tracks[row].id, second), 0.0)


def test_numbers_come_through_their_text() -> None:
    bands = np.array([0, 0.1, 0.2, 0.3, 0.5, 0.8, 0.9, 1], np.float32)
    now = Now(0.3, bands, bands[::-1], 0.7, 1.0, 0.99)
    read = Now.of(now.text)
    assert (read.level, read.onset, read.pulse) == pytest.approx((0.3, 0.7, 1.0), abs=0.002)
    assert read.bands == pytest.approx(bands, abs=0.002)
    assert read.smoothed == pytest.approx(bands[::-1], abs=0.002)
    assert read.text == now.text
    assert read_song(song_text("ab", 12.3456)) == ("ab", 12.346)
    assert read_place(place_text((0.5, 0.25), "ab")) == ((0.5, 0.25), "ab", None)
    condition = np.linspace(-3.0, 3.0, 32, dtype=np.float32)
    assert read_place(place_text((0.5, 0.25), "ab", condition))[2] == pytest.approx(condition.tolist(), abs=2e-3)
    for broken in ("0.5 0.5 ab 00", "0.5 0.5 ab zz", "0.5 0.5 ab " + "007e" * 32):
        with pytest.raises(ValueError):
            read_place(broken)


def test_a_recognised_song_plays_at_its_place_and_the_show_makes_no_sound(small_world: World) -> None:
    states = evening(small_world, {30: [song(small_world, 4, 12.0)]}, frames=120)
    assert states[-1].track_id == small_world.tracks[4].id
    assert states[-1].room is not None
    assert states[-1].room.recognised
    assert states[-1].song_s == pytest.approx(12.0 + 89 / 30, abs=1e-6)
    assert states[-1].next_ids == ()
    assert states[-1].audio.bands[7] == 1.0
    assert states[-1].audio.integrated[7] == pytest.approx(119 / 30, abs=0.02)
    assert states[-1].wandered_s > states[60].wandered_s


def test_a_song_goes_on_past_its_end_until_the_room_says_otherwise(small_world: World) -> None:
    states = evening(small_world, {3: [song(small_world, 4, 29.0)]}, frames=200)
    assert {state.track_id for state in states[4:]} == {small_world.tracks[4].id}


def test_other_music_moves_the_camera_to_its_place_and_asks_the_wall_for_the_song_it_is_like(small_world: World) -> None:
    place = ControlEvent("room", "place", place_text((0.9, 0.3), small_world.tracks[7].id), 0.0)
    states = evening(small_world, {10: [song(small_world, 2, 3.0)], 40: [place]}, frames=400)
    state = states[-1]
    assert state.room is not None
    assert not state.room.recognised
    assert state.song_s == 0.0
    assert state.track_id == small_world.tracks[7].id
    assert (state.camera.x, state.camera.y) == pytest.approx(on_map((0.9, 0.3)), abs=0.05)
    request = wall_request(state, small_world, 3)
    assert np.isfinite(request.conditions).all()


def test_pulses_run_outwards_from_what_was_heard(small_world: World) -> None:
    state = first_state(small_world, seed_id=None, seed=1)
    for frame in range(60):
        time_s = frame / 60
        moment = Moment(frame, time_s, 1 / 60, 0.0)
        state, _ = step(state, [heard(time_s, pulse=1.0 if frame == 30 else 0.0)], moment, small_world)
    pulses = recent_pulses(state, small_world, np.array([0.0, 29 / 60, 0.9, 5.0], np.float32))
    assert pulses == pytest.approx([0.0, 1.0, 0.0, 0.0], abs=0.05)


def test_in_a_room_nobody_chooses_songs_by_hand(small_world: World) -> None:
    wish = ControlEvent("keys", "next", None, 0.0)
    states = evening(small_world, {20: [wish]}, frames=25)
    assert states[-1].track_id == states[0].track_id
    assert "the room chooses" in (states[-1].error or "")


@pytest.mark.parametrize(
    ("knob", "value"),
    [
        ("heard", "zz"),
        ("heard", "00"),
        ("song", "ab"),
        ("song", "ab inf"),
        ("song", "nobody 3"),
        ("place", "2 0 ab"),
        ("other", ""),
    ],
)
def test_what_cannot_be_read_is_said_and_changes_nothing(small_world: World, knob: str, value: str) -> None:
    states = evening(small_world, {5: [ControlEvent("room", knob, value, 0.0)]}, frames=10)
    assert states[-1].error
    assert states[-1].track_id == states[0].track_id


def test_an_evening_replays_from_its_log(small_world: World, tmp_path) -> None:
    told = {
        10: [song(small_world, 4, 2.0)],
        50: [ControlEvent("room", "place", place_text((0.3, 0.4), small_world.tracks[1].id), 0)],
    }
    first = evening(small_world, told, frames=90)
    with ShowLog(tmp_path / "show.jsonl") as log:
        log.start(seed=1, config="", library="", versions={})
        for frame in range(90):
            level = 0.5 + 0.4 * np.sin(frame / 30)
            for event in (heard(frame / 30, level=level), *told.get(frame, [])):
                log.event(ControlEvent(event.source, event.knob, event.value, frame / 30))
    state, clock, kept = first_state(small_world, seed_id=None, seed=1), FixedClock(30), list(events(tmp_path / "show.jsonl"))
    for _ in range(90):
        moment = clock.tick(0.0)
        due = [event for event in kept if event.time_s == moment.time_s]
        state, _ = step(state, due, moment, small_world)
    assert state.track_id == first[-1].track_id
    assert state.wandered_s == first[-1].wandered_s
    assert state.camera == first[-1].camera
    assert np.array_equal(state.audio.integrated, first[-1].audio.integrated)


def test_motion_is_the_same_at_any_frame_rate(small_world: World) -> None:
    told = {30: [song(small_world, 4, 2.0)]}
    slow = evening(small_world, told, frames=91)[-1]
    fast = evening(small_world, {60: told[30]}, frames=181, fps=60.0)[-1]
    assert slow.song_s == pytest.approx(fast.song_s)
    assert slow.wandered_s == pytest.approx(fast.wandered_s, rel=0.02)
    assert slow.audio.integrated == pytest.approx(fast.audio.integrated, rel=0.02)


def test_the_wall_dreams_of_the_music_itself_that_is_heard(small_world):
    state = first_state(small_world, seed_id=small_world.tracks[3].id, seed=1)
    like = small_world.tracks[7].id
    heard = np.full(32, 2.0, np.float32)
    told = [ControlEvent("room", "place", place_text((0.5, 0.5), like, heard), 0.0)]
    state, _ = step(state, told, Moment(0, 0.0, 0.0, 0.0), small_world)
    for frame in range(1, 40 * 15):
        state, _ = step(state, [], Moment(frame, frame / 15, 1 / 15, 0.0), small_world)
    calm = replace(state, knobs={**state.knobs, "wall_spread": 0.0, "wall_truncation": 0.0})
    assert wall_request(calm, small_world, 0).conditions == pytest.approx(2.0, abs=2e-3)
    known = replace(calm, room=replace(calm.room, condition=None))
    own = small_world.conditions[small_world.row[like]]
    assert np.allclose(wall_request(known, small_world, 0).conditions, own, atol=1e-4)
