"""Where the names of islands stand: at the density peak, the large ones first, and never one on another.

What is shown at a zoom is a question of room alone: a name that would touch one that stands already moves up or down by its own
height, and is left out where that does not help.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mixtape.types import Region

_SHIFTS = (0.0, -1.3, 1.3, -2.6, 2.6)
_AIR = 0.35


@dataclass(frozen=True, slots=True)
class Label:
    """A name that is shown: of which region, in letters of `size_px`, its box (left, top, right, bottom) in pixels, y down."""

    region: Region
    size_px: float
    box: tuple[float, float, float, float]


def lay_labels(
    regions: Sequence[Region],
    *,
    at: Callable[[tuple[float, float]], tuple[float, float]],
    width_of: Callable[[str, float], float],
    sizes_px: Sequence[float],
    page_px: tuple[float, float, float, float],
) -> tuple[Label, ...]:
    """The names that have room on a page.

    Args:
        regions: the far ones first and in each level the largest first, as `regions.regions` gives them.
        at: from a place on the map to pixels, y down.
        width_of: how wide a text is in letters of a size, both in pixels.
        sizes_px: how large the letters of each level are; a level beyond the last, or of size 0, is not shown.
        page_px: what the names must lie within: left, top, right, bottom.
    """
    shown: list[Label] = []
    for region in regions:
        size = sizes_px[region.level] if region.level < len(sizes_px) else 0.0
        if size <= 0.0 or any(region.label == label.region.label for label in shown):
            continue
        x, y = at(region.centre)
        half = width_of(region.label, size) / 2
        x = min(max(x, page_px[0] + half), page_px[2] - half)
        for shift in _SHIFTS:
            middle = y + shift * size
            box = (x - half, middle - 0.6 * size, x + half, middle + 0.6 * size)
            if _inside(box, page_px) and not any(_touch(box, label.box, _AIR * size) for label in shown):
                shown.append(Label(region, size, box))
                break
    return tuple(shown)


def _inside(box: tuple[float, float, float, float], page: tuple[float, float, float, float]) -> bool:
    return page[0] <= box[0] and page[1] <= box[1] and box[2] <= page[2] and box[3] <= page[3]


def _touch(one: tuple[float, float, float, float], other: tuple[float, float, float, float], air: float) -> bool:
    across = one[0] < other[2] + air and other[0] < one[2] + air
    return across and one[1] < other[3] + air and other[1] < one[3] + air
