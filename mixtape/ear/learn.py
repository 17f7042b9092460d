"""The stage of a build in which a collection gets ears of its own and hears its songs with them.

An ear is learned when there are 30 songs, and anew when the songs it never met are a fifth of those it learned from, or when
sketches are made another way. In between new songs are heard with the ear there is, and nobody's vector changes. What an ear
learned from is written beside it, so all of this is read off the library, and a build that was cut off goes on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from mixtape.config import EarConfig
from mixtape.ear import linear, network
from mixtape.errors import LibraryError, ModelError
from mixtape.features.sketch import SKETCH_VERSION
from mixtape.progress import Progress, silent
from mixtape.storage import about_arrays, digest_of, load_arrays, save_arrays
from mixtape.types import ByteArray, Features, FloatArray

if TYPE_CHECKING:
    from mixtape.library import Library

SETS = {"ear_linear": linear.VERSION, "ear_net": network.VERSION}
"""The sets that are learned, with their versions."""

ENOUGH = 30
"""Songs it takes to learn an ear; with fewer there is not enough to tell what makes songs differ."""

GROWTH = 0.2
"""Songs unknown to an ear, as a share of those it learned from, that make it learn anew."""

MOST_FITTED = 4000
"""The linear ear is settled long before: of larger collections it sees as many songs, drawn evenly."""

_KEEP_EVERY_S = 60.0
_PLAN = "plan.npz"


class OwnEar(Protocol):
    """An ear learned here."""

    def embed(self, sketch: ByteArray) -> FloatArray:
        """The song's vector (d,) from its sketch (t, 64)."""

    def save(self, path: Path, *, about: dict[str, Any] | None = None) -> None:
        """Write the ear with what `about` says."""


def learn(library: Library, settings: EarConfig, *, progress: Progress = silent) -> tuple[str, ...]:
    """Bring the learned sets of the library up to its songs; returns the names of those that now hold every song.

    Each song must have a sketch. Under 30 songs there are none; without `settings.net`, or without torch, there is no `ear_net`.
    LibraryError when a sketch is missing or the library cannot be written.
    """
    ids = sorted(track.id for track in library.tracks())
    wanted = _wanted(settings) if len(ids) >= ENOUGH else ()
    ready = tuple(name for name in wanted if _brought_up(library, name, ids, settings, progress))
    for name in set(SETS) - set(ready):
        library.forget_learned(name)
    return ready


def _wanted(settings: EarConfig) -> tuple[str, ...]:
    return ("ear_linear", "ear_net") if settings.net and find_spec("torch") else ("ear_linear",)


def _brought_up(library: Library, name: str, ids: Sequence[str], settings: EarConfig, progress: Progress) -> bool:
    """Learn where needed and hear all songs; False where there is nothing to learn from, as in a collection of silences."""
    path = library.ear_folder / f"{name}.npz"
    about = _about(path)
    if not _serves(about, name, ids, settings):
        try:
            _learned(library, name, path, ids, settings, progress)
        except ModelError:
            return False
        about = _about(path)
    _hear_all(library, name, path, str(about["digest"]), ids, progress)
    return True


def _about(path: Path) -> dict[str, Any]:
    """What an ear on the disk says of itself; nothing when there is none or it is broken."""
    try:
        return about_arrays(load_arrays(path, only=()))
    except LibraryError:
        return {}


def _serves(about: dict[str, Any], name: str, ids: Sequence[str], settings: EarConfig) -> bool:
    if about.get("version") != SETS[name] or about.get("sketch") != SKETCH_VERSION or outgrown(ids, about.get("ids", ())):
        return False
    return name == "ear_linear" or about["steps"] == _steps(about["ids"], settings)


def outgrown(ids: Sequence[str], taught: Sequence[str]) -> bool:
    """Whether the songs `ids` are so many more, or others, than those an ear was taught by that it should learn anew."""
    return len(set(ids) - set(taught)) >= max(GROWTH * len(taught), 1)


# Learning ----------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Sketches(Sequence[ByteArray]):
    """Sketches fetched from the library as they are asked for."""

    library: Library
    ids: Sequence[str]

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, number: Any) -> Any:
        return self.library.sketch(self.ids[number])


def _learned(library: Library, name: str, path: Path, ids: Sequence[str], settings: EarConfig, progress: Progress) -> None:
    ear: OwnEar
    if name == "ear_linear":
        taught = ids
        ear = _linear(library, ids, progress)
    else:
        taught = _planned(library.ear_folder / _PLAN, ids)
        ear = _net(library, taught, settings, progress)
    ear.save(path, about={"ids": list(taught), "sketch": SKETCH_VERSION})
    if name == "ear_net":
        from mixtape.ear.training import forget_training

        forget_training(library.ear_folder)
        (library.ear_folder / _PLAN).unlink(missing_ok=True)


def _linear(library: Library, ids: Sequence[str], progress: Progress) -> linear.LinearEar:
    if len(ids) > MOST_FITTED:
        chosen = np.random.default_rng(0).choice(len(ids), MOST_FITTED, replace=False)
        ids = [ids[row] for row in np.sort(chosen)]
    with _one_thread():
        return linear.fit_linear(_counted(_Sketches(library, ids), partial(progress, "linear ear learns")))


def _counted(sketches: Sequence[ByteArray], tally: Callable[[int, int], None]) -> Iterator[ByteArray]:
    for done, sketch in enumerate(sketches, 1):
        yield sketch
        tally(done, len(sketches))


def _net(library: Library, ids: Sequence[str], settings: EarConfig, progress: Progress) -> network.NetEar:
    from mixtape.ear.training import NetSettings, train_net

    chosen = NetSettings(steps=_steps(ids, settings), threads=settings.threads)
    made_from = digest_of(SKETCH_VERSION, *ids)
    return train_net(_Sketches(library, ids), folder=library.ear_folder, settings=chosen, made_from=made_from, progress=progress)


def _steps(ids: Sequence[str], settings: EarConfig) -> int:
    from mixtape.ear.training import steps_for

    return steps_for(len(ids), minutes=settings.minutes)


def _planned(path: Path, ids: Sequence[str]) -> Sequence[str]:
    """The songs to train on: those a training that was cut off had begun with, while they will do, else all there are now."""
    about = _about(path)
    begun = about.get("ids", ())
    if begun and about.get("sketch") == SKETCH_VERSION and set(begun) <= set(ids) and not outgrown(ids, begun):
        return list(begun)
    save_arrays(path, {}, about={"ids": list(ids), "sketch": SKETCH_VERSION})
    return ids


# Hearing -----------------------------------------------------------------------------------------------------------------------


def _hear_all(library: Library, name: str, path: Path, digest: str, ids: Sequence[str], progress: Progress) -> None:
    """Vectors of the songs that this ear has not heard; those it has heard stay as they are."""
    known = _heard(library, name, digest)
    waiting = [song for song in ids if song not in known]
    if not waiting:
        return
    ear = load_ear(name, path)
    with _one_thread():
        kept_s = time.monotonic()
        for done, song in enumerate(waiting, 1):
            known[song] = ear.embed(library.sketch(song))
            if time.monotonic() - kept_s > _KEEP_EVERY_S:
                _put(library, name, known, ids, digest)
                kept_s = time.monotonic()
            progress(f"hearing by {name}", done, len(waiting))
    _put(library, name, known, ids, digest)


def load_ear(name: str, path: Path) -> OwnEar:
    """The learned ear of that name (of `SETS`) from its file. LibraryError when there is none, or it is broken."""
    return linear.LinearEar.load(path) if name == "ear_linear" else network.NetEar.load(path)


def _heard(library: Library, name: str, digest: str) -> dict[str, FloatArray]:
    try:
        features, made_from = library.learned_features(name)
    except LibraryError:
        return {}
    return dict(zip(features.ids, features.values, strict=True)) if made_from == digest else {}


def _put(library: Library, name: str, known: dict[str, FloatArray], ids: Sequence[str], digest: str) -> None:
    there = tuple(song for song in ids if song in known)
    library.put_learned(Features(name, there, np.stack([known[song] for song in there]), SETS[name]), made_from=digest)


@contextmanager
def _one_thread() -> Iterator[None]:
    """How a product is split over threads changes its last bits."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield
