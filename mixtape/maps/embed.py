"""Songs as points: t-SNE on the distances between songs.

The layout starts from the first two principal components of the scaled features (a random start gives another map each time)
and is then turned so that its long side lies across, with livelier rhythm towards the right and fuller sound towards the top
where the songs differ in that way. A layout goes on from another one where it is given a start, and songs can be held where they
are while others find their place. One thread, fixed seed: the same input gives the same bytes. How a layout becomes a map is in
`frame`.

van der Maaten and Hinton, Visualizing data using t-SNE, JMLR 9, 2008; start and learning rate as in Kobak and Berens, The art of
using t-SNE for single-cell transcriptomics, Nature Communications 10, 2019; engine openTSNE (Policar, Strazar and Zupan, 2024).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mixtape.errors import ShapeError
from mixtape.maps.frame import disc, placed
from mixtape.similarity.scaling import scaled
from mixtape.types import Neighbours, SongMap

WATCHED_ROUNDS = 10
"""Every so many rounds a layout that forms is shown."""

_LIVELY_SETS = ("rp", "rh")
_FULL_SETS = ("ssd",)
_FEWEST = 6
_MOST_EXAGGERATION = 12.0
_EARLY_ROUNDS = 250
_ROUNDS = 500
_MOST_FOR_TREE = 10_000

_Points = npt.NDArray[np.float64]


def perplexity_for(n: int, *, most: float) -> float:
    """A perplexity that suits n songs: sqrt(n), at least 5, at most `most` and (n - 1) / 3.

    Looked at on small collections: where every song attends to a third of all others the map is one round cloud; at sqrt(n) it
    falls into islands with water between them.
    """
    return max(1.0, min(most, max(5.0, n**0.5), (n - 1) / 3))


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """A t-SNE layout before it is made a map: points (n, 2), the divergence it ended with, and the perplexity it was made with.

    `kl` is NaN where nothing was fitted: fewer than 6 songs, or all of them the same.
    """

    points: _Points
    kl: float
    perplexity: float


Watch: TypeAlias = Callable[[int, _Points], None]
"""Is shown the layout as it forms: how many rounds are done, and the points (n, 2)."""


def layout(
    features: Mapping[str, npt.NDArray[Any]], near: Neighbours, *, perplexity: float, seed: int, watch: Watch | None = None
) -> Layout:
    """Lay the songs out so that neighbours lie near each other.

    Args:
        features: tables (n, d) the start is taken from; also which way the layout is turned.
        near: each song's nearest, at least 3 x perplexity of them, or all others where there are fewer.
        perplexity: about how many neighbours a song looks at; cut to a third of those given.
        seed: what little chance there is.
        watch: is shown the layout every few rounds.

    Raises:
        ShapeError: rows differ in number or a distance is NaN.
    """
    n, k = near.index.shape
    _check(features, near)
    used = max(1.0, min(float(perplexity), k / 3))
    if n and not near.distance.any():
        return Layout(disc(n), float("nan"), used)
    if n < _FEWEST:
        return Layout(_by_distances(_table(near)), float("nan"), used)
    # In a small collection everybody is everybody's neighbour; pulled twelve times as hard, all would fall onto one point.
    exaggeration = min(_MOST_EXAGGERATION, max(1.0, n / (3.0 * used)))
    stages = ((_EARLY_ROUNDS, exaggeration, 0.5), (_ROUNDS, 1.0, 0.8))
    points, kl = _settled(_start(features, n, seed), near, used, seed, stages, watch=watch)
    return Layout(_turned(points, _liveliness(features, _LIVELY_SETS, n), _liveliness(features, _FULL_SETS, n)), kl, used)


def relaxed(
    start: npt.NDArray[Any],
    near: Neighbours,
    *,
    perplexity: float,
    seed: int,
    rounds: int,
    pull: float = 1.0,
    held: npt.NDArray[np.bool_] | None = None,
    watch: Watch | None = None,
    every: int = WATCHED_ROUNDS,
) -> Layout:
    """Go on from a layout: `start` (n, 2) as it was made with these or with other distances. It keeps its directions.

    Neighbours attract each other `pull` times as hard as t-SNE has them (its exaggeration). Points of `held` (n,) stay exactly
    where they are, and the others find their place among them. What `layout` would not fit (fewer than 6 songs, all the same)
    stays as it is. `watch` is shown the points, round their middle, after `every` so many rounds. `near`, `perplexity` and
    `seed` as in `layout`.
    """
    _check({}, near)
    n, k = near.index.shape
    used = max(1.0, min(float(perplexity), k / 3))
    begin = np.ascontiguousarray(start, np.float64)
    if n < _FEWEST or not near.distance.any() or (held is not None and held.all()):
        return Layout(begin, float("nan"), used)
    middle = (begin.max(axis=0) + begin.min(axis=0)) / 2
    stages = ((rounds, pull, 0.8),)
    points, kl = _settled(begin - middle, near, used, seed, stages, watch=watch, every=every, held=held)
    if held is None:
        return Layout(points, kl, used)
    # The engine centres all points after every round: that is undone, and no rounding is left on those that are held.
    points = points + (begin[held] - points[held]).mean(axis=0)
    points[held] = begin[held]
    return Layout(points, kl, used)


def song_map(
    features: Mapping[str, npt.NDArray[Any]],
    near: Neighbours,
    *,
    perplexity: float,
    seed: int,
    name: str = "fused",
    watch: Watch | None = None,
) -> SongMap:
    """A `layout` made a map: positions in the unit square, y up, as far apart as covers need. Arguments as there."""
    made = layout(features, near, perplexity=perplexity, seed=seed, watch=watch)
    return SongMap(name, near.ids, placed(made.points)[0], "+".join(sorted(features)), made.perplexity, seed)


def _check(features: Mapping[str, npt.NDArray[Any]], near: Neighbours) -> None:
    if not np.isfinite(near.distance).all():
        raise ShapeError("distances hold NaN or infinite numbers; make them with mixtape.similarity")
    for name, values in features.items():
        if len(values) != len(near.ids):
            raise ShapeError(f"feature set '{name}': {len(values)} rows for {len(near.ids)} songs; one row per song is needed")


def _table(near: Neighbours) -> npt.NDArray[Any]:
    """All distances (n, n) of a collection so small that everybody is everybody's neighbour."""
    n = len(near.ids)
    table = np.zeros((n, n))
    np.put_along_axis(table, near.index.astype(np.int64), near.distance.astype(np.float64), axis=1)
    return table


def _start(features: Mapping[str, npt.NDArray[Any]], n: int, seed: int) -> _Points:
    """First two principal components (n, 2) of all sets, each set weighing the same, spread 1e-4; and a little seeded noise."""
    noise = np.random.default_rng(seed).normal(size=(n, 2))
    parts = [scaled(values) / np.sqrt(max(1, np.shape(values)[1])) for _, values in sorted(features.items())]
    joined = np.concatenate(parts, axis=1) if parts else np.zeros((n, 0), np.float32)
    if min(joined.shape) < 2 or not joined.any():
        return noise * 1e-4
    from sklearn.decomposition import PCA

    start = PCA(n_components=2, svd_solver="randomized", random_state=seed).fit_transform(joined).astype(np.float64)
    # Songs that start on one point would stay on it: the gradient between them is zero.
    start = start / max(float(start[:, 0].std()), 1e-12) + 0.01 * noise
    return start * 1e-4


def _settled(
    start: _Points,
    near: Neighbours,
    perplexity: float,
    seed: int,
    stages: Sequence[tuple[int, float, float]],
    *,
    watch: Watch | None = None,
    every: int = WATCHED_ROUNDS,
    held: npt.NDArray[np.bool_] | None = None,
) -> tuple[_Points, float]:
    """The layout t-SNE finds from `start` in stages of (rounds, exaggeration, momentum), and its divergence."""
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    k = max(1, int(3 * perplexity))
    index = PrecomputedNeighbors(
        np.ascontiguousarray(near.index[:, :k]), np.ascontiguousarray(near.distance[:, :k], dtype=np.float64)
    )
    affinities = PerplexityBasedNN(knn_index=index, perplexity=perplexity, n_jobs=1, random_state=seed)
    gradient = _gradient(len(start), held)
    points = TSNEEmbedding(
        start.copy(), affinities, negative_gradient_method=gradient, n_jobs=1, random_state=seed, learning_rate="auto"
    )
    before = 0
    for rounds, pull, momentum in stages:
        points.optimize(rounds, exaggeration=pull, momentum=momentum, inplace=True, **_shown(watch, every, before))
        before += rounds
    layout = np.array(points, dtype=np.float64)
    return (layout, float(points.kl_divergence)) if np.isfinite(layout).all() else (start, float("nan"))


def _gradient(n: int, held: npt.NDArray[np.bool_] | None) -> Callable[..., tuple[float, _Points]]:
    """The divergence and which way is down, by a tree or on a raster; nowhere is down for points that are held."""
    from openTSNE.tsne import kl_divergence_bh, kl_divergence_fft

    free = kl_divergence_bh if n < _MOST_FOR_TREE else kl_divergence_fft
    if held is None:
        return free  # type: ignore[no-any-return]

    def some(embedding: Any, affinities: Any, **settings: Any) -> tuple[float, _Points]:
        divergence, down = free(embedding, affinities, **settings)
        down[held] = 0.0
        return divergence, down

    return some


def _shown(watch: Watch | None, every: int, before: int) -> dict[str, Any]:
    """What makes openTSNE show `watch` the points every few rounds."""
    if watch is None:
        return {}

    def show(done: int, _kl: float, forming: Any) -> None:
        watch(before + done, np.array(forming, dtype=np.float64))

    return {"callbacks": [show], "callbacks_every_iters": every}


def _by_distances(distances: npt.NDArray[Any]) -> _Points:
    """Classical scaling (Torgerson 1952): the two directions that explain the squared distances best."""
    n = len(distances)
    if n < 2:
        return np.zeros((n, 2))
    centring = np.eye(n) - 1.0 / n
    lengths, directions = np.linalg.eigh(-0.5 * centring @ (distances.astype(np.float64) ** 2) @ centring)
    points = directions[:, ::-1][:, :2] * np.sqrt(np.maximum(lengths[::-1][:2], 0.0))
    # An eigenvector may as well be its own negative: the first song goes left and down.
    return points * np.where(points[0] > 0.0, -1.0, 1.0)


def _liveliness(features: Mapping[str, npt.NDArray[Any]], sets: Sequence[str], n: int) -> _Points:
    """How strong each song's numbers are against the average song's, over the sets named: (n,)."""
    means = [scaled(features[name]).mean(axis=1) for name in sets if name in features and np.shape(features[name])[1]]
    return np.mean(means, axis=0) if means else np.zeros(n)


def _turned(points: _Points, to_right: _Points, to_top: _Points) -> _Points:
    centred = points - points.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    turned = centred @ axes[:, ::-1]
    for column, wanted in enumerate((to_right, to_top)):
        if turned[:, column] @ (wanted - wanted.mean()) < 0.0:
            turned[:, column] *= -1.0
    return turned
