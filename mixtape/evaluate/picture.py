"""The table as a picture, in the look of the posters: night, one typeface, every colour from the collection's own covers.

A cell is a number and under it a line from nothing to the most there is: a dot at the value with one standard error to each side,
a small mark where blind chance would be. The best of a column is bright. Same evaluation, same bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mixtape.evaluate.evaluation import Evaluation
from mixtape.evaluate.measures import K, Measure
from mixtape.evaluate.sentences import sentences
from mixtape.evaluate.spaces import FUSED
from mixtape.evaluate.table import GROUPS, SHOWN, Column, row_name
from mixtape.lettering.glyphs import Weight
from mixtape.lettering.typeset import line_height_px, line_image, wrap
from mixtape.palette import oklab_to_srgb
from mixtape.poster.inks import ground, ink, palette_of_id
from mixtape.storage import write_atomic
from mixtape.types import FloatArray, Palette

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

    from mixtape.library import Library

WIDTH_PX = 2800

_MARGIN, _NAME, _ROW, _HEAD, _CELL_GAP = 170, 470, 118, 530, 46
_FINER = 3
_BRIGHT, _DIM, _FAINT, _LINE = 0.95, 0.66, 0.48, 0.30
_TEXT, _SENTENCES, _GUTTER = 30, 12, 130

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class _Sheet:
    """What is drawn on: the picture, its finer twin for lines and dots, and the colours of the night and of each row."""

    canvas: Picture
    night: FloatArray
    inks: Sequence[FloatArray]


def save_picture(path: Path, evaluation: Evaluation, library: Library) -> None:
    """Write the table as a PNG. LibraryError when the disk refuses."""
    out = io.BytesIO()
    picture(evaluation, palettes=_palettes(library, len(evaluation.rows))).save(out, "PNG", compress_level=6)
    write_atomic(path, out.getvalue())


def picture(evaluation: Evaluation, *, palettes: Sequence[Palette] = ()) -> Picture:
    """The table as an RGB picture `WIDTH_PX` wide; rows take their colours from `palettes`, or from their names."""
    from PIL import Image

    names = list(evaluation.rows)
    given = [palettes[row] if row < len(palettes) else palette_of_id(name) for row, name in enumerate(names)]
    columns, top = _two_columns(evaluation), _HEAD + len(names) * _ROW + 110
    height = top + max(map(_height, columns)) + _MARGIN
    night = ground(given[-1])
    sheet = _Sheet(Image.new("RGB", (WIDTH_PX, height), _rgb(night)), night, [ink(palette) for palette in given])
    _heading(sheet, evaluation)
    for row, name in enumerate(names):
        _draw_row(sheet, evaluation, row, name)
    for lines, x in zip(columns, (_MARGIN, WIDTH_PX // 2 + _GUTTER // 2), strict=True):
        y = top
        for line, last in lines:
            _write(sheet, line, x=x, y=y, size=_TEXT, light=_DIM)
            y += _step(last)
    return sheet.canvas


def _palettes(library: Library, rows: int) -> list[Palette]:
    """Palettes of covers spread evenly over the collection, as many as there are rows, fewer where covers are few."""
    covers = library.cover_ids()
    step = max(1, len(covers) // max(rows, 1))
    return [library.palette(cover) for cover in covers[::step][:rows]]


_Lines = list[tuple[str, bool]]


def _two_columns(evaluation: Evaluation) -> tuple[_Lines, _Lines]:
    """The sentences broken into lines, each with whether it ends its sentence, in two columns of about one height."""
    width = WIDTH_PX // 2 - _MARGIN - _GUTTER // 2
    broken = [wrap(sentence, size_px=_TEXT, max_width_px=width) for sentence in sentences(evaluation)[:_SENTENCES]]
    told = [[(line, number == len(lines)) for number, line in enumerate(lines, 1)] for lines in broken]
    splits = [([*chain(*told[:place])], [*chain(*told[place:])]) for place in range(len(told) + 1)]
    return min(splits, key=lambda both: max(map(_height, both)))


def _height(lines: _Lines) -> int:
    return sum(_step(last) for _, last in lines)


def _step(last: bool) -> int:
    return line_height_px(_TEXT) + (22 if last else 3)


def _heading(sheet: _Sheet, evaluation: Evaluation) -> None:
    _write(sheet, "How well it listens", x=_MARGIN, y=128, size=92, light=_BRIGHT, weight="semibold")
    told = (
        f"{evaluation.songs} songs, {min(K, evaluation.songs - 1)} recommended to each. Shares in %; on each line a dot with one "
        "standard error, and a mark at blind chance."
    )
    _write(sheet, told, x=_MARGIN + 4, y=252, size=32, light=_FAINT)
    for column, x in _columns():
        _write(sheet, GROUPS.get(column.name, ""), x=x, y=_HEAD - 136, size=27, light=_FAINT, tracking=0.02)
        _write(sheet, column.heading, x=x, y=_HEAD - 88, size=27, light=_DIM, tracking=0.02)


def _columns() -> Iterator[tuple[Column, int]]:
    width = (WIDTH_PX - 2 * _MARGIN - _NAME) / len(SHOWN)
    return ((column, round(_MARGIN + _NAME + place * width)) for place, column in enumerate(SHOWN))


def _draw_row(sheet: _Sheet, evaluation: Evaluation, row: int, name: str) -> None:
    y, fused = _HEAD + row * _ROW, name == FUSED
    light = _BRIGHT if fused else _DIM
    _write(sheet, row_name(name), x=_MARGIN, y=y, size=44, light=light, weight="semibold" if fused else "regular")
    for column, x in _columns():
        measure = evaluation.rows[name][column.name]
        best = measure.value is not None and measure.value == _best(evaluation, column)
        tone = _BRIGHT if best else _FAINT if measure.value is None else _DIM
        _write(sheet, column.text(measure.value), x=x, y=y, size=44, light=tone)
        if measure.value is not None:
            _strip(sheet, measure, _span(evaluation, column), sheet.inks[row], x=x, y=y + 76, bright=best or fused)


def _best(evaluation: Evaluation, column: Column) -> float | None:
    values = [row[column.name].value for row in evaluation.rows.values()]
    known = [value for value in values if value is not None]
    return (min if column.less else max)(known) if known else None


def _span(evaluation: Evaluation, column: Column) -> tuple[float, float]:
    """What the line of a column reaches from and to: 0, or the least there is, to the largest, errors and chance included."""
    numbers = [0.0]
    for row in evaluation.rows.values():
        measure = row[column.name]
        if measure.value is not None:
            error = measure.se or 0.0
            numbers += [measure.value - error, measure.value + error, measure.chance or 0.0]
    return min(max(min(numbers), -1.0), 0.0), max(*numbers, 1e-9)


def _strip(
    sheet: _Sheet, measure: Measure, span: tuple[float, float], colour: FloatArray, *, x: int, y: int, bright: bool
) -> None:
    """The line of a cell with its dot, drawn finer and brought down, so that it stands between pixels where it has to."""
    from PIL import Image, ImageDraw

    width, height = round((WIDTH_PX - 2 * _MARGIN - _NAME) / len(SHOWN)) - _CELL_GAP, 22
    fine = Image.new("RGB", (_FINER * (width + 24), _FINER * height), _rgb(sheet.night))
    pen, middle, dot = ImageDraw.Draw(fine), _FINER * height / 2, _FINER * (7.5 if bright else 6.0)

    def at(value: float) -> float:
        share = (value - span[0]) / (span[1] - span[0])
        return _FINER * (12 + width * min(max(share, 0.0), 1.0))

    pen.line([at(span[0]), middle, at(span[1]), middle], fill=_grey(_LINE), width=_FINER)
    if measure.chance is not None:
        chance = at(measure.chance)
        pen.line([chance, middle - _FINER * 8, chance, middle + _FINER * 8], fill=_grey(_FAINT), width=2 * _FINER)
    value = measure.value or 0.0
    faded = _rgb(sheet.night + 0.55 * (colour - sheet.night))
    if measure.se:
        pen.line([at(value - measure.se), middle, at(value + measure.se), middle], fill=faded, width=4 * _FINER)
    pen.ellipse([at(value) - dot, middle - dot, at(value) + dot, middle + dot], fill=_rgb(colour) if bright else faded)
    sheet.canvas.paste(fine.resize((width + 24, height), Image.Resampling.LANCZOS), (x - 12, y - height // 2))


def _write(
    sheet: _Sheet, text: str, *, x: int, y: int, size: float, light: float, weight: Weight = "regular", tracking: float = 0.0
) -> None:
    from PIL import Image

    image = Image.fromarray(
        line_image(text, size_px=size, weight=weight, colour=_grey(light), tracking_em=tracking, tabular=True)
    )
    sheet.canvas.paste(image, (x, y), image)


def _grey(lightness: float) -> Colour:
    return _rgb(np.array([lightness, 0.0, 0.0], np.float32))


def _rgb(lab: FloatArray) -> Colour:
    red, green, blue = (int(c) for c in oklab_to_srgb(np.asarray(lab, np.float32)))
    return red, green, blue
