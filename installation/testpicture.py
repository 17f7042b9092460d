"""The picture to set displays up by: a grid of squares, circles, edges, a ramp of greys, and every output's part with its name.

Straight lines show whether corners are pinned rightly, circles whether anything is stretched, the fine line around each part
whether it is cut off, the hatched bands where two outputs lie over each other, the greys whether their sum is even.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from installation.displays import Placed
from mixtape.lettering.glyphs import Weight
from mixtape.lettering.typeset import line_image
from mixtape.types import ByteArray

ROWS = 12
"""Squares of the grid from top to bottom."""

_GROUND, _LINE, _STRONG, _WORDS = (14, 14, 17), (74, 76, 84), (150, 152, 160), (236, 236, 232)
_GREYS = 11
_TINTS = ((214, 120, 72), (82, 150, 196), (196, 178, 92), (150, 116, 190), (96, 172, 128), (200, 108, 140))


def draw_test_picture(size: tuple[int, int], outputs: Sequence[Placed], *, notes: Sequence[str] = ()) -> ByteArray:
    """The test picture (h, w, 3) uint8, row 0 at the top, with a line of words for each of `notes` in the middle of its part."""
    width, height = size
    image = Image.new("RGB", size, _GROUND)
    draw = ImageDraw.Draw(image)
    pen = max(1, round(height / 720))
    _grid(draw, size, pen)
    for output in outputs:
        _part(image, output, size, pen)
    _greys(draw, size)
    _circles(draw, size, pen)
    for output, note in zip(outputs, (*notes, *[""] * len(outputs)), strict=False):
        _words(image, output, size, note)
    draw.rectangle((0, 0, width - 1, height - 1), outline=_WORDS, width=1)
    return np.asarray(image)


def _grid(draw: ImageDraw.ImageDraw, size: tuple[int, int], pen: int) -> None:
    """Squares counted from the middle, so that the middle lines are where the middle is."""
    width, height = size
    step = height / ROWS
    for k in range(-int(width / 2 / step) - 1, int(width / 2 / step) + 2):
        x = round(width / 2 + k * step)
        draw.line((x, 0, x, height), fill=_STRONG if k == 0 else _LINE, width=pen)
    for k in range(-ROWS // 2, ROWS // 2 + 1):
        y = round(height / 2 + k * step)
        draw.line((0, y, width, y), fill=_STRONG if k == 0 else _LINE, width=pen)


def _greys(draw: ImageDraw.ImageDraw, size: tuple[int, int]) -> None:
    """Patches from black to white over the whole width, one square high, above the middle."""
    width, height = size
    top, bottom = height / 2 - 4 * height / ROWS, height / 2 - 3 * height / ROWS
    for k in range(_GREYS):
        grey = round(255 * k / (_GREYS - 1))
        left, right = round(width * k / _GREYS), round(width * (k + 1) / _GREYS) - 1
        draw.rectangle((left, round(top), right, round(bottom)), fill=(grey, grey, grey))


def _circles(draw: ImageDraw.ImageDraw, size: tuple[int, int], pen: int) -> None:
    """A large circle in the middle and a small one in every corner, both of whole squares."""
    width, height = size
    step = height / ROWS
    _circle(draw, width / 2, height / 2, 5 * step, _STRONG, pen)
    for x in (step, width - step):
        for y in (step, height - step):
            _circle(draw, x, y, step, _STRONG, pen)


def _circle(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, colour: tuple[int, int, int], pen: int) -> None:
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=colour, width=pen)


def _box_px(output: Placed, size: tuple[int, int]) -> tuple[int, int, int, int]:
    left, top, right, bottom = output.part
    return round(left * size[0]), round(top * size[1]), round(right * size[0]) - 1, round(bottom * size[1]) - 1


def _part(image: Image.Image, output: Placed, size: tuple[int, int], pen: int) -> None:
    """The edge of an output's part in its colour, its own circle and diagonals, and its soft edges hatched."""
    draw, tint = ImageDraw.Draw(image), _TINTS[(output.number - 1) % len(_TINTS)]
    left, top, right, bottom = box = _box_px(output, size)
    wide, high = right - left, bottom - top
    bands = (
        (left, top, left + output.blend[0] * wide, bottom),
        (left, top, right, top + output.blend[1] * high),
        (right - output.blend[2] * wide, top, right, bottom),
        (left, bottom - output.blend[3] * high, right, bottom),
    )
    for band, share in zip(bands, output.blend, strict=True):
        if share > 0:
            draw.rectangle(band, outline=tint, width=pen)
            for y in np.arange(top, bottom, size[1] / ROWS / 2):
                draw.line((band[0], y, band[2], y + (band[2] - band[0])), fill=tint, width=pen)
    _circle(draw, (left + right) / 2, (top + bottom) / 2, 2.75 * size[1] / ROWS, tint, 2 * pen)
    draw.rectangle(box, outline=tint, width=2 * pen)


def _words(image: Image.Image, output: Placed, size: tuple[int, int], note: str) -> None:
    """The output's name, how many pixels it shows, and a note, in the middle of its part."""
    left, top, right, bottom = _box_px(output, size)
    room = max(right - left, 16)
    shown = f"{right - left + 1} x {bottom - top + 1}" + (f", turned {output.rotate}\N{DEGREE SIGN}" if output.rotate else "")
    y = (top + bottom) / 2 - 0.085 * size[1]
    for words, share in ((output.name, 0.09), (shown, 0.028), (note, 0.022)):
        size_px = max(9, round(share * size[1]))
        if words:
            weight: Weight = "semibold" if share > 0.05 else "regular"
            alpha = Image.fromarray(line_image(words, size_px=size_px, weight=weight, max_width_px=round(0.9 * room))[..., 3])
            image.paste(_WORDS, (round((left + right - alpha.width) / 2), round(y)), alpha)
        y += 1.35 * size_px
