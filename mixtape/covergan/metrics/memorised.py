"""Whether drawn pictures are copies of covers that the network was trained on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mixtape.covergan.metrics.features import cells
from mixtape.covergan.metrics.spread import distances
from mixtape.types import ByteArray, FloatArray

ALARM = 0.6
"""A network whose pictures lie nearer to its covers than this share of what strangers do has learned them by heart."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A drawn picture, the cover nearest to it, and how far they are apart (root mean square over 16 x 16 cells, 0..1)."""

    drawn: int
    cover: int
    distance: float


@dataclass(frozen=True, slots=True)
class Memorised:
    """Ratio: median distance of drawn pictures to their nearest cover, by that of covers never trained on; copied: share of
    drawn pictures that lie nearer than all but a hundredth of those; and the closest pairs."""

    ratio: float = float("nan")
    copied: float = float("nan")
    pairs: tuple[Pair, ...] = ()

    @property
    def alarm(self) -> bool:
        """Whether the ratio is below `ALARM`."""
        return self.ratio < ALARM


def memorised(
    drawn: ByteArray,
    trained: ByteArray,
    held: ByteArray | None = None,
    *,
    groups: npt.NDArray[np.integer] | None = None,
    show: int = 10,
) -> Memorised:
    """Compare drawn pictures (m, s, s, 3) with the covers trained on (n, s, s, 3) and with covers held out (h, s, s, 3).

    `groups` (n,) numbers the trained covers so that near-duplicates share a number: of a group only one pair is shown. With
    fewer than 8 held-out covers the distance of each trained cover to the nearest one of another group stands in. Without
    trained or drawn pictures the figures are NaN.
    """
    ours, covers = _points(drawn), _points(trained)
    names = np.arange(len(covers)) if groups is None else np.asarray(groups)
    usual = _usual(covers, names, held)
    if not len(ours) or not len(usual):
        return Memorised()
    away = distances(ours, covers)
    nearest = away.argmin(axis=1)
    near = away[np.arange(len(ours)), nearest]
    return Memorised(
        ratio=float(np.median(near) / max(np.median(usual), 1e-6)),
        copied=float((near < np.quantile(usual, 0.01)).mean()),
        pairs=_closest(near, nearest, names, show),
    )


def _usual(covers: npt.NDArray[np.float32], names: npt.NDArray[np.integer], held: ByteArray | None) -> npt.NDArray[np.float64]:
    """How far pictures lie from the trained covers that were not learned from them."""
    if held is not None and len(held) >= 8 and len(covers):
        return np.asarray(distances(_points(held), covers).min(axis=1))
    if len(np.unique(names)) < 2:
        return np.zeros(0)
    away = distances(covers, covers)
    away[names[:, None] == names[None]] = np.inf
    return np.asarray(away.min(axis=1))


def _closest(
    near: npt.NDArray[np.float64], nearest: npt.NDArray[np.intp], names: npt.NDArray[np.integer], show: int
) -> tuple[Pair, ...]:
    found: dict[int, Pair] = {}
    for row in np.argsort(near, kind="stable"):
        cover = int(nearest[row])
        found.setdefault(int(names[cover]), Pair(int(row), cover, float(near[row])))
        if len(found) == show:
            break
    return tuple(found.values())


def _points(pictures: ByteArray) -> FloatArray:
    """Pictures as points whose plain distance is the root mean square difference of their 16 x 16 cells."""
    means = cells(pictures, side=16)
    flat = means.reshape(len(means), means[0].size if len(means) else 768)
    return flat / np.float32(flat.shape[1] ** 0.5)
