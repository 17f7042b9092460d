"""What a poster shows, gathered from the library: the songs, their covers, and pictures that the songs ask for."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from mixtape.covergan import material
from mixtape.errors import LibraryError
from mixtape.features.traits import traits_of
from mixtape.library import Library
from mixtape.poster.sheet import Sheet
from mixtape.types import ByteArray, FloatArray, Playlist

PICTURES = 48
"""Pictures made for a sheet, shared among its songs."""

_COVER_PX = 1024
"""Covers are read no larger than about this."""

_LEVELS = 160
"""Points that say how loud a song is from its beginning to its end."""


def sheet_of(made: Playlist, library: Library, *, recipe: str) -> Sheet:
    """The sheet of a mixtape; `recipe` is the sentence that says how it was chosen."""
    tracks = tuple(library.track(song) for song in made.ids)
    tempo_bpm, energy = _heard(made, library)
    return Sheet(
        playlist=made,
        tracks=tracks,
        covers=tuple(_cover(library, track.cover_id) for track in tracks),
        palettes=tuple(library.palette(track.cover_id) if track.cover_id else None for track in tracks),
        pictures=_pictures(made, library),
        song_map=library.map(),
        recipe=recipe,
        tempo_bpm=tempo_bpm,
        energy=energy,
        levels=tuple(_level(library, song) for song in made.ids),
    )


def _heard(made: Playlist, library: Library) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Tempo and energy of each song, NaN where there is no beat; nothing from a library that has no traits yet."""
    try:
        traits = library.features("traits")
    except LibraryError:
        return (), ()
    row = {song: number for number, song in enumerate(traits.ids)}
    found = [traits_of(traits.values[row[song]]) for song in made.ids]
    tempos = tuple(one.tempo_bpm if one.tempo_confidence > 0 else math.nan for one in found)
    return tempos, tuple(one.energy for one in found)


def _level(library: Library, song: str) -> FloatArray | None:
    """How loud the song is, (k,) 0..1 from its beginning to its end, or None where it was not heard."""
    try:
        level = library.timeline(song).level
    except LibraryError:
        return None
    if len(level) < _LEVELS:
        return level
    parts = np.linspace(0, len(level), _LEVELS + 1).astype(int)[:-1]
    return np.asarray(np.add.reduceat(level, parts) / np.diff(parts, append=len(level)), np.float32)


def _pictures(made: Playlist, library: Library) -> ByteArray:
    from mixtape.covergan.condition import strayed
    from mixtape.covergan.model import CoverModel, latents

    path = material.model_path(library)
    model = CoverModel.load(path, precision="float32")
    row = {track.id: row for row, track in enumerate(library.tracks())}
    heard = material.conditions_of(library, path)[[row[song] for song in made.ids]]
    # Each song asks for pictures of its own, so that the wall on the sheet is this mixtape's and no other's.
    each = max(1, PICTURES // len(made.ids))
    drawn = latents(each * len(made.ids), seed=1, dimensions=model.latent)
    music = np.repeat(heard, each, axis=0) + strayed(len(drawn), seed=1)
    return model.pictures(drawn, music, truncation=0.85)


def _cover(library: Library, cover_id: str | None) -> ByteArray | None:
    """The cover as it was found, or the small one when that cannot be read, or None."""
    if cover_id is None:
        return None
    try:
        with Image.open(library.cover_original(cover_id)) as picture:
            picture.draft("RGB", (_COVER_PX, _COVER_PX))
            picture.thumbnail((_COVER_PX, _COVER_PX))
            return np.asarray(picture.convert("RGB"), np.uint8)
    except (OSError, ValueError, Image.DecompressionBombError):
        pass
    try:
        return library.cover_pixels(cover_id)
    except LibraryError:
        return None
