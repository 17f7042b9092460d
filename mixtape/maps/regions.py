"""Islands: where songs stand close together on a map, at three depths of zoom, each with a name.

Found by density (HDBSCAN: Campello, Moulavi and Sander 2013) on the finished map, since that is what people see. Some maps have
no water: there most songs would belong nowhere, and the hills of the density take the place of islands, each song going to the
hill it would climb. A region is named by what is distinctive in it (`names`) and its name stands where its songs are densest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from mixtape.errors import ShapeError
from mixtape.maps.names import TraitTable, name_for, terms_of
from mixtape.types import FloatArray, Region, SongMap, Track

LEVELS = (12, 30, 100)
"""At each zoom, a region holds at least this fraction of the songs (1 / 12, ...), but never fewer than `FEWEST`."""

FEWEST = 5
"""Songs that make a region."""

MOST_WATER = 0.45
"""Where more than this share of the songs would belong to no island, a map has hills."""

_SMOOTH = (5, 3, 2)
_REACH = (0.55, 0.4, 0.28)
_MOST_SHARE = 0.6
_CELLS = 128


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
    found: list[Region] = []
    for level, share in enumerate(LEVELS):
        taken: set[str] = set()
        for songs in _parts(song_map.xy, level, least=max(FEWEST, n // share)) if n >= 2 * FEWEST else []:
            # Among its own songs alone: where regions border, the others would pull the name off its land.
            peak = int(songs[np.argmax(_density(song_map.xy[songs]))])
            label = name_for(songs.tolist(), terms, taken, middle=tracks[song_map.ids[peak]].title)
            taken.add(label)
            x, y = (float(c) for c in song_map.xy[peak])
            found.append(Region(label, level, tuple(song_map.ids[song] for song in songs), (x, y)))
    return tuple(found)


def _parts(xy: FloatArray, level: int, *, least: int) -> list[npt.NDArray[np.int64]]:
    """Rows of each region of a level, largest first; some songs are in none, and what holds most of the map is no region."""
    from sklearn.cluster import HDBSCAN

    # Near by, the smallest islands are the ones to see; from afar, those that hold together best.
    chosen = "leaf" if level == len(LEVELS) - 1 else "eom"
    found = HDBSCAN(min_cluster_size=least, min_samples=_SMOOTH[level], cluster_selection_method=chosen, copy=True)
    labels = found.fit_predict(xy.astype(np.float64))
    if (labels < 0).mean() > MOST_WATER:
        labels = hills(xy, reach=_REACH[level] * float(xy.std()) * len(xy) ** (-1 / 6))
    groups = [np.flatnonzero(labels == label) for label in range(int(labels.max()) + 1)]
    return sorted(
        (songs for songs in groups if least <= len(songs) <= _MOST_SHARE * len(xy)),
        key=lambda songs: (-len(songs), int(songs[0])),
    )


def hills(xy: FloatArray, *, reach: float) -> npt.NDArray[np.int64]:
    """Which hill of the density each song (n, 2) would climb: a number (n,). A song's own hill is a Gaussian of width `reach`."""
    from scipy.ndimage import gaussian_filter

    at = np.clip((np.asarray(xy, np.float64) * _CELLS).astype(np.int64), 0, _CELLS - 1)
    height = np.zeros((_CELLS, _CELLS))
    np.add.at(height, (at[:, 0], at[:, 1]), 1.0)
    height = gaussian_filter(height, max(reach * _CELLS, 1.0), mode="constant")
    rim = np.pad(height, 1, constant_values=-1.0)
    around = [(dx, dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
    lifted = np.stack([rim[1 + dx : 1 + dx + _CELLS, 1 + dy : 1 + dy + _CELLS] for dx, dy in around])
    # The middle one first where all are alike, so that a plain is its own hill and nobody walks in circles.
    lifted[4] += 1e-15
    step = np.array([dx * _CELLS + dy for dx, dy in around])[lifted.argmax(axis=0)]
    way = np.arange(_CELLS * _CELLS) + step.ravel()
    while (way[way] != way).any():
        way = way[way]
    return np.unique(way[at[:, 0] * _CELLS + at[:, 1]], return_inverse=True)[1].astype(np.int64)


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
