import numpy as np
import pytest

from mixtape.covergan.condition import Condition, song_features
from mixtape.errors import ShapeError


def songs(n, d=1668, *, seed=0):
    rng = np.random.default_rng(seed)
    return np.exp(rng.normal(size=(n, 4)) @ rng.normal(size=(4, d)) + 0.1 * rng.normal(size=(n, d)))


def test_conditions_of_a_collection_are_white():
    values = songs(300)
    white = Condition.fit(values).of(values)
    assert white.shape == (300, 32)
    assert white.dtype == np.float32
    np.testing.assert_allclose(white.mean(axis=0), 0, atol=0.1)
    np.testing.assert_allclose(white[:, :4].std(axis=0), 1, atol=0.1)
    overlap = np.corrcoef(white[:, :4].T) - np.eye(4)
    assert np.abs(overlap).max() < 0.1


def test_many_songs_and_few_features_give_the_same_as_the_other_way_round():
    values = songs(40, 39)
    wide = Condition.fit(values).of(values)
    more = np.concatenate([values, values])
    tall = Condition.fit(more).of(values)
    np.testing.assert_allclose(wide[:, :4], tall[:, :4], atol=1e-3)


def test_a_song_unlike_all_others_points_its_own_way_but_no_farther_than_a_usual_one():
    fitted = Condition.fit(songs(300))
    strange = fitted.of(1e6 * songs(3, seed=9))
    assert np.linalg.norm(strange, axis=1).max() <= 7.0 + 1e-4
    assert np.linalg.norm(strange, axis=1).min() > 2.0


@pytest.mark.parametrize("n", [1, 2, 5])
def test_few_songs_leave_what_they_cannot_tell_at_zero(n):
    values = songs(n)
    white = Condition.fit(values).of(values)
    assert np.isfinite(white).all()
    assert not white[:, max(n - 1, 1) :].any()
    assert white.any() == (n > 1)


def test_constant_columns_missing_and_huge_numbers_do_no_harm():
    values = songs(50)
    values[:, 7] = 3.0
    values[3, 11] = np.nan
    values[4, 12] = np.inf
    condition = Condition.fit(values)
    stranger = values[:1] * 1e6
    stranger[0, 0] = -np.inf
    for white in (condition.of(values), condition.of(stranger)):
        assert np.isfinite(white).all()
        assert np.abs(white).max() <= 3.0
    changed = values.copy()
    changed[:, 7] = 99.0
    np.testing.assert_array_equal(condition.of(changed), condition.of(values))


def test_loud_and_quiet_extremes_stay_in_order():
    values = np.linspace(-50, 50, 20)[:, None] * np.ones((1, 6))
    first = Condition.fit(values).of(values)[:, 0]
    assert (np.diff(first) > 0).all()


def test_other_features_than_those_fitted_on_are_refused():
    with pytest.raises(ShapeError, match="fitted on 1668"):
        Condition.fit(songs(4)).of(np.zeros((1, 60)))
    with pytest.raises(ShapeError, match="at least one song"):
        Condition.fit(np.zeros((0, 1668)))


def test_a_songs_three_feature_sets_lie_side_by_side():
    assert song_features(np.zeros((2, 1440)), np.ones((2, 168)), np.zeros((2, 60))).shape == (2, 1668)
