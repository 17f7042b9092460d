"""Curves and dots as pictures: one bright ink, greys for all that it is compared with, words at the lines instead of a key."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mixtape.covergan.report.curves import UNKNOWN
from mixtape.lettering.typeset import line_height_px, line_image, measure, shorten
from mixtape.palette import oklab_to_srgb, srgb_to_oklab
from mixtape.types import ByteArray, FloatArray, Palette

if TYPE_CHECKING:
    from PIL.Image import Image as Picture
    from PIL.ImageDraw import ImageDraw

BRIGHT, DIM, FAINT, RULE = 0.95, 0.70, 0.54, 0.30
"""Lightness of words and lines on the night."""

TEXT = 25
_FINER, _LEFT, _TOP = 3, 8, 34

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Inks:
    """The night, almost black, and the one colour, both (3,) OKLab: from the covers themselves."""

    night: FloatArray
    bright: FloatArray

    @classmethod
    def of(cls, palette: Palette) -> Inks:
        """From the palette of all covers: the most colourful of its colours that is not rare, calmed and lifted off the night."""
        lab = srgb_to_oklab(palette.srgb)
        chroma = np.hypot(lab[:, 1], lab[:, 2])
        _, a, b = lab[int(np.argmax(chroma * palette.share**0.4))]
        calm = min(1.0, 0.13 / max(float(np.hypot(a, b)), 1e-6))
        a, b = a * calm, b * calm
        return cls(np.array([0.14, 0.07 * a, 0.07 * b], np.float32), np.array([0.80, a, b], np.float32))

    def faded(self, share: float) -> Colour:
        """The bright ink, so much of it over the night."""
        return rgb(self.night + share * (self.bright - self.night))


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """Points x (k,), y (k,), NaN where there is none, with the words at its end; `error` (k,) to each side."""

    words: str
    x: npt.NDArray[np.floating]
    y: npt.NDArray[np.floating]
    light: float = BRIGHT
    main: bool = False
    error: npt.NDArray[np.floating] | None = None


@dataclass(frozen=True, slots=True)
class Dot:
    """A share with its standard error, and what it is of."""

    words: str
    value: float
    error: float = float("nan")
    main: bool = False


def curves(
    lines: Sequence[Line], inks: Inks, *, width_px: int, height_px: int, log: bool, shown: Callable[[float], str], mark: float
) -> ByteArray:
    """Lines over steps as a picture (h, w, 3); `log` spaces steps by log(1 + step); `shown` writes values; `mark` is the step of
    the finished model, which gets a dot. Without a number to draw it says that it cannot be told."""
    known = [line for line in lines if np.isfinite(line.y).any()]
    if not any(line.main for line in known):
        return nothing(inks, width_px=width_px, height_px=height_px)
    canvas, pen = _canvas(inks, width_px, height_px)
    low, high = _span(known)
    left = _LEFT + max(measure(shown(value), size_px=TEXT) for value in (low, high)) + 14
    right = width_px - max(measure(line.words, size_px=TEXT) for line in known) - 34
    floor, last = height_px - line_height_px(TEXT) - 14, max(float(line.x.max()) for line in known)
    bend = np.log1p if log else np.asarray

    def across(x: npt.ArrayLike) -> npt.NDArray[np.float64]:
        far = max(float(bend(np.float64(last))), 1e-9)
        return np.asarray(left + (right - left) * bend(np.asarray(x, np.float64)) / far)

    def up(y: npt.ArrayLike) -> npt.NDArray[np.float64]:
        return np.asarray(floor - (floor - _TOP) * (np.asarray(y, np.float64) - low) / (high - low))

    for value in (low, high):
        _stroke(pen, [(left, float(up(value))), (right, float(up(value)))], grey(RULE), 1.0)
    for line in sorted(known, key=lambda line: line.main):
        _draw(pen, line, inks, across, up, mark=mark)
    fine = canvas.resize((width_px, height_px), _lanczos())
    for value in (high, low):
        write(fine, shown(value), x=_LEFT, y=round(float(up(value))) - line_height_px(TEXT) // 2, size=TEXT, light=FAINT)
    write(fine, f"step {_number(0)}", x=left, y=floor + 14, size=TEXT, light=FAINT)
    end = _number(last)
    write(fine, end, x=round(float(across(last))) - measure(end, size_px=TEXT), y=floor + 14, size=TEXT, light=FAINT)
    ends = [(line, float(up(line.y[np.isfinite(line.y)][-1]))) for line in known]
    for line, y in _apart(ends, floor):
        light = BRIGHT if line.main else line.light
        write(fine, line.words, x=right + 26, y=round(y - line_height_px(TEXT) / 2), size=TEXT, light=light)
    return np.asarray(fine)


def dots(
    rows: Sequence[Dot], inks: Inks, *, chance: float, width_px: int, height_px: int, shown: Callable[[float], str]
) -> ByteArray:
    """Rows of shares with one standard error to each side, and a line at blind chance, as a picture (h, w, 3)."""
    if not any(math.isfinite(row.value) for row in rows):
        return nothing(inks, width_px=width_px, height_px=height_px)
    canvas, pen = _canvas(inks, width_px, height_px)
    left = max(measure(row.words, size_px=TEXT) for row in rows) + 40
    right, step = width_px - 120, (height_px - line_height_px(TEXT) - 10) / len(rows)
    reach = [value for row in rows for value in (row.value, row.value + row.error) if math.isfinite(value)]
    most = max(*reach, chance if math.isfinite(chance) else 0.0, 1e-9)

    def at(value: float) -> float:
        return left + (right - left) * min(max(value, 0.0), most) / most

    if math.isfinite(chance):
        _stroke(pen, [(at(chance), 6), (at(chance), height_px - line_height_px(TEXT) - 8)], grey(FAINT), 2.0)
    for place, row in enumerate(rows):
        y = (place + 0.5) * step
        _stroke(pen, [(left, y), (right, y)], grey(RULE), 1.0)
        if math.isfinite(row.error):
            _stroke(pen, [(at(row.value - row.error), y), (at(row.value + row.error), y)], inks.faded(0.55), 5.0)
        if math.isfinite(row.value):
            _disc(pen, at(row.value), y, 8.0, rgb(inks.bright) if row.main else inks.faded(0.7))
    fine = canvas.resize((width_px, height_px), _lanczos())
    for place, row in enumerate(rows):
        y = round((place + 0.5) * step - line_height_px(TEXT) / 2)
        write(fine, row.words, x=_LEFT, y=y, size=TEXT, light=BRIGHT if row.main else DIM)
        write(fine, shown(row.value), x=right + 20, y=y, size=TEXT, light=BRIGHT if row.main else DIM, room=width_px - right - 20)
    if math.isfinite(chance):
        words = f"chance {shown(chance)}"
        x = min(max(round(at(chance)) - 6, left), width_px - measure(words, size_px=TEXT))
        write(fine, words, x=x, y=height_px - line_height_px(TEXT) - 4, size=TEXT, light=FAINT)
    return np.asarray(fine)


def nothing(inks: Inks, *, width_px: int, height_px: int) -> ByteArray:
    """A picture (h, w, 3) for what cannot be told."""
    from PIL import Image

    canvas = Image.new("RGB", (width_px, height_px), rgb(inks.night))
    write(canvas, UNKNOWN, x=_LEFT, y=height_px // 2 - line_height_px(TEXT) // 2, size=TEXT, light=FAINT)
    return np.asarray(canvas)


def write(
    canvas: Picture, words: str, *, x: int, y: int, size: float, light: float, bold: bool = False, room: float | None = None
) -> None:
    """Set one line of words with its left top corner at (x, y); what does not fit into `room` pixels is cut."""
    from PIL import Image

    told = words if room is None else shorten(words, size_px=size, max_width_px=room)
    image = Image.fromarray(
        line_image(told, size_px=size, weight="semibold" if bold else "regular", colour=grey(light), tabular=True)
    )
    canvas.paste(image, (x, y), image)


def grey(lightness: float) -> Colour:
    """A grey of this lightness 0..1."""
    return rgb(np.array([lightness, 0.0, 0.0], np.float32))


def rgb(lab: FloatArray) -> Colour:
    """An OKLab colour (3,) as bytes."""
    red, green, blue = (int(c) for c in oklab_to_srgb(np.asarray(lab, np.float32)))
    return red, green, blue


def _draw(
    pen: ImageDraw,
    line: Line,
    inks: Inks,
    across: Callable[[npt.ArrayLike], npt.NDArray[np.float64]],
    up: Callable[[npt.ArrayLike], npt.NDArray[np.float64]],
    *,
    mark: float,
) -> None:
    known = np.isfinite(line.y)
    x, y = np.asarray(line.x)[known], np.asarray(line.y)[known]
    colour = rgb(inks.bright) if line.main else grey(line.light - 0.12)
    if line.error is not None:
        low = min(0.0, float(y.min()))
        for at, value, error in zip(x, y, _errors(line)[known], strict=True):
            ends = [(float(across(at)), float(up(max(value + side * error, low)))) for side in (-1, 1)]
            _stroke(pen, ends, inks.faded(0.4), 4.0)
    _stroke(pen, [(float(a), float(b)) for a, b in zip(across(x), up(y), strict=True)], colour, 3.0 if line.main else 1.6)
    if line.main and len(x):
        last = int(np.abs(x - mark).argmin())
        _disc(pen, float(across(x[last])), float(up(y[last])), 7.5, colour)


def _errors(line: Line) -> npt.NDArray[np.float64]:
    return np.nan_to_num(np.asarray(line.y * 0 if line.error is None else line.error, np.float64))


def _span(lines: Sequence[Line]) -> tuple[float, float]:
    """From 0, or the least there is, to the most, errors upwards included."""
    values = np.concatenate([line.y + side * _errors(line) for line in lines for side in (0, 1)])
    low, high = min(0.0, float(np.nanmin(values))), float(np.nanmax(values))
    return low, high if high > low else low + 1.0


def _apart(ends: Sequence[tuple[Line, float]], floor: float) -> list[tuple[Line, float]]:
    """The words at the ends moved up and down so that none stands on another."""
    step, placed = line_height_px(TEXT) * 0.92, list[tuple[Line, float]]()
    for line, y in sorted(ends, key=lambda end: end[1]):
        placed.append((line, max(y, placed[-1][1] + step) if placed else y))
    lowest = float(floor)
    for place in range(len(placed) - 1, -1, -1):
        line, y = placed[place]
        placed[place] = (line, min(y, lowest))
        lowest = placed[place][1] - step
    return placed


def _canvas(inks: Inks, width_px: int, height_px: int) -> tuple[Picture, ImageDraw]:
    from PIL import Image, ImageDraw

    canvas = Image.new("RGB", (_FINER * width_px, _FINER * height_px), rgb(inks.night))
    return canvas, ImageDraw.Draw(canvas)


def _stroke(pen: ImageDraw, points: Sequence[tuple[float, float]], colour: Colour, width_px: float) -> None:
    pen.line([(_FINER * x, _FINER * y) for x, y in points], fill=colour, width=round(_FINER * width_px), joint="curve")


def _disc(pen: ImageDraw, x: float, y: float, radius: float, colour: Colour) -> None:
    pen.ellipse([_FINER * (x - radius), _FINER * (y - radius), _FINER * (x + radius), _FINER * (y + radius)], fill=colour)


def _lanczos() -> int:
    from PIL import Image

    return Image.Resampling.LANCZOS


def _number(step: float) -> str:
    return f"{step:,.0f}"
