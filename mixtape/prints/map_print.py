"""A map as a sheet to hang: the collection as land at night, every song its cover, the islands' names at three depths.

The land is the density of songs, drawn as the posters draw it, with lines of equal height that catch a light in the colours of
the covers that stand there. Names are large for what is seen from afar and small for what is seen from near; no two overlap.
Below it stands what the map is made from and what changes along it. Same map and size, same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mixtape.errors import ConfigError, ShapeError
from mixtape.lettering.typeset import baseline_px, line_image, measure, wrap
from mixtape.maps.frame import SPACING
from mixtape.maps.labels import Label, lay_labels
from mixtape.palette import oklab_to_srgb
from mixtape.poster.inks import abstract_cover, ground, ink, palette_of_id
from mixtape.poster.landscape import colour_field, contour_light, density, enlarged, glow
from mixtape.prints.light import linear, to_bytes
from mixtape.storage import write_atomic
from mixtape.types import ByteArray, FloatArray, Palette, Region, SongMap

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

SIDE_PX = (240, 16_000)
"""Shortest and longest side of a sheet."""

_FIELD_CELLS = 2_000_000
_LARGE, _MIDDLE, _SMALL = 0.030, 0.0165, 0.0108
_COVER_SHARE = 0.86
_WATER = 0.08
_LINES = 14


@dataclass(frozen=True, slots=True, eq=False)
class MapSheet:
    """What a map print shows: covers (h, w, 3) and palettes in the map's order, None where a song has none.

    `title` is what the map is by, `lines` what is said below it.
    """

    song_map: SongMap
    covers: tuple[ByteArray | None, ...]
    palettes: tuple[Palette | None, ...]
    regions: tuple[Region, ...]
    title: str
    lines: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n = len(self.song_map.ids)
        if len(self.covers) != n or len(self.palettes) != n:
            raise ShapeError(f"map print: {len(self.covers)} covers and {len(self.palettes)} palettes for {n} songs; one of each")


@dataclass(frozen=True, slots=True)
class _Page:
    """Lengths in pixels: the sheet, its unit, and how the map's square lies on it."""

    width: int
    height: int
    unit: float
    scale: float
    left: float
    top: float

    @classmethod
    def of(cls, xy: FloatArray, size_px: tuple[int, int]) -> _Page:
        width, height = size_px
        unit = float(min(width, height))
        margin, foot = 0.075 * unit, 0.115 * unit
        low, high = (xy.min(axis=0), xy.max(axis=0)) if len(xy) else (np.zeros(2), np.ones(2))
        span = np.maximum(high - low, 0.05)
        scale = float(min((width - 2 * margin) / span[0], (height - margin - foot - margin) / span[1]))
        middle_x, middle_y = width / 2, margin + (height - 2 * margin - foot) / 2
        centre = (low + high) / 2
        return cls(width, height, unit, scale, float(middle_x - centre[0] * scale), float(middle_y + centre[1] * scale))

    def at(self, xy: FloatArray) -> FloatArray:
        """Places (n, 2) of the map, y up, as pixels, y down."""
        return np.stack([self.left + xy[:, 0] * self.scale, self.top - xy[:, 1] * self.scale], axis=1).astype(np.float32)


def save_map(path: Path, sheet: MapSheet, *, size_px: tuple[int, int]) -> None:
    """Write a map print as a PNG for 300 dpi. ConfigError for an impossible size, LibraryError when the disk refuses."""
    out = io.BytesIO()
    map_print(sheet, size_px=size_px).save(out, "PNG", dpi=(300, 300), compress_level=6)
    write_atomic(path, out.getvalue())


def map_print(sheet: MapSheet, *, size_px: tuple[int, int]) -> Picture:
    """The print as an RGB picture (width, height). ConfigError when a side is outside `SIDE_PX`."""
    from PIL import Image

    checked(size_px)
    page = _Page.of(sheet.song_map.xy, size_px)
    places = page.at(sheet.song_map.xy)
    given = zip(sheet.palettes, sheet.song_map.ids, strict=True)
    palettes = [palette if palette is not None and len(palette.share) else palette_of_id(song) for palette, song in given]
    inks = np.stack([ink(palette) for palette in palettes]) if palettes else np.zeros((0, 3), np.float32)
    night = ground(palettes[0]) if palettes else np.array([0.14, 0.0, 0.0], np.float32)
    canvas = Image.fromarray(_land(page, places, inks, night))
    _put_covers(canvas, sheet, page, places, palettes)
    for label in labels(sheet, size_px=size_px):
        _name(canvas, label)
    _foot(canvas, sheet, page)
    return canvas


def checked(size_px: tuple[int, int]) -> None:
    """ConfigError when a side of a print is outside `SIDE_PX`."""
    if not SIDE_PX[0] <= min(size_px) <= max(size_px) <= SIDE_PX[1]:
        raise ConfigError(
            f"a print of {size_px[0]} x {size_px[1]} pixels: each side needs {SIDE_PX[0]} to {SIDE_PX[1]:,}; "
            "4961x3508 is A3 at 300 dpi"
        )


def labels(sheet: MapSheet, *, size_px: tuple[int, int]) -> tuple[Label, ...]:
    """The islands' names that the print shows, and where."""
    page = _Page.of(sheet.song_map.xy, size_px)
    unit = page.unit

    def at(place: tuple[float, float]) -> tuple[float, float]:
        x, y = page.at(np.array([place], np.float32))[0]
        return float(x), float(y)

    edge = 0.03 * unit
    return lay_labels(
        sheet.regions,
        at=at,
        width_of=lambda text, size: float(measure(text, size_px=size, weight="semibold")),
        sizes_px=(_LARGE * unit, _MIDDLE * unit, _SMALL * unit),
        page_px=(edge, edge, page.width - edge, page.height - 0.13 * unit),
    )


def _land(page: _Page, places: FloatArray, inks: FloatArray, night: FloatArray) -> ByteArray:
    size = (page.width, page.height)
    if not len(places):
        return to_bytes(np.broadcast_to(linear(night), (page.height, page.width, 3)))
    spread = float(places.std(axis=0).mean()) * len(places) ** (-1 / 6)
    reach = float(np.clip(0.33 * spread, 0.012 * page.unit, 0.045 * page.unit))
    height = density(places, size_px=size, reach_px=reach, step=4)
    # Below the water line there is nothing to draw: islands, not one plain with dips.
    height = np.maximum(height - np.float32(_WATER), 0) / np.float32(1 - _WATER)
    step = max(8, int(np.sqrt(page.width * page.height * len(places) / _FIELD_CELLS)))
    rgb = enlarged(
        linear(colour_field(places, inks, size_px=size, reach_px=0.05 * page.unit, step=step)), size_px=size, step=step
    )
    light = (0.8 * contour_light(height, line_px=0.0011 * page.unit, levels=_LINES) + 0.03 * height)[..., None] * rgb
    light += 0.07 * _haze(places, inks, size, 0.06 * page.unit)
    return to_bytes(linear(night) + light)


def _haze(places: FloatArray, inks: FloatArray, size: tuple[int, int], wide: float) -> FloatArray:
    """A breath of each song's colour around it, as strong where many songs are as where they are few."""
    light = glow(places, linear(inks), size_px=size, sigma_px=wide)
    return np.asarray(light / max(float(light.max()), 1e-9), np.float32)


def cover_px(page_scale: float, n: int) -> int:
    """How large a cover may be so that those of the nearest songs hardly touch."""
    return max(4, round(_COVER_SHARE * SPACING * page_scale * 0.9 / np.sqrt(max(n, 1))))


def _put_covers(canvas: Picture, sheet: MapSheet, page: _Page, places: FloatArray, palettes: Sequence[Palette]) -> None:
    from PIL import Image

    side = min(cover_px(page.scale, len(places)), round(0.09 * page.unit))
    # Far songs first: where covers touch, the lower one lies on top, as on a table.
    for song in np.argsort(places[:, 1], kind="stable"):
        cover = sheet.covers[song]
        if cover is None:
            cover = abstract_cover(palettes[song], side_px=max(side, 8), seed=sheet.song_map.ids[song])
        picture = Image.fromarray(np.ascontiguousarray(cover)).resize((side, side), Image.Resampling.LANCZOS)
        canvas.paste(picture, (round(places[song, 0] - side / 2), round(places[song, 1] - side / 2)))


def _name(canvas: Picture, label: Label) -> None:
    """A name on the land, on a soft shade of its own, so that it is read on covers."""
    from PIL import Image, ImageFilter

    tone = (0.97, 0.92, 0.86)[min(label.region.level, 2)]
    red, green, blue = (int(c) for c in oklab_to_srgb(np.array([tone, 0.0, 0.0], np.float32)))
    picture = Image.fromarray(line_image(label.region.label, size_px=label.size_px, weight="semibold", colour=(red, green, blue)))
    letters = picture.getchannel("A")
    room = max(3, round(0.7 * label.size_px))
    shade = Image.new("L", (letters.width + 2 * room, letters.height + 2 * room))
    shade.paste(letters, (room, room))
    shade = shade.filter(ImageFilter.GaussianBlur(0.24 * label.size_px)).point(lambda value: min(225, value * 4))
    x = round(label.box[0])
    y = round((label.box[1] + label.box[3]) / 2 + 0.36 * label.size_px) - baseline_px(label.size_px)
    canvas.paste((0, 0, 0), (x - room, y - room), shade)
    canvas.paste(picture, (x, y), picture)


def _foot(canvas: Picture, sheet: MapSheet, page: _Page) -> None:
    """What the map is, on the left, and what changes along it, on the right."""
    from PIL import Image

    large, small, margin = 0.026 * page.unit, 0.0125 * page.unit, 0.06 * page.unit
    baseline = page.height - margin
    half = page.width / 2 - 1.5 * margin

    def write(text: str, x: float, y: float, size: float, tone: float, *, right: bool = False) -> None:
        red, green, blue = (int(c) for c in oklab_to_srgb(np.array([tone, 0.0, 0.0], np.float32)))
        weight = "semibold" if size == large else "regular"
        picture = Image.fromarray(
            line_image(text, size_px=size, weight=weight, colour=(red, green, blue), max_width_px=half)  # type: ignore[arg-type]
        )
        canvas.paste(picture, (round(x - picture.width if right else x), round(y) - baseline_px(size)), picture)

    n = len(sheet.song_map.ids)
    write(sheet.title, margin, baseline - 1.9 * small, large, 0.95)
    write(f"{n:,} song{'s' if n != 1 else ''}", margin, baseline, small, 0.62)
    told = [line for text in sheet.lines for line in wrap(text, size_px=small, max_width_px=half, max_lines=2)][:4]
    for row, line in enumerate(reversed(told)):
        write(line, page.width - margin, baseline - 1.5 * small * row, small, 0.62, right=True)
