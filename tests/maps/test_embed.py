from __future__ import annotations

import numpy as np
import pytest

from mixtape.errors import ShapeError
from mixtape.maps.embed import perplexity_for, song_map
from mixtape.maps.frame import LONGEST, MARGIN, SPACING, broadened, drawn_in, framed, unstacked
from mixtape.similarity.fusion import fused_distances
from mixtape.similarity.nearest import nearest
from mixtape.similarity.sets import Weights
from mixtape.types import Neighbours


def islands(n: int, *, groups: int = 4, seed: int = 0) -> tuple[dict[str, np.ndarray], np.ndarray]:
    chance = np.random.default_rng(seed)
    group = np.arange(n) % groups
    features = {
        name: (chance.normal(size=(groups, d))[group] * 3.0 + chance.normal(size=(n, d))).astype(np.float32)
        for name, d in (("rp", 80), ("rh", 20), ("ssd", 40))
    }
    return features, group


def laid_out(features: dict[str, np.ndarray], *, seed: int = 1, perplexity: float = 15.0):
    distances = fused_distances(features, weights=Weights())
    near = nearest(distances, [f"s{row}" for row in range(len(distances))], k=len(distances))
    return song_map(features, near, perplexity=perplexity, seed=seed)


def test_songs_of_a_kind_lie_together():
    features, group = islands(120)
    xy = laid_out(features).xy
    apart = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)) + 9.0 * np.eye(120)
    near = np.argsort(apart, axis=1)[:, :10]
    assert (group[near] == group[:, None]).mean() > 0.95


def test_the_map_lies_in_the_middle_of_the_unit_square_and_fills_it():
    xy = laid_out(islands(90)[0]).xy
    assert xy.dtype == np.float32
    low, high = xy.min(axis=0), xy.max(axis=0)
    assert np.allclose(low + high, 1.0, atol=1e-5)
    assert low.min() == pytest.approx(MARGIN, abs=1e-5)
    assert high[0] - low[0] >= high[1] - low[1]


def test_no_two_covers_lie_on_one_heap():
    features, _ = islands(100)
    for values in features.values():
        values[50:60] = values[50]
    xy = laid_out(features).xy
    apart = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)) + 9.0 * np.eye(100)
    assert apart.min() > 0.6 * SPACING * 0.9 / np.sqrt(100)


def test_the_same_songs_and_seed_give_the_same_bytes_and_another_seed_another_map():
    features, _ = islands(60)
    first = laid_out(features).xy.tobytes()
    assert first == laid_out(features).xy.tobytes()
    assert first != laid_out(features, seed=2).xy.tobytes()


def test_livelier_rhythm_lies_to_the_right():
    chance = np.random.default_rng(1)
    strength = np.linspace(0.0, 3.0, 80)[:, None]
    features = {"rp": strength + 0.2 * chance.random((80, 30))}
    xy = laid_out(features).xy
    assert np.corrcoef(xy[:, 0], strength[:, 0])[0, 1] > 0.5


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 20])
@pytest.mark.parametrize("kind", ["islands", "all the same", "twins", "broken"])
def test_small_and_odd_collections_have_a_map(n: int, kind: str):
    features, _ = islands(n)
    for values in features.values():
        if kind == "all the same":
            values[:] = 2.0
        if kind == "twins":
            values[1::2] = values[: n - (n + 1) // 2]
        if kind == "broken" and n:
            values[0] = np.nan
    made = laid_out(features, perplexity=30.0)
    assert made.xy.shape == (n, 2)
    assert np.isfinite(made.xy).all()
    assert ((made.xy >= 0.0) & (made.xy <= 1.0)).all()
    assert len(np.unique(made.xy, axis=0)) == n
    assert made.perplexity <= max(1.0, (n - 1) / 3)


def test_two_songs_lie_side_by_side_and_one_in_the_middle():
    assert laid_out(islands(1)[0]).xy.tolist() == [[0.5, 0.5]]
    left, right = laid_out(islands(2)[0]).xy
    assert left[1] == pytest.approx(right[1], abs=0.01)


def test_one_straggler_does_not_squash_the_others():
    points = np.random.default_rng(2).normal(size=(50, 2))
    points[0] = [1e4, 0.0]
    spread = framed(drawn_in(points))[1:].std(axis=0)
    assert spread.min() > 0.04
    assert framed(points)[1:].std(axis=0).max() < 0.001
    assert np.argmax(drawn_in(points)[:, 0]) == 0


def test_a_band_is_made_broader_and_a_square_left_alone():
    points = np.random.default_rng(3).normal(size=(200, 2)) * [2.0, 1.0]
    sides = np.ptp(np.quantile(broadened(points), [0.05, 0.95], axis=0), axis=0)
    assert sides[0] / sides[1] == pytest.approx(LONGEST)
    assert np.array_equal(broadened(points * [0.5, 1.0]), points * [0.5, 1.0])


def test_the_perplexity_follows_the_size_of_the_collection():
    assert [round(perplexity_for(n, most=30.0), 2) for n in (0, 1, 4, 10, 48, 400, 5000)] == [1, 1, 1, 3, 6.93, 20, 30]


def test_points_with_room_stay_where_they_are():
    across, up = np.meshgrid(np.arange(6.0), np.arange(6.0))
    points = np.stack([across.ravel(), up.ravel()], axis=1)
    assert np.allclose(unstacked(points, spacing=0.5), points, atol=0.01)


def test_what_does_not_fit_together_is_said():
    near = Neighbours(tuple("abcde"), np.zeros((5, 4), np.int32), np.zeros((5, 4), np.float32))
    broken = Neighbours(near.ids, near.index, np.full((5, 4), np.nan, np.float32))
    with pytest.raises(ShapeError, match="NaN"):
        song_map({}, broken, perplexity=5, seed=1)
    with pytest.raises(ShapeError, match="'rp'"):
        song_map({"rp": np.zeros((3, 2))}, near, perplexity=5, seed=1)


def test_a_map_can_be_watched_as_it_forms_and_is_the_same_unwatched():
    features, group = islands(60)
    distances = fused_distances(features, weights=Weights())
    near = nearest(distances, [f"s{row}" for row in range(60)], k=59)
    seen: list[tuple[int, np.ndarray]] = []
    watched = song_map(features, near, perplexity=15.0, seed=1, watch=lambda done, points: seen.append((done, points)))
    assert np.array_equal(watched.xy, song_map(features, near, perplexity=15.0, seed=1).xy)
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert len(seen) > 40

    def apart(points: np.ndarray) -> float:
        middles = np.stack([points[group == each].mean(axis=0) for each in range(4)])
        inside = np.hypot(*(points - middles[group]).T).mean()
        return float(np.hypot(*(middles - middles.mean(axis=0)).T).mean() / inside)

    assert apart(seen[-1][1]) > 1.5
