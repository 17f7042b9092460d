"""One island of the map after another."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mixtape.playlists.collection import Collection
from mixtape.playlists.finish import lined
from mixtape.playlists.line import Wish
from mixtape.playlists.recipe import Request
from mixtape.playlists.rules import artist_keys
from mixtape.playlists.spread import spread_out
from mixtape.types import Playlist

NAME = "islands"

_SONGS = 3
_ABROAD, _MIDDLE = 3.0, 1.0


def islands(request: Request, collection: Collection) -> Playlist:
    """A few songs from one island of the map, then a few from the next, by the shortest crossing."""
    seed = collection.row(request.seed_id)
    label, names, centres = _shores(seed, collection)

    def wish(many: int) -> Wish:
        order = _crossing(seed, label, centres, most=-(-many // _SONGS), collection=collection)

        def fit(place: int) -> npt.NDArray[np.float64]:
            here = order[min(place * len(order) // many, len(order) - 1)]
            middle = np.hypot(*(collection.song_map.xy - centres[here]).T)
            return np.where(label == here, 0.0, _ABROAD) + _MIDDLE * middle

        return Wish(many, fit, collection.sound_table, {0: seed})

    said = () if collection.islands else ("there are no islands here, so by parts of the map",)

    def reason(row: int) -> str:
        return f"island: {names[label[row]]}" if collection.islands and label[row] >= 0 else "between the islands"

    return lined(NAME, request, collection, wish=wish, reason=reason, said=said, own=bool(collection.islands))


def _shores(seed: int, collection: Collection) -> tuple[npt.NDArray[np.int64], list[str], npt.NDArray[np.float64]]:
    """The number of each song's island (n,), -1 at sea, the islands' names, and where they lie (k, 2)."""
    xy = collection.song_map.xy.astype(np.float64)
    label = np.full(len(xy), -1, np.int64)
    found = collection.islands
    if not found:
        centres = xy[spread_out(seed, max(2, round(np.sqrt(len(xy) / 2))), collection)]
        return np.hypot(*(xy[:, None] - centres).transpose(2, 0, 1)).argmin(axis=1), [""] * len(centres), centres
    for number, region in enumerate(found):
        label[[collection.row(song) for song in region.ids]] = number
    return label, [region.label for region in found], np.array([region.centre for region in found], np.float64)


def _many_voices(label: npt.NDArray[np.int64], count: int, collection: Collection) -> list[int]:
    """The islands that have as many artists as songs are played there; all where there is none."""
    artists: list[set[object]] = [set() for _ in range(count)]
    for row, key in enumerate(artist_keys(range(len(label)), collection)):
        if label[row] >= 0:
            artists[label[row]].add(key)
    return [number for number in range(count) if len(artists[number]) >= _SONGS] or list(range(count))


def _crossing(
    seed: int, label: npt.NDArray[np.int64], centres: npt.NDArray[np.float64], *, most: int, collection: Collection
) -> list[int]:
    """Islands in the order they are come to: that of the seed, or the nearest, and always on to the nearest not yet seen."""
    here = collection.song_map.xy[seed].astype(np.float64)
    order = [int(label[seed])] if label[seed] >= 0 else []
    # An island of one artist cannot be visited for more than a song, while others lie between two of one artist.
    left = [number for number in _many_voices(label, len(centres), collection) if number not in order]
    while left and len(order) < max(most, 1):
        at = centres[order[-1]] if order else here
        order.append(min(left, key=lambda number: (float(np.hypot(*(centres[number] - at))), number)))
        left.remove(order[-1])
    return order
