"""The numbers of the evaluation, on cases small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mixtape.evaluate.measures import (
    coverage,
    hubs,
    playlists,
    precision,
    recommended,
    self_match,
    smoothness,
    standard_error,
    step_rank,
)


def line(*places: float) -> np.ndarray:
    """Distances between points on a line."""
    at = np.array(places, np.float32)
    return np.abs(at[:, None] - at[None, :])


def test_the_nearest_come_first_and_the_song_itself_never() -> None:
    assert recommended(line(0, 1, 3, 7), k=2).tolist() == [[1, 2], [0, 2], [1, 0], [2, 1]]


def test_forbidden_songs_are_not_recommended_and_where_nobody_is_left_it_says_so() -> None:
    forbidden = np.zeros((3, 3), bool)
    forbidden[0, 1] = forbidden[2, 0] = forbidden[2, 1] = True
    assert recommended(line(0, 1, 3), k=2, forbidden=forbidden).tolist() == [[2, -1], [0, 2], [-1, -1]]


def test_precision_is_counted_over_the_songs_recommended() -> None:
    # Two albums of three on a line: 0 0 0 . 1 1 1; of two recommended all are from the album, of three two are.
    table, album = line(0, 1, 2, 10, 11, 12), np.array([0, 0, 0, 1, 1, 1])
    assert precision(recommended(table, k=2), album).value == 1.0
    found = precision(recommended(table, k=3), album)
    assert found.value == pytest.approx(2 / 3)
    assert found.best == pytest.approx(2 / 3)
    assert found.chance == pytest.approx(2 / 5)
    assert found.songs == 6


def test_songs_without_a_label_or_alone_with_it_are_not_asked() -> None:
    found = precision(recommended(line(0, 1, 2, 3), k=1), np.array([0, 0, -1, 5]))
    assert found.songs == 2
    assert found.value == 1.0
    assert found.each is not None
    assert np.isnan(found.each[2:]).all()


def test_without_any_label_there_is_no_precision_and_no_made_up_number() -> None:
    found = precision(recommended(line(0, 1, 2), k=1), np.full(3, -1))
    assert (found.value, found.se, found.chance, found.best, found.songs) == (None, None, None, None, 0)


def test_random_recommendations_reach_the_chance_level() -> None:
    chance = np.random.default_rng(3)
    table = chance.random((300, 300)).astype(np.float32)
    label = np.repeat(np.arange(3), [200, 60, 40])
    found = precision(recommended(table), label)
    assert found.value is not None and found.chance is not None and found.se is not None
    assert found.chance == pytest.approx((200 * 199 + 60 * 59 + 40 * 39) / (300 * 299))
    assert abs(found.value - found.chance) < 4 * found.se


def test_the_artist_filter_changes_the_chance_level_too() -> None:
    # Genre 0 has songs of artists 0 and 1, two each; artist 2 has two songs of genre 1. Own songs are forbidden.
    artist, genre = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 0, 0, 0, 1, 1])
    forbidden = artist[:, None] == artist[None, :]
    found = precision(recommended(line(0, 1, 2, 3, 4, 5), k=2, forbidden=forbidden), genre, forbidden=forbidden)
    assert found.songs == 4
    assert found.chance == pytest.approx(2 / 4)
    # Songs 0 and 1 get 2 and 3; song 2 gets 1 and 0 or 4 (0 and 4 tie, the earlier row wins); song 3 gets 4 and then 1 before 5.
    assert found.value == pytest.approx((1 + 1 + 1 + 0.5) / 4)


def test_halves_that_lie_together_match_and_others_do_not() -> None:
    # First halves at 0, 10, 20, second halves at 1, 11, 14: the last pair is torn apart.
    found = self_match(line(0, 10, 20, 1, 11, 14))
    assert found.each is not None
    assert found.each.tolist() == [1.0, 1.0, 0.5 * (1 + 0)]
    assert found.value == pytest.approx(2.5 / 3)
    assert found.chance == pytest.approx(1 / 5)


def test_independent_songs_have_the_textbook_error_and_songs_of_one_album_a_larger_one() -> None:
    each = np.array([1.0, 1.0, 0.0, 0.0])
    assert standard_error(each) == pytest.approx(each.std(ddof=1) / 2)
    assert standard_error(each, np.array([0, 0, 1, 1])) == pytest.approx(0.5)


def test_one_song_has_no_error_and_one_album_falls_back_on_its_songs() -> None:
    assert standard_error(np.array([0.5, np.nan])) is None
    assert standard_error(np.array([0.0, 1.0]), np.array([4, 4])) == pytest.approx(0.5)


def test_a_hub_is_found_with_its_count_and_those_that_nobody_gets() -> None:
    # Everybody is recommended song 0, which is recommended song 1.
    found = hubs(np.array([[1], [0], [0], [0], [0]]))
    assert found.largest.value == 4
    assert found.never.value == pytest.approx(3 / 5)
    counts = np.array([4, 1, 0, 0, 0])
    assert found.skew.value == pytest.approx(((counts - 1.0) ** 3).mean() / counts.std() ** 3)


def test_the_chance_of_hubs_is_that_of_lots() -> None:
    found = hubs(np.random.default_rng(5).integers(0, 1000, (1000, 5)))
    assert found.skew.chance == pytest.approx(1 / np.sqrt(5), abs=0.03)
    assert found.never.chance == pytest.approx(np.exp(-5), abs=0.001)
    assert found.never.value == pytest.approx(np.exp(-5), abs=0.01)


def test_a_list_along_a_line_is_smooth_and_lists_by_lot_are_like_random_pairs() -> None:
    table = line(*range(40))
    near = smoothness(playlists(table, length=5, seeds=40), table)
    # Every list is a run of neighbours from its seed: no step longer than 5, and a random pair is 41 / 3 apart.
    assert near.value is not None and near.value < 0.2
    chance = np.random.default_rng(2)
    lots = [chance.permutation(40)[:12].tolist() for _ in range(400)]
    by_lot = smoothness(lots, table)
    assert by_lot.value == pytest.approx(1.0, abs=0.05)
    assert by_lot.chance == 1.0
    assert step_rank(lots, table).value == pytest.approx(0.5, abs=0.03)


def test_the_rank_of_steps_does_not_depend_on_how_a_space_is_stretched() -> None:
    table = line(*np.random.default_rng(4).random(30))
    lists = playlists(table, length=6, seeds=10)
    assert step_rank(lists, table**4).value == pytest.approx(step_rank(lists, table).value)


def test_every_list_begins_with_its_seed_and_no_song_comes_twice() -> None:
    lists = playlists(line(*range(9)), length=4, seeds=9)
    assert sorted(each[0] for each in lists) == list(range(9))
    assert all(len(set(each)) == 4 for each in lists)


def test_a_song_nobody_leads_to_is_not_covered() -> None:
    # Song 3 is far from all: lists of two songs never reach it.
    assert coverage(line(0, 1, 2, 50), length=2).value == pytest.approx(3 / 4)
    assert coverage(line(0, 1, 2, 50), length=4).value == 1.0


@pytest.mark.parametrize("songs", [0, 1, 2, 5, 6])
def test_tiny_collections_have_numbers_or_none_and_never_break(songs: int) -> None:
    table = line(*range(songs))
    rows = recommended(table)
    assert rows.shape == (songs, min(5, max(songs - 1, 0)))
    assert (precision(rows, np.zeros(songs, np.int64)).value is None) == (songs < 2)
    assert (hubs(rows).skew.value is None) == (songs < 3)
    lists = playlists(table, length=12, seeds=3) if songs else []
    assert (smoothness(lists, table).value is None) == (songs < 3)
    assert (coverage(table, length=12).value is None) == (songs < 2)
