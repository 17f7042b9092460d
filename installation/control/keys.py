"""Keys, mouse and fingers. pygame is only asked for its names, and only when the first key comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from installation.control.knobs import TEXT_LIMIT, event
from installation.control.pointer import CLOSER, Drawn, Pick, Place, Pointer, Press, Rows
from installation.messages import ControlEvent, KnobValue

KEYS: tuple[tuple[str, str], ...] = (
    ("space", "hold the song, or let it go on"),
    ("right, n", "next song"),
    ("left, p", "song before"),
    (", and .", "10 seconds back, 10 seconds on"),
    ("r", "any song"),
    ("/", "search: what fits is lit on the map; Enter plays the best, a click any; Esc leaves"),
    ("+ and -", "nearer, farther"),
    ("1, 2, 3", "map, grid, wall"),
    ("4, 5, 6", "chart, forming, gallery"),
    ("0, a", "scenes change by themselves"),
    ("v, V", "another map of the family: the next, the one before"),
    ("x, X, y, Y", "another recipe for what comes next, the one before; another mixtape by it, the one before"),
    ("up, down", "louder, quieter"),
    ("f", "fullscreen, or a window"),
    ("c", "the code that lets phones in, or none"),
    ("t", "the picture to set displays up by; its corners can be dragged"),
    ("m", "MIDI: choose a knob, move a controller; left and right change how, delete unbinds, Esc leaves"),
    ("F9", "records the show, picture and sound, or ends that; a dot in the corner, which is not recorded, says so"),
    ("l", "the pointer draws, or flies again: a line over the map becomes the mixtape"),
    ("?", "these keys; once more: mouse, fingers, gamepad"),
    ("F1", "how the show runs: frames, sound, memory, faults, knobs"),
    ("q, Esc", "end the show"),
)
"""What the help says: keys, and what they do."""

HANDS: tuple[tuple[str, str], ...] = (
    ("click, tap", "plays the song there, also one that a search has lit or lists"),
    ("drag, one finger", "flies; the mouse from beside the songs, or its right button"),
    ("wheel, two fingers", "nearer, farther"),
    ("Shift or rest, then drag", "draws: a line plays the songs along it, a ring those inside"),
)
"""What the help says of mouse and fingers."""

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
Fly = Callable[[float, float, float], tuple[tuple[str, float], ...]]
"""The knobs and values that move the picture so many widths to the right and heights down, and so much nearer."""

Drawing = Callable[[Sequence[Place]], tuple[str, KnobValue] | None]
"""The trigger and its value that a stroke through places of the map asks for, or None where it asks for nothing."""


class Learning(Rows, Protocol):
    """A list that takes all keys and the pointer while it is open."""

    def open(self) -> None:
        """Begin."""

    def key(self, key: str, text: str) -> None:
        """A key by its name, with the text it writes."""


class Keys:
    """Turns pygame's events into control events.

    `typed` is the text of an open search, else None. `help` is the page of help to show, 1 for keys and 2 for all else, or 0;
    `readings` whether to show how the show runs. `fullscreen_wanted` counts the presses of f: the window is the app's.
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
        onward: Callable[[str, int], KnobValue] = lambda _knob, by: by,
        learn: Learning | None = None,
        row_at: Callable[[float, float], int | None] = lambda _x, _y: None,
        tap: Pick | None = None,
        grip: Callable[[float, float], Place | None] = lambda _x, _y: None,
        drawn: Drawing = lambda _stroke: None,
    ) -> None:
        """`pick` finds the song under the pointer, `tap` the one that a fingertip means, `any_song` an id by chance, `volume` the
        present loudness.

        `fly` says which knobs move the camera. `best` is the id that an open search shows as what fits best, None while it
        shows nothing yet. `coded` is whether the phones' code is shown, `testing` whether the test picture is; `corner` then
        finds the output and corner under the pointer, and `pin` is the knob and its text once that corner lies elsewhere.
        `onward` is the value of a knob so many steps on from where it is. `learn` is where MIDI controllers are bound; `row_at`
        finds the row of words at a place of the window. `grip` finds the place of the map that a pen takes hold of there, and
        `drawn` is what a stroke through such places asks for.
        """
        self.typed: str | None = None
        self.help, self.readings = 0, False
        self.fullscreen_wanted = 0
        self._any_song, self._volume, self._best = any_song, volume, best
        self._testing, self._corner, self._pin = testing, corner, pin
        self._coded = coded
        self._held: tuple[int, int] | None = None
        self._fly, self._drawn = fly, drawn
        self._learn = learn
        self._pointer = Pointer(pick=pick, tap=tap or pick, grip=grip, rows=learn, row_at=row_at)
        self._onward = onward

    @property
    def _writing(self) -> bool:
        """Whether what is typed is a text."""
        return self.typed is not None or (self._learn is not None and self._learn.is_open)

    def translate(self, events: Iterable[Any], *, size_px: tuple[int, int], now_s: float) -> list[ControlEvent]:
        """The control events of pygame's `events` in a window of `size_px`, stamped with the show time `now_s`."""
        import pygame

        found: list[ControlEvent | None] = []
        closer = 0.0
        for each in events:
            if each.type == pygame.QUIT:
                found.append(ControlEvent("window", "quit", None, now_s))
            elif each.type == pygame.WINDOWFOCUSLOST:
                self._pointer.leave()
            elif each.type in (pygame.MOUSEBUTTONDOWN, pygame.MOUSEBUTTONUP, pygame.MOUSEMOTION, pygame.MOUSEWHEEL):
                found.append(self._mouse(each, size_px, now_s))
            elif each.type in (pygame.FINGERDOWN, pygame.FINGERUP, pygame.FINGERMOTION) and not self._testing():
                self._pointer.finger(each, size_px=size_px, now_s=now_s)
            elif each.type == pygame.KEYDOWN and not self._writing and each.unicode in ("+", "-", "="):
                closer += -CLOSER if each.unicode == "-" else CLOSER
            elif each.type == pygame.KEYDOWN and not each.mod & (pygame.KMOD_CTRL | pygame.KMOD_ALT | pygame.KMOD_META):
                found.append(self._key(pygame.key.name(each.key), each.unicode, now_s))
        self._pointer.rest(now_s)
        found += [self._meant(each, now_s) for each in self._pointer.taken()]
        # The land holds still while somebody draws over it.
        began, self._pointer.began = self._pointer.began, False
        for source in ("mouse", "touch"):
            across, down, nearer = self._pointer.flown(source)
            if source == "mouse":
                nearer += closer
            if across or down or nearer or (source == "mouse" and began):
                # All of a frame's moves at once: each by itself would begin where the camera was before any of them.
                found += [_event(knob, value, now_s, source=source) for knob, value in self._fly(across, down, nearer)]
        return [each for each in found if each is not None]

    def turn_help(self, *, hands: bool = False) -> None:
        """Show the next page of help, or none after the last; for `hands`, the page of all that is no key, or none."""
        self.help = 2 * (self.help != 2) if hands else (self.help + 1) % 3

    @property
    def stroke(self) -> tuple[tuple[float, float], ...]:
        """The places of the map that a line runs through which is being drawn just now."""
        return self._pointer.stroke

    @property
    def missed(self) -> int:
        """How many strokes were drawn where no map is."""
        return self._pointer.missed

    @property
    def pen(self) -> bool:
        """Whether the pointer draws."""
        return self._pointer.pen

    def _mouse(self, each: Any, size_px: tuple[int, int], now_s: float) -> ControlEvent | None:
        """A mouse, or over the test picture the finger that looks like one: it takes a corner, which follows until let go."""
        import pygame

        if each.type == pygame.MOUSEWHEEL:
            self._pointer.wheel(each.y)
            return None
        place = x, y = each.pos[0] / size_px[0], each.pos[1] / size_px[1]
        pressed = each.type == pygame.MOUSEBUTTONDOWN
        if each.type != pygame.MOUSEMOTION:
            self._held = self._corner(x, y) if pressed and each.button == 1 and self._testing() else None
        if self._testing():
            pinned = self._pin(*self._held, x, y) if self._held and each.type == pygame.MOUSEMOTION else None
            return _event(*pinned, now_s) if pinned else None
        if not getattr(each, "touch", False):
            shift = pygame.display.get_init() and bool(pygame.key.get_mods() & pygame.KMOD_SHIFT)
            self._pointer.mouse(each, place, shift=shift)
        return None

    def _meant(self, made: Press | Drawn, now_s: float) -> ControlEvent | None:
        """What a click or a stroke asks for."""
        if isinstance(made, Press):
            self.typed = None
            return _seed(made.source, made.song, now_s)
        asked = self._drawn(made.stroke)
        return _event(*asked, now_s, source=made.source) if asked else None

    def _key(self, key: str, text: str, now_s: float) -> ControlEvent | None:
        if self.typed is not None:
            return self._search(key, text, now_s)
        if self._learn and self._learn.is_open:
            self._learn.key(key, text)
        elif text == "m" and self._learn:
            self._learn.open()
        elif text == "?":
            self.turn_help()
        elif self.help and key == "escape":
            self.help = 0
        elif text == "/":
            self.typed, self.help = "", 0
        elif key == "f1":
            self.readings = not self.readings
        elif key == "l":
            self._pointer.pen = not self._pointer.pen
        elif key == "f":
            self.fullscreen_wanted += 1
        elif key == "t":
            return _event("test_picture", not self._testing(), now_s)
        elif key == "c":
            return _event("remote_code", not self._coded(), now_s)
        elif key == "v":
            return _event("map", self._onward("map", -1 if text == "V" else 1), now_s)
        elif key == "x":
            return _event("recipe", self._onward("recipe", -1 if text == "X" else 1), now_s)
        elif key == "y":
            return _event("variation", self._onward("variation", -1 if text == "Y" else 1), now_s)
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


def _event(knob: str, value: KnobValue | None, now_s: float, *, source: str = "keys") -> ControlEvent | None:
    made = event(source, knob, () if value is None else (value,), time_s=now_s)
    return made if isinstance(made, ControlEvent) else None


def _seed(source: str, wish: str | None, now_s: float) -> ControlEvent | None:
    made = event(source, "seed", (wish,), time_s=now_s) if wish else None
    return made if isinstance(made, ControlEvent) else None
