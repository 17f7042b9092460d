"""Libraries made up for the evaluation: songs whose feature vectors are drawn around the middle of their album."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mixtape.features.listen import SETS
from mixtape.library import FileEntry, Library
from mixtape.types import Timeline, Track

SIZES = {"rp": 1440, "rh": 60, "ssd": 168}


def track(number: int, *, artist: str = "", album: str = "", genre: str = "", folder: str = "f") -> Track:
    return Track(
        f"{number:032x}", Path(f"/music/{folder}/{number}.flac"), artist, f"Song {number}", album, genre, None, 20.0, None
    )


def labelled(number: int, *, per_album: int = 4) -> Track:
    """Songs of albums of `per_album`; two albums are by one artist, and every third album shares a genre."""
    album = number // per_album
    return track(
        number, artist=f"Artist {album // 2}", album=f"Album {album}", genre=f"Genre {album % 3}", folder=f"Album {album}"
    )


def vectors(tracks: list[Track], *, spread: float = 0.5) -> list[dict[str, np.ndarray]]:
    """A vector for each set and song: the album's middle and something of the song's own."""
    chance = np.random.default_rng(1)
    middles: dict[tuple[str, str], np.ndarray] = {}
    songs = []
    for each in tracks:
        heard = {}
        for name, size in SIZES.items():
            middle = middles.setdefault((each.album, name), chance.normal(size=size))
            heard[name] = (middle + spread * chance.normal(size=size)).astype(np.float32)
        songs.append(heard)
    return songs


def library(folder: Path, tracks: list[Track], *, spread: float = 0.5) -> Library:
    """A library of these songs, with the three rhythm sets only."""
    made = Library(folder, create=True)
    made.put_files([FileEntry(each.path, 1, 1, track_id=each.id) for each in tracks])
    made.put_tracks(tracks)
    line = np.zeros(3, np.float32)
    still = Timeline(line, np.zeros((3, 8), np.float32), line, line, np.zeros(0, np.float32))
    for each, heard in zip(tracks, vectors(tracks, spread=spread), strict=True):
        made.put_listening(each.id, heard, still, versions={**SETS, "timeline": 1})
    return made
