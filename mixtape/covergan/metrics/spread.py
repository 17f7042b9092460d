"""Density and coverage (Naeem and others 2020, "Reliable Fidelity and Diversity Metrics for Generative Models")."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

NEIGHBOURS = 5


@dataclass(frozen=True, slots=True)
class Spread:
    """Density: how crowded by reals the places are where drawn pictures lie, 1 for the reals themselves, more when only the
    usual is drawn. Coverage: share of reals with a drawn picture near."""

    density: float = float("nan")
    coverage: float = float("nan")


def spread(reals: npt.NDArray[np.floating], drawn: npt.NDArray[np.floating], *, k: int = NEIGHBOURS) -> Spread:
    """Compare features (n, d) and (m, d).

    With r_i the distance of real i to its k-th nearest other real,
    density = |{(i, j): |x_i - y_j| <= r_i}| / (k m), coverage = |{i: some |x_i - y_j| <= r_i}| / n.
    The border counts as inside, so that a real with k copies of itself can be covered. Needs more than k reals, else NaN.
    """
    if len(reals) <= k or not len(drawn):
        return Spread()
    radius = np.sort(distances(reals, reals), axis=1)[:, k]
    inside = distances(reals, drawn) <= radius[:, None]
    return Spread(density=float(inside.sum() / (k * len(drawn))), coverage=float(inside.any(axis=1).mean()))


def distances(a: npt.NDArray[np.floating], b: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Plain distances (n, m) of rows (n, d) and (m, d); equal rows are exactly 0 apart."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    middle = a.mean(axis=0)
    a, b = a - middle, b - middle
    squares = np.square(a).sum(axis=1)[:, None] + np.square(b).sum(axis=1)[None]
    apart = np.maximum(squares - 2.0 * a @ b.T, 0.0)
    # What is left of two equal rows is rounding, about 1e-16 of their length.
    return np.sqrt(np.where(apart < 1e-12 * squares, 0.0, apart))
