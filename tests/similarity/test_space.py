from __future__ import annotations

import numpy as np
import pytest

from mixtape.errors import MixtapeError, ShapeError
from mixtape.similarity import space as rules
from mixtape.similarity.fusion import fused_distances
from mixtape.similarity.nearest import nearest
from mixtape.similarity.sets import Weights
from mixtape.similarity.space import Space

WIDTHS = {"rp": 600, "ssd": 60, "blocks": 100, "ear_linear": 16, "timbre": 20}
WEIGHTS = Weights()


def collection(n: int, *, seed: int = 0) -> dict[str, np.ndarray]:
    """Songs of albums of styles, heard by every set in its own way."""
    chance = np.random.default_rng(seed)
    album = chance.normal(size=(12, 8))[np.arange(n // 10 + 1) % 12] + 0.6 * chance.normal(size=(n // 10 + 1, 8))
    place = album[np.arange(n) // 10] + 0.4 * chance.normal(size=(n, 8))
    found = {}
    for name, width in WIDTHS.items():
        heard = place @ chance.normal(size=(8, width)) / 3.0 + 0.5 * chance.normal(size=(n, width))
        found[name] = heard.astype(np.float32)
    down, across = np.triu_indices(5)
    diagonal = np.flatnonzero(down == across)
    found["timbre"][:, 5:] *= 0.1
    found["timbre"][:, 5 + diagonal] = np.exp(found["timbre"][:, 5 + diagonal])
    return found


def names(n: int) -> list[str]:
    return [f"s{row}" for row in range(n)]


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every collection counts as a large one."""
    monkeypatch.setattr(rules, "EXACT_UP_TO", 0)
    monkeypatch.setattr(rules, "ALL_UP_TO", 0)


def shared(found: np.ndarray, known: np.ndarray) -> float:
    """How many of the known neighbours were found, from 0 to 1."""
    return float(np.mean([len(set(a) & set(b)) / len(b) for a, b in zip(found, known, strict=True)]))


def test_a_small_space_is_the_fused_distance():
    features = collection(150)
    table = fused_distances(features, weights=WEIGHTS)
    space = Space.of(features, names(150), weights=WEIGHTS)
    known = nearest(table, names(150), k=10)
    assert np.array_equal(space.neighbours(10).index, known.index)
    assert np.array_equal(space.neighbours(10).distance, known.distance)
    assert np.array_equal(space.distances_from(3), table[3])
    near = space.from_song(3, k=10)
    assert near.rows.tolist() == known.index[3].tolist()
    assert near.ids == tuple(f"s{row}" for row in near.rows)


def test_weights_are_live():
    features = collection(200)
    space = Space.of(features, names(200), weights=WEIGHTS)
    for weights in (Weights(1.0, 0.0, 0.0, 0.0, 0.0), Weights(0.0, 1.0, 0.0, 5.0, 0.5)):
        table = fused_distances(features, weights=weights, evened=False)
        near = space.from_song(8, k=20, weights=weights)
        assert np.allclose(near.distance, np.sort(np.delete(table[8], 8))[:20], atol=1e-3)
        assert shared(near.rows[None], nearest(table, names(200), k=20).index[8:9]) >= 0.95


@pytest.mark.usefixtures("large")
def test_a_large_space_finds_what_measuring_all_pairs_finds(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rules, "CANDIDATES", 300)
    features = collection(2500)
    known = nearest(fused_distances(features, weights=WEIGHTS, evened=False), names(2500), k=20)
    space = Space.of(features, names(2500), weights=WEIGHTS)
    rows = np.arange(0, 2500, 50)
    assert shared(np.stack([space.from_song(int(row), k=20).rows for row in rows]), known.index[rows]) > 0.9
    every = np.argsort(np.stack([np.delete(space.distances_from(int(row)), row) for row in rows[:10]]), axis=1)[:, :20]
    every += every >= rows[:10, None]
    assert shared(np.stack([space.from_song(int(row), k=20).rows for row in rows[:10]]), every) > 0.95


@pytest.mark.usefixtures("large")
def test_the_neighbours_of_a_large_space_are_those_of_the_table_of_all_pairs():
    features = collection(600)
    known = nearest(fused_distances(features, weights=WEIGHTS), names(600), k=20)
    assert shared(Space.of(features, names(600), weights=WEIGHTS).neighbours(20).index, known.index) > 0.9


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("n", [1, 2, 3, 12, 60])
def test_a_large_space_of_few_or_odd_songs_answers_too(n: int):
    features = collection(n)
    features["ssd"][:, 3] = 7.0
    features["rp"][n // 2] = np.nan
    for values in features.values():
        values[-1] = values[0]
    space = Space.of(features, names(n), weights=WEIGHTS)
    near = space.neighbours(5)
    assert near.index.shape == (n, min(5, n - 1))
    assert np.isfinite(near.distance).all() and (near.distance >= 0.0).all() and (near.distance <= 1.0).all()
    assert all(row not in near.index[row] for row in range(n))
    if n > 2:
        assert near.index[0, 0] == n - 1 and near.distance[0, 0] == 0.0


def test_no_songs_have_no_neighbours():
    space = Space.of({name: np.zeros((0, width), np.float32) for name, width in WIDTHS.items()}, [], weights=WEIGHTS)
    assert space.neighbours(5).index.shape == (0, 0)


@pytest.mark.parametrize("kind", ["small", "large"])
def test_a_song_from_elsewhere_is_placed_beside_its_like(kind: str, request: pytest.FixtureRequest):
    if kind == "large":
        request.getfixturevalue("large")
    features = collection(400)
    space = Space.of({name: values[:-1] for name, values in features.items()}, names(399), weights=WEIGHTS)
    near = space.from_vectors({name: values[-1] for name, values in features.items()}, k=9)
    assert len(set(near.rows) & set(range(390, 399))) >= 6
    same = space.from_vectors({name: values[20] for name, values in features.items()}, k=3)
    assert same.rows[0] == 20 and same.distance[0] == 0.0


@pytest.mark.parametrize("kind", ["small", "large"])
def test_the_same_songs_give_the_same_bytes(kind: str, request: pytest.FixtureRequest):
    if kind == "large":
        request.getfixturevalue("large")
    features = collection(300)
    first, second = (Space.of(features, names(300), weights=WEIGHTS).neighbours(10) for _ in range(2))
    assert first.index.tobytes() == second.index.tobytes() and first.distance.tobytes() == second.distance.tobytes()


@pytest.mark.usefixtures("large")
def test_a_large_space_holds_no_table_of_all_pairs_and_leaves_the_vectors_as_they_are():
    features = collection(2100)
    before = {name: values.copy() for name, values in features.items()}
    space = Space.of(features, names(2100), weights=WEIGHTS)
    space.from_song(5, k=10)
    held = [value for part in (space, space._index, *space._parts, *space._surveyed) for value in vars(part).values()]
    largest = max(value.size for value in held if isinstance(value, np.ndarray))
    assert largest < 2100 * 1000
    assert all(np.array_equal(features[name], before[name]) for name in features)


def test_what_does_not_fit_is_told():
    features = collection(20)
    with pytest.raises(ShapeError, match="one id per row"):
        Space.of(features, names(19), weights=WEIGHTS)
    with pytest.raises(MixtapeError, match="leave nothing"):
        Space.of(features, names(20), weights=Weights(0.0, 0.0, 0.0, 0.0, 0.0))
    with pytest.raises(MixtapeError, match="no vector of ssd"):
        Space.of(features, names(20)).from_vectors({name: features[name][0] for name in features if name != "ssd"}, k=3)
