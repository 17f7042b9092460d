"""What the commands share: their options, the library they open, and how they print what strangers have named."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mixtape.errors import LibraryError

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


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table with one line a row; the console cuts what does not fit."""
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 160)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in head:
        table.add_column(name, justify="right" if name in ("", "Time") else "left")
    for row in rows:
        table.add_row(*(escape(printable(cell)) for cell in row))
    console.print(table)


def printable(text: str) -> str:
    """Text as one line that any output takes and no terminal obeys: strangers choose names, and names may hold any bytes."""
    encoding = sys.stdout.encoding or "utf-8"
    plain = "".join(f"\\x{ord(c):02x}" if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    return plain.encode(encoding, "backslashreplace").decode(encoding)
