"""What it costs a show to be recorded."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from figures.row import Row
from figures.stage import _Dreams, _Still, _world

_SIZE = (1280, 720)
_FRAMES = 300


def frame_recording() -> Row:
    """A frame of the map at 1280 x 720 while it is recorded at 30 frames a second in full size, against the same without.

    CPU time of the thread that draws, OpenGL's own work in it, 60 frames to the second of the show. What recording adds is taken
    apart in the same frames: what is drawn costs twice as much at one moment as at another. What the encoder takes beside the
    loop for each recorded picture is told too.
    """
    with tempfile.TemporaryDirectory() as folder:
        show = _Recorded(Path(folder))
        show.frames(400)
        _, _, idle_ms = show.cost_ms(_FRAMES)
        show.begin()
        show.frames(30)
        drawn_ms, added_ms, beside_ms = show.cost_ms(_FRAMES)
        show.end()
    encoder_ms = 2 * (beside_ms - idle_ms)
    unit = f"CPU-ms at {_SIZE[0]}x{_SIZE[1]}, {added_ms:.2f} of it recording; {encoder_ms:.0f} beside it a picture"
    return Row("frame_recording", drawn_ms + added_ms, unit, "without", (drawn_ms + added_ms) / drawn_ms)


def recording_memory() -> Row:
    """Memory that five minutes of the show at 320 x 180 leave behind when they are recorded, the first minute apart."""
    import psutil

    process = psutil.Process()
    with tempfile.TemporaryDirectory() as folder:
        show = _Recorded(Path(folder), size=(320, 180), songs=100)
        show.begin()
        show.frames(3600)
        before = process.memory_info().rss
        grown = []
        for _ in range(4):
            show.frames(3600)
            grown.append((process.memory_info().rss - before) / 1e6)
        show.end()
        unit = f"MB grown in 4 min more, {', '.join(f'{each:+.0f}' for each in grown)}; {show.dropped} left out"
    return Row("recording_memory", grown[-1], unit, f"{before / 1e6:.0f} MB before", grown[-1] * 1e6 / before)


class _Recorded:
    """A show without a window, its time counted by frames, that can be recorded."""

    def __init__(self, folder: Path, *, size: tuple[int, int] = _SIZE, songs: int = 1000) -> None:
        from installation.clock import FixedClock
        from installation.gl.context import open_context
        from installation.lastpass import LastPass
        from installation.recording import Recording
        from installation.show import Show
        from installation.stage import Stage
        from installation.tap import Tap

        self._ctx = open_context()
        world = _world(songs, "map")
        self._stage = Stage(self._ctx, world, size=size, level=0, last_pass=LastPass(self._ctx))
        self._show = Show(world, self._stage, _Still(), _Dreams(), say=lambda _: None)
        self._tap, self._clock = Tap(), FixedClock(60)
        self._recording = Recording(folder, self._tap, fps=30, height=0)
        self._show.open()
        self.dropped = 0

    def begin(self) -> None:
        """Let it be recorded from here on."""
        from installation.messages import Record

        self._recording.obey(Record(True))
        while not self._recording.running:
            self.frames(1)
            time.sleep(0.01)

    def end(self) -> None:
        """End it."""
        take: Any = self._recording._take
        self.dropped = take.recorder.dropped
        self._recording.close()

    def frames(self, count: int) -> float:
        """Draw so many; the CPU seconds of this thread that recording them took."""
        import numpy as np

        added_s = 0.0
        for _ in range(count):
            moment = self._clock.tick(0.0)
            self._tap.put(np.full((735, 2), 0.1, np.float32), now_s=moment.time_s, latency=0)
            self._show.frame(type(moment)(moment.frame, moment.time_s, moment.dt_s, moment.time_s % 100.0), ())
            self._ctx.finish()
            began_s = time.thread_time()
            self._recording.frame(self._stage, at_s=moment.time_s)
            self._ctx.finish()
            added_s += time.thread_time() - began_s
        return added_s

    def cost_ms(self, count: int) -> tuple[float, float, float]:
        """CPU milliseconds of a frame: what is drawn, what recording adds, and what all other threads took meanwhile."""
        thread_s, process_s = time.thread_time(), time.process_time()
        added_s = self.frames(count)
        thread_s, process_s = time.thread_time() - thread_s, time.process_time() - process_s
        return 1000 * (thread_s - added_s) / count, 1000 * added_s / count, 1000 * (process_s - thread_s) / count


ROWS: tuple[Callable[[], Row], ...] = (frame_recording, recording_memory)

WHEN_NAMED = ("recording_memory",)
"""Some minutes, so only when named."""
