"""Listening to a song: one decoding pass from which every ear takes what it needs.

`listen` is for one file, `listen_all` for a collection on all cores. A file that cannot be listened to is `Skipped` with its
reason; nothing that one file does stops the others. The same file gives the same bytes whatever else is running.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mixtape.audio import SAMPLE_RATE_HZ, open_sound
from mixtape.errors import AudioError, MixtapeError
from mixtape.features import blocks, rhythm, tempo, timbre, tonal, traits
from mixtape.features.sketch import SKETCH_VERSION, SketchEar
from mixtape.features.stretch import Ear, Stretch, stretches
from mixtape.features.timeline import TIMELINE_VERSION, TimelineEar
from mixtape.features.workers import Lost, answers, cores
from mixtape.types import ByteArray, FloatArray, Skipped, Timeline

__all__ = ["HEARD", "SETS", "Ears", "Listening", "listen", "listen_all", "one_thread"]

SETS: dict[str, int] = {
    **rhythm.VERSIONS,
    **timbre.VERSIONS,
    **blocks.VERSIONS,
    **tonal.VERSIONS,
    **tempo.VERSIONS,
    **traits.VERSIONS,
}
"""Every feature set that `listen` gives, with its version."""

HEARD: dict[str, int] = {**SETS, "timeline": TIMELINE_VERSION, "sketch": SKETCH_VERSION}
"""All that is kept of a song, with its version: what makes it necessary to listen to it anew."""

# Small enough to stay in the cache on the way from the decoder to the ears.
_BLOCK_SAMPLES = 2**14

# The slowest machine thinkable reads this many bytes of the densest format a second; a file that takes longer hangs.
_PATIENCE_S, _SLOWEST_BYTES_PER_S = 120.0, 20_000.0


@dataclass(frozen=True, slots=True, eq=False)
class Listening:
    """What was heard in one file: a vector (d,) float32 for each of `SETS`, the timeline, the sketch (t, 64) from which the
    collection's own ear learns, the true length, and the decoder."""

    vectors: dict[str, FloatArray]
    timeline: Timeline
    sketch: ByteArray
    duration_s: float
    decoder: str

    @property
    def rp(self) -> FloatArray:
        """Rhythm pattern (1440,)."""
        return self.vectors["rp"]

    @property
    def ssd(self) -> FloatArray:
        """Statistical spectrum descriptor (168,)."""
        return self.vectors["ssd"]

    @property
    def rh(self) -> FloatArray:
        """Rhythm histogram (60,)."""
        return self.vectors["rh"]


class Ears:
    """All ears, for one pass through one song. More feature sets join here."""

    def __init__(self) -> None:
        tempo_ear, tonal_ear = tempo.TempoEar(), tonal.TonalEar()
        self._ears: list[Ear] = [
            rhythm.RhythmEar(),
            timbre.TimbreEar(),
            blocks.BlocksEar(),
            tempo_ear,
            tonal_ear,
            traits.TraitsEar(tempo=tempo_ear, tonal=tonal_ear),
        ]
        self._timeline, self._sketch = TimelineEar(tempo=tempo_ear, tonal=tonal_ear), SketchEar()
        self._n_samples = 0

    @property
    def duration_s(self) -> float:
        """How much was heard."""
        return self._n_samples / SAMPLE_RATE_HZ

    def hear(self, stretch: Stretch) -> None:
        """Take in the next stretch."""
        self._n_samples += len(stretch.samples)
        for ear in self._ears:
            ear.hear(stretch)
        self._timeline.hear(stretch)
        self._sketch.hear(stretch)

    def vectors(self) -> dict[str, FloatArray]:
        """What was heard so far, by feature set. AudioError when there was less of it than a set needs (5.94 s)."""
        n = self._n_samples
        return {name: vector for ear in self._ears for name, vector in ear.vectors(n_samples=n).items()}

    def timeline(self) -> Timeline:
        """What was heard so far, moment by moment."""
        return self._timeline.timeline(n_samples=self._n_samples)

    def sketch(self) -> ByteArray:
        """The middle of what was heard so far, small (t, 64)."""
        return self._sketch.sketch()


def listen(path: Path | str) -> Listening:
    """Decode a file once and hear everything in it.

    Raises:
        AudioError: nothing can be decoded, or there is less of it than the feature sets need (5.94 s).
    """
    sound, ears = open_sound(path, block_samples=_BLOCK_SAMPLES), Ears()
    with one_thread():
        try:
            for stretch in stretches(sound.blocks):
                ears.hear(stretch)
            vectors = ears.vectors()
        except AudioError as error:
            raise AudioError(f"{path}: {error}") from error
        return Listening(vectors, ears.timeline(), ears.sketch(), ears.duration_s, sound.decoder)


def listen_all(paths: Iterable[Path], *, jobs: int | None = None) -> Iterator[tuple[Path, Listening | Skipped]]:
    """Listen to many files and give each as soon as it is done, in any order.

    Args:
        paths: audio files, or what claims to be.
        jobs: processes at a time, as many as cores when not given; 1 listens in this process, in the order given.

    Raises:
        MixtapeError: processes cannot be started.
    """
    if jobs == 1:
        yield from ((path, _heard_or_skipped(path)) for path in paths)
        return
    for path, came in answers(_heard_or_skipped, paths, jobs=cores() if jobs is None else max(jobs, 1), limit_s=_limit_s):
        yield path, Skipped(path, came.reason) if isinstance(came, Lost) else came


def _heard_or_skipped(path: Path) -> Listening | Skipped:
    try:
        return listen(path)
    except MixtapeError as error:
        return Skipped(path, str(error).removeprefix(f"{path}: "))
    except Exception as error:
        # Whatever a broken file provokes in a decoder is about this file only.
        return Skipped(path, f"listening to it failed: {type(error).__name__}: {error}")


def _limit_s(path: Path) -> float:
    return _PATIENCE_S + (path.stat().st_size if path.is_file() else 0) / _SLOWEST_BYTES_PER_S


def one_thread() -> AbstractContextManager[Any]:
    """One thread for matrix products: they are small, and how they are split may change their last bit."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(limits=1)
