"""Learn mode: somebody chooses a knob on the screen and moves a controller, and from then on the one turns the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from installation.control.knobs import ROOT, TEXT_LIMIT, LiveKnob, OwnKnobs, registry
from installation.control.midi_map import HOWS, Binding, Control, Touch, Translator, hows, learned
from installation.messages import KnobValue

ROWS = 13
"""So many knobs are seen at once."""

TOGETHER_S = 1.0
"""What moves within this time of the control before it, on the same port, belongs to it."""

_MOST = 16
_BINDABLE = ("number", "whole", "switch", "choice", "press", "toggle")


class Learn:
    """The list of all knobs, filtered by what is `typed`; one is chosen. Bindings are made in the translator's mapping."""

    def __init__(self, translator: Translator, *, changed: Callable[[], None]) -> None:
        """`changed` is called after each change of the bindings."""
        self.is_open, self.typed = False, ""
        self.own: OwnKnobs = MappingProxyType({})
        self._translator, self._changed = translator, changed
        self._chosen = self._first = 0
        self._list: tuple[str | None, OwnKnobs, Sequence[LiveKnob]] = (None, self.own, ())
        self._touches: list[Touch] = []
        self._touched_s = 0.0
        self._made: Binding | None = None

    def open(self) -> None:
        """Begin, with all knobs."""
        self.is_open, self.typed = True, ""
        self._begin()

    def key(self, key: str, text: str) -> None:
        """A key by pygame's name, with the text it writes."""
        if key == "escape":
            self.is_open = False
        elif key in ("up", "down"):
            self._choose(self._chosen + (1 if key == "down" else -1))
            self._follow()
        elif key in ("left", "right"):
            self._other_how(1 if key == "right" else -1)
        elif key == "delete":
            self._unbind()
        elif key == "backspace":
            self.typed = self.typed[:-1]
            self._begin()
        elif text and text.isprintable():
            self.typed = (self.typed + text)[:TEXT_LIMIT]
            self._begin()

    def seek(self, name: str) -> None:
        """Begin at the knob of this name."""
        self.open()
        place = next((place for place, knob in enumerate(self._listed()) if knob.name == name), 0)
        self._choose(place)
        self._follow()

    def point(self, row: int) -> None:
        """Choose the knob of a row, counted from the first that is seen."""
        if 0 <= row < min(ROWS, len(self._listed()) - self._first):
            self._choose(self._first + row)

    def scroll(self, rows: int) -> None:
        """Look so many rows further down the list, or up; what is chosen stays chosen."""
        self._first = min(max(self._first + rows, 0), max(len(self._listed()) - ROWS, 0))

    def moved(self, touch: Touch, *, now_s: float) -> None:
        """A control was moved at `now_s`: it is bound to the chosen knob, better and better the more is known of it."""
        knob = self._knob
        if knob is None:
            return
        first = self._touches[0].control if self._touches else None
        if first is None or not self._belongs(touch.control, first, now_s):
            if touch.value == 0 and touch.control.type == "note":
                return
            self._touches, self._made = [], None
        self._touches, self._touched_s = [*self._touches, touch][-_MOST:], now_s
        made = learned(self._touches, knob)
        if made is None or made == self._made:
            return
        bindings = self._translator.bindings
        if self._made:
            bindings.pop(self._made.control, None)
        for half in _halves(made.control):
            bindings.pop(half, None)
        bindings[made.control] = self._made = made
        self._changed()

    def rows(self, knobs: Mapping[str, KnobValue]) -> tuple[tuple[tuple[str, str], ...], int]:
        """The knobs that are seen, each with what turns it or what it does, and which row is the chosen one, -1 for none."""
        listed = self._listed()
        if not listed:
            return (("nothing like it here", ""),), -1
        seen, place = listed[self._first : self._first + ROWS], self._chosen - self._first
        return tuple(self._row(knob, knobs) for knob in seen), place if 0 <= place < len(seen) else -1

    def _row(self, knob: LiveKnob, knobs: Mapping[str, KnobValue]) -> tuple[str, str]:
        bound = self._bound(knob)
        value = knobs.get(knob.name, "")
        stands = {True: "on", False: "off"}[value] if isinstance(value, bool) else _short(value)
        words = "; ".join(f"{each.control.label}, {_how_words(each.how)}, of {each.control.port}" for each in bound)
        if any(self._translator.waiting(each.control, knobs, self.own) for each in bound):
            words = f"waits for the fader to come to {stands}: {words}"
        return f"{knob.address.removeprefix(ROOT)}  {stands}".strip(), words or knob.sentence

    def _listed(self) -> Sequence[LiveKnob]:
        """All that a controller can turn, where each word that is typed is in its name or its sentence."""
        typed, own, listed = self._list
        if typed != self.typed or own is not self.own:
            listed = _matching(self.typed.casefold().split(), self.own)
            self._list = self.typed, self.own, listed
        return listed

    @property
    def heading(self) -> str:
        """What stands over the list."""
        return f"{self.typed}_" if self.typed else "MIDI"

    @property
    def _knob(self) -> LiveKnob | None:
        listed = self._listed()
        return listed[self._chosen] if self._chosen < len(listed) else None

    def _begin(self) -> None:
        self._choose(0)
        self._follow()

    def _follow(self) -> None:
        """Let the chosen knob be in the middle of what is seen, as far as the list reaches."""
        self._first = 0
        self.scroll(self._chosen - ROWS // 2)

    def _choose(self, place: int) -> None:
        self._chosen = min(max(place, 0), max(len(self._listed()) - 1, 0))
        self._touches, self._made = [], None

    def _belongs(self, control: Control, first: Control, now_s: float) -> bool:
        """Whether it is the same control, its fine half, or the fader whose touch was told by a note."""
        if control == first:
            return True
        soon = now_s - self._touched_s <= TOGETHER_S and control.port == first.port
        fine = control.type == first.type == "cc" and control.channel == first.channel and control.number == first.number + 32
        faders = {touch.control for touch in self._touches if touch.control.type != "note"}
        if first.type == "note" and control.type != "note":
            return control in faders or (soon and not faders)
        return soon and fine and first.number < 32

    def _bound(self, knob: LiveKnob) -> list[Binding]:
        return [each for each in self._translator.bindings.values() if each.knob == knob.name]

    def _unbind(self) -> None:
        knob = self._knob
        for each in self._bound(knob) if knob else ():
            del self._translator.bindings[each.control]
        self._touches, self._made = [], None
        self._changed()

    def _other_how(self, by: int) -> None:
        """Let the control that was bound last turn the chosen knob in another way."""
        knob = self._knob
        bound = self._bound(knob) if knob else []
        if knob is None or not bound:
            return
        last = bound[-1]
        can = hows(last.control, knob)
        if can:
            place = can.index(last.how) if last.how in can else -1
            self._translator.bindings[last.control] = replace(last, how=can[(place + by) % len(can)])
            # What a person chose is not guessed again.
            self._touches, self._made = [], None
            self._changed()


def _matching(words: Sequence[str], own: OwnKnobs) -> Sequence[LiveKnob]:
    every = {knob.name: knob for knob in (*registry(), *own.values())}.values()
    able = [knob for knob in every if knob.kind in _BINDABLE or (knob.kind == "seconds" and (knob.low or 0.0) < 0)]
    return [knob for knob in able if all(word in f"{knob.address} {knob.name} {knob.sentence}".casefold() for word in words)]


def _halves(control: Control) -> tuple[Control, ...]:
    """What cannot be bound beside this control: its messages are the same."""
    if control.type == "cc14":
        return tuple(replace(control, type="cc", number=number) for number in (control.number, control.number + 32))
    return (replace(control, type="cc14", number=control.number % 32),) if control.type == "cc" and control.number < 64 else ()


def _short(value: KnobValue) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _how_words(how: str) -> str:
    return f"sets {how[1:]}" if how.startswith("=") else HOWS.get(how, how)
