"""The pictures on a poster: covers, generated ones, the strip of colours, and the collection as a landscape of light.

Each comes as pixels for a box, one after the other, so that a large sheet is never in the memory twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mixtape.lettering.typeset import baseline_px, line_image
from mixtape.palette import dominant_colours, oklab_to_srgb, srgb_to_oklab
from mixtape.poster.inks import abstract_cover, ground, ink, palette_of_id
from mixtape.poster.landscape import colour_field, contour_light, density, enlarged, glow, thread
from mixtape.poster.setting import lengths_s
from mixtape.poster.sheet import Box, Layout, Sheet, TextBox, Tone
from mixtape.types import ByteArray, FloatArray, Palette

Colour = tuple[int, int, int]

FINE_PX = 7200
"""A landscape wider or taller than this is drawn at half its size and enlarged: light is soft, and memory is not endless."""

_NIGHTLY = (0.52, 0.8, 0.8)
"""A song's ink by night: how much of lightness and colour is left."""

_TONES: dict[Tone, float] = {"bright": 0.95, "dim": 0.62, "faint": 0.45, "line": 0.26}


@dataclass(frozen=True, slots=True, eq=False)
class Art:
    """Pixels (h, w, 3) uint8 for a box of the same size; `flat` ones have hard edges of few colours."""

    box: Box
    pixels: ByteArray
    flat: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """The colours of a sheet: each shown song's palette and ink (n, 3) OKLab, and the night (3,) OKLab."""

    palettes: tuple[Palette, ...]
    inks: FloatArray
    night: FloatArray

    @property
    def ground(self) -> Colour:
        """The night as sRGB."""
        return _srgb(self.night)


def look_of(sheet: Sheet) -> Look:
    """The colours of the songs that the sheet names, and the night of the seed's."""
    palettes = tuple(_palette(sheet, song) for song in range(sheet.shown))
    inks = np.stack([ink(palette) for palette in palettes])
    return Look(palettes, inks, ground(palettes[sheet.seed] if sheet.seed < len(palettes) else palettes[0]))


def colour_of(look: Look, tone: Tone, song: int | None) -> Colour:
    """The colour of a tone, or of a song, as sRGB."""
    if tone in ("ink", "shade") and song is not None:
        return _srgb(look.inks[song] * np.array(_NIGHTLY if tone == "shade" else 1.0, np.float32))
    return _srgb(np.array([_TONES.get(tone, 0.95), 0.0, 0.0], np.float32))


def _srgb(lab: FloatArray) -> Colour:
    red, green, blue = (int(c) for c in oklab_to_srgb(lab))
    return red, green, blue


def pictures(sheet: Sheet, plan: Layout, look: Look) -> Iterator[Art]:
    """Every picture of the sheet, from the lowest to the uppermost."""
    if _has(plan.landscape):
        yield Art(plan.landscape, _landscape(plan, look))
    if _has(plan.cover):
        yield Art(plan.cover, _cover(sheet, sheet.seed, plan.cover))
    yield from _joined([Art(box, _cover(sheet, song, box)) for song, box in enumerate(plan.spine) if _has(box)], look)
    if _has(plan.strip):
        yield Art(plan.strip, _strip(sheet, look.palettes, plan.strip), flat=True)
    yield from _joined(list(_wall(plan, sheet.pictures)), look)
    yield from _joined([Art(box, _dream(sheet, look, box, number)) for box, number in plan.dreams], look)


def _has(box: Box) -> bool:
    return box.w > 0 and box.h > 0


def _joined(arts: Sequence[Art], look: Look) -> list[Art]:
    """Pictures that stand close together as one, so that no viewer shows a seam between them; a tall column stays one too."""
    for group in ([list(arts)], list(_columns(arts))):
        whole = [_bounds(part) for part in group if part]
        covered = sum(art.box.w * art.box.h for art in arts)
        if whole and covered >= 0.98 * sum(box.w * box.h for box in whole):
            return [_pasted(box, part, look) for box, part in zip(whole, group, strict=True)]
    return list(arts)


def _columns(arts: Sequence[Art]) -> Iterator[list[Art]]:
    lefts = sorted({art.box.x for art in arts})
    for left in lefts:
        yield [art for art in arts if art.box.x == left]


def _bounds(arts: Sequence[Art]) -> Box:
    x, y = min(art.box.x for art in arts), min(art.box.y for art in arts)
    return Box(x, y, max(art.box.right for art in arts) - x, max(art.box.bottom for art in arts) - y)


def _pasted(box: Box, arts: Sequence[Art], look: Look) -> Art:
    pixels = np.full((box.h, box.w, 3), look.ground, np.uint8)
    for art in arts:
        pixels[art.box.y - box.y : art.box.bottom - box.y, art.box.x - box.x : art.box.right - box.x] = art.pixels
    return Art(box, pixels)


def _palette(sheet: Sheet, song: int) -> Palette:
    """The song's palette: as given, else its cover's, else one from its id."""
    given, cover = sheet.palettes[song], sheet.covers[song]
    if given is not None and len(given.share):
        return given
    return (
        dominant_colours(np.ascontiguousarray(cover))
        if cover is not None and cover.size
        else palette_of_id(sheet.tracks[song].id)
    )


# Covers and pictures ---------------------------------------------------------------------------------------------------------


def _cover(sheet: Sheet, song: int, box: Box) -> ByteArray:
    """The song's cover, its middle square, at the box's size; drawn from its palette where there is none."""
    cover = sheet.covers[song]
    if cover is None or not cover.size:
        drawn = abstract_cover(_palette(sheet, song), side_px=max(box.w, 8), seed=sheet.tracks[song].id)
        return _resized(drawn, box.w, box.h)
    height, width = cover.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return _resized(cover[top : top + side, left : left + side], box.w, box.h)


def _resized(pixels: ByteArray, width: int, height: int) -> ByteArray:
    from PIL import Image

    size = (max(width, 1), max(height, 1))
    if pixels.shape[1::-1] == size:
        return pixels
    return np.asarray(Image.fromarray(np.ascontiguousarray(pixels)).resize(size, Image.Resampling.LANCZOS))


def _strip(sheet: Sheet, palettes: tuple[Palette, ...], box: Box) -> ByteArray:
    """The mixtape in time: each song as long as it lasts, divided into its colours by their share, dark to light."""
    shares, colours = [], []
    for length, palette in zip(lengths_s(sheet), palettes, strict=True):
        lab = srgb_to_oklab(palette.srgb)
        order = [int(i) for i in np.argsort(lab[:, 0], kind="stable") if lab[i, 0] > 0.22 or lab[:, 0].max() <= 0.22]
        share = np.maximum(palette.share[order], 1e-6)
        shares.append(length * share / share.sum())
        colours.append(palette.srgb[order])
    ends = np.cumsum(np.concatenate(shares)) / np.concatenate(shares).sum() * box.w
    row = np.concatenate(colours)[np.minimum(np.searchsorted(ends, np.arange(box.w) + 0.5), len(ends) - 1)]
    return np.broadcast_to(row, (max(box.h, 1), box.w, 3)).copy()


def _wall(plan: Layout, pictures: ByteArray) -> Iterator[Art]:
    """The generated pictures, neighbours in colour standing together, each row above the lowest going further into the night."""
    order = _by_colour(pictures)
    largest = max((box.w for box, _ in plan.wall), default=1)
    for box, number in plan.wall:
        lit = 0.45 + 0.55 * min(1.0, box.w / largest)
        yield Art(box, np.rint(_resized(pictures[order[number]], box.w, box.h) * lit).astype(np.uint8))


def _dream(sheet: Sheet, look: Look, box: Box, number: int) -> ByteArray:
    """A generated picture; where there are none, a tile in a song's colour."""
    if len(sheet.pictures):
        return _resized(sheet.pictures[number], box.w, box.h)
    lab = look.inks[number % len(look.inks)] * np.array([0.42, 0.7, 0.7], np.float32)
    return np.broadcast_to(np.array(_srgb(lab), np.uint8), (box.h, box.w, 3)).copy()


def _by_colour(pictures: ByteArray) -> list[int]:
    """Pictures around the circle of hues of their mean colour (OKLab), starting at the widest gap."""
    if not len(pictures):
        return []
    mean = srgb_to_oklab(pictures.reshape(len(pictures), -1, 3)).mean(axis=1)
    hue = np.arctan2(mean[:, 2], mean[:, 1])
    order = np.argsort(hue, kind="stable")
    gaps = np.diff(hue[order], append=hue[order[0]] + 2 * np.pi)
    return [int(i) for i in np.roll(order, -(int(np.argmax(gaps)) + 1))]


# The landscape -----------------------------------------------------------------------------------------------------------------


def _landscape(plan: Layout, look: Look) -> ByteArray:
    """The land at the box's size, softly darkened where a number stands on it."""
    box = plan.landscape
    less = 2 if max(box.w, box.h) > FINE_PX else 1
    pixels = _resized(_land(plan, look, less), box.w, box.h)
    for text in plan.texts:
        if text.part == "place":
            pixels = _dim_around(pixels, text, box)
    return pixels


def _dim_around(pixels: ByteArray, text: TextBox, land: Box) -> ByteArray:
    """Darken the landscape softly right around a number, so that it is read on lines and light."""
    from PIL import Image, ImageFilter

    picture = Image.fromarray(line_image(text.text, size_px=text.size_px, weight=text.weight, tabular=text.tabular))
    letters, room = picture.getchannel("A"), max(2, round(0.32 * text.size_px))
    shade = Image.new("L", (letters.width + 2 * room, letters.height + 2 * room))
    shade.paste(letters, (room, room))
    shade = shade.filter(ImageFilter.GaussianBlur(0.13 * text.size_px)).point(lambda ink: min(205, ink * 3))
    left, top = text.box.x - room - land.x, text.baseline_px - baseline_px(text.size_px) - room - land.y
    y, x = slice(max(top, 0), top + shade.height), slice(max(left, 0), left + shade.width)
    part = pixels[y, x]
    kept = 255 - np.asarray(shade, np.uint16)[max(-top, 0) :, max(-left, 0) :][: part.shape[0], : part.shape[1], None]
    if not pixels.flags.writeable:
        pixels = pixels.copy()
    pixels[y, x] = (part * kept + 127) // 255
    return pixels


def _land(plan: Layout, look: Look, less: int) -> ByteArray:
    """Hills of songs, lines of light on them, all songs as dust, the mixtape as a thread of light; so many times smaller."""
    box, unit, night = plan.landscape, plan.unit_px / less, look.night
    size = (max(1, box.w // less), max(1, box.h // less))
    corner = np.array([box.x, box.y], np.float32)
    around, known = (plan.around_px - corner) / np.float32(less), np.flatnonzero(np.isfinite(plan.places_px).all(axis=1))
    places, colours = (plan.places_px[known] - corner) / np.float32(less), look.inks[known]
    height = density(around, size_px=size, reach_px=_reach(around, size, unit), step=4)
    plain = 0.9 * float(height.min())
    height = (height - np.float32(plain)) / np.float32(1 - plain)
    field = _linear(colour_field(places, colours, size_px=size, reach_px=0.05 * unit, step=8))
    rgb = enlarged(field, size_px=size, step=8)
    light = (0.8 * contour_light(height, line_px=0.0011 * unit) + 0.02 * height)[..., None] * rgb
    dust = 0.0012 * unit
    seen = int(np.all((around > 0) & (around < np.array(size)), axis=1).sum())
    bright = 2.2 * min(1.0, (400 / max(seen, 1)) ** 0.5)
    white = np.full((len(around), 3), bright * dust**2, np.float32)
    light += glow(around, white, size_px=size, sigma_px=0.5 * dust) * rgb
    light *= _shore(*size, 0.09 * unit, open_right=box.w == plan.size_px[0])[..., None]
    light += _thread_light(places, colours, size, unit)
    return _to_bytes(_linear(night) + light)


def _reach(around: FloatArray, size: tuple[int, int], unit: float) -> float:
    """How far one song's hill reaches: Silverman's rule at two thirds of its width, within what looks like land."""
    seen = around[np.all((around > 0) & (around < np.array(size)), axis=1)]
    if len(seen) < 2:
        return 0.07 * unit
    silverman = float(seen.std(axis=0).mean()) * len(seen) ** (-1 / 6)
    return float(np.clip(0.68 * silverman, 0.024 * unit, 0.08 * unit))


def _thread_light(places: FloatArray, colours: FloatArray, size: tuple[int, int], unit: float) -> FloatArray:
    """The way from song to song as light (h, w, 3): a fine line, a halo, and a star at each song."""
    points, way = thread(places)
    step = np.hypot(*np.diff(points, axis=0, append=points[-1:]).T)[:, None]
    rgb = _linear(np.stack([np.interp(way, np.arange(len(colours)), colours[:, c]) for c in range(3)], axis=1))
    stars = _linear(colours)
    calm = min(1.0, (14 / max(len(places), 1)) ** 0.7)
    light = np.zeros((size[1], size[0], 3), np.float32)
    lights = (
        (0.0008, 2.3, 0.0),
        (0.0021, 0.0, 8.0),
        (0.006, 0.5 * calm, 0.0),
        (0.009, 0.0, 1.6 * calm),
        (0.022, 0.35 * calm, 0.0),
    )
    for sigma, along, at_song in lights:
        wide = sigma * unit
        light += along * glow(points, rgb * step * wide, size_px=size, sigma_px=wide) if along else 0
        light += at_song * glow(places, stars * wide**2, size_px=size, sigma_px=wide) if at_song else 0
    return light


def _shore(width: int, height: int, fade_px: float, *, open_right: bool) -> FloatArray:
    """1 inside, falling to 0 at the upper and lower edge (and right, where the sheet goes on): land ends in night."""
    y, x = np.arange(height, dtype=np.float32) + 0.5, np.arange(width, dtype=np.float32) + 0.5
    across = np.ones(width, np.float32) if open_right else np.clip((width - x) / fade_px, 0, 1)
    edge = np.clip(np.minimum(y, height - y) / fade_px, 0, 1)
    return np.outer(edge * edge * (3 - 2 * edge), across * across * (3 - 2 * across)).astype(np.float32)


def _linear(lab: FloatArray) -> FloatArray:
    """OKLab as linear light (..., 3), where lights add."""
    encoded = oklab_to_srgb(lab).astype(np.float32) / 255
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4).astype(np.float32)


def _to_bytes(light: FloatArray) -> ByteArray:
    """Linear light as sRGB bytes; what is brighter than paper rolls off softly."""
    soft = np.where(light > 0.6, 0.6 + 0.4 * (1 - np.exp(-(light - 0.6) / 0.4)), np.maximum(light, 0))
    encoded = np.where(soft <= 0.0031308, 12.92 * soft, 1.055 * soft ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(encoded * 255), dtype=np.uint8)
