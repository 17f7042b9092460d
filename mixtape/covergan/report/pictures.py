"""Pictures laid out: the same songs at every moment, the pairs that are closest, the colours of all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from mixtape.covergan.report.chart import DIM, FAINT, TEXT, Inks, nothing, rgb, write
from mixtape.covergan.report.measured import Measured
from mixtape.lettering.typeset import line_height_px, measure
from mixtape.palette import srgb_to_oklab
from mixtape.types import ByteArray, Palette

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

GAP = 8
TILE_PX = 240
"""No tile is larger: a small picture does not get better by size."""


def over_time(covers: ByteArray, moments: Sequence[Measured], inks: Inks, *, width_px: int) -> ByteArray:
    """A row for each shown song: its real cover (k, s, s, 3), and what each moment draws to it, under the step; (h, w, 3)."""
    heads = [
        "cover",
        *(f"step {one.moment.step:,}" if not place else f"{one.moment.step:,}" for place, one in enumerate(moments)),
    ]
    columns = [covers, *(one.samples for one in moments)]
    tile = min((width_px - GAP * len(columns)) // len(columns), TILE_PX)
    # Real and drawn stand apart, so that nobody takes one for the other.
    lefts = [0, *(GAP + place * (tile + GAP) for place in range(1, len(columns)))]
    head = line_height_px(TEXT) + 10
    canvas = _night(inks, lefts[-1] + tile, head + len(covers) * (tile + GAP) - GAP)
    for place, (words, pictures, x) in enumerate(zip(heads, columns, lefts, strict=True)):
        final = place > 0 and moments[place - 1].moment.final
        write(canvas, words, x=x, y=0, size=TEXT, light=DIM if final else FAINT, bold=final, room=tile)
        for row, picture in enumerate(pictures):
            canvas.paste(_tile(picture, tile), (x, head + row * (tile + GAP)))
    return np.asarray(canvas)


def closest(covers: ByteArray, found: Measured, inks: Inks, *, width_px: int) -> ByteArray:
    """The drawn pictures nearest to covers, each over its cover, with the distance below; (h, w, 3)."""
    if not len(found.drawn):
        return nothing(inks, width_px=width_px, height_px=120)
    tile = min((width_px - 9 * 3 * GAP) // 10, TILE_PX)
    canvas = _night(inks, 10 * (tile + 3 * GAP) - 3 * GAP, 2 * tile + GAP + line_height_px(TEXT) + 10)
    for place, (drawn, row, away) in enumerate(zip(found.drawn, found.covers, found.distances, strict=True)):
        x = place * (tile + 3 * GAP)
        canvas.paste(_tile(drawn, tile), (x, 0))
        canvas.paste(_tile(covers[row], tile), (x, tile + GAP))
        write(canvas, f"{away:.3f}", x=x, y=2 * tile + GAP + 10, size=TEXT, light=DIM)
    return np.asarray(canvas)


def strips(named: Sequence[tuple[str, Palette]], inks: Inks, *, width_px: int) -> ByteArray:
    """Palettes below each other, each colour as wide as its share, dark to light; (h, w, 3)."""
    left, height = max(measure(words, size_px=TEXT) for words, _ in named) + 30, 96
    canvas = np.asarray(_night(inks, width_px, len(named) * (height + GAP) - GAP)).copy()
    for place, (_, palette) in enumerate(named):
        order = np.argsort(srgb_to_oklab(palette.srgb)[:, 0], kind="stable")
        ends = left + np.rint(np.cumsum(palette.share[order]) / palette.share.sum() * (width_px - left)).astype(int)
        y = place * (height + GAP)
        for colour, begin, end in zip(palette.srgb[order], [left, *ends[:-1]], ends, strict=True):
            canvas[y : y + height, begin:end] = colour
    return _labelled(canvas, [words for words, _ in named], step=height + GAP, middle=height // 2)


def _labelled(canvas: ByteArray, words: Sequence[str], *, step: int, middle: int) -> ByteArray:
    from PIL import Image

    image = Image.fromarray(canvas)
    for place, told in enumerate(words):
        write(image, told, x=0, y=place * step + middle - line_height_px(TEXT) // 2, size=TEXT, light=DIM)
    return np.asarray(image)


def _tile(picture: ByteArray, side_px: int) -> Picture:
    from PIL import Image

    return Image.fromarray(picture).resize((side_px, side_px), Image.Resampling.BICUBIC)


def _night(inks: Inks, width_px: int, height_px: int) -> Picture:
    from PIL import Image

    return Image.new("RGB", (width_px, height_px), rgb(inks.night))
