"""What a poster shows, and where everything stands on it: the records between playlist, layout and drawing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from mixtape.errors import ShapeError
from mixtape.lettering.glyphs import Weight
from mixtape.types import ByteArray, FloatArray, Palette, Playlist, SongMap, Track

Tone: TypeAlias = Literal["bright", "dim", "faint", "line", "ink", "shade"]
"""How light something is: "line" only just there; "ink" is the colour of its song, "shade" the same by night."""

MOST_SONGS = 60
"""Songs named on a sheet; of a longer mixtape, the first ones."""


@dataclass(frozen=True, slots=True, eq=False)
class Sheet:
    """What a poster shows. Tracks, covers and palettes stand in the mixtape's order, one for each of its songs.

    covers: (h, w, 3) uint8 of any size, None where a song has none; palettes: None where unknown; pictures (m, 64, 64, 3) uint8,
    generated, those of the first song first, m may be 0; song_map: the whole collection, songs of the mixtape may be missing in
    it; recipe: a sentence; date: as it is to be printed, or empty. tempo_bpm and energy (0..1) of each song, NaN where unknown,
    and levels, how loud each song is from its beginning to its end (k,) 0..1, may be left out.
    """

    playlist: Playlist
    tracks: tuple[Track, ...]
    covers: tuple[ByteArray | None, ...]
    palettes: tuple[Palette | None, ...]
    pictures: ByteArray
    song_map: SongMap
    recipe: str
    date: str = ""
    tempo_bpm: tuple[float, ...] = ()
    energy: tuple[float, ...] = ()
    levels: tuple[FloatArray | None, ...] = ()

    def __post_init__(self) -> None:
        counts = {len(self.playlist.ids), len(self.tracks), len(self.covers), len(self.palettes)}
        if counts != {len(self.playlist.ids)} or not self.tracks:
            raise ShapeError(
                f"poster: {len(self.playlist.ids)} songs with {len(self.tracks)} tracks, {len(self.covers)} covers, "
                f"{len(self.palettes)} palettes; one of each per song and at least one song are needed"
            )
        for name, heard in (("tempos", self.tempo_bpm), ("energies", self.energy), ("levels", self.levels)):
            if len(heard) not in (0, len(self.tracks)):
                raise ShapeError(
                    f"poster: {len(heard)} {name} for {len(self.tracks)} songs; one per song is needed, or none at all"
                )
        if self.pictures.ndim != 4 or self.pictures.shape[3] != 3:
            raise ShapeError(f"poster: pictures {self.pictures.shape}; (m, height, width, 3) uint8 is needed, m may be 0")

    @property
    def seed(self) -> int:
        """Place of the seed song in the mixtape; the first song when it is not in it."""
        return self.playlist.ids.index(self.playlist.seed_id) if self.playlist.seed_id in self.playlist.ids else 0

    @property
    def shown(self) -> int:
        """How many songs the sheet names."""
        return min(len(self.tracks), MOST_SONGS)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the sheet, in pixels from its upper left corner."""

    x: int
    y: int
    w: int
    h: int

    @property
    def right(self) -> int:
        """First column to the right of the box."""
        return self.x + self.w

    @property
    def bottom(self) -> int:
        """First row below the box."""
        return self.y + self.h

    def overlaps(self, other: Box) -> bool:
        """Whether the two share a pixel."""
        return self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom


@dataclass(frozen=True, slots=True)
class TextBox:
    """One line of text: what it is (`part`), its letters as they will be drawn, the box of its ink, the baseline's row.

    `song` is the place in the mixtape that it belongs to, or None.
    """

    part: str
    text: str
    box: Box
    baseline_px: int
    size_px: float
    weight: Weight = "regular"
    tone: Tone = "bright"
    tracking_em: float = 0.0
    tabular: bool = False
    song: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Stroke:
    """A line through points (m, 2), or with `closed` the surface inside them, in the colour of a song or in a tone of grey."""

    part: str
    points_px: FloatArray
    width_px: float
    tone: Tone = "dim"
    song: int | None = None
    closed: bool = False


NOWHERE = Box(0, 0, 0, 0)
"""The box of a part that a layout does without."""


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Where everything stands. `places_px` (n, 2): the mixtape's songs on the landscape, NaN where the map lacks one.

    `around_px` (k, 2): all songs of the collection, those outside the landscape too. `wall`: box and number of the picture, by
    colour; `dreams`: the same, in the order of the songs that asked for them. `spine`: a cover for each song.
    """

    size_px: tuple[int, int]
    margin_px: int
    unit_px: float
    texts: tuple[TextBox, ...]
    cover: Box
    spine: tuple[Box, ...]
    strip: Box
    landscape: Box
    places_px: FloatArray
    around_px: FloatArray
    wall: tuple[tuple[Box, int], ...] = ()
    dreams: tuple[tuple[Box, int], ...] = ()
    strokes: tuple[Stroke, ...] = ()
