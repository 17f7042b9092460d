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

STAGE: dict[str, tuple[float, float, float]] = {
    "map": (3.2, 11.0, 20.0),
    "grid": (6.0, 11.0, 12.6),
    "wall": (6.0, 10.9, 16.0),
    "chart": (6.0, 10.9, 16.0),
    "forming": (2.0, 7.0, 17.0),
    "gallery": (4.0, 12.0, 20.0),
}
"""Scenes, and three seconds each that the contact sheet shows them at; the next song begins at the tenth."""

NEXT_S = 10.0
THUMB = (400, 225)


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
    """docs/show.jpg (map, grid, wall), docs/stage.jpg (every scene) and docs/poster.jpg."""
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
    stage_sheet(LIBRARY).save(ROOT / "docs" / "stage.jpg", quality=80, optimize=True)
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


def stage_sheet(folder: Path) -> Any:
    """Three moments of every scene that a library has, a scene a row."""
    from PIL import Image

    from installation.app import load_world
    from mixtape.config import Config, changed
    from mixtape.library import Library

    library = Library(folder)
    config = changed(Config(), "show", width=THUMB[0], height=THUMB[1])
    world = load_world(library, config)
    rows = [name for name in STAGE if name in world.scenes]
    gap = 6
    sheet = Image.new("RGB", (3 * (THUMB[0] + gap) - gap, len(rows) * (THUMB[1] + gap) - gap), (6, 6, 8))
    for row, name in enumerate(rows):
        for column, shot in enumerate(shots(library, world, name)):
            sheet.paste(Image.fromarray(shot), (column * (THUMB[0] + gap), row * (THUMB[1] + gap)))
    return sheet


def shots(library: Any, world: Any, scene: str) -> list[Any]:
    """The pictures of a scene at its three moments: a show without sound, its wall drawn by the library's network."""
    from installation.clock import FixedClock
    from installation.decks import Mixer
    from installation.gl.context import open_context
    from installation.messages import ControlEvent
    from installation.sampler import DirectSampler
    from installation.show import Show
    from installation.sound import OfflineSound
    from installation.stage import Stage
    from mixtape.covergan import material

    found: list[Any] = []
    stage = Stage(open_context(), world, size=THUMB, patient=True)
    mixer = Mixer(lambda track_id: world.track(track_id).path, ahead=False)
    seed = world.find(SEED)
    with DirectSampler(material.model_path(library)) as sampler, OfflineSound(mixer) as sound:
        show, clock, gone = Show(world, stage, sound, sampler, seed_id=seed[0].id if seed else None), FixedClock(15), False
        show.open()
        events: tuple[ControlEvent, ...] = (ControlEvent("pictures", "scene", scene, 0.0),)
        while len(found) < 3:
            moment = clock.tick(show.heard_s)
            if moment.time_s >= NEXT_S and not gone and scene not in ("gallery", "forming"):
                events, gone = (*events, ControlEvent("pictures", "next", None, moment.time_s)), True
            show.frame(moment, events)
            events = ()
            sound.advance(1.0 / 15)
            if moment.time_s >= STAGE[scene][len(found)]:
                found.append(stage.read())
    return found


def mixtape(*words: object) -> None:
    """Run one `mixtape` command on the made-up collection's library."""
    subprocess.run([sys.executable, "-m", "installation.cli", *map(str, words), "--library", str(LIBRARY)], check=True, cwd=ROOT)


if __name__ == "__main__":
    main(work)
