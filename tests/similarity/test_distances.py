from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from mixtape.errors import ShapeError
from mixtape.similarity.distances import Part, set_distances
from mixtape.similarity.scaling import scaled
from mixtape.similarity.sets import SETS

WIDTHS = {"rp": 30, "rh": 10, "tempo": 5, "ssd": 20, "timbre": 14, "tonal": 12, "blocks": 40, "ear_linear": 8, "ear_net": 8}


def values_of(name: str, n: int, *, seed: int = 0) -> np.ndarray:
    chance = np.random.default_rng(seed)
    if name == "timbre":
        return gaussians(n, seed=seed)
    return chance.normal(size=(n, WIDTHS[name])).astype(np.float32)


def gaussians(n: int, *, d: int = 4, seed: int = 0) -> np.ndarray:
    chance = np.random.default_rng(seed)
    mean = 20.0 * chance.normal(size=(n, d)) + 100.0
    spread = chance.normal(size=(n, d, 3 * d)) * np.array([9.0, 3.0, 1.0, 0.3])[:d, None]
    covariance = spread @ spread.transpose(0, 2, 1) / (3 * d)
    down, across = np.triu_indices(d)
    return np.concatenate([mean, covariance[:, down, across]], axis=1)


def divergence(a: np.ndarray, b: np.ndarray, *, d: int = 4) -> float:
    """KL(a|b) + KL(b|a), as textbooks have it."""
    down, across = np.triu_indices(d)

    def taken_apart(vector: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        covariance = np.zeros((d, d))
        covariance[down, across] = covariance[across, down] = vector[d:]
        return vector[:d], covariance

    (m, c), (o, e) = taken_apart(a), taken_apart(b)
    there = 0.5 * (np.trace(np.linalg.inv(e) @ c) + (m - o) @ np.linalg.inv(e) @ (m - o) - d)
    back = 0.5 * (np.trace(np.linalg.inv(c) @ e) + (m - o) @ np.linalg.inv(c) @ (m - o) - d)
    return float(there + back)


def test_gaussians_are_compared_by_their_divergence_both_ways():
    values = gaussians(40)
    found = set_distances("timbre", values)
    for a, b in ((0, 1), (3, 30), (39, 12)):
        assert found[a, b] == pytest.approx(np.sqrt(divergence(values[a], values[b])), rel=1e-4)


def test_gaussians_far_from_nought_and_nearly_alike_are_not_lost_in_rounding():
    values = gaussians(10) + np.r_[np.full(4, 5000.0), np.zeros(10)]
    values[5] = values[2]
    values[5, 0] += 3.0
    assert set_distances("timbre", values)[2, 5] == pytest.approx(np.sqrt(divergence(values[2], values[5])), rel=0.05)


def test_patterns_are_compared_number_by_number():
    rows = scaled(values_of("blocks", 700), kind="whole").astype(np.float64)
    assert np.allclose(set_distances("blocks", values_of("blocks", 700)), cdist(rows, rows, "cityblock"), rtol=1e-5)


def test_ears_are_compared_by_direction():
    values = values_of("ear_net", 50)
    assert np.allclose(set_distances("ear_net", values), cdist(values, values, "cosine"), atol=1e-6)
    assert np.allclose(set_distances("ear_net", values), set_distances("ear_net", 7.0 * values), atol=1e-6)


@pytest.mark.parametrize("name", SETS)
def test_one_song_against_many_is_a_row_of_all_against_all(name: str):
    values = values_of(name, 60)
    part = Part.of(name, values)
    assert np.allclose(part.from_one(part.at([7])[0], part.at(slice(None))), set_distances(name, values)[7], atol=2e-3)
    assert part.from_one(part.at([7])[0], part.at([7]))[0] == 0.0
    assert np.array_equal(part.encoded(values[7]), part.at([7])[0])


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(sorted(SETS)),
    n=st.integers(0, 9),
    kind=st.sampled_from(["any", "same", "twins", "broken", "huge", "silent", "one column"]),
    seed=st.integers(0, 99),
)
def test_every_measure_gives_a_proper_distance_whatever_the_numbers(name: str, n: int, kind: str, seed: int):
    values = values_of(name, n, seed=seed)
    if kind == "same":
        values[:] = values[:1]
    if kind == "twins":
        values[n // 2 :] = values[: n - n // 2]
    if kind == "broken" and n:
        values[seed % n, seed % values.shape[1]] = (np.nan, np.inf, -np.inf)[seed % 3]
    if kind == "huge":
        values *= 1e30
    if kind == "silent":
        values[n // 2 :] = 0.0
    if kind == "one column":
        values[:, 1:] = 0.5
    found = set_distances(name, values)
    assert found.dtype == np.float32 and found.shape == (n, n)
    assert np.isfinite(found).all() and (found >= 0.0).all()
    assert np.array_equal(found, found.T) and not np.diagonal(found).any()
    assert kind != "same" or not found.any()
    assert kind != "twins" or n < 2 or found[0, n // 2] == 0.0


def test_numbers_that_are_no_gaussian_are_told():
    with pytest.raises(ShapeError, match="15 numbers are no mean"):
        set_distances("timbre", np.zeros((3, 15)))
    with pytest.raises(ShapeError, match="'rp' of shape"):
        set_distances("rp", np.zeros(3))
