"""Keys and mouse. pygame is only asked for its names, and only when the first key comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np

from installation.control.knobs import TEXT_LIMIT, event
from installation.state import ControlEvent, KnobValue

KEYS: tuple[tuple[str, str], ...] = (
    ("space", "hold the song, or let it go on"),
    ("right, n", "next song"),
    ("left, p", "song before"),
    (", and .", "10 seconds back, 10 seconds on"),
    ("r", "any song"),
    ("/", "search: what fits is lit on the map; Enter plays the best, a click any; Esc leaves"),
    ("click", "plays the song under the pointer"),
    ("drag", "flies over the map: from beside the songs, or with the right button; it comes back to the song by itself"),
    ("wheel, + and -", "nearer, farther"),
    ("1, 2, 3", "map, grid, wall"),
    ("4, 5, 6", "chart, forming, gallery"),
    ("0, a", "scenes change by themselves"),
    ("up, down", "louder, quieter"),
    ("f", "fullscreen, or a window"),
    ("c", "the code that lets phones in, or none"),
    ("t", "the picture to set displays up by; its corners can be dragged"),
    ("m", "MIDI: choose a knob, move a controller; left and right change how, delete unbinds, Esc leaves"),
    ("F9", "records the show, picture and sound, or ends that; a dot in the corner, which is not recorded, says so"),
    ("?", "these keys"),
    ("F1", "how the show runs: frames, sound, memory, faults, knobs"),
    ("q, Esc", "end the show"),
)
"""What the help says: keys, and what they do."""

_PLAIN: dict[str, tuple[str, KnobValue | None]] = {
    "space": ("pause", None),
    "right": ("next", None),
    "n": ("next", None),
    "left": ("previous", None),
    "p": ("previous", None),
    ",": ("skip", -10.0),
    ".": ("skip", 10.0),
    "1": ("scene", "map"),
    "2": ("scene", "grid"),
    "3": ("scene", "wall"),
    "4": ("scene", "chart"),
    "5": ("scene", "forming"),
    "6": ("scene", "gallery"),
    "0": ("scene", "auto"),
    "a": ("scene", "auto"),
    "f9": ("record", None),
}
_VOLUME_STEP = 0.05
_CLOSER = 0.35
"""How much nearer a notch of the wheel or a press of + comes: 1 would be twice as near."""

Fly = Callable[[float, float, float], tuple[tuple[str, float], ...]]
"""The knobs and values that move the picture so many widths to the right and heights down, and so much nearer."""

Pick = Callable[[float, float], str | None]
"""The id of the song at a place of the window (0..1 from left, 0..1 from the top), or None."""


class Learning(Protocol):
    """A list that takes all keys while it is open."""

    is_open: bool

    def open(self) -> None:
        """Begin."""

    def key(self, key: str, text: str) -> None:
        """A key by its name, with the text it writes."""


class Keys:
    """Turns pygame's events into control events.

    `typed` is the text of an open search, else None; `help` and `readings` whether the keys, or how the show runs, shall be
    shown. `fullscreen_wanted` counts the
    presses of f: the window is the app's.
    """

    def __init__(
        self,
        *,
        pick: Pick = lambda _x, _y: None,
        any_song: Callable[[], str | None] = lambda: None,
        volume: Callable[[], float] = lambda: 1.0,
        best: Callable[[str], str | None] = lambda _text: None,
        testing: Callable[[], bool] = lambda: False,
        coded: Callable[[], bool] = lambda: False,
        corner: Callable[[float, float], tuple[int, int] | None] = lambda _x, _y: None,
        fly: Fly = lambda _across, _down, _closer: (),
        pin: Callable[[int, int, float, float], tuple[str, str] | None] = lambda _number, _corner, _x, _y: None,
        learn: Learning | None = None,
    ) -> None:
        """`pick` finds the song under the pointer, `any_song` an id by chance, `volume` the present loudness.

        `fly` says which knobs move the camera.
        `best` is the id that an open search shows as what fits best, None while it shows nothing yet. `coded` is whether the
        phones' code is shown, `testing` whether the test picture is; `corner` then finds the output and corner under the
        pointer, and `pin` is the knob and its text once that corner lies elsewhere. `learn` is where MIDI controllers are
        bound.
        """
        self.typed: str | None = None
        self.help = self.readings = False
        self.fullscreen_wanted = 0
        self._pick, self._any_song, self._volume, self._best = pick, any_song, volume, best
        self._testing, self._corner, self._pin = testing, corner, pin
        self._coded = coded
        self._held: tuple[int, int] | None = None
        self._fly = fly
        self._dragged: tuple[float, float] | None = None
        self._learn = learn

    @property
    def _writing(self) -> bool:
        """Whether what is typed is a text."""
        return self.typed is not None or (self._learn is not None and self._learn.is_open)

    def translate(self, events: Iterable[Any], *, size_px: tuple[int, int], now_s: float) -> list[ControlEvent]:
        """The control events of pygame's `events` in a window of `size_px`, stamped with the show time `now_s`."""
        import pygame

        found: list[ControlEvent | None] = []
        moved = np.zeros(3)
        for each in events:
            if each.type == pygame.QUIT:
                found.append(ControlEvent("window", "quit", None, now_s))
            elif each.type in (pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP, pygame.MOUSEMOTION):
                x, y = each.pos[0] / size_px[0], each.pos[1] / size_px[1]
                found.append(made := self._mouse(each, x, y, now_s))
                moved += self._drag(each, x, y, beside=made is None)
            elif each.type == pygame.MOUSEWHEEL:
                moved[2] += _CLOSER * max(min(each.y, 8), -8)
            elif each.type == pygame.KEYDOWN and not self._writing and each.unicode in ("+", "-", "="):
                moved[2] += -_CLOSER if each.unicode == "-" else _CLOSER
            elif each.type == pygame.KEYDOWN and not each.mod & (pygame.KMOD_CTRL | pygame.KMOD_ALT | pygame.KMOD_META):
                found.append(self._key(pygame.key.name(each.key), each.unicode, now_s))
        if moved.any():
            # All of a frame's moves at once: each by itself would begin where the camera was before any of them.
            found += [_event(knob, value, now_s) for knob, value in self._fly(*moved.tolist())]
        return [each for each in found if each is not None]

    def _mouse(self, each: Any, x: float, y: float, now_s: float) -> ControlEvent | None:
        """A click plays what it hits; over the test picture it takes a corner, which follows until it is let go."""
        import pygame

        pressed = each.type == pygame.MOUSEBUTTONDOWN
        if each.type == pygame.MOUSEMOTION:
            pinned = self._pin(*self._held, x, y) if self._held and self._testing() else None
            return _event(*pinned, now_s) if pinned else None
        if each.button != 1:
            return None
        self._held = self._corner(x, y) if pressed and self._testing() else None
        if not pressed or self._testing():
            return None
        hit = self._pick(x, y)
        # Beside the songs it is a drag that begins, and what a search has lit stays lit.
        self.typed = None if hit else self.typed
        return _seed("mouse", hit, now_s)

    def _drag(self, each: Any, x: float, y: float, *, beside: bool) -> tuple[float, float, float]:
        """How the land follows the pointer while the right button is held, or the left one that was pressed beside all songs."""
        import pygame

        if each.type == pygame.MOUSEMOTION and self._dragged is not None:
            (last_x, last_y), self._dragged = self._dragged, (x, y)
            return x - last_x, y - last_y, 0.0
        if each.type == pygame.MOUSEBUTTONDOWN and not self._testing():
            takes = each.button == 3 or (each.button == 1 and beside)
            self._dragged = (x, y) if takes else None
        elif each.type == pygame.MOUSEBUTTONUP:
            self._dragged = None
        return 0.0, 0.0, 0.0

    def _key(self, key: str, text: str, now_s: float) -> ControlEvent | None:
        if self.typed is not None:
            return self._search(key, text, now_s)
        if self._learn and self._learn.is_open:
            self._learn.key(key, text)
        elif text == "m" and self._learn:
            self._learn.open()
        elif text == "?" or (self.help and key == "escape"):
            self.help = not self.help
        elif text == "/":
            self.typed, self.help = "", False
        elif key == "f1":
            self.readings = not self.readings
        elif key == "f":
            self.fullscreen_wanted += 1
        elif key == "t":
            return _event("test_picture", not self._testing(), now_s)
        elif key == "c":
            return _event("remote_code", not self._coded(), now_s)
        elif key == "r":
            return _seed("keys", self._any_song(), now_s)
        elif key in ("up", "down"):
            louder = self._volume() + (_VOLUME_STEP if key == "up" else -_VOLUME_STEP)
            return _event("volume", louder, now_s)
        elif key in ("q", "escape"):
            return ControlEvent("keys", "quit", None, now_s)
        elif plain := _PLAIN.get(key.strip("[]")):
            return _event(plain[0], plain[1], now_s)
        return None

    def _search(self, key: str, text: str, now_s: float) -> ControlEvent | None:
        typed = self.typed or ""
        if key in ("return", "enter", "[enter]"):
            self.typed = None
            return _seed("keys", self._best(typed) or typed, now_s)
        if key == "escape":
            self.typed = None
        elif key == "backspace":
            self.typed = typed[:-1]
        elif text.isprintable():
            self.typed = (typed + text)[:TEXT_LIMIT]
        return None


def _event(knob: str, value: KnobValue | None, now_s: float) -> ControlEvent | None:
    made = event("keys", knob, () if value is None else (value,), time_s=now_s)
    return made if isinstance(made, ControlEvent) else None


def _seed(source: str, wish: str | None, now_s: float) -> ControlEvent | None:
    made = event(source, "seed", (wish,), time_s=now_s) if wish else None
    return made if isinstance(made, ControlEvent) else None
