"""What sound and screens cost: mixing, measuring loudness, and the way through several projectors."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from figures.row import Row, cpu_s

_SONG_S = 60
_SONGS = 3


def _songs(folder: Path) -> dict[str, Path]:
    """Three minutes of stereo noise in FLAC, each song louder than the one before."""
    import numpy as np
    import soundfile

    paths = {}
    for k in range(_SONGS):
        paths[str(k)] = folder / f"{k}.flac"
        noise = np.random.default_rng(k).standard_normal((_SONG_S * 44100, 2)) * 0.03 * (k + 1)
        soundfile.write(paths[str(k)], noise, 44100)
    return paths


def mix_minute() -> Row:
    """A minute of sound out of the mixer, a third of it in crossfades of 10 s, against decoding the same minute of files."""
    from installation.decks import Mixer
    from mixtape.audio import blocks

    with tempfile.TemporaryDirectory() as folder:
        paths = _songs(Path(folder))

        def mixed() -> None:
            mixer = Mixer(paths.__getitem__, ahead=False, gain_of=lambda _: 0.5)
            mixer.play("0")
            for second in range(60):
                if second in (20, 50):
                    mixer.play(str(second % 7 % 2 + 1), fade_s=10.0)
                for _ in range(84):
                    mixer.render(525)
            mixer.close()

        mine = cpu_s(mixed)
        decoded = cpu_s(lambda: sum(len(block) for block in blocks(paths["0"], channels=2)))
    return Row("mix_minute", 1000 * mine, "CPU-ms a minute of sound", "decoding it", mine / decoded)


def level_minute() -> Row:
    """Loudness and true peak of a minute of sound from a file, against decoding it."""
    from installation.levels import measure
    from mixtape.audio import blocks

    with tempfile.TemporaryDirectory() as folder:
        path = _songs(Path(folder))["0"]
        mine = cpu_s(lambda: measure(path))
        decoded = cpu_s(lambda: sum(len(block) for block in blocks(path, channels=2)))
    return Row("level_minute", 1000 * mine, "CPU-ms a minute of sound", "decoding it", mine / decoded)


def warp_2() -> Row:
    """A picture through two projectors, pinned and blended, into 2560 x 720, against copying it to the screen as it is."""
    import numpy as np

    from installation.displays import Displays
    from installation.gl.context import open_context
    from installation.gl.program import Programs
    from installation.gl.projection import project
    from installation.gl.targets import Screen, Target

    ctx, displays = open_context(), Displays()
    screen = Screen(ctx, Programs(ctx))
    knobs: dict[str, Any] = {
        "output_1": "corners 0.02 0.03 0.98 0 1 1 0.01 0.97",
        "output_2": "corners 0 0 1 0.02 0.99 0.98 0 1",
        "overlap": 0.15,
    }
    size = (2560, 720)
    width, height = displays.picture_px(size, knobs)
    noise = np.random.default_rng(1).integers(0, 256, (height, width, 4), np.uint8)
    picture, target = ctx.texture((width, height), 4, noise.tobytes()), Target.make(ctx, size)

    def frames(told: dict[str, Any]) -> float:
        def draw() -> None:
            for _ in range(20):
                project(picture, target.framebuffer, displays.outputs(told), screen)
            ctx.finish()

        return cpu_s(draw) / 20

    mine, copied = frames(knobs), frames({})
    return Row("warp_2", 1000 * mine, f"CPU-ms a frame at {size[0]}x{size[1]}", "a copy", mine / copied)


ROWS = (mix_minute, level_minute, warp_2)
"""What scripts/bench.py runs."""
