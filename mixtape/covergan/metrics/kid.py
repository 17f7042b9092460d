"""Kernel inception distance (Binkowski and others 2018, "Demystifying MMD GANs"), on whichever features are given."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mixtape.covergan.metrics.features import standardised

SUBSETS = 10
SUBSET = 300


@dataclass(frozen=True, slots=True)
class Kid:
    """Mean and standard deviation over subsets. 0 is no difference; as the estimate has no bias it can fall below."""

    mean: float = float("nan")
    sd: float = float("nan")


def kid(reals: npt.NDArray[np.floating], drawn: npt.NDArray[np.floating], *, seed: int = 0) -> Kid:
    """The squared maximum mean discrepancy of features (n, d) and (m, d) under (x.y / d + 1)^3, over random subsets.

    The features are standardised by the reals first, so figures on different features do not compare. NaN for fewer than 4
    of either.
    """
    size = min(SUBSET, 2 * min(len(reals), len(drawn)) // 3)
    if size < 2:
        return Kid()
    x, y = standardised(reals, drawn)
    rng = np.random.default_rng(seed)
    found = [mmd2(x[rng.choice(len(x), size, replace=False)], y[rng.choice(len(y), size, replace=False)]) for _ in range(SUBSETS)]
    return Kid(float(np.mean(found)), float(np.std(found)))


def mmd2(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> float:
    """The unbiased estimate: mean k(x, x') and k(y, y') over pairs of different rows, less twice the mean k(x, y)."""

    def kernel(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.asarray((a @ b.T / a.shape[1] + 1.0) ** 3)

    def within(a: npt.NDArray[np.float64]) -> float:
        k = kernel(a, a)
        return float((k.sum() - np.trace(k)) / (len(a) * (len(a) - 1)))

    return within(x) + within(y) - 2.0 * float(kernel(x, y).mean())
