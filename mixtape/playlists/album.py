"""A mixtape the size of a record: two sides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mixtape.playlists.collection import Collection, ranked
from mixtape.playlists.finish import written
from mixtape.playlists.line import Wish, line
from mixtape.playlists.reasons import by_sound
from mixtape.playlists.recipe import Request
from mixtape.playlists.rules import notes, sized
from mixtape.types import Playlist

NAME = "album"

MINUTES = 45.0
"""Two sides of 22.5 minutes, unless another length in minutes is asked for."""

_HOME = 0.5
_TRIED = 60


def album(request: Request, collection: Collection) -> Playlist:
    """A record of 45 minutes near the seed, in two sides that each fill theirs without running over."""
    seed = collection.row(request.seed_id)
    timed = replace(request, minutes=request.minutes or MINUTES)
    near = collection.sound_distances(seed)

    def make(many: int) -> list[int]:
        return line(Wish(many, lambda _place: _HOME * near, collection.sound_table, {0: seed}), timed, collection)

    rows = sized(timed, collection, make)
    order = ranked(near, seed)
    side_s = 30.0 * (timed.minutes or MINUTES)
    rows, turn = _sides(rows, order[:_TRIED].tolist(), side_s, timed, collection)
    rank = by_sound(order.tolist(), collection.stored(seed))
    made = written(NAME, timed, collection, rows, reason=rank)
    said = [
        f"side {'A' if place < turn else 'B'}: {text}" if place in (0, turn) else text for place, text in enumerate(made.reasons)
    ]
    return replace(made, reasons=tuple(said))


def _sides(rows: list[int], others: list[int], side_s: float, request: Request, collection: Collection) -> tuple[list[int], int]:
    """The songs with some exchanged so that no side runs over and little is left empty, and the place where side B begins."""
    lengths = collection.durations_s
    spent = np.cumsum(lengths[rows])
    turn = max(1, int(np.abs(spent - side_s).argmin()) + 1)
    kept = notes(rows, request, collection)
    for begin, end in ((0, turn), (turn, len(rows))):
        for _ in range(2):
            best = _left(rows[begin:end], side_s, collection)
            swap: list[int] | None = None
            for place in range(max(begin, 1), end):
                for other in others:
                    if other in rows:
                        continue
                    tried = [*rows[:place], other, *rows[place + 1 :]]
                    left = _left(tried[begin:end], side_s, collection)
                    if left < best - 1.0 and notes(tried, request, collection) == kept:
                        best, swap = left, tried
            if swap is None:
                break
            rows = swap
    return rows, turn


def _left(rows: list[int], side_s: float, collection: Collection) -> float:
    """How much of a side is left empty, in seconds; running over is ten times as bad."""
    left = side_s - float(collection.durations_s[rows].sum())
    return left if left >= 0 else -10.0 * left
