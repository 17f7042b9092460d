"""Pictures on a map by their colours."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog
from scipy.stats import spearmanr

from mixtape.maps.colours import colour_grid, colour_layout, palette_points
from mixtape.palette import srgb_to_oklab
from mixtape.types import Palette


def palettes(n: int, *, seed: int = 0) -> list[Palette]:
    """Made-up palettes, each around a colour of its own."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(n):
        k = int(rng.integers(1, 9))
        srgb = np.clip(rng.integers(0, 256, 3) + rng.normal(0, 45, (k, 3)), 0, 255).astype(np.uint8)
        share = rng.random(k) + 0.05
        found.append(Palette(srgb, (share / share.sum()).astype(np.float32)))
    return found


def transport(one: Palette, other: Palette) -> float:
    """How much colour must go how far in OKLab to make one palette the other, exactly."""
    cost = np.linalg.norm(srgb_to_oklab(one.srgb)[:, None] - srgb_to_oklab(other.srgb)[None], axis=2)
    a, b = cost.shape
    rows = np.kron(np.eye(a), np.ones(b))
    cols = np.kron(np.ones(a), np.eye(b))
    shares = [one.share / one.share.sum(), other.share.astype(float) / other.share.astype(float).sum()]
    done = linprog(cost.ravel(), A_eq=np.vstack([rows, cols])[:-1], b_eq=np.concatenate(shares)[:-1])
    return float(done.fun)


def test_distances_order_pictures_as_the_exact_transport_of_colour_does():
    some = palettes(24)
    points = palette_points(some)
    pairs = [(a, b) for a in range(24) for b in range(a)]
    mine = [float(np.linalg.norm(points[a] - points[b])) for a, b in pairs]
    exact = [transport(some[a], some[b]) for a, b in pairs]
    assert spearmanr(mine, exact).statistic > 0.9


def test_pictures_of_one_colour_lie_together_and_light_ones_above():
    shades = [(230, 40, 40), (40, 60, 220), (245, 245, 245), (12, 12, 12)]
    rng = np.random.default_rng(1)
    some = [
        Palette(np.clip(np.array([shades[k % 4]]) + rng.integers(-9, 9, (1, 3)), 0, 255).astype(np.uint8), np.ones(1, np.float32))
        for k in range(80)
    ]
    at = colour_layout(some)
    away = np.linalg.norm(at[:, None] - at[None], axis=2) + 1e9 * np.eye(80)
    assert all(near % 4 == k % 4 for k, near in enumerate(away.argmin(axis=1)))
    assert at[2::4, 1].mean() > at[3::4, 1].mean()


def test_every_picture_has_a_cell_and_the_same_pictures_the_same_cells():
    some = [*palettes(33), Palette(np.zeros((0, 3), np.uint8), np.zeros(0, np.float32))]
    grid = colour_grid(some, rows=5, cols=7)
    assert len(set(grid.cell.tolist())) == 34
    assert np.array_equal(grid.cell, colour_grid(some, rows=5, cols=7).cell)
    for n in (0, 1, 2, 3, 7):
        assert len(colour_grid(palettes(n), rows=3, cols=3).cell) == n
