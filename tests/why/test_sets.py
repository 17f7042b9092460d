from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixtape.why.nearness import Nearness
from mixtape.why.sets import FAMILIES, NEAREST, family_share, set_claims
from mixtape.why.why import Why


def made_up(n: int, *, seed: int = 0) -> dict[str, np.ndarray]:
    """Two sets of random points; in each, songs 0 and 1 lie together, and song 2 lies with them in the first set only."""
    chance = np.random.default_rng(seed)
    rp, ssd = chance.normal(size=(2, n, 12)).astype(np.float32)
    for values, near in ((rp, (1, 2)), (ssd, (1,))):
        for row in near:
            values[row] = values[0] + 0.01 * row
    return {"rp": rp, "ssd": ssd}


def test_songs_near_in_a_set_are_called_similar_in_it_and_in_no_other() -> None:
    near = Nearness.of(made_up(60), [0, 1, 2, 9])
    assert {claim.text for claim in set_claims(near, 0, 1)} == {"similar rhythm", "similar sound"}
    assert {claim.text for claim in set_claims(near, 0, 2)} == {"similar rhythm"}
    assert {claim.text for claim in set_claims(near, 0, 2, drums=True)} == {"similar drums"}
    assert set(set_claims(near, 0, 9)) == set()


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 50), st.integers(0, 1000), st.integers(0, 49), st.integers(0, 49))
def test_a_likeness_is_claimed_only_where_each_is_among_the_nearest_of_the_other(n: int, seed: int, a: int, b: int) -> None:
    a, b = a % n, b % n
    if a == b:
        return
    chance = np.random.default_rng(seed)
    values = chance.normal(size=(n, 5)).astype(np.float32)
    near = Nearness.of({"tonal": values}, [a, b])
    table = near.tables["tonal"]
    for _claim in set_claims(near, a, b):
        for here, there in ((a, b), (b, a)):
            others = np.delete(table[here], [here, there])
            assert (1 + (others <= table[here, there]).sum()) / (1 + len(others)) <= NEAREST


def test_a_share_counts_the_other_songs_by_hand() -> None:
    values = np.array([[0.0], [1.0], [2.5], [4.5], [7.0]], np.float32)
    near = Nearness.of({"tempo": values}, [0, 1])
    assert near.nearer_share("tempo", 0, 1) == pytest.approx(1 / 4)
    assert near.farther_percent("tempo", 0, 1) == 100
    assert near.farther_percent("tempo", 0, 3) == 33
    assert near.nearer_share("tempo", 0, 2) == pytest.approx(max(2, 3) / 4)


def test_a_few_songs_never_make_two_of_them_similar() -> None:
    near = Nearness.of(made_up(12), [0, 1])
    assert set(set_claims(near, 0, 1)) == set()


def test_in_a_large_collection_a_sample_gives_nearly_the_same_answer() -> None:
    sets = made_up(1500, seed=3)
    whole = Nearness.of(sets, [0, 1, 7], references=1500)
    drawn = Nearness.of(sets, [0, 1, 7], references=400)
    assert len(drawn.references) == 400
    for a, b in ((0, 1), (0, 7), (1, 7)):
        assert drawn.nearer_share("ssd", a, b) == pytest.approx(whole.nearer_share("ssd", a, b), abs=0.08)


def test_sets_that_are_not_there_make_no_family() -> None:
    near = Nearness.of({}, [0, 1])
    assert all(family_share(near, about, 0, 1) is None for about in FAMILIES)


def test_songs_nearest_in_all_sets_are_called_so_and_no_set_is_named() -> None:
    sets = {**made_up(60), "tonal": made_up(60, seed=4)["ssd"]}
    near = Nearness.of(sets, [0, 1, 2])
    assert [claim.text for claim in set_claims(near, 0, 1)] != ["nearest in every way"]
    sets["rp"][2] = 9.0
    near = Nearness.of(sets, [0, 1, 2])
    assert [claim.text for claim in set_claims(near, 0, 1)] == ["nearest in every way"]


def test_a_list_says_what_each_song_shares_with_the_one_before() -> None:
    told = Why([f"s{row}" for row in range(60)], sets=made_up(60))
    assert told.along(["s2", "s0", "s9", "s40"]) == (("similar rhythm",), (), ())
    assert sorted(told.words("s0", "s1")) == ["similar rhythm", "similar sound"]
