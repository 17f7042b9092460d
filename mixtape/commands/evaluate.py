"""Proof: how good the recommendations are on this collection, and the nearest songs as a file for other judges."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mixtape import config as configuration
from mixtape.commands.shared import ConfigOption, LibraryOption, open_library, print_table, printable
from mixtape.errors import ConfigError

if TYPE_CHECKING:
    from mixtape.evaluate.blind import Answer, Pair


def evaluate(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
    picture: Annotated[Path | None, typer.Option("--picture", help="Write the table as a picture, PNG.")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out the test that hears every song once more, in halves.")
    ] = False,
    blind: Annotated[bool, typer.Option("--blind", help="Ask which of two lists you like better, and keep your votes.")] = False,
    pairs: Annotated[int, typer.Option("--pairs", min=0, help="Pairs of lists to vote on; 0 only sums up.")] = 10,
    play: Annotated[bool, typer.Option("--play", help="With --blind: play six seconds of every song.")] = False,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """Measure how good the recommendations are on your own songs: every feature set, against chance and against each other.

    \b
    Example: mixtape evaluate --picture proof.png
    """
    from mixtape.evaluate.evaluation import evaluate as judge
    from mixtape.evaluate.sentences import sentences
    from mixtape.evaluate.table import HEAD, table_rows
    from mixtape.progress import bars

    settings = configuration.load(config)
    if blind:
        if as_json or picture:
            raise ConfigError("--blind asks you for votes and prints no table; leave out --json and --picture")
        _vote(library, settings, pairs, play=play)
        return
    with open_library(library) as opened:
        with bars() as progress:
            found = judge(opened, settings, progress, halves=not quick)
        if picture:
            from mixtape.evaluate.picture import save_picture

            save_picture(picture.expanduser().absolute(), found, opened)
    if as_json:
        told = {**found.as_json(), "sentences": sentences(found)}
        sys.stdout.buffer.write(json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n")
        return
    print_table(HEAD, table_rows(found))
    for sentence in sentences(found):
        print(printable(sentence))
    if picture:
        print(f"written: {picture}")


def neighbours(
    out: Annotated[Path, typer.Option("--out", help="The .npz to write: paths, index and distance.")],
    feature_set: Annotated[
        str, typer.Option("--set", help="A feature set, raw_concatenation, or fused: what is recommended by.")
    ] = "fused",
    k: Annotated[int, typer.Option("--k", min=1, help="Nearest songs of each song.")] = 50,
    library: LibraryOption = None,
    config: ConfigOption = None,
) -> None:
    """Write the nearest songs of every song to a file, so that anybody can judge them with labels of their own.

    \b
    Example: mixtape neighbours --out nearest.npz --set rp
    """
    from mixtape.evaluate.spaces import write_neighbours

    with open_library(library) as opened:
        songs = write_neighbours(out.expanduser().absolute(), opened, configuration.load(config), space=feature_set, k=k)
    print(f"written: {out} ({songs} songs by {feature_set})")


def _vote(library: Path | None, settings: configuration.Config, pairs: int, *, play: bool) -> None:
    from mixtape.evaluate.blind import ask

    with open_library(library) as opened:
        said = ask(opened, settings, pairs=pairs, show=partial(_shown, play=play))
    print()
    for line in said:
        print(line)


def _shown(pair: Pair, number: int, *, play: bool) -> Answer:
    """Print two lists, play them if asked, and read which one is liked; the end of input stops."""
    from mixtape.evaluate.blind import ANSWERS
    from mixtape.evaluate.excerpts import play as heard

    print()
    print(printable(f"{number}. What goes better with {pair.seed.label}?"))
    audible = not play or heard([pair.seed])
    for name, tracks in (("a", pair.a), ("b", pair.b)):
        print(f"  {name}")
        for track in tracks:
            print(printable(f"     {track.label}" + ("" if audible else f"  ({track.path})")))
        audible = audible and (not play or heard(tracks))
    if not audible:
        print("there is no sound output here; play the files in any player")
    while True:
        print("a, b, = for no difference, q to stop: ", end="", flush=True)
        line = sys.stdin.readline()
        if answer := ANSWERS.get(line.strip().lower() if line else "q"):
            return answer
