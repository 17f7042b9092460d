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
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from environment import ROOT, main, ready

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LP_NUM_THREADS"), "1")


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


def _song(folder: Path, suffix: str, seconds: float = 180.0) -> Path:
    """Three minutes of moving noise and tones as a file, such as an encoder meets in music."""
    import av
    import numpy as np

    rng = np.random.default_rng(5)
    n = int(44100 * seconds)
    t = np.arange(n) / 44100
    tones = sum(np.sin(2 * np.pi * f * t) * (0.5 + 0.5 * np.sin(2 * np.pi * m * t)) for f, m in ((110, 2), (440, 0.5), (2600, 4)))
    sound = np.stack([0.15 * tones + 0.1 * rng.standard_normal(n) * (np.sin(np.pi * 4 * t) ** 8) for _ in range(2)]).astype(
        np.float32
    )
    path = folder / f"song{suffix}"
    out: Any
    with av.open(str(path), "w") as out:
        codec = {".mp3": "libmp3lame", ".ogg": "vorbis"}[suffix]
        stream = out.add_stream(codec, rate=44100, layout="stereo", options={"strict": "experimental"}, bit_rate=192_000)
        for start in range(0, n, 44100):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(sound[:, start : start + 44100]), format="fltp", layout="stereo"
            )
            frame.sample_rate, frame.pts = 44100, start
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


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


ROWS: dict[str, Callable[[], Row]] = {each.__name__: each for each in (help_wall,)}


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
    for name in asked.names or ROWS:
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
    import dataclasses

    row = ROWS[name]()
    return dataclasses.replace(row, peak_mb=_peak_mb())


def _peak_mb() -> float:
    try:
        import resource
    except ImportError:
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _say(row: Row) -> None:
    ratio = f"{row.ratio:8.2f} x {row.against}" if row.ratio is not None else row.against
    print(f"{row.name:<22} {row.value:10.4g} {row.unit:<22} peak {row.peak_mb:6.0f} MB  {ratio}", flush=True)


if __name__ == "__main__":
    main(work)
