"""The offline commands: each opens the library, calls one room, prints what a person wants to know."""

from __future__ import annotations

import math
import sys
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mixtape import config as configuration
from mixtape.errors import ConfigError, LibraryError

if TYPE_CHECKING:
    from mixtape.library import Library
    from mixtape.types import Track

LibraryOption = Annotated[
    Path | None, typer.Option("--library", help="Where mixtape keeps what it hears [default: your data folder].")
]
ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="Settings to use [default: config.toml here, if there is one].")
]


def open_library(folder: Path | None, *, create: bool = False) -> Library:
    """The library in `folder`, or in the user's data folder."""
    from mixtape.library import Library

    return Library(library_folder(folder), create=create)


def library_folder(folder: Path | None) -> Path:
    """Where the library lies: `folder`, or the user's data folder."""
    from mixtape.library import default_folder

    return (folder or default_folder()).expanduser().absolute()


def seed_track(library: Library, text: str, *, by_chance: bool = False) -> Track:
    """The song `text` means, or any song `by_chance`. LibraryError with the remedy when there is none."""
    import random

    if by_chance:
        tracks = library.tracks()
        if not tracks:
            raise LibraryError(f"{library.folder}: no song is ready; run mixtape build DIR on a folder with music")
        return random.choice(tracks)
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

    settings = configuration.changed(configuration.load(config), "build", jobs=jobs)
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
        print(_printable(f"no cover from {note.path}: {note.reason}"))
    for skipped in report.skipped:
        print(_printable(f"skipped {skipped.path}: {skipped.reason}"))
    print(_printable(f"{report.line} ({place})"))


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
            print(_printable(f"{track.id}  {_clock(track.duration_s)}  {track.label}  {album}"))


def skipped(library: LibraryOption = None) -> None:
    """List the files that were left out, each with its reason, and the copies set aside.

    \b
    Example: mixtape skipped
    """
    with open_library(library) as opened:
        for each in opened.skipped():
            print(_printable(f"{each.path}: {each.reason}"))
        for copy, kept in opened.copies():
            print(_printable(f"{copy}: a copy of {kept}"))


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


def playlist(
    seed: Annotated[
        str, typer.Option("--seed", help="The song to start from: an id, or words of its title, artist or album.")
    ] = "",
    random: Annotated[bool, typer.Option("--random", help="Start from any song.")] = False,
    recipe: Annotated[
        str, typer.Option("--recipe", help="How songs are chosen: nearest-map or nearest-features.")
    ] = "nearest-features",
    length: Annotated[int | None, typer.Option("--length", min=1, help="How many songs [default: 12].")] = None,
    variation: Annotated[
        int, typer.Option("--variation", min=0, help="Another number, another mixtape; the same number, the same.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Write an M3U8 for a player.")] = None,
    poster: Annotated[Path | None, typer.Option("--poster", help="Write the mixtape as a poster, PNG.")] = None,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """Make a mixtape from one song: a table, and if asked an M3U8 and a poster.

    \b
    Example: mixtape playlist --seed "night train" --poster night.png --out night.m3u8
    """
    from mixtape.playlists import export
    from mixtape.playlists.collection import Collection
    from mixtape.playlists.recipe import Request
    from mixtape.playlists.registry import recipe_named, sentence_of
    from mixtape.storage import write_atomic

    if bool(seed) == random:
        raise ConfigError("a mixtape starts from a song: give --seed WORDS, or --random")
    chosen, settings = recipe_named(recipe.replace("-", "_")), configuration.load(config).playlist
    with open_library(library) as opened:
        start = seed_track(opened, seed, by_chance=random)
        request = Request(start.id, length=length or settings.length, variation=variation, artist_gap=settings.artist_gap)
        made = chosen(request, Collection.of(opened))
        tracks = opened.tracks()
        if out:
            target = out.expanduser().absolute()
            write_atomic(target, export.m3u8(made, tracks, relative_to=target.parent).encode())
        if poster:
            from mixtape.poster.draw import save_poster
            from mixtape.poster.gather import sheet_of

            save_poster(poster.expanduser().absolute(), sheet_of(made, opened, recipe=sentence_of(chosen)))
    if as_json:
        # JSON is UTF-8 whatever the terminal speaks.
        sys.stdout.buffer.write(export.as_json(made, tracks).encode() + b"\n")
        return
    _print_table(export.TABLE_HEAD, export.table_rows(made, tracks))
    for written in (out, poster):
        if written:
            print(f"written: {written}")


def train(
    library: LibraryOption = None,
    config: ConfigOption = None,
    minutes: Annotated[float | None, typer.Option("--minutes", help="How long, over all starts together [default: 30].")] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=0, help="CPU threads [default: every core].")] = None,
    device: Annotated[str | None, typer.Option("--device", help="auto, cpu or cuda [default: auto].")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget the training so far and begin anew.")] = False,
) -> None:
    """Teach the wall your covers and the music they belong to. Stop it and start it again: it goes on where it was.

    \b
    Example: mixtape train --minutes 60
    """
    from mixtape.covergan import material
    from mixtape.covergan.condition import Condition
    from mixtape.covergan.train import TrainSettings
    from mixtape.covergan.train import train as train_network
    from mixtape.progress import bars

    settings = configuration.changed(configuration.load(config), "train", minutes=minutes, threads=threads, device=device).train
    with open_library(library) as opened, opened.training():
        if fresh:
            material.forget_training(opened)
        features = material.features_of(opened)
        covers = {track.cover_id for track in opened.tracks()} - {None}
        if not covers:
            raise LibraryError(f"{opened.folder}: no song has a cover, there is nothing to learn; the wall uses the demo model")
        start_from = material.DEMO_MODEL if len(covers) < material.FEW_COVERS else None
        condition = material.settled_condition(
            opened, lambda: material.read_condition(start_from) if start_from else Condition.fit(features)
        )
        recipe = TrainSettings(
            batch=settings.batch, seconds=settings.minutes * 60.0, device=settings.device, threads=settings.threads
        )
        given = material.material(opened, condition, pixels=recipe.size.pixels)
        if start_from:
            print(f"{len(given.covers)} covers are few (under {material.FEW_COVERS}): training goes on from the demo model")
        with bars() as progress:
            report = train_network(
                given.covers,
                given.conditions,
                folder=opened.covergan_folder,
                settings=recipe,
                condition=condition,
                start_from=start_from,
                progress=progress,
                made_by=f"mixtape train --minutes {settings.minutes:g}",
            )
    for remark in report.remarks:
        print(remark)
    print(f"{len(given.covers)} covers, {report.steps} steps in {report.seconds / 60:.1f} min: {report.model}")
    if math.isfinite(report.diversity):
        print(f"its pictures are {100 * report.diversity:.0f} % as varied as the covers")


def gallery(
    count: Annotated[int, typer.Option("--count", min=1, help="How many pictures.")] = 3000,
    library: LibraryOption = None,
) -> None:
    """Draw pictures with the network as it was at every age, from the first noise to the last step.

    \b
    Example: mixtape gallery --count 3000
    """
    from mixtape.covergan import material
    from mixtape.covergan.gallery import fill_gallery
    from mixtape.progress import bars

    with open_library(library) as opened, bars() as progress:
        model = material.own_model(opened)
        conditions = material.conditions_of(opened, model) if model.is_file() else None
        ids = [track.id for track in opened.tracks()] if conditions is not None else []
        made = fill_gallery(opened.covergan_folder, count=count, conditions=conditions, song_ids=ids, progress=progress)
    print(f"{made.count} pictures from step {made.steps[0]} to step {made.steps[-1]} in {made.folder}")


def _print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 160)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in head:
        table.add_column(name, justify="right" if name in ("", "Time") else "left")
    for row in rows:
        table.add_row(*(escape(_printable(cell)) for cell in row))
    console.print(table)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _printable(text: str) -> str:
    """Text as one line that any output takes and no terminal obeys: strangers choose names, and names may hold any bytes."""
    encoding = sys.stdout.encoding or "utf-8"
    plain = "".join(f"\\x{ord(c):02x}" if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    return plain.encode(encoding, "backslashreplace").decode(encoding)
