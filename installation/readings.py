"""What whoever runs the show wants to know while it runs, as rows of words: frames, sound, pictures, memory, faults and knobs."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import psutil

from installation.quality import LATE, LEVELS
from installation.scenes.overlay import BETWEEN
from installation.show import Show
from installation.stage import Stage
from installation.world import World

EVERY_S = 0.5
"""How often the words are renewed: faster than anybody reads, slow enough to cost nothing."""

_FRAMES = 240
_KNOBS_A_ROW = 5
_FAULTS = 4


class Heard(Protocol):
    """What a sound tells of itself."""

    @property
    def underruns(self) -> int:
        """How often samples were missing when they were due."""

    @property
    def output_name(self) -> str:
        """Where it goes."""


@dataclass(frozen=True, slots=True)
class FrameTimes:
    """The last few seconds of frames: how many came a second, how long one took to draw, mostly and at worst (seconds)."""

    rate_hz: float
    median_s: float
    worst_s: float


class Readings:
    """Fed with every frame; `rows` says what there is to say."""

    def __init__(
        self,
        show: Show,
        stage: Stage,
        world: World,
        *,
        sound: Heard | None,
        osc_words: Callable[[], str],
        midi_words: Callable[[], str] = lambda: "off",
        record_words: Callable[[], str] = lambda: "off",
    ) -> None:
        self.frames = self.late = 0
        self._show, self._stage, self._world, self._sound = show, stage, world, sound
        self._osc_words, self._midi_words, self._record_words = osc_words, midi_words, record_words
        self._apart: deque[float] = deque(maxlen=_FRAMES)
        self._busy: deque[float] = deque(maxlen=_FRAMES)
        self._process, self._began_s = psutil.Process(), time.perf_counter()
        self._rows: tuple[tuple[str, str], ...] = ()
        self._said_s = -EVERY_S
        self._drawn = (0, time.perf_counter())

    def frame(self, dt_s: float, busy_s: float, *, period_s: float) -> None:
        """Take in a frame that came `dt_s` after the last one, took `busy_s` to draw and had `period_s`."""
        self.frames += 1
        self.late += dt_s > LATE * period_s
        self._apart.append(dt_s)
        self._busy.append(busy_s)

    def times(self) -> FrameTimes:
        """How the last frames came."""
        apart, busy = np.array(self._apart or [0.0]), np.array(self._busy or [0.0])
        return FrameTimes(1.0 / max(float(apart.mean()), 1e-9), float(np.median(busy)), float(busy.max()))

    def rows(self) -> tuple[tuple[str, str], ...]:
        """What to show, renewed every `EVERY_S`."""
        now_s = time.perf_counter()
        if now_s - self._said_s >= EVERY_S:
            self._said_s, self._rows = now_s, (*self._machine(now_s), *self._faults(), *self._knobs())
        return self._rows

    def _machine(self, now_s: float) -> Sequence[tuple[str, str]]:
        times, level = self.times(), LEVELS[self._stage.level]
        width, height = self._stage.size
        by = "by itself" if self._show.state.knobs["quality"] == "auto" else "as told"
        count, took_s = self._show.pictures
        last_count, last_s = self._drawn
        self._drawn = (count, now_s)
        rate = (count - last_count) / max(now_s - last_s, 1e-9)
        song, coming = self._world.track(self._show.state.track_id), self._show.state.next_ids
        rows = [
            ("frames", f"{times.rate_hz:.1f} a second, {1000 * times.median_s:.1f} ms, at worst {1000 * times.worst_s:.1f}"),
            ("late", f"{self.late:,} of {self.frames:,}"),
            ("quality", f"{level.name}, {by}, for {width} x {height}"),
            ("pictures", f"{rate:.0f} a second, the last ones took {1000 * took_s:.0f} ms" if count else "none yet"),
            ("memory", f"{self._process.memory_info().rss / 1e6:,.0f} MB, running for {span_words(now_s - self._began_s)}"),
            ("songs", f"{len(self._world.tracks):,}, {len(self._show.state.history):,} played"),
            ("now", song.label),
            ("next", self._world.track(coming[0]).label if coming else "nothing"),
            ("mixtape", self._mixtape()),
            ("OSC", self._osc_words()),
            ("MIDI", self._midi_words()),
            ("recording", self._record_words()),
        ]
        if self._sound:
            rows.insert(3, ("sound", f"{self._sound.output_name}, {self._sound.underruns} underruns"))
        return rows

    def _mixtape(self) -> str:
        state = self._show.state
        recipe, waiting = str(state.wished["recipe"]), len(state.tape.songs)
        return f"{recipe}, variation {state.wished['variation']}, {waiting} of its songs wait" if waiting else recipe

    def _faults(self) -> Sequence[tuple[str, str]]:
        now_s = self._show.state.moment.time_s
        told = list(self._show.faults)[-_FAULTS:]
        return [(f"{span_words(now_s - at_s)} ago", words) for at_s, words in reversed(told)] or [("faults", "none")]

    def _knobs(self) -> Sequence[tuple[str, str]]:
        words = [f"{name} {_short(value)}" for name, value in self._show.state.knobs.items()]
        rows = [words[first : first + _KNOBS_A_ROW] for first in range(0, len(words), _KNOBS_A_ROW)]
        return [("knobs" if not place else "", BETWEEN.join(row)) for place, row in enumerate(rows)]


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def span_words(seconds: float) -> str:
    """A time in two units at most, such as 2 h 13 min."""
    minutes, rest_s = divmod(int(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left} min" if hours else f"{minutes} min {rest_s} s" if minutes else f"{rest_s} s"
