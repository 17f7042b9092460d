"""The stage of a build in which every song gets its fingerprint, and the collection the index of them all.

A song is decoded once more for it and its constellation is written down at once, so that a run which is cut off goes on where it
was. Only what changed is gathered into the index anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mixtape import audio
from mixtape.errors import MixtapeError
from mixtape.fingerprint.constellation import VERSION, constellation
from mixtape.fingerprint.index import gathered
from mixtape.progress import Progress, silent
from mixtape.types import Constellation, Skipped

if TYPE_CHECKING:
    from mixtape.library import Library

STAGE = "fingerprints"

_BLOCK_SAMPLES = 2**16
_PATIENCE_S, _SLOWEST_BYTES_PER_S = 120.0, 20_000.0


def fingerprint(library: Library, *, jobs: int = 1, progress: Progress = silent) -> tuple[Skipped, ...]:
    """Bring fingerprints and index up to the songs of the library; returns the songs without one, each with its reason.

    Files that are not there are passed over: their songs keep the fingerprints they have.
    """
    waiting = {track.path: track.id for track in library.tracks() if not library.constellation_written(track.id, version=VERSION)}
    there = [path for path in waiting if path.is_file()]
    skipped = []
    for done, (path, came) in enumerate(_constellations(there, jobs=jobs), 1):
        if isinstance(came, Skipped):
            skipped.append(came)
        else:
            library.put_constellation(waiting[path], came, version=VERSION)
        progress(STAGE, done, len(there))
    gather(library)
    return tuple(skipped)


def gather(library: Library) -> None:
    """Bring the index up to the constellations there are."""
    written = {track.id: library.constellation_written(track.id, version=VERSION) for track in library.tracks()}
    known = {track_id: when for track_id, when in written.items() if when}
    if known:
        gathered(
            library.fingerprint_folder,
            tuple(known),
            tuple(known.values()),
            lambda track_id: library.constellation(track_id, version=VERSION),
        )


def _constellations(paths: Iterable[Path], *, jobs: int) -> Iterator[tuple[Path, Constellation | Skipped]]:
    from mixtape.features.workers import Lost, answers

    if jobs == 1:
        yield from ((path, _constellation(path)) for path in paths)
        return
    for path, came in answers(_constellation, paths, jobs=jobs, limit_s=_limit_s):
        yield path, Skipped(path, came.reason) if isinstance(came, Lost) else came


def _constellation(path: Path) -> Constellation | Skipped:
    try:
        return constellation(audio.blocks(path, block_samples=_BLOCK_SAMPLES))
    except MixtapeError as error:
        return Skipped(path, str(error).removeprefix(f"{path}: "))
    except Exception as error:
        # Whatever a broken file provokes in a decoder is about this file only.
        return Skipped(path, f"its fingerprint failed: {type(error).__name__}: {error}")


def _limit_s(path: Path) -> float:
    return _PATIENCE_S + (path.stat().st_size if path.is_file() else 0) / _SLOWEST_BYTES_PER_S
