from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from mixtape.errors import MixtapeError, ShapeError
from mixtape.features import blocks
from mixtape.similarity.distances import set_distances
from mixtape.similarity.fusion import fused_distances
from mixtape.similarity.nearest import nearest, nearest_places
from mixtape.similarity.proximity import into_evened, mutual_proximity
from mixtape.similarity.scaling import scaled
from mixtape.similarity.sets import Weights, shares


def features_of(n: int, *, seed: int = 0) -> dict[str, np.ndarray]:
    chance = np.random.default_rng(seed)
    return {name: np.exp(chance.normal(size=(n, d))).astype(np.float32) for name, d in (("rp", 144), ("rh", 60), ("ssd", 168))}


def names(n: int) -> list[str]:
    return [f"s{row}" for row in range(n)]


def test_columns_are_scaled_to_mean_nought_and_spread_one():
    columns = scaled(np.random.default_rng(1).normal(size=(500, 3)) * [1e-3, 1.0, 1e4])
    assert np.allclose(columns.mean(axis=0), 0.0, atol=1e-5)
    assert np.allclose(columns.std(axis=0), 1.0, atol=0.02)


def test_a_column_that_never_changes_says_nothing():
    varied = np.random.default_rng(2).normal(size=(20, 4))
    with_constant = np.hstack([varied, np.full((20, 1), 1e6)])
    assert np.array_equal(set_distances("rp", varied), set_distances("rp", with_constant))


def test_a_song_with_broken_numbers_is_taken_as_average():
    values = np.random.default_rng(3).normal(size=(10, 5))
    values[4] = [np.nan, np.inf, -np.inf, np.nan, np.nan]
    assert np.array_equal(scaled(values)[4], np.zeros(5))
    assert np.isfinite(set_distances("rp", values)).all()


def test_set_distances_are_euclidean_distances_of_the_scaled_rows():
    values = np.random.default_rng(4).gamma(1.0, size=(700, 20))
    rows = scaled(values).astype(np.float64)
    brute = np.sqrt(((rows[:, None] - rows[None]) ** 2).sum(axis=2))
    assert np.allclose(set_distances("rp", values), brute, rtol=1e-6, atol=1e-6)


def test_the_same_song_twice_is_at_distance_nought_after_everything():
    features = features_of(30)
    for values in features.values():
        values[7] = values[3]
    fused = fused_distances(features, weights=Weights(1.0, 1.0))
    assert fused[3, 7] == 0.0
    assert (fused[3, np.delete(np.arange(30), [3, 7])] > 0.0).all()


def test_mutual_proximity_agrees_with_its_definition():
    distances = set_distances("rp", np.random.default_rng(5).normal(size=(40, 6)))
    others = [np.delete(row, k).astype(np.float64) for k, row in enumerate(distances)]
    for a, b in ((0, 1), (3, 30), (39, 12)):
        farther = [norm.sf(distances[a, b], other.mean(), other.std()) for other in (others[a], others[b])]
        assert mutual_proximity(distances)[a, b] == pytest.approx(1.0 - farther[0] * farther[1], abs=1e-5)


def test_mutual_proximity_takes_hubs_away():
    values = np.random.default_rng(6).normal(size=(300, 100))
    values[0] = 0.0

    def largest_hub(distances: np.ndarray) -> int:
        return int(np.bincount(nearest(distances, names(300), k=5).index.ravel()).max())

    raw = set_distances("rp", values)
    assert largest_hub(mutual_proximity(raw)) < largest_hub(raw) / 2


def test_many_numbers_do_not_drown_few():
    # Rhythm has 24 times the numbers of the histogram, yet both must be heard: two groups in each, crossing each other.
    chance = np.random.default_rng(7)
    rhythm, sound = np.arange(40) % 2, np.arange(40) // 20
    features = {
        "rp": chance.normal(size=(40, 1440)) + 2.0 * rhythm[:, None],
        "ssd": chance.normal(size=(40, 60)) + 2.0 * sound[:, None],
    }
    fused = fused_distances(features, weights=Weights(1.0, 1.0))
    same_rhythm = rhythm[:, None] == rhythm
    same_sound = sound[:, None] == sound
    both = fused[same_rhythm & same_sound].mean()
    assert both < min(fused[same_rhythm & ~same_sound].mean(), fused[~same_rhythm & same_sound].mean())
    assert abs(fused[same_rhythm & ~same_sound].mean() - fused[~same_rhythm & same_sound].mean()) < 0.1


def test_weights_move_the_distance_and_only_their_ratio_counts():
    features = features_of(50)
    even = fused_distances(features, weights=Weights(1.0, 1.0))
    assert np.allclose(even, fused_distances(features, weights=Weights(3.0, 3.0)), atol=1e-6)
    assert not np.allclose(even, fused_distances(features, weights=Weights(3.0, 1.0)), atol=1e-2)
    sound_only = fused_distances({"ssd": features["ssd"]}, weights=Weights(1.0, 1.0))
    assert np.array_equal(sound_only, fused_distances(features, weights=Weights(0.0, 1.0)))


@settings(max_examples=60, deadline=None)
@given(n=st.integers(0, 12), kind=st.sampled_from(["any", "same", "twins", "broken", "huge"]), seed=st.integers(0, 99))
def test_any_collection_gives_a_proper_distance(n: int, kind: str, seed: int):
    features = features_of(n, seed=seed)
    for values in features.values():
        if kind == "same":
            values[:] = 1.0
        if kind == "twins":
            values[n // 2 :] = values[: n - n // 2]
        if kind == "broken" and n:
            values[seed % n] = np.nan
        if kind == "huge":
            values *= np.float32(1e30)
    fused = fused_distances(features, weights=Weights(1.0, 0.5))
    assert fused.dtype == np.float32
    assert fused.shape == (n, n)
    assert np.array_equal(fused, fused.T)
    assert not np.diagonal(fused).any()
    assert ((fused >= 0.0) & (fused <= 1.0)).all()
    assert kind != "same" or not fused.any()


def test_results_do_not_depend_on_the_order_of_the_sets_and_repeat_to_the_byte():
    features = features_of(600)
    turned = dict(reversed(features.items()))
    first = fused_distances(features, weights=Weights(1.0, 1.0))
    assert first.tobytes() == fused_distances(turned, weights=Weights(1.0, 1.0)).tobytes()
    assert np.array_equal(first, first.T)


def test_nearest_finds_what_looking_through_everything_finds():
    distances = set_distances("rp", np.random.default_rng(8).normal(size=(600, 9)))
    found = nearest(distances, names(600), k=12)
    for row in (0, 255, 599):
        order = [int(k) for k in np.argsort(distances[row], kind="stable") if k != row][:12]
        assert found.index[row].tolist() == order
        assert np.array_equal(found.distance[row], distances[row, order])


def test_equally_near_songs_come_in_the_order_of_their_rows():
    found = nearest(np.zeros((6, 6), np.float32), names(6), k=3)
    assert found.index.tolist() == [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2], [0, 1, 2], [0, 1, 2]]


@pytest.mark.parametrize(("n", "kept"), [(0, 0), (1, 0), (2, 1), (3, 2), (80, 50)])
def test_a_song_has_no_more_neighbours_than_there_are_others(n: int, kept: int):
    found = nearest(set_distances("rp", np.random.default_rng(9).normal(size=(n, 3))), names(n), k=50)
    assert found.index.shape == (n, kept)
    assert all(row not in found.index[row] for row in range(n))


def test_what_does_not_fit_together_is_said():
    features = features_of(5)
    with pytest.raises(ShapeError, match="every set needs a row"):
        fused_distances(features | {"ssd": features["ssd"][:4]}, weights=Weights(1.0, 1.0))
    with pytest.raises(MixtapeError, match="weight"):
        fused_distances(features, weights=Weights(0.0, 0.0))
    with pytest.raises(MixtapeError, match="leave nothing"):
        fused_distances({"chroma": features["rh"]}, weights=Weights())
    with pytest.raises(ShapeError, match="square"):
        mutual_proximity(np.zeros((3, 4)))
    with pytest.raises(ShapeError, match="one id per row"):
        nearest(np.zeros((3, 3)), ["a"], k=1)
    with pytest.raises(ShapeError, match="table"):
        scaled(np.zeros(3))


def test_a_family_shares_its_weight_among_the_sets_that_are_there():
    counted = shares(["rp", "rh", "ssd", "chroma"], Weights(rhythm=1.0, timbre=3.0, tone=5.0))
    assert counted == {"rh": 0.125, "rp": 0.125, "ssd": 0.75}


def test_a_set_nobody_knows_changes_nothing():
    features = features_of(20)
    with_traits = features | {"traits": np.ones((7, 3), np.float32)}
    assert np.array_equal(fused_distances(with_traits, weights=Weights()), fused_distances(features, weights=Weights()))


def test_the_patterns_of_a_set_are_measured_one_by_one(monkeypatch: pytest.MonkeyPatch):
    # The first pattern has few large numbers, the second many small ones: joined, either would drown the other.
    monkeypatch.setattr(blocks, "PATTERNS", {"few": slice(0, 4), "many": slice(4, 204)})
    chance = np.random.default_rng(11)
    values = np.hstack([100.0 * chance.normal(size=(30, 4)), chance.normal(size=(30, 200))])
    each = [mutual_proximity(set_distances("blocks", values[:, columns])) for columns in (slice(0, 4), slice(4, 204))]
    assert np.allclose(set_distances("blocks", values), (each[0] + each[1]) / 2, atol=1e-5)


def test_neighbours_on_a_map_are_those_of_its_table():
    xy = np.random.default_rng(12).random((600, 2)).astype(np.float32)
    table = np.hypot(*(np.subtract.outer(line, line) for line in xy.T))
    near, known = nearest_places(xy, names(600), k=9), nearest(table, names(600), k=9)
    assert np.array_equal(near.index, known.index) and np.array_equal(near.distance, known.distance)


def test_evening_out_gives_songs_in_a_sparse_place_neighbours_and_takes_them_from_a_crowd():
    chance = np.random.default_rng(8)
    points = chance.normal(size=(120, 20)) * np.linspace(0.5, 2.0, 120)[:, None]
    table = np.linalg.norm(points[:, None] - points[None], axis=2).astype(np.float32)
    table /= table.max()

    def never(distances: np.ndarray) -> int:
        return int((np.bincount(nearest(distances, names(120), k=5).index.ravel(), minlength=120) == 0).sum())

    evened = into_evened(table.copy())
    assert never(evened) < never(table)
    assert np.array_equal(evened, evened.T)
    assert not np.diagonal(evened).any()
    assert evened.max() <= 1.0


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 11])
def test_evening_out_leaves_few_songs_and_copies_as_finite_as_they_were(n: int):
    chance = np.random.default_rng(n)
    table = mutual_proximity(np.abs(np.subtract.outer(line := chance.integers(0, 3, n).astype(float), line)))
    evened = into_evened(table.copy())
    assert np.isfinite(evened).all()
    assert ((evened == 0.0) == (table == 0.0)).all()
