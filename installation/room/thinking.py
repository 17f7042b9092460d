"""A process beside the show that finds out what plays: one question at a time, asked and fetched, never waited for."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Protocol, Self

from installation.room.placing import Placed, Placer
from mixtape.apart import end_with_the_asker, one_thread_each
from mixtape.config import Config
from mixtape.errors import MixtapeError
from mixtape.fingerprint.index import Match
from mixtape.types import FloatArray

_STARTS = 3
_NICE = 5


@dataclass(frozen=True, slots=True)
class Question:
    """What was heard last, mono at 44.1 kHz: `recent` (n,) to recognise a song by; `longer` (m,), to place music by, or None.

    `at` is the number of the first sample of `recent`, counted from the beginning of all listening.
    """

    recent: FloatArray
    longer: FloatArray | None
    at: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The song that was recognised, if any; else where the music belongs, if that was asked and is known; or an error."""

    at: int
    match: Match | None = None
    placed: Placed | None = None
    error: str = ""


class Mind(Protocol):
    """Who answers."""

    def ask(self, question: Question) -> bool:
        """Take a question; False when the last one is not answered yet."""

    def answer(self) -> Answer | None:
        """The answer to the last question, once; None while there is none."""

    def close(self) -> None:
        """End it; may be called twice."""


def think(placer: Placer, question: Question) -> Answer:
    """Recognise first; what is recognised needs no other place."""
    match = placer.recognise(question.recent)
    placed = placer.place(question.longer) if match is None and question.longer is not None else None
    return Answer(question.at, match, placed)


class Apart:
    """A mind in a process of its own. One that dies is started again, three times in all; then it says so and answers no more."""

    def __init__(self, library: Path, config: Config) -> None:
        self._library, self._config = library, config
        self._pool: ProcessPoolExecutor | None = None
        self._waiting: tuple[int, Future[Answer]] | None = None
        self._starts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, question: Question) -> bool:
        """Take a question; False when the last one is not answered yet, or nobody answers any more."""
        if self._waiting is not None or self._starts > _STARTS:
            return False
        try:
            with one_thread_each():
                self._waiting = question.at, self._ready().submit(_think, question)
        except (BrokenProcessPool, OSError, RuntimeError):
            self._bury()
            return False
        return True

    def answer(self) -> Answer | None:
        """The answer to the last question, once; None while there is none."""
        if self._waiting is None or not self._waiting[1].done():
            return None
        (at, future), self._waiting = self._waiting, None
        try:
            return future.result()
        except BrokenProcessPool:
            self._bury()
            rest = "it is started again" if self._starts <= _STARTS else "what plays is not recognised any more"
            return Answer(at, error=f"the process that recognises songs died; {rest}")
        except Exception as error:
            return Answer(at, error=f"what plays cannot be recognised: {error}")

    def close(self) -> None:
        """End the process."""
        self._starts = _STARTS + 1
        if self._pool:
            self._pool.shutdown(wait=False, cancel_futures=True)
            for process in list((self._pool._processes or {}).values()):
                process.terminate()
            self._pool = None

    def _ready(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._starts += 1
            self._pool = ProcessPoolExecutor(
                1, mp_context=get_context("spawn"), initializer=_begin, initargs=(self._library, self._config)
            )
        return self._pool

    def _bury(self) -> None:
        if self._pool:
            self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool, self._waiting = None, None
        if self._starts >= _STARTS:
            self._starts = _STARTS + 1


# In the process ----------------------------------------------------------------------------------------------------------------

_placer: Placer | MixtapeError | None = None


def _begin(library: Path, config: Config) -> None:
    global _placer
    # Ctrl-C is for the show, which then ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_NICE)
    threading.Thread(target=end_with_the_asker, daemon=True).start()
    try:
        _placer = Placer.load(library, config)
    except MixtapeError as error:
        _placer = error


def _think(question: Question) -> Answer:
    if not isinstance(_placer, Placer):
        raise MixtapeError(str(_placer))
    return think(_placer, question)
