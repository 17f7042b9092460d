"""Text set like a poster: one typeface, exact edges, every script, never an exception.

A line image is as wide as its ink and as tall as the typeface's line, so that lines of one size share their baseline and the
first letters of different sizes stand exactly below each other. Letters that the house typeface lacks come from the system's
fonts (`glyphs`), drawn no taller than the line; what nobody has becomes a visible mark. Right-to-left scripts are put
into visual order run by run (`runs`); inside a run HarfBuzz shapes the letters where Pillow has it.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mixtape.lettering.glyphs import HOUSE_FONTS, Weight
from mixtape.lettering.runs import Run, belongs, clean, visual_runs
from mixtape.types import ByteArray

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

ELLIPSIS = "…"
_MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")


# How it is drawn ---------------------------------------------------------------------------------------------------------------


@functools.cache
def _shapes() -> bool:
    from PIL import features

    return bool(features.check("raqm"))


@functools.lru_cache(maxsize=512)
def _font(path: Path, size_px: float) -> FreeTypeFont:
    from PIL import ImageFont

    engine = ImageFont.Layout.RAQM if _shapes() else ImageFont.Layout.BASIC
    return ImageFont.truetype(str(path), size_px, layout_engine=engine)


@functools.lru_cache(maxsize=512)
def _fitted(path: Path, size_px: float) -> FreeTypeFont:
    """The font at this size, smaller when its line is taller than the house typeface's: nothing may stick out of the line."""
    if path in HOUSE_FONTS.values():
        return _font(path, size_px)
    ascent, descent = _font(path, size_px).getmetrics()
    room = min(baseline_px(size_px) / max(ascent, 1), (line_height_px(size_px) - baseline_px(size_px)) / max(descent, 1))
    return _font(path, max(size_px * max(min(1.0, room), 0.6), 1.0))


@functools.lru_cache(maxsize=512)
def baseline_px(size_px: float) -> int:
    """Rows from the top of a line image down to the baseline."""
    return int(_font(HOUSE_FONTS["regular"], size_px).getmetrics()[0])


@functools.lru_cache(maxsize=512)
def line_height_px(size_px: float) -> int:
    """Rows of every line image of this size."""
    return int(sum(_font(HOUSE_FONTS["regular"], size_px).getmetrics()))


def cap_height_px(size_px: float) -> float:
    """Height of a capital above the baseline (Inter: 0.727 em)."""
    return 0.727 * size_px


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    font: FreeTypeFont
    rtl: bool
    x_px: float

    def settings(self, tabular: bool) -> dict[str, Any]:
        if not _shapes():
            return {}
        return {"direction": "rtl" if self.rtl else "ltr", "features": ["tnum"] if tabular and not self.rtl else None}


def _pieces(text: str, size_px: float, weight: Weight, tracking_em: float, tabular: bool) -> Iterator[_Piece]:
    """What to draw where, from left to right."""
    pen = 0.0
    for run in visual_runs(text, weight):
        font = _fitted(run.font, size_px)
        for part, x in _spread(run, font, tracking_em * size_px):
            yield _Piece(_flipped(part) if run.rtl and not _shapes() else part, font, run.rtl, pen + x)
        pen += _run_advance(run, size_px, tracking_em, tabular)


def _run_advance(run: Run, size_px: float, tracking_em: float, tabular: bool) -> float:
    font = _fitted(run.font, size_px)
    settings = _Piece(run.text, font, run.rtl, 0.0).settings(tabular)
    tracking = tracking_em * size_px * len(run.text) if _tracks(run.text, run.rtl) else 0.0
    return float(font.getlength(run.text, **settings)) + tracking


@functools.lru_cache(maxsize=2048)
def _advance(text: str, size_px: float, weight: Weight, tracking_em: float, tabular: bool) -> float:
    """How far the pen goes for clean text: its width without drawing it, up to the bearings of the first and last letter."""
    finer = _finer(size_px)
    return sum(_run_advance(run, size_px * finer, tracking_em, tabular) for run in visual_runs(text, weight)) / finer


def _finer(size_px: float) -> int:
    """How many times larger letters are drawn before they are reduced: small ones would stand unevenly on whole pixels."""
    return 4 if size_px < 24 else 2 if size_px < 80 else 1


def _spread(run: Run, font: FreeTypeFont, tracking_px: float) -> Iterable[tuple[str, float]]:
    """The run whole, or letter by letter with space between (kerning kept), where its script allows that."""
    if not tracking_px or not _tracks(run.text, run.rtl):
        return [(run.text, 0.0)]
    steps = [font.getlength(a + b) - font.getlength(b) for a, b in pairwise(run.text)]
    starts = accumulate(steps, initial=0.0)
    return [(c, start + tracking_px * i) for i, (c, start) in enumerate(zip(run.text, starts, strict=True)) if c != " "]


@functools.lru_cache(maxsize=4096)
def _tracks(text: str, rtl: bool) -> bool:
    """Whether there may be space between these letters: not where they join."""
    plain = all(unicodedata.bidirectional(c) in ("L", "EN", "WS", "ON", "CS", "ES", "ET") for c in text)
    return not rtl and plain and not any("\u0530" <= c < "\u2000" for c in text)


def _flipped(text: str) -> str:
    """Letters in visual order for a layout engine that knows no direction; marks stay behind their letter."""
    clusters: list[str] = []
    for letter in text.translate(_MIRRORED):
        if clusters and belongs(letter):
            clusters[-1] += letter
        else:
            clusters.append(letter)
    return "".join(reversed(clusters))


# Few are kept: measuring and drawing follow each other, and a show of weeks at 4K would gather gigabytes.
@functools.lru_cache(maxsize=64)
def _mask(text: str, size_px: float, weight: Weight, tracking_em: float, tabular: bool) -> tuple[ByteArray, float]:
    """Ink (h, w) uint8 of clean text, cut to the ink left and right, and how far right of the pen's start it begins in pixels.

    (h, 1) of nothing for a text without ink.
    """
    from PIL import Image, ImageDraw

    finer, room = _finer(size_px), 2 * int(size_px) + 4
    width, height = int(_advance(text, size_px, weight, tracking_em, tabular)) + 2 * room, line_height_px(size_px)
    canvas = Image.new("L", (finer * width, finer * height))
    draw = ImageDraw.Draw(canvas)
    for piece in _pieces(text, size_px * finer, weight, tracking_em, tabular):
        at = (finer * room + piece.x_px, finer * baseline_px(size_px))
        draw.text(at, piece.text, 255, piece.font, anchor="ls", **piece.settings(tabular))
    box = canvas.getbbox() or (finer * room, 0, finer * (room + 1), 0)
    wide = -(-(box[2] - box[0]) // finer)
    cut = np.asarray(canvas.crop((box[0], 0, box[0] + finer * wide, finer * height)).reduce(finer)).copy()
    cut.flags.writeable = False
    return cut, box[0] / finer - room


# What others use ---------------------------------------------------------------------------------------------------------------


def pen_width_px(text: str, *, size_px: float, weight: Weight = "regular", tracking_em: float = 0.0) -> float:
    """How far the pen goes for the text; a hair more than its ink, and known without drawing."""
    return _advance(clean(text), float(size_px), weight, tracking_em, False)


def measure(text: str, *, size_px: float, weight: Weight = "regular", tracking_em: float = 0.0, tabular: bool = False) -> int:
    """Width of the text's ink in pixels; 0 for a text without ink."""
    ink, _ = _mask(clean(text), float(size_px), weight, tracking_em, tabular)
    return ink.shape[1] if ink.any() else 0


@functools.lru_cache(maxsize=512)
def shorten(
    text: str, *, size_px: float, max_width_px: float, weight: Weight = "regular", tracking_em: float = 0.0, tabular: bool = False
) -> str:
    """The clean text when it fits into the width, else as much of it as fits with an ellipsis (empty if not even that does)."""
    whole = clean(text)

    def fits(candidate: str) -> bool:
        return _advance(candidate, float(size_px), weight, tracking_em, tabular) <= max_width_px

    if fits(whole[:400]) and len(whole) <= 400:
        return whole
    best = _cut(whole, _most(min(len(whole), 400), lambda n: fits(_cut(whole, n))))
    return best if fits(best) else ""


def _cut(text: str, length: int) -> str:
    """The first letters and an ellipsis; between words where one ends within the last quarter, never before a mark."""
    while 0 < length < len(text) and belongs(text[length]):
        length -= 1
    if length < len(text) and text[length] != " ":
        blank = text.rfind(" ", 0, length)
        length = blank if blank > 0.75 * length else length
    return text[:length].rstrip(" ,;:-–—([") + ELLIPSIS


def line_image(
    text: str,
    *,
    size_px: float,
    weight: Weight = "regular",
    colour: tuple[int, int, int] = (255, 255, 255),
    max_width_px: float | None = None,
    tracking_em: float = 0.0,
    tabular: bool = False,
) -> ByteArray:
    """One line of text as (h, w, 4) uint8 sRGB with straight alpha, read-only.

    h is `line_height_px(size_px)`, the baseline lies `baseline_px(size_px)` below the top, w is the ink's width (1 for a text
    without ink). Longer than `max_width_px` it ends in an ellipsis. `tracking_em` opens or tightens the letters, `tabular`
    gives all digits one width (where Pillow shapes text). Never raises for any text.
    """
    written = clean(text)
    if max_width_px is not None:
        written = shorten(
            text, size_px=size_px, max_width_px=max_width_px, weight=weight, tracking_em=tracking_em, tabular=tabular
        )
    ink, _ = _mask(written, float(size_px), weight, tracking_em, tabular)
    image = np.empty((*ink.shape, 4), np.uint8)
    image[..., :3] = colour
    image[..., 3] = ink
    image.flags.writeable = False
    return image


@functools.lru_cache(maxsize=1024)
def wrap(
    text: str,
    *,
    size_px: float,
    max_width_px: float,
    weight: Weight = "regular",
    max_lines: int | None = None,
    tracking_em: float = 0.0,
) -> tuple[str, ...]:
    """The text as lines that fit the width; breaks between words, inside a word only where it alone is too wide.

    With `max_lines`, what is left over ends the last line in an ellipsis. Empty text is no line; 1,000 letters are enough.
    """

    def fits(candidate: str) -> bool:
        return _advance(candidate, float(size_px), weight, tracking_em, False) <= max_width_px

    lines: list[str] = []
    rest = clean(text)[:1000]
    while rest:
        if max_lines is not None and len(lines) == max_lines - 1:
            last = shorten(rest, size_px=size_px, max_width_px=max_width_px, weight=weight, tracking_em=tracking_em)
            return (*lines, last)
        taken = _line_end(rest, fits)
        lines.append(rest[:taken].rstrip())
        rest = rest[taken:].lstrip()
    return tuple(lines)


def _line_end(text: str, fits: Callable[[str], bool]) -> int:
    """How many letters make the first line: as many words as fit, else as many letters, but at least one."""
    breaks = [i for i in range(1, len(text) + 1) if i == len(text) or _may_break(text, i)]
    words = _most(len(breaks), lambda n: fits(text[: breaks[n - 1]].rstrip()))
    if words:
        return breaks[words - 1]
    return max(1, _most(breaks[0] - 1, lambda n: fits(text[:n])))


def _most(limit: int, fits: Callable[[int], bool]) -> int:
    """The largest number up to the limit that fits, by halving; 0 when none does."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def _may_break(text: str, place: int) -> bool:
    """Whether a line may end before text[place]: after a blank or a dash, and between ideographs."""
    before, after = text[place - 1], text[place]
    wide = unicodedata.east_asian_width(before) in "WF" and unicodedata.east_asian_width(after) in "WF"
    return after == " " or (before in "-–—/" and after != " ") or (wide and unicodedata.category(after)[0] == "L")


# For those who set letters as letters ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PlacedRun:
    """Letters of one font and direction, in reading order, from `start` on in the text; x_px is their left end from the ink's."""

    text: str
    font: Path
    size_px: float
    rtl: bool
    x_px: float
    advance_px: float
    start: int
    tracked: bool


@functools.lru_cache(maxsize=2048)
def placed_runs(
    text: str, *, size_px: float, weight: Weight = "regular", tracking_em: float = 0.0, tabular: bool = False
) -> tuple[PlacedRun, ...]:
    """The same line that `line_image` draws, as runs in reading order; x_px 0 is the left edge of that image."""
    written, size = clean(text), float(size_px)
    finer = _finer(size)
    pen, found = -_mask(written, size, weight, tracking_em, tabular)[1], []
    for run in visual_runs(written, weight):
        advance = _run_advance(run, size * finer, tracking_em, tabular) / finer
        drawn = _fitted(run.font, size * finer).size / finer
        found.append(PlacedRun(run.text, run.font, drawn, run.rtl, pen, advance, run.start, _tracks(run.text, run.rtl)))
        pen += advance
    return tuple(sorted(found, key=lambda run: run.start))
