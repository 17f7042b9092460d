#!/usr/bin/env python3
"""The figures this project answers for. Sets up what it needs on a fresh machine.

    python3 scripts/bench.py                    every row
    python3 scripts/bench.py listen grid_1024   some rows
    python3 scripts/bench.py --json             for a program

Each row runs in a process of its own, pinned to one thread. A value is CPU seconds (or what the unit says), measured in the
same run as the floor or the peer it is compared with: machines are noisy, ratios within one run are not. `peak` is the most
memory the process had.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import subprocess
import sys
from dataclasses import asdict

from environment import main, ready
from figures import (
    command,
    control,
    covergan,
    endurance,
    listening,
    maps,
    midi,
    outputs,
    playlists,
    recognition,
    recording,
    similarity,
    stage,
)
from figures.row import Row, peak_mb

ONE_THREAD = {**dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"), "LP_NUM_THREADS": "0"}


ROWS = {
    row.__name__: row
    for room in (
        command,
        listening,
        recognition,
        similarity,
        maps,
        playlists,
        stage,
        recording,
        outputs,
        endurance,
        covergan,
        midi,
        control,
    )
    for row in room.ROWS
}

WHEN_NAMED = (
    *listening.WHEN_NAMED,
    *recognition.WHEN_NAMED,
    *similarity.WHEN_NAMED,
    *covergan.WHEN_NAMED,
    *endurance.WHEN_NAMED,
    *recording.WHEN_NAMED,
)


def work() -> int:
    """Run the asked rows, each in its own process, and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"rows to run: {', '.join(ROWS)}")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.inside:
        print(json.dumps(asdict(_measured(asked.inside))))
        return 0
    if unknown := set(asked.names) - set(ROWS):
        parser.error(f"no row {', '.join(sorted(unknown))}; there is {', '.join(ROWS)}")
    python = str(ready())
    rows, failed = [], 0
    for name in asked.names or [name for name in ROWS if name not in WHEN_NAMED]:
        done = subprocess.run(
            [python, __file__, "--inside", name], capture_output=True, text=True, env={**os.environ, **ONE_THREAD}
        )
        if done.returncode != 0:
            print(f"{name}: failed\n{done.stderr}", file=sys.stderr)
            failed += 1
            continue
        rows.append(Row(**json.loads(done.stdout.splitlines()[-1])))
        if not asked.json:
            _say(rows[-1])
    if asked.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
    return 1 if failed else 0


def _measured(name: str) -> Row:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    row = ROWS[name]()
    return dataclasses.replace(row, peak_mb=row.peak_mb or peak_mb())


def _say(row: Row) -> None:
    ratio = f"{row.ratio:8.2f} x {row.against}" if row.ratio is not None else row.against
    print(f"{row.name:<22} {row.value:10.4g} {row.unit:<22} peak {row.peak_mb:6.0f} MB  {ratio}", flush=True)


if __name__ == "__main__":
    main(work)
