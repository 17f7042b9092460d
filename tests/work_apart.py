"""Pieces of work for a process of its own, which must be able to import them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from mixtape.apart import apart
from mixtape.errors import LibraryError


def about_itself() -> tuple[int, int, set[int]]:
    """Its process, its priority, and how many threads its arithmetic has."""
    from threadpoolctl import threadpool_info

    np.ones((2, 2)) @ np.ones((2, 2))
    priority = os.getpriority(os.PRIO_PROCESS, 0) if hasattr(os, "getpriority") else 0
    return os.getpid(), priority, {each["num_threads"] for each in threadpool_info()}


def counted(upto: int, *, watch: Callable[[int, str], None]) -> int:
    for number in range(upto):
        watch(number, "counted")
    return upto


def failing() -> None:
    raise LibraryError("the cupboard is bare; fill it")


def killed_meanwhile() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def for_ever(*, watch: Callable[[int], None]) -> None:
    watch(os.getpid())
    time.sleep(600)


def asked_for_ever(note: str) -> None:
    """Ask for work without end, and write down who does it."""
    apart(for_ever, what="waiting", watch=lambda pid: Path(note).write_text(str(pid)))
