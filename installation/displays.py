"""Which part of the picture each display or projector shows, and where on it: pure numbers, shared by drawing and clicking.

Places run 0..1 from the left and from the top. There are three kinds of them: in the *picture* that the stage draws, in the
*view* of one output (what one projector shows), and in the *window*, which holds the views of all outputs side by side.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from installation.messages import KnobValue
from mixtape.projection import Box, Corners, Output, as_text, output_fault, output_of

OUTPUTS = 6
"""So many outputs have knobs: output_1 to output_6."""

WHOLE: Box = (0.0, 0.0, 1.0, 1.0)

DISPLAY_KNOBS = (*(f"output_{number}" for number in range(1, OUTPUTS + 1)), "overlap", "projector_gamma")
"""The knobs that say how the picture lies on the screen, after the flash limiter has seen it."""

_MOST_PX = 16384
_MOST_SHARE = 4.0
_NEAR = 1e-3

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """An output with everything worked out. `to_view` (3, 3) takes a place of its own picture to its view, `to_picture` back."""

    number: int
    name: str
    view: Box
    part: Box
    blend: Box
    gamma: float
    rotate: int
    to_view: Matrix
    to_picture: Matrix

    @property
    def straight(self) -> bool:
        """Whether it shows the whole picture in the whole window as it is."""
        still = np.allclose(self.to_view, np.eye(3), atol=1e-12) and not any(self.blend)
        return still and self.view == WHOLE and self.part == WHOLE


def homography(corners: Corners) -> Matrix:
    """The (3, 3) projective map of the unit square to four corners: top left, top right, bottom right, bottom left.

    Places are columns (x, y, 1); the result is divided by its third row. Heckbert, "Fundamentals of texture mapping and image
    warping" (1989), 2.2.3.
    """
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = np.asarray(corners, np.float64).reshape(4, 2)
    sx, sy = x0 - x1 + x2 - x3, y0 - y1 + y2 - y3
    dx1, dx2, dy1, dy2 = x1 - x2, x3 - x2, y1 - y2, y3 - y2
    det = dx1 * dy2 - dx2 * dy1
    g, h = (sx * dy2 - dx2 * sy) / det, (dx1 * sy - sx * dy1) / det
    return np.array([[x1 - x0 + g * x1, x3 - x0 + h * x3, x0], [y1 - y0 + g * y1, y3 - y0 + h * y3, y0], [g, h, 1.0]])


def warp(output: Output) -> Matrix:
    """The map (3, 3) from an output's own picture to its view: turned, drawn in by the overscan, then pinned to its corners."""
    o = output.overscan
    drawn_in = np.array([[1 - 2 * o, 0.0, o], [0.0, 1 - 2 * o, o], [0.0, 0.0, 1.0]])
    return homography(output.corners) @ drawn_in @ _TURN[output.rotate]


_TURN = {
    0: np.eye(3),
    90: np.array([[0.0, -1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]),
    180: np.array([[-1.0, 0.0, 1.0], [0.0, -1.0, 1.0], [0.0, 0.0, 1.0]]),
    270: np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 1.0], [0.0, 0.0, 1.0]]),
}


def through(matrix: Matrix, x: float, y: float) -> tuple[float, float] | None:
    """A place taken through a projective map; None where it would lie beyond the horizon."""
    u, v, w = matrix @ np.array([x, y, 1.0])
    return (float(u / w), float(v / w)) if w > 1e-9 else None


def corners_moved(before: Mapping[str, KnobValue], after: Mapping[str, KnobValue]) -> float:
    """How far the corner that moved most lies from where it was, as a share of its view; inf where more than corners differs."""
    farthest = 0.0
    for name in DISPLAY_KNOBS:
        if before[name] == after[name]:
            continue
        if not name.startswith("output_"):
            return math.inf
        was, comes = output_of(str(before[name])), output_of(str(after[name]))
        if replace(was, corners=comes.corners) != comes:
            return math.inf
        farthest = max(farthest, float(np.abs(np.subtract(was.corners, comes.corners)).max()))
    return farthest


def light(place: npt.NDArray[np.float64], blend: Box) -> npt.NDArray[np.float64]:
    """Share (n,) of the full light at places (n, 2) of an output's picture: 3t^2 - 2t^3 over each soft edge.

    Two edges that lie over each other add up to 1 everywhere, since s(t) + s(1 - t) = 1. The shader computes the same and sends
    the projector the share to the power of 1 / gamma, since what it sends out goes by the power of gamma.
    """
    left, top, right, bottom = blend
    x, y = place[:, 0], place[:, 1]
    share = np.ones(len(place))
    for distance, width in ((x, left), (1 - x, right), (y, top), (1 - y, bottom)):
        if width > 0:
            t = np.clip(distance / width, 0.0, 1.0)
            share *= t * t * (3 - 2 * t)
    return share


def placed(outputs: Sequence[Output], views: Sequence[Box], *, overlap: float, gamma: float) -> tuple[Placed, ...]:
    """Work out every output. `views` (as many) are where they lie in the window; an output's own view goes before.

    Without parts of their own the outputs share the picture as they lie in the window; where they are alike and form rows and
    columns, neighbours show `overlap` of their width or height twice. Soft edges are as wide as parts overlap.
    """
    views = tuple(output.view or view for output, view in zip(outputs, views, strict=True))
    parts = tuple(output.part or part for output, part in zip(outputs, _parts(views, overlap), strict=True))
    found = []
    for number, output in enumerate(outputs):
        matrix = warp(output)
        found.append(
            Placed(
                number=number + 1,
                name=output.name or str(number + 1),
                view=views[number],
                part=parts[number],
                blend=output.blend or _blend(number, parts),
                gamma=gamma,
                rotate=output.rotate,
                to_view=matrix,
                to_picture=np.asarray(np.linalg.inv(matrix), np.float64),
            )
        )
    return tuple(found)


def _parts(views: tuple[Box, ...], overlap: float) -> tuple[Box, ...]:
    """What each view shows of the picture: by rows and columns with an overlap, else as the views lie."""
    lefts, tops = _steps([view[0] for view in views]), _steps([view[1] for view in views])
    cols, rows = max(lefts) + 1, max(tops) + 1
    alike = all(np.ptp([view[k + 2] - view[k] for view in views]) < _NEAR for k in (0, 1))
    if not alike or cols * rows != len(views) or len(set(zip(lefts, tops, strict=True))) < len(views):
        x0, y0 = min(view[0] for view in views), min(view[1] for view in views)
        width, height = max(view[2] for view in views) - x0, max(view[3] for view in views) - y0
        return tuple(((v[0] - x0) / width, (v[1] - y0) / height, (v[2] - x0) / width, (v[3] - y0) / height) for v in views)
    wide, high = cols - (cols - 1) * overlap, rows - (rows - 1) * overlap
    return tuple(
        (
            left * (1 - overlap) / wide,
            top * (1 - overlap) / high,
            min((left * (1 - overlap) + 1) / wide, 1.0),
            min((top * (1 - overlap) + 1) / high, 1.0),
        )
        for left, top in zip(lefts, tops, strict=True)
    )


def _steps(places: list[float]) -> list[int]:
    """The rank of each place, those that are nearly the same sharing one."""
    ordered = sorted(places)
    starts = [ordered[0], *(after for before, after in pairwise(ordered) if after - before > _NEAR)]
    return [max(rank for rank, start in enumerate(starts) if place >= start - _NEAR) for place in places]


def _blend(number: int, parts: tuple[Box, ...]) -> Box:
    """How much of an output's picture lies under its neighbours' at each side, as shares of its own width and height."""
    x0, y0, x1, y1 = parts[number]
    left = top = right = bottom = 0.0
    for other, (ox0, oy0, ox1, oy1) in enumerate(parts):
        if other == number:
            continue
        beside = min(y1, oy1) - max(y0, oy0) > 0.5 * min(y1 - y0, oy1 - oy0)
        above = min(x1, ox1) - max(x0, ox0) > 0.5 * min(x1 - x0, ox1 - ox0)
        if beside and ox0 < x0 - _NEAR < ox1:
            left = max(left, ox1 - x0)
        if beside and x0 < ox0 - _NEAR < x1:
            right = max(right, x1 - ox0)
        if above and oy0 < y0 - _NEAR < oy1:
            top = max(top, oy1 - y0)
        if above and y0 < oy0 - _NEAR < y1:
            bottom = max(bottom, y1 - oy0)
    return left / (x1 - x0), top / (y1 - y0), right / (x1 - x0), bottom / (y1 - y0)


def columns(count: int) -> tuple[Box, ...]:
    """Views of the same width, side by side."""
    return tuple((k / count, 0.0, (k + 1) / count, 1.0) for k in range(count))


class Displays:
    """The outputs as the knobs say, for a window whose displays lie at `views` (shares of it); one display by default."""

    def __init__(self, views: tuple[Box, ...] = (WHOLE,)) -> None:
        self.views = views

    def outputs(self, knobs: Mapping[str, KnobValue]) -> tuple[Placed, ...]:
        """Every output, worked out from the knobs; the same object while nothing changes."""
        texts = tuple(str(knobs.get(f"output_{k}", "")) for k in range(1, OUTPUTS + 1))
        return _outputs(texts, self.views, float(knobs.get("overlap", 0.0)), float(knobs.get("projector_gamma", 2.2)))

    def picture_px(self, window_px: tuple[int, int], knobs: Mapping[str, KnobValue]) -> tuple[int, int]:
        """How large the picture has to be for each output to show a pixel of it with one of its own.

        Never more than four times the window's pixels: an output that shows a sliver of the picture shows it coarser.
        """
        found = []
        for output in self.outputs(knobs):
            width = (output.view[2] - output.view[0]) * window_px[0]
            height = (output.view[3] - output.view[1]) * window_px[1]
            width, height = (height, width) if output.rotate in (90, 270) else (width, height)
            found.append((width / (output.part[2] - output.part[0]), height / (output.part[3] - output.part[1])))
        width, height = np.max(found, axis=0)
        shrink = min(1.0, (_MOST_SHARE * window_px[0] * window_px[1] / (width * height)) ** 0.5)
        width, height = width * shrink, height * shrink
        return min(max(round(width), 1), _MOST_PX), min(max(round(height), 1), _MOST_PX)

    def picture_place(self, x: float, y: float, knobs: Mapping[str, KnobValue]) -> tuple[float, float] | None:
        """The place of the picture that is seen at a place of the window; None where nothing of it is."""
        for output in self.outputs(knobs):
            at = self._in_view(output, x, y)
            own = through(output.to_picture, *at) if at else None
            if own and 0.0 <= own[0] <= 1.0 and 0.0 <= own[1] <= 1.0:
                left, top, right, bottom = output.part
                return left + own[0] * (right - left), top + own[1] * (bottom - top)
        return None

    def corner_at(self, x: float, y: float, knobs: Mapping[str, KnobValue], *, reach: float = 0.1) -> tuple[int, int] | None:
        """Number of the output, and which of its four corners, that lies nearest a place of the window; None beyond `reach`."""
        for output in self.outputs(knobs):
            at = self._in_view(output, x, y)
            if at is None:
                continue
            corners = np.asarray(output_of(str(knobs.get(f"output_{output.number}", ""))).corners).reshape(4, 2)
            away = np.hypot(*(corners - at).T)
            if away.min() <= reach:
                return output.number, int(away.argmin())
        return None

    def corner_moved(
        self, number: int, corner: int, x: float, y: float, knobs: Mapping[str, KnobValue]
    ) -> tuple[str, str] | None:
        """The knob of an output and its text once a corner lies at a place of the window; None where it cannot lie there."""
        output = self.outputs(knobs)[number - 1]
        left, top, right, bottom = output.view
        told = output_of(str(knobs.get(f"output_{number}", "")))
        corners = list(told.corners)
        corners[2 * corner : 2 * corner + 2] = (x - left) / (right - left), (y - top) / (bottom - top)
        text = as_text(replace(told, corners=tuple(round(value, 4) for value in corners)))

        return None if output_fault(text) else (f"output_{number}", text)

    def _in_view(self, output: Placed, x: float, y: float) -> tuple[float, float] | None:
        left, top, right, bottom = output.view
        at = (x - left) / (right - left), (y - top) / (bottom - top)
        return at if 0.0 <= at[0] <= 1.0 and 0.0 <= at[1] <= 1.0 else None


@lru_cache(maxsize=8)
def _outputs(texts: tuple[str, ...], views: tuple[Box, ...], overlap: float, gamma: float) -> tuple[Placed, ...]:
    told = max((k + 1 for k, text in enumerate(texts) if text.strip()), default=1)
    count = max(told, len(views))
    lying = views if len(views) == count else columns(count)
    outputs = [output_of(text) for text in (*texts, *[""] * count)[:count]]
    return placed(outputs, lying, overlap=overlap, gamma=gamma)
