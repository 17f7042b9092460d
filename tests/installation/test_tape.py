"""A mixtape in the show: its songs come in their order, guests may come between, and what follows never repeats it."""

from __future__ import annotations

import numpy as np
import pytest

from installation.control.knobs import Refusal, event, events
from installation.messages import ControlEvent, Moment, Play
from installation.points import MOST, read_points, write_points
from installation.songs import begin_tape
from installation.state import COMING
from installation.step import first_state, step
from installation.tape import LONGEST, PLAIN, Tape, manner_of, read_made, write_made


def made(songs, manner=PLAIN):
    return write_made(manner, songs)


class Evening:
    """A show that only the step makes, ten frames a second."""

    def __init__(self, world, row=3):
        self.world, self.time_s = world, 0.0
        self.state = first_state(world, seed_id=world.tracks[row].id, seed=1)

    def frame(self, *asked):
        self.time_s += 0.1
        wishes = [ControlEvent("test", knob, value, self.time_s) for knob, value in asked]
        self.state, commands = step(self.state, wishes, Moment(0, self.time_s, 0.1, self.time_s), self.world)
        return commands


@pytest.fixture
def evening(small_world):
    return Evening(small_world)


@pytest.fixture
def songs(small_world):
    return tuple(track.id for track in small_world.tracks[10:22])


def test_a_mixtape_plays_in_its_order_and_then_the_walk_goes_on(evening, songs):
    made_up = (evening.state.track_id, *songs)
    evening.frame(("tape", made(made_up)))
    assert evening.state.next_ids == songs[:COMING]
    for song in songs:
        evening.frame(("next", None))
        assert evening.state.track_id == song
    assert evening.state.tape.songs == ()
    assert len(evening.state.next_ids) == COMING
    assert not set(evening.state.next_ids) & set(songs), "the walk comes back to the mixtape at once"


def test_a_mixtape_for_another_seed_comes_too_late(evening, songs):
    before = evening.state.next_ids
    evening.frame(("tape", made(songs)))
    assert evening.state.next_ids == before
    assert evening.state.tape.songs == ()


def test_the_next_mixtape_goes_on_from_the_end_of_the_one_that_plays(evening, songs):
    start = evening.state.track_id
    evening.frame(("tape", made((start, *songs[:4]))))
    assert evening.state.tape.end == songs[3]
    more = (songs[3], songs[4], songs[0], start, songs[5])
    evening.frame(("tape", made(more)))
    assert evening.state.tape.songs == songs[:6], "what waits or was heard is not put in twice"
    assert evening.state.tape.rounds == 2


def test_a_mixtape_that_brings_nothing_new_is_spent_until_another_song_begins(evening, songs):
    start = evening.state.track_id
    evening.frame(("tape", made((start,))))
    assert evening.state.tape.spent
    evening.frame(("next", None))
    assert not evening.state.tape.spent
    assert evening.state.tape.seed_id == evening.state.track_id


def test_a_guests_song_comes_between_and_the_mixtape_goes_on(evening, songs, small_world):
    guest = small_world.tracks[30].id
    evening.frame(("tape", made((evening.state.track_id, *songs))))
    evening.frame(("queue", guest))
    assert evening.state.next_ids == (guest, *songs[: COMING - 1])
    evening.frame(("next", None))
    assert evening.state.track_id == guest
    assert evening.state.next_ids == songs[:COMING]


def test_a_song_chosen_by_hand_ends_the_mixtape(evening, songs, small_world):
    evening.frame(("tape", made((evening.state.track_id, *songs))))
    evening.frame(("seed", small_world.tracks[33].id))
    assert evening.state.tape == Tape(small_world.tracks[33].id)


def test_the_song_before_comes_back_and_the_mixtape_after_it(evening, songs):
    start = evening.state.track_id
    evening.frame(("tape", made((start, *songs))))
    evening.frame(("next", None))
    evening.frame(("previous", None))
    assert evening.state.track_id == start
    evening.frame(("next", None))
    assert (evening.state.track_id, *evening.state.next_ids) == songs[: COMING + 1]


def test_a_recipe_turned_to_takes_the_place_of_what_was_to_come_once_it_is_made(evening, songs):
    before = evening.state.next_ids
    evening.frame(("recipe", "wander"))
    assert evening.state.next_ids == before, "nothing changes before the mixtape is there"
    manner = manner_of(evening.state.wished)
    evening.frame(("tape", made((evening.state.track_id, *songs), manner)))
    assert evening.state.next_ids == songs[:COMING]
    evening.frame(("variation", 4))
    evening.frame(("tape", made((evening.state.track_id, *songs[::-1]), manner)))
    assert evening.state.next_ids == songs[:COMING], "a mixtape of before the turn came too late"
    evening.frame(("tape", made((evening.state.track_id, *songs[::-1]), manner_of(evening.state.wished))))
    assert evening.state.next_ids == songs[: -COMING - 1 : -1]


def test_back_to_the_walk_it_goes_on_at_once(evening, songs):
    before = evening.state.next_ids
    evening.frame(("recipe", "wander"))
    evening.frame(("tape", made((evening.state.track_id, *songs), manner_of(evening.state.wished))))
    evening.frame(("recipe", "walk"))
    assert evening.state.tape == Tape(evening.state.track_id)
    assert evening.state.next_ids == before


def test_the_plain_walk_has_no_manner_and_every_turn_has_its_own(small_world):
    knobs = first_state(small_world, seed_id=None, seed=1).wished
    turned = [{**knobs, name: value} for name, value in (("recipe", "wander"), ("variation", 2), ("similar_ear", 0.5))]
    manners = [manner_of(each) for each in turned]
    assert manner_of(knobs) == PLAIN
    assert len({*manners, PLAIN}) == 4
    assert all(read_made(write_made(each, ("a", "b"))) == (each, ("a", "b")) for each in [PLAIN, *manners])


def test_begin_tape_plays_its_first_song_now(evening, songs, small_world):
    state, commands = begin_tape(evening.state, songs, small_world)
    assert state.track_id == songs[0]
    assert state.next_ids == songs[1 : COMING + 1]
    assert [each.track_id for each in commands if isinstance(each, Play)] == [songs[0]]


def test_a_place_on_the_map_plays_the_song_that_lies_there(evening, small_world):
    x, y = small_world.song_map.xy[20]
    commands = evening.frame(("seed_at", write_points([(x, y)])))
    assert evening.state.track_id == small_world.tracks[20].id
    assert any(isinstance(each, Play) for each in commands)
    evening.frame(("seed_at", "nowhere"))
    assert "0 to 1" in evening.state.error


def test_no_more_songs_wait_than_a_mixtape_may_have():
    many = [f"{k:016x}" for k in range(LONGEST + 50)]
    assert len(Tape(many[0]).longer(many, heard=()).songs) == LONGEST


@pytest.mark.parametrize("args", [(0.25, 0.5), ("0.25 0.5",), ("0.25, 0.5",), ([0.25, 0.5],)])
def test_a_place_may_come_as_numbers_or_as_a_text(args):
    assert event("osc", "seed_at", args, time_s=0.0).value == "0.2500 0.5000"


@pytest.mark.parametrize(
    "args", [(), (0.5,), (0.1, 0.2, 0.3), (0.1, float("nan")), ("a b",), ("1e999 0",), (True, None), ("0 0 0 0",)]
)
def test_what_is_no_place_is_refused(args):
    assert isinstance(event("osc", "seed_at", args, time_s=0.0), Refusal)


def test_a_seed_of_two_numbers_is_a_place():
    (found,) = events("osc", "/mixtape/seed", (0.25, 0.5), time_s=0.0, own={})
    assert (found.knob, found.value) == ("seed_at", "0.2500 0.5000")


def test_points_survive_being_written_down_and_lie_on_the_map():
    points = np.random.default_rng(1).uniform(size=(MOST, 2))
    assert np.abs(read_points(write_points(points)) - points).max() <= 1e-4
    assert read_points("-3 7").tolist() == [[0.0, 1.0]]
    assert len(read_points(write_points(np.zeros((MOST + 1, 2))))) == 0
