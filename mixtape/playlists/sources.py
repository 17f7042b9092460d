"""What a collection can tell recipes beyond tags, map and neighbours; each thing is fetched when a recipe first asks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mixtape.errors import LibraryError
from mixtape.playlists.sound import Sound
from mixtape.similarity.sets import SETS, Weights
from mixtape.types import FloatArray, Palette, Track

if TYPE_CHECKING:
    from mixtape.library import Library

Between = Callable[[Any, Any], FloatArray]
"""From rows (m,) and rows (k,) to their distances by sound (m, k), 0 to 1."""


def nothing() -> None:
    """For what a collection does not know."""


@dataclass(frozen=True)
class Sources:
    """Three questions, each answered in the rows of the collection, or with None where there is no answer.

    `sound`: distances between any songs. `traits`: columns (n,) by name, NaN where not known. `palettes`: of each song's cover,
    None for a song without one.
    """

    sound: Callable[[], Between | None] = nothing
    traits: Callable[[], Mapping[str, npt.NDArray[np.float64]] | None] = nothing
    palettes: Callable[[], Sequence[Palette | None] | None] = nothing


NO_SOURCES = Sources()
"""Tags, map and neighbours alone."""


def library_sources(library: Library, tracks: Sequence[Track], *, weights: Weights) -> Sources:
    """What a library knows of some of its songs. Colours are read from it when a recipe asks, so it must be open still."""
    known = tuple(track.id for track in library.tracks())
    ids = tuple(track.id for track in tracks)
    place = {song: row for row, song in enumerate(known)}
    rows = None if known == ids else np.array([place[song] for song in ids], np.int64)
    tables = {name: values for name in (*SETS, "traits") if (values := _table(library, name)) is not None}

    def some(name: str) -> npt.NDArray[Any]:
        return tables[name] if rows is None else tables[name][rows]

    def sound() -> Between | None:
        names = [name for name in tables if name in SETS]
        return Sound({name: some(name) for name in names}, weights) if names and ids else None

    def traits() -> Mapping[str, npt.NDArray[np.float64]] | None:
        from mixtape.features.traits import TRAITS

        if "traits" not in tables or tables["traits"].shape[1] != len(TRAITS):
            return None
        return {trait.name: np.asarray(some("traits")[:, k], np.float64) for k, trait in enumerate(TRAITS)}

    def palettes() -> Sequence[Palette | None]:
        covers = {track.cover_id for track in tracks if track.cover_id is not None}
        colours = {cover: library.palette(cover) for cover in sorted(covers)}
        return [colours.get(track.cover_id or "") for track in tracks]

    return Sources(sound, traits, palettes)


def _table(library: Library, name: str) -> npt.NDArray[Any] | None:
    try:
        return library.features(name).values
    except LibraryError:
        # Heard before there was this set, or no ear has learned it yet.
        return None
