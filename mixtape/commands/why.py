"""Why two songs are near each other: why."""

from __future__ import annotations

import json
import math
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mixtape.commands.shared import LibraryOption, open_library, print_table, printable, seed_track
from mixtape.errors import ConfigError

if TYPE_CHECKING:
    from mixtape.library import Library
    from mixtape.types import Track
    from mixtape.why.table import TraitTable


def why(
    a: Annotated[str, typer.Argument(help="A song: its id, or words of its title, artist or album.")],
    b: Annotated[str, typer.Argument(help="Another song.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for a program.")] = False,
    library: LibraryOption = None,
) -> None:
    """Say why two songs are near each other, or how far they are: traits side by side, and how near in each feature set.

    \b
    Example: mixtape why "night train" "blue note"
    """
    with open_library(library) as opened:
        first, second = seed_track(opened, a), seed_track(opened, b)
        if first.id == second.id:
            raise ConfigError(f"'{a}' and '{b}' both mean {first.label}; name two songs")
        found = compared(opened, first, second)
    if as_json:
        # JSON is UTF-8 whatever the terminal speaks; names that are not text come escaped.
        sys.stdout.buffer.write(json.dumps(found, indent=2).encode() + b"\n")
        return
    _print(found)


def compared(library: Library, a: Track, b: Track) -> dict[str, Any]:
    """Two songs compared: who they are, the sentence, the ranks, traits of both and nearness by set."""
    from mixtape.why.why import Why

    told = Why.of(library)
    near, (here, there) = told.nearness([a.id, b.id]), (told.row(a.id), told.row(b.id))
    ranks = {"b_from_a": _rank(library, a.id, b.id), "a_from_b": _rank(library, b.id, a.id)}
    words = told.words(a.id, b.id)
    return {
        "a": {"id": a.id, "label": a.label, "path": str(a.path)},
        "b": {"id": b.id, "label": b.label, "path": str(b.path)},
        "songs": len(told.ids),
        "words": list(words),
        "sentence": _sentence(words, ranks["b_from_a"], _stored(library)),
        "ranks": ranks,
        "traits": _traits(told.traits, here, there),
        "nearer_than_percent": {
            name: {"b_from_a": near.farther_percent(name, here, there), "a_from_b": near.farther_percent(name, there, here)}
            for name in near.tables
        },
    }


def _rank(library: Library, a: str, b: str) -> int | None:
    """The place of `b` among the neighbours of `a`, from 1; None when it is not among those kept."""
    near = library.neighbours()
    if a not in near.ids or b not in near.ids:
        return None
    line = near.index[near.ids.index(a)].tolist()
    row = near.ids.index(b)
    return line.index(row) + 1 if row in line else None


def _stored(library: Library) -> int:
    return int(library.neighbours().index.shape[1])


def _sentence(words: tuple[str, ...], rank: int | None, stored: int) -> str:
    from mixtape.playlists.reasons import counted
    from mixtape.why.claims import phrased

    nearness = f"{counted(rank)}nearest by sound" if rank else f"beyond the {stored} nearest by sound"
    return f"{nearness}: {phrased(words)}" if words else nearness


def _traits(table: TraitTable | None, a: int, b: int) -> dict[str, dict[str, float | None]]:
    """Every trait of both songs by name; None where it is not known."""
    if table is None:
        return {}
    return {name: {"a": _number(table.of(a, name)), "b": _number(table.of(b, name))} for name in table.names}


def _number(value: float) -> float | None:
    return round(value, 4) if math.isfinite(value) else None


def _print(found: dict[str, Any]) -> None:
    from mixtape.why.sheet import trait_rows

    a, b = found["a"]["label"], found["b"]["label"]
    print(printable(f"A  {a}"))
    print(printable(f"B  {b}"))
    print(f"\nB seen from A: {found['sentence']}")
    if found["traits"]:
        print_table(("", "A", "B"), trait_rows(found["traits"]))
    print_table(("", "B from A", "A from B"), _nearness_rows(found))


def _nearness_rows(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    def place(rank: int | None) -> str:
        return f"{rank}. of {found['songs'] - 1}" if rank else "not among the nearest kept"

    ranks = found["ranks"]
    rows = [("all together", place(ranks["b_from_a"]), place(ranks["a_from_b"]))]
    for name, percent in found["nearer_than_percent"].items():
        rows.append((name, *(f"nearer than {percent[way]} % of songs" for way in ("b_from_a", "a_from_b"))))
    return rows
