#!/usr/bin/env python3
"""Whether thirty seconds heard live find a song's place on the map as well as the whole song did when the map was made.

python3 scripts/live_places.py LIBRARY        after: mixtape build DIR --library LIBRARY

Each song of an album of three or more is asked about as if it were not there: thirty seconds from anywhere in it, and where
they would stand. How many of the five songs nearest to that place on the map are of its album, and how many of those around the
place that the map gave it.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from environment import main

NEAREST = 5
THIRTY_S = 30.0


def work() -> int:
    """Ask about each song and print the two shares."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path, metavar="LIBRARY")
    parser.add_argument("--most", type=int, default=100, help="how many songs are asked about")
    parser.add_argument("--room", action="store_true", help="as a microphone in a room hears them")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    live, own, songs = measured(asked.library, most=asked.most, seed=asked.seed, room=asked.room)
    print(
        f"{songs} songs: around the live place {100 * live:.1f} % are of the same album, around the own place {100 * own:.1f} %"
    )
    return 0


def measured(folder: Path, *, most: int, seed: int, room: bool = False) -> tuple[float, float, int]:
    """The share of same-album songs around live places, around the songs' own places, and of how many songs."""
    import numpy as np
    from figures.rooms import in_a_room

    from installation.room.placing import Placer
    from mixtape import audio
    from mixtape.config import Config
    from mixtape.library import Library

    with Library(folder) as library:
        tracks, song_map = library.tracks(), library.map()
    placer = Placer.load(folder, Config())
    albums = np.array([track.album for track in tracks])
    size = Counter(albums.tolist())
    rng = np.random.default_rng(seed)
    live, own = list[float](), list[float]()
    for row in rng.permutation([row for row, album in enumerate(albums) if album and size[album] >= 3])[:most]:
        track = tracks[row]
        start_s = float(rng.uniform(0.0, max(track.duration_s - THIRTY_S, 0.0)))
        sound = audio.decode(track.path, start_s=start_s, length_s=THIRTY_S)
        placed = placer.place(in_a_room(0.3 * sound, seed=int(row)) if room else sound, without=track.id)
        if placed is None:
            continue
        for shares, place in ((live, placed.xy), (own, song_map.xy[row])):
            away = np.linalg.norm(song_map.xy - np.asarray(place), axis=1)
            away[row] = np.inf
            shares.append(float(np.mean(albums[np.argsort(away)[:NEAREST]] == track.album)))
    return float(np.mean(live)), float(np.mean(own)), len(live)


if __name__ == "__main__":
    main(work)
