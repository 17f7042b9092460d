"""How long work tells where it is: `progress(stage, done, total)`, drawn as bars in a terminal and as a few lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import Protocol


class Progress(Protocol):
    """Told after each piece of work how many of how many are done in a stage; both count from the stage's start."""

    def __call__(self, stage: str, done: int, total: int, /) -> None:
        """`done` of `total` pieces of `stage` are ready."""


def silent(stage: str, done: int, total: int, /) -> None:
    """Progress that nobody watches."""


@contextlib.contextmanager
def bars() -> Iterator[Progress]:
    """Progress drawn on standard error: live bars with the time left in a terminal, four lines a stage elsewhere."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    look = (
        TextColumn("{task.description:<22}"),
        BarColumn(32),
        MofNCompleteColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Bars(*look, console=Console(stderr=True)) as drawn:
        tasks: dict[str, int] = {}

        def progress(stage: str, done: int, total: int, /) -> None:
            if stage not in tasks:
                tasks[stage] = drawn.add_task(stage, total=total)
            drawn.update(tasks[stage], completed=done, total=total)  # type: ignore[arg-type]

        yield progress


class _Lines:
    """A line at the start of a stage, at each quarter and at its end, and every minute between."""

    def __init__(self) -> None:
        self._quarter: dict[str, int] = {}
        self._said_s = time.monotonic()

    def __call__(self, stage: str, done: int, total: int, /) -> None:
        quarter = 4 * done // max(total, 1)
        if self._quarter.get(stage) == quarter and time.monotonic() - self._said_s < 60:
            return
        self._quarter[stage], self._said_s = quarter, time.monotonic()
        print(f"{stage}: {done} of {total}", file=sys.stderr, flush=True)  # noqa: T201
