"""Distances and neighbours."""

from __future__ import annotations

import time
from typing import Any

from figures.row import Row, cpu_s

SET_SIZES = {
    "rp": 1440,
    "ssd": 168,
    "rh": 60,
    "timbre": 350,
    "blocks": 1911,
    "tonal": 99,
    "tempo": 74,
    "ear_linear": 64,
    "ear_net": 128,
}
"""How many numbers a song has in each set of the made-up collections that neighbours are measured on."""


def made_up_features(n: int) -> dict[str, Any]:
    """Tables of chance of the three rhythm sets."""
    import numpy as np

    rng = np.random.default_rng(3)
    style = rng.integers(0, 12, n)
    sizes = {"rp": 1440, "ssd": 168, "rh": 60}
    return {name: np.abs(rng.normal(rng.normal(size=(12, d))[style], 0.6)).astype(np.float32) for name, d in sizes.items()}


def similarity_1000() -> Row:
    """Fused distances and 50 neighbours of 1,000 songs, against one plain distance matrix."""
    import numpy as np
    from scipy.spatial.distance import cdist

    from mixtape.similarity.fusion import fused_distances
    from mixtape.similarity.nearest import nearest
    from mixtape.similarity.sets import Weights

    features, ids = made_up_features(1000), [str(k) for k in range(1000)]
    plain = np.concatenate(list(features.values()), axis=1)
    floor = cpu_s(lambda: cdist(plain, plain), repeat=2)
    mine = cpu_s(lambda: nearest(fused_distances(features, weights=Weights()), ids, k=50))
    return Row("similarity_1000", mine, "CPU-s", "scipy cdist of all numbers", mine / floor)


def made_up_collection(n: int) -> dict[str, Any]:
    """Songs of albums of styles in every set, as many numbers in each as listening gives."""
    import numpy as np

    rng = np.random.default_rng(3)
    style, albums = rng.normal(size=(30, 16)), max(1, n // 12)
    album = style[rng.integers(0, 30, albums)] + 0.6 * rng.normal(size=(albums, 16))
    place = album[rng.integers(0, albums, n)] + 0.35 * rng.normal(size=(n, 16))
    found = {}
    for name, size in SET_SIZES.items():
        view, table = rng.standard_normal((16, size), np.float32) / 4, np.empty((n, size), np.float32)
        for start in range(0, n, 4096):
            heard = place[start : start + 4096].astype(np.float32) @ view
            heard += 0.5 * rng.standard_normal(heard.shape, np.float32)
            table[start : start + 4096] = np.exp(heard) if name in ("rp", "rh", "ssd") else heard
        found[name] = table
    # A covariance that is one: little beside the diagonal, and that above nought.
    down, across = np.triu_indices(25)
    found["timbre"][:, 25:] *= 0.05
    found["timbre"][:, 25 + np.flatnonzero(down == across)] += 1.0
    return found


def _space(n: int, *, asked: int) -> tuple[float, float]:
    """CPU-ms a song to find the 50 nearest of all `n`, and CPU-ms to answer a question with other weights, from `asked` songs."""
    from mixtape.similarity.sets import Weights
    from mixtape.similarity.space import EXACT_UP_TO, Space

    features, ids = made_up_collection(n), [str(row) for row in range(n)]
    rows = range(0, n, max(1, n // asked))
    start = time.process_time()
    space = Space.of(features, ids)
    if n <= EXACT_UP_TO:
        space.neighbours(50)
    else:
        space.from_song(0, k=50)
    ready_s = time.process_time() - start
    space.from_song(0, k=50, weights=Weights(rhythm=3.0))
    start = time.process_time()
    for row in rows:
        space.from_song(row, k=50, weights=Weights(rhythm=3.0))
    question_ms = 1000 * (time.process_time() - start) / len(rows)
    return 1000 * ready_s / n + (question_ms if n > EXACT_UP_TO else 0.0), question_ms


def _neighbours(n: int) -> Row:
    a_song, question = _space(n, asked=100)
    return Row(
        f"neighbours_{n}", a_song, "CPU-ms a song", f"a question with other weights, {question:.2f} CPU-ms", a_song / question
    )


def neighbours_1000() -> Row:
    """The 50 nearest of 1,000 songs by all sets, against one question with other weights."""
    return _neighbours(1000)


def neighbours_10000() -> Row:
    """The same of 10,000 songs, the most that are measured each against each."""
    return _neighbours(10_000)


def neighbours_100000() -> Row:
    """The same of 100,000 songs, by panel and index, told from 100 of them. 15 minutes: it runs only when it is named."""
    return _neighbours(100_000)


ROWS = (
    similarity_1000,
    neighbours_1000,
    neighbours_10000,
    neighbours_100000,
)

WHEN_NAMED = ("neighbours_100000",)
"""Rows that take so long that they run only when they are asked for by name."""
