#!/usr/bin/env python3
"""Draw the pictures of the README anew, from the made-up collection that scripts/demo.py built.

python3 scripts/pictures.py
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from environment import ROOT, main, ready

LIBRARY = ROOT / "out" / "demo" / "library"
SEED = "Nachtschicht"
SCENES = {"map": 9.0, "grid": 9.0, "wall": 12.0}
"""Scenes, and the second of the show they are taken at."""


def work() -> int:
    """Draw inside the environment: this script starts itself again there."""
    python = ready()
    if Path(sys.executable).absolute() != python.absolute():
        return subprocess.call([str(python), __file__])
    if not LIBRARY.is_dir():
        print("there is no made-up collection yet; run: python3 scripts/demo.py --video", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        draw(Path(folder))
    return 0


def draw(folder: Path) -> None:
    """docs/show.jpg (map, grid, wall) and docs/poster.jpg."""
    from PIL import Image

    shots = [moment(scene, seconds, folder) for scene, seconds in SCENES.items()]
    width, height = shots[0].size
    gap = 12
    sheet = Image.new("RGB", (width, height + gap + (height - gap) // 2), (6, 6, 8))
    sheet.paste(shots[0], (0, 0))
    small = ((width - gap) // 2, (height - gap) // 2)
    for place, shot in enumerate(shots[1:]):
        sheet.paste(shot.resize(small, Image.Resampling.LANCZOS), (place * (small[0] + gap), height + gap))
    sheet.save(ROOT / "docs" / "show.jpg", quality=86, optimize=True)
    poster = folder / "poster.png"
    mixtape("playlist", "--seed", SEED, "--poster", poster)
    with Image.open(poster) as picture:
        picture.convert("RGB").resize((900, 1273), Image.Resampling.LANCZOS).save(ROOT / "docs" / "poster.jpg", quality=86)


def moment(scene: str, seconds: float, folder: Path) -> Any:
    """The last frame of a scene's first `seconds`."""
    import av

    video = folder / f"{scene}.mp4"
    mixtape("export", "--scene", scene, "--seed", SEED, "--seconds", seconds, "--fps", 15, "--size", "1280x720", "--out", video)
    with av.open(str(video)) as film:
        *_, last = film.decode(film.streams.video[0])
        return last.to_image()


def mixtape(*words: object) -> None:
    """Run one `mixtape` command on the made-up collection's library."""
    subprocess.run([sys.executable, "-m", "installation.cli", *map(str, words), "--library", str(LIBRARY)], check=True, cwd=ROOT)


if __name__ == "__main__":
    main(work)
