"""A long evening: no frame much longer than the others, and no memory that is not given back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from figures.row import Row
from figures.stage import _Dreams, _Still, _world

WARM = 2500
"""Frames until every scene has been seen."""


def frames_5000() -> Row:
    """The longest of 5,000 frames at 640 x 360 against the one in the middle; the first 2,500 apart.

    CPU time of the thread that draws, OpenGL's own work in it: letters and covers are made beside it. Songs and scenes change,
    words are typed into the search, the readings come and go.
    """
    import numpy as np

    took: list[float] = []
    with _Evening((640, 360), songs=1000) as evening:
        for _ in evening.frames(WARM):
            pass
        began = time.thread_time()
        for _ in evening.frames(5000):
            now = time.thread_time()
            took.append(now - began)
            began = now
    middle = float(np.median(took))
    late = sum(each > 3 * middle for each in took)
    unit = f"CPU-ms the longest of 5,000 frames, {late} over 3 x the middle one"
    return Row("frames_5000", 1000 * max(took), unit, f"{1000 * middle:.1f} CPU-ms in the middle", max(took) / middle)


def memory_20000() -> Row:
    """Memory that 20,000 frames at 320 x 180 leave behind: the most in use at the end against the beginning.

    The first 10,000 apart, in which what is kept for use again fills up. Songs, scenes, playlists and shaders change. What is in
    use goes up and down with them, so that two stretches of 2,500 frames are compared.
    """
    import psutil

    process = psutil.Process()

    def most(evening: _Evening) -> int:
        return max(process.memory_info().rss for place, _ in enumerate(evening.frames(2500)) if place % 50 == 0)

    with _Evening((320, 180), songs=1000, shaders=True) as evening:
        for _ in evening.frames(7500):
            pass
        before = most(evening)
        for _ in evening.frames(17500):
            pass
        grown = (most(evening) - before) / 1e6
    return Row("memory_20000", grown, "MB grown in 20,000 frames", f"{before / 1e6:.0f} MB before", grown * 1e6 / before)


class _Evening:
    """A show without a window in which something happens all the time, 60 frames of it to the second."""

    def __init__(self, size: tuple[int, int], *, songs: int, shaders: bool = False) -> None:
        from installation.clock import FixedClock
        from installation.gl.context import open_context
        from installation.lastpass import LastPass
        from installation.show import Show
        from installation.stage import Stage

        self._ctx = open_context()
        self._world = _world(songs, "map")
        self._stage = Stage(self._ctx, self._world, size=size, last_pass=LastPass(self._ctx))
        self._show = Show(self._world, self._stage, _Still(), _Dreams(), say=lambda _: None)
        self._clock, self._shaders, self._scenes = FixedClock(60), shaders, tuple(self._world.scenes)
        self._at = 0

    def __enter__(self) -> _Evening:
        self._show.open()
        return self

    def __exit__(self, *_: object) -> None:
        self._ctx.finish()

    def frames(self, count: int) -> Iterator[None]:
        """Draw so many, one a turn."""
        for _ in range(count):
            self._at += 1
            moment = self._clock.tick(self._show.heard_s)
            events = self._wishes(moment.time_s)
            self._show.frame(
                type(moment)(moment.frame, moment.time_s, moment.dt_s, moment.time_s % 100.0), events, shown=self._words()
            )
            if self._shaders and self._at % 250 == 0:
                self._compile_anew(self._at // 250)
            self._ctx.finish()
            yield

    def _wishes(self, now_s: float) -> list[Any]:
        from installation.messages import ControlEvent

        at, found = self._at, []
        if at % 240 == 0:
            found.append(ControlEvent("bench", "next", None, now_s))
        if at % 700 == 0:
            seed = self._world.tracks[at * 37 % len(self._world.tracks)].id
            found.append(ControlEvent("bench", "seed", seed, now_s))
        if at % 400 == 0:
            found.append(ControlEvent("bench", "scene", self._scenes[at // 400 % len(self._scenes)], now_s))
        return found

    def _words(self) -> Any:
        from installation.scenes.overlay import NOTHING, Shown

        place = self._at % 1000
        if place < 120:
            typed = "a song of the night"[: place // 6]
            first = self._at // 6 % len(self._world.tracks)
            rows = tuple((track.title, track.artist) for track in self._world.tracks[first : first + 5])
            return Shown(f"{typed}_", rows, marked=0)
        if 500 <= place < 620:
            return Shown(rows=tuple((f"reading {row}", f"{self._at // 30 * (row + 1)}") for row in range(14)), ground=0.8)
        return NOTHING

    def _compile_anew(self, turn: int) -> None:
        """Let one shader after the other look changed, as it does when somebody saves its file."""
        shaders = list(self._stage._drawing.programs._shaders.values())
        shaders[turn % len(shaders)]._stamp = ()
        self._stage.reload()


ROWS: tuple[Callable[[], Row], ...] = (frames_5000, memory_20000)

WHEN_NAMED = ("memory_20000",)
"""Five minutes, so only when named."""
