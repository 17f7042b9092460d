"""Making the collection known, and asking what is in it: build, songs, skipped, settings, demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mixtape import config as configuration
from mixtape.commands.shared import ConfigOption, LibraryOption, library_folder, open_library, printable
from mixtape.errors import LibraryError


def build(
    folder: Annotated[Path, typer.Argument(help="Your folder of music. It is only ever read.")],
    library: LibraryOption = None,
    config: ConfigOption = None,
    jobs: Annotated[int | None, typer.Option("--jobs", min=0, help="Songs heard at once [default: every core].")] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try again what was skipped before.")] = False,
    ear_net: Annotated[bool, typer.Option("--ear-net/--no-ear-net", help="Whether a network learns the collection.")] = True,
) -> None:
    """Hear a folder of music and lay out its map. Run it again after a change, or after a stop: only what is new is done.

    \b
    Example: mixtape build ~/Music
    """
    from mixtape.build import build as build_library
    from mixtape.progress import bars

    settings = configuration.changed(configuration.load(config), "build", jobs=jobs)
    settings = settings if ear_net else configuration.changed(settings, "ear", net=False)
    music, place = folder.expanduser().absolute(), library_folder(library)
    if music.is_file():
        raise LibraryError(f"{music}: a file, where a folder is needed; name the folder it lies in")
    if music.resolve() == place.resolve():
        raise LibraryError(
            f"{place}: the library may not be the folder of music itself, which is only read; name another --library"
        )
    with open_library(place, create=True) as opened, opened.building(), bars() as progress:
        report = build_library(music, opened, config=settings, progress=progress, retry=retry)
    for note in report.notes:
        print(printable(f"no cover from {note.path}: {note.reason}"))
    for song in report.unmarked:
        print(printable(f"no fingerprint of {song.path}: {song.reason}"))
    for skipped in report.skipped:
        print(printable(f"skipped {skipped.path}: {skipped.reason}"))
    if fallen_back := {name: many for name, many in report.decoders.items() if name != "pyav"}:
        said = ", ".join(f"{many} by {name}" for name, many in sorted(fallen_back.items()))
        print(f"{report.heard} songs heard, {said}, since PyAV refused them")
    print(printable(f"{report.line} ({place})"))


def songs(
    words: Annotated[str, typer.Argument(help="Words of a title, artist or album.")] = "",
    library: LibraryOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 1_000_000,
) -> None:
    """List the songs of the collection, or those that words mean.

    \b
    Example: mixtape songs "blue note"
    """
    with open_library(library) as opened:
        for track in opened.find(words, limit=limit) if words else opened.tracks()[:limit]:
            album = f"({track.album or '-'}, {track.year or '-'})"
            print(printable(f"{track.id}  {_clock(track.duration_s)}  {track.label}  {album}"))


def skipped(library: LibraryOption = None) -> None:
    """List the files that were left out, each with its reason, and the copies set aside.

    \b
    Example: mixtape skipped
    """
    with open_library(library) as opened:
        for each in opened.skipped():
            print(printable(f"{each.path}: {each.reason}"))
        for copy, kept in opened.copies():
            print(printable(f"{copy}: a copy of {kept}"))


def settings() -> None:
    """Print config.toml with every knob, its unit, its range and its default.

    \b
    Example: mixtape settings > config.toml
    """
    print(configuration.as_toml(), end="")


def demo(
    folder: Annotated[Path, typer.Argument(help="Where the made-up collection is written.")],
    seed: Annotated[int, typer.Option("--seed", help="Another number, another collection.")] = 1,
    songs: Annotated[int, typer.Option("--songs", min=1, max=48, help="How many songs.")] = 48,
    jobs: Annotated[int, typer.Option("--jobs", min=0, help="Songs written at once; 0 takes every core.")] = 0,
) -> None:
    """Write a made-up collection: songs in many styles with drawn covers, the same bytes for the same seed.

    \b
    Example: mixtape demo ~/made-up
    """
    import os

    from mixtape.demo.collection import make_collection
    from mixtape.progress import bars

    with bars() as progress:
        written = make_collection(
            folder.expanduser().absolute(),
            seed=seed,
            songs=songs,
            jobs=jobs or os.cpu_count() or 1,
            progress=lambda done, total: progress("making songs", done, total),
        )
    print(f"{len(written)} songs in {folder}")


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
