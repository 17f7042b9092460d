"""What lies under a place of the window, by way of the display that shows it: a song, a row of words, a place of the map."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from installation.displays import Displays
from installation.scenes.overlay import Shown
from installation.stage import Stage
from installation.state import FrameState
from mixtape.types import Track

FINGER = 0.02
"""A fingertip means a song so far from it, in picture heights."""

RING = 0.30
"""And the ring in the picture's middle one so far."""


class Under:
    """Looks where the last frame has drawn; places are shares of the window's width and height, y down."""

    def __init__(
        self,
        stage: Stage,
        displays: Displays,
        *,
        state: Callable[[], FrameState],
        shown: Callable[[], Shown],
        listed: Callable[[], Sequence[Track] | None],
        knob: Callable[[str], bool],
    ) -> None:
        """`shown` are the words over the picture; `listed` the songs that an open search lists, None where none is open.

        `knob` is told of a piece of a row that is pressed, and whether it meant a knob.
        """
        self._stage, self._displays = stage, displays
        self._state, self._shown, self._listed, self._knob = state, shown, listed, knob

    def song(self, x: float, y: float) -> str | None:
        """The song that is seen there or, while a search is open, whose line is; None beside all, and where a knob is pressed."""
        place = self._place(x, y)
        if place is None:
            return None
        shown, listed = self._shown(), self._listed()
        piece = self._stage.piece_at(*place, shown)
        if piece and self._knob(piece):
            return None
        row = None if listed is None else self._stage.row_at(*place, shown)
        if listed is not None and row is not None:
            return listed[row].id if row < len(listed) else None
        width, height = self._stage.size
        return self._stage.pick(place[0] * width, place[1] * height, self._state())

    def fingertip(self, x: float, y: float) -> str | None:
        """The song that a fingertip there means: the one under it, or the nearest within its reach."""
        place = self._place(x, y)
        if (song := self.song(x, y)) or place is None or self._shown().heading:
            return song
        return self._nearest(*place, FINGER)

    def middle(self) -> str | None:
        """The song in the middle of the picture, or nearest to it."""
        return self._nearest(0.5, 0.5, RING)

    def row(self, x: float, y: float) -> int | None:
        """The row of words that is seen there."""
        place = self._place(x, y)
        return None if place is None else self._stage.row_at(*place, self._shown())

    def map_place(self, x: float, y: float) -> tuple[float, float] | None:
        """The place of the map, 0..1, that is seen there."""
        place = self._place(x, y)
        return None if place is None else self._stage.map_place(*place, self._state())

    def _nearest(self, x: float, y: float, reach: float) -> str | None:
        width, height = self._stage.size
        return self._stage.nearest(x * width, y * height, self._state(), reach=reach)

    def _place(self, x: float, y: float) -> tuple[float, float] | None:
        return self._displays.picture_place(x, y, self._state().knobs)
