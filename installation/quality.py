"""How finely the show is drawn, so that it holds the display's rate: from a wall in 4K down to a processor that draws by itself.

Late frames are what is seen, so they decide. Coarser comes soon, finer comes late and on trial: a step up that brings late frames
back is taken back, and the next trial waits twice as long.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Level:
    """A way of drawing: scenes at `scene` and the finished picture at `frame` times the window's width and height.

    `light` asks scenes and the last look for less work where little is lost.
    """

    name: str
    scene: float
    frame: float
    light: bool


LEVELS = (
    Level("full", 1.0, 1.0, False),
    Level("high", 0.8, 1.0, False),
    Level("middle", 2 / 3, 1.0, True),
    Level("low", 0.5, 1.0, True),
    Level("lower", 0.5, 2 / 3, True),
    Level("least", 1 / 3, 1 / 2, True),
)
"""From the finest to the quickest."""

ON_PROCESSOR = 2
"""Where a show begins whose OpenGL runs on the processor: every pixel costs, and soft edges cost less than late frames."""

LATE = 1.5
"""A frame that took so many times its time was late: something was seen twice."""

_WINDOW_S = 1.0
_MANY = 0.10
"""Share of late frames in a window that is too much, twice in a row."""

_SLOW = 1.08
"""So many times its time, on the average, is too slow a frame."""

_FEW = 0.02
"""Share of late frames in a window that still counts as none."""

_SETTLE_S = 2.0
"""After a change nothing is judged for so long: new targets and programs take their first frames' time."""

_TRIAL_S = 8.0
"""A step up that is taken back within so long was one too many."""

_PATIENCE_S = (20.0, 1280.0)
"""How long hardly a frame is late before a finer level is tried, at first and at most."""

_SPARE = 0.8
"""Where the time a frame takes is known, it must be foreseen to fit in this share of it."""


def level_of(name: str, *, on_processor: bool) -> int:
    """The level of this name; of "auto" the one to begin with."""
    names = [level.name for level in LEVELS]
    return names.index(name) if name in names else ON_PROCESSOR if on_processor else 0


@dataclass(slots=True)
class AutoQuality:
    """Chooses the level from how long frames take. Times are a clock's, in seconds."""

    level: int
    _patience_s: float = field(default=_PATIENCE_S[0], init=False)
    _settled_s: float = field(default=_SETTLE_S, init=False)
    _raised_s: float | None = field(default=None, init=False)
    _calm_s: float = field(default=0.0, init=False)
    _bad: int = field(default=0, init=False)
    _frames: int = field(default=0, init=False)
    _late: int = field(default=0, init=False)
    _busy_s: float = field(default=0.0, init=False)
    _passed_s: float = field(default=0.0, init=False)

    def frame(self, dt_s: float, *, period_s: float, busy_s: float | None = None) -> int:
        """The level for the next frame, after one that came `dt_s` after the frame before it, and should have after `period_s`.

        `busy_s` is how long it took to draw, None where the wait for the display is in it.
        """
        if self._settled_s > 0.0:
            self._settled_s -= dt_s
            return self.level
        self._frames += 1
        self._late += dt_s > LATE * period_s
        self._busy_s += period_s if busy_s is None else busy_s
        self._passed_s += dt_s
        if self._passed_s >= _WINDOW_S:
            self._judge(period_s, known=busy_s is not None)
        return self.level

    def _judge(self, period_s: float, *, known: bool) -> None:
        late, busy = self._late / self._frames, self._busy_s / self._frames / period_s
        frames, passed_s = self._frames, self._passed_s
        self._frames, self._late, self._busy_s, self._passed_s = 0, 0, 0.0, 0.0
        slow = passed_s > _SLOW * frames * period_s
        self._bad = self._bad + 1 if late > _MANY or slow else 0
        self._calm_s = self._calm_s + passed_s if late <= _FEW else 0.0
        if self._raised_s is not None:
            self._raised_s += passed_s
            if self._raised_s > 10 * _TRIAL_S:
                # The step up has proved itself; what was learned before it holds no longer.
                self._raised_s, self._patience_s = None, _PATIENCE_S[0]
        if self._bad >= 2 and self.level + 1 < len(LEVELS):
            if self._raised_s is not None and self._raised_s <= _TRIAL_S:
                self._patience_s = min(2.0 * self._patience_s, _PATIENCE_S[1])
            self._raised_s = None
            self._go(self.level + 1)
        elif self.level and self._calm_s >= self._patience_s and (not known or busy * self._dearer() < _SPARE):
            self._raised_s = 0.0
            self._go(self.level - 1)

    def _dearer(self) -> float:
        """How much more the next finer level costs, if every pixel costs the same."""
        now, finer = LEVELS[self.level], LEVELS[self.level - 1]
        return (finer.scene**2 + finer.frame**2) / (now.scene**2 + now.frame**2)

    def _go(self, level: int) -> None:
        self.level, self._settled_s, self._bad, self._calm_s = level, _SETTLE_S, 0, 0.0
