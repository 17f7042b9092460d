"""The poster as an SVG that needs nothing from outside: pictures and the used letters of every font are inside the file.

Words are text, run by run at the place and the width that they have on the PNG: a viewer that ignores the fonts in the file sets
them in one of its own, and still nothing overlaps.
"""

from __future__ import annotations

import base64
import io
import logging
from collections import defaultdict
from pathlib import Path
from xml.sax.saxutils import escape

from mixtape.lettering.typeset import PlacedRun, placed_runs
from mixtape.poster.art import Art, Colour, Look, colour_of, look_of, pictures
from mixtape.poster.pdf import encoded
from mixtape.poster.sheet import Layout, Sheet, Stroke, TextBox


def svg_bytes(sheet: Sheet, plan: Layout, *, dpi: int) -> bytes:
    """The sheet as an SVG in UTF-8, `dpi` pixels of the layout to the inch."""
    look = look_of(sheet)
    width, height = plan.size_px
    lines = [(text, _runs(text)) for text in plan.texts]
    names: dict[Path, str] = {}
    for _, runs in lines:
        for run in runs:
            names.setdefault(run.font, f"mixtape{len(names)}")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * 25.4 / dpi:.3f}mm" height="{height * 25.4 / dpi:.3f}mm" '
        f'viewBox="0 0 {width} {height}">',
        f"<title>{_said(sheet.tracks[sheet.seed].label)}</title>",
        f"<style>{''.join(_faces(lines, names))}text{{white-space:pre}}</style>",
        f'<rect width="{width}" height="{height}" fill="{_hex(look.ground)}"/>',
        *(_picture(art) for art in pictures(sheet, plan, look)),
        *(_stroke(stroke, look) for stroke in plan.strokes),
        *(_text(text, runs, look, names) for text, runs in lines),
        "</svg>\n",
    ]
    return "\n".join(parts).encode("utf-8")


def _runs(text: TextBox) -> tuple[PlacedRun, ...]:
    return placed_runs(text.text, size_px=text.size_px, weight=text.weight, tracking_em=text.tracking_em, tabular=text.tabular)


def _hex(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _said(text: str) -> str:
    """Text for XML, which has no way to write control characters."""
    return escape("".join(c for c in text if c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff"))


def _url(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _picture(art: Art) -> str:
    box, kind = art.box, "image/png" if art.flat else "image/jpeg"
    at = f'x="{box.x}" y="{box.y}" width="{box.w}" height="{box.h}"'
    return f'<image {at} preserveAspectRatio="none" href="{_url(kind, encoded(art))}"/>'


def _stroke(stroke: Stroke, look: Look) -> str:
    points = " ".join(f"{x:.2f},{y:.2f}" for x, y in stroke.points_px)
    colour = _hex(colour_of(look, stroke.tone, stroke.song))
    if stroke.closed:
        return f'<polygon points="{points}" fill="{colour}"/>'
    return f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="{stroke.width_px:.3f}"/>'


def _text(text: TextBox, runs: tuple[PlacedRun, ...], look: Look, names: dict[Path, str]) -> str:
    spans = "".join(_span(text, run, names) for run in runs)
    digits = " style=\"font-feature-settings:'tnum'\"" if text.tabular else ""
    return f'<text y="{text.baseline_px}" fill="{_hex(colour_of(look, text.tone, text.song))}"{digits}>{spans}</text>'


def _span(text: TextBox, run: PlacedRun, names: dict[Path, str]) -> str:
    """One run, at its place and of its width whatever font the viewer takes."""
    x = text.box.x + run.x_px + (run.advance_px if run.rtl else 0.0)
    way = ' direction="rtl" unicode-bidi="bidi-override"' if run.rtl else ""
    tracked = text.tracking_em * text.size_px
    spaced = f' letter-spacing="{tracked:.3f}"' if tracked and run.tracked else ""
    long = f' textLength="{run.advance_px:.2f}" lengthAdjust="spacingAndGlyphs"' if len(run.text) > 1 else ""
    face = f'font-family="{names[run.font]},Inter,sans-serif" font-weight="{_weight(run.font)}" font-size="{run.size_px:.3f}"'
    return f'<tspan x="{x:.2f}" {face}{way}{spaced}{long}>{_said(run.text)}</tspan>'


def _weight(font: Path) -> int:
    """Said in the file too, for viewers that take a font of their own."""
    return 600 if "bold" in font.stem.lower() else 400


def _faces(lines: list[tuple[TextBox, tuple[PlacedRun, ...]]], names: dict[Path, str]) -> list[str]:
    used: dict[Path, set[str]] = defaultdict(set)
    for _, runs in lines:
        for run in runs:
            used[run.font] |= set(run.text)
    return [_face(font, name, used[font]) for font, name in names.items()]


def _face(font: Path, name: str, letters: set[str]) -> str:
    source = _url("font/woff", _subset(font, letters))
    return f"@font-face{{font-family:{name};font-weight:{_weight(font)};src:url({source}) format('woff')}}"


def _subset(font: Path, letters: set[str]) -> bytes:
    """The font with these letters alone, and what is needed to shape them, as WOFF."""
    from fontTools import subset
    from fontTools.ttLib import TTFont

    logging.getLogger("fontTools").setLevel(logging.ERROR)
    options = subset.Options(flavor="woff", layout_features=["*"], hinting=False, notdef_outline=True, name_IDs=[1, 2])
    with TTFont(font, fontNumber=0, lazy=True, recalcTimestamp=False) as opened:
        subsetter = subset.Subsetter(options)
        subsetter.populate(text="".join(sorted(letters)))
        subsetter.subset(opened)
        opened.flavor = "woff"
        out = io.BytesIO()
        opened.save(out, reorderTables=False)
    return out.getvalue()
