"""One long piece of work in a process of its own: with one thread, and behind all else that wants the processor.

The process is started fresh ("spawn", alike on every system). What it tells while it works is told here, and its death, by
whatever hand, is an error in words. It ends with the one who asked for it: at Ctrl-C, at an error, and at a kill too.
"""

from __future__ import annotations

import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing import connection, get_context, parent_process
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from mixtape.errors import MixtapeError

Answer = TypeVar("Answer")

_NICE = 5
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS")
_TOLD, _ANSWER, _ERROR = range(3)


def apart(work: Callable[..., Answer], *given: Any, what: str, watch: Callable[..., None] | None = None, **named: Any) -> Answer:
    """The answer of `work(*given, **named)`, found in a process of its own.

    Args:
        work: a function that can be pickled, as all it is given, tells and answers can.
        what: what it does, for a person: "laying out the map".
        watch: is told, here, what `work` tells the function it gets as its own `watch`; where there is none, `work` gets none.

    Raises:
        MixtapeError: the process ended before it had answered.
        Exception: what `work` raised, with a note of where.
    """
    spawn = get_context("spawn")
    line, far = spawn.Pipe(duplex=False)
    process = spawn.Process(target=_work, args=(far, work, given, named, watch is not None), name=what, daemon=True)
    try:
        with one_thread_each():
            process.start()
        far.close()
        while True:
            kind, said = line.recv()
            if kind == _ANSWER:
                return said  # type: ignore[no-any-return]
            if kind == _ERROR:
                raise said
            if watch is not None:
                watch(*said)
    except (EOFError, BrokenPipeError) as error:
        process.join()
        raise MixtapeError(_ended(what, process.exitcode)) from error
    finally:
        line.close()
        if process.is_alive():
            process.kill()
            process.join()


def _ended(what: str, exit_code: int | None) -> str:
    killed = exit_code is not None and exit_code < 0
    remedy = (
        "it may be that memory ran out; what was done before is kept, start again"
        if killed
        else 'in a script of your own, put the work under `if __name__ == "__main__":`; else start again with --debug'
    )
    return f"{what} takes a process of its own, and that ended before its time ({last_words(exit_code)}); {remedy}"


def last_words(exit_code: int | None) -> str:
    """How a process ended: the signal that ended it by name, or its exit code."""
    if exit_code is None or exit_code >= 0:
        return f"exit code {exit_code}"
    with suppress(ValueError):
        return signal.Signals(-exit_code).name
    return f"signal {-exit_code}"


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Children started inside have one thread for arithmetic: their libraries read this when they are loaded, not later."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _work(line: Connection, work: Callable[..., Any], given: tuple[Any, ...], named: Mapping[str, Any], watched: bool) -> None:
    """The life of the process: work, tell, answer, end."""
    # Ctrl-C is for the one who gave the order, who then ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(_NICE)
    threading.Thread(target=end_with_the_asker, daemon=True).start()
    told = {"watch": lambda *words: line.send((_TOLD, words))} if watched else {}
    try:
        came = (_ANSWER, work(*given, **named, **told))
    except Exception as error:
        error.add_note(f"in a process of its own:\n{traceback.format_exc()}")
        came = (_ERROR, error)
    with suppress(OSError):
        line.send(came)


def end_with_the_asker() -> None:
    """Whoever asked may be killed and say nothing: an answer that nobody waits for is not worth the heat."""
    asker = parent_process()
    if asker is not None:
        connection.wait([asker.sentinel])
        os._exit(1)
