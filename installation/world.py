"""What the show stands on: everything mixtape prepared, loaded once, checked to speak of the same songs, then only read."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from pathlib import Path

import numpy as np

from installation.colours import light as lit
from installation.colours import padded
from installation.director import SCENES
from installation.forming import Forming
from installation.gallery import Gallery, load_gallery
from installation.isf.header import Input, OwnScene
from installation.maps import Family, Sibling
from mixtape.apart import apart
from mixtape.config import Config, Knob
from mixtape.covergan.colours import colours_of
from mixtape.errors import LibraryError, MixtapeError
from mixtape.library import Library
from mixtape.maps.fit import family_names
from mixtape.poster.inks import palette_of_id
from mixtape.types import TIMELINE_HZ, ByteArray, FloatArray, Grid, Neighbours, Palette, Region, SongMap, Timeline, Track

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

    forming: Forming | None = None
    """How the map came about, where the library knows it."""

    gallery: Gallery | None = None
    """What the cover network drew at every age, where that was drawn."""

    family: Family | None = None
    """The family of maps, `song_map` the first of them: see `maps`."""

    own: tuple[OwnScene, ...] = ()
    """A user's own scenes."""
    scenes: tuple[str, ...] = ("map", "grid", "wall", "chart")
    """What can be shown of this collection, in the director's order: scenes of the house and, after them, a user's own."""

    @property
    def left_out(self) -> tuple[str, ...]:
        """Why scenes of the house are not shown, a sentence each."""
        why = {
            "forming": "no scene 'forming': how this map came about was not kept; a map of few songs is made in one go",
            "gallery": "no scene 'gallery': the network's pictures of every age are not drawn yet; run mixtape gallery",
        }
        return tuple(words for name, words in why.items() if name not in self.scenes)

    @cached_property
    def maps(self) -> Family:
        """The family of maps; `song_map` alone where there is no other."""
        return self.family or Family(self.song_map, self.grid, tints=lambda: tints_of(self.tracks, self.palette))

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
        forming, gallery = _forming(library, ids), load_gallery(library.covergan_folder)
        palette = lru_cache(maxsize=None)(lambda track_id: _palette(library, track_id, by_id[track_id].cover_id))
        traits = _traits(library, song_map)
        there = {"forming": forming is not None, "gallery": gallery is not None}
        return cls(
            tracks=tracks,
            song_map=song_map,
            grid=grid,
            neighbours=neighbours,
            conditions=conditions,
            config=config,
            timeline=lru_cache(maxsize=8)(lambda track_id: _timeline(library, by_id[track_id])),
            cover_pixels=lru_cache(maxsize=32)(lambda track_id: _cover(library, by_id[track_id].cover_id)),
            palette=palette,
            find=lambda text: found(library, text, by_id),
            cover_large=lru_cache(maxsize=12)(lambda track_id: _large(originals.get(by_id[track_id].cover_id))),
            loudness_lufs=_loudness(library).get,
            forming=forming,
            gallery=gallery,
            family=Family(
                song_map,
                grid,
                words=_words(song_map),
                tints=lambda: tints_of(tracks, palette),
                regions=lambda each: _regions(each, by_id, traits),
                regions_apart=partial(_regions_apart, library.folder),
                others=siblings(library, ids),
            ),
            scenes=tuple(name for name in SCENES if there.get(name, True)),
        )


_SAMPLED = 20_000
"""Of more songs every so many stand for the others where islands are looked for."""


def _regions(song_map: SongMap, tracks: Mapping[str, Track], traits: Mapping[str, FloatArray]) -> tuple[Region, ...]:
    """The islands of a map; none when they cannot be named just now. `traits` by name, (n,) in the map's order."""
    from mixtape.maps.regions import regions

    try:
        some = slice(None, None, max(1, -(-len(song_map.ids) // _SAMPLED)))
        sample = replace(song_map, ids=song_map.ids[some], xy=song_map.xy[some])
        return regions(sample, tracks, traits={name: values[some] for name, values in traits.items()})
    except (MixtapeError, KeyError):
        return ()


def _regions_apart(folder: Path, name: str) -> tuple[Region, ...]:
    """The islands of a map, found in a process of its own. MixtapeError when it ends before its time."""
    return apart(_regions_of, folder, name, what="naming a map's islands")


def _regions_of(folder: Path, name: str) -> tuple[Region, ...]:
    """The islands of a map of the library in `folder`, without their songs: what is told from process to process is short."""
    with Library(folder) as library:
        song_map = library.map(name)
        found = _regions(song_map, {track.id: track for track in library.tracks()}, _traits(library, song_map))
    return tuple(replace(region, ids=()) for region in found)


def _traits(library: Library, song_map: SongMap) -> Mapping[str, FloatArray]:
    """What songs are like, for the islands' names; nothing when it cannot be read just now."""
    from mixtape.prints.gather import traits_of

    try:
        return traits_of(library, song_map)
    except (MixtapeError, KeyError):
        return {}


def tints_of(tracks: Sequence[Track], palette: Callable[[str], Palette]) -> FloatArray:
    """One colour (n, 3) 0..1 for each song: the first of its cover's."""
    return np.array([lit(padded(palette(track.id)))[0] for track in tracks], np.float32).reshape(-1, 3)


def _words(song_map: SongMap) -> str:
    """What a map is by, for the audience: its feature set, and whether songs look farther around than usual."""
    from mixtape.prints.gather import title_of

    perplexity = song_map.name.rpartition("-")[2]
    return title_of(song_map) + (", broadly" if perplexity.isdigit() and int(perplexity) > _USUAL else "")


_USUAL = 30
"""The perplexity of the maps that are named after their feature set alone."""


def siblings(library: Library, ids: tuple[str, ...]) -> Mapping[str, Callable[[], Sibling]]:
    """What reads each map of the family but the first, in order; nothing where the family cannot be read just now."""
    try:
        names = family_names(library)[1:]
    except (LibraryError, KeyError):
        return {}
    return {name: partial(_sibling, library, name, ids) for name in names}


def _sibling(library: Library, name: str, ids: tuple[str, ...]) -> Sibling:
    """A map and the way to it. LibraryError when it cannot be read, or is of other songs by now."""
    song_map = library.map(name)
    known, stages, _ = library.way(name)
    row, way_row = ({song: at for at, song in enumerate(of)} for of in (song_map.ids, known))
    if not all(song in row and song in way_row for song in ids):
        raise LibraryError(f"{library.folder}: map '{name}' is of other songs; run mixtape build again")
    ordered = replace(song_map, ids=ids, xy=song_map.xy[[row[song] for song in ids]])
    return Sibling(_words(song_map), ordered, stages[:, [way_row[song] for song in ids]])


def _forming(library: Library, ids: tuple[str, ...]) -> Forming | None:
    """How the map of these songs came about; None where that was not kept, or songs have joined since."""
    try:
        known, stages, _ = library.way()
    except (LibraryError, KeyError):
        return None
    row = {song: at for at, song in enumerate(known)}
    if len(stages) < 2 or not all(song in row for song in ids):
        return None
    return Forming.of(stages[:, [row[song] for song in ids]])


def found(library: Library, text: str, known: Mapping[str, Track], *, limit: int = 20) -> tuple[Track, ...]:
    """The songs that `text` means, best first, of those `known`; none when the catalogue cannot be asked just now."""
    try:
        return tuple(known[track.id] for track in library.find(text, limit=limit) if track.id in known)
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
