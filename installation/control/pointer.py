"""Mouse and fingers: what is pressed, dragged, pinched and drawn over the picture.

SDL makes a mouse of the first finger, and on some trackpads fingers of a mouse. Both are told apart by what they say of
themselves, so that nothing counts twice: a mouse event with `touch` set is a finger's, a finger of touch device -1 is a mouse's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

CLOSER = 0.35
"""How much nearer a notch of the wheel or a press of + comes: 1 would be twice as near."""

HOLD_S = 0.45
"""A finger that rests so long begins to draw."""

SLOP = 0.018
"""A finger or a pen that moves less, of the window's shorter side, has not moved."""

_STEP = 0.003
_MOUSE_MADE = -1
_MOST_POINTS = 4000

Place = tuple[float, float]
"""A place of the window: 0..1 from the left, 0..1 from the top."""

Pick = Callable[[float, float], str | None]
"""The id of the song at a place of the window, or None."""


class Rows(Protocol):
    """A list on the screen that takes the pointer while it is open."""

    is_open: bool

    def point(self, row: int) -> None:
        """The row of that number, counted from the top of what is seen, is pressed."""

    def scroll(self, rows: int) -> None:
        """Move on by so many rows, or back."""


@dataclass(frozen=True, slots=True)
class Press:
    """Somebody means this song, by a click or a tap."""

    source: str
    song: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A stroke that was let go: its places on the map in order, at least two."""

    source: str
    stroke: tuple[Place, ...]


@dataclass(slots=True)
class _Finger:
    began: Place
    at: Place
    down_s: float
    moved: bool = False


class Pointer:
    """Takes pygame's events of mouse and fingers. What it makes of them is taken out by `taken` and `flown`, once a frame.

    `stroke` are the places of the map that are being drawn just now: the map may move under the pen; `began` is set when a stroke
    has, `missed` counts those that were drawn beside the map. In `pen` mode the left button and a single finger draw; else the
    left button with Shift, the middle button, or a finger that rested before it moved.
    """

    def __init__(
        self,
        *,
        pick: Pick,
        tap: Pick,
        grip: Callable[[float, float], Place | None],
        rows: Rows | None = None,
        row_at: Callable[[float, float], int | None],
    ) -> None:
        """`pick` finds the song at a place, `tap` the one that a fingertip there means, `grip` the place of the map that is seen
        there; None where there is none.

        `rows` is a list that takes the pointer while it is open, `row_at` finds its rows.
        """
        self.pen = self.began = False
        self.missed = 0
        self.stroke: tuple[Place, ...] = ()
        self._pen_from: Place | None = None
        self._pen_at: Place = (0.0, 0.0)
        self._pen_far = 0.0
        self._grip = grip
        self._source = "mouse"
        self._pick, self._rows, self._row_at = {"mouse": pick, "touch": tap}, rows, row_at
        self._made: list[Press | Drawn] = []
        self._moves = {"mouse": [0.0, 0.0, 0.0], "touch": [0.0, 0.0, 0.0]}
        self._dragged: Place | None = None
        self._fingers: dict[Any, _Finger] = {}
        self._several = False
        self._scrolled = 0.0

    def taken(self) -> list[Press | Drawn]:
        """What was meant since the last call."""
        made, self._made = self._made, []
        return made

    def flown(self, source: str) -> tuple[float, float, float]:
        """How far the land was drawn since the last call, in widths to the right and heights down, and how much nearer."""
        across, down, closer = self._moves[source]
        self._moves[source] = [0.0, 0.0, 0.0]
        return across, down, closer

    def leave(self) -> None:
        """Let go of everything: the window has lost the pointer."""
        self._dragged, self._several = None, False
        self._drop()
        self._fingers.clear()

    def rest(self, now_s: float) -> None:
        """Let time pass: a single finger that has not moved begins to draw."""
        for finger in self._fingers.values():
            rested = not self._several and not finger.moved and now_s - finger.down_s >= HOLD_S
            if rested and not self._draws and not self._listing:
                self._begin("touch", finger.at)

    # The mouse ------------------------------------------------------------------------------------------------------------------

    def mouse(self, each: Any, place: Place, *, shift: bool) -> None:
        """A button that is pressed or let go, or a motion, at a place of the window; nothing where a finger made it."""
        import pygame

        if each.type == pygame.MOUSEMOTION:
            self._mouse_moves(place)
        elif each.type == pygame.MOUSEBUTTONUP:
            self._dragged = None
            if self._draws == "mouse":
                self._end()
        elif self._listing:
            self._point(place, each.button)
        elif each.button == 2 or (each.button == 1 and (self.pen or shift)):
            self._begin("mouse", place)
        elif each.button == 3 or (each.button == 1 and not self._press("mouse", place)):
            self._dragged = place

    def wheel(self, notches: float) -> None:
        """The wheel: nearer, or on in a list."""
        if self._listing and self._rows:
            self._rows.scroll(-round(notches))
        else:
            self._moves["mouse"][2] += CLOSER * max(min(notches, 8.0), -8.0)

    def _mouse_moves(self, place: Place) -> None:
        if self._draws == "mouse":
            self._draw(place)
        elif self._dragged is not None:
            self._move("mouse", self._dragged, place)
            self._dragged = place

    # Fingers --------------------------------------------------------------------------------------------------------------------

    def finger(self, each: Any, *, size_px: tuple[int, int], now_s: float) -> None:
        """A finger that comes, moves or goes; nothing where a mouse made it."""
        import pygame

        if each.touch_id == _MOUSE_MADE:
            return
        key, place = (each.touch_id, each.finger_id), (float(each.x), float(each.y))
        if not all(map(math.isfinite, place)):
            return
        if each.type == pygame.FINGERDOWN:
            self._comes(key, place, now_s)
        elif key in self._fingers and each.type == pygame.FINGERMOTION:
            self._moves_on(self._fingers[key], place, size_px)
        elif key in self._fingers:
            self._goes(self._fingers.pop(key))

    def _comes(self, key: Any, place: Place, now_s: float) -> None:
        self._several = bool(self._fingers)
        self._fingers[key] = _Finger(place, place, now_s)
        if self._several:
            # Two fingers fly: what one of them had begun to draw was not meant.
            self._drop()
        elif self.pen and not self._listing:
            self._begin("touch", place)

    def _moves_on(self, finger: _Finger, place: Place, size_px: tuple[int, int]) -> None:
        before, finger.at = finger.at, place
        finger.moved = finger.moved or _apart(finger.began, place, size_px) > SLOP * min(size_px)
        others = [other for other in self._fingers.values() if other is not finger]
        if self._listing and self._rows:
            self._drag_list(place[1] - before[1])
        elif self._draws == "touch":
            self._draw(place)
        elif len(others) == 1:
            there = others[0].at
            wide, wider = _apart(before, there, size_px), _apart(place, there, size_px)
            self._moves["touch"][2] += math.log2(max(wider, 1.0) / max(wide, 1.0))
            self._move("touch", _middle(before, there), _middle(place, there))
        elif not others and finger.moved:
            self._move("touch", before, place)

    def _goes(self, finger: _Finger) -> None:
        tapped = not finger.moved and not self._several
        if self._listing:
            if tapped:
                self._point(finger.at, 1)
        elif self._draws == "touch":
            self._end()
        elif tapped:
            self._press("touch", finger.at)
        if not self._fingers:
            self._several = False

    # Strokes --------------------------------------------------------------------------------------------------------------------

    @property
    def _draws(self) -> str:
        """What draws just now, "mouse" or "touch"; else nothing."""
        return self._source if self._pen_from is not None else ""

    def _begin(self, source: str, place: Place) -> None:
        self._source, self._pen_from, self._pen_at, self._pen_far = source, place, place, 0.0
        at = self._grip(*place)
        self.stroke, self.began = ((at,) if at else ()), at is not None

    def _draw(self, place: Place) -> None:
        if self._pen_from is None or math.dist(self._pen_at, place) <= _STEP:
            return
        self._pen_at, self._pen_far = place, max(self._pen_far, math.dist(self._pen_from, place))
        at = self._grip(*place)
        if at and self.stroke and len(self.stroke) < _MOST_POINTS:
            self.stroke = (*self.stroke, at)

    def _end(self) -> None:
        """The stroke is done; one that never left its beginning was a press."""
        begun, stroke = self._pen_from, self.stroke
        self._pen_from, self.stroke = None, ()
        if begun is None:
            return
        if self._pen_far <= SLOP:
            self._press(self._source, begun)
        elif len(stroke) > 1:
            self._made.append(Drawn(self._source, stroke))
        else:
            self.missed += 1

    def _drop(self) -> None:
        self._pen_from, self.stroke = None, ()

    def _press(self, source: str, place: Place) -> bool:
        """A click or a tap; whether it meant a song."""
        song = self._pick[source](*place)
        if song:
            self._made.append(Press(source, song))
        return bool(song)

    # Lists ----------------------------------------------------------------------------------------------------------------------

    @property
    def _listing(self) -> bool:
        return self._rows is not None and self._rows.is_open

    def _point(self, place: Place, button: int) -> None:
        row = self._row_at(*place)
        if self._rows and row is not None and button == 1:
            self._rows.point(row)

    def _drag_list(self, down: float) -> None:
        self._scrolled -= down / _ROW
        rows = math.trunc(self._scrolled)
        self._scrolled -= rows
        if self._rows and rows:
            self._rows.scroll(rows)

    def _move(self, source: str, before: Place, after: Place) -> None:
        moves = self._moves[source]
        moves[0] += after[0] - before[0]
        moves[1] += after[1] - before[1]


_ROW = 0.052
"""Height of a row of a list, as a share of the window's."""


def _apart(one: Place, other: Place, size_px: tuple[int, int]) -> float:
    """Pixels between two places."""
    return math.hypot((one[0] - other[0]) * size_px[0], (one[1] - other[1]) * size_px[1])


def _middle(one: Place, other: Place) -> Place:
    return 0.5 * (one[0] + other[0]), 0.5 * (one[1] + other[1])
