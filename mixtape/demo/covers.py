"""One call draws a record sleeve of any style; another draws hundreds of small ones for a network to learn from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from mixtape.demo.plan import STYLES, seed_of
from mixtape.demo.sleeves import club, night, room
from mixtape.demo.sleeves.lettering import letter
from mixtape.demo.sleeves.sheet import Sheet
from mixtape.errors import ConfigError
from mixtape.types import ByteArray

PAINTERS: dict[str, Callable[[Sheet], str]] = {
    painter.__name__: painter
    for painter in (
        club.house, club.techno, club.trance, club.jungle,
        night.dub, night.ambient, night.metal, night.synthwave, night.lofi, night.nocturne,
        room.chiptune, room.jazz, room.bossa, room.baroque, room.folk, room.gamelan, room.minimal,
    )
}  # fmt: skip
"""Each prints its style's sleeve on a sheet and says which ink its names want: `dark`, `light` or `gold`."""

_POOL_PX = 128


def draw_cover(style: str, *, seed: int, size_px: int = 600, artist: str | None = None, album: str | None = None) -> Image.Image:
    """A sleeve of `size_px` by `size_px`, RGB. The same style and seed give the same picture; names are set when both are given.

    Raises:
        ConfigError: no such style.
    """
    if style not in PAINTERS:
        raise ConfigError(f"style '{style}' has no painter. Choose one of: {', '.join(sorted(PAINTERS))}.")
    sheet = Sheet(size_px, np.random.default_rng(seed_of("sleeve", style, seed)), lettering=bool(artist and album))
    ink = PAINTERS[style](sheet)
    image = sheet.image()
    if artist and album:
        letter(image, style=style, artist=artist, album=album, ink=ink)
    return image


def cover_pool(count: int, *, seed: int, size_px: int = 64) -> tuple[ByteArray, list[str]]:
    """Small sleeves without names, styles in turn: (count, size_px, size_px, 3) uint8, and the style of each.

    They are drawn at 128 pixels (or at `size_px`, where that is larger) and made smaller, so that fine lines stay lines.
    """
    names = list(STYLES)
    styles = [names[number % len(names)] for number in range(count)]
    pool = np.empty((count, size_px, size_px, 3), np.uint8)
    for number, style in enumerate(styles):
        image = draw_cover(style, seed=seed_of(seed, "pool", number), size_px=max(_POOL_PX, size_px))
        pool[number] = np.asarray(image.resize((size_px, size_px), Image.Resampling.LANCZOS))
    return pool, styles
