from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixtape.playlists.order import keeps_gap, nearest_first, smooth, untangled, way_length


def plane(m: int, seed: int) -> np.ndarray:
    xy = np.random.default_rng(seed).random((m, 2))
    return np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1))


@pytest.mark.parametrize("seed", range(8))
def test_the_way_is_close_to_the_shortest_there_is(seed: int):
    distances = plane(8, seed)
    shortest = min(way_length([0, *rest], distances) for rest in itertools.permutations(range(1, 8)))
    assert way_length(smooth(distances, range(8), gap=0), distances) <= 1.12 * shortest


@settings(max_examples=60, deadline=None)
@given(m=st.integers(1, 30), seed=st.integers(0, 50), artists=st.integers(2, 30))
def test_untangling_keeps_the_start_and_never_lengthens_the_way(m: int, seed: int, artists: int):
    distances, who = plane(m, seed), [song % artists for song in range(m)]
    begun = nearest_first(distances, who, gap=1)
    done = untangled(begun, distances, who, gap=1)
    assert sorted(done) == list(range(m))
    assert done[0] == 0
    assert way_length(done, distances) <= way_length(begun, distances) + 1e-9
    assert keeps_gap([who[song] for song in done], 1)


def test_a_line_of_songs_is_played_along_the_line():
    place = np.array([0.0, 5.0, 1.0, 4.0, 2.0, 3.0])
    assert smooth(np.abs(place[:, None] - place), range(6), gap=0) == [0, 2, 4, 5, 3, 1]


def test_the_artist_gap_is_worth_a_longer_way():
    place = np.array([0.0, 1.0, 2.0, 3.0])
    assert smooth(np.abs(place[:, None] - place), ["A", "A", "B", "B"], gap=1) == [0, 2, 1, 3]


def test_the_gap_counts_the_songs_between():
    assert keeps_gap(["A", "B", "C", "A"], 2)
    assert not keeps_gap(["A", "B", "A"], 2)
    assert keeps_gap([], 3)
    assert smooth(np.zeros((0, 0)), [], gap=2) == []
