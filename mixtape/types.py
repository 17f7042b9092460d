"""What passes between rooms: small frozen records, their arrays read-only, their shapes stated.

Conventions. Times are seconds (`_s`), colours are sRGB bytes, positions on a map are in the unit square with y pointing up.
Ids cross a border, row numbers do not: every record that holds one row per song carries the `ids` those rows belong to.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from mixtape.errors import ShapeError

FloatArray: TypeAlias = npt.NDArray[np.float32]
IntArray: TypeAlias = npt.NDArray[np.int32]
ByteArray: TypeAlias = npt.NDArray[np.uint8]

TIMELINE_HZ = 60
"""Rows of a `Timeline` per second."""

BANDS = 8
"""Frequency bands of a `Timeline` and of an `AudioFrame`."""


def _freeze(record: Any) -> None:
    for part in fields(record):
        value = getattr(record, part.name)
        if isinstance(value, np.ndarray) and value.flags.writeable:
            view = value.view()
            view.flags.writeable = False
            object.__setattr__(record, part.name, view)


def _expect(condition: bool, message: str) -> None:
    if not condition:
        raise ShapeError(message)


@dataclass(frozen=True, slots=True)
class Track:
    """One song of the collection. `id` is a hash of its audio content, so it survives a move, a new name or new tags."""

    id: str
    path: Path
    artist: str
    title: str
    album: str
    genre: str
    year: int | None
    duration_s: float
    cover_id: str | None

    @property
    def label(self) -> str:
        """`Artist - Title`, or the title alone when nobody is named."""
        return f"{self.artist} - {self.title}" if self.artist else self.title


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was left out, and why, in words for a person."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Features:
    """One feature set over many songs: `values` (n, d) float32, a row for each of `ids`."""

    set: str
    ids: tuple[str, ...]
    values: FloatArray
    version: int

    def __post_init__(self) -> None:
        _expect(
            self.values.ndim == 2 and len(self.values) == len(self.ids),
            f"features '{self.set}': {self.values.shape} values for {len(self.ids)} ids; one row per id is needed",
        )
        _freeze(self)


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """What a song does at `TIMELINE_HZ`: level (t,), bands (t, 8), onset (t,), all 0..1; beat_phase (t,) 0..1.

    beats_s (m,) are the moments of its beats, sections_s (k,) the moments where the music changes, beginning and end left out.
    """

    level: FloatArray
    bands: FloatArray
    onset: FloatArray
    beat_phase: FloatArray
    beats_s: FloatArray
    sections_s: FloatArray = field(default_factory=lambda: np.zeros(0, np.float32))

    def __post_init__(self) -> None:
        n = len(self.level)
        _expect(
            self.bands.shape == (n, BANDS) and len(self.onset) == n and len(self.beat_phase) == n,
            f"timeline: {n} levels, bands {self.bands.shape}, {len(self.onset)} onsets, {len(self.beat_phase)} beat phases; "
            f"all need {n} rows",
        )
        _freeze(self)

    @property
    def duration_s(self) -> float:
        """Length of the timeline in seconds."""
        return len(self.level) / TIMELINE_HZ


@dataclass(frozen=True, slots=True, eq=False)
class SongMap:
    """Songs as points: xy (n, 2) float32 in the unit square, y up, with the settings that made it."""

    name: str
    ids: tuple[str, ...]
    xy: FloatArray
    feature_set: str
    perplexity: float
    seed: int

    def __post_init__(self) -> None:
        _expect(self.xy.shape == (len(self.ids), 2), f"map '{self.name}': xy {self.xy.shape} for {len(self.ids)} ids")
        _freeze(self)


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Points set on a regular grid: `cell` (n,) int32 = row * cols + column, row 0 at the top, each used at most once.

    `ids` is empty when the points have no names. `cost` is the sum of squared distances from point to cell centre. `blocked`
    (k,) int32 are the cells that were shut, in rising order: they stay empty, here and in a grid that follows this one.
    """

    ids: tuple[str, ...]
    rows: int
    cols: int
    cell: IntArray
    cost: float
    blocked: IntArray = field(default_factory=lambda: np.zeros(0, np.int32))

    def __post_init__(self) -> None:
        n = len(self.cell)
        _expect(not self.ids or len(self.ids) == n, f"grid: {n} cells for {len(self.ids)} ids")
        _expect(
            len(np.unique(self.cell)) == n and (n == 0 or 0 <= self.cell.min() <= self.cell.max() < self.rows * self.cols),
            f"grid: {n} cells must be different numbers from 0 to {self.rows * self.cols - 1}",
        )
        shut = self.blocked
        _expect(
            not len(shut) or (shut[0] >= 0 and bool((np.diff(shut) > 0).all()) and shut[-1] < self.rows * self.cols),
            f"grid: {len(shut)} blocked cells must be rising numbers from 0 to {self.rows * self.cols - 1}",
        )
        _expect(not np.isin(self.cell, shut).any(), f"grid: points stand in some of the {len(shut)} blocked cells")
        _freeze(self)


@dataclass(frozen=True, slots=True)
class Region:
    """An island of a map: its name, at which zoom it is seen (0 the farthest), its songs, and where they stand densest (x, y)."""

    label: str
    level: int
    ids: tuple[str, ...]
    centre: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """The k nearest songs of each song, nearest first, itself left out: index (n, k) int32 rows into `ids`, distance (n, k)."""

    ids: tuple[str, ...]
    index: IntArray
    distance: FloatArray

    def __post_init__(self) -> None:
        _expect(
            self.index.shape == self.distance.shape and len(self.index) == len(self.ids),
            f"neighbours: index {self.index.shape}, distance {self.distance.shape} for {len(self.ids)} ids",
        )
        _freeze(self)


@dataclass(frozen=True, slots=True)
class Playlist:
    """A mixtape: which recipe made it from which seed song, the songs in order (the seed first), and a reason for each."""

    recipe: str
    seed_id: str
    variation: int
    ids: tuple[str, ...]
    reasons: tuple[str, ...]

    def __post_init__(self) -> None:
        _expect(len(self.ids) == len(self.reasons), f"playlist: {len(self.ids)} songs with {len(self.reasons)} reasons")


@dataclass(frozen=True, slots=True, eq=False)
class Palette:
    """Dominant colours, largest share first: srgb (k, 3) uint8 and share (k,) float32 summing to 1."""

    srgb: ByteArray
    share: FloatArray

    def __post_init__(self) -> None:
        _expect(self.srgb.shape == (len(self.share), 3), f"palette: colours {self.srgb.shape}, {len(self.share)} shares")
        _freeze(self)


@dataclass(frozen=True, slots=True, eq=False)
class Constellation:
    """The peaks of a sound, in order of time, then pitch: `frames` (k,) uint32 and `bins` (k,) uint16, as
    `mixtape.fingerprint.constellation` counts them."""

    frames: npt.NDArray[np.uint32]
    bins: npt.NDArray[np.uint16]

    def __post_init__(self) -> None:
        _expect(len(self.frames) == len(self.bins), f"constellation: {len(self.frames)} frames, {len(self.bins)} bins")
        _freeze(self)
