"""MIDI messages as turns of knobs, and knobs as lights and motor faders: pure, without any port.

A control is one thing on a controller: its port's name, its channel, its type and its number. A binding says which knob it turns,
and how: by where it stands, by how far it was turned, by each press. Values from 0 to 127 (0 to 16,383 in 14 bits) become places
from 0 to 1 of the knob's range; the registry's own checks see to the rest, as they do for OSC. MIDI 1.0 detailed specification,
MIDI Manufacturers Association.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, TypeAlias

from mido import Message

from installation.control.knobs import LiveKnob, OwnKnobs, event, find, place_of, value_at
from installation.messages import ControlEvent, KnobValue

RELATIVE = ("twos", "offset", "sign")
HOWS: Mapping[str, str] = {
    "absolute": "by where it stands",
    "twos": "by steps, two's complement",
    "offset": "by steps, around 64",
    "sign": "by steps, sign and size",
    "toggle": "each press the other",
    "held": "while it is held",
    "press": "at each press",
    "step": "each press the next",
    "velocity": "by how hard it is struck",
}
"""How a control can turn a knob; "=WORD" sets a choice to this word at each press."""

TYPES = ("note", "cc", "cc14", "pitch")

_NEAR = 2.5 / 127
"""A control this near to where its knob stands has it."""

_FULL = {"note": 127, "cc": 127, "cc14": 16383, "pitch": 16383}


@dataclass(frozen=True, slots=True, order=True)
class Control:
    """One thing that can be moved: the name of its port, channel 1 to 16, type (note, cc, cc14, pitch), number 0 to 127.

    Of a 14-bit pair the number is the coarse half's, 0 to 31; a pitch wheel has number 0.
    """

    port: str
    channel: int
    type: str
    number: int

    @property
    def label(self) -> str:
        """In words, without the port."""
        name = {"note": f"note {self.number}", "cc": f"CC {self.number}", "cc14": f"CC {self.number} + {self.number + 32}"}
        return f"{name.get(self.type, 'pitch bend')}, channel {self.channel}"


@dataclass(frozen=True, slots=True)
class Touch:
    """A control was moved to `value`: 0 to 127, of a pitch wheel 0 to 16,383; a note that is let go has 0."""

    control: Control
    value: int


@dataclass(frozen=True, slots=True)
class Binding:
    """A control that turns a knob, and how (`HOWS`, or "=WORD")."""

    control: Control
    knob: str
    how: str


Bindings: TypeAlias = Mapping[Control, Binding]


def touch_of(port: str, message: Message) -> Touch | None:
    """What was moved by a message from `port`; None for what moves nothing, such as sysex and program changes."""
    match message.type:
        case "note_on":
            return Touch(Control(port, message.channel + 1, "note", message.note), message.velocity)
        case "note_off":
            return Touch(Control(port, message.channel + 1, "note", message.note), 0)
        case "control_change":
            return Touch(Control(port, message.channel + 1, "cc", message.control), message.value)
        case "pitchwheel":
            return Touch(Control(port, message.channel + 1, "pitch", 0), message.pitch + 8192)
    return None


def hows(control: Control, knob: LiveKnob) -> tuple[str, ...]:
    """How a control can turn a knob, the most likely first; none where it cannot, as no wheel can write a text."""
    note, cc = control.type == "note", control.type == "cc"
    relative = RELATIVE if cc else ()
    words = tuple(f"={word}" for word in knob.choices) if note or cc else ()
    if knob.kind in ("number", "whole") and (knob.low is None or knob.high is None):
        return relative
    match knob.kind:
        case "number":
            return ("velocity", "held") if note else ("absolute", *relative)
        case "whole" | "choice":
            return ("step", "velocity", *words) if note else ("absolute", *relative, *(("step",) if cc else ()), *words)
        case "switch" | "toggle":
            return ("toggle", "held") if note or cc else ("held",)
        case "press":
            return ("press",)
        case "seconds":
            # So many seconds on or back; a place in the song is no place on a fader.
            return relative if knob.low is not None and knob.low < 0 else ()
    return ()


def steps(how: str, value: int) -> int:
    """How far an endless encoder was turned, from its CC value 0..127: clockwise is positive."""
    if how == "twos":
        return value if value < 64 else value - 128
    if how == "offset":
        return value - 64
    return -(value & 63) if value & 64 else value & 63


class Translator:
    """Touches in, checked events out. Between calls it knows where each control stands, and which of them have their knobs."""

    def __init__(self, bindings: Iterable[Binding] = (), *, pickup: bool = True) -> None:
        """With `pickup` a fader takes its knob only once it has come to where the knob stands: nothing jumps."""
        self.bindings: dict[Control, Binding] = {each.control: each for each in bindings}
        self._pickup = pickup
        self._raw: dict[Control, int] = {}
        self._places: dict[Control, float] = {}
        self._set: dict[Control, KnobValue] = {}
        self._coarse: dict[Control, int] = {}

    def forget(self, port: str) -> None:
        """Where the controls of a port stand is not known any more: it was unplugged."""
        for known in (self._raw, self._places, self._set, self._coarse):
            for control in [each for each in known if each.port == port]:
                del known[control]

    def waiting(self, control: Control, knobs: Mapping[str, KnobValue], own: OwnKnobs) -> bool:
        """Whether a fader was moved and has not come to where its knob stands yet."""
        bound = self.bindings.get(control)
        knob = find(bound.knob, own) if bound and bound.how == "absolute" and control in self._places else None
        return knob is not None and self._pickup and self._set.get(control) != knobs.get(knob.name, knob.default or 0)

    def translate(
        self, touches: Iterable[Touch], knobs: Mapping[str, KnobValue], *, now_s: float, own: OwnKnobs
    ) -> list[ControlEvent]:
        """What is meant by `touches`, in their order, where `knobs` stand as they do; stamped with the show time `now_s`.

        Every press counts; of a knob only where it comes to stand, of steps through the song their sum.
        """
        stand = dict(knobs)
        presses: list[ControlEvent] = []
        turns: dict[str, ControlEvent] = {}
        for touch in touches:
            bound, full = self._bound(touch)
            moved = bound.control if bound else touch.control
            last, self._raw[moved] = self._raw.get(moved, 0), full
            knob = find(bound.knob, own) if bound else None
            if bound is None or knob is None:
                continue
            args = self._args(bound, knob, full, last, stand)
            made = event(f"midi:{touch.control.port}", knob.name, args, time_s=now_s, own=own) if args is not None else None
            if not isinstance(made, ControlEvent):
                continue
            if knob.kind == "seconds" and presses and presses[-1].knob == knob.name:
                presses[-1] = replace(made, value=float(presses[-1].value or 0) + float(made.value or 0))
                continue
            if knob.is_trigger or made.value is None:
                presses.append(made)
                continue
            stand[knob.name] = self._set[bound.control] = made.value
            turns[knob.name] = made
        return [*presses, *turns.values()]

    def _bound(self, touch: Touch) -> tuple[Binding | None, int]:
        """The binding that a touch belongs to, and its whole value: two messages make one of 14 bits."""
        control = touch.control
        if control.type == "cc" and control.number < 64:
            coarse = Control(control.port, control.channel, "cc14", control.number % 32)
            if coarse in self.bindings:
                # A coarse half sets the fine one to 0 until it comes (MIDI 1.0, continuous controllers).
                fine = touch.value if control.number >= 32 else 0
                self._coarse[coarse] = self._coarse.get(coarse, 0) if control.number >= 32 else touch.value
                return self.bindings[coarse], self._coarse[coarse] * 128 + fine
        return self.bindings.get(control), touch.value

    def _args(
        self, bound: Binding, knob: LiveKnob, value: int, last: int, stand: Mapping[str, KnobValue]
    ) -> tuple[KnobValue, ...] | None:
        """What the knob is told, as by OSC; None where nothing is meant."""
        now, place, how = stand.get(knob.name, knob.default), value / _FULL[bound.control.type], bound.how
        if how == "absolute":
            return (value_at(knob, place),) if self._takes(bound.control, knob, place, now) else None
        if how in RELATIVE:
            return _turned(knob, now, steps(how, value))
        if how == "held":
            on = _on(bound.control, value)
            return (value_at(knob, float(on)),) if on != _on(bound.control, last) else None
        if how == "velocity":
            return (value_at(knob, place),) if value else None
        if not _pressed(bound.control, value, last):
            return None
        if how == "toggle":
            return () if knob.kind == "toggle" else (not now,)
        if how == "step":
            return _next(knob, now)
        return (how[1:],) if how.startswith("=") else ()

    def _takes(self, control: Control, knob: LiveKnob, place: float, now: KnobValue | None) -> bool:
        """Whether a fader has its knob: it set it last, or has come to where it stands, or passed there."""
        last, self._places[control] = self._places.get(control), place
        stands = None if now is None else place_of(knob, now)
        if not self._pickup or stands is None or self._set.get(control) == now:
            return True
        passed = last is not None and (last - stands) * (place - stands) <= 0
        return passed or abs(place - stands) <= max(_NEAR, 0.5 / len(knob.choices) if knob.choices else 0.0)


def _on(control: Control, value: int) -> bool:
    return value > 0 if control.type == "note" else value >= (_FULL[control.type] + 1) // 2


def _pressed(control: Control, value: int, last: int) -> bool:
    """Whether a button goes down; some never tell that they come up, and a fader never tells the same place twice."""
    return value > 0 if control.type == "note" else _on(control, value) and (not _on(control, last) or value == last)


def _turned(knob: LiveKnob, now: KnobValue | None, count: int) -> tuple[KnobValue, ...] | None:
    if count == 0:
        return None
    if knob.kind == "seconds":
        return (float(count),)
    if knob.kind == "choice":
        place = knob.choices.index(str(now)) if now in knob.choices else 0
        return (min(max(place + count, 0), len(knob.choices) - 1),)
    span = 1.0 if knob.low is None or knob.high is None else knob.high - knob.low
    step = max(1, round(span / 127)) if knob.kind == "whole" else span / 127
    return (float(now or 0) + count * step,)


def _next(knob: LiveKnob, now: KnobValue | None) -> tuple[KnobValue, ...]:
    """The next choice or whole number; after the last one comes the first."""
    if knob.kind == "choice":
        return ((knob.choices.index(str(now)) + 1) % len(knob.choices) if now in knob.choices else 0,)
    beyond = float(now or 0) + 1.0
    return (beyond if knob.high is None or beyond <= knob.high else knob.low or 0.0,)


# Learning ----------------------------------------------------------------------------------------------------------------------


def learned(touches: Sequence[Touch], knob: LiveKnob) -> Binding | None:
    """What a person meant who moved these controls of one port to bind `knob`; None where that cannot be.

    A fader outweighs the note by which it tells that it was touched. A coarse and a fine CC are a pair. A CC that tells the same
    value again was turned, not moved: around 64 by an offset, near 0 and 127 in two's complement, near 0 and 64 by sign and size.
    Which of the last two, and which way, shows when it was turned both ways.
    """
    moved = [touch for touch in touches if touch.control.type != "note"] or list(touches)
    if not moved:
        return None
    control = moved[0].control
    same = [touch.value for touch in moved if touch.control == control]
    fine = Control(control.port, control.channel, "cc", control.number + 32)
    if control.type == "cc" and control.number < 32 and any(touch.control == fine for touch in moved):
        control = Control(control.port, control.channel, "cc14", control.number)
    can = hows(control, knob)
    how = _how(same) if control.type == "cc" else ""
    return Binding(control, knob.name, how if how in can else can[0]) if can else None


def _how(values: Sequence[int]) -> str:
    if len(values) > 1 and set(values) == {0, 127}:
        return "step"
    if not any(first == second for first, second in pairwise(values)):
        return ""
    low, middle = any(value <= 15 for value in values), any(48 <= value <= 80 for value in values)
    if low and middle:
        return "sign"
    return "offset" if middle else "twos"


# Lights and motor faders ------------------------------------------------------------------------------


def is_button(binding: Binding) -> bool:
    """Whether the control is pressed, not moved: its light may change under the finger."""
    return binding.how in ("toggle", "press", "step", "held") or binding.how.startswith("=")


def lights(binding: Binding, knob: LiveKnob, value: KnobValue) -> list[Message]:
    """The messages by which a controller shows where the knob stands; none where there is nothing to show."""
    control, place = binding.control, place_of(knob, value)
    if binding.how.startswith("="):
        place = float(value == binding.how[1:])
    if place is None:
        return []
    level, channel = round(place * _FULL[control.type]), control.channel - 1
    match control.type:
        case "note":
            return [Message("note_on", channel=channel, note=control.number, velocity=level)]
        case "cc":
            return [Message("control_change", channel=channel, control=control.number, value=level)]
        case "cc14":
            halves = (control.number, level >> 7), (control.number + 32, level & 127)
            return [Message("control_change", channel=channel, control=number, value=half) for number, half in halves]
    return [Message("pitchwheel", channel=channel, pitch=level - 8192)]


# On disk -----------------------------------------------------------------------------------------------------------------------

FORMAT = 1


def as_json(bindings: Iterable[Binding]) -> dict[str, Any]:
    """Bindings as a JSON object."""
    rows = [
        {
            "port": each.control.port,
            "channel": each.control.channel,
            "type": each.control.type,
            "number": each.control.number,
            "knob": each.knob,
            "how": each.how,
        }
        for each in sorted(bindings, key=lambda each: (each.knob, each.control))
    ]
    return {"format": FORMAT, "bindings": rows}


def from_json(loaded: Any) -> tuple[Binding, ...]:
    """The bindings of a JSON object. ValueError saying what is wrong and what is needed. Knobs that are not there may come."""
    if not isinstance(loaded, dict) or loaded.get("format") != FORMAT or not isinstance(loaded.get("bindings"), list):
        raise ValueError(f'an object with "format": {FORMAT} and a list "bindings" is needed')
    return tuple(_binding(row, place) for place, row in enumerate(loaded["bindings"], 1))


def _binding(row: Any, place: int) -> Binding:
    def need(key: str, right: bool, needed: str) -> None:
        if not right:
            raise ValueError(f"binding {place}: {key} = {row.get(key)!r}: {needed} is needed")

    def whole(key: str, low: int, high: int) -> None:
        need(key, type(row.get(key)) is int and low <= row[key] <= high, f"a whole number from {low} to {high}")

    if not isinstance(row, dict):
        raise ValueError(f"binding {place}: an object is needed")
    need("type", row.get("type") in TYPES, f"one of {', '.join(TYPES)}")
    whole("channel", 1, 16)
    whole("number", 0, {"cc14": 31, "pitch": 0}.get(row["type"], 127))
    for key in ("port", "knob", "how"):
        need(key, isinstance(row.get(key), str) and 0 < len(row[key]) <= 200, "a text")
    need("how", row["how"] in HOWS or row["how"].startswith("="), f"one of {', '.join(HOWS)} or =WORD")
    return Binding(Control(row["port"], row["channel"], row["type"], row["number"]), row["knob"], row["how"])
