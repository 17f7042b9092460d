"""Songs known again by their fingerprints. How surely: scripts/recognition.py."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from figures.row import Row, cpu_s


def fingerprint_mp3() -> Row:
    """Decoding and the constellation of a three-minute MP3, against decoding alone."""
    from figures.listening import SONG_S, _song
    from mixtape.audio import blocks
    from mixtape.fingerprint.constellation import constellation

    with tempfile.TemporaryDirectory() as folder:
        song = _song(Path(folder), ".mp3")
        floor = cpu_s(lambda: [None for _ in blocks(song)])
        mine = cpu_s(lambda: constellation(blocks(song)))
    return Row("fingerprint_mp3", mine * 180 / SONG_S, "CPU-s a 3-min song", "decoding it to mono", mine / floor)


def recognise_2000() -> Row:
    """Ten seconds asked of 2,000 made-up songs of three minutes, mapped from the disk, against working out landmarks alone."""
    return _recognise(2000)


def recognise_20000() -> Row:
    """The same of 20,000 songs."""
    return _recognise(20_000)


def _recognise(songs: int) -> Row:
    from figures.rooms import song
    from mixtape.fingerprint.constellation import constellation
    from mixtape.fingerprint.index import Index, gathered

    sound = song(1, seconds=10.0)
    ids = [f"{number:05d}" for number in range(songs)]

    def constellation_of(track_id: str) -> Any:
        return constellation([sound]) if track_id == ids[songs // 2] else _by_chance(int(track_id))

    with tempfile.TemporaryDirectory() as folder:
        index = gathered(Path(folder), ids, [1] * songs, constellation_of)
        size_mb = sum(path.stat().st_size for path in Path(folder).iterdir()) / 2**20
        found = index.recognise(sound)
        assert found is not None
        assert found.track_id == ids[songs // 2]
        floor = cpu_s(lambda: Index(()).recognise(sound))
        mine = cpu_s(lambda: index.recognise(sound))
    return Row(f"recognise_{songs}", 1000 * mine, f"CPU-ms, {size_mb:.0f} MB index", "landmarks of the question", mine / floor)


def _by_chance(seed: int, *, seconds: float = 180.0) -> Any:
    """Peaks as many as in music, the low ones more frequent, without an idea."""
    import numpy as np

    from mixtape.fingerprint.constellation import FIRST_BIN, FRAME_HZ, LAST_BIN
    from mixtape.types import Constellation

    rng = np.random.default_rng(seed)
    count = round(25 * seconds)
    frames = np.sort(rng.integers(0, round(FRAME_HZ * seconds), count))
    bins = ((LAST_BIN - FIRST_BIN + 1) * rng.beta(0.9, 1.6, count)).astype(np.uint16)
    return Constellation(frames.astype(np.uint32), bins)


ROWS = (fingerprint_mp3, recognise_2000, recognise_20000)

WHEN_NAMED = ("recognise_20000",)
"""Rows that take so long that they run only when they are asked for by name."""
