"""The page as one picture, for a wall or for whoever would rather look."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from mixtape.covergan.report.chart import BRIGHT, DIM, FAINT, rgb, write
from mixtape.covergan.report.page import NARROW_PX, WIDE_PX, Figure, Page
from mixtape.lettering.typeset import line_height_px, wrap

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

MARGIN, COLUMNS = 170, 3
WIDTH_PX = WIDE_PX + 2 * MARGIN
_GUTTER = (WIDE_PX - COLUMNS * NARROW_PX) // (COLUMNS - 1)
_TITLE, _ABOUT, _SENTENCE, _HEAD, _SAID = 92, 32, 38, 34, 25
_BETWEEN = 84


def sheet_of(page: Page) -> bytes:
    """The sheet as a PNG, 2800 pixels wide; the same page gives the same bytes."""
    # Words and pictures are the same both times: the first time only to learn how far down they reach.
    canvas = _new(page, 64)
    height = _drawn(canvas, page)
    canvas = _new(page, height)
    _drawn(canvas, page)
    out = io.BytesIO()
    canvas.save(out, "PNG", compress_level=6)
    return out.getvalue()


def _new(page: Page, height_px: int) -> Picture:
    from PIL import Image

    return Image.new("RGB", (WIDTH_PX, height_px), rgb(page.inks.night))


def _drawn(canvas: Picture, page: Page) -> int:
    """Draw everything; how tall the sheet has to be."""
    write(canvas, page.title, x=MARGIN, y=128, size=_TITLE, light=BRIGHT, bold=True)
    write(canvas, page.about, x=MARGIN + 4, y=252, size=_ABOUT, light=FAINT, room=WIDE_PX)
    y = 352
    for sentence in page.sentences:
        y = _words(canvas, sentence, x=MARGIN, y=y, size=_SENTENCE, width=round(0.78 * WIDE_PX), light=DIM + 0.12) + 16
    y += _BETWEEN // 2
    row: list[Figure] = []
    for figure in page.figures:
        if figure.wide or len(row) == COLUMNS:
            y, row = _row(canvas, row, y), []
        if figure.wide:
            y = _row(canvas, [figure], y)
        else:
            row.append(figure)
    return _row(canvas, row, y) - _BETWEEN + MARGIN


def _row(canvas: Picture, figures: list[Figure], y: int) -> int:
    """Figures beside each other, their pictures on one height; where the next row begins."""
    if not figures:
        return y
    from PIL import Image

    tops = []
    for place, figure in enumerate(figures):
        x, width = MARGIN + place * (NARROW_PX + _GUTTER), round(0.78 * WIDE_PX) if figure.wide else NARROW_PX
        write(canvas, figure.title, x=x, y=y, size=_HEAD, light=BRIGHT, bold=True, room=width)
        tops.append(_words(canvas, figure.said, x=x, y=y + line_height_px(_HEAD) + 6, size=_SAID, width=width, light=DIM))
    top, ends = max(tops) + 22, []
    for place, figure in enumerate(figures):
        x, end = MARGIN + place * (NARROW_PX + _GUTTER), top + figure.picture.shape[0]
        canvas.paste(Image.fromarray(figure.picture), (x, top))
        if figure.value:
            write(canvas, figure.value, x=x, y=end + 8, size=_SAID, light=FAINT, room=WIDE_PX if figure.wide else NARROW_PX)
            end += 8 + line_height_px(_SAID)
        ends.append(end)
    return max(ends) + _BETWEEN


def _words(canvas: Picture, told: str, *, x: int, y: int, size: float, width: int, light: float) -> int:
    for line in wrap(told, size_px=size, max_width_px=width):
        write(canvas, line, x=x, y=y, size=size, light=light)
        y += line_height_px(size) + 2
    return y
