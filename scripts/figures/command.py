"""The command line."""

from __future__ import annotations

import subprocess
import sys
import time

from environment import ROOT

from figures.row import Row


def help_wall() -> Row:
    """How long a person waits for `mixtape --help`, against Python starting up at all."""

    def wall(*words: str) -> float:
        times = []
        for _ in range(7):
            start = time.perf_counter()
            subprocess.run([sys.executable, *words], stdout=subprocess.DEVNULL, check=True, cwd=ROOT)
            times.append(time.perf_counter() - start)
        return sorted(times)[3]

    mine, floor = wall("-m", "installation.cli", "--help"), wall("-c", "pass")
    return Row("help_wall", mine, "s wall", "python -c pass", mine / floor)


ROWS = (help_wall,)
