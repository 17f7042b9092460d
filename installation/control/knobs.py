"""Everything the show can be told, once: the live knobs of config.toml and the triggers.

From this registry come the OSC addresses, the checks on every value from outside, the lists of MIDI, OSCQuery and the operator's
page, and docs/osc.md (`osc_page`).

An address is `/mixtape/` and the knob's name with a slash for each underscore, except before a unit: `wall_rows` is
`/mixtape/wall/rows`, `title_s` is `/mixtape/title_s`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, TypeAlias

from installation.isf.header import OwnScene
from installation.messages import ControlEvent, KnobValue
from installation.points import MOST as MOST_PLACES
from installation.points import read_points, write_points
from mixtape.config import Knob, knobs
from mixtape.hexcolours import MOST, colours_fault, write_colours

ROOT = "/mixtape/"
NORM = ROOT + "norm/"
"""Under this every knob with a range or with choices can also be turned by its place 0 to 1."""

TEXT_LIMIT = 200
"""The most characters a text may have."""

_UNIT = re.compile(r"_(?!(?:s|ms|hz|db|px)$)")


@dataclass(frozen=True, slots=True)
class LiveKnob:
    """A knob or a trigger as data. `kind`: number, whole, switch, choice, text, press (no value), toggle (a value or none),
    seconds (a number of which each counts), points (places on the map), colours (a text, or numbers from 0 to 1) or words (a
    text of which the last counts)."""

    name: str
    address: str
    kind: str
    low: float | None
    high: float | None
    choices: tuple[str, ...]
    unit: str
    default: KnobValue | None
    sentence: str
    others: bool = False
    places: tuple[int, int] = (1, 1)
    """Of points, how many may come: at least, at most."""

    @property
    def is_trigger(self) -> bool:
        """Whether every single message counts, where of a knob only the last value does."""
        return self.kind in ("press", "toggle", "text", "seconds", "points")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a message from outside was not taken."""

    reason: str


Verdict: TypeAlias = ControlEvent | Refusal | None
"""A checked event, the reason why not, or None where nothing is meant: a button that is let go."""


def address_of(name: str) -> str:
    """The OSC address of a knob's name."""
    return ROOT + _UNIT.sub("/", name)


def _trigger(name: str, kind: str, sentence: str, *, low: float | None = None, high: float | None = None) -> LiveKnob:
    return LiveKnob(name, address_of(name), kind, low, high, (), "s" if kind == "seconds" else "", None, sentence)


def _places(name: str, sentence: str, least: int) -> LiveKnob:
    """A trigger of several places on the map."""
    return replace(_trigger(name, "points", sentence, low=0.0, high=1.0), places=(least, MOST_PLACES))


_TRIGGERS = (
    _trigger("seed", "text", "Plays the song of this id, or the one that fits this text best; the mixtape goes on from there."),
    _trigger("seed_at", "points", "Plays the song nearest to this place of the map.", low=0.0, high=1.0),
    _places("line", "Plays the songs along this line over the map as a mixtape, in its order, from its first place on.", 2),
    _places("lasso", "Plays the songs inside this closed line over the map as a mixtape, from one to the next near one.", 3),
    _trigger("next", "press", "Goes on to the next song."),
    _trigger("previous", "press", "Goes back to the song before."),
    _trigger("pause", "toggle", "Holds the song (1) or lets it go on (0); without a value, the other of the two."),
    _trigger("seek", "seconds", "Goes to this second of the song.", low=0.0, high=86_400.0),
    _trigger("record", "toggle", "Begins to record the show as it is seen and heard (1) or ends it (0); bare, the other."),
    _trigger("skip", "seconds", "Goes so many seconds on in the song, or back (-).", low=-86_400.0, high=86_400.0),
)

_KINDS = {float: "number", int: "whole", bool: "switch"}


@lru_cache(maxsize=1)
def registry() -> tuple[LiveKnob, ...]:
    """All triggers, then all live knobs in the order of config.toml."""
    return _TRIGGERS + tuple(_live(knob) for knob in knobs() if knob.live)


def _live(knob: Knob) -> LiveKnob:
    name = knob.name.partition(".")[2]
    words = "colours" if knob.check is colours_fault else "words"
    kind = "choice" if knob.choices else _KINDS.get(type(knob.default), words)
    about = knob.choices, knob.unit, knob.default, knob.sentence, knob.others
    return LiveKnob(name, address_of(name), kind, knob.low, knob.high, *about)


@lru_cache(maxsize=1)
def _known() -> dict[str, LiveKnob]:
    return {key: knob for knob in registry() for key in (knob.name, knob.address)}


def has_places(knob: LiveKnob) -> bool:
    """Whether a knob can be turned by its place 0 to 1: it has a range, choices, or is on or off."""
    ranged = knob.low is not None and knob.high is not None and knob.high > knob.low
    return knob.kind in ("choice", "switch") or (knob.kind in ("number", "whole") and ranged)


def place_of(knob: LiveKnob, value: KnobValue) -> float | None:
    """Where in its range 0..1 a knob stands; None where that cannot be said."""
    if knob.kind == "choice":
        return (knob.choices.index(str(value)) + 0.5) / len(knob.choices) if value in knob.choices else None
    if isinstance(value, bool):
        return float(value)
    if not isinstance(value, int | float) or knob.low is None or knob.high is None or knob.high <= knob.low:
        return None
    return min(max((value - knob.low) / (knob.high - knob.low), 0.0), 1.0)


def value_at(knob: LiveKnob, place: float) -> KnobValue:
    """The value at a place 0..1 of a knob's range."""
    if knob.kind == "choice":
        return min(int(place * len(knob.choices)), len(knob.choices) - 1)
    if knob.kind in ("switch", "toggle") or knob.low is None or knob.high is None:
        return place >= 0.5
    return knob.low + place * (knob.high - knob.low)


OwnKnobs: TypeAlias = Mapping[str, LiveKnob]
"""The knobs that this evening has for itself, by name and by address: those of a user's own scenes, and `map` with the maps of
the collection. They go before those of the registry."""


def own_knobs(scenes: Sequence[OwnScene], maps: Sequence[str] = ()) -> OwnKnobs:
    """What a user's own scenes can be told, `/mixtape/scene/NAME/INPUT` for each input of each; with them among the scenes to
    choose from, after those of the house, and with the `maps` there are."""
    found: dict[str, LiveKnob] = {}
    names = tuple(scene.name for scene in scenes)
    chosen = {name: (*_known()[name].choices, *names) for name in ("scene", "scene_other") if names}
    for name, choices in {**chosen, **({"map": tuple(maps)} if maps else {})}.items():
        made = replace(_known()[name], choices=choices)
        found[made.name] = found[made.address] = made
    for each in (each for scene in scenes for each in scene.inputs):
        for knob in each.knobs:
            kind = "press" if each.kind == "event" else "choice" if knob.choices else _KINDS[type(knob.default)]
            address = ROOT + knob.name
            made = LiveKnob(knob.name, address, kind, knob.low, knob.high, knob.choices, knob.unit, knob.default, knob.sentence)
            found[knob.name] = found[address] = made
    return found


def find(name: str, own: OwnKnobs = MappingProxyType({})) -> LiveKnob | None:
    """The knob of this name or OSC address, of this evening's `own` or of the registry."""
    return own.get(name) or _known().get(name)


def events(source: str, name: str, args: Sequence[Any] = (), *, time_s: float, own: OwnKnobs) -> list[Verdict]:
    """As `event`; a point or a colour of a user's own scene may come as one message with all its numbers.

    A seed of two numbers is a place on the map. At `NORM` and the rest of a knob's address a number 0 to 1 means that place in
    its range; choices share it evenly.
    """
    if name.startswith(NORM):
        return [_placed(source, name, args, time_s=time_s, own=own)]
    if name in ("seed", f"{ROOT}seed") and len(args) == 2:
        name = "seed_at"
    for parts in (("x", "y"), ("r", "g", "b", "a")):
        if find(name, own) is None and f"{name}/{parts[0]}" in own and 2 <= len(args) <= len(parts):
            told = zip(parts, args, strict=False)
            return [event(source, f"{name}/{part}", (value,), time_s=time_s, own=own) for part, value in told]
    return [event(source, name, args, time_s=time_s, own=own)]


def event(source: str, name: str, args: Sequence[Any] = (), *, time_s: float, own: OwnKnobs = MappingProxyType({})) -> Verdict:
    """Check what somebody outside asks: `args` for the knob of this name or address, from `source`, at show time `time_s`.

    Numbers may come as int, float or bool, choices as word or number, one value also as a list of one; what lies outside the
    range is brought to its end. Not a number, infinity and values of the wrong kind are refused.
    """
    knob = find(name, own)
    if knob is None:
        return Refusal(f"{name[:80]}: no such address; docs/osc.md lists them")
    args = args[0] if len(args) == 1 and isinstance(args[0], list | tuple) else args
    if knob.kind == "points":
        taken = _points(knob, args)
        return taken if isinstance(taken, Refusal) else ControlEvent(source, knob.name, taken, time_s)
    if knob.kind == "colours" and len(args) > 1:
        args = (_hex(args),) if all(map(_is_number, args)) and len(args) in range(3, 3 * MOST + 1, 3) else (list(args),)
    if len(args) > 1:
        return Refusal(f"{knob.address}: one value is needed, {len(args)} came")
    value = args[0] if args else None
    if isinstance(value, float) and not math.isfinite(value):
        return Refusal(f"{knob.address}: {value} is no number to use")
    taken = _TAKE[knob.kind](knob, value)
    if isinstance(taken, Refusal) or taken is _NOTHING:
        return taken if isinstance(taken, Refusal) else None
    return ControlEvent(source, knob.name, taken, time_s)


def _placed(source: str, name: str, args: Sequence[Any], *, time_s: float, own: OwnKnobs) -> Verdict:
    """A knob turned by its place."""
    knob = find(ROOT + name.removeprefix(NORM), own)
    if knob is None or not has_places(knob):
        return Refusal(f"{name[:80]}: no such address; docs/osc.md lists the knobs, those with a range or choices are here")
    args = args[0] if len(args) == 1 and isinstance(args[0], list | tuple) else args
    place = args[0] if len(args) == 1 else None
    if not isinstance(place, int | float) or not math.isfinite(place):
        return _refuse(knob, place if len(args) < 2 else list(args), "one number from 0 to 1")
    return event(source, knob.name, (value_at(knob, min(max(place, 0.0), 1.0)),), time_s=time_s, own=own)


_NOTHING = object()


def _refuse(knob: LiveKnob, value: object, needed: str) -> Refusal:
    came = "nothing" if value is None else repr(value)[:60]
    return Refusal(f"{knob.address}: {needed} is needed, {came} came")


def _number(knob: LiveKnob, value: Any) -> Any:
    if not isinstance(value, int | float):
        return _refuse(knob, value, f"a number from {knob.low:g} to {knob.high:g}")
    low, high = (-math.inf if knob.low is None else knob.low), (math.inf if knob.high is None else knob.high)
    # Clamped first: an int beyond the floats would not survive float().
    return float(min(max(value, low), high))


def _whole(knob: LiveKnob, value: Any) -> Any:
    number = _number(knob, value)
    return number if isinstance(number, Refusal) else round(number)


def _switch(knob: LiveKnob, value: Any) -> Any:
    return bool(value) if isinstance(value, int | float) else _refuse(knob, value, "on (1) or off (0)")


def _choice(knob: LiveKnob, value: Any) -> Any:
    words = ", ".join(knob.choices)
    if isinstance(value, str) and value.strip().lower() in knob.choices:
        return value.strip().lower()
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < len(knob.choices):
        return knob.choices[int(value)]
    if knob.others and isinstance(value, str):
        return _text(knob, value)
    return _refuse(knob, value, f"one of {words}, or 0 to {len(knob.choices) - 1},")


def _text(knob: LiveKnob, value: Any) -> Any:
    if not isinstance(value, str):
        return _refuse(knob, value, "a text")
    # Cut twice: what is cleaned may become shorter, and a very long text must not take long.
    printable = "".join(char if char.isprintable() else " " for char in value[: 8 * TEXT_LIMIT])
    clean = " ".join(printable.split())[:TEXT_LIMIT]
    return clean or _refuse(knob, None, "a text")


def _points(knob: LiveKnob, args: Sequence[Any]) -> str | Refusal:
    """Places as one value: from a text, or from numbers, x and y in turn."""
    text = args[0] if len(args) == 1 else " ".join(str(each) for each in args) if all(map(_is_number, args)) else None
    points, (low, high) = read_points(text), knob.places
    if not low <= len(points) <= high:
        many = f"{2 * low} numbers" if low == high else f"{2 * low} to {2 * high} numbers"
        return _refuse(knob, args[0] if len(args) == 1 else list(args) or None, f"{many} from 0 to 1, x and y in turn,")
    return write_points(points)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _words(knob: LiveKnob, value: Any) -> Any:
    return "" if isinstance(value, str) and not value.strip() else _text(knob, value)


def _hex(numbers: Sequence[float]) -> str:
    """Colours as text from red, green and blue of each, 0 to 1."""
    levels = [round(255 * min(max(float(each), 0.0), 1.0)) for each in numbers]
    return write_colours(tuple(zip(levels[::3], levels[1::3], levels[2::3], strict=True)))


def _colours(knob: LiveKnob, value: Any) -> Any:
    text = _words(knob, value)
    if isinstance(text, Refusal):
        return _refuse(
            knob, value, f"a text of colours such as #1a2b3c #ffcc00, or red, green and blue of 1 to {MOST} from 0 to 1,"
        )
    return Refusal(f"{knob.address}: {fault}") if (fault := colours_fault(text)) else text


def _press(knob: LiveKnob, value: Any) -> Any:
    if value is None or isinstance(value, int | float):
        # A button on a controller sends 1 when pressed and 0 when let go: only the first is meant.
        return None if value is None or value > 0 else _NOTHING
    return _refuse(knob, value, "no value, or 1")


def _toggle(knob: LiveKnob, value: Any) -> Any:
    return None if value is None else _switch(knob, value)


_TAKE = {
    "number": _number,
    "seconds": _number,
    "whole": _whole,
    "switch": _switch,
    "choice": _choice,
    "text": _text,
    "words": _words,
    "colours": _colours,
    "press": _press,
    "toggle": _toggle,
}


ALL_S = 2.0
"""So often every knob is told, turned or not."""

OUT: tuple[tuple[str, str, str], ...] = (
    ("song", "id, title, artist, album", "when it changes, and every 2 s"),
    ("next", "id, title, artist", "when it changes, and every 2 s"),
    ("palette", "up to 5 times red, green, blue and share, each 0 to 1", "every time"),
    ("position", "seconds heard of the song, seconds it lasts", "every time"),
    ("level", "0 to 1", "every time"),
    ("bands", "8 numbers from 0 to 1, lowest band first", "every time"),
    ("onset", "0 to 1: how hard something begins to sound just now", "every time"),
    ("beat", "0 to 1 from beat to beat", "every time"),
    ("section", "which section of the song this is, from 0, and how many there are", "every time"),
    ("map", "x and y of the song on the map that is shown, 0 to 1, y up", "every time"),
    ("scene", "the scene that is seen, and how far it has come in, 0 to 1", "every time"),
    ("paused", "1 or 0", "every time"),
    ("recording", "1 or 0", "every time"),
)
"""What is told under `/mixtape/out/`: name, values, how often."""
