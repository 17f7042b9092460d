#!/usr/bin/env python3
"""The night before the opening, in one command: hear the collection, train the pictures, fill the gallery, check everything.

    python3 scripts/prebuild.py ~/Music --minutes 240
    python3 scripts/prebuild.py ~/Music --library /srv/mixtape --pictures 30000

Stop it whenever you like and start it again: every step goes on where it was.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from environment import main, program, ready, typed


def work() -> int:
    """Build, train, gallery, check; the exit code of the first step that fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("music", type=Path, metavar="DIR", help="the folder of music (only ever read)")
    parser.add_argument("--library", type=Path, metavar="DIR", help="where the library lies (default: your data folder)")
    parser.add_argument("--minutes", type=float, default=120.0, help="minutes of training in all (default: %(default)s)")
    parser.add_argument("--pictures", type=int, default=3000, help="pictures of the gallery (default: %(default)s)")
    asked = parser.parse_args()
    # What is mistyped is said before the night, not in it.
    if not asked.music.expanduser().is_dir():
        parser.error(f"{asked.music}: there is no such folder")
    if not asked.minutes > 0 or asked.pictures < 1:
        parser.error(f"--minutes {asked.minutes:g} --pictures {asked.pictures}: more than 0 and at least 1 are needed")
    python = str(ready())
    place = ["--library", str(asked.library.expanduser().resolve())] if asked.library else []
    steps = [
        ["build", str(asked.music.expanduser().resolve())],
        ["train", "--minutes", str(asked.minutes)],
        ["gallery", "--count", str(asked.pictures)],
        ["check"],
    ]
    for step in steps:
        print(f"== mixtape {' '.join(step)}", flush=True)
        code = subprocess.call([python, "-m", "installation.cli", *step, *place])
        if code != 0:
            print(f"stopped at: mixtape {' '.join(step)}; mend what it says and run this again", file=sys.stderr)
            return code
    print(f"ready for the opening: {typed([str(program('mixtape')), 'show', *place])}")
    return 0


if __name__ == "__main__":
    main(work)
