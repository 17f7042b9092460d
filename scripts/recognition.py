#!/usr/bin/env python3
"""How surely a song is known again by ten seconds of it, as it is and through a room; and music that is not there by nobody.

python3 scripts/recognition.py LIBRARY        Markdown, after: mixtape build DIR --library LIBRARY
python3 scripts/recognition.py --songs 48     the made-up collection

Passages below -60 dB full scale are left out: nobody knows silence again. Files that hold the same recording are told by their
waves, not by their landmarks: an answer is right when it is the song itself or sounds the same at that place.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from environment import main

if TYPE_CHECKING:
    from mixtape.fingerprint.index import Index, Match
    from mixtape.types import FloatArray

HEAD = ("heard", "questions", "right", "no answer", "wrong", "song taken out: wrong", "place off, median ms", "CPU-ms an answer")
TEN_S = 10.0


def work() -> int:
    """Ask about a passage of each song in three ways and print a row for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path, nargs="?", metavar="LIBRARY")
    parser.add_argument("--songs", type=int, default=48, help="how many made-up songs, where no library is named")
    parser.add_argument("--most", type=int, default=150, help="how many passages are asked about")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    print(_row(HEAD))
    print(_row(["---"] * len(HEAD)))
    with tempfile.TemporaryDirectory() as folder:
        songs, index = _library(asked.library) if asked.library else _made_up(Path(folder), asked.songs)
        for row in measured(songs, index, most=asked.most, seed=asked.seed):
            print(_row(row), flush=True)
    return 0


def measured(songs: Mapping[str, Path], index: Index, *, most: int, seed: int) -> Iterator[tuple[str, ...]]:
    """A row for each way of hearing, in the order of `HEAD`."""
    import time

    import numpy as np
    from figures.rooms import KINDS, heard_as

    passages = list(_passages(songs, most=most, seed=seed))
    for kind in KINDS:
        right = wrong = none = strangers = 0
        off_ms, spent_s = list[float](), 0.0
        for number, (song, start_s, sound) in enumerate(passages):
            heard = heard_as(kind, sound, seed=number)
            began_s = time.process_time()
            answers = index.candidates(heard)
            spent_s += time.process_time() - began_s
            told = [match for match in answers if match.score >= index.fewest]
            mine = [match for match in told if match.track_id == song or _same(songs[match.track_id], match, sound)]
            none += not told
            right += bool(told) and told[0] in mine
            wrong += bool(told) and told[0] not in mine
            strangers += len(told) > len(mine)
            off_ms += [1000 * abs(match.song_s - start_s) for match in mine if match.track_id == song]
        n = len(passages)
        shares = (f"{100 * count / n:.1f} %" for count in (right, none, wrong, strangers))
        yield kind, str(n), *shares, f"{np.median(off_ms):.0f}", f"{1000 * spent_s / n:.0f}"


def _passages(songs: Mapping[str, Path], *, most: int, seed: int) -> Iterator[tuple[str, float, FloatArray]]:
    """Song, start and samples of one passage a song, by chance."""
    import numpy as np

    from mixtape import audio

    rng = np.random.default_rng(seed)
    ids = sorted(songs)
    for row in rng.permutation(len(ids))[:most]:
        path = songs[ids[row]]
        start_s = float(rng.uniform(0, max(audio.duration_s(path) - TEN_S, 0.0)))
        sound = audio.decode(path, start_s=start_s, length_s=TEN_S)
        if len(sound) >= 0.99 * TEN_S * audio.SAMPLE_RATE_HZ and np.sqrt(np.square(sound).mean()) > 1e-3:
            yield ids[row], start_s, sound


def _same(path: Path, match: Match, sound: FloatArray) -> bool:
    """Whether the file holds that sound around that place: its wave, moved by up to 0.2 s, is half the same or more."""
    import numpy as np
    from scipy.signal import fftconvolve

    from mixtape import audio

    there = audio.decode(path, start_s=max(match.song_s - 0.2, 0.0), length_s=TEN_S + 0.4)
    likeness = fftconvolve(there, sound[::-1])
    power = np.sqrt(np.square(there).sum() * np.square(sound).sum())
    return bool(np.abs(likeness).max(initial=0.0) > 0.5 * power)


def _library(folder: Path) -> tuple[dict[str, Path], Index]:
    from mixtape.fingerprint.index import kept
    from mixtape.library import Library

    with Library(folder) as library:
        return {track.id: track.path for track in library.tracks()}, kept(library.fingerprint_folder)


def _made_up(folder: Path, count: int) -> tuple[dict[str, Path], Index]:
    from mixtape import audio
    from mixtape.demo.collection import make_collection
    from mixtape.fingerprint.constellation import constellation
    from mixtape.fingerprint.index import Index

    make_collection(folder, songs=count)
    songs = {
        str(path): path for path in sorted(folder.rglob("*")) if path.suffix in (".flac", ".mp3", ".ogg", ".opus", ".m4a", ".wav")
    }
    return songs, Index.of({song: constellation(audio.blocks(path)) for song, path in songs.items()})


def _row(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main(work)
