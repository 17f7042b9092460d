#!/usr/bin/env python3
"""The tables of docs/listening.md, for any collection: every feature set alone, and the fused distance without each.

python3 scripts/ablation.py LIBRARY              Markdown, after: mixtape build DIR --library LIBRARY
python3 scripts/ablation.py LIBRARY --halves     with the halves of each song too (hears every song once more)
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from environment import main

if TYPE_CHECKING:
    from mixtape.evaluate.evaluation import Evaluation

MEASURES = {"self_match": "halves", "p5_album": "album", "p5_artist": "artist", "p5_genre": "genre"}
HUBS = {"hub_skew": "S5", "never_recommended": "never %"}


def work() -> int:
    """Judge the library and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path, metavar="LIBRARY")
    parser.add_argument("--halves", action="store_true", help="measure whether the halves of a song find each other")
    asked = parser.parse_args()
    from mixtape import config
    from mixtape.evaluate.evaluation import evaluate
    from mixtape.library import Library
    from mixtape.progress import bars

    with Library(asked.library) as library, bars() as progress:
        judged = evaluate(library, config.load(), progress, halves=asked.halves)
    for line in (*_sets(judged), "", *_without(judged)):
        print(line)
    return 0


def _sets(judged: Evaluation) -> Iterator[str]:
    found = judged.as_json()
    yield from _head("set", [*MEASURES.values(), *HUBS.values()])
    for name, row in found["sets"].items():
        cells = [_share(row[key], row["se"][key]) for key in MEASURES]
        never = row["never_recommended"]
        yield _row([name, *cells, f"{row['hub_skew']:.2f}", f"{100 * never:.1f}"])


def _without(judged: Evaluation) -> Iterator[str]:
    yield from _head("fused, changed", list(MEASURES.values()))
    for each in judged.as_json()["weightings"]:
        if each["name"].startswith(("no ", "without ", "all ")):
            yield _row([each["name"], *(_change(each["differences"].get(key)) for key in MEASURES)])


def _head(first: str, rest: Sequence[str]) -> Iterator[str]:
    yield _row([first, *rest])
    yield _row(["---"] * (len(rest) + 1))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _share(value: float | None, error: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} ± {100 * (error or 0.0):.1f}"


def _change(found: Mapping[str, Any] | None) -> str:
    return "-" if found is None else f"{100 * found['change']:+.1f} ± {100 * found['se']:.1f}"


if __name__ == "__main__":
    main(work)
