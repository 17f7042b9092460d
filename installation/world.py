"""What the show stands on: everything mixtape prepared, loaded once, checked to speak of the same songs, then only read."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from installation.isf.header import Input, OwnScene
from mixtape.config import Config, Knob
from mixtape.covergan.colours import colours_of
from mixtape.errors import LibraryError
from mixtape.library import Library
from mixtape.poster.inks import palette_of_id
from mixtape.types import TIMELINE_HZ, ByteArray, FloatArray, Grid, Neighbours, Palette, SongMap, Timeline, Track

LARGE_PX = 512
"""Side of the large cover of a song that plays."""


@dataclass(frozen=True)
class World:
    """The prepared collection. Rows of `song_map`, `grid`, `neighbours` and `conditions` (n, 32) are the rows of `tracks`."""

    tracks: tuple[Track, ...]
    song_map: SongMap
    grid: Grid
    neighbours: Neighbours
    conditions: FloatArray
    config: Config
    timeline: Callable[[str], Timeline]
    cover_pixels: Callable[[str], ByteArray | None]
    palette: Callable[[str], Palette]
    find: Callable[[str], tuple[Track, ...]]
    cover_large: Callable[[str], ByteArray | None] = lambda _: None
    """The cover at 512 px for the song that plays, where there is more of it than the small one has."""

    loudness_lufs: Callable[[str], float | None] = lambda _: None
    """How loud a song is on the whole, as the build heard it; None where it did not."""

    own: tuple[OwnScene, ...] = ()
    """A user's own scenes."""
    scenes: tuple[str, ...] = ("map", "grid", "wall")
    """What can be shown of this collection, in the director's order: scenes of the house and, after them, a user's own."""

    @cached_property
    def row(self) -> Mapping[str, int]:
        """Row of each track id."""
        return {track.id: row for row, track in enumerate(self.tracks)}

    @cached_property
    def own_inputs(self) -> Mapping[str, Input]:
        """The input of a user's own scene that each of its knobs belongs to."""
        return {knob.name: each for scene in self.own for each in scene.inputs for knob in each.knobs}

    @cached_property
    def own_knobs(self) -> Mapping[str, Knob]:
        """The knobs of a user's own scenes by name, `scene/NAME/INPUT`."""
        return {knob.name: knob for scene in self.own for each in scene.inputs for knob in each.knobs}

    def with_own(self, own: tuple[OwnScene, ...]) -> World:
        """The same collection with other scenes of the user's own, after those of the house."""
        before = {each.name for each in self.own}
        house = tuple(name for name in self.scenes if name not in before)
        return replace(self, own=own, scenes=(*house, *(each.name for each in own)))

    @cached_property
    def artists(self) -> Mapping[str, str]:
        """Who plays each track id."""
        return {track.id: track.artist for track in self.tracks}

    @cached_property
    def colours(self) -> Callable[[int], FloatArray]:
        """The colours (32,) that the cover network is asked for on behalf of a row's song, worked out when first wanted."""
        return lru_cache(maxsize=None)(lambda row: colours_of([self.palette(self.tracks[row].id)])[0])

    def track(self, track_id: str) -> Track:
        """The song of that id."""
        return self.tracks[self.row[track_id]]

    @classmethod
    def load(cls, library: Library, config: Config, *, conditions: FloatArray) -> World:
        """Read a built library. LibraryError, all faults together, when it is empty, unfinished or does not fit together."""
        tracks = library.tracks()
        if not tracks:
            raise LibraryError(f"{library.folder}: no song is ready; run mixtape build DIR on a folder with music")
        song_map, grid, neighbours = library.map(), library.grid(), library.neighbours()
        ids = tuple(track.id for track in tracks)
        parts = {"map": song_map.ids, "grid": grid.ids, "neighbours": neighbours.ids}
        faults = [name for name, of in parts.items() if of != ids]
        if len(conditions) != len(ids):
            faults.append("conditions")
        if faults:
            raise LibraryError(f"{library.folder}: {', '.join(faults)} of other songs; run mixtape build again")
        by_id = {track.id: track for track in tracks}
        # Looked up now: another thread may read covers ahead, and the catalogue serves this one alone.
        originals = {track.cover_id: _original(library, track.cover_id) for track in tracks}
        return cls(
            tracks=tracks,
            song_map=song_map,
            grid=grid,
            neighbours=neighbours,
            conditions=conditions,
            config=config,
            timeline=lru_cache(maxsize=8)(lambda track_id: _timeline(library, by_id[track_id])),
            cover_pixels=lru_cache(maxsize=32)(lambda track_id: _cover(library, by_id[track_id].cover_id)),
            palette=lru_cache(maxsize=None)(lambda track_id: _palette(library, track_id, by_id[track_id].cover_id)),
            find=lambda text: found(library, text, by_id),
            cover_large=lru_cache(maxsize=12)(lambda track_id: _large(originals.get(by_id[track_id].cover_id))),
            loudness_lufs=_loudness(library).get,
        )


def found(library: Library, text: str, known: Mapping[str, Track]) -> tuple[Track, ...]:
    """The songs that `text` means, best first, of those `known`; none when the catalogue cannot be asked just now."""
    try:
        return tuple(known[track.id] for track in library.find(text) if track.id in known)
    except (LibraryError, sqlite3.Error):
        return ()


def _timeline(library: Library, track: Track) -> Timeline:
    """The song's timeline; a still one of its length when it cannot be read, so that the show goes on."""
    try:
        return library.timeline(track.id)
    except (LibraryError, KeyError, OSError):
        rows = max(1, int(track.duration_s * TIMELINE_HZ))
        still = np.zeros(rows, np.float32)
        return Timeline(still, np.zeros((rows, 8), np.float32), still, still, np.zeros(0, np.float32))


def _loudness(library: Library) -> Mapping[str, float]:
    """Loudness in LUFS of each track id that was heard for its traits."""
    from mixtape.features.traits import TRAITS

    column = [trait.name for trait in TRAITS].index("loudness_lufs")
    try:
        traits = library.features("traits")
    except LibraryError:
        return {}
    return dict(zip(traits.ids, traits.values[:, column].astype(float).tolist(), strict=True))


def _cover(library: Library, cover_id: str | None) -> ByteArray | None:
    try:
        return library.cover_pixels(cover_id) if cover_id else None
    except (LibraryError, OSError, ValueError):
        return None


def _original(library: Library, cover_id: str | None) -> Path | None:
    try:
        return library.cover_original(cover_id) if cover_id else None
    except (LibraryError, sqlite3.Error):
        return None


def _large(original: Path | None) -> ByteArray | None:
    from mixtape.collection.covers import SIZE_PX, CoverError, standardise

    try:
        if original is None:
            return None
        pixels, _, size_px = standardise(original.read_bytes(), side_px=LARGE_PX)
        return pixels if min(size_px) > SIZE_PX else None
    except (CoverError, OSError):
        return None


def _palette(library: Library, track_id: str, cover_id: str | None) -> Palette:
    """The cover's colours; a song without one has colours of its own, by its id."""
    try:
        return library.palette(cover_id) if cover_id else palette_of_id(track_id)
    except (LibraryError, sqlite3.Error):
        return palette_of_id(track_id)
