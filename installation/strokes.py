"""A stroke over the map becomes a mixtape: a line the songs along it, in its order; one that closes, those inside. Pure numbers.

All lengths are in world units (`installation.camera`), as they look from straight above: the map is 1.5 wide and 1 high.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from installation.camera import STRETCH
from installation.points import MOST
from mixtape.types import FloatArray

INSIDE = 100
"""So many songs of a lasso at most; of more, every so many stand for all."""

_NEAR, _FAR, _LEAST = 0.012, 0.12, 0.002
_CLOSES = 0.14
"""A stroke closes when its ends are nearer to each other than this share of its length ..."""

_ROUND = 0.015
"""... and it encloses at least this share of its length squared: a circle does 0.08, a line there and back nothing."""

_LOOKED_AT = 8192


@dataclass(frozen=True, slots=True, eq=False)
class Stroke:
    """A stroke as it is shown: its places (k, 2) on the map, 0..1, and how much of its light 0..1 is there."""

    points: FloatArray
    weight: float = 1.0

    def meant(self) -> tuple[str, FloatArray]:
        """Whether it is a "line" or a "lasso", and its places in as few as keep its shape."""
        drawn = world_points(self.points)
        kept = simplified(drawn) / np.array([STRETCH, 1.0], np.float32) + np.float32(0.5)
        return "lasso" if closes(drawn) else "line", np.asarray(kept, np.float32)


Rows = npt.NDArray[np.intp]


def world_points(points: FloatArray) -> FloatArray:
    """Places (k, 2) of the map, 0..1, in world units."""
    return ((np.asarray(points, np.float32) - 0.5) * np.array([STRETCH, 1.0], np.float32)).astype(np.float32)


def closes(points: FloatArray) -> bool:
    """Whether a stroke (k, 2) in world units runs back to where it began, around something."""
    if len(points) < 4:
        return False
    length = float(np.hypot(*np.diff(points, axis=0).T).sum())
    x, y = points.T.astype(np.float64)
    area = 0.5 * abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1)))
    return math.dist(points[0], points[-1]) < _CLOSES * length and area > _ROUND * length**2


def simplified(points: FloatArray, *, most: int = MOST) -> FloatArray:
    """At most so many of the places (k, 2) of a stroke, the ends among them: those that keep its shape best.

    Always the place that lies farthest from the line drawn so far is taken next, as in Douglas and Peucker (1973), until the rest
    lies within a thousandth of the map's height.
    """
    at = np.asarray(points, np.float64)
    kept = [0, len(at) - 1] if len(at) > 1 else list(range(len(at)))
    spans = {(kept[0], kept[1]): _farthest(at, kept[0], kept[1])} if len(at) > 2 else {}
    while spans and len(kept) < most:
        (first, last), (away, place) = max(spans.items(), key=lambda span: (span[1][0], -span[0][0]))
        if away < 1e-3:
            break
        del spans[first, last]
        kept.append(place)
        for begin, end in ((first, place), (place, last)):
            if end - begin > 1:
                spans[begin, end] = _farthest(at, begin, end)
    return np.asarray(points, np.float32)[sorted(kept)]


def _farthest(at: npt.NDArray[np.float64], first: int, last: int) -> tuple[float, int]:
    """How far the place between two of a stroke lies from the line between them that lies farthest, and which it is."""
    away, _ = _to_segment(at[first + 1 : last], at[first], at[last])
    place = int(away.argmax())
    return float(away[place]), first + 1 + place


def reach(songs: int) -> float:
    """How near to a line a song has to lie, where there are so many: a little more than they lie apart."""
    return float(np.clip(1.6 * math.sqrt(0.6 / max(songs, 1)), _NEAR, _FAR))


def along(points: FloatArray, xy: FloatArray, *, count: int, artist: Callable[[int], str], gap: int) -> list[int]:
    """Rows of the songs at `xy` (n, 2) along a line through `points` (k, 2), in its order, each once, at most `count` of them.

    Songs within `reach` of the line count, and where thousands do, only nearer ones; beyond its ends only those a third as near.
    A line from song to song begins with the one and ends with the other. Where there are more songs than wanted, each of as many
    equal stretches of the line has the one nearest to it whose artist played none of the last `gap`, and what stretches without
    a song leave over goes to the nearest of the others. `artist` is the name of a row's, "" where nobody is named.
    """
    far = reach(len(xy))
    while len(near := _beside(points, xy, far)) > _LOOKED_AT // 4 and far > _LEAST:
        far *= 0.5
    if not len(near):
        return []
    at, line = xy[near].astype(np.float64), points.astype(np.float64)
    away, way = _to_line(at, line)
    length = float(np.hypot(*np.diff(line, axis=0).T).sum())
    # The songs at the very ends stand before and after all others.
    for end, place in ((line[0], -1.0), (line[-1], length + 1.0)):
        off = np.hypot(*(at - end).T)
        if off.min() <= 0.5 * far and 0.0 <= way[off.argmin()] <= length:
            way[off.argmin()] = place
    beyond = (way == 0.0) | (np.abs(way - length) < 1e-9)
    close = away <= np.where(beyond, far / 3.0, far)
    near, away, way = near[close], away[close], way[close]
    if len(near) > count:
        some = _spread(near, away, way / max(length, 1e-9), count=count, artist=artist, gap=gap)
        near, way = near[some], way[some]
    return near[np.lexsort((near, way))].tolist()


def _spread(
    rows: Rows,
    away: npt.NDArray[np.float64],
    share: npt.NDArray[np.float64],
    *,
    count: int,
    artist: Callable[[int], str],
    gap: int,
) -> list[int]:
    """Which `count` of the songs (m,) to take, evenly along a line that they lie `away` from, each at a `share` 0..1 of it; those
    of the songs beyond are its ends."""
    stretch = np.clip((share * count).astype(int), 0, count - 1)
    # An end of the line is nearer to it than anything else.
    off = np.where((share < 0.0) | (share > 1.0), -1.0, away)
    taken: list[int] = []
    for each in range(count):
        here = np.flatnonzero(stretch == each)
        here = here[np.lexsort((rows[here], off[here]))].tolist()
        lately = {artist(int(rows[song])) for song in taken[-gap:]} - {""} if gap else set()
        free = (song for song in here if artist(int(rows[song])) not in lately or off[song] < 0.0)
        taken += [next(free, here[0])] if here else []
    rest = [song for song in np.lexsort((rows, away)).tolist() if song not in set(taken)]
    return [*taken, *rest[: count - len(taken)]]


def inside(points: FloatArray, xy: FloatArray, *, start: tuple[float, float]) -> list[int]:
    """Rows of the songs at `xy` (n, 2) inside a closed stroke (k, 2), in a short tour from the one nearest to `start`.

    At most `INSIDE`. The tour always goes on to the nearest song and is then untangled (2-opt).
    """
    low, high = points.min(axis=0), points.max(axis=0)
    rows = np.flatnonzero(((xy >= low) & (xy <= high)).all(axis=1))
    rows = rows[:: -(-len(rows) // _LOOKED_AT)] if len(rows) else rows
    rows = rows[_within(xy[rows].astype(np.float64), points.astype(np.float64))]
    if len(rows) > INSIDE:
        # Strip by strip, so that every so many of them lie evenly over all that is inside.
        strip = ((xy[rows, 1] - low[1]) / max(float(high[1] - low[1]), 1e-9) * math.sqrt(INSIDE)).astype(int)
        rows = rows[np.lexsort((xy[rows, 0], strip))]
        rows = rows[np.linspace(0, len(rows) - 1, INSIDE).round().astype(int)]
    return rows[_tour(xy[rows].astype(np.float64), start)].tolist()


def _beside(points: FloatArray, xy: FloatArray, far: float) -> Rows:
    """Rows of the songs that may lie within `far` of a line: those in or next to a square of that side which it runs through."""
    steps = np.maximum(np.ceil(2.0 * np.hypot(*np.diff(points, axis=0).T) / far).astype(int), 1)
    ends = zip(points[:-1], points[1:], steps, strict=True)
    on = np.concatenate([begin + (end - begin) * np.linspace(0.0, 1.0, n + 1)[:, None] for begin, end, n in ends])
    # Two squares more on every side: what lies beyond is taken to the outermost, which no line runs through.
    low = on.min(axis=0) - 2.0 * far
    size = ((on.max(axis=0) - low) / far).astype(int) + 3
    marked = np.zeros((size[0], size[1]), bool)
    cells = ((on - low) / far).astype(int)
    for dx in (-1, 0, 1):
        for dy in (-1, 0, 1):
            marked[cells[:, 0] + dx, cells[:, 1] + dy] = True
    column, row = (np.clip((xy[:, axis] - low[axis]) / far, 0, size[axis] - 1).astype(np.intp) for axis in (0, 1))
    return np.flatnonzero(marked[column, row])


def _to_line(at: npt.NDArray[np.float64], points: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], ...]:
    """How far each place (n, 2) lies from a line, and how far along the line its nearest point is: (n,) and (n,)."""
    away, way, gone = np.full(len(at), np.inf), np.zeros(len(at)), 0.0
    for first, last in pairwise(points):
        here, share = _to_segment(at, first, last)
        length = math.dist(first, last)
        nearer = here < away
        away[nearer], way[nearer] = here[nearer], gone + share[nearer] * length
        gone += length
    return away, way


def _to_segment(
    at: npt.NDArray[np.float64], first: npt.NDArray[np.float64], last: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """How far each place (n, 2) lies from a segment, and the share 0..1 of it at which its nearest point is."""
    along_it = last - first
    share = np.clip((at - first) @ along_it / max(float(along_it @ along_it), 1e-12), 0.0, 1.0)
    return np.hypot(*(at - first - share[:, None] * along_it).T), share


def _within(at: npt.NDArray[np.float64], points: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which places (n, 2) lie inside a closed stroke (k, 2): those from which a ray crosses it an odd number of times."""
    odd = np.zeros(len(at), bool)
    for (x0, y0), (x1, y1) in zip(points, np.roll(points, -1, axis=0), strict=True):
        crosses = (y0 > at[:, 1]) != (y1 > at[:, 1])
        odd[crosses] ^= at[crosses, 0] < x0 + (at[crosses, 1] - y0) * (x1 - x0) / (y1 - y0)
    return odd


def _tour(at: npt.NDArray[np.float64], start: tuple[float, float]) -> list[int]:
    """A short way through all places (m, 2), beginning at the one nearest to `start`."""
    if not len(at):
        return []
    apart = np.hypot(*(at[:, None] - at[None]).transpose(2, 0, 1))
    order = [int(np.hypot(*(at - np.asarray(start)).T).argmin())]
    waiting = np.ones(len(at), bool)
    waiting[order[0]] = False
    while waiting.any():
        nearest = int(np.where(waiting, apart[order[-1]], np.inf).argmin())
        order.append(nearest)
        waiting[nearest] = False
    return _untangled(order, apart)


def _untangled(order: list[int], apart: npt.NDArray[np.float64]) -> list[int]:
    """2-opt with a fixed first place: the stretch whose turning shortens the way most is turned, until none does (Croes 1958).

    `mixtape.playlists.order` does the same and keeps artists apart; this one has to be done within a frame: 4 ms for 100 songs.
    """
    way = np.array(order)
    m = len(way)
    first, last = np.triu_indices(m, 1)
    first, last = first[first > 0], last[first > 0]
    open_end = last == m - 1
    after = np.minimum(last + 1, m - 1)
    for _ in range(4 * m):
        before = apart[way[first - 1], way[first]] + np.where(open_end, 0.0, apart[way[last], way[after]])
        turned = apart[way[first - 1], way[last]] + np.where(open_end, 0.0, apart[way[first], way[after]])
        if not len(first) or (gain := before - turned).max() <= 1e-9:
            break
        best = int(gain.argmax())
        way[first[best] : last[best] + 1] = way[first[best] : last[best] + 1][::-1].copy()
    return way.tolist()
