"""The names of islands on the map: which are seen at a zoom, and how strongly.

Large regions are named from afar, small ones near by, and each name comes and goes with the zoom alone, so that none ever jumps.
Which of the names of a depth have room is settled once, at the zoom they are meant for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from installation.camera import STRETCH
from installation.places import smooth
from mixtape.maps.labels import lay_labels
from mixtape.types import Region

SIZES = (0.034, 0.024, 0.019)
"""Height of the letters of each depth in a wide picture, in picture heights."""

_MEANT_FOR = (-0.5, 1.0, 2.2)
"""The zoom (log2) that the names of a depth are laid out for."""

_SEEN = ((-2.0, -1.5, 1.1, 1.9), (0.2, 0.8, 2.4, 3.2), (1.7, 2.3, 9.0, 10.0))
"""Where the names of a depth begin to come, are there, begin to go and are gone."""

_FEW = 4

_LETTER = 0.56
"""Width of a letter over its size, on the average."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name on the map: its words, depth 0..2, place in world units, and how far it is moved from there in picture heights."""

    words: str
    level: int
    x: float
    y: float
    shift: float


def names_of(regions: tuple[Region, ...]) -> tuple[Name, ...]:
    """The names that have room beside those of their own depth, the largest islands' first."""
    found: list[Name] = []
    for level, (size, zoom) in enumerate(zip(SIZES, _MEANT_FOR, strict=True)):
        seen = 2.0**zoom

        def at(centre: tuple[float, float], seen: float = seen) -> tuple[float, float]:
            return (centre[0] - 0.5) * STRETCH * seen, -(centre[1] - 0.5) * seen

        labels = lay_labels(
            _of_depth(regions, level),
            at=at,
            width_of=lambda words, size_px: _LETTER * size_px * len(words),
            sizes_px=[size] * (level + 1),
            page_px=(-1e3, -1e3, 1e3, 1e3),
        )
        for label in labels:
            x, y = at(label.region.centre)
            middle = 0.5 * (label.box[1] + label.box[3])
            found.append(Name(label.region.label, level, x / seen, -y / seen, y - middle))
    return tuple(found)


def _of_depth(regions: tuple[Region, ...], level: int) -> list[Region]:
    """The regions named at a depth; from afar, where hardly an island is that large, the next smaller ones as well."""
    own = [region for region in regions if region.level == level]
    if level == 0 and len(own) < _FEW:
        own += [replace(region, level=0) for region in regions if region.level == 1]
    return own


def presence(level: int, zoom_log2: float) -> float:
    """How strongly 0..1 the names of a depth are seen at a zoom."""
    comes, there, goes, gone = _SEEN[level]
    return float(smooth((zoom_log2 - comes) / (there - comes)) * (1.0 - smooth((zoom_log2 - goes) / (gone - goes))))
