"""The live commands: the show in its window, the show as a video, and a look at what both stand on."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated

import typer

from mixtape import config as configuration
from mixtape.commands.shared import ConfigOption, LibraryOption, open_library, printable, seed_track
from mixtape.config import changed
from mixtape.errors import ConfigError, MixtapeError

SeedOption = Annotated[str, typer.Option("--seed", help="The song to begin with: an id, or words of its title, artist or album.")]
SceneOption = Annotated[
    str | None, typer.Option("--scene", help="auto, or a scene: map, grid, wall, chart, forming, gallery [default: auto].")
]


def show(
    library: LibraryOption = None,
    config: ConfigOption = None,
    seed: SeedOption = "",
    windowed: Annotated[bool, typer.Option("--windowed", help="In a window instead of fullscreen.")] = False,
    scene: SceneOption = None,
    test_picture: Annotated[
        bool, typer.Option("--test-picture", help="Begin with the picture to set displays up by; t ends it.")
    ] = False,
    listen: Annotated[
        str | None,
        typer.Option("--listen", help="Follow the music in the room instead: part of an input's name, default, or a file."),
    ] = None,
    remote: Annotated[
        bool, typer.Option("--remote", help="Let guests' phones in, with a code to scan on the screen; c hides it.")
    ] = False,
    lan: Annotated[
        bool, typer.Option("--lan", help="Take OSC from the network too, of those that config's allow lists.")
    ] = False,
    frames: Annotated[int | None, typer.Option("--frames", min=1, hidden=True)] = None,
) -> None:
    """Play the show: every song on the map, the grid and the wall. Esc ends it; / searches; a click plays a song.

    \b
    Example: mixtape show --windowed --seed "night train"
    """
    from installation.app import run_show

    settings = changed(configuration.load(config), "show", scene=scene)
    settings = changed(settings, "displays", test_picture=test_picture or None)
    settings = changed(settings, "control", remote=remote or None, remote_code=remote or None, lan=lan or None)
    with open_library(library) as opened:
        first = seed_track(opened, seed).id if seed else None
        run_show(opened, settings, seed_id=first, windowed=windowed, listen=listen, frames=frames)


def export(
    out: Annotated[Path, typer.Option("--out", help="The video to write, .mp4 or .mkv.")],
    seconds: Annotated[float, typer.Option("--seconds", min=0.1, help="How long.")] = 60.0,
    size: Annotated[str, typer.Option("--size", help="WIDTHxHEIGHT in pixels.")] = "1280x720",
    fps: Annotated[float, typer.Option("--fps", min=1.0, max=240.0, help="Frames a second.")] = 30.0,
    seed: SeedOption = "",
    scene: SceneOption = None,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """Draw the show into a video with its sound, frame by frame; the same command gives the same frames.

    \b
    Example: mixtape export --out show.mp4 --seconds 60 --size 1280x720 --fps 30
    """
    from installation.app import export as draw
    from mixtape.progress import bars

    settings = changed(configuration.load(config), "show", scene=scene)
    with open_library(library) as opened, bars() as progress:
        first = seed_track(opened, seed).id if seed else None
        written = draw(
            opened,
            settings,
            out=out.expanduser().absolute(),
            seconds=seconds,
            size=_size(size),
            fps=fps,
            seed_id=first,
            progress=progress,
        )
    print(f"written: {written}")


def check(library: LibraryOption = None, config: ConfigOption = None) -> None:
    """Look at everything the show stands on, without opening a window. Exit code 1 when something is missing.

    \b
    Example: mixtape check
    """
    from installation.checks import checks

    settings = configuration.load(config)
    with open_library(library) as opened:
        found = list(checks(opened, settings))
    for each in found:
        print(f"{'ok     ' if each.fault is None else 'MISSING'} {each.name}: {each.fault or each.words}")
    if missing := [each.name for each in found if each.fault and each.needed]:
        raise MixtapeError(f"the show cannot start without: {', '.join(missing)}")


def scenes(library: LibraryOption = None, config: ConfigOption = None) -> None:
    """List your own scenes, fragment shaders in ISF form: their OSC addresses and inputs, or what is wrong with them.

    \b
    Example: mixtape scenes
    """
    from installation.app import shelf_of
    from installation.gl.context import open_context
    from installation.gl.isf import sources
    from installation.gl.program import compiled

    settings = configuration.load(config)
    with open_library(library) as opened:
        shelf = shelf_of(opened, settings)
    print(f"{shelf.folder}: {len(shelf.scenes)} scenes")
    faults, context = list(shelf.faults), open_context()
    for scene in shelf.scenes:
        try:
            compiled(context, *sources(scene)).release()
        except MixtapeError as error:
            faults.append(str(error))
            continue
        print(f"\n/mixtape/scene {printable(scene.name)}    {printable(scene.description or scene.path.name)}")
        for knob in (knob for each in scene.inputs for knob in each.knobs):
            limits = ", ".join(knob.choices) or ("1 or 0" if knob.low is None else f"{knob.low:g} to {knob.high:g}")
            print(f"    /mixtape/{printable(knob.name)}    {printable(limits)}    [{printable(str(knob.default))}]")
    for fault in faults:
        print(f"\nnot used: {printable(fault)}")


def flashcheck(
    video: Annotated[Path, typer.Argument(help="Any video.")],
    broadcast: Annotated[
        bool, typer.Option("--broadcast", help="Judge over a quarter of the picture, not of any third by a third of it.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
) -> None:
    """Count the flashes of any video by the numbers of WCAG 2.3.1: how many a second, when and where. Exit code 1 when too many.

    Exit code 0 says that it passes, 2 that it cannot be judged, or passes but cannot be read to its end.

    \b
    Example: mixtape flashcheck show.mp4
    """
    from installation.flashcheck import as_record, check, in_words
    from mixtape.progress import bars

    with bars() as progress:
        report = check(video, profile="broadcast" if broadcast else "window", progress=progress)
    print(json.dumps(as_record(report), indent=2) if as_json else in_words(report))
    raise typer.Exit(1 if not report.passes else 0 if report.whole else 2)


def devices() -> None:
    """List the sound devices, for `sound_device` in config.toml, and the displays, for `display` and `use`.

    \b
    Example: mixtape devices
    """
    from installation.outputs import device_names
    from installation.window import display_names

    names = device_names()
    print("sound devices (show.sound_device):")
    print("\n".join(f"  {name}" for name in names) or "  none here; the show runs silently in time")
    print("displays (show.display, displays.use):")
    print("\n".join(f"  {name}" for name in display_names()) or "  none here; mixtape export needs none")


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)[xX](\d+)", text.strip())
    width, height = (int(found[1]), int(found[2])) if found else (0, 0)
    if not (16 <= width <= 7680 and 16 <= height <= 4320):
        raise ConfigError(f"--size {text}: WIDTHxHEIGHT from 16x16 to 7680x4320 is needed, such as 1280x720")
    return width, height
