"""The two halves of a song, each heard as if it were a song of its own: do they find each other among all other halves?

No label is needed for that question, and no taste: whatever makes half a song find its other half is in the music. A song is
decoded once; its first half goes to one set of ears, its second to a fresh one. What was heard is kept, one file a song, and not
heard again until an ear changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TypeAlias

import numpy as np

from mixtape.audio import SAMPLE_RATE_HZ, open_sound
from mixtape.errors import AudioError, LibraryError, MixtapeError
from mixtape.features import listen
from mixtape.features.sketch import SKETCH_VERSION
from mixtape.features.stretch import SEGMENT, stretches
from mixtape.features.workers import Lost, answers, cores
from mixtape.progress import Progress, silent
from mixtape.storage import about_arrays, load_arrays, save_arrays
from mixtape.types import ByteArray, FloatArray, Skipped, Track

Vectors: TypeAlias = dict[str, FloatArray]

STAGE = "listening to halves"

_HALVES = ("first", "second")
_BLOCK_SAMPLES = 2**14
_PATIENCE_S, _SLOWEST_BYTES_PER_S = 120.0, 20_000.0


@dataclass(frozen=True, slots=True, eq=False)
class Half:
    """What was heard in half a song: a vector (d,) float32 for each feature set, and a sketch (t, 64) uint8 for learned ears."""

    vectors: Vectors
    sketch: ByteArray


@dataclass(frozen=True, slots=True, eq=False)
class Halves:
    """The vectors of the first and of the second half of a song, by feature set."""

    first: Vectors
    second: Vectors


def listen_to_halves(path: Path, *, n_samples: int) -> tuple[Half, Half]:
    """Decode a song of `n_samples` at 44.1 kHz once and hear its two halves, the second a sample longer where it must be.

    AudioError when nothing can be decoded, or when half of it is shorter than a feature set needs (5.94 s).
    """
    middle = n_samples // 2
    if middle < SEGMENT:
        raise AudioError(f"{path}: {_too_short(n_samples)}")
    sound = open_sound(path, block_samples=_BLOCK_SAMPLES)
    blocks, left = iter(sound.blocks), list[FloatArray]()
    with listen.one_thread():
        try:
            return _heard(_until(blocks, middle, left)), _heard(chain(left, blocks))
        except AudioError as error:
            raise AudioError(f"{path}: {error}") from error


def _too_short(n_samples: int) -> str:
    return f"{n_samples / SAMPLE_RATE_HZ:.1f} s long; two halves of {SEGMENT / SAMPLE_RATE_HZ:.2f} s are needed"


def _until(blocks: Iterator[FloatArray], n_samples: int, left: list[FloatArray]) -> Iterator[FloatArray]:
    """Blocks as far as `n_samples`; what the last of them has beyond that is put into `left`."""
    missing = n_samples
    for block in blocks:
        if len(block) >= missing:
            # A copy: the decoder may use its memory again.
            left.append(block[missing:].copy())
            yield block[:missing]
            return
        missing -= len(block)
        yield block


def _heard(blocks: Iterable[FloatArray]) -> Half:
    ears = listen.Ears()
    for stretch in stretches(blocks):
        ears.hear(stretch)
    return Half(ears.vectors(), ears.sketch())


# Many songs, kept --------------------------------------------------------------------------------------------------------------


def halves_of(
    tracks: Iterable[Track], folder: Path, *, jobs: int | None = None, progress: Progress = silent
) -> tuple[dict[str, Halves], list[Skipped]]:
    """The halves of songs by their ids, heard where `folder` does not have them yet, and the songs without, each with its reason.

    Every song is written down as soon as it is heard, so that a run that is cut off goes on where it was. `jobs` is how many
    processes listen, as many as cores when not given.
    """
    songs = list(tracks)
    found = {track.id: kept for track in songs if (kept := kept_halves(folder, track.id)) is not None}
    missing = {track.path: _Song(track.id, round(track.duration_s * SAMPLE_RATE_HZ)) for track in songs if track.id not in found}
    skipped = [Skipped(path, _too_short(song.n_samples)) for path, song in missing.items() if song.n_samples // 2 < SEGMENT]
    waiting = {path: song for path, song in missing.items() if song.n_samples // 2 >= SEGMENT}
    for done, (path, fault) in enumerate(_hear_all(waiting, folder, jobs=jobs), 1):
        kept = kept_halves(folder, waiting[path].id)
        if fault is None and kept is not None:
            found[waiting[path].id] = kept
        else:
            skipped.append(Skipped(path, fault or "what was heard of its halves cannot be read back"))
        progress(STAGE, done, len(waiting))
    return {track.id: found[track.id] for track in songs if track.id in found}, skipped


def kept_halves(folder: Path, track_id: str) -> Halves | None:
    """The halves of a song as they were heard with the ears of today, or None."""
    try:
        arrays = load_arrays(_file(folder, track_id), only={f"{half}_{name}" for half in _HALVES for name in listen.SETS})
        if about_arrays(arrays).get("versions") != _versions():
            return None
        return Halves(*({name: arrays[f"{half}_{name}"] for name in listen.SETS} for half in _HALVES))
    except (LibraryError, KeyError):
        return None


def half_sketches(folder: Path, track_id: str) -> tuple[ByteArray, ByteArray]:
    """The sketches (t, 64) of both halves of a song that was heard. LibraryError when it was not."""
    names = tuple(f"sketch_{half}" for half in _HALVES)
    arrays = load_arrays(_file(folder, track_id), only=names)
    first, second = (np.asarray(arrays[name], np.uint8) for name in names)
    return first, second


@dataclass(frozen=True, slots=True)
class _Song:
    id: str
    n_samples: int


def _hear_all(songs: Mapping[Path, _Song], folder: Path, *, jobs: int | None) -> Iterator[tuple[Path, str | None]]:
    """Hear and keep the halves of songs by path; what went wrong with each, or None."""
    task = partial(_hear, songs=dict(songs), folder=folder)
    if jobs == 1:
        yield from ((path, task(path)) for path in songs)
        return
    for path, came in answers(task, songs, jobs=jobs or cores(), limit_s=_limit_s):
        yield path, came.reason if isinstance(came, Lost) else came


def _hear(path: Path, *, songs: Mapping[Path, _Song], folder: Path) -> str | None:
    try:
        _keep(folder, songs[path].id, listen_to_halves(path, n_samples=songs[path].n_samples))
    except MixtapeError as error:
        return str(error).removeprefix(f"{path}: ")
    except Exception as error:
        # Whatever a broken file provokes in a decoder is about this file only.
        return f"listening to it failed: {type(error).__name__}: {error}"
    return None


def _keep(folder: Path, track_id: str, halves: tuple[Half, Half]) -> None:
    arrays: dict[str, FloatArray | ByteArray] = {}
    for name, half in zip(_HALVES, halves, strict=True):
        arrays |= {f"{name}_{each}": vector for each, vector in half.vectors.items()}
        arrays[f"sketch_{name}"] = half.sketch
    save_arrays(_file(folder, track_id), arrays, about={"versions": _versions()})


def _versions() -> dict[str, int]:
    return {**listen.SETS, "sketch": SKETCH_VERSION}


def _file(folder: Path, track_id: str) -> Path:
    return folder / track_id[:2] / f"{track_id}.npz"


def _limit_s(path: Path) -> float:
    return _PATIENCE_S + (path.stat().st_size if path.is_file() else 0) / _SLOWEST_BYTES_PER_S
