"""What a person has written on the songs, as numbers: who shares an album, an artist, a genre. -1 is "nothing is said".

Labels are only ever used to judge; no distance looks at them.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mixtape.types import Track

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class SongLabels:
    """Three labels for each of n songs, and which songs stand or fall together when errors are estimated; each (n,) int64."""

    album: Labels
    artist: Labels
    genre: Labels
    together: Labels


def labels_of(tracks: Sequence[Track]) -> SongLabels:
    """The labels of songs, capitals and outer blanks ignored.

    An album is a title together with a folder or an artist: a compilation stays one album, and two artists' "Live" are two.
    `together` is the album, or the song alone where none is named.
    """
    artist = numbered([track.artist.strip().casefold() for track in tracks])
    genre = numbered([track.genre.strip().casefold() for track in tracks])
    album = _albums(tracks)
    alone = np.arange(len(tracks)) + album.max(initial=-1) + 1
    return SongLabels(album, artist, genre, np.where(album >= 0, album, alone))


def numbered(keys: Sequence[Hashable]) -> Labels:
    """Each key as a number, in order of first appearance; an empty text is -1."""
    seen: dict[Hashable, int] = {}
    return np.array([-1 if key == "" else seen.setdefault(key, len(seen)) for key in keys], np.int64)


def _albums(tracks: Sequence[Track]) -> Labels:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    titles = [track.album.strip().casefold() for track in tracks]
    ties: dict[Hashable, list[int]] = {}
    for row, (title, track) in enumerate(zip(titles, tracks, strict=True)):
        if title:
            ties.setdefault((title, track.path.parent), []).append(row)
            if artist := track.artist.strip().casefold():
                ties.setdefault((title, artist), []).append(row)
    pairs = np.array([(rows[0], row) for rows in ties.values() for row in rows], np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(pairs)), pairs.T), shape=(len(tracks), len(tracks)))
    found = connected_components(graph, directed=False)[1] if len(tracks) else np.zeros(0, np.int64)
    return numbered([int(album) if title else "" for album, title in zip(found, titles, strict=True)])
