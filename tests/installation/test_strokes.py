"""A line or a lasso over the map becomes a mixtape."""

from __future__ import annotations

import numpy as np
import pytest

from installation.control.knobs import Refusal, event
from installation.messages import ControlEvent, Play
from installation.places import places_of
from installation.points import MOST, read_points, write_points
from installation.songs import drawn_songs
from installation.state import COMING
from installation.step import first_state
from installation.strokes import INSIDE, along, closes, inside, reach, simplified
from tests.installation.test_tape import Evening


def ring(radius, count, *, centre=(0.0, 0.0), turns=1.0):
    angle = 2 * np.pi * turns * np.linspace(0.0, 1.0, count)
    return (np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius + centre).astype(np.float32)


def straight(*ends, count=60):
    share = np.linspace(0.0, 1.0, count)[:, None]
    return (np.array(ends[0]) * (1 - share) + np.array(ends[1]) * share).astype(np.float32)


def nobody(_row):
    return ""


@pytest.fixture(scope="module")
def songs():
    """Places (2000, 2) of songs in world units."""
    rng = np.random.default_rng(5)
    return ((rng.random((2000, 2)) - 0.5) * [1.4, 0.9]).astype(np.float32)


def test_a_line_takes_as_many_songs_as_are_wanted_in_its_order_evenly_spread_and_near_it(songs):
    line = straight((-0.6, -0.2), (0.6, 0.2))
    rows = along(line, songs, count=12, artist=nobody, gap=2)
    assert len(set(rows)) == 12
    way = (songs[rows] - line[0]) @ (line[-1] - line[0]) / np.linalg.norm(line[-1] - line[0])
    assert (np.diff(way) > 0).all()
    assert np.diff(way).max() < 2.5 * np.diff(way).mean()
    away = np.abs(np.cross(line[-1] - line[0], songs[rows] - line[0])) / np.linalg.norm(line[-1] - line[0])
    assert away.max() <= reach(2000)
    back = along(line[::-1], songs, count=12, artist=nobody, gap=2)
    assert back == rows[::-1]


def test_where_few_songs_lie_near_a_line_it_takes_those_and_none_where_there_are_none(songs):
    few = songs[:12]
    line = straight((-0.7, 0.0), (0.7, 0.0))
    rows = along(line, few, count=12, artist=nobody, gap=2)
    assert set(rows) == set(np.flatnonzero(np.abs(few[:, 1]) <= reach(12)))
    elsewhere = few[np.hypot(*(few - (-0.72, 0.49)).T) > 0.2]
    assert along(straight((-0.74, 0.495), (-0.70, 0.499)), elsewhere, count=12, artist=nobody, gap=0) == []


def test_where_a_line_leaves_a_choice_no_artist_comes_again_too_soon(songs):
    artists = ["one" if row % 3 else f"artist {row}" for row in range(2000)]
    line = straight((-0.6, -0.3), (0.6, 0.3))
    played = [artists[row] for row in along(line, songs, count=12, artist=artists.__getitem__, gap=2)]
    assert len(played) == 12
    assert all(played[place] not in played[max(place - 2, 0) : place] for place in range(12))
    alone = along(line, songs, count=12, artist=lambda _: "one", gap=2)
    assert len(set(alone)) == 12, "an artist who is alone plays all the same"


def test_a_winding_line_is_followed_around_its_bends(songs):
    spiral = np.concatenate(
        [straight((-0.6, -0.3), (0.5, -0.3)), straight((0.5, -0.3), (0.5, 0.3)), straight((0.5, 0.3), (-0.6, 0.3))]
    )
    rows = along(spiral, songs, count=30, artist=nobody, gap=0)
    below, above = (np.flatnonzero(side) for side in (songs[rows, 1] < -0.25, songs[rows, 1] > 0.25))
    assert below.max() < above.min()
    assert (np.diff(songs[rows][below, 0]) > 0).all()
    assert (np.diff(songs[rows][above, 0]) < 0).all()


def test_a_lasso_takes_exactly_the_songs_inside_in_a_short_tour_from_the_nearest(songs):
    lasso = ring(0.13, 50, centre=(0.2, 0.1))
    rows = inside(lasso, songs, start=(0.1, 0.1))
    # The ring has 49 straight sides: what lies within a thousandth of the circle may be on either side of them.
    far = np.hypot(*(songs - (0.2, 0.1)).T)
    assert set(np.flatnonzero(far < 0.129)) <= set(rows) <= set(np.flatnonzero(far < 0.131))
    assert rows[0] == min(rows, key=lambda row: np.hypot(*(songs[row] - (0.1, 0.1))))

    def length(order):
        return np.hypot(*np.diff(songs[order], axis=0).T).sum()

    # A random tour of n places in an area a is about 0.9 n sqrt(a / pi) long, the shortest about 0.7124 sqrt(n a).
    assert length(rows) < 1.25 * 0.7124 * np.sqrt(len(rows) * np.pi * 0.13**2) + 0.1
    assert length(rows) < 0.4 * length(sorted(rows))


def test_a_lasso_that_bends_inwards_leaves_out_what_lies_in_the_bay(songs):
    horseshoe = np.concatenate([ring(0.4, 40, turns=0.9), ring(0.2, 40, turns=0.9)[::-1]])
    far = np.hypot(*songs[inside(horseshoe, songs, start=(0.0, 0.0))].T)
    assert far.min() > 0.19
    assert far.max() < 0.41


def test_a_lasso_around_very_many_songs_takes_a_hundred_from_all_over_it():
    many = ((np.random.default_rng(2).random((60_000, 2)) - 0.5) * [1.5, 1.0]).astype(np.float32)
    rows = inside(ring(0.4, 64), many, start=(0.0, 0.0))
    assert len(set(rows)) == INSIDE
    quarters = (many[rows, 0] > 0).astype(int) * 2 + (many[rows, 1] > 0)
    assert (np.bincount(quarters) > 15).all()


def test_a_stroke_closes_when_it_runs_back_around_something():
    assert closes(ring(0.2, 50))
    assert closes(ring(0.2, 50, turns=0.95))
    assert not closes(ring(0.2, 50, turns=0.7))
    assert not closes(straight((-0.5, 0.0), (0.5, 0.1)))
    there_and_back = np.concatenate([straight((0.0, 0.0), (0.5, 0.1)), straight((0.5, 0.1), (0.0, 0.0))])
    assert not closes(there_and_back)


def test_a_long_stroke_keeps_its_ends_and_its_shape_in_64_places():
    way = np.linspace(0.0, 1.0, 3000)
    stroke = np.stack([way - 0.5, 0.3 * np.sin(9 * way)], axis=1).astype(np.float32)
    kept = simplified(stroke)
    assert len(kept) <= MOST
    assert np.array_equal(kept[[0, -1]], stroke[[0, -1]])
    assert np.abs(np.interp(stroke[:, 0], kept[:, 0], kept[:, 1]) - stroke[:, 1]).max() < 0.004
    shaky = stroke + np.random.default_rng(3).normal(0, 0.002, stroke.shape).astype(np.float32)
    assert len(simplified(shaky)) <= MOST
    assert len(simplified(straight((0.0, 0.0), (0.5, 0.5)))) == 2
    assert len(simplified(stroke[:1])) == 1


@pytest.mark.parametrize(
    "args", [(0.1,), (0.1, 0.2), (0.1, 0.2, 0.3), ("a b c d",), (0.1,) * 2 * (MOST + 1), (float("nan"), 0, 1, 1), ()]
)
@pytest.mark.parametrize("name", ["/mixtape/line", "/mixtape/lasso"])
def test_what_is_no_line_is_refused(name, args):
    assert isinstance(event("osc:x", name, args, time_s=0.0), Refusal)


def test_a_line_comes_as_numbers_or_as_a_text():
    told = event("osc:x", "/mixtape/line", (0.25, 0.5, 0.75, 2.0), time_s=1.0)
    assert isinstance(told, ControlEvent)
    assert (told.knob, told.value) == ("line", "0.2500 0.5000 0.7500 1.0000")
    assert event("osc:x", "/mixtape/line", ("0.25 0.5 0.75 2",), time_s=1.0) == told


def on_map_of(world, rows):
    """Places (k, 2) of the map where the tiles of these rows are seen."""
    xy = places_of(world.song_map, world.grid).map_xy[list(rows)]
    return xy / [1.5, 1.0] + 0.5


def line_over(world, *rows):
    return write_points(on_map_of(world, rows))


def test_a_line_plays_its_first_song_at_once_and_the_rest_in_its_order_and_a_log_replays_it(small_world):
    evening = Evening(small_world)
    value = line_over(small_world, 0, 31, 22)
    songs = drawn_songs("line", read_points(value), evening.state, small_world)
    assert {small_world.tracks[row].id for row in (0, 31, 22)} <= set(songs)
    commands = evening.frame(("line", value))
    assert [each.track_id for each in commands if isinstance(each, Play)] == [songs[0]]
    assert evening.state.next_ids == songs[1 : 1 + COMING]
    heard = [evening.state.track_id]
    for _ in songs[1:]:
        evening.frame(("next", None))
        heard.append(evening.state.track_id)
    assert tuple(heard) == songs
    again = Evening(small_world)
    again.frame(("line", value))
    assert (again.state.track_id, again.state.next_ids) == (songs[0], songs[1 : 1 + COMING])


def test_a_line_from_the_playing_song_lets_it_go_on(small_world):
    evening = Evening(small_world)
    evening.frame()
    started_s = evening.state.started_s
    commands = evening.frame(("line", line_over(small_world, 3, 16)))
    assert commands == ()
    assert (evening.state.track_id, evening.state.started_s) == (small_world.tracks[3].id, started_s)
    assert small_world.tracks[3].id not in evening.state.tape.songs
    assert evening.state.next_ids[:2] == evening.state.tape.songs[:2]


def test_a_lasso_plays_what_lies_inside_and_an_empty_one_says_so_and_changes_nothing(small_world):
    evening = Evening(small_world)
    xy = places_of(small_world.song_map, small_world.grid).map_xy
    middle = xy[20]
    lasso = ring(0.12, 30, centre=middle) / [1.5, 1.0] + 0.5
    evening.frame(("lasso", write_points(lasso)))
    played = {evening.state.track_id, *evening.state.tape.songs}
    near = {small_world.tracks[row].id for row in np.flatnonzero(np.hypot(*(xy - middle).T) < 0.115)}
    assert near <= played
    assert len(played) < len(small_world.tracks) // 2
    before = evening.state
    corner = np.array([[0.0, 0.0], [0.01, 0.0], [0.01, 0.01]])
    assert evening.frame(("lasso", write_points(corner))) == ()
    assert "lasso" in evening.state.error
    assert (evening.state.track_id, evening.state.tape) == (before.track_id, before.tape)
    evening.frame(("line", "no places"))
    assert "line" in evening.state.error


def test_the_same_places_always_make_the_same_mixtape(small_world):
    state = first_state(small_world, seed_id=small_world.tracks[5].id, seed=1)
    points = read_points("0.1 0.5 0.9 0.5")
    once = drawn_songs("line", points, state, small_world)
    assert once == drawn_songs("line", points.copy(), state, small_world)
    assert len(set(once)) == len(once) > 3
