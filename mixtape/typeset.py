"""Text set like a poster: one typeface, exact edges, every script, never an exception.

A line image is as wide as its ink and as tall as the typeface's line, so that lines of one size share their baseline and the
first letters of different sizes stand exactly below each other. Letters that the house typeface lacks come from the system's
fonts (`mixtape.glyphs`), drawn no taller than the line; what nobody has becomes a visible mark. Right-to-left scripts are put
into visual order here, run by run (the parts of Unicode's UAX #9 that a single line without embeddings needs); inside a run
HarfBuzz shapes the letters where Pillow has it.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mixtape.glyphs import HOUSE_FONTS, MISSING_MARKS, Weight, coverage, font_for
from mixtape.types import ByteArray

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

ELLIPSIS = "…"
_JOINERS = "\u200c\u200d"
_MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")
_CLOSES = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring letters of one font and one direction, in reading order."""

    text: str
    font: Path
    rtl: bool


# What is written ---------------------------------------------------------------------------------------------------------------


def clean(text: str) -> str:
    """The text on one line: composed (NFC), blanks collapsed, control, format and broken characters taken out."""
    spaced = "".join(" " if letter.isspace() else letter for letter in text)
    kept = (c for c in spaced if c in _JOINERS or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Cn", "Co"))
    return unicodedata.normalize("NFC", " ".join("".join(kept).split()))


@functools.lru_cache(maxsize=4096)
def visual_runs(text: str, weight: Weight = "regular") -> tuple[Run, ...]:
    """Clean text as runs from left to right, each with the font that has its letters."""
    levels = _levels(text)
    fonts = _fonts(text, weight)
    runs: list[tuple[int, Run]] = []
    for (level, font), group in groupby(zip(levels, fonts, text, strict=True), key=lambda item: (item[0], item[1])):
        letters = "".join(item[2] for item in group)
        runs.append((level, Run(_with_marks(letters, font), font, bool(level % 2))))
    return tuple(run for _, run in _reordered(runs))


def _with_marks(letters: str, font: Path) -> str:
    has = coverage(font)
    mark = next((mark for mark in MISSING_MARKS if mark in has), "?")
    return "".join(c if c in has else ("" if _belongs(c) else mark) for c in letters)


def _belongs(letter: str) -> bool:
    """Whether this is a mark or a joiner, part of the letter before it."""
    return letter in _JOINERS or unicodedata.category(letter) in ("Mn", "Me", "Mc")


def _fonts(text: str, weight: Weight) -> list[Path]:
    """A font for each letter; marks and joiners stay with the letter they belong to."""
    fonts: list[Path] = []
    for letter in text:
        fonts.append(fonts[-1] if fonts and _belongs(letter) else font_for(letter, weight) or HOUSE_FONTS[weight])
    return fonts


def _levels(text: str) -> list[int]:
    """Embedding level of each letter: 0 left to right, 1 right to left, 2 numbers and Latin inside right to left."""
    kinds = [_kind(letter) for letter in text]
    base = next((kind for kind in kinds if kind in "LR"), "L")
    if "R" not in kinds:
        return [0] * len(text)
    resolved = _neutrals_resolved(text, kinds, base)
    if base == "R":
        return [1 if kind == "R" else 2 for kind in resolved]
    return [{"L": 0, "R": 1, "N": 2}[kind] for kind in resolved]


def _kind(letter: str) -> str:
    """L or R for letters with a direction, N for digits, blank for what takes the direction of its surroundings."""
    return {"L": "L", "R": "R", "AL": "R", "EN": "N", "AN": "N", "NSM": "="}.get(unicodedata.bidirectional(letter), " ")


def _brackets(text: str) -> list[tuple[int, int]]:
    """Places of matching brackets: both of a pair go the same way."""
    pairs, waiting = [], []
    for place, letter in enumerate(text):
        if letter in _CLOSES.values():
            waiting.append(place)
        elif letter in _CLOSES and waiting and text[waiting[-1]] == _CLOSES[letter]:
            pairs.append((waiting.pop(), place))
    return sorted(pairs)


def _neutrals_resolved(text: str, kinds: Sequence[str], base: str) -> list[str]:
    resolved, strong = [], base
    for kind in kinds:
        strong = kind if kind in "LR" else strong
        resolved.append("L" if kind == "N" and strong == "L" else kind)
        if kind == "=" and len(resolved) > 1:
            resolved[-1] = resolved[-2]
    for opening, closing in _brackets(text):
        inside = {_side(kind, "") for kind in resolved[opening + 1 : closing]}
        before = next((_side(kind, "") for kind in reversed(resolved[:opening]) if kind in "LRN"), base)
        resolved[opening] = resolved[closing] = before if inside - {""} and base not in inside else base
    for place, kind in enumerate(resolved):
        if kind in " =":
            before = _side(resolved[place - 1], base) if place else base
            after = next((_side(k, base) for k in resolved[place:] if k in "LRN"), base)
            resolved[place] = before if before == after else base
    return resolved


def _side(kind: str, base: str) -> str:
    """The direction a kind counts as among neutrals: digits as right to left (rule N1)."""
    return {"N": "R", " ": base, "=": base}.get(kind, kind)


def _reordered(runs: list[tuple[int, Run]]) -> list[tuple[int, Run]]:
    """Rule L2 of UAX #9: from the highest level down to the lowest odd one, reverse every stretch at that level or above."""
    for level in range(max((run[0] for run in runs), default=0), 0, -1):
        ordered: list[tuple[int, Run]] = []
        for inside, group in groupby(runs, key=lambda run: run[0] >= level):
            stretch = list(group)
            ordered += stretch[::-1] if inside else stretch
        runs = ordered
    return runs


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


def _pieces(text: str, size_px: float, weight: Weight, tracking_em: float, tabular: bool) -> tuple[tuple[_Piece, ...], float]:
    """What to draw where, and how far the pen goes."""
    pieces: list[_Piece] = []
    pen = 0.0
    for run in visual_runs(text, weight):
        font = _fitted(run.font, size_px)
        for part, x in _spread(run, font, tracking_em * size_px):
            pieces.append(_Piece(_flipped(part) if run.rtl and not _shapes() else part, font, run.rtl, pen + x))
        whole = _Piece(run.text, font, run.rtl, 0.0)
        pen += font.getlength(run.text, **whole.settings(tabular)) + tracking_em * size_px * len(run.text)
    return tuple(pieces), pen


def _spread(run: Run, font: FreeTypeFont, tracking_px: float) -> Iterable[tuple[str, float]]:
    """The run whole, or letter by letter with space between (kerning kept), where its script allows that."""
    plain = all(unicodedata.bidirectional(c) in ("L", "EN", "WS", "ON", "CS", "ES", "ET") for c in run.text)
    if run.rtl or not tracking_px or not plain or any(c >= "\u0530" and c < "\u2000" for c in run.text):
        return [(run.text, 0.0)]
    ends = [font.getlength(run.text[: i + 1]) - font.getlength(c) for i, c in enumerate(run.text)]
    return [(c, end + tracking_px * i) for i, (c, end) in enumerate(zip(run.text, ends, strict=True)) if c != " "]


def _flipped(text: str) -> str:
    """Letters in visual order for a layout engine that knows no direction; marks stay behind their letter."""
    clusters: list[str] = []
    for letter in text.translate(_MIRRORED):
        if clusters and _belongs(letter):
            clusters[-1] += letter
        else:
            clusters.append(letter)
    return "".join(reversed(clusters))


@functools.lru_cache(maxsize=2048)
def _mask(text: str, size_px: float, weight: Weight, tracking_em: float, tabular: bool) -> ByteArray:
    """Ink (h, w) uint8 of clean text, cut to the ink left and right; (h, 1) of nothing for a text without ink."""
    from PIL import Image, ImageDraw

    pieces, width = _pieces(text, size_px, weight, tracking_em, tabular)
    room = int(size_px) + 4
    canvas = Image.new("L", (int(width) + 2 * room + 1, line_height_px(size_px)))
    draw = ImageDraw.Draw(canvas)
    for piece in pieces:
        draw.text((room + piece.x_px, baseline_px(size_px)), piece.text, 255, piece.font, anchor="ls", **piece.settings(tabular))
    ink = np.asarray(canvas)
    columns = np.flatnonzero(ink.any(axis=0))
    cut = ink[:, columns[0] : columns[-1] + 1].copy() if len(columns) else np.zeros((len(ink), 1), np.uint8)
    cut.flags.writeable = False
    return cut


# What others use ---------------------------------------------------------------------------------------------------------------


def measure(text: str, *, size_px: float, weight: Weight = "regular", tracking_em: float = 0.0, tabular: bool = False) -> int:
    """Width of the text's ink in pixels; 0 for a text without ink."""
    ink = _mask(clean(text), float(size_px), weight, tracking_em, tabular)
    return ink.shape[1] if ink.any() else 0


@functools.lru_cache(maxsize=4096)
def shorten(
    text: str, *, size_px: float, max_width_px: float, weight: Weight = "regular", tracking_em: float = 0.0, tabular: bool = False
) -> str:
    """The clean text when it fits into the width, else as much of it as fits with an ellipsis (empty if not even that does)."""
    whole = clean(text)

    def fits(candidate: str) -> bool:
        return measure(candidate, size_px=size_px, weight=weight, tracking_em=tracking_em, tabular=tabular) <= max_width_px

    if fits(whole[:400]) and len(whole) <= 400:
        return whole
    low, high = 0, min(len(whole), 400)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(_cut(whole, middle)) else (low, middle - 1)
    best = _cut(whole, low)
    return best if fits(best) else ""


def _cut(text: str, length: int) -> str:
    while 0 < length < len(text) and _belongs(text[length]):
        length -= 1
    return text[:length].rstrip(" ,;:-–—(") + ELLIPSIS


@functools.lru_cache(maxsize=1024)
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
    ink = _mask(written, float(size_px), weight, tracking_em, tabular)
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

    With `max_lines`, what is left over ends the last line in an ellipsis. Empty text is no line.
    """

    def fits(candidate: str) -> bool:
        return measure(candidate, size_px=size_px, weight=weight, tracking_em=tracking_em) <= max_width_px

    lines: list[str] = []
    rest = clean(text)[:4000]
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
    best = 0
    for place in breaks:
        if not fits(text[:place].rstrip()):
            break
        best = place
    if best:
        return best
    low, high = 1, max(breaks[0] - 1, 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(text[:middle]) else (low, middle - 1)
    return low


def _may_break(text: str, place: int) -> bool:
    """Whether a line may end before text[place]: after a blank or a dash, and between ideographs."""
    before, after = text[place - 1], text[place]
    wide = unicodedata.east_asian_width(before) in "WF" and unicodedata.east_asian_width(after) in "WF"
    return after == " " or (before in "-–—/" and after != " ") or (wide and unicodedata.category(after)[0] == "L")
