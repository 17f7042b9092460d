"""Where the songs stand on the landscape, and where beside them a number finds room."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from mixtape.poster.setting import seconds_of
from mixtape.poster.sheet import Box, Sheet
from mixtape.types import FloatArray


def places_on(sheet: Sheet, land: Box, *, unit: float, margin: float) -> tuple[FloatArray, FloatArray]:
    """The mixtape's songs and all songs in pixels: a window around the mixtape, with some hundred songs around at least.

    The land is seen from a low side: east to west may be stretched by 1.7 to fill the sheet.
    """
    ids, xy = sheet.song_map.ids, sheet.song_map.xy.astype(np.float64)
    row_of = {track_id: row for row, track_id in enumerate(ids) if np.isfinite(xy[row]).all()}
    rows = [row_of.get(track_id, -1) for track_id in sheet.playlist.ids[: sheet.shown]]
    mine = np.array([xy[row] if row >= 0 else (np.nan, np.nan) for row in rows])
    everything = xy[np.isfinite(xy).all(axis=1)]
    if not any(row >= 0 for row in rows):
        mine = everything = _in_time(sheet)
    known = mine[np.isfinite(mine).all(axis=1)]
    low, high = known.min(axis=0), known.max(axis=0)
    span = np.ptp(everything, axis=0).max() or 1.0
    room = np.array([land.w - 2 * margin - 0.06 * unit, max(land.h - 0.13 * unit, 0.3 * land.h)])
    closest = span * float(np.clip((100 / len(everything)) ** 0.5, 0.02, 0.30))
    scale = room / np.maximum(high - low, [closest, 0.55 * closest])
    scale = np.minimum(scale, [1.7 * scale[1], 1.2 * scale[0]])
    middle = np.array([land.x + land.w / 2, land.y + land.h / 2])

    def placed(points: npt.NDArray[np.float64]) -> FloatArray:
        return np.asarray((points - (low + high) / 2) * scale * [1, -1] + middle, dtype=np.float32)

    return placed(mine), placed(everything)


def _in_time(sheet: Sheet) -> npt.NDArray[np.float64]:
    """Places for songs that no map knows: from left to right as they begin, in a slow wave."""
    begins = np.cumsum([0.0, *(seconds_of(track) + 1.0 for track in sheet.tracks[: sheet.shown])])[:-1]
    x = begins / max(float(begins[-1]), 1.0)
    return np.stack([x, 0.06 * np.sin(5.0 * x)], axis=1)


def around_place(place: FloatArray, wide: int, size: float) -> Iterator[tuple[float, Box]]:
    """Places for a number around a song, the best first: right above, then around, then farther."""
    tall = math.ceil(size)
    for ring in (0.95, 1.5, 2.2):
        for turn, angle in enumerate((-45, 0, 45, -135, 180, 135, -90, 90)):
            x = place[0] + ring * size * math.cos(math.radians(angle)) + wide / 2 * (math.cos(math.radians(angle)) - 1)
            y = place[1] + ring * size * math.sin(math.radians(angle)) - tall / 2
            yield 40 * (ring - 0.95) + turn, Box(round(x), round(y), wide, tall)


def within(box: Box, frame: Box) -> bool:
    """Whether the frame holds all of the box."""
    return frame.x <= box.x and box.right <= frame.right and frame.y <= box.y and box.bottom <= frame.bottom


def crossed(box: Box, curve: FloatArray) -> float:
    """How much of the thread runs through the box, as a cost."""
    inside = (curve[:, 0] > box.x) & (curve[:, 0] < box.right) & (curve[:, 1] > box.y) & (curve[:, 1] < box.bottom)
    return 12.0 * float(inside.any()) + 2.0 * float(inside.sum())


def hits(box: Box, places: FloatArray, size: float) -> bool:
    """Whether one of the places lies in the box or within half the size of it."""
    near = np.clip(places, [box.x, box.y], [box.right, box.bottom]) - places
    return bool((np.hypot(near[:, 0], near[:, 1]) < 0.5 * size).any())
