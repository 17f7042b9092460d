"""From a layout to places on a map: broadened, stragglers drawn in, nothing on one heap, in the middle of the unit square.

A `Frame` remembers how one layout was placed, so that its siblings, and songs that join later, are placed in the same way: what
has not moved in the layout does not move on the map.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mixtape.types import FloatArray

MARGIN = 0.05
"""Share of the unit square kept free on each side, so that covers at the rim stay inside."""

SPACING = 0.55
"""Songs keep this much of the distance they would have if they filled the square evenly, 1 / sqrt(n)."""

LONGEST = 1.25
"""The map is at most so many times as wide as it is high."""

_FEWEST = 6
_FEWEST_TO_DRAW = 3
_RIM = 0.9
_ROUNDS = 80

_Points = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """How a layout was placed: `stretch` (2,), then the `knee` around a `middle` (2,), then `scale` and `offset` (2,).

    A knee of 0 draws nothing in.
    """

    stretch: _Points
    middle: _Points
    knee: float
    scale: float
    offset: _Points

    def at(self, points: npt.NDArray[Any]) -> FloatArray:
        """Where other points (n, 2) of such a layout lie: (n, 2) float32, softly kept inside the margins."""
        drawn = _bent(np.asarray(points, np.float64) * self.stretch - self.middle, self.knee)
        return _inside(0.5 + (drawn - self.offset) * self.scale)

    @property
    def numbers(self) -> _Points:
        """The frame as (8,) numbers, for `of_numbers`."""
        return np.array([*self.stretch, *self.middle, self.knee, self.scale, *self.offset])

    @classmethod
    def of_numbers(cls, numbers: npt.NDArray[Any]) -> Frame:
        """The frame that had these `numbers`."""
        n = np.asarray(numbers, np.float64)
        return cls(n[0:2], n[2:4], float(n[4]), float(n[5]), n[6:8])


def placed(points: npt.NDArray[Any]) -> tuple[FloatArray, Frame]:
    """Points of a layout (n, 2) as places on a map (n, 2) float32, and the frame that says how."""
    stretch = _stretch(np.asarray(points, np.float64), LONGEST, 2.0)
    broad = np.asarray(points, np.float64) * stretch
    middle, knee = _knee(broad)
    apart = unstacked(_bent(broad - middle, knee), spacing=SPACING)
    low, high = (apart.min(axis=0), apart.max(axis=0)) if len(apart) else (np.zeros(2), np.zeros(2))
    scale = _scale(low, high, MARGIN)
    return framed(apart), Frame(stretch, middle, knee, scale, (low + high) / 2.0)


def _inside(xy: _Points) -> FloatArray:
    """Places kept within the margins: beyond nine tenths of the way from the middle to the rim, less and less far."""
    half = 0.5 - MARGIN
    out = (xy - 0.5) / half
    room = 1.0 - _RIM
    beyond = np.maximum(np.abs(out) - _RIM, 0.0)
    soft = np.sign(out) * (np.minimum(np.abs(out), _RIM) + room * np.tanh(beyond / room))
    return (0.5 + soft * half).astype(np.float32)


def broadened(points: npt.NDArray[Any], *, longest: float = LONGEST, most: float = 2.0) -> _Points:
    """Stretch the short side of points (n, 2) until the long one is `longest` times it, but not more than `most` times.

    Sides are measured between the 5th and the 95th percentile. How far islands lie from each other in a t-SNE layout means
    little, and a thin band would leave most of a screen or a sheet empty.
    """
    placed = np.array(points, np.float64)
    return placed * _stretch(placed, longest, most)


def _stretch(points: _Points, longest: float, most: float) -> _Points:
    if len(points) < _FEWEST:
        return np.ones(2)
    across, up = np.ptp(np.quantile(points, [0.05, 0.95], axis=0), axis=0)
    if min(across, up) <= 0.0:
        return np.ones(2)
    return np.array([min(max(1.0, up / longest / across), most), min(max(1.0, across / longest / up), most)])


def drawn_in(points: npt.NDArray[Any]) -> _Points:
    """Bring stragglers nearer: beyond a knee, the distance r from the middle becomes knee (2 - knee / r).

    The knee is 1.25 times the radius that holds nine tenths of the points, so nothing ends more than twice as far out, and one
    lost song cannot squash all others. Points (n, 2) inside keep their shape, and the order from the middle outwards stays.
    """
    middle, knee = _knee(np.asarray(points, np.float64))
    return _bent(np.asarray(points, np.float64) - middle, knee)


def _knee(points: _Points) -> tuple[_Points, float]:
    if len(points) < _FEWEST_TO_DRAW:
        return np.zeros(2), 0.0
    middle = np.median(points, axis=0)
    radius = np.hypot(*(points - middle).T)
    return middle, 1.25 * float(np.quantile(radius, 0.9))


def _bent(centred: _Points, knee: float) -> _Points:
    if knee <= 0.0:
        return np.array(centred, np.float64)
    far = np.maximum(np.hypot(centred[:, 0], centred[:, 1]) / knee, 1.0)
    return np.asarray(centred * ((2.0 - 1.0 / far) / far)[:, None])


def unstacked(
    points: npt.NDArray[Any],
    *,
    spacing: float,
    rounds: int = _ROUNDS,
    held: npt.NDArray[np.bool_] | None = None,
    side: float | None = None,
) -> _Points:
    """Move points (n, 2) apart that are nearer than `spacing` / sqrt(n) of the larger side, as little as that takes.

    Covers have a size: without this the songs of one album lie on one heap. The number of rounds bounds the work; a crowd that
    is too dense for its place ends evenly spread rather than wholly apart. Points of `held` (n,) stay where they are. `side` is
    the larger side where it is not that of the points.
    """
    from scipy.spatial import cKDTree

    placed = np.array(points, np.float64)
    n = len(placed)
    across = side or (float(np.ptp(placed, axis=0).max()) if n else 0.0)
    if n < 2 or across <= 0.0:
        return placed
    apart = spacing * across / np.sqrt(n)
    free = np.ones(n) if held is None else (~held).astype(np.float64)
    placed += (1e-3 * apart * free)[:, None] * disc(n)
    for _ in range(rounds):
        pairs = cKDTree(placed).query_pairs(0.999 * apart, output_type="ndarray")
        first, second = pairs[np.lexsort(pairs.T[::-1])].T
        loose = free[first] + free[second] > 0
        first, second = first[loose], second[loose]
        if len(first) == 0:
            break
        between = placed[second] - placed[first]
        length = np.maximum(np.hypot(between[:, 0], between[:, 1]), 1e-12)
        push = between * (0.25 * (apart - length) / length)[:, None]
        for axis in range(2):
            moved = np.bincount(second, push[:, axis], n) - np.bincount(first, push[:, axis], n)
            placed[:, axis] += free * moved
    return placed


def framed(points: npt.NDArray[Any], *, margin: float = MARGIN) -> FloatArray:
    """Centre points (n, 2) in the unit square, as large as the margin lets them be, proportions kept. Returns float32."""
    if len(points) == 0:
        return np.zeros((0, 2), np.float32)
    low, high = points.min(axis=0), points.max(axis=0)
    return np.clip(0.5 + (points - (low + high) / 2.0) * _scale(low, high, margin), 0.0, 1.0).astype(np.float32)


def _scale(low: _Points, high: _Points, margin: float) -> float:
    side = float((high - low).max())
    return (1.0 - 2.0 * margin) / side if side > 0.0 else 0.0


def disc(n: int) -> _Points:
    """A sunflower: n points spread evenly over a disc of radius 1, from the middle outwards."""
    turn = np.arange(n) * np.pi * (3.0 - np.sqrt(5.0))
    radius = np.sqrt((np.arange(n) + 0.5) / max(n, 1)) if n > 1 else np.zeros(n)
    return np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=1)
