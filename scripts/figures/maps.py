"""Maps and grids."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from figures.row import Row, cpu_s, peak_mb
from figures.similarity import made_up_features


def map_1000() -> Row:
    """A t-SNE map of 1,000 songs, against scikit-learn's t-SNE of the same distances."""
    from sklearn.manifold import TSNE

    from mixtape.maps.embed import song_map
    from mixtape.similarity.fusion import fused_distances
    from mixtape.similarity.nearest import nearest
    from mixtape.similarity.sets import Weights

    table, ids = made_up_features(1000), [str(k) for k in range(1000)]
    distances = fused_distances(table, weights=Weights())
    peer = cpu_s(lambda: TSNE(metric="precomputed", init="random", perplexity=30, random_state=1).fit(distances), repeat=1)
    mine = cpu_s(lambda: song_map(table, nearest(distances, ids, k=90), perplexity=30, seed=1), repeat=1)
    return Row("map_1000", mine, "CPU-s", "scikit-learn's t-SNE", mine / peer)


def family_1000() -> Row:
    """The walk through the 11 maps after the first of 1,000 songs, as a build makes it, against the first map alone."""
    from figures.similarity import made_up_collection
    from mixtape.config import MapsConfig
    from mixtape.maps.embed import layout
    from mixtape.maps.family import Member, Views, members, walk
    from mixtape.similarity.sets import Weights

    chosen, sets = MapsConfig(), made_up_collection(1000)
    views = Views(sets, tuple(str(k) for k in range(1000)), Weights())
    near, begin = views.near(views.shares("fused"), k=91), {name: sets[name] for name in ("rh", "rp", "ssd")}
    first = layout(begin, near, perplexity=30.0, seed=1)
    alone = cpu_s(lambda: layout(begin, near, perplexity=30.0, seed=1), repeat=1)

    def family() -> None:
        wanted, start = members(chosen.family), Member("fused", 30.0)
        list(walk(first.points, start, wanted, views, base=30.0, steps=chosen.steps, rounds=chosen.rounds, seed=1))

    start = time.process_time()
    family()
    mine = time.process_time() - start
    return Row("family_1000", mine, "CPU-s", "its first map alone", mine / alone)


def _cloud(n: int) -> Any:
    """A t-SNE cloud (n, 2) of songs in 40 styles: minutes of work for the largest, none of it in the figures."""
    import numpy as np
    from openTSNE import TSNE

    rng = np.random.default_rng(2)
    heard = 3.0 * rng.normal(size=(40, 50))[rng.integers(0, 40, n)] + rng.normal(size=(n, 50))
    neighbors = "exact" if n < 20_000 else "annoy"
    return np.asarray(TSNE(n_jobs=1, random_state=1, n_iter=250, neighbors=neighbors).fit(heard))


def _grid(side: int, *, peers: tuple[str, ...] = ()) -> Row:
    import numpy as np
    from lap import lapjv
    from scipy.optimize import linear_sum_assignment

    from mixtape.maps.grid import assign_grid, cell_centres, grid_gap

    xy = _cloud(side * side)
    mine = cpu_s(lambda: assign_grid(xy, rows=side, cols=side), repeat=3 if side <= 64 else 1)
    peak = peak_mb()
    grid = assign_grid(xy, rows=side, cols=side)
    said = [f"at most {100 * grid_gap(xy, grid):.2g} % over the cheapest"]
    place, centres = (xy - xy.min(axis=0)) / np.ptp(xy, axis=0), cell_centres(side, side)
    solvers: dict[str, Callable[[Any], object]] = {"SciPy's assignment": linear_sum_assignment, "lap's": lapjv}
    ratios = []
    for name in peers:
        start = time.process_time()
        solvers[name](((place[:, None] - centres[None]) ** 2).sum(axis=2))
        ratios.append(mine / (time.process_time() - start))
        said += [f"{ratios[-1]:.2g} x {name}"] if len(ratios) > 1 else []
    ratio = ratios[0] if ratios else None
    return Row(f"grid_{side * side}", mine, "CPU-s", ", ".join([*peers[:1], *said]), ratio, peak)


def grid_1024() -> Row:
    """1,024 points of a t-SNE cloud on a 32 x 32 grid, exactly, against SciPy's solver and lap's."""
    return _grid(32, peers=("SciPy's assignment", "lap's"))


def grid_4096() -> Row:
    """4,096 points on a 64 x 64 grid, against SciPy's solver; lap's would take minutes."""
    return _grid(64, peers=("SciPy's assignment",))


def grid_16384() -> Row:
    """16,384 points on a 128 x 128 grid; no solver that looks at every pair can do that."""
    return _grid(128)


def grid_65536() -> Row:
    """65,536 points on a 256 x 256 grid; the proof takes several times as long as the grid."""
    return _grid(256)


ROWS = (
    map_1000,
    family_1000,
    grid_1024,
    grid_4096,
    grid_16384,
    grid_65536,
)
