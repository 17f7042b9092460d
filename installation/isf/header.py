"""What an ISF file says of itself: the JSON in its first comment, as frozen records whose inputs are knobs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from installation.isf.sizes import size
from mixtape.config import Knob
from mixtape.errors import ShowError

PICTURES = ("wall", "map", "grid", "cover", "before")
"""What an image input can be given: a scene, the playing song's cover, or the picture that was shown before."""

SAMPLES = 128
"""Columns of an audio input that does not ask for a number of its own."""

_USUAL = {"inputImage": "wall", "startImage": "wall", "endImage": "map"}
_KINDS = ("event", "bool", "long", "float", "point2D", "color", "image", "audio", "audioFFT")
_NAME = re.compile(r"[A-Za-z_]\w*\Z")
_PARTS = {"point2D": ("x", "y"), "color": ("r", "g", "b", "a")}
_LARGEST_BYTES = 2_000_000
MOST_PASSES = 32
"""So many passes may a scene have: each costs a drawing of its own, sixty times a second."""

_INT32, _LARGEST_FLOAT = 2**31, 3.4e38
_IN_SIZES = ("event", "bool", "long", "float")
"""Inputs that are one number: formulas for sizes may use them."""


@dataclass(frozen=True, slots=True)
class Input:
    """One input: its `kind` as ISF names it, and its knobs, one for each number of it, none for sound.

    `values` are what the choices of a long stand for; `in_pixels` says that a point's numbers 0..1 are shares of the picture;
    `samples` is how many columns of sound are wanted.
    """

    name: str
    kind: str
    knobs: tuple[Knob, ...]
    values: tuple[int, ...] = ()
    in_pixels: bool = False
    samples: int = SAMPLES


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass: the buffer it draws into ("" for the picture itself), and what kind of buffer that is."""

    target: str = ""
    persistent: bool = False
    floats: bool = False
    width: str = "$WIDTH"
    height: str = "$HEIGHT"


@dataclass(frozen=True, slots=True)
class OwnScene:
    """A scene from a file: `name` is its address, `body` the shader with blank lines where the header was.

    `vertex` is the text of the .vs file beside it, or None; `imported` the pictures it brings along, by name.
    """

    name: str
    path: Path
    description: str
    credit: str
    inputs: tuple[Input, ...]
    passes: tuple[Pass, ...]
    imported: Mapping[str, Path]
    body: str
    vertex: str | None

    @property
    def remembers(self) -> bool:
        """Whether anything of a frame is kept for the next."""
        return any(each.persistent for each in self.passes)


def address(path: Path) -> str:
    """A scene's name from its file's: small letters, digits and hyphens, as an OSC address can hold them."""
    return re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-") or "scene"


def read(path: Path, *, name: str = "") -> OwnScene:
    """Read an ISF file and the .vs beside it. ShowError with file and line where it cannot be used."""
    text = _text(path)
    found = re.search(r"/\*(.*?)\*/", text, re.DOTALL)
    if found is None:
        raise ShowError(f"{path.name}:1: no header; an ISF file begins with a comment that holds JSON")
    header = _header(found[1], path, first=text.count("\n", 0, found.start(1)) + 1)
    name = name or address(path)
    vertex = path.with_suffix(".vs")
    try:
        inputs = tuple(_input(each, name) for each in _list(header, "INPUTS"))
        passes = _passes(header, inputs)
        imported = _imported(header, path.parent)
    except (ValueError, OverflowError) as error:
        raise ShowError(f"{path.name}: {error}") from error
    # Lines stay where they are, so that a complaint's line is the file's.
    blank = "\n" * found[0].count("\n")
    return OwnScene(
        name=name,
        path=path,
        description=str(header.get("DESCRIPTION", "")),
        credit=str(header.get("CREDIT", "")),
        inputs=inputs,
        passes=passes,
        imported=imported,
        body=text[: found.start()] + blank + text[found.end() :],
        vertex=_text(vertex) if vertex.is_file() else None,
    )


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise ShowError(f"{path.name}: larger than {_LARGEST_BYTES / 1e6:g} MB, no shader is")
        data = path.read_bytes()
    except OSError as error:
        raise ShowError(f"{path.name}: cannot be read: {error.strerror or error}") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", " ")


def _header(text: str, path: Path, *, first: int) -> dict[str, Any]:
    # Hosts have always borne a comma before a closing bracket, so files have them.
    lenient = re.sub(r",(\s*[}\]])", r"\1", text)
    try:
        header = json.loads(lenient, strict=False)
        # Halves of characters, which JSON can spell, could be neither shown nor written down.
        header = json.loads(json.dumps(header, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        line = first + lenient.count("\n", 0, getattr(error, "pos", 0))
        raise ShowError(f"{path.name}:{line}: the header is no JSON: {str(getattr(error, 'msg', error))[:200]}") from error
    if not isinstance(header, dict):
        raise ShowError(f"{path.name}:{first}: the header is no JSON object")
    return header


def _list(table: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = table.get(key) or []
    if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
        raise ValueError(f"{key} is no list of objects")
    return found


# Inputs ------------------------------------------------------------------------------------------------------------------------


def _input(table: Mapping[str, Any], scene: str) -> Input:
    name, kind = str(table.get("NAME", "")), str(table.get("TYPE", ""))
    if not _NAME.match(name):
        raise ValueError(f"an input is called '{name[:40]}'; letters, digits and _ are needed")
    if kind not in _KINDS:
        raise ValueError(f"input {name} is of type '{kind}'; there are {', '.join(_KINDS)}")
    address = f"scene/{scene}/{name}"
    words = " ".join(str(table.get("LABEL") or name).split())[:80]
    sentence = f"{words[:1].upper()}{words[1:]}."
    if kind in _PARTS:
        return _of_parts(table, name, kind, address, sentence)
    if kind == "long":
        return _long(table, name, address, sentence)
    if kind == "float":
        low, high, first = _range(table.get("MIN"), table.get("MAX"), table.get("DEFAULT"), name)
        return Input(name, kind, (Knob(address, first, low, high, (), "", sentence, True),))
    if kind == "bool":
        return Input(name, kind, (Knob(address, bool(table.get("DEFAULT", False)), None, None, (), "", sentence, True),))
    if kind == "event":
        return Input(name, kind, (Knob(address, NEVER_S, NEVER_S, 1e9, (), "s", sentence, True),))
    if kind == "image":
        return Input(name, kind, (Knob(address, _USUAL.get(name, "cover"), None, None, PICTURES, "", sentence, True),))
    samples = table.get("MAX")
    return Input(name, kind, (), samples=int(min(max(samples, 1), 4096)) if isinstance(samples, int | float) else SAMPLES)


NEVER_S = -1.0
"""The show time at which an event was pressed that never was."""


def _of_parts(table: Mapping[str, Any], name: str, kind: str, address: str, sentence: str) -> Input:
    parts = _PARTS[kind]
    lows, highs, firsts = (_numbers(table.get(key), len(parts), name) for key in ("MIN", "MAX", "DEFAULT"))
    # Without bounds a point is one of the picture, in pixels.
    in_pixels = kind == "point2D" and highs is None
    if kind == "color":
        lows, highs, firsts = lows or [0.0] * 4, highs or [1.0] * 4, firsts or [1.0] * 4
    if in_pixels:
        lows, highs = [0.0, 0.0], [1.0, 1.0]
        firsts = firsts if firsts and max(firsts) <= 1.0 else [0.5, 0.5]
    knobs = []
    for place, part in enumerate(parts):
        low, high, first = (each[place] if each else None for each in (lows, highs, firsts))
        low, high, first = _range(low, high, first, name)
        knobs.append(Knob(f"{address}/{part}", first, low, high, (), "", f"{sentence[:-1]}, {part}.", True))
    return Input(name, kind, tuple(knobs), in_pixels=in_pixels)


def _long(table: Mapping[str, Any], name: str, address: str, sentence: str) -> Input:
    values = table.get("VALUES")
    if not values:
        low, high, first = _range(table.get("MIN"), table.get("MAX", 10), table.get("DEFAULT"), name)
        _fits_int32(name, low, high)
        return Input(name, "long", (Knob(address, round(first), low, high, (), "", sentence, True),))
    try:
        numbers = [int(float(value)) for value in values]
        first = int(float(table.get("DEFAULT", numbers[0])))
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"input {name}: VALUES are whole numbers") from error
    _fits_int32(name, *numbers)
    labels = table.get("LABELS")
    words = [str(label).strip().lower() for label in labels] if isinstance(labels, list) else []
    if len(words) != len(numbers) or len(set(words)) != len(words) or not all(words):
        words = [str(number) for number in dict.fromkeys(numbers)]
        numbers = list(dict.fromkeys(numbers))
    chosen = words[numbers.index(first)] if first in numbers else words[0]
    return Input(name, "long", (Knob(address, chosen, None, None, tuple(words), "", sentence, True),), tuple(numbers))


def _fits_int32(name: str, *numbers: float) -> None:
    for number in numbers:
        if not -_INT32 <= number < _INT32:
            raise ValueError(f"input {name}: {number:.15g} is no long of a shader; from {-_INT32} to {_INT32 - 1} is needed")


def _range(low: Any, high: Any, first: Any, name: str) -> tuple[float, float, float]:
    """Bounds and default, made to hold each other: files are careless about the one or the other."""
    for number in (low, high, first):
        if number is not None and not _is_number(number):
            raise ValueError(f"input {name}: {str(number)[:40]!r} is no number")
    at = float(first) if first is not None else None
    bottom = float(low) if low is not None else min(0.0, at if at is not None else 0.0)
    top = float(high) if high is not None else max(1.0, at if at is not None else 1.0)
    bottom, top = min(bottom, top), max(bottom, top)
    at = min(max(0.0, bottom), top) if at is None else at
    return min(bottom, at), max(top, at), at


def _numbers(value: Any, count: int, name: str) -> list[float] | None:
    if value is None:
        return None
    whole = isinstance(value, list) and all(_is_number(each) for each in value)
    if not whole:
        raise ValueError(f"input {name}: {str(value)[:40]!r} is no list of {count} numbers")
    # Colours without alpha are common, and they are opaque.
    return [float(each) for each in (*value, *[1.0] * count)][:count]


def _is_number(value: Any) -> bool:
    """Whether it is a number that a shader's float, and OSC's, can hold."""
    return isinstance(value, int | float) and abs(value) <= _LARGEST_FLOAT


# Passes ------------------------------------------------------------------------------------------------------------------------


def _passes(header: Mapping[str, Any], inputs: tuple[Input, ...]) -> tuple[Pass, ...]:
    kept = header.get("PERSISTENT_BUFFERS") or {}
    if not isinstance(kept, list | Mapping):
        raise ValueError(f"PERSISTENT_BUFFERS is {str(kept)[:40]!r}; a list or an object of buffers is needed")
    # The first version of ISF named persistent buffers in a list or an object of their own.
    buffers: dict[str, Mapping[str, Any]] = (
        {str(name): {} for name in kept}
        if isinstance(kept, list)
        else {str(name): about if isinstance(about, Mapping) else {} for name, about in kept.items()}
    )
    tables = _list(header, "PASSES") or [{}]
    if len(tables) > MOST_PASSES:
        raise ValueError(f"{len(tables)} PASSES; at most {MOST_PASSES} can be drawn in time, join some of them")
    example = {"WIDTH": 640.0, "HEIGHT": 360.0, **{each.name: _at_first(each) for each in inputs if each.kind in _IN_SIZES}}
    passes = []
    for table in tables:
        target = str(table.get("TARGET", ""))
        if target and not _NAME.match(target):
            raise ValueError(f"a pass draws into '{target[:40]}'; letters, digits and _ are needed")
        about = {**buffers.get(target, {}), **table}
        made = Pass(
            target=target,
            persistent=_positive(about.get("PERSISTENT")) or target in buffers,
            floats=_positive(about.get("FLOAT")),
            width=str(about.get("WIDTH", "$WIDTH")) or "$WIDTH",
            height=str(about.get("HEIGHT", "$HEIGHT")) or "$HEIGHT",
        )
        size(made.width, example), size(made.height, example)
        passes.append(made)
    return tuple(passes)


def _at_first(each: Input) -> float:
    """An input's number as long as nobody has turned it."""
    (knob,) = each.knobs
    if each.kind == "event":
        return 0.0
    return float(each.values[knob.choices.index(knob.default)] if each.values else knob.default)


def _positive(value: Any) -> bool:
    return value.strip().lower() not in ("", "0", "false", "no") if isinstance(value, str) else bool(value)


def _imported(header: Mapping[str, Any], folder: Path) -> Mapping[str, Path]:
    found = header.get("IMPORTED") or {}
    tables = found.items() if isinstance(found, Mapping) else ((each.get("NAME"), each) for each in _list(header, "IMPORTED"))
    pictures: dict[str, Path] = {}
    for name, about in tables:
        place = about.get("PATH") if isinstance(about, Mapping) else None
        if not isinstance(name, str) or not _NAME.match(name) or not isinstance(place, str):
            raise ValueError("IMPORTED needs a name and a PATH for each picture")
        if not _is_file(folder / place):
            raise ValueError(f"IMPORTED {name}: there is no {place[:200]} beside it")
        pictures[name] = folder / place
    return pictures


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        # Names that are too long for a file, or hold what no name can.
        return False
