"""What was heard, as numbers: features."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mixtape.commands.shared import LibraryOption, open_library, print_table, printable
from mixtape.errors import ConfigError, LibraryError

if TYPE_CHECKING:
    from mixtape.library import Library

HEARS = {
    "rp": "rhythm pattern: how strongly each of 24 bands of hearing swings, at 60 speeds",
    "ssd": "statistical spectrum descriptor: how loud each band is, how evenly, how suddenly",
    "rh": "rhythm histogram: how strongly all bands together swing, at 60 speeds",
    "timbre": "colour of the sound: one Gaussian of its cepstra",
    "blocks": "patterns of sound in time: spectrum, its changes, onsets, contrast, correlation of bands",
    "tonal": "harmony: which notes sound, the key, how it moves",
    "tempo": "pulse: how fast, how sure, how clear",
    "traits": "what a person would say of it: tempo, key, loudness, brightness and so on",
    "ear_linear": "what tells the songs of this collection apart, learned here in seconds",
    "ear_net": "what tells the songs of this collection apart, learned here by a network",
}
"""What each feature set hears, in one line."""


def features(
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Write one CSV a set into this folder: the song, then its numbers.")
    ] = None,
    name: Annotated[str, typer.Option("--name", help="How the files are called before the dot.")] = "mixtape",
    library: LibraryOption = None,
) -> None:
    """List the feature sets the collection was heard with, or write them as CSV, in the layout of rp_extract.

    \b
    Example: mixtape features --csv numbers/
    """
    with open_library(library) as opened:
        sets = heard_sets(opened)
        if csv is None:
            print_table(("Set", "Numbers", "Version", "What it hears"), _rows(opened, sets))
            return
        for path in _written(opened, csv.expanduser().absolute(), sets, name):
            print(printable(f"written: {path}"))


def heard_sets(library: Library) -> tuple[str, ...]:
    """The feature sets that every song was heard with, the three of rp_extract first. LibraryError when there are none."""
    from mixtape.features.listen import SETS

    found = []
    for each in dict.fromkeys((*HEARS, *SETS, *library.learned())):
        try:
            if library.features(each).ids:
                found.append(each)
        except LibraryError:
            continue
    if not found:
        raise LibraryError(f"{library.folder}: no song was heard yet; run mixtape build DIR on a folder with music")
    return tuple(found)


def _rows(library: Library, sets: tuple[str, ...]) -> list[tuple[str, str, str, str]]:
    heard = (library.features(each) for each in sets)
    return [(each.set, f"{each.values.shape[1]:,}", str(each.version), HEARS.get(each.set, "")) for each in heard]


def _written(library: Library, folder: Path, sets: tuple[str, ...], name: str) -> list[Path]:
    from mixtape.features.csv import export_csv
    from mixtape.progress import bars

    if not name or Path(name).name != name:
        raise ConfigError(f"--name '{name}': the beginning of a file name is needed, without folders")
    with bars() as progress:
        return export_csv(library, folder, sets, name=name, progress=progress)
