"""Who is heard: operators at once, guests in fair turns, by majority, and only a little at a time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from installation.clock import FixedClock
from installation.control.arbiter import HEARD_S, HOLD_S, MOODS, Standing, rule
from installation.control.turns import PER_PHONE, Turns, place_words
from installation.messages import ControlEvent, Play
from installation.step import first_state, step
from installation.tape import manner_of, write_made

ANN, BEN, CAT = "phone:0000000a", "phone:0000000b", "phone:0000000c"


class Evening:
    """A show in which the arbiter rules; the sound does as it is asked."""

    def __init__(self, world):
        self.world, self.state = world, first_state(world, seed_id=world.tracks[3].id, seed=1)
        self.standing, self.clock, self.song_s = Standing(), FixedClock(10.0), 0.0
        self.events, self.answers, self.wishes, self.present = [], [], [], frozenset()

    def frames(self, count, *asked):
        for _ in range(count):
            moment = self.clock.tick(self.song_s)
            events = [ControlEvent(source, knob, value, moment.time_s) for source, knob, value in asked]
            self.standing, ruling = rule(self.standing, events, self.state, self.world, present=self.present, now_s=moment.time_s)
            self.state, commands = step(self.state, ruling.events, moment, self.world)
            self.events += ruling.events
            self.answers += ruling.answers
            self.wishes += ruling.wishes
            self.song_s = 0.0 if any(isinstance(each, Play) for each in commands) else self.song_s + 0.1
            asked = ()
        return self


@pytest.fixture
def evening(small_world):
    return Evening(small_world)


@pytest.fixture
def songs(small_world):
    return [track.id for track in small_world.tracks[10:30]]


def test_a_guests_song_cuts_nothing_off_and_comes_next_and_is_told_so(evening, songs, small_world):
    playing = evening.frames(5).state.track_id
    evening.frames(5, (ANN, "seed", songs[0]))
    assert evening.state.track_id == playing
    assert evening.state.next_ids[0] == songs[0]
    assert evening.answers == [(ANN, f"{small_world.track(songs[0]).title} comes next")]
    evening.frames(300)
    assert songs[0] in evening.state.history
    assert evening.state.history.index(songs[0]) == evening.state.history.index(playing) + 1


def test_a_mixtape_that_comes_meanwhile_takes_a_guests_place_in_no_frame(evening, songs, small_world):
    evening.frames(5).frames(5, (ANN, "seed", songs[0]))
    for asked in (("keys", "recipe", "loop"), ("keys", "recipe", "walk"), ("keys", "recipe", "tour")):
        assert evening.frames(1, asked).state.next_ids[0] == songs[0]
    made = write_made(manner_of(evening.state.wished), (evening.state.track_id, *songs[5:15]))
    state = evening.frames(1, ("recipes", "tape", made)).state
    assert state.next_ids[:3] == (songs[0], *songs[5:7])


def test_an_operators_song_begins_at_once_and_the_wishes_still_come(evening, songs):
    evening.frames(3, (ANN, "seed", songs[0]))
    evening.frames(3, ("keys", "seed", songs[5]))
    assert evening.state.track_id == songs[5]
    assert evening.state.next_ids[0] == songs[0]


def test_phones_take_turns_whoever_came_first(evening, songs):
    evening.frames(1, *[(ANN, "seed", song) for song in songs[:3]], (BEN, "seed", songs[3]), (CAT, "seed", songs[4]))
    assert evening.standing.turns.songs == (songs[0], songs[3], songs[4], songs[1], songs[2])
    assert evening.answers[-1][1].endswith("comes next but two")


def test_a_phone_that_was_served_waits_for_those_that_were_not(evening, songs):
    evening.frames(1, (ANN, "seed", songs[0]), (ANN, "seed", songs[1]))
    evening.frames(2, ("operator", "next", None))
    assert evening.state.track_id == songs[0]
    evening.frames(1, (BEN, "seed", songs[2]))
    assert evening.standing.turns.songs == (songs[2], songs[1])


def test_what_cannot_be_had_is_refused_with_the_reason(evening, songs):
    evening.frames(1, *[(ANN, "seed", song) for song in songs[: PER_PHONE + 1]])
    assert "3 of your songs are waiting" in evening.answers[-1][1]
    evening.frames(1, (BEN, "seed", songs[0]))
    assert evening.answers[-1] == (BEN, "already wished for: it comes next")
    evening.frames(1, (BEN, "seed", evening.state.track_id))
    assert evening.answers[-1] == (BEN, "it plays just now")
    evening.frames(1, (BEN, "seed", "../../etc/passwd"), (BEN, "quit", None), (BEN, "volume", 1.0))
    assert [words for _, words in evening.answers[-3:]] == ["there is no such song here"] * 3
    assert {event.knob for event in evening.events} == {"queue"}


def test_a_wish_can_be_taken_back_by_its_phone_alone(evening, songs):
    evening.frames(1, (ANN, "seed", songs[0]), (ANN, "seed", songs[1]), (BEN, "seed", songs[2]))
    evening.frames(1, (BEN, "withdraw", songs[0]))
    assert songs[0] in evening.standing.turns.songs
    evening.frames(1, (ANN, "withdraw", songs[0]))
    assert evening.standing.turns.songs == (songs[2], songs[1])
    assert evening.state.next_ids[:2] == evening.standing.turns.songs


def test_something_like_this_is_a_near_song_that_is_free(evening, small_world):
    playing = evening.state.track_id
    near = [small_world.tracks[row].id for row in small_world.neighbours.index[small_world.row[playing]]]
    evening.frames(1, (ANN, "like", playing), (BEN, "like", playing))
    assert list(evening.standing.turns.songs) == near[:2]


def test_more_than_half_of_the_phones_here_skip_a_song_and_not_in_its_first_seconds(evening):
    evening.present = frozenset((ANN, BEN, CAT))
    playing = evening.state.track_id
    evening.frames(1, (ANN, "vote", playing), (ANN, "vote", playing))
    evening.frames(round(10 * HEARD_S) + 5)
    assert evening.state.track_id == playing
    evening.frames(1, (BEN, "vote", playing))
    assert evening.state.track_id != playing
    assert evening.events[-1] == replace(evening.events[-1], source="phones", knob="next", value=None)
    evening.frames(1, (CAT, "vote", playing))
    assert evening.standing.voters == frozenset()


@pytest.mark.parametrize("knob", sorted(MOODS))
def test_a_dial_moves_its_knob_slowly_and_not_far_and_the_last_touch_counts(evening, knob):
    began = float(evening.state.knobs[knob])
    evening.frames(1, (ANN, knob, -1.0), (BEN, knob, 50.0))
    seen = [float(evening.frames(1).state.knobs[knob]) for _ in range(60)]
    assert began < seen[0] < began + 0.5 * MOODS[knob]
    assert max(seen) <= began + MOODS[knob] + 1e-9
    assert seen == sorted(seen)
    assert evening.events[-1].source == BEN


def test_after_the_operators_own_touch_guests_move_nothing_for_a_while(evening):
    evening.frames(1, ("osc:192.0.2.7", "energy", 0.2), (ANN, "energy", 1.0))
    evening.frames(round(10 * HOLD_S) - 5)
    assert evening.state.knobs["energy"] == 0.2
    evening.frames(80)
    assert evening.state.knobs["energy"] == pytest.approx(0.2 + MOODS["energy"])


def test_what_came_out_replays_the_same_show_without_the_arbiter(evening, songs, small_world):
    evening.frames(1, (ANN, "seed", songs[0]), (BEN, "seed", songs[1]), (ANN, "energy", 1.0))
    evening.frames(700, ("keys", "wall_rows", 12))
    state, clock, song_s, left = (
        first_state(small_world, seed_id=small_world.tracks[3].id, seed=1),
        FixedClock(10.0),
        0.0,
        evening.events,
    )
    for _ in range(701):
        moment = clock.tick(song_s)
        due, left = (
            [each for each in left if each.time_s <= moment.time_s],
            [each for each in left if each.time_s > moment.time_s],
        )
        state, commands = step(state, due, moment, small_world)
        song_s = 0.0 if any(isinstance(each, Play) for each in commands) else song_s + 0.1
    assert (state.history, dict(state.knobs), state.next_ids) == (
        evening.state.history,
        dict(evening.state.knobs),
        evening.state.next_ids,
    )
    assert {wish.source for wish in evening.wishes} == {ANN, BEN}


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 30), st.sampled_from(["ask", "take back", "play"])), max_size=60)
)
def test_whatever_is_asked_no_phone_comes_twice_while_another_waits_for_its_first(steps):
    turns = Turns()
    for phone, number, what in steps:
        if what == "play" and turns.songs:
            turns = turns.played(turns.songs[0])
        elif what == "take back":
            turns = turns.withdrawn(phone, str(number))
        elif not turns.refusal(phone, str(number)):
            turns = turns.asked(phone, str(number))
        assert len(set(turns.songs)) == len(turns.songs)
        assert [wish.turn for wish in turns.waiting] == sorted(wish.turn for wish in turns.waiting)
        for each in "abcd":
            mine = [wish.turn for wish in turns.waiting if wish.phone == each]
            assert len(mine) <= PER_PHONE
            assert len(set(mine)) == len(mine)


def test_places_are_said_in_words():
    assert [place_words(place) for place in (0, 1, 2, 12, 13)] == [
        "next",
        "next but one",
        "next but two",
        "next but twelve",
        "after 13 others",
    ]
