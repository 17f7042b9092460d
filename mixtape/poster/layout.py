"""The layouts by name: where everything stands is computed before anything is drawn.

A layout is a function of a sheet and a size in pixels; all its lengths come from one unit, so a poster looks the same at any
size.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import TypeAlias

from mixtape.errors import ConfigError
from mixtape.poster.map_sheet import map_sheet
from mixtape.poster.setting import clock
from mixtape.poster.sheet import Layout, Sheet
from mixtape.poster.sleeve import sleeve
from mixtape.poster.tracklist import tracklist

__all__ = ["DPI", "LAYOUTS", "SIDE_PX", "clock", "layout", "size_named"]

LAYOUTS: dict[str, Callable[[Sheet, tuple[int, int]], Layout]] = {"map": map_sheet, "tracklist": tracklist, "sleeve": sleeve}
"""map: the thread through the landscape. tracklist: the list itself, large. sleeve: a wall of the covers, the list below."""

SIDE_PX = (240, 16_000)
"""Shortest and longest side of a sheet."""

DPI = 300

_Size: TypeAlias = tuple[int, int]
_SIZES: dict[str, _Size] = {"a4": (2480, 3508), "a3": (3508, 4961), "a2": (4961, 7016), "square": (3720, 3720)}


def size_named(name: str, *, layout_name: str = "map") -> _Size:
    """A2, A3, A4, square (a record's sleeve, 315 mm), each also with "-wide", or WIDTHxHEIGHT in pixels, as (width, height).

    Empty: A4, and for the sleeve square. ConfigError for anything else.
    """
    asked = name.strip().lower() or ("square" if layout_name == "sleeve" else "a4")
    width, _, height = asked.partition("x")
    if width.isdecimal() and height.isdecimal():
        return int(width[:6]), int(height[:6])
    size = _SIZES.get(asked.removesuffix("-wide"))
    if size is None:
        raise ConfigError(f"poster size '{name}': A2, A3, A4 or square is needed, as in A3-wide too, or WIDTHxHEIGHT in pixels")
    return (size[1], size[0]) if asked.endswith("-wide") else size


def layout(sheet: Sheet, size_px: tuple[int, int], *, name: str = "map") -> Layout:
    """Where everything of this sheet stands at this size (width, height).

    ConfigError for an unknown name, and when a side is outside `SIDE_PX` or one is more than four times the other.
    """
    width, height = size_px
    if not (SIDE_PX[0] <= min(size_px) and max(size_px) <= SIDE_PX[1] and max(size_px) <= 4 * min(size_px)):
        raise ConfigError(
            f"poster of {width} x {height} pixels: each side needs {SIDE_PX[0]} to {SIDE_PX[1]:,}, the longer one at most four "
            "times the shorter; 3508 x 4961 is A3 at 300 dpi"
        )
    if name not in LAYOUTS:
        close = difflib.get_close_matches(name, LAYOUTS, n=1)
        meant = f"; did you mean {close[0]}?" if close else ""
        raise ConfigError(f"poster layout '{name}': one of {', '.join(LAYOUTS)} is needed{meant}")
    return LAYOUTS[name](sheet, size_px)
