"""Which letter is in which font: the house typeface first, then whatever the system has.

Pillow cannot say whether a font has a letter, so the font's own table of letters ("cmap", OpenType specification, formats 4
and 12) is read here. Fonts of the system are looked at only when a letter is missing from the house typeface, and only once.
"""

from __future__ import annotations

import functools
import os
import struct
import sys
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

Weight: TypeAlias = Literal["regular", "semibold"]

FONT_FOLDER = Path(__file__).parent.parent / "fonts"
HOUSE_FONTS: dict[Weight, Path] = {
    "regular": FONT_FOLDER / "Inter-Regular.ttf",
    "semibold": FONT_FOLDER / "Inter-SemiBold.ttf",
}
MISSING_MARKS = "\ufffd□?"
"""Stand where no font has the letter: the first of them that the house typeface has."""

_OUTLINES = (b"glyf", b"CFF ", b"CFF2")
_LIKED = ("notosans-", "notosans", "dejavusans", "liberationsans", "arialunicode", "arial unicode", "arial", "segoeui", "noto")
_PLAIN = ("italic", "oblique", "condensed", "mono", "serif", "light", "thin", "black", "extra", "display", "nastaliq", "math")


@dataclass(frozen=True, slots=True)
class Coverage:
    """The letters a font has, as sorted ranges of code points: first[i] to last[i], both in."""

    first: tuple[int, ...]
    last: tuple[int, ...]

    def __contains__(self, letter: str) -> bool:
        place = bisect_right(self.first, ord(letter)) - 1
        return place >= 0 and ord(letter) <= self.last[place]


@functools.lru_cache(maxsize=4096)
def coverage(font: Path) -> Coverage:
    """The letters of a font file; none when it cannot be read or has no outlines (colour bitmaps cannot be scaled)."""
    try:
        with font.open("rb") as file:
            tables = _tables(file.read(4096))
            if b"cmap" not in tables or not any(tag in tables for tag in _OUTLINES):
                return Coverage((), ())
            offset, length = tables[b"cmap"]
            file.seek(offset)
            spans = sorted(_spans(file.read(min(length, 1 << 22))))
    except (OSError, struct.error, ValueError, IndexError):
        return Coverage((), ())
    return Coverage(tuple(span[0] for span in spans), tuple(span[1] for span in spans))


def _tables(head: bytes) -> dict[bytes, tuple[int, int]]:
    start = struct.unpack_from(">I", head, 12)[0] if head[:4] == b"ttcf" else 0
    count = struct.unpack_from(">H", head, start + 4)[0] if start + 6 <= len(head) else 0
    rows = (struct.unpack_from(">4sIII", head, start + 12 + 16 * i) for i in range(min(count, 64)))
    return {tag: (offset, length) for tag, _, offset, length in rows}


def _spans(cmap: bytes) -> list[tuple[int, int]]:
    """Ranges of the best subtable: full Unicode (format 12) before the basic plane (format 4)."""
    records = [struct.unpack_from(">HHI", cmap, 4 + 8 * i) for i in range(struct.unpack_from(">H", cmap, 2)[0])]
    unicode_tables = [at for platform, encoding, at in records if platform == 0 or (platform == 3 and encoding in (1, 10))]
    found = {struct.unpack_from(">H", cmap, at)[0]: at for at in unicode_tables}
    if 12 in found:
        return _spans_12(cmap, found[12])
    return list(_spans_4(cmap, found[4])) if 4 in found else []


def _spans_12(cmap: bytes, at: int) -> list[tuple[int, int]]:
    count = struct.unpack_from(">I", cmap, at + 12)[0]
    groups = (struct.unpack_from(">III", cmap, at + 16 + 12 * i) for i in range(count))
    return [(first, last) for first, last, _ in groups]


def _spans_4(cmap: bytes, at: int) -> Iterator[tuple[int, int]]:
    segments = struct.unpack_from(">H", cmap, at + 6)[0] // 2
    last = struct.unpack_from(f">{segments}H", cmap, at + 14)
    first = struct.unpack_from(f">{segments}H", cmap, at + 16 + 2 * segments)
    delta = struct.unpack_from(f">{segments}H", cmap, at + 16 + 4 * segments)
    ranges_at = at + 16 + 6 * segments
    offsets = struct.unpack_from(f">{segments}H", cmap, ranges_at)
    for i in range(segments):
        if offsets[i] == 0:
            if first[i] != 0xFFFF:
                yield first[i], last[i]
            continue
        for code in range(first[i], last[i] + 1):
            slot = ranges_at + 2 * i + offsets[i] + 2 * (code - first[i])
            glyph = struct.unpack_from(">H", cmap, slot)[0] if slot + 2 <= len(cmap) else 0
            if glyph and (glyph + delta[i]) & 0xFFFF:
                yield code, code


def system_font_folders() -> tuple[Path, ...]:
    """Where fonts usually lie on this system."""
    home = Path.home()
    if sys.platform == "win32":
        local = Path(os.environ.get("LOCALAPPDATA", home / "AppData" / "Local"))
        return Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts", local / "Microsoft" / "Windows" / "Fonts"
    if sys.platform == "darwin":
        return Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library" / "Fonts"
    folders = ("/usr/share/fonts", "/usr/local/share/fonts", home / ".local" / "share" / "fonts", home / ".fonts")
    return tuple(Path(folder) for folder in folders)


@functools.cache
def system_fonts(weight: Weight = "regular") -> tuple[Path, ...]:
    """Every font file of the system, those most like the house typeface first."""
    found: set[Path] = set()
    for folder in system_font_folders():
        for where, _, names in os.walk(folder):
            found.update(Path(where, name) for name in names if name.lower().endswith((".ttf", ".otf", ".ttc")))
    return tuple(sorted(found, key=lambda path: (*_distance(path.stem.lower(), weight), path.name, str(path))))


def _distance(stem: str, weight: Weight) -> tuple[int, int]:
    family = next((place for place, name in enumerate(_LIKED) if stem.startswith(name)), len(_LIKED))
    odd = 2 * sum(word in stem for word in _PLAIN)
    return family, odd + (("bold" in stem) != (weight == "semibold"))


@functools.lru_cache(maxsize=16384)
def font_for(letter: str, weight: Weight) -> Path | None:
    """The font that has this letter: the house typeface, else the first of the system, else None."""
    if letter in coverage(HOUSE_FONTS[weight]):
        return HOUSE_FONTS[weight]
    return next((font for font in system_fonts(weight) if letter in coverage(font) and _opens(font)), None)


def without_font(texts: Iterable[str]) -> str:
    """The letters of some texts that no font here has, each once, in the order they come: they are drawn as boxes."""
    letters = dict.fromkeys(letter for text in texts for letter in text)
    drawn = (letter for letter in letters if unicodedata.category(letter)[0] in "LNPS")
    return "".join(letter for letter in drawn if font_for(letter, "regular") is None)


@functools.lru_cache(maxsize=256)
def _opens(font: Path) -> bool:
    from PIL import ImageFont

    try:
        ImageFont.truetype(str(font), 20)
    except (OSError, ValueError):
        return False
    return True
