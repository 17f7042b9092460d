"""Which songs of a list are the same recording, so that a mixtape holds it once.

Same artist and same title is the same song. A title that differs only by what stands in brackets or after a dash at its end (a
remaster, a single version, a live one) is the same recording only when sound and length say so, and so is any song at no
distance at all. When in doubt, two songs are two.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Sequence

import numpy as np

from mixtape.playlists.collection import Collection

ALIKE = 0.05
"""Distance by sound up to which two songs of one title, but for its end, may be one recording."""

ABOUT_S = 2.0
"""Their lengths differ by no more than this."""

_COPY, _COPY_S = 1e-6, 1.0
_ENDING = re.compile(r"\s*(?:[(\[{][^()\[\]{}]*[)\]}]|\s[-–—:]\s.*)\s*$")


def stem(title: str) -> str:
    """A title without what stands in brackets or after a dash at its end, in small letters: `song` for `Song (Live) - Demo`."""
    kept = " ".join(title.split()).casefold()
    while (shorter := _ENDING.sub("", kept)) not in (kept, ""):
        kept = shorter
    return kept


def recordings(rows: Sequence[int], collection: Collection) -> list[int]:
    """For each song the first of `rows` that is the same recording, itself where there is none before."""
    first = {row: row for row in rows}
    place = {row: number for number, row in enumerate(dict.fromkeys(rows))}

    def root(row: int) -> int:
        while first[row] != row:
            row = first[row]
        return row

    for a, b in (*_by_name(list(place), collection), *_copies(place, collection)):
        one, two = sorted((root(a), root(b)), key=place.__getitem__)
        first[two] = one
    return [root(row) for row in rows]


def _by_name(rows: Sequence[int], collection: Collection) -> list[tuple[int, int]]:
    titled: dict[Hashable, list[int]] = defaultdict(list)
    for row in rows:
        track = collection.tracks[row]
        if track.artist.strip() and track.title.strip():
            titled[track.artist.strip().casefold(), stem(track.title)].append(row)
    return [pair for group in titled.values() if len(group) > 1 for pair in _pairs(group, collection)]


def _pairs(group: Sequence[int], collection: Collection) -> list[tuple[int, int]]:
    names = [" ".join(collection.tracks[row].title.split()).casefold() for row in group]
    found = []
    if len(set(names)) > 1:
        length = np.array([collection.tracks[row].duration_s for row in group])
        alike = (collection.sound_table(group) <= ALIKE) & (np.abs(length[:, None] - length) <= ABOUT_S)
        found = [(group[a], group[b]) for a, b in np.argwhere(np.triu(alike, 1)).tolist()]
    seen: dict[str, int] = {}
    for row, name in zip(group, names, strict=True):
        found.append((seen.setdefault(name, row), row))
    return found


def _copies(place: dict[int, int], collection: Collection) -> list[tuple[int, int]]:
    """Songs at no distance, and of one length, as far as the stored neighbours know."""
    near = collection.neighbours
    rows = np.array(list(place), np.int64)
    found = []
    for at, column in np.argwhere((near.index[rows] >= 0) & (near.distance[rows] <= _COPY)).tolist():
        a, b = int(rows[at]), int(near.index[rows[at], column])
        lengths = collection.tracks[a].duration_s, collection.tracks[b].duration_s
        if b in place and min(lengths) > 0 and abs(lengths[0] - lengths[1]) <= _COPY_S:
            found.append((a, b))
    return found
