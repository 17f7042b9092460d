"""The poster: a mixtape on one sheet, to hang. A night piece; every colour comes from the covers and the generated pictures.

`mixtape.poster.layout` says where everything stands, `mixtape.poster.art` makes the pictures, this file puts them and the letters
on the sheet, `mixtape.poster.pdf` and `mixtape.poster.svg` do so with letters that stay letters. Same sheet and size, same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mixtape.errors import ConfigError
from mixtape.lettering.typeset import baseline_px, line_image
from mixtape.poster.art import Look, colour_of, look_of, pictures
from mixtape.poster.layout import DPI, layout
from mixtape.poster.sheet import Layout, Sheet, Stroke, TextBox
from mixtape.storage import write_atomic

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

A2_PX = (4961, 7016)
A3_PX = (3508, 4961)
A4_PX = (2480, 3508)

_FINER = 4
"""Strokes are drawn this many times larger and reduced."""


def save_poster(path: Path, sheet: Sheet, *, size_px: tuple[int, int] = A4_PX, dpi: int = DPI, layout_name: str = "map") -> None:
    """Write the poster as the file's name says: .png that a printer sets at `dpi`, .pdf or .svg with real text.

    ConfigError for an impossible size, layout or file name, LibraryError when the disk refuses.
    """
    write = _WRITERS.get(path.suffix.lower())
    if write is None:
        raise ConfigError(f"poster {path.name}: a poster is written as {', '.join(_WRITERS)}")
    plan = layout(sheet, size_px, name=layout_name)
    write_atomic(path, write(sheet, plan, dpi))


def _png(sheet: Sheet, plan: Layout, dpi: int) -> bytes:
    out = io.BytesIO()
    # Night, light and photographs hardly get smaller with more effort, only slower.
    _drawn(sheet, plan).save(out, "PNG", dpi=(dpi, dpi), compress_level=4)
    return out.getvalue()


def _pdf(sheet: Sheet, plan: Layout, dpi: int) -> bytes:
    from mixtape.poster.pdf import pdf_bytes

    return pdf_bytes(sheet, plan, dpi=dpi)


def _svg(sheet: Sheet, plan: Layout, dpi: int) -> bytes:
    from mixtape.poster.svg import svg_bytes

    return svg_bytes(sheet, plan, dpi=dpi)


_WRITERS: dict[str, Callable[[Sheet, Layout, int], bytes]] = {".png": _png, ".pdf": _pdf, ".svg": _svg}


def poster(sheet: Sheet, *, size_px: tuple[int, int] = A4_PX, layout_name: str = "map") -> Picture:
    """The poster as an RGB picture of this size (width, height). ConfigError for an impossible size or an unknown layout."""
    return _drawn(sheet, layout(sheet, size_px, name=layout_name))


def _drawn(sheet: Sheet, plan: Layout) -> Picture:
    from PIL import Image

    look = look_of(sheet)
    canvas = Image.new("RGB", plan.size_px, look.ground)
    for art in pictures(sheet, plan, look):
        canvas.paste(Image.fromarray(art.pixels), (art.box.x, art.box.y))
    for stroke in plan.strokes:
        _stroke(canvas, stroke, look)
    for text in plan.texts:
        _text(canvas, text, look)
    return canvas


def _stroke(canvas: Picture, stroke: Stroke, look: Look) -> None:
    """A line or surface, anti-aliased."""
    from PIL import Image, ImageDraw

    room = int(stroke.width_px) + 2
    corner = np.floor(stroke.points_px.min(axis=0)) - room
    size = np.ceil(stroke.points_px.max(axis=0)) + room - corner
    mask = Image.new("L", (int(size[0]) * _FINER, int(size[1]) * _FINER))
    points = [(float(x), float(y)) for x, y in (stroke.points_px - corner) * _FINER]
    if stroke.closed:
        ImageDraw.Draw(mask).polygon(points, fill=255)
    else:
        ImageDraw.Draw(mask).line(points, fill=255, width=max(1, round(stroke.width_px * _FINER)), joint="curve")
    canvas.paste(colour_of(look, stroke.tone, stroke.song), (int(corner[0]), int(corner[1])), mask.reduce(_FINER))


def _text(canvas: Picture, text: TextBox, look: Look) -> None:
    """A line in its tone."""
    from PIL import Image

    image = line_image(
        text.text,
        size_px=text.size_px,
        weight=text.weight,
        colour=colour_of(look, text.tone, text.song),
        tracking_em=text.tracking_em,
        tabular=text.tabular,
    )
    picture = Image.fromarray(image)
    canvas.paste(picture, (text.box.x, text.baseline_px - baseline_px(text.size_px)), picture)
