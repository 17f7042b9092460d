"""The same task for many files on all cores, whatever happens to one of them.

Each worker is a process of its own, started fresh ("spawn", alike on every system) with one thread for its arithmetic. A worker
that dies over a file, or sits on it too long, costs that file and nothing else: a new one takes its place.
"""

from __future__ import annotations

import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection, get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Generic, TypeVar

from mixtape.apart import last_words, one_thread_each
from mixtape.errors import MixtapeError

Answer = TypeVar("Answer")
Task = Callable[[Path], Answer]

_START_LIMIT_S = 120.0


@dataclass(frozen=True, slots=True)
class Lost:
    """No answer came: why, in words for a person."""

    reason: str


def cores() -> int:
    """Processor cores that this program may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def answers(
    task: Task[Answer], paths: Iterable[Path], *, jobs: int, limit_s: Callable[[Path], float]
) -> Iterator[tuple[Path, Answer | Lost]]:
    """Do `task` for each path in `jobs` processes; answers come as they are ready, in any order.

    Args:
        task: a function that can be pickled, as its answers can.
        paths: what to do it for.
        jobs: processes at a time.
        limit_s: after how many seconds a file counts as lost.

    Raises:
        MixtapeError: workers cannot be started at all.
    """
    waiting = deque(paths)
    crew = [_Worker(task) for _ in range(min(jobs, len(waiting)))]
    try:
        while crew:
            for worker in _stirring(crew):
                came = worker.answer()
                if came is not None:
                    yield came
                if worker.gone:
                    worker.stop()
                    crew.remove(worker)
                    if waiting:
                        crew.append(_Worker(task))
                elif waiting:
                    path = waiting.popleft()
                    worker.give(path, limit_s=limit_s(path))
                else:
                    worker.stop()
                    crew.remove(worker)
    finally:
        for worker in crew:
            worker.stop()


class _Worker(Generic[Answer]):
    """One process, the line to it, and the path it is at; None until it has said that it is ready."""

    def __init__(self, task: Task[Answer]) -> None:
        spawn = get_context("spawn")
        self.line, far = spawn.Pipe()
        self.process = spawn.Process(target=_work, args=(task, far), daemon=True)
        self.path: Path | None = None
        self.gone = False
        with one_thread_each():
            self.process.start()
        far.close()
        self.until_s = time.monotonic() + _START_LIMIT_S

    def give(self, path: Path, *, limit_s: float) -> None:
        self.path, self.until_s = path, time.monotonic() + limit_s
        # A worker that died meanwhile is noticed when its answer is looked for.
        with suppress(OSError):
            self.line.send(path)

    def answer(self) -> tuple[Path, Answer | Lost] | None:
        """What came for the path it is at; nothing when it only said that it is ready. Sets `gone` when it is past use."""
        came: Answer | Lost
        try:
            if self.line.poll():
                came = self.line.recv()
            else:
                self.gone = True
                came = Lost("it took longer than a song of its size can; left out")
        except (EOFError, OSError):
            self.gone = True
            self.process.join(5)
            came = Lost(f"reading it brought the decoder down ({last_words(self.process.exitcode)}); left out")
        if self.path is not None:
            return self.path, came
        if self.gone:
            raise MixtapeError(
                f"a listening process could not start ({last_words(self.process.exitcode)}); try --jobs 1, or, in a script "
                'of your own, put its work under `if __name__ == "__main__":`'
            )
        return None

    def stop(self) -> None:
        self.line.close()
        if self.process.is_alive():
            self.process.kill()
        self.process.join()


def _stirring(crew: list[_Worker[Answer]]) -> list[_Worker[Answer]]:
    """Wait until some workers have spoken, have died or are overdue: those."""
    patience_s = max(min(worker.until_s for worker in crew) - time.monotonic(), 0)
    spoken = connection.wait([worker.line for worker in crew], timeout=patience_s)
    now_s = time.monotonic()
    return [worker for worker in crew if worker.line in spoken or worker.until_s <= now_s]


def _work(task: Task[Answer], line: Connection) -> None:
    """A worker's life: say that it is ready, then answer path after path until the line is closed."""
    # Ctrl-C is for the one who gave the order; it closes the line.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError, OSError):
        line.send(None)
        while True:
            line.send(task(line.recv()))
