from __future__ import annotations

import numpy as np

from mixtape.playlists.sound import PANEL, Sound
from mixtape.similarity.distances import part_distances, parts_of
from mixtape.similarity.proximity import into_mutual_proximity
from mixtape.similarity.sets import Weights, shares


def features(n: int) -> dict[str, np.ndarray]:
    chance = np.random.default_rng(3)
    hidden = chance.normal(size=(n, 5))
    made = {name: hidden @ chance.normal(size=(5, d)) + 0.3 * chance.normal(size=(n, d)) for name, d in (("rp", 80), ("ssd", 40))}
    return {name: np.abs(table).astype(np.float32) for name, table in made.items()} | {"ear_linear": hidden.astype(np.float32)}


def fused(tables: dict[str, np.ndarray]) -> np.ndarray:
    total = sum(
        share * into_mutual_proximity(part_distances(part)) for part, share in parts_of(tables, shares(tables, Weights()))
    )
    return into_mutual_proximity(np.asarray(total, np.float32))


def test_in_a_small_collection_it_is_the_fused_distance():
    tables = features(120)
    sound = Sound(tables, Weights())
    some = [5, 100, 3, 7]
    assert np.allclose(sound(some, range(120)), fused(tables)[some], atol=1e-5)
    assert np.allclose(sound([60], some), fused(tables)[60, some], atol=1e-5)


def test_in_a_larger_one_it_ranks_nearly_as_the_fused_distance_does():
    tables = features(3 * PANEL)
    sound, exact = Sound(tables, Weights()), fused(tables)
    for row in range(0, 3 * PANEL, 100):
        near = np.argsort(exact[row])[1:11]
        assert len(set(near) & set(np.argsort(sound([row], range(3 * PANEL))[0])[1:16])) >= 8


def test_the_order_of_questions_changes_nothing():
    tables = features(PANEL + 50)
    one, two = Sound(tables, Weights()), Sound(tables, Weights())
    one([200, 3], [9])
    assert np.allclose(one([9, 3], [200]), two([9, 3], [200]), atol=1e-6)
