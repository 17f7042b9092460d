from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixtape.errors import LibraryError
from mixtape.playlists.radio import next_song
from mixtape.similarity.nearest import nearest
from mixtape.types import Neighbours


def around(n: int, *, k: int = 50, seed: int = 0, same_place: bool = False) -> tuple[Neighbours, np.ndarray]:
    xy = np.zeros((n, 2)) if same_place else np.random.default_rng(seed).random((n, 2))
    return nearest(np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)), [f"s{row}" for row in range(n)], k=k), xy


def evening(neighbours: Neighbours, songs: int, **options) -> list[str]:
    played = [neighbours.ids[0]]
    for _ in range(songs):
        played.append(next_song(played[-1], recent=played, neighbours=neighbours, **options))
    return played


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(2, 110),
    k=st.sampled_from([0, 1, 3, 50]),
    seed=st.integers(0, 9),
    same=st.booleans(),
    no_repeat=st.integers(0, 80),
)
def test_no_song_comes_again_too_soon_and_there_is_always_one(n: int, k: int, seed: int, same: bool, no_repeat: int):
    neighbours, xy = around(n, k=k, seed=seed, same_place=same)
    played = evening(neighbours, 120, xy=xy, seed=seed, no_repeat=no_repeat)
    window = max(1, min(no_repeat, n // 2))
    last: dict[str, int] = {}
    for place, song in enumerate(played):
        assert place - last.get(song, -1000) > window
        last[song] = place


def test_the_next_song_is_a_near_one_and_most_often_the_nearest():
    neighbours, xy = around(200)
    ranks: Counter[int] = Counter()
    for row in range(200):
        chosen = next_song(f"s{row}", recent=[], neighbours=neighbours, xy=xy, seed=row)
        ranks[neighbours.index[row].tolist().index(int(chosen[1:]))] += 1
    assert set(ranks) == {0, 1, 2}
    assert ranks[0] > ranks[1] > ranks[2]


def test_songs_played_lately_are_passed_over():
    neighbours, xy = around(100)
    near = [f"s{row}" for row in neighbours.index[0, :20]]
    chosen = next_song("s0", recent=near, neighbours=neighbours, xy=xy)
    assert chosen not in near
    assert chosen in {f"s{row}" for row in neighbours.index[0, 20:23]}


def test_when_all_near_ones_were_heard_the_way_leads_outward():
    # A chain: everybody knows the next one only.
    index = np.array([[1], [2], [3], [4], [5], [6], [7], [0]], np.int32)
    neighbours = Neighbours(tuple("abcdefgh"), index, np.full((8, 1), 0.1, np.float32))
    assert {next_song("a", recent=list("bcd"), neighbours=neighbours, seed=seed) for seed in range(40)} == {"e", "f", "g"}


def test_where_no_way_leads_on_the_map_decides():
    lonely = Neighbours(tuple("abcd"), np.zeros((4, 0), np.int32), np.zeros((4, 0), np.float32))
    xy = np.array([[0.0, 0.0], [0.9, 0.0], [0.1, 0.0], [0.5, 0.0]])
    chosen = Counter(next_song("a", recent=[], neighbours=lonely, xy=xy, seed=seed) for seed in range(60))
    assert [song for song, _ in chosen.most_common()] == ["c", "d", "b"]


def test_the_same_evening_comes_again_and_another_seed_gives_another():
    neighbours, xy = around(80)
    assert evening(neighbours, 60, xy=xy, seed=3) == evening(neighbours, 60, xy=xy, seed=3)
    assert evening(neighbours, 60, xy=xy, seed=3) != evening(neighbours, 60, xy=xy, seed=4)


def test_an_evening_gets_around_the_collection():
    neighbours, xy = around(100)
    assert len(set(evening(neighbours, 300, xy=xy))) > 90


def test_one_song_answers_itself_two_alternate_and_none_is_said():
    one, _ = around(1)
    assert next_song("s0", recent=["s0", "s0"], neighbours=one) == "s0"
    two, _ = around(2)
    assert evening(two, 4) == ["s0", "s1", "s0", "s1", "s0"]
    none, _ = around(0)
    with pytest.raises(LibraryError, match="no songs to play"):
        next_song("s0", recent=[], neighbours=none)


def test_a_song_that_left_the_collection_is_followed_by_one_that_is_there():
    neighbours, xy = around(10)
    assert next_song("gone", recent=["s0", "also gone"], neighbours=neighbours, xy=xy) in neighbours.ids


def test_an_artist_does_not_come_back_at_once_while_others_are_near():
    neighbours, xy = around(90)
    artists = {song: f"artist {row % 6}" for row, song in enumerate(neighbours.ids)}
    names = [artists[song] for song in evening(neighbours, 120, xy=xy, artists=artists)]
    assert all(name not in names[max(0, place - 2) : place] for place, name in enumerate(names))
    alone = dict.fromkeys(neighbours.ids, "the only one")
    assert len(evening(neighbours, 120, xy=xy, artists=alone)) == 121
