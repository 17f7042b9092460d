"""All mixtapes from one song, looked at together: what is in them, and how much any two have in common."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import combinations

import numpy as np

from mixtape.playlists.export import as_json as one_as_json
from mixtape.playlists.export import clock, one_line, songs_of
from mixtape.types import Playlist, Track

LIST_HEAD = ("", "Recipe", "Songs", "Time", "After the seed", "What gave way")
"""Heads of the columns of `list_rows`."""

_NAMED = 4


def overlap(one: Playlist, two: Playlist) -> float:
    """The share of the songs of both lists that are in both, the seed among them (Jaccard): 0 to 1."""
    a, b = set(one.ids), set(two.ids)
    return len(a & b) / max(len(a | b), 1)


def overlaps(made: Mapping[str, Playlist]) -> list[float]:
    """The overlap of every two lists."""
    return [overlap(one, two) for one, two in combinations(made.values(), 2)]


def list_rows(made: Mapping[str, Playlist], tracks: Iterable[Track]) -> list[tuple[str, ...]]:
    """A row for each list: its number, its recipe, how many songs and how long, the first titles, and what gave way."""
    known = tuple(tracks)
    rows: list[tuple[str, ...]] = []
    for number, (name, each) in enumerate(made.items(), start=1):
        songs = songs_of(each, known)
        titles = " / ".join(one_line(track.title) for track in songs[1 : 1 + _NAMED])
        first = each.reasons[0].split("; ", 1)
        length = clock(sum(max(track.duration_s, 0.0) for track in songs))
        rows.append((str(number), name.replace("_", "-"), str(len(songs)), length, titles, first[1] if len(first) > 1 else ""))
    return rows


def matrix(made: Mapping[str, Playlist]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Head and rows of a table of what every two lists have in common, in per cent, below the diagonal."""
    lists = list(made.items())
    head = ("", "Recipe", *(str(number) for number in range(1, len(lists))))
    rows: list[tuple[str, ...]] = []
    for k, (name, each) in enumerate(lists):
        shared = (f"{100 * overlap(each, lists[j][1]):.0f}" if j < k else "" for j in range(len(lists) - 1))
        rows.append((str(k + 1), name.replace("_", "-"), *shared))
    return head, rows


def sentence(made: Mapping[str, Playlist]) -> str:
    """How different the lists are, in a sentence."""
    found = overlaps(made)
    different = len({frozenset(each.ids) for each in made.values()})
    middle = f"; the middle pair shares {100 * float(np.median(found)):.0f} %" if found else ""
    return f"{different} different lists of {len(made)}{middle}"


def as_json(made: Mapping[str, Playlist], tracks: Iterable[Track]) -> str:
    """The lists as JSON, with their overlap as a table in the order of the lists, 0 to 1."""
    known = tuple(tracks)
    lists = list(made.values())
    table = [[round(overlap(one, two), 4) for two in lists] for one in lists]
    head = json.dumps({"overlap": table, "recipes": list(made)}, indent=2)
    # Each list as it stands alone: a path that is not UTF-8 is escaped there.
    return head[:-2] + ',\n  "playlists": [\n' + ",\n".join(one_as_json(each, known) for each in lists) + "\n  ]\n}"
