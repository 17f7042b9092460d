"""Floods from outside: what a message costs, what is lost, and whether a frame is late for it."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from figures.row import Row
from figures.stage import _Dreams, _Still, _world

_SONGS, _SIZE, _RATE_HZ = 200, (640, 360), 60
_WARM_S = 10.0

_SENDER = """
import socket, struct, sys, time
port, rate_hz, count = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
ends = ["energy", "grain", "bloom", "trails", "grading", "wall/spread", "wall/strength", "wall/truncation"]
heads = [b"/mixtape/" + end.encode() for end in ends]
heads = [head + b"\\0" * (4 - len(head) % 4) + b",f\\0\\0" for head in heads]
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.connect(("127.0.0.1", port))
sys.stdin.readline()
began = time.perf_counter()
for n in range(count):
    # Fifty times a second what is due, as a busy controller does.
    while rate_hz and (ahead := n / rate_hz - (time.perf_counter() - began)) > 0.02:
        time.sleep(ahead)
    out.send(heads[n % 8] + struct.pack(">f", 0.25 + 0.5 * (n % 1000) / 1000))
for head in heads * 3:
    time.sleep(0.002)
    out.send(head + struct.pack(">f", 0.125))
print(time.perf_counter() - began, flush=True)
"""
"""A program of its own that turns eight faders, and at last, three times over, brings each to 0.125."""

_FADERS = ("energy", "grain", "bloom", "trails", "grading", "wall_spread", "wall_strength", "wall_truncation")


class _Hidden:
    """A window that nobody sees, on a display that takes what comes; when each frame began, and how long it took."""

    vsync, refresh_hz = False, 0

    def __init__(self, ctx: Any) -> None:
        self.ctx, self.size = ctx, _SIZE
        self.frames: list[tuple[float, float]] = []
        self._began_s = 0.0

    def events(self) -> list[Any]:
        self._began_s = time.perf_counter()
        return []

    def show(self) -> None:
        self.ctx.finish()
        self.frames.append((self._began_s, time.perf_counter() - self._began_s))


class _Playing(_Still):
    """Sound without a device: the song goes on by the clock."""

    def __init__(self) -> None:
        self._song, self._began_s = "", 0.0

    def play(self, command: Any) -> None:
        self._song, self._began_s = command.track_id, time.perf_counter()

    def position(self) -> tuple[str, float]:
        return self._song, (time.perf_counter() - self._began_s) % 100.0


@dataclasses.dataclass(frozen=True)
class _Frames:
    """Frames of a stretch of time: how long they took, in ms, and how many came late."""

    middle: float
    most: float
    longest: float
    late: int
    count: int

    @classmethod
    def of(cls, frames: Sequence[tuple[float, float]], from_s: float, to_s: float) -> _Frames:
        import numpy as np

        from installation.quality import LATE

        began_s, took_s = np.array([each for each in frames if from_s <= each[0] < to_s]).T
        late = int(np.sum(np.diff(began_s) > LATE / _RATE_HZ))
        middle, most, longest = 1000 * np.percentile(took_s, (50, 99, 100))
        return cls(float(middle), float(most), float(longest), late, len(took_s))

    def __str__(self) -> str:
        return f"{self.middle:.1f} / {self.most:.1f} / {self.longest:.1f} ms, {self.late} of {self.count:,} late"


class _Counted:
    """An OSC input that says what it costs the loop."""

    def __init__(self, osc: Any) -> None:
        self._osc, self.drained_s = osc, 0.0
        self.inbox = osc.inbox

    def __getattr__(self, name: str) -> Any:
        return getattr(self._osc, name)

    def drain(self, now_s: float) -> Any:
        began_s = time.thread_time()
        events = self._osc.drain(now_s)
        self.drained_s += time.thread_time() - began_s
        return events

    @property
    def cpu_s(self) -> float:
        """CPU seconds of its thread and of its part of the frames."""
        own: float = time.clock_gettime(time.pthread_getcpuclockid(self._osc._thread.ident))
        return own + self.drained_s


def _evening(
    disturb: Callable[[Any], Any], *, quiet_s: float, beside: dict[str, Any] | None = None
) -> tuple[Any, _Frames, _Frames, Any]:
    """What `disturb` (given an OSC input, in a thread) answered beside the real live loop, the frames before it and beside it,
    and the show after it. The window is hidden, 640 x 360; 1,000 songs."""
    from installation.control.osc import OscInput
    from installation.gl.context import open_context
    from installation.lastpass import LastPass
    from installation.live import Live
    from installation.show import Show
    from installation.stage import Stage
    from mixtape.config import changed

    if hasattr(os, "sched_setaffinity"):
        # Other rows are held on one core; here the show has one and who floods it another.
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
    world = _world(_SONGS, "map")
    # Its quality is held, so that the same is drawn with and without a flood.
    world = dataclasses.replace(world, config=changed(world.config, "show", quality="least", scene="wall", fps=_RATE_HZ))
    ctx = open_context()
    window = _Hidden(ctx)
    stage = Stage(ctx, world, size=_SIZE, last_pass=LastPass(ctx))
    show = Show(world, stage, _Playing(), _Dreams(), say=lambda _: None)
    ahead: Any = SimpleNamespace(songs=_nothing, search=_nothing, found=_nothing, has=lambda _: True, errors=list)
    ending, marks, answer = SimpleNamespace(asked=False), [], []
    with OscInput("127.0.0.1", 0) as listening:
        osc: Any = _Counted(listening)

        def conduct() -> None:
            time.sleep(_WARM_S)
            marks.append(time.perf_counter())
            time.sleep(quiet_s)
            marks.append(time.perf_counter())
            answer.append(disturb(osc))
            marks.append(time.perf_counter())
            time.sleep(1.0)
            ending.asked = True

        conductor = threading.Thread(target=conduct, daemon=True)
        conductor.start()
        loop: Any = Live
        loop(show, stage, window, world, osc=osc, ahead=ahead, **(beside or {})).run(ending)
        conductor.join()
    begin_s, middle_s, end_s = marks
    return answer[0], _Frames.of(window.frames, begin_s, middle_s), _Frames.of(window.frames, middle_s, end_s), show


def _nothing(*_: object) -> None:
    return None


def _sent(osc: Any, rate_hz: float, count: int) -> tuple[float, float, int]:
    """Let the program of its own send: how long it took, CPU seconds for it here, and how many messages came."""
    before, cpu_s = osc.counts.received, osc.cpu_s
    given = [sys.executable, "-c", _SENDER, str(osc.port), str(rate_hz), str(count)]
    with subprocess.Popen(given, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sender:
        took, _ = sender.communicate("go\n")
    time.sleep(0.5)
    return float(took), osc.cpu_s - cpu_s, osc.counts.received - before


def _flood(name: str, rate_hz: float, count: int, *, quiet_s: float) -> Row:
    (took_s, spent_s, came), before, beside, show = _evening(lambda osc: (*_sent(osc, rate_hz, count),), quiet_s=quiet_s)
    turned = all(abs(float(show.state.wished[fader]) - 0.125) < 1e-6 for fader in _FADERS)
    assert turned, "the last values are not those sent last"
    lost = count + 24 - came
    unit = f"CPU-us a message; {lost:,} of {count + 24:,} lost in {took_s:.1f} s; frames {beside}"
    return Row(name, 1e6 * spent_s / max(came, 1), unit, f"undisturbed: {before}", beside.most / before.most)


def osc_5000() -> Row:
    """5,000 OSC messages a second for a minute from a process of its own, beside the live loop, against a minute without.

    Frames are told by their middle, 99 % and longest time to draw, and by how many came late; the ratio is that of the 99 %.
    """
    return _flood("osc_5000", 5000.0, 300_000, quiet_s=60.0)


def osc_burst() -> Row:
    """20,000 OSC messages as fast as a process of its own can send them, beside the live loop, against 20 s without."""
    return _flood("osc_burst", 0.0, 20_000, quiet_s=20.0)


ROWS: tuple[Callable[[], Row], ...] = (osc_5000, osc_burst)
