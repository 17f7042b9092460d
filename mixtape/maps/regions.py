"""Islands: where songs stand close together on a map, at three depths of zoom, each with a name.

Found by density (HDBSCAN: Campello, Moulavi and Sander 2013) on the finished map, since that is what people see. A region is
named by what is distinctive in it (`names`) and its name stands where its songs are densest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from mixtape.errors import ShapeError
from mixtape.maps.names import TraitTable, name_for, terms_of
from mixtape.types import FloatArray, Region, SongMap, Track

LEVELS = (20, 60, 150)
"""At each zoom, a region holds at least this fraction of the songs (1 / 20, ...), but never fewer than `FEWEST`."""

FEWEST = 5
"""Songs that make a region."""


def regions(song_map: SongMap, tracks: Mapping[str, Track], *, traits: TraitTable | None = None) -> tuple[Region, ...]:
    """The regions of a map, level by level, the largest first. None where there are fewer than 10 songs.

    `tracks` by id; `traits` by name, (n,) in the map's order. No two regions of a level share a name. ShapeError when a song
    of the map is not among the tracks.
    """
    missing = [song for song in song_map.ids if song not in tracks]
    if missing:
        raise ShapeError(f"song id '{missing[0]}' of map '{song_map.name}' is not among the {len(tracks)} tracks")
    n = len(song_map.ids)
    terms = terms_of([tracks[song] for song in song_map.ids], traits)
    density = _density(song_map.xy)
    found: list[Region] = []
    for level, share in enumerate(LEVELS):
        taken: set[str] = set()
        for songs in _clusters(song_map.xy, least=max(FEWEST, n // share)) if n >= 2 * FEWEST else []:
            peak = int(songs[np.argmax(density[songs])])
            label = name_for(songs.tolist(), terms, taken, middle=tracks[song_map.ids[peak]].title)
            taken.add(label)
            x, y = (float(c) for c in song_map.xy[peak])
            found.append(Region(label, level, tuple(song_map.ids[song] for song in songs), (x, y)))
    return tuple(found)


def _clusters(xy: FloatArray, *, least: int) -> list[npt.NDArray[np.int64]]:
    """Rows of each cluster, largest first; songs between the islands are in none."""
    from sklearn.cluster import HDBSCAN

    labels = HDBSCAN(min_cluster_size=least, min_samples=FEWEST, copy=True).fit_predict(xy.astype(np.float64))
    groups = [np.flatnonzero(labels == label) for label in range(int(labels.max()) + 1)]
    return sorted(groups, key=lambda songs: (-len(songs), int(songs[0])))


def _density(xy: FloatArray) -> FloatArray:
    """How densely songs stand around each song: (n,), from the mean distance to its nearest few."""
    from scipy.spatial import cKDTree

    if len(xy) < 2:
        return np.ones(len(xy), np.float32)
    near, _ = cKDTree(xy).query(xy, k=min(len(xy), 2 * FEWEST + 1))
    return np.asarray(1.0 / (near.mean(axis=1) + 1e-9), np.float32)


def without_overlap(boxes: Sequence[tuple[float, float, float, float]]) -> list[int]:
    """Which of some boxes (left, top, right, bottom) can be shown without two overlapping, the first ones first."""
    kept: list[int] = []
    for number, (left, top, right, bottom) in enumerate(boxes):
        if all(right <= boxes[k][0] or boxes[k][2] <= left or bottom <= boxes[k][1] or boxes[k][3] <= top for k in kept):
            kept.append(number)
    return kept
