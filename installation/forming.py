"""How a map came about, as something to watch: the rounds of its t-SNE in the time that the scene has.

At first the songs are in no order at all. Most happens in few of the rounds, so they are passed through an equal way a second
and not an equal number of rounds. At the end the songs settle from where t-SNE left them to their tiles' places on the map,
exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from installation.camera import STRETCH
from installation.places import Places, smooth
from mixtape.types import FloatArray

_SHARE = 0.68
"""The songs have landed when so much of a scene's time is over: before the director may go on."""

_REST_S, _BACK_S = 9.0, 5.0
"""So long they stay when they have landed, and so long they take to scatter before it begins again."""

_CHAOS = 0.22
"""Until here they come together from nowhere to the first rounds."""

_SETTLES = 0.72
"""From here on they leave t-SNE's places for their tiles'."""


def formed(since_s: float, scene_s: float) -> float:
    """How far 0..1 the map has formed `since_s` after the scene began, when scenes stay for about `scene_s`."""
    lasts_s = min(max(_SHARE * scene_s, 3.0), 40.0)
    at_s = max(since_s, 0.0) % (lasts_s + _REST_S + _BACK_S)
    back = float(smooth((at_s - lasts_s - _REST_S) / _BACK_S))
    # At an even pace, but neither beginning nor ending with a jolt.
    t = min(at_s / lasts_s, 1.0)
    return (t * t * (3.0 - 2.0 * t) * 0.5 + 0.5 * t) * (1.0 - back)


@dataclass(frozen=True, slots=True, eq=False)
class Forming:
    """The rounds of a fit: places `stages` (s, n, 2) in the unit square, and `way` (s,) 0..1, how far songs had come by then.

    `chaos` (n, 2) is where they are before the first round: in no order.
    """

    stages: FloatArray
    way: FloatArray
    chaos: FloatArray

    @classmethod
    def of(cls, stages: FloatArray) -> Forming:
        """From the rounds alone: the way is the songs' mean one."""
        some = stages[:, :: -(-stages.shape[1] // 2000)].astype(np.float64)
        steps = np.hypot(*np.moveaxis(np.diff(some, axis=0), 2, 0)).mean(axis=1)
        # A little time for every round, however little happens in it.
        along = np.concatenate([[0.0], np.cumsum(steps + 0.2 * steps.mean() + 1e-12)])
        chaos = np.random.default_rng(1).normal(0.5, 0.15, stages.shape[1:])
        return cls(stages, np.asarray(along / along[-1], np.float32), chaos.astype(np.float32))


def forming_at(forming: Forming, places: Places, share: float) -> FloatArray:
    """Where the tiles are (n, 2) in world units when `share` 0..1 of the map has formed; rows as in `places`."""
    stages, way = forming.stages, forming.way
    if share >= 1.0:
        return places.map_xy
    shown = max(share - 0.5 * _CHAOS, 0.0) / (_SETTLES - 0.5 * _CHAOS)
    at = float(np.interp(min(shown, 1.0), way, np.arange(len(way))))
    low = min(int(at), len(stages) - 2)
    high = low + 1
    between = stages[low] + (stages[high] - stages[low]) * np.float32(at - low)
    begun = np.float32(smooth(share / _CHAOS))
    between = forming.chaos + (between - forming.chaos) * begun
    world = (between - np.float32(0.5)) * np.array([STRETCH, 1.0], np.float32)
    settled = np.float32(smooth((share - _SETTLES) / (1.0 - _SETTLES)))
    return np.asarray(world + (places.map_xy - world) * settled, np.float32)
