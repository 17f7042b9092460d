#!/usr/bin/env python3
"""See and hear mixtape: on a made-up collection, or on your own music. Sets up what it needs on a fresh machine.

    python3 scripts/demo.py                     a made-up collection of 48 songs
    python3 scripts/demo.py --music ~/Music     your own folder (only ever read)

With a display it opens the show; without one it writes a video with sound and a poster into out/.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

from environment import ROOT, main, ready

OUT = ROOT / "out"
MADE_UP = OUT / "demo"


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--music", type=Path, metavar="DIR", help="your own folder of music instead of the made-up collection")
    parser.add_argument(
        "--library", type=Path, metavar="DIR", help="where mixtape keeps what it hears (default: out/demo, or your data folder)"
    )
    parser.add_argument("--video", action="store_true", help="write the video and the poster even when there is a display")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the video in seconds (default: %(default)s)")
    parser.add_argument("--size", default="1280x720", help="size of the video in pixels (default: %(default)s)")
    asked = parser.parse_args()
    # What is mistyped is said before the minutes of setting up, not after them.
    if asked.music and not asked.music.expanduser().is_dir():
        parser.error(f"--music {asked.music}: there is no such folder")
    if not re.fullmatch(r"\d+x\d+", asked.size):
        parser.error(f"--size {asked.size}: WIDTHxHEIGHT is needed, such as 1280x720")
    if not asked.seconds >= 0.1:
        parser.error(f"--seconds {asked.seconds:g}: 0.1 or more is needed")
    return asked


def work() -> int:
    """Make or take a collection, build it, show it."""
    asked = arguments()
    python = ready()
    music = asked.music.expanduser().resolve() if asked.music else MADE_UP / "music"
    library = asked.library or (None if asked.music else MADE_UP / "library")
    if not asked.music:
        mixtape(python, "demo", music)
    place = ["--library", str(library.expanduser().resolve())] if library else []
    mixtape(python, "build", music, *place)
    if has_display() and not asked.video:
        mixtape(python, "show", *place)
        return 0
    OUT.mkdir(exist_ok=True)
    video, poster, songs = OUT / "mixtape.mp4", OUT / "mixtape.png", OUT / "mixtape.m3u8"
    mixtape(python, "playlist", "--random", "--poster", poster, "--out", songs, *place)
    mixtape(python, "export", "--out", video, "--seconds", asked.seconds, "--size", asked.size, "--fps", 30, *place)
    print(f"\nvideo   {video}\nposter  {poster}\nsongs   {songs}")
    return 0


def mixtape(python: Path, *words: object) -> None:
    """Run one `mixtape` command; end with its exit code when it fails."""
    print(f"== mixtape {words[0]}", flush=True)
    code = subprocess.call([str(python), "-m", "installation.cli", *map(str, words)])
    if code != 0:
        sys.exit(code)


def has_display() -> bool:
    """Whether a window can open here."""
    return not sys.platform.startswith("linux") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


if __name__ == "__main__":
    main(work)
