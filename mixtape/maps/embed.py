"""Songs as points: t-SNE on the fused distances, laid out to be looked at.

The map starts from the first two principal components of the scaled features (a random start gives another map each time) and is
then turned so that its long side lies across, with livelier rhythm towards the right and fuller sound towards the top where the
songs differ in that way. A long band is made broader, stragglers are drawn in, songs that would lie on top of each other are
moved apart, and all of it is centred in the unit square. One thread, fixed seed: the same input gives the same bytes.

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
from mixtape.similarity.scaling import scaled
from mixtape.types import FloatArray, Neighbours, SongMap

MARGIN = 0.05
"""Share of the unit square kept free on each side, so that covers at the rim stay inside."""

SPACING = 0.55
"""Songs keep this much of the distance they would have if they filled the square evenly, 1 / sqrt(n)."""

LONGEST = 1.25
"""The map is at most so many times as wide as it is high."""

WATCHED_ROUNDS = 10
"""Every so many rounds a layout that forms is shown."""

_LIVELY_SETS = ("rp", "rh")
_FULL_SETS = ("ssd",)
_FEWEST = 6
_MOST_EXAGGERATION = 12.0
_EARLY_ROUNDS = 250
_ROUNDS = 500
_WARM_ROUNDS = 250
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
    features: Mapping[str, npt.NDArray[Any]],
    near: Neighbours,
    *,
    perplexity: float,
    seed: int,
    start: _Points | None = None,
    watch: Watch | None = None,
) -> Layout:
    """Lay the songs out so that neighbours lie near each other.

    Args:
        features: tables (n, d) the start is taken from; also which way the layout is turned.
        near: each song's nearest, at least 3 x perplexity of them, or all others where there are fewer.
        perplexity: about how many neighbours a song looks at; cut to a third of those given.
        seed: what little chance there is.
        start: points to start from instead, of a sibling; then the layout keeps their directions and takes fewer rounds.
        watch: is shown the layout every few rounds.

    Raises:
        ShapeError: rows differ in number or a distance is NaN.
    """
    n, k = near.index.shape
    _check(features, near)
    used = max(1.0, min(float(perplexity), k / 3))
    if n and not near.distance.any():
        return Layout(_disc(n), float("nan"), used)
    if n < _FEWEST:
        return Layout(_by_distances(_table(near)), float("nan"), used)
    if start is not None:
        points, kl = _settled(_rescaled(start), near, used, seed, watch=watch, warm=True)
        return Layout(points, kl, used)
    points, kl = _settled(_start(features, n, seed), near, used, seed, watch=watch)
    return Layout(_turned(points, _liveliness(features, _LIVELY_SETS, n), _liveliness(features, _FULL_SETS, n)), kl, used)


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
    return SongMap(name, near.ids, placed(made.points), "+".join(sorted(features)), made.perplexity, seed)


def placed(points: _Points) -> FloatArray:
    """Points of a layout as places on a map (n, 2) float32: broadened, stragglers drawn in, unstacked, framed."""
    return framed(unstacked(drawn_in(broadened(points)), spacing=SPACING))


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


def _rescaled(points: _Points) -> _Points:
    """The start from a sibling: centred, and not below the spread at which t-SNE still moves points freely."""
    return np.ascontiguousarray(points - (points.max(axis=0) + points.min(axis=0)) / 2)


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
    start: _Points, near: Neighbours, perplexity: float, seed: int, *, watch: Watch | None = None, warm: bool = False
) -> tuple[_Points, float]:
    """The layout t-SNE finds from `start`, and its divergence; `warm` starts are near the end already."""
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    k = max(1, int(3 * perplexity))
    index = PrecomputedNeighbors(
        np.ascontiguousarray(near.index[:, :k]), np.ascontiguousarray(near.distance[:, :k], dtype=np.float64)
    )
    affinities = PerplexityBasedNN(knn_index=index, perplexity=perplexity, n_jobs=1, random_state=seed)
    gradient = "bh" if len(start) < _MOST_FOR_TREE else "fft"
    points = TSNEEmbedding(
        start.copy(), affinities, negative_gradient_method=gradient, n_jobs=1, random_state=seed, learning_rate="auto"
    )
    # In a small collection everybody is everybody's neighbour; pulled twelve times as hard, all would fall onto one point.
    exaggeration = min(_MOST_EXAGGERATION, max(1.0, len(start) / (3.0 * perplexity)))
    stages = [(_WARM_ROUNDS, 1.0, 0.8)] if warm else [(_EARLY_ROUNDS, exaggeration, 0.5), (_ROUNDS, 1.0, 0.8)]
    before = 0
    for rounds, pull, momentum in stages:
        points.optimize(rounds, exaggeration=pull, momentum=momentum, inplace=True, **_shown(watch, before))
        before += rounds
    layout = np.array(points, dtype=np.float64)
    return (layout, float(points.kl_divergence)) if np.isfinite(layout).all() else (start, float("nan"))


def _shown(watch: Watch | None, before: int) -> dict[str, Any]:
    """What makes openTSNE show `watch` the points every few rounds."""
    if watch is None:
        return {}

    def show(done: int, _kl: float, forming: Any) -> None:
        watch(before + done, np.array(forming, dtype=np.float64))

    return {"callbacks": [show], "callbacks_every_iters": WATCHED_ROUNDS}


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


def _disc(n: int) -> _Points:
    """A sunflower: n points spread evenly over a disc of radius 1, from the middle outwards."""
    turn = np.arange(n) * np.pi * (3.0 - np.sqrt(5.0))
    radius = np.sqrt((np.arange(n) + 0.5) / max(n, 1)) if n > 1 else np.zeros(n)
    return np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=1)


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


def broadened(points: npt.NDArray[Any], *, longest: float = LONGEST, most: float = 2.0) -> _Points:
    """Stretch the short side of points (n, 2) until the long one is `longest` times it, but not more than `most` times.

    Sides are measured between the 5th and the 95th percentile. How far islands lie from each other in a t-SNE layout means
    little, and a thin band would leave most of a screen or a sheet empty.
    """
    placed = np.array(points, np.float64)
    if len(placed) < _FEWEST:
        return placed
    across, up = np.ptp(np.quantile(placed, [0.05, 0.95], axis=0), axis=0)
    if min(across, up) > 0.0:
        placed[:, 0] *= min(max(1.0, up / longest / across), most)
        placed[:, 1] *= min(max(1.0, across / longest / up), most)
    return placed


def drawn_in(points: npt.NDArray[Any]) -> _Points:
    """Bring stragglers nearer: beyond a knee, the distance r from the middle becomes knee (2 - knee / r).

    The knee is 1.25 times the radius that holds nine tenths of the points, so nothing ends more than twice as far out, and one
    lost song cannot squash all others. Points (n, 2) inside keep their shape, and the order from the middle outwards stays.
    """
    if len(points) < 3:
        return np.array(points, np.float64)
    centred = points - np.median(points, axis=0)
    radius = np.hypot(centred[:, 0], centred[:, 1])
    knee = 1.25 * float(np.quantile(radius, 0.9))
    if knee <= 0.0:
        return centred
    far = np.maximum(radius / knee, 1.0)
    return centred * ((2.0 - 1.0 / far) / far)[:, None]


def unstacked(points: npt.NDArray[Any], *, spacing: float, rounds: int = 80) -> _Points:
    """Move points (n, 2) apart that are nearer than `spacing` / sqrt(n) of the larger side, as little as that takes.

    Covers have a size: without this the songs of one album lie on one heap. The number of rounds bounds the work; a crowd that
    is too dense for its place ends evenly spread rather than wholly apart.
    """
    from scipy.spatial import cKDTree

    placed = np.array(points, np.float64)
    n = len(placed)
    side = float(np.ptp(placed, axis=0).max()) if n else 0.0
    if n < 2 or side <= 0.0:
        return placed
    apart = spacing * side / np.sqrt(n)
    placed += 1e-3 * apart * _disc(n)
    for _ in range(rounds):
        pairs = cKDTree(placed).query_pairs(0.999 * apart, output_type="ndarray")
        if len(pairs) == 0:
            break
        first, second = pairs[np.lexsort(pairs.T[::-1])].T
        between = placed[second] - placed[first]
        length = np.maximum(np.hypot(between[:, 0], between[:, 1]), 1e-12)
        push = between * (0.25 * (apart - length) / length)[:, None]
        for axis in range(2):
            placed[:, axis] += np.bincount(second, push[:, axis], n) - np.bincount(first, push[:, axis], n)
    return placed


def framed(points: npt.NDArray[Any], *, margin: float = MARGIN) -> FloatArray:
    """Centre points (n, 2) in the unit square, as large as the margin lets them be, proportions kept. Returns float32."""
    if len(points) == 0:
        return np.zeros((0, 2), np.float32)
    low, high = points.min(axis=0), points.max(axis=0)
    side = float((high - low).max())
    scale = (1.0 - 2.0 * margin) / side if side > 0.0 else 0.0
    return np.clip(0.5 + (points - (low + high) / 2.0) * scale, 0.0, 1.0).astype(np.float32)
