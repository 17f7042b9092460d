"""How loud a song is as it is played, and the one gain that brings it to the evening's level without ever clipping.

A song keeps its gain from the first sample to the last, so nothing pumps. The gain goes to `loudness_lufs`, unless the song's
true peak would then rise above -1 dBTP: such a song stays a little quieter.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from mixtape.audio import SAMPLE_RATE_HZ, blocks
from mixtape.errors import AudioError

HEADROOM_DB = -1.0
"""The highest true peak a song is lifted to, in dB of full scale (EBU R 128: -1 dBTP)."""

MOST_LIFT_DB = 15.0
"""A song is lifted no further: what is quieter by more is meant to be quiet, or is noise."""

_CHUNK_SAMPLES = 8192
_SILENT_LUFS = -60.0


@dataclass(frozen=True, slots=True)
class Level:
    """Integrated loudness of both channels in LUFS (BS.1770-4), and true peak in dBTP; None where it was not measured."""

    loudness_lufs: float
    peak_db: float | None


def measure(path: Path) -> Level:
    """Hear the whole file through FFmpeg's `ebur128`, as the decks play it (44.1 kHz, two channels).

    About 1.5 CPU-s for a song of four minutes; nothing but a few kB is kept.

    Raises:
        AudioError: nothing in it can be decoded.
    """
    import av
    from av.filter import Graph

    graph = Graph()
    source = graph.add_abuffer(format="flt", sample_rate=SAMPLE_RATE_HZ, layout="stereo")
    meter, sink = graph.add("ebur128", "peak=true:metadata=1"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    loudness_lufs, peak, had = -70.0, 0.0, 0
    for block in blocks(path, block_samples=_CHUNK_SAMPLES, channels=2):
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(block).reshape(1, -1), format="flt", layout="stereo")
        frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, had
        had += len(block)
        # The filter speaks every 100 ms; a file shorter than that is judged by its samples alone.
        peak = max(peak, float(np.abs(block).max(initial=0.0)))
        graph.push(frame)
        for said in _drained(graph):
            loudness_lufs = float(said.get("lavfi.r128.I", loudness_lufs))
            peak = max(peak, float(said.get("lavfi.r128.true_peak", 0.0)))
    return Level(max(loudness_lufs, -70.0), 20.0 * float(np.log10(max(peak, 1e-6))))


def _drained(graph: Any) -> list[dict[str, str]]:
    import av

    said: list[dict[str, str]] = []
    with suppress(av.error.BlockingIOError, av.error.EOFError):
        while True:
            said.append(dict(graph.pull().metadata))
    return said


def gain_db(level: Level, *, target_lufs: float) -> float:
    """What brings a song to the target, in dB: never so much that its true peak exceeds -1 dBTP, at most 15.

    A song whose peak is not known is only ever made quieter, silence is left alone, and what a file brings along above
    -1 dBTP is taken down to it.
    """
    if level.loudness_lufs <= _SILENT_LUFS:
        return 0.0
    wanted_db = min(target_lufs - level.loudness_lufs, MOST_LIFT_DB)
    return min(wanted_db, 0.0 if level.peak_db is None else HEADROOM_DB - level.peak_db)


class Levels:
    """The gain of every song, for a mixer. Use it in a `with`.

    `patient` measures a song when its gain is asked for (export). Otherwise a thread measures the songs to come, one by one, and
    a song that is played before its turn goes by `guess`, its loudness in LUFS as the library knows it, or None.
    Without a target every song stays as it is.
    """

    def __init__(
        self,
        path_of: Callable[[str], Path],
        *,
        target_lufs: float | None,
        patient: bool,
        guess: Callable[[str], float | None] = lambda _: None,
        measure: Callable[[Path], Level] = measure,
    ) -> None:
        self._path_of, self._target_lufs, self._patient = path_of, target_lufs, patient
        self._guess, self._measure = guess, measure
        self._known: dict[str, Level | None] = {}
        self._changed = threading.Condition()
        self._coming: tuple[str, ...] = ()
        self._closed = False
        self._thread = None if patient else threading.Thread(target=self._run, name="levels", daemon=True)

    def __enter__(self) -> Self:
        if self._thread:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread:
            self._thread.join(2.0)

    def songs(self, coming: Sequence[str]) -> None:
        """Measure these songs next, the first one first."""
        if self._target_lufs is not None and tuple(coming) != self._coming:
            with self._changed:
                self._coming = tuple(coming)
                self._changed.notify()

    def wait_for(self, track_id: str, *, timeout_s: float) -> None:
        """Wait until a song was measured, or so long: for the first song of an evening, while nothing is heard yet."""
        until_s = time.monotonic() + timeout_s
        while self._thread and self._target_lufs is not None and track_id not in self._known and time.monotonic() < until_s:
            time.sleep(0.01)

    def gain(self, track_id: str) -> float:
        """What the song's samples are multiplied by. Answers at once, unless `patient`."""
        if self._target_lufs is None:
            return 1.0
        if self._patient and track_id not in self._known:
            self._hear(track_id)
        level = self._known.get(track_id)
        if level is None:
            guessed_lufs = self._guess(track_id)
            level = Level(-70.0 if guessed_lufs is None else guessed_lufs, None)
        return float(10.0 ** (gain_db(level, target_lufs=self._target_lufs) / 20.0))

    def _hear(self, track_id: str) -> None:
        try:
            self._known[track_id] = self._measure(self._path_of(track_id))
        except (AudioError, OSError, KeyError):
            # Its deck will say what is wrong with it.
            self._known[track_id] = None

    def _next(self) -> str | None:
        return next((track_id for track_id in self._coming if track_id not in self._known), None)

    def _run(self) -> None:
        # Where threads have priorities of their own (Linux), this one gives way to those that draw and mix.
        with suppress(AttributeError, OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 15)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._next() is not None)
                track_id = self._next()
            if self._closed:
                return
            if track_id is not None:
                self._hear(track_id)
