"""What a map print needs of a library: covers, palettes, islands and their names, and what the map says of itself."""

from __future__ import annotations

import numpy as np

from mixtape.errors import LibraryError
from mixtape.library import Library
from mixtape.maps.names import directions
from mixtape.maps.regions import regions
from mixtape.prints.map_print import MapSheet
from mixtape.types import ByteArray, FloatArray, Palette, SongMap

TITLES = {
    "fused": "By everything heard",
    "ear": "By the collection's own ear",
    "ear_linear": "By the collection's own ear, the quick one",
    "ear_net": "By the collection's own ear, the network",
    "blocks": "By patterns of sound",
    "timbre": "By timbre",
    "ssd": "By the statistics of the spectrum",
    "rp": "By rhythm patterns",
    "rh": "By rhythm",
    "rhythm": "By rhythm and tempo",
    "tempo": "By tempo",
    "tonal": "By harmony",
    "tone": "By harmony",
}
"""What a map is by, in words."""


def map_sheet(library: Library, name: str = "fused") -> MapSheet:
    """The sheet of one of the library's maps. LibraryError when there is none of that name, or it is of other songs."""
    song_map = library.map(name)
    tracks = {track.id: track for track in library.tracks()}
    if set(song_map.ids) != set(tracks):
        raise LibraryError(f"{library.folder}: map '{name}' is of other songs; run mixtape build again")
    found = [_cover(library, tracks[song].cover_id) for song in song_map.ids]
    traits = traits_of(library, song_map)
    return MapSheet(
        song_map,
        tuple(cover for cover, _ in found),
        tuple(palette for _, palette in found),
        regions(song_map, tracks, traits=traits),
        title_of(song_map),
        tuple(sentence.capitalize() for sentence in directions(song_map.xy, traits)[:3]),
    )


def title_of(song_map: SongMap) -> str:
    """What a map is by: "By timbre"."""
    return TITLES.get(song_map.feature_set, f"By {song_map.feature_set}")


def traits_of(library: Library, song_map: SongMap) -> dict[str, FloatArray]:
    """The songs' readable traits by name, (n,) each in the map's order; none where they were not heard."""
    from mixtape.features.traits import TRAITS

    try:
        heard = library.features("traits")
    except LibraryError:
        return {}
    row = {song: at for at, song in enumerate(heard.ids)}
    values = np.asarray(heard.values, np.float32)[[row[song] for song in song_map.ids]]
    return {trait.name: values[:, column] for column, trait in enumerate(TRAITS)}


def _cover(library: Library, cover_id: str | None) -> tuple[ByteArray | None, Palette | None]:
    try:
        return (library.cover_pixels(cover_id), library.palette(cover_id)) if cover_id else (None, None)
    except LibraryError:
        return None, None
