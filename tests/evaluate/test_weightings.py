"""Which settings serve best: only what is sure is called better, and only what the same songs say."""

from __future__ import annotations

import numpy as np
import pytest

from mixtape.evaluate.measures import Measure
from mixtape.evaluate.weightings import difference, settings_to_try
from mixtape.similarity.sets import Weights

ALONE = np.arange(100)


def measure(each: np.ndarray) -> Measure:
    return Measure(value=float(np.nanmean(each)), each=each)


def test_a_small_gain_on_every_song_is_better_where_the_plain_errors_would_hide_it() -> None:
    chance = np.random.default_rng(1)
    before = chance.random(100)
    found = difference(measure(before + 0.02 + 0.01 * chance.normal(size=100)), measure(before), together=ALONE)
    assert found is not None and found.se is not None
    assert found.verdict == "better"
    assert found.change == pytest.approx(0.02, abs=0.005)
    assert found.se < 0.1 * before.std() / 10


def test_what_is_within_two_standard_errors_is_undecided() -> None:
    each = np.tile([1.0, -1.0], 50)
    each[:8] = 1.0  # a mean of 0.08 with an error of 0.1
    found = difference(measure(each), measure(np.zeros(100)), together=ALONE)
    assert found is not None
    assert found.verdict == "undecided"


def test_the_same_hundred_songs_say_less_when_they_are_two_albums() -> None:
    each = np.where(ALONE < 50, 0.3, -0.1) + np.random.default_rng(2).normal(size=100) * 0.01
    alone = difference(measure(each), measure(np.zeros(100)), together=ALONE)
    albums = difference(measure(each), measure(np.zeros(100)), together=ALONE // 50)
    assert alone is not None and albums is not None
    assert (alone.verdict, albums.verdict) == ("better", "undecided")


def test_a_change_for_the_worse_is_called_worse_and_no_change_nothing() -> None:
    each = np.linspace(0, 1, 100)
    worse, same = (difference(measure(each - by), measure(each), together=ALONE) for by in (0.5, 0.0))
    assert worse is not None and same is not None
    assert (worse.verdict, same.verdict) == ("worse", "undecided")


def test_only_songs_asked_both_times_count() -> None:
    found = difference(measure(np.array([1.0, np.nan, 1.0])), measure(np.array([0.0, 0.0, np.nan])), together=np.arange(3))
    assert found is not None
    assert (found.songs, found.se, found.verdict) == (1, None, "undecided")
    assert difference(Measure(), measure(np.zeros(3)), together=np.arange(3)) is None


def test_todays_setting_comes_first_and_none_leaves_nothing_to_hear() -> None:
    sets = dict.fromkeys(("rp", "rh", "ssd"), np.zeros((2, 2), np.float32))
    tried = settings_to_try(Weights(rhythm=1.0, timbre=2.0), sets)
    assert tried[0].weights == Weights(rhythm=1.0, timbre=2.0)
    names = [each.name for each in tried]
    assert len(set(names)) == len(names)
    assert {"all alike", "more rhythm", "less timbre", "no rhythm", "without rp"} <= set(names)
    # Without its one set, a family is left out already.
    assert "without ssd" not in names
    assert all(each.of(sets) and max(each.weights.rhythm, each.weights.timbre) > 0 for each in tried)


def test_one_family_alone_leaves_nothing_to_weigh() -> None:
    names = [each.name for each in settings_to_try(Weights(), {"ssd": np.zeros((2, 2), np.float32)})]
    assert names == ["as it is"]


def test_three_albums_must_agree_far_more_closely_than_a_hundred_songs() -> None:
    each = np.repeat([0.1, 0.2, 0.3], [30, 30, 40]) + 0.0
    albums = difference(measure(each), measure(np.zeros(100)), together=np.repeat([0, 1, 2], [30, 30, 40]))
    assert albums is not None and albums.se is not None
    # More than three standard errors, and still not sure: with three witnesses, 4.5 are needed.
    assert 3.0 < albums.change / albums.se < 4.5
    assert albums.verdict == "undecided"
