"""The page as one file that needs no network and no script: plain HTML, pictures inside, dark, and one column on a phone."""

from __future__ import annotations

import base64
import io
from html import escape

from mixtape.covergan.report.chart import BRIGHT, DIM, FAINT, RULE, grey, rgb
from mixtape.covergan.report.page import Figure, Page
from mixtape.types import ByteArray

_STYLE = """
:root {{ color-scheme: dark; }}
* {{ box-sizing: border-box; }}
body {{ margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 84rem; background: {night}; color: {dim};
  font: 1rem/1.5 Inter, system-ui, sans-serif; }}
h1 {{ margin: 0; color: {bright}; font-size: clamp(1.9rem, 6vw, 3rem); font-weight: 600; line-height: 1.15; }}
h2 {{ margin: 0 0 .25rem; color: {bright}; font-size: 1.05rem; font-weight: 600; }}
.about {{ margin: .5rem 0 2rem; color: {faint}; }}
.verdict {{ margin: 0 0 3rem; padding: 0; max-width: 46rem; list-style: none; font-size: 1.1rem; }}
.verdict li {{ margin-bottom: .7rem; }}
.figures {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); gap: 2.75rem 2.5rem; }}
figure {{ margin: 0; display: flex; flex-direction: column; }}
figure p {{ margin: 0 0 .75rem; font-size: .9rem; }}
figure .value {{ margin: .5rem 0 0; color: {faint}; font-variant-numeric: tabular-nums; }}
.wide {{ grid-column: 1 / -1; }}
.wide p {{ max-width: 46rem; }}
.scroll {{ overflow-x: auto; }}
.scroll img {{ min-width: 52rem; }}
figcaption {{ flex: 1; }}
img {{ display: block; width: 100%; height: auto; }}
table {{ border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; white-space: nowrap; }}
th, td {{ padding: .3rem .9rem .3rem 0; text-align: right; font-weight: 400; border-bottom: 1px solid {rule}; }}
th {{ color: {faint}; }}
tbody th, th:nth-child(2), td:nth-child(2) {{ text-align: left; }}
thead th:first-child {{ text-align: left; }}
summary {{ margin: 3rem 0 1rem; cursor: pointer; color: {bright}; }}
"""


def html_of(page: Page) -> bytes:
    """The whole page as UTF-8; the same page gives the same bytes."""
    colours = {
        name: _css(grey(light))
        for name, light in (("bright", BRIGHT), ("dim", DIM + 0.1), ("faint", FAINT + 0.08), ("rule", RULE))
    }
    style = _STYLE.format(night=_css(rgb(page.inks.night)), **colours)
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(page.title)}</title>",
        f"<style>{style}</style>",
        "</head>",
        "<body>",
        "<main>",
        f"<h1>{escape(page.title)}</h1>",
        f'<p class="about">{escape(page.about)}</p>',
        '<ul class="verdict">',
        *(f"<li>{escape(sentence)}</li>" for sentence in page.sentences),
        "</ul>",
        '<div class="figures">',
        *(line for figure in page.figures for line in _figure(figure)),
        "</div>",
        *_table(page),
        "</main>",
        "</body>",
        "</html>",
        "",
    ]
    return "\n".join(lines).encode()


def _figure(figure: Figure) -> list[str]:
    told = f"{figure.title}: {figure.value}" if figure.value else figure.title
    image = f'<img alt="{escape(told)}" src="{_inside(figure.picture, photo=figure.photo)}">'
    return [
        '<figure class="wide">' if figure.wide else "<figure>",
        f"<figcaption><h2>{escape(figure.title)}</h2><p>{escape(figure.said)}</p></figcaption>",
        f'<div class="scroll">{image}</div>' if figure.photo else image,
        *([f'<p class="value">{escape(figure.value)}</p>'] if figure.value else []),
        "</figure>",
    ]


def _table(page: Page) -> list[str]:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in page.head)
    rows = (
        f'<tr><th scope="row">{escape(first)}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in rest) + "</tr>"
        for first, *rest in page.rows
    )
    return [
        "<details open>",
        "<summary>Every figure</summary>",
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>',
        "<tbody>",
        *rows,
        "</tbody></table></div>",
        "</details>",
    ]


def _inside(picture: ByteArray, *, photo: bool) -> str:
    from PIL import Image

    image, out = Image.fromarray(picture), io.BytesIO()
    if photo:
        image.save(out, "JPEG", quality=88, subsampling=0)
    else:
        image.quantize(64, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return f"data:image/{'jpeg' if photo else 'png'};base64,{base64.b64encode(out.getvalue()).decode()}"


def _css(colour: tuple[int, int, int]) -> str:
    return "#" + "".join(f"{part:02x}" for part in colour)
