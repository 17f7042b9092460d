#!/usr/bin/env python3
"""The table of docs/maps.md, for any collection: the steps from map to map, and each map against one fitted cold.

python3 scripts/family.py LIBRARY        Markdown, after: mixtape build DIR --library LIBRARY
python3 scripts/family.py --songs 600    made-up songs
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from environment import main

if TYPE_CHECKING:
    from mixtape.maps.family import Views

HEAD = ("map", "steps", "move, median", "largest", "disparity, median", "largest", "KL over cold", "whole way", "CPU-s")


def work() -> int:
    """Walk through the family of the settings and print a row for each map, and one for all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path, nargs="?", metavar="LIBRARY")
    parser.add_argument("--songs", type=int, default=600, help="how many made-up songs, where no library is named")
    asked = parser.parse_args()
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        rows = []
        print(_row(HEAD))
        print(_row(["---"] * len(HEAD)))
        for name, *row in measured(_views(asked.library) if asked.library else _made_up(asked.songs)):
            rows.append(row)
            print(_row([name, *_cells(row)]), flush=True)
    steps, move, most, shape, most_shape, above, whole, seconds = zip(*rows, strict=True)
    middle = statistics.median
    print(
        _row(
            [
                "all",
                *_cells(
                    [sum(steps), middle(move), max(most), middle(shape), max(most_shape), max(above), middle(whole), sum(seconds)]
                ),
            ]
        )
    )
    return 0


def measured(views: Views) -> Iterator[tuple[Any, ...]]:
    """For each map: name, steps, move (median, largest), disparity (median, largest), KL over cold, whole move, CPU seconds."""
    from mixtape.config import BuildConfig, MapsConfig
    from mixtape.maps.embed import layout, perplexity_for
    from mixtape.maps.family import disparity, median_move, members, walk
    from mixtape.maps.fit import FIRST

    chosen, n = MapsConfig(), len(views.ids)
    base = perplexity_for(n, most=BuildConfig().perplexity)
    begin = {name: views.sets[name] for name in ("rh", "rp", "ssd")}

    def cold(feature_set: str, perplexity: float) -> Any:
        near = views.near(views.shares(feature_set), k=int(3 * perplexity) + 1)
        return layout(begin, near, perplexity=perplexity, seed=1)

    last = first = cold(FIRST.feature_set, base).points
    start_s = time.process_time()
    for each in walk(first, FIRST, members(chosen.family), views, base=base, steps=chosen.steps, rounds=chosen.rounds, seed=1):
        seconds = time.process_time() - start_s
        pairs = list(pairwise([last, *each.way]))
        moves, shapes = [median_move(*pair) for pair in pairs], [disparity(*pair) for pair in pairs]
        above = each.kl / cold(each.member.feature_set, each.perplexity).kl - 1.0
        middle = statistics.median
        yield (
            each.member.name,
            len(pairs),
            middle(moves),
            max(moves),
            middle(shapes),
            max(shapes),
            above,
            median_move(last, each.points),
            seconds,
        )
        last, start_s = each.points, time.process_time()


def _views(folder: Path) -> Views:
    """The songs of a library in the order of their ids, as the build lays them out."""
    import numpy as np

    from mixtape import config
    from mixtape.build import sets_for_distance
    from mixtape.library import Library
    from mixtape.maps.family import Views
    from mixtape.similarity.sets import Weights

    with Library(folder) as library:
        ids = [track.id for track in library.tracks()]
        order = np.argsort(np.array(ids))
        sets = {name: np.asarray(library.features(name).values)[order] for name in sets_for_distance(library)}
    return Views(sets, tuple(sorted(ids)), Weights.of(config.load()))


def _made_up(n: int) -> Views:
    from figures.similarity import made_up_collection

    from mixtape.maps.family import Views
    from mixtape.similarity.sets import Weights

    return Views(made_up_collection(n), tuple(f"{row:06d}" for row in range(n)), Weights())


def _cells(row: Any) -> list[str]:
    steps, move, most, shape, most_shape, above, whole, seconds = row
    return [
        str(steps),
        f"{100 * move:.1f} %",
        f"{100 * most:.1f} %",
        f"{shape:.3f}",
        f"{most_shape:.3f}",
        f"{100 * above:+.1f} %",
        f"{100 * whole:.0f} %",
        f"{seconds:.1f}",
    ]


def _row(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main(work)
