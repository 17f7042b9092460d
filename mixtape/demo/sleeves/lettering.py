"""Names on sleeves: which typeface a style is set in, how large, and where."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

FONTS = Path(__file__).parent.parent.parent / "fonts"
_INKS = {"dark": (22, 20, 24), "light": (246, 241, 230), "gold": (222, 189, 120)}
_MISSING = "\uffff"


@dataclass(frozen=True, slots=True)
class Setting:
    """How a style sets its names: faces and sizes (shares of the sheet) of both, where, in capitals, on a label or not."""

    artist_face: str
    album_face: str
    artist_size: float
    album_size: float
    place: str = "foot"
    capitals: bool = False
    label: bool = False


SETTINGS: dict[str, Setting] = {
    "house": Setting("SpaceGrotesk-Bold", "SpaceGrotesk-Bold", 0.062, 0.034),
    "techno": Setting("BebasNeue-Regular", "Inter-SemiBold", 0.12, 0.03, "head", True, True),
    "trance": Setting("Inter-SemiBold", "Inter-Regular", 0.05, 0.034, "centre"),
    "jungle": Setting("BebasNeue-Regular", "BebasNeue-Regular", 0.11, 0.05, "foot", True, True),
    "dub": Setting("BebasNeue-Regular", "SpaceGrotesk-Bold", 0.12, 0.04, "head", True),
    "ambient": Setting("Inter-Regular", "PlayfairDisplay-Medium_Italic", 0.026, 0.038),
    "chiptune": Setting("PressStart2P-Regular", "PressStart2P-Regular", 0.056, 0.022, "centre", True),
    "metal": Setting("PirataOne-Regular", "PirataOne-Regular", 0.17, 0.05, "split"),
    "jazz": Setting("BebasNeue-Regular", "PlayfairDisplay-Medium_Italic", 0.1, 0.05, "foot", True),
    "bossa": Setting("Inter-SemiBold", "PlayfairDisplay-Medium_Italic", 0.034, 0.075, "head"),
    "baroque": Setting("PlayfairDisplay-Medium_Italic", "PlayfairDisplay-Medium_Italic", 0.05, 0.034, "low"),
    "folk": Setting("PlayfairDisplay-Medium_Italic", "PlayfairDisplay-Medium_Italic", 0.075, 0.042, "foot"),
    "synthwave": Setting("Monoton-Regular", "PlayfairDisplay-Medium_Italic", 0.085, 0.06, "split"),
    "lofi": Setting("SpaceGrotesk-Bold", "SpaceGrotesk-Bold", 0.048, 0.03),
    "gamelan": Setting("SpaceGrotesk-Bold", "Inter-Regular", 0.04, 0.03, "corners"),
    "nocturne": Setting("PlayfairDisplay-Medium_Italic", "Inter-Regular", 0.07, 0.026, "head"),
    "minimal": Setting("Inter-SemiBold", "Inter-Regular", 0.03, 0.03, "corners"),
}


def letter(image: Image.Image, *, style: str, artist: str, album: str, ink: str) -> None:
    """Set artist and album on a sleeve, in place. A title whose script the typeface lacks is left to the picture."""
    setting, side = SETTINGS[style], image.width
    artist, album = (name.upper() if setting.capitals else name for name in (artist, album))
    lines = [
        (_fitted(artist, setting.artist_face, setting.artist_size * side, 0.86 * side), artist),
        (_fitted(album, setting.album_face, setting.album_size * side, 0.86 * side), album),
    ]
    for (face, text), (x, y, anchor) in zip(lines, _places(setting, side, lines[0][0].size, lines[1][0].size), strict=True):
        if _printable(face, text):
            if setting.label:
                _label(image, face, text, (x, y), anchor)
            _legible(image, face, text, (x, y), anchor, ink)


def _places(setting: Setting, side: int, big: float, small: float) -> tuple[tuple[float, float, str], tuple[float, float, str]]:
    m = 0.06 * side
    return {
        "foot": ((m, side - m - small * 1.35, "ls"), (m, side - m, "ls")),
        "head": ((m, m, "lt"), (m, m + big * 1.12, "lt")),
        "centre": ((side / 2, side * 0.13, "ms"), (side / 2, side * 0.13 + small * 1.9, "ms")),
        "split": ((side / 2, m, "mt"), (side / 2, side - m, "ms")),
        "low": ((side / 2, side * 0.87, "ms"), (side / 2, side * 0.87 + small * 1.4, "ms")),
        "corners": ((m, side - m, "ls"), (side - m, side - m, "rs")),
    }[setting.place]


def _label(image: Image.Image, face: ImageFont.FreeTypeFont, text: str, at: tuple[float, float], anchor: str) -> None:
    """A black strip under the words, where the picture is too busy to read on."""
    pen, pad = ImageDraw.Draw(image), 0.012 * image.width
    left, top, right, bottom = pen.textbbox(at, text, font=face, anchor=anchor)
    pen.rectangle((left - pad, top - pad, right + pad, bottom + pad), fill=_INKS["dark"])


def _legible(image: Image.Image, face: ImageFont.FreeTypeFont, text: str, at: tuple[float, float], anchor: str, ink: str) -> None:
    """Print in the ink asked for, or in its opposite where the ground is too near to it."""
    pen = ImageDraw.Draw(image)
    area = tuple(round(v) for v in pen.textbbox(at, text, font=face, anchor=anchor))
    ground = np.asarray(image.crop((max(area[0], 0), max(area[1], 0), area[2], area[3])).convert("L"), np.float32).mean()
    if ink != "dark" and ground > 150:
        ink = "dark"
    elif ink == "dark" and ground < 95:
        ink = "light"
    if 85 < ground < 165:
        soft = _INKS["light" if ink == "dark" else "dark"]
        pen.text((at[0] + 1, at[1] + 1), text, font=face, anchor=anchor, fill=soft)
    pen.text(at, text, font=face, anchor=anchor, fill=_INKS[ink])


def _fitted(text: str, name: str, size_px: float, width_px: float) -> ImageFont.FreeTypeFont:
    face = _face(name, round(size_px))
    wide = face.getlength(text)
    return face if wide <= width_px else _face(name, max(6, int(size_px * width_px / wide)))


@lru_cache(maxsize=64)
def _face(name: str, size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONTS / f"{name}.ttf"), size_px)


def _printable(face: ImageFont.FreeTypeFont, text: str) -> bool:
    lacking = bytes(face.getmask(_MISSING))
    return all(mark.isspace() or bytes(face.getmask(mark)) != lacking for mark in text)
