"""How one display or projector shows its part of the picture, and how that is written down in config.toml and sent by OSC.

    "left: corners 0.01 0.02 0.99 0 1 1 0 0.97; rotate 180; overscan 0.02"

A name before the colon, then settings in any order, each a word and its numbers, parted by semicolons; what is left out keeps
its default, and "straight" alone is an output with nothing to set. Places are shares 0..1 from the left and from the top.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from mixtape.errors import ConfigError

Corners = tuple[float, ...]
Box = tuple[float, ...]

SQUARE: Corners = (0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0)
TURNS = (0, 90, 180, 270)


@dataclass(frozen=True, slots=True)
class Output:
    """One display or projector.

    `rotate` turns its picture clockwise, in degrees; `corners` are where the top left, top right, bottom right and bottom left
    corner of what has been turned lie in what it shows, x and y each; `overscan` is the share that is left dark at every side.
    `part` is the left, top, right and bottom of what it shows of the whole picture, `view` the same of the window, `blend` the
    widths of its soft edges as shares of its picture (left, top, right, bottom); None lets the show work them out.
    """

    name: str = ""
    corners: Corners = SQUARE
    rotate: int = 0
    overscan: float = 0.0
    part: Box | None = None
    view: Box | None = None
    blend: Box | None = None


_COUNTS = {"corners": 8, "rotate": 1, "overscan": 1, "part": 4, "view": 4, "blend": 4}


@lru_cache(maxsize=256)
def output_of(text: str) -> Output:
    """The output that a text describes; an empty one is straight.

    Raises:
        ConfigError: an unknown word, a wrong count of numbers, corners that cross, or a value out of range.
    """
    name, colon, rest = text.partition(":")
    found = Output(name=name.strip()[:40] if colon else "")
    for setting in (rest if colon else text).split(";"):
        word, *values = setting.replace(",", " ").split() or ["straight"]
        if word == "straight":
            continue
        if word not in _COUNTS:
            raise ConfigError(f"'{word[:40]}' is no setting of an output; there is {', '.join(_COUNTS)}")
        value: Any = _value(word, values)
        found = replace(found, **{word: value})
    if fault := _fault(found):
        raise ConfigError(fault)
    return found


def output_fault(text: str) -> str | None:
    """What is wrong with the text of an output, or None."""
    try:
        output_of(text)
    except ConfigError as error:
        return str(error)
    return None


def displays_of(text: str, *, count: int) -> tuple[int, ...]:
    """The displays that a text names, of `count` that there are, in its order: numbers from 0, or "all"; none for an empty one.

    Raises:
        ConfigError: something else than numbers, one twice, or one that is not there.
    """
    if text.strip() == "all":
        return tuple(range(count))
    words = text.replace(",", " ").split()
    if not all(word.isdecimal() and int(word) < count for word in words) or len(set(words)) < len(words):
        raise ConfigError(f"displays '{text[:60]}': numbers from 0 to {count - 1} are needed, each once, such as '0 1', or 'all'")
    return tuple(int(word) for word in words)


def displays_fault(text: str) -> str | None:
    """What is wrong with a text that names displays, on any computer, or None."""
    try:
        displays_of(text, count=16)
    except ConfigError as error:
        return str(error)
    return None


def as_text(output: Output) -> str:
    """The text that `output_of` reads, with what differs from the default."""
    settings = [
        f"{word} {' '.join(f'{value:.4f}'.rstrip('0').rstrip('.') for value in _numbers(getattr(output, word)))}"
        for word in _COUNTS
        if getattr(output, word) != getattr(Output(), word)
    ]
    return (f"{output.name}: " if output.name else "") + ("; ".join(settings) or "straight")


def _value(word: str, values: list[str]) -> float | int | tuple[float, ...]:
    count = _COUNTS[word]
    try:
        numbers = tuple(float(value) for value in values)
    except ValueError:
        numbers = ()
    if len(numbers) != count or not all(-1e6 < number < 1e6 for number in numbers):
        raise ConfigError(f"{word} needs {count} number{'s' if count > 1 else ''}, not '{' '.join(values)[:60]}'")
    if word == "rotate":
        return int(numbers[0]) if numbers[0] in TURNS else -1
    return numbers[0] if count == 1 else numbers


def _numbers(value: float | tuple[float, ...]) -> tuple[float, ...]:
    return value if isinstance(value, tuple) else (float(value),)


def _fault(output: Output) -> str | None:
    if output.rotate not in TURNS:
        return "rotate: 0, 90, 180 or 270 is needed"
    if not 0.0 <= output.overscan <= 0.25:
        return f"overscan {output.overscan:g}: must be from 0 to 0.25"
    if not all(-1.0 <= value <= 2.0 for value in output.corners):
        return "corners: each must be from -1 to 2"
    if not _convex(output.corners):
        return "corners: they must go around from the top left clockwise, without crossing or bending inwards"
    for name in ("part", "view"):
        box = getattr(output, name)
        if box and not (0.0 <= box[0] < box[2] <= 1.0 and 0.0 <= box[1] < box[3] <= 1.0):
            return f"{name}: left, top, right and bottom are needed, from 0 to 1, right beyond left and bottom beyond top"
    if output.blend and not all(0.0 <= width <= 1.0 for width in output.blend):
        return "blend: left, top, right and bottom are needed, each from 0 to 1"
    return None


def _convex(corners: Corners) -> bool:
    """Whether every turn from corner to corner is clockwise (y down), each by a sine that can be seen."""
    points = list(zip(corners[::2], corners[1::2], strict=True))
    for i, (x, y) in enumerate(points):
        (bx, by), (cx, cy) = points[i - 3], points[i - 2]
        if (bx - x) * (cy - by) - (by - y) * (cx - bx) < 1e-4:
            return False
    return True
