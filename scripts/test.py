#!/usr/bin/env python3
"""Run every check: linter, formatter, types, import contract, tests. Sets up what it needs on a fresh machine.

python3 scripts/test.py                 all checks, quick tests
python3 scripts/test.py --slow          the slow tests too (minutes more)
python3 scripts/test.py tests/maps -k grid
                                        only the tests; what follows goes to pytest
"""

from __future__ import annotations

import os
import sys

from environment import main, program, ready, run


def work() -> int:
    """Every check in turn; the first exit code that is not 0, tests last."""
    if {"-h", "--help"} & set(sys.argv[1:]):
        print(__doc__)
        return 0
    python = str(ready(dev=True))
    chosen = [word for word in sys.argv[1:] if word != "--slow"]
    slow = ["--slow"] if "--slow" in sys.argv[1:] else []
    checks = [
        ("linter", [python, "-m", "ruff", "check", "."]),
        ("formatter", [python, "-m", "ruff", "format", "--check", "--quiet", "."]),
        ("types", [python, "-m", "mypy"]),
        ("import contract", [str(program("lint-imports")), "--no-cache"]),
    ]
    failed = []
    for name, command in [] if chosen else checks:
        print(f"== {name}", flush=True)
        if run(command) != 0:
            failed.append(name)
    print("== tests", flush=True)
    cores = ["-n", str(min(4, os.cpu_count() or 1))]
    if run([python, "-m", "pytest", *cores, *slow, *chosen]) != 0:
        failed.append("tests")
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    main(work)
