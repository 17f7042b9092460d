"""Gamepads: sticks fly over the map, buttons choose. They come and go as they please; a computer without any is as good.

SDL knows the buttons of hundreds of pads by where they lie under the hand; those that it does not know are left alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from installation.control.knobs import event
from installation.messages import ControlEvent, KnobValue

SOURCE = "pad"

PADS: tuple[tuple[str, str], ...] = (
    ("left stick", "flies; a ring says which song A plays, the nearest to the middle"),
    ("right stick, triggers", "nearer, farther"),
    ("A", "plays the song in the ring"),
    ("X", "any song"),
    ("Y", "scenes change by themselves"),
    ("B", "another map of the family"),
    ("cross left, right", "song before, next song"),
    ("cross up, down", "louder, quieter"),
    ("shoulders", "scene before, next scene"),
    ("start", "hold the song, or let it go on"),
    ("back", "these words"),
)
"""What the help says of a gamepad."""

DEAD = 0.18
"""So far out of its middle a stick may rest."""

FLY = 0.55
"""Picture widths a second that the left stick flies at its end, and ..."""

CLOSER = 1.2
"""... so much nearer a second the right one comes: 1 would be twice as near."""

AIM_S = 3.0
"""The ring stays so long after a stick was moved."""

_EASE_S = 0.15
_MOST_DT_S = 0.1
_VOLUME_STEP = 0.05
_FULL = 32767.0


class Opened(Protocol):
    """A pad that is listened to."""

    def quit(self) -> None:
        """Stop that."""


Fly = Callable[[float, float, float], tuple[tuple[str, float], ...]]


class Pads:
    """All gamepads as one. `ring` 0..1 is how much of the ring in the picture's middle is there; `help` is toggled by back."""

    def __init__(
        self,
        *,
        fly: Fly,
        aimed: Callable[[], str | None],
        any_song: Callable[[], str | None],
        volume: Callable[[], float],
        onward: Callable[[str, int], KnobValue],
        help: Callable[[], None] = lambda: None,
        open_pad: Callable[[int], tuple[int, Opened]] | None = None,
    ) -> None:
        """`fly` says which knobs move the camera, `aimed` which song the ring is around, `onward` a knob's next or last value.

        `open_pad` begins to listen to the pad of a number and says which it is.
        """
        self.ring = 0.0
        self._fly, self._aimed, self._any_song, self._volume, self._onward = fly, aimed, any_song, volume, onward
        self._help = help
        self._open_pad = open_pad or _opened
        self._pads: dict[int, Opened] = {}
        self._axes: dict[tuple[int, int], float] = {}
        self._seen_s: float | None = None
        self._moved_s = -math.inf
        self._faults: list[str] = []

    def open(self) -> None:
        """Look for pads from now on; what goes wrong is told by `errors`."""
        import pygame

        try:
            from pygame._sdl2 import controller

            controller.init()
        except (ImportError, pygame.error) as error:
            self._faults.append(f"no gamepads: {error}; everything else steers as before")

    def close(self) -> None:
        """Let go of all pads."""
        while self._pads:
            self._let_go(next(iter(self._pads)))

    @property
    def there(self) -> bool:
        """Whether there is a pad."""
        return bool(self._pads)

    def errors(self) -> list[str]:
        """What went wrong since the last call, in words for a person."""
        told, self._faults = self._faults, []
        return told

    def translate(self, events: Iterable[Any], *, now_s: float) -> list[ControlEvent]:
        """The control events of pygame's `events` and of sticks that are held, stamped with the show time `now_s`."""
        import pygame

        dt_s = 0.0 if self._seen_s is None else min(max(now_s - self._seen_s, 0.0), _MOST_DT_S)
        self._seen_s = now_s
        found: list[ControlEvent | None] = []
        for each in events:
            if each.type == pygame.CONTROLLERDEVICEADDED:
                self._take(each.device_index)
            elif each.type == pygame.CONTROLLERDEVICEREMOVED:
                self._let_go(each.instance_id)
            elif each.type == pygame.CONTROLLERAXISMOTION:
                self._axes[each.instance_id, each.axis] = max(-1.0, min(1.0, each.value / _FULL))
            elif each.type == pygame.CONTROLLERBUTTONDOWN:
                found.append(self._button(each.button, now_s))
        found += self._sticks(now_s, dt_s)
        target = 1.0 if now_s - self._moved_s < AIM_S else 0.0
        self.ring = target + (self.ring - target) * math.exp(-dt_s / _EASE_S)
        return [each for each in found if each is not None]

    def _take(self, number: int) -> None:
        try:
            instance, pad = self._open_pad(number)
        except Exception as error:  # a pad that cannot be opened is none
            self._faults.append(f"a gamepad cannot be read: {error}")
            return
        self._pads[instance] = pad

    def _let_go(self, instance: int) -> None:
        """What it held is let go: a cable pulled with the stick at its end would fly on for ever."""
        self._axes = {key: value for key, value in self._axes.items() if key[0] != instance}
        pad = self._pads.pop(instance, None)
        if pad is not None:
            pad.quit()

    def _button(self, button: int, now_s: float) -> ControlEvent | None:
        import pygame

        asked: dict[int, Callable[[], tuple[str, KnobValue | None]]] = {
            pygame.CONTROLLER_BUTTON_A: lambda: ("seed", self._aimed()),
            pygame.CONTROLLER_BUTTON_X: lambda: ("seed", self._any_song()),
            pygame.CONTROLLER_BUTTON_Y: lambda: ("scene", "auto"),
            pygame.CONTROLLER_BUTTON_B: lambda: ("map", self._onward("map", 1)),
            pygame.CONTROLLER_BUTTON_DPAD_LEFT: lambda: ("previous", None),
            pygame.CONTROLLER_BUTTON_DPAD_RIGHT: lambda: ("next", None),
            pygame.CONTROLLER_BUTTON_DPAD_UP: lambda: ("volume", self._volume() + _VOLUME_STEP),
            pygame.CONTROLLER_BUTTON_DPAD_DOWN: lambda: ("volume", self._volume() - _VOLUME_STEP),
            pygame.CONTROLLER_BUTTON_LEFTSHOULDER: lambda: ("scene", self._onward("scene", -1)),
            pygame.CONTROLLER_BUTTON_RIGHTSHOULDER: lambda: ("scene", self._onward("scene", 1)),
            pygame.CONTROLLER_BUTTON_START: lambda: ("pause", None),
        }
        if button == pygame.CONTROLLER_BUTTON_BACK:
            self._help()
        if button not in asked:
            return None
        knob, value = asked[button]()
        # A seed of nothing: the ring is around no song.
        return None if knob == "seed" and value is None else _event(knob, value, now_s)

    def _sticks(self, now_s: float, dt_s: float) -> list[ControlEvent | None]:
        """Where the sticks have flown the camera since the last frame: by time, however many frames that took."""
        import pygame

        x, y = _bent(self._axis(pygame.CONTROLLER_AXIS_LEFTX), self._axis(pygame.CONTROLLER_AXIS_LEFTY))
        _, back = _bent(0.0, self._axis(pygame.CONTROLLER_AXIS_RIGHTY))
        _, pulled = _bent(0.0, self._axis(pygame.CONTROLLER_AXIS_TRIGGERRIGHT) - self._axis(pygame.CONTROLLER_AXIS_TRIGGERLEFT))
        if not (x or y or back or pulled):
            return []
        self._moved_s = now_s
        if dt_s <= 0.0:
            return []
        closer = max(-1.0, min(1.0, pulled - back))
        # The land goes the other way than the camera. A picture is wider than high: both ways are as fast on the screen.
        moved = self._fly(-x * FLY * dt_s, -y * FLY * 1.6 * dt_s, closer * CLOSER * dt_s)
        return [_event(knob, value, now_s) for knob, value in moved]

    def _axis(self, axis: int) -> float:
        """An axis of all pads together, -1 to 1."""
        return max(-1.0, min(1.0, sum(value for (_, each), value in self._axes.items() if each == axis)))


def _bent(x: float, y: float) -> tuple[float, float]:
    """A stick without the rest in its middle, gentle near it: (x, y) of length r to length ((r - dead) / (1 - dead))^1.6."""
    r = math.hypot(x, y)
    if r <= DEAD:
        return 0.0, 0.0
    pushed = ((min(r, 1.0) - DEAD) / (1.0 - DEAD)) ** 1.6
    return x / r * pushed, y / r * pushed


def _opened(number: int) -> tuple[int, Opened]:
    from pygame._sdl2 import controller

    pad = controller.Controller(number)
    return pad.as_joystick().get_instance_id(), pad


def _event(knob: str, value: KnobValue | None, now_s: float) -> ControlEvent | None:
    made = event(SOURCE, knob, () if value is None else (value,), time_s=now_s)
    return made if isinstance(made, ControlEvent) else None
