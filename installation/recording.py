"""Recordings of the running show: what the audience sees and what is played, to a video in the library, while the show goes on.

Pictures are numbered by the sound: the frame that belongs to sample s of what is played has number fps * s / 44100, so that
sound and picture keep together however long it lasts, at whatever rate the show draws. Nothing here is waited for: pictures
come back from the card a frame later, files are opened, written and finished in threads, and what goes wrong ends the recording
and not the show.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TypeVar

from installation.messages import RECORDER, ControlEvent, Record
from installation.readings import span_words
from installation.record import Recorder
from installation.tap import Tap
from mixtape.audio import SAMPLE_RATE_HZ
from mixtape.errors import MixtapeError
from mixtape.types import ByteArray

KEEP_FREE_BYTES = 1_000_000_000
"""A recording ends before less than this is left on the disk."""

_REST_S = 1.0
"""So long after one recording the next may begin: a button that bounces, or a program that floods, must not fill a folder."""

_PATIENCE_S = 60.0
"""How long the end of a show waits for a file to be finished."""

_EARLY = 0.25
"""A picture may come so many frames of the recording before its time: on average it then comes neither early nor late."""

Answer = TypeVar("Answer")


class Seen(Protocol):
    """The picture that is recorded."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""

    def look(self, size: tuple[int, int] | None = None) -> Callable[[], ByteArray]:
        """Begin to read the last frame, in another size; what is returned has it a frame later."""


class Recording:
    """Where the show records to: one file at a time. All calls come from the loop's thread, and none waits but `close`."""

    def __init__(
        self,
        folder: Path,
        tap: Tap,
        *,
        fps: float,
        height: int,
        keep_free_bytes: int = KEEP_FREE_BYTES,
        open_recorder: Callable[..., Recorder] = Recorder,
    ) -> None:
        """Record into `folder`, with the sound of `tap`, pictures of at most `height` pixels (0: of any)."""
        self._folder, self._tap, self._fps, self._height = folder, tap, fps, height
        self._keep_free_bytes, self._open_recorder = keep_free_bytes, open_recorder
        self._wished = False
        self._rests_until_s = -math.inf
        self._opening: Future[Recorder] | None = None
        self._take: _Take | None = None
        self._closing: list[Future[str]] = []
        self._told: list[str] = []
        self._events: list[bool] = []

    @property
    def running(self) -> bool:
        """Whether pictures and sound are being recorded."""
        return self._take is not None

    def obey(self, command: Record) -> None:
        """Begin or end with the next frame."""
        self._wished = command.on

    def drain(self, time_s: float) -> list[ControlEvent]:
        """What the show is to know: that a recording has begun, or is over."""
        told, self._events = self._events, []
        return [ControlEvent(RECORDER, "recorded", running, time_s) for running in told]

    def frame(self, stage: Seen, *, at_s: float) -> None:
        """Take what the stage has just drawn, for the moment `at_s` of this computer's clock (`time.perf_counter`)."""
        self._closing = [each for each in self._closing if not self._finished(each)]
        if self._wished and self._take is None and at_s >= self._rests_until_s:
            self._begin(stage, at_s)
        elif self._take is not None and not self._wished:
            self._end()
            self._rests_until_s = at_s + _REST_S
        if self._take is None:
            return
        try:
            self._take.frame(stage, self._tap, at_s)
        except MixtapeError as error:
            self._fail(f"the recording has ended: {error}")
        except Exception as error:  # whatever a graphics driver provokes
            self._fail(f"the recording has ended: {type(error).__name__}: {error}")
        else:
            if self._take.recorder.short_of_disk:
                self._told.append(f"the recording ends: less than {self._keep_free_bytes / 1e9:g} GB is free in {self._folder}")
                self._wished = False

    def words(self) -> str:
        """How it stands, for whoever runs the show."""
        if self._take is None:
            return "being finished" if self._closing else "off"
        dropped = self._take.recorder.dropped
        lost = f", {dropped:,} of {self._take.recorder.frames:,} pictures left out" if dropped else ""
        return f"{span_words(self._take.length_s)}, {self._take.recorder.path.name}{lost}"

    def errors(self) -> list[str]:
        """What is to be said since the last call, in words for a person."""
        told, self._told = self._told, []
        return told

    def close(self) -> list[str]:
        """End what is under way and wait for its file: what is still to be said."""
        self._wished = False
        if self._take is not None:
            self._end()
        if self._opening is not None:
            # Nothing has been recorded yet.
            with suppress(Exception):
                recorder = self._opening.result(_PATIENCE_S)
                recorder.abandon()
                recorder.part.unlink(missing_ok=True)
        until_s = time.perf_counter() + _PATIENCE_S
        for each in self._closing:
            try:
                self._told.append(each.result(max(0.0, until_s - time.perf_counter())))
            except TimeoutError:
                self._told.append("the disk did not finish a recording in time; what is there can be played as its .part file")
            except Exception as error:
                self._told.append(f"the recording could not be finished: {error}")
        self._closing = []
        return self.errors()

    def _begin(self, stage: Seen, at_s: float) -> None:
        """Open a file beside the loop, and record from the frame on in which it is open."""
        if self._opening is None:
            size, path = fitted(stage.size, self._height), _new_path(self._folder)
            self._opening = _beside(lambda: self._open(path, size), "recording-open")
        elif self._opening.done():
            opening, self._opening = self._opening, None
            try:
                self._take = _Take(opening.result(), self._fps, self._tap.heard(at_s))
                self._events.append(True)
            except Exception as error:
                self._wished = False
                self._told.append(f"nothing is recorded: {error}")
                self._events.append(False)

    def _open(self, path: Path, size: tuple[int, int]) -> Recorder:
        width, height = size
        return self._open_recorder(
            path, width=width, height=height, fps=self._fps, mode="live", keep_free_bytes=self._keep_free_bytes
        )

    def _end(self) -> None:
        """Finish the file beside the loop."""
        take, self._take = self._take, None
        if take is None:
            return
        self._events.append(False)
        try:
            take.last(self._tap)
        except Exception as error:  # the file ends a frame sooner then
            self._told.append(f"the last frame was not recorded: {error}")
        self._closing.append(_beside(lambda: _finish(take), "recording-close"))

    def _fail(self, words: str) -> None:
        take, self._take, self._wished = self._take, None, False
        self._events.append(False)
        if take is not None:
            self._told.append(f"{words}; what there is can be played: {take.recorder.part.name}")
            _beside(take.recorder.abandon, "recording-close")

    def _finished(self, closing: Future[str]) -> bool:
        if not closing.done():
            return False
        error = closing.exception()
        self._told.append(closing.result() if error is None else f"the recording could not be finished: {error}")
        return True


class _Take:
    """One recording: which sample of the tap it began with, and what of it has been handed to the file."""

    def __init__(self, recorder: Recorder, fps: float, first: float) -> None:
        self.recorder = recorder
        self._fps, self._first = fps, math.floor(first)
        self._at = first
        self.silent, self._next_sample = True, self._first
        self._number = -1
        self._coming: tuple[int, Callable[[], ByteArray]] | None = None

    @property
    def length_s(self) -> float:
        """How long it is."""
        return (self._at - self._first) / SAMPLE_RATE_HZ

    def frame(self, stage: Seen, tap: Tap, at_s: float) -> None:
        """Hand on the picture that was read last, with the sound up to here, and begin to read another when it is time."""
        self._at = max(self._at, tap.heard(at_s))
        self._hand_on(tap)
        number = math.floor((self._at - self._first) * self._fps / SAMPLE_RATE_HZ + _EARLY)
        if number > self._number:
            self._number = number
            self._coming = number, stage.look((self.recorder.width, self.recorder.height))

    def last(self, tap: Tap) -> None:
        """Hand on what is left."""
        self._hand_on(tap)

    def _hand_on(self, tap: Tap) -> None:
        if self._coming is None:
            return
        (number, seen), self._coming = self._coming, None
        self.recorder.frame(seen(), number=number)
        samples = tap.read(self._next_sample, math.floor(self._at))
        self._next_sample += len(samples)
        self.silent = self.silent and not samples.any()
        self.recorder.samples(samples)


def fitted(size: tuple[int, int], height: int) -> tuple[int, int]:
    """The even width and height of a recording of a picture of `size`, at most `height` high; 0 sets no limit."""
    share = min(1.0, height / size[1]) if height else 1.0
    return tuple(max(2, 2 * round(side * share / 2)) for side in size)  # type: ignore[return-value]


def _finish(take: _Take) -> str:
    path = take.recorder.close()
    dropped = take.recorder.dropped
    lost = f", {dropped:,} of {take.recorder.frames:,} pictures left out for want of time" if dropped else ""
    silent = ", without sound, for none came" if take.silent else ""
    return f"recorded: {path}, {span_words(take.length_s)}{lost}{silent}"


def _new_path(folder: Path) -> Path:
    """A name by date and time; what others are called never comes from outside."""
    stem = time.strftime("%Y-%m-%d-%H%M%S")
    names = (f"{stem}{f'-{count}' if count else ''}.mp4" for count in range(1000))
    return next(folder / name for name in names if not (folder / name).exists() and not (folder / f"{name}.part").exists())


def _beside(call: Callable[[], Answer], name: str) -> Future[Answer]:
    """The answer of a call in a thread that nobody waits for, not even the end of the program."""
    answer: Future[Answer] = Future()

    def run() -> None:
        try:
            answer.set_result(call())
        except Exception as error:  # handed on with the answer
            answer.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return answer
