"""Listening to songs."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from figures.row import Row, cpu_s, workers_peak_mb

SONG_S = 90
"""Length of the song that listening is measured on; figures are told for 180 s."""


def _song(folder: Path, suffix: str) -> Path:
    """Moving noise and tones as a file, such as an encoder meets in music."""
    import av
    import numpy as np

    rng = np.random.default_rng(5)
    n = 44100 * SONG_S
    t = np.arange(n) / 44100
    tones = sum(np.sin(2 * np.pi * f * t) * (0.5 + 0.5 * np.sin(2 * np.pi * m * t)) for f, m in ((110, 2), (440, 0.5), (2600, 4)))
    sound = np.stack([0.15 * tones + 0.1 * rng.standard_normal(n) * (np.sin(np.pi * 4 * t) ** 8) for _ in range(2)]).astype(
        np.float32
    )
    path = folder / f"song{suffix}"
    out: Any
    with av.open(str(path), "w") as out:
        codec = {".mp3": "libmp3lame", ".ogg": "vorbis"}[suffix]
        stream = out.add_stream(codec, rate=44100, layout="stereo", options={"strict": "experimental"})
        for start in range(0, n, 44100):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(sound[:, start : start + 44100]), format="fltp", layout="stereo"
            )
            frame.sample_rate, frame.pts = 44100, start
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def _listening(suffix: str, *, everything: bool) -> Row:
    from mixtape.audio import blocks
    from mixtape.features.listen import listen
    from mixtape.features.rhythm import RhythmEar
    from mixtape.features.stretch import stretches

    def rhythm() -> None:
        ear, n = RhythmEar(), 0
        for stretch in stretches(blocks(song, block_samples=1 << 14)):
            n += len(stretch.samples)
            ear.hear(stretch)
        ear.features(n_samples=n)

    with tempfile.TemporaryDirectory() as folder:
        song = _song(Path(folder), suffix)
        floor = cpu_s(lambda: [None for _ in blocks(song)])
        mine = cpu_s(lambda: listen(song) if everything else rhythm())
    name = f"{'listen' if everything else 'rhythm'}_{suffix[1:]}"
    return Row(name, mine * 180 / SONG_S, "CPU-s a 3-min song", "decoding it to mono", mine / floor)


def rhythm_mp3() -> Row:
    """Decoding and RP, SSD, RH of a three-minute MP3, against decoding alone."""
    return _listening(".mp3", everything=False)


def rhythm_ogg() -> Row:
    """Decoding and RP, SSD, RH of a three-minute OGG, against decoding alone."""
    return _listening(".ogg", everything=False)


def listen_mp3() -> Row:
    """All that is heard of a three-minute MP3, timeline included, against decoding alone."""
    return _listening(".mp3", everything=True)


def listen_ogg() -> Row:
    """All that is heard of a three-minute OGG, timeline included, against decoding alone."""
    return _listening(".ogg", everything=True)


def songs_1000() -> Row:
    """A thousand made-up songs of 10 s heard by two processes, and by one: the numbers must be the same bytes."""
    from mixtape.features.listen import Listening, listen_all

    def heard(jobs: int) -> tuple[str, float]:
        start, summed = time.perf_counter(), {}
        for path, found in listen_all(songs, jobs=jobs):
            assert isinstance(found, Listening)
            content = (*(found.vectors[name].tobytes() for name in sorted(found.vectors)), found.sketch.tobytes())
            summed[path.name] = hashlib.sha256(b"".join((*content, found.timeline.onset.tobytes()))).hexdigest()
        return repr(sorted(summed.items())), time.perf_counter() - start

    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
    with tempfile.TemporaryDirectory() as folder:
        songs = _made_up_songs(Path(folder), 1000)
        (two, fast), (one, slow) = heard(2), heard(1)
    said = "one process, and the same bytes" if two == one else "one process, BUT OTHER BYTES"
    return Row("songs_1000", 1000 / fast, "songs/s wall, 2 jobs", said, slow / fast, workers_peak_mb())


def _made_up_songs(folder: Path, count: int) -> list[Path]:
    import numpy as np
    import soundfile

    t = np.arange(441_000) / 44_100
    for number in range(count):
        rng = np.random.default_rng(number)
        beat = np.exp(-rng.uniform(5, 30) * np.mod(t, rng.uniform(0.25, 0.8)))
        sound = 0.3 * np.sin(2 * np.pi * rng.uniform(60, 2000) * t) * beat + 0.1 * beat * rng.standard_normal(len(t))
        soundfile.write(folder / f"{number:04d}.flac", sound.astype(np.float32), 44_100)
    return sorted(folder.iterdir())


ROWS = (rhythm_mp3, rhythm_ogg, listen_mp3, listen_ogg, songs_1000)

WHEN_NAMED = ("songs_1000",)
"""Rows that take so long that they run only when they are asked for by name."""
