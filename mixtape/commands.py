"""The offline commands: each opens the library, calls one room, prints what a person wants to know."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mixtape import config as configuration
from mixtape.errors import ConfigError, LibraryError

if TYPE_CHECKING:
    from mixtape.config import Config
    from mixtape.library import Library
    from mixtape.types import Track

LibraryOption = Annotated[
    Path | None, typer.Option("--library", help="Where mixtape keeps what it hears [default: your data folder].")
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="Settings to use [default: config.toml here, if there is one].")
]
SeedOption = Annotated[str, typer.Option("--seed", help="The song to start from: an id, or words of its title, artist or album.")]


def open_library(folder: Path | None, *, create: bool = False) -> Library:
    """The library in `folder`, or in the user's data folder."""
    from mixtape.library import Library, default_folder

    return Library((folder or default_folder()).expanduser().absolute(), create=create)


def seed_track(library: Library, text: str, *, random_seed: int | None = None) -> Track:
    """The song `text` means; with `random_seed` any song. LibraryError with the remedy when there is none."""
    if random_seed is not None:
        import random

        tracks = library.tracks()
        if not tracks:
            raise LibraryError(f"{library.folder}: no song is ready; run mixtape build DIR on a folder with music")
        return random.Random(random_seed).choice(tracks)
    found = library.find(text, limit=1)
    if not found:
        raise LibraryError(f"no song is like '{text}'; look for one with: mixtape songs WORDS")
    return found[0]


def build(
    folder: Annotated[Path, typer.Argument(help="Your folder of music. It is only ever read.")],
    library: LibraryOption = None,
    config: ConfigOption = None,
    jobs: Annotated[int | None, typer.Option("--jobs", min=0, help="Songs heard at once [default: every core].")] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try again what was skipped before.")] = False,
) -> None:
    """Hear a folder of music and lay out its map. Run it again after a change, or after a stop: only what is new is done.

    \b
    Example: mixtape build ~/Music
    """
    from mixtape.build import build as build_library
    from mixtape.progress import bars

    settings = _with(configuration.load(config), "build", jobs=jobs)
    with open_library(library, create=True) as opened, opened.building(), bars() as progress:
        report = build_library(folder.expanduser().absolute(), opened, config=settings, progress=progress, retry=retry)
        place = opened.folder
    for skipped in report.skipped:
        print(f"skipped {_printable(skipped.path)}: {skipped.reason}")
    print(f"{report.ready} ready, {report.copies} copies set aside, {len(report.skipped)} skipped ({place})")


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
            print(f"{track.id}  {_clock(track.duration_s)}  {track.label}  ({track.album or '-'}, {track.year or '-'})")


def skipped(library: LibraryOption = None) -> None:
    """List the files that were left out, each with its reason, and the copies set aside.

    \b
    Example: mixtape skipped
    """
    with open_library(library) as opened:
        for each in opened.skipped():
            print(f"{_printable(each.path)}: {each.reason}")
        for copy, kept in opened.copies():
            print(f"{_printable(copy)}: a copy of {_printable(kept)}")


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


def _with(config: Config, section: str, **changes: object) -> Config:
    """The config with some knobs of a section changed; None leaves a knob as it is. ConfigError as for the file."""
    import dataclasses

    given = {key: value for key, value in changes.items() if value is not None}
    known = {knob.name: knob for knob in configuration.knobs()}
    faults = [fault for key, value in given.items() if (fault := known[f"{section}.{key}"].fault(value))]
    if faults:
        raise ConfigError("; ".join(faults))
    return dataclasses.replace(config, **{section: dataclasses.replace(getattr(config, section), **given)})


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _printable(path: Path) -> str:
    """The path as text, whatever bytes its name has."""
    return str(path).encode(sys.stdout.encoding or "utf-8", "backslashreplace").decode(sys.stdout.encoding or "utf-8")
