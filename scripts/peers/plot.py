"""Figures over the training budget as a picture, in the look of the posters: night, one typeface, few colours."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mixtape.lettering.typeset import line_image, measure
from mixtape.palette import oklab_to_srgb
from mixtape.storage import write_atomic

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

WIDTH_PX, HEIGHT_PX = 1800, 820
PANELS = {"kid": "kernel distance (KID)", "sliced": "sliced Wasserstein", "coverage": "coverage"}
TITLES = {"own": "mixtape", "dcgan": "DCGAN", "lightweight_gan": "lightweight-gan"}

LEAST = 0.02
"""Distances below this stand at this: KID has no bias, so between like sets it may even fall below 0."""

_MARGIN, _GAP, _TOP, _BOTTOM, _FINER = 90, 90, 270, 120, 3
_NIGHT, _FAINT, _DIM, _BRIGHT = 0.14, 0.42, 0.66, 0.95
_INKS = {"own": (0.82, 0.05, 0.11), "dcgan": (0.72, -0.09, -0.05), "lightweight_gan": (0.70, 0.10, -0.08)}

Rows = Sequence[Mapping[str, float]]
Colour = tuple[int, int, int]


def save_plot(path: Path, found: Mapping[str, Rows]) -> None:
    """Write a panel for each of `PANELS`: a line a network, and a dashed one for real sleeves."""
    from PIL import Image

    found = {name: rows for name, rows in found.items() if rows}
    canvas = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), _rgb(_NIGHT))
    _write(canvas, "The same sleeves, the same time", x=_MARGIN, y=56, size=52, colour=_rgb(_BRIGHT))
    _legend(canvas, found, y=142)
    width = (WIDTH_PX - 2 * _MARGIN - (len(PANELS) - 1) * _GAP) // len(PANELS)
    for place, key in enumerate(PANELS):
        _panel(canvas, found, key, x=_MARGIN + place * (width + _GAP), width=width)
    out = io.BytesIO()
    canvas.quantize(128).save(out, "PNG", optimize=True)
    write_atomic(path, out.getvalue())


def _legend(canvas: Picture, found: Mapping[str, Rows], *, y: int) -> None:
    x = _MARGIN
    for name in found:
        x = _write(canvas, TITLES[name], x=x, y=y, size=28, colour=_rgb(*_INKS[name])) + 44
    _write(canvas, "dashed: real sleeves against real sleeves", x=x, y=y, size=28, colour=_rgb(_FAINT))


def _panel(canvas: Picture, found: Mapping[str, Rows], key: str, *, x: int, width: int) -> None:
    """One figure over CPU seconds; both axes by powers of two, coverage upright from 0 to 1."""
    from PIL import Image, ImageDraw

    height = HEIGHT_PX - _TOP - _BOTTOM
    values = [row[key] for rows in found.values() for row in rows if math.isfinite(row[key])]
    if not values:
        return
    whole = key == "coverage"
    low, high = (0.0, 1.0) if whole else (_log(min(values)) - 0.2, _log(max(values)) + 0.2)
    times = [row["seconds"] for rows in found.values() for row in rows[:-1]]
    first, last = math.log2(min(times)) - 0.1, math.log2(max(times)) + 0.1

    def at(second: float, value: float) -> tuple[float, float]:
        up = ((value if whole else _log(value)) - low) / (high - low)
        return _FINER * width * (math.log2(second) - first) / (last - first), _FINER * height * (1 - min(max(up, 0.0), 1.0))

    fine = Image.new("RGB", (_FINER * width, _FINER * height), _rgb(_NIGHT))
    pen = ImageDraw.Draw(fine)
    real = at(1.0, next(iter(found.values()))[-1][key])[1]
    for dash in range(0, fine.width, 14 * _FINER):
        pen.line([dash, real, dash + 7 * _FINER, real], fill=_rgb(_FAINT), width=2 * _FINER)
    for name, rows in found.items():
        points = [at(row["seconds"], row[key]) for row in rows[:-1] if math.isfinite(row[key])]
        pen.line(points, fill=_rgb(*_INKS[name]), width=4 * _FINER, joint="curve")
        for px, py in points:
            dot = 6 * _FINER
            pen.ellipse([px - dot, py - dot, px + dot, py + dot], fill=_rgb(*_INKS[name]))
    canvas.paste(fine.resize((width, height), Image.Resampling.LANCZOS), (x, _TOP))
    _write(canvas, PANELS[key], x=x, y=_TOP - 66, size=30, colour=_rgb(_DIM))
    _axis(canvas, x=x, width=width, seconds=times[:5], first=first, last=last)
    ends = ("1", "0") if whole else tuple(f"{2**end:.2g}" for end in (high, low))
    for text, y in zip(ends, (_TOP - 8, _TOP + height - 26), strict=True):
        _write(canvas, text, x=x - 14 - round(measure(text, size_px=22)), y=y, size=22, colour=_rgb(_FAINT))


def _axis(canvas: Picture, *, x: int, width: int, seconds: Sequence[float], first: float, last: float) -> None:
    y = HEIGHT_PX - _BOTTOM + 22
    for second in seconds:
        text = f"{second:.0f}" + (" CPU-s" if second == seconds[-1] else "")
        middle = x + width * (math.log2(second) - first) / (last - first)
        number = measure(f"{second:.0f}", size_px=22)
        _write(
            canvas, text, x=round(middle - number / 2 - (14 if second == seconds[-1] else 0)), y=y, size=22, colour=_rgb(_FAINT)
        )


def _log(value: float) -> float:
    return math.log2(max(value, LEAST))


def _write(canvas: Picture, text: str, *, x: int, y: int, size: float, colour: Colour) -> int:
    """Set a line; returns where it ends."""
    from PIL import Image

    image = Image.fromarray(line_image(text, size_px=size, colour=colour, tabular=True))
    canvas.paste(image, (x, y), image)
    return x + image.width


def _rgb(lightness: float, a: float = 0.0, b: float = 0.0) -> Colour:
    red, green, blue = (int(c) for c in oklab_to_srgb(np.array([lightness, a, b], np.float32)))
    return red, green, blue
