"""A process beside the show that answers one question at a time: asked and fetched, never waited for."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any, Generic, Self, TypeVar

from mixtape.apart import end_with_the_asker, one_thread_each

Answer = TypeVar("Answer")

_STARTS = 3
_NICE = 5


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer, and why, in words for a person."""

    words: str


class Beside(Generic[Answer]):
    """Answers questions by `work(question)` in a process that is started with the first one, behind all else that wants the
    processor. One that dies is started again, three times in all; then nobody answers any more.
    """

    def __init__(self, work: Callable[[Any], Answer], begin: Callable[..., None], *given: Any, what: str) -> None:
        """`begin(*given)` runs once in the process, before the first answer. `what` it does: "recognising songs"."""
        self._work, self._begin, self._given, self._what = work, begin, given, what
        self._pool: ProcessPoolExecutor | None = None
        self._waiting: Future[Answer] | None = None
        self._starts = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, question: Any) -> bool:
        """Take a question; False when the last one is not answered yet, or nobody answers any more."""
        if self._waiting is not None or self._starts > _STARTS:
            return False
        try:
            with one_thread_each():
                self._waiting = self._ready().submit(self._work, question)
        except (BrokenProcessPool, OSError, RuntimeError):
            self._bury()
            return False
        return True

    def answer(self) -> Answer | Failed | None:
        """The answer to the last question, once; None while there is none."""
        if self._waiting is None or not self._waiting.done():
            return None
        future, self._waiting = self._waiting, None
        try:
            return future.result()
        except BrokenProcessPool:
            self._bury()
            rest = "it is started again" if self._starts <= _STARTS else "it stays away until the next start of the show"
            return Failed(f"{self._what}: its process died; {rest}")
        except Exception as error:
            return Failed(f"{self._what}: {error}")

    def close(self) -> None:
        """End the process; may be called twice."""
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
                1, mp_context=get_context("spawn"), initializer=_start, initargs=(self._begin, self._given)
            )
        return self._pool

    def _bury(self) -> None:
        if self._pool:
            self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool, self._waiting = None, None
        if self._starts >= _STARTS:
            self._starts = _STARTS + 1


def _start(begin: Callable[..., None], given: tuple[Any, ...]) -> None:
    # Ctrl-C is for the show, which then ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_NICE)
    threading.Thread(target=end_with_the_asker, daemon=True).start()
    begin(*given)
