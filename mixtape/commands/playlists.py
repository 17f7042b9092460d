"""Mixtapes: playlist."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mixtape import config as configuration
from mixtape.commands.shared import ConfigOption, LibraryOption, open_library, print_table, seed_track
from mixtape.errors import ConfigError


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
    out: Annotated[Path | None, typer.Option("--out", help="Write it for a player: .m3u8, .xspf or .jspf.")] = None,
    absolute: Annotated[bool, typer.Option("--absolute", help="Full paths in --out, for a list that will move.")] = False,
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
    from mixtape.playlists.spiff import written
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
            text = written(made, tracks, target.suffix, relative_to=None if absolute else target.parent)
            if text is None:
                raise ConfigError(f"--out {out}: a mixtape is written as .m3u8, .m3u, .xspf or .jspf")
            write_atomic(target, text.encode())
        if poster:
            from mixtape.poster.draw import save_poster
            from mixtape.poster.gather import sheet_of

            save_poster(poster.expanduser().absolute(), sheet_of(made, opened, recipe=sentence_of(chosen)))
    if as_json:
        # JSON is UTF-8 whatever the terminal speaks.
        sys.stdout.buffer.write(export.as_json(made, tracks).encode() + b"\n")
        return
    print_table(export.TABLE_HEAD, export.table_rows(made, tracks))
    for path in (out, poster):
        if path:
            print(f"written: {path}")
