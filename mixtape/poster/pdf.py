"""The poster as a PDF: pictures as pictures, lines as lines, and every word as text that can be searched, copied and read aloud.

Words stand in the file in the order they are read in, and a bracket turned to face right-to-left text is still the bracket that
was written. A reader that takes what is written (pypdf) gets a Hebrew title with "(live)" as it is; one that goes by where
letters lie and turns brackets once more (PDFium) has them the wrong way round. /ActualText was tried: with it PDFium had
some brackets right and Arabic words backwards.

Fonts are embedded with the letters that are used. Letters are shaped by HarfBuzz, as on the PNG. Same sheet, same bytes: the file
has no date of its own, and its id comes from its content.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mixtape.lettering.typeset import placed_runs
from mixtape.poster.art import Art, Look, colour_of, look_of, pictures
from mixtape.poster.sheet import Layout, Sheet, Stroke, TextBox

if TYPE_CHECKING:
    from fpdf import FPDF

JPEG_QUALITY = 92

_NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)


def pdf_bytes(sheet: Sheet, plan: Layout, *, dpi: int) -> bytes:
    """The sheet as a PDF of one page, `dpi` pixels of the layout to the inch."""
    from fpdf import FPDF

    point = 72 / dpi
    width, height = plan.size_px
    pdf = FPDF(unit="pt", format=(width * point, height * point))
    pdf.set_creation_date(_NO_DATE)
    pdf.set_title(sheet.tracks[sheet.seed].label)
    pdf.set_creator("mixtape")
    pdf.set_auto_page_break(False)
    pdf.set_margin(0)
    pdf.c_margin = 0
    pdf.add_page()
    look = look_of(sheet)
    pdf.set_fill_color(*look.ground)
    pdf.rect(0, 0, width * point, height * point, style="F")
    for art in pictures(sheet, plan, look):
        box = art.box
        pdf.image(io.BytesIO(encoded(art)), box.x * point, box.y * point, box.w * point, box.h * point)
    for stroke in plan.strokes:
        _stroke(pdf, stroke, look, point)
    for text in plan.texts:
        _text(pdf, text, look, point)
    with _quiet():
        return bytes(pdf.output())


def encoded(art: Art) -> bytes:
    """The picture as a file: JPEG, or PNG where edges are hard."""
    from PIL import Image

    out = io.BytesIO()
    if art.flat:
        Image.fromarray(art.pixels).save(out, "PNG", compress_level=9)
    else:
        Image.fromarray(art.pixels).save(out, "JPEG", quality=JPEG_QUALITY, subsampling=0)
    return out.getvalue()


def _stroke(pdf: FPDF, stroke: Stroke, look: Look, point: float) -> None:
    points = [(float(x) * point, float(y) * point) for x, y in stroke.points_px]
    colour = colour_of(look, stroke.tone, stroke.song)
    if stroke.closed:
        pdf.set_fill_color(*colour)
        pdf.polygon(points, style="F")
    else:
        pdf.set_draw_color(*colour)
        pdf.set_line_width(stroke.width_px * point)
        pdf.polyline(points, style="D")


def _text(pdf: FPDF, text: TextBox, look: Look, point: float) -> None:
    """The line run by run, each at its place, so that it stands as on the PNG whoever shows it."""
    pdf.set_text_color(*colour_of(look, text.tone, text.song))
    runs = placed_runs(text.text, size_px=text.size_px, weight=text.weight, tracking_em=text.tracking_em, tabular=text.tabular)
    for run in runs:
        size = run.size_px * point
        pdf.set_font(_family(pdf, run.font), size=size)
        pdf.set_char_spacing(text.tracking_em * text.size_px * point if run.tracked else 0.0)
        features = {"tnum": True} if text.tabular and not run.rtl else None
        pdf.set_text_shaping(True, features=features, direction="rtl" if run.rtl else "ltr")
        # A cell sets its baseline 0.5 of its height and 0.3 of the letters' size below its top.
        pdf.set_xy((text.box.x + run.x_px) * point, text.baseline_px * point - 0.8 * size)
        pdf.cell(w=run.advance_px * point + size, h=size, text=run.text)


def _family(pdf: FPDF, font: Path) -> str:
    family = f"f{font}".lower()
    if family not in pdf.fonts:
        with _quiet():
            pdf.add_font(family, fname=str(font))
    return family


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """What a font's own tables lack is nobody's concern here."""
    for name in ("fpdf", "fontTools"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
