"""Places on the map as one value of an event: "0.25 0.5 0.3 0.55" is two of them, x and y from 0 to 1, y up."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from mixtape.types import FloatArray

MOST = 64
"""Places in one value."""


def read_points(value: object) -> FloatArray:
    """The places (n, 2) of a value, brought into the map; none, (0, 2), where it holds no pairs of numbers or too many."""
    try:
        numbers = [float(each) for each in str(value).replace(",", " ").split()] if isinstance(value, str) else []
    except ValueError:
        numbers = []
    if len(numbers) % 2 or len(numbers) > 2 * MOST or not all(map(math.isfinite, numbers)):
        numbers = []
    return np.clip(np.array(numbers, np.float64).reshape(-1, 2), 0.0, 1.0).astype(np.float32)


def write_points(points: FloatArray | Sequence[Sequence[float]]) -> str:
    """Places (n, 2) as a value; to four digits, which is a tenth of a pixel on any screen."""
    return " ".join(f"{number:.4f}" for number in np.clip(np.asarray(points, np.float64), 0.0, 1.0).ravel())
