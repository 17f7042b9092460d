"""Where a Moment comes from: a clock that counts frames (export, tests) or one that follows the day (the show).

Both hand out moments of the same kind, so what is drawn never knows which of them it lives by.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from installation.messages import Moment

LONGEST_STEP_S = 0.25
"""A longer gap between frames (a laptop asleep, a window dragged) passes as this much, so that nothing leaps."""


class FixedClock:
    """Time by counting: frame k is at k / fps, to the last bit, however long a frame takes to draw."""

    def __init__(self, fps: float) -> None:
        """A clock of `fps` frames a second, at frame 0."""
        self._fps = fps
        self._frame = -1

    def tick(self, song_s: float) -> Moment:
        """The next moment, with the heard place in the song."""
        self._frame += 1
        return Moment(self._frame, self._frame / self._fps, 1.0 / self._fps if self._frame else 0.0, song_s)


class RealClock:
    """Time by the monotonic clock of this computer, starting at 0 with the first tick."""

    def __init__(self, now_s: Callable[[], float] = time.perf_counter) -> None:
        """A clock reading `now_s`; tests give their own."""
        self._now_s = now_s
        self._last_s: float | None = None
        self._time_s = 0.0
        self._frame = -1

    def tick(self, song_s: float) -> Moment:
        """The moment that is now, with the heard place in the song."""
        now_s = self._now_s()
        dt_s = 0.0 if self._last_s is None else min(max(now_s - self._last_s, 0.0), LONGEST_STEP_S)
        self._last_s = now_s
        self._time_s += dt_s
        self._frame += 1
        return Moment(self._frame, self._time_s, dt_s, song_s)
