"""What a figure is, and how CPU time is taken."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure: what was measured, what it is compared with in the same run, and the ratio of the two."""

    name: str
    value: float
    unit: str
    against: str = ""
    ratio: float | None = None
    peak_mb: float = 0.0


def cpu_s(work: Callable[[], object], *, repeat: int = 3) -> float:
    """The least CPU seconds, all threads of this process, that `work()` took in `repeat` goes after one to warm up."""
    work()
    times = []
    for _ in range(repeat):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def peak_mb() -> float:
    """The most memory this process had so far; 0 where the system does not tell."""
    return _peak_mb("RUSAGE_SELF")


def workers_peak_mb() -> float:
    """The most memory that any of its finished processes had; 0 where the system does not tell."""
    return _peak_mb("RUSAGE_CHILDREN")


def _peak_mb(whose: str) -> float:
    try:
        import resource
    except ImportError:
        return 0.0
    peak = resource.getrusage(getattr(resource, whose)).ru_maxrss
    return float(peak / (2**20 if sys.platform == "darwin" else 2**10))
