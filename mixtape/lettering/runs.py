"""What is written, before it is drawn: cleaned, split into runs of one font and one direction, in visual order.

Order is that of Unicode's UAX #9 as far as a single line without embeddings needs it: strong letters, digits, neutrals between
them, pairs of brackets.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from mixtape.lettering.glyphs import HOUSE_FONTS, MISSING_MARKS, Weight, coverage, font_for

_JOINERS = "\u200c\u200d"
_CLOSES = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring letters of one font and one direction, in reading order; `start` is where they stand in the text."""

    text: str
    font: Path
    rtl: bool
    start: int = 0


def clean(text: str) -> str:
    """The text on one line: composed (NFC), blanks collapsed, control, format and broken characters taken out."""
    spaced = "".join(" " if letter.isspace() else letter for letter in text)
    kept = (c for c in spaced if c in _JOINERS or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Cn", "Co"))
    return unicodedata.normalize("NFC", " ".join("".join(kept).split()))


@functools.lru_cache(maxsize=1024)
def visual_runs(text: str, weight: Weight = "regular") -> tuple[Run, ...]:
    """Clean text as runs from left to right, each with the font that has its letters."""
    levels = _levels(text)
    fonts = _fonts(text, weight)
    runs: list[tuple[int, Run]] = []
    start = 0
    for (level, font), group in groupby(zip(levels, fonts, text, strict=True), key=lambda item: (item[0], item[1])):
        letters = "".join(item[2] for item in group)
        runs.append((level, Run(_with_marks(letters, font), font, bool(level % 2), start)))
        start += len(letters)
    return tuple(run for _, run in _reordered(runs))


def _with_marks(letters: str, font: Path) -> str:
    has = coverage(font)
    mark = next((mark for mark in MISSING_MARKS if mark in has), "?")
    return "".join(c if c in has else ("" if belongs(c) else mark) for c in letters)


def belongs(letter: str) -> bool:
    """Whether this is a mark or a joiner, part of the letter before it."""
    return letter in _JOINERS or unicodedata.category(letter) in ("Mn", "Me", "Mc")


def _fonts(text: str, weight: Weight) -> list[Path]:
    """A font for each letter; marks and joiners stay with the letter they belong to, a blank with the words on both its sides."""
    fonts: list[Path] = []
    for letter in text:
        fonts.append(fonts[-1] if fonts and belongs(letter) else font_for(letter, weight) or HOUSE_FONTS[weight])
    for place in range(1, len(text) - 1):
        if text[place] == " " and fonts[place - 1] == fonts[place + 1] and " " in coverage(fonts[place - 1]):
            fonts[place] = fonts[place - 1]
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
