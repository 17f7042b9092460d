"""The evaluation of a collection: a table of measures, one row per space, and a paired comparison of weightings.

Above `MOST_SONGS` songs, whole albums drawn by lot stand for the collection, since the tables grow with the square of the songs;
halves are heard of `MOST_HALVES` songs at most, since that means decoding them once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mixtape.config import Config
from mixtape.errors import LibraryError
from mixtape.evaluate.labels import Labels, SongLabels, labels_of
from mixtape.evaluate.learned import EARS, learned_halves
from mixtape.evaluate.measures import (
    Flags,
    Measure,
    Rows,
    coverage,
    hubs,
    playlists,
    precision,
    recommended,
    self_match,
    smoothness,
    step_rank,
)
from mixtape.evaluate.spaces import FUSED, Sets, distances, heard_sets, proximities, refused, space_names
from mixtape.evaluate.weightings import Comparison, compared, settings_to_try
from mixtape.progress import Progress, silent
from mixtape.similarity.sets import Weights
from mixtape.types import FloatArray, Track

if TYPE_CHECKING:
    from mixtape.library import Library

MOST_SONGS = 2000
"""Songs in the tables at most: about half a minute on one core."""

MOST_HALVES = 500
"""Songs whose halves are heard at most: about ten minutes on one core, once."""

_SEEDS = 40

SELF_MATCH = "self_match"

COLUMNS = (
    SELF_MATCH,
    "p5_album",
    "p5_artist",
    "p5_genre",
    "p5_artist_filtered",
    "hub_skew",
    "largest_hub",
    "never_recommended",
    "smoothness",
)
"""What every row has, in this order."""

MORE = (
    "step_rank",
    "coverage",
    "smoothness_fused",
    "p5_genre_artist_filtered",
    "p5_album_artist_filtered",
    "p5_genre_album_filtered",
)
"""What every row has besides."""

Row = Mapping[str, Measure]


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """How well each space recommends: `rows` by name, a `Measure` for each of `COLUMNS` and `MORE`.

    `songs` were judged, of `collection` in all; `halves` of them found or missed their other half; `artist_filtered_by` is the
    label "genre" or "album" that p5_artist_filtered looks at, None where neither can be asked. `weightings` compare settings,
    today's first. `together` and `halves_together` are the groups of songs that standard errors go by.
    """

    songs: int
    collection: int
    halves: int
    artist_filtered_by: str | None
    rows: Mapping[str, Row]
    weightings: tuple[Comparison, ...]
    together: Labels
    halves_together: Labels

    def groups(self, name: str) -> Labels:
        """The songs that stand or fall together, for the songs that measure `name` has in `each`."""
        return self.halves_together if name == SELF_MATCH else self.together

    def as_json(self) -> dict[str, Any]:
        """The table for a program: shares from 0 to 1, null where nobody could be asked."""
        return {
            "songs": self.songs,
            "sets": {name: _row_json(row) for name, row in self.rows.items()},
            "collection": self.collection,
            "halves": self.halves,
            "artist_filtered_by": self.artist_filtered_by,
            "weightings": [each.as_json() for each in self.weightings],
        }


def _row_json(row: Row) -> dict[str, Any]:
    values = {name: measure.value for name, measure in row.items()}
    beside = {part: {name: getattr(measure, part) for name, measure in row.items()} for part in ("se", "chance", "best", "songs")}
    return {**values, **beside}


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """Songs, their feature sets and labels by rows; vectors (2m, d) of the halves of the songs in rows `halved` (m,)."""

    tracks: Sequence[Track]
    sets: Sets
    labels: SongLabels
    halves: Sets
    halved: Rows
    weights: Weights
    length: int


def evaluate(library: Library, config: Config, progress: Progress = silent, *, halves: bool = True) -> Evaluation:
    """Judge every feature set, the plain joining and the fused distance on the songs of a library.

    Args:
        library: a built library; its folder of halves is filled, nothing else in it is changed.
        config: the weights, the length of a mixtape, and how many processes listen.
        progress: told how far it is.
        halves: whether the halves of songs are heard for the self-match, where they were not before.

    Raises:
        LibraryError: there is no song, or a song was not heard yet.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        judged = _judged(library, config, progress, halves=halves)
        names = space_names(judged.sets)
        if not names:
            raise LibraryError(f"{library.folder}: no feature set is there for every song; run mixtape build again")
        fused = distances(FUSED, judged.sets, weights=judged.weights)
        rows = {}
        for done, name in enumerate(names):
            progress("judging", done, len(names))
            rows[name] = _row(name, judged, fused)
        progress("judging", len(names), len(names))
        by = _filtered_label(rows[FUSED])
        weightings = tuple(_compared(judged, by, progress))
    return Evaluation(
        songs=len(judged.tracks),
        collection=len(library.tracks()),
        halves=len(judged.halved),
        artist_filtered_by=by,
        rows={name: {**row, "p5_artist_filtered": _filtered(row, by)} for name, row in rows.items()},
        weightings=weightings,
        together=judged.labels.together,
        halves_together=judged.labels.together[judged.halved],
    )


# What is judged ----------------------------------------------------------------------------------------------------------------


def _judged(library: Library, config: Config, progress: Progress, *, halves: bool) -> _Judged:
    tracks = library.tracks()
    if not tracks:
        raise LibraryError(f"{library.folder}: no song is ready; run mixtape build DIR on a folder with music")
    labels = labels_of(tracks)
    kept = _drawn(labels, most=MOST_SONGS)
    sets = {name: np.asarray(values)[kept] for name, values in heard_sets(library).items()}
    songs = [tracks[row] for row in kept]
    halved, found = _halves(library, songs, config, progress, tuple(sets)) if halves else (np.zeros(0, np.int64), {})
    return _Judged(songs, sets, labels_of(songs), found, halved, Weights.of(config), config.playlist.length)


def _drawn(labels: SongLabels, *, most: int) -> Rows:
    """Rows of whole albums drawn by lot until there are `most` songs; all rows where there are not more."""
    n = len(labels.together)
    if n <= most:
        return np.arange(n)
    groups = np.random.default_rng(1).permutation(np.unique(labels.together))
    turn = np.empty(labels.together.max() + 1, np.int64)
    turn[groups] = np.arange(len(groups))
    return np.sort(np.argsort(turn[labels.together], kind="stable")[:most])


def _halves(
    library: Library, songs: Sequence[Track], config: Config, progress: Progress, names: tuple[str, ...]
) -> tuple[Rows, dict[str, FloatArray]]:
    """The rows of the songs that have halves, and each set's vectors of the first halves, then of the second."""
    from mixtape.features.halves import halves_of

    rows = np.sort(np.random.default_rng(2).permutation(len(songs))[:MOST_HALVES])
    folder = halves_folder(library)
    found, _ = halves_of([songs[row] for row in rows], folder, jobs=config.build.jobs or None, progress=progress)
    heard = [int(row) for row in rows if songs[row].id in found]
    if not heard:
        return np.zeros(0, np.int64), {}
    pairs = [found[songs[row].id] for row in heard]
    both = [*(pair.first for pair in pairs), *(pair.second for pair in pairs)]
    vectors = {name: np.stack([half[name] for half in both]) for name in both[0]}
    vectors |= learned_halves(library, folder, [songs[row].id for row in heard], [name for name in names if name in EARS])
    return np.array(heard, np.int64), {name: vectors[name] for name in names if name in vectors}


# Rows --------------------------------------------------------------------------------------------------------------------------


def _row(name: str, judged: _Judged, fused: FloatArray) -> dict[str, Measure]:
    table = fused if name == FUSED else distances(name, judged.sets, weights=judged.weights)
    found = recommended(table)
    occurrence = hubs(found)
    lists = playlists(table, length=judged.length, seeds=_SEEDS) if len(table) > 2 else []
    return {
        SELF_MATCH: _matched(name, judged),
        **_plain_precision(found, judged.labels),
        "p5_artist_filtered": Measure(),
        "hub_skew": occurrence.skew,
        "largest_hub": occurrence.largest,
        "never_recommended": occurrence.never,
        "smoothness": smoothness(lists, table),
        "step_rank": step_rank(lists, table),
        "coverage": coverage(table, length=judged.length),
        "smoothness_fused": smoothness(lists, fused),
        **_filtered_precision(table, judged.labels),
    }


def _plain_precision(found: Rows, labels: SongLabels) -> dict[str, Measure]:
    asked = {"p5_album": labels.album, "p5_artist": labels.artist, "p5_genre": labels.genre}
    return {name: precision(found, label, together=labels.together) for name, label in asked.items()}


def _filtered_precision(table: FloatArray, labels: SongLabels) -> dict[str, Measure]:
    """Precision where songs of the same artist, or of the same album, may not be recommended."""
    not_artist, not_album = _other_than(labels.artist), _other_than(labels.album)
    by_artist = recommended(table, forbidden=not_artist)
    by_album = recommended(table, forbidden=not_album)
    together = labels.together
    return {
        "p5_genre_artist_filtered": precision(by_artist, labels.genre, forbidden=not_artist, together=together),
        "p5_album_artist_filtered": precision(by_artist, labels.album, forbidden=not_artist, together=together),
        "p5_genre_album_filtered": precision(by_album, labels.genre, forbidden=not_album, together=together),
    }


def _other_than(label: Rows) -> Flags:
    """Who may not be recommended to whom (n, n): the same label, and whoever has none, since it may be the same."""
    forbidden = (label[:, None] == label[None, :]) | (label < 0)[:, None] | (label < 0)[None, :]
    np.fill_diagonal(forbidden, True)
    return np.asarray(forbidden)


def _matched(name: str, judged: _Judged) -> Measure:
    if name not in space_names(judged.halves) or (name == FUSED and set(judged.halves) != set(judged.sets)):
        return Measure()
    together = judged.labels.together[judged.halved]
    return self_match(distances(name, judged.halves, weights=judged.weights), together=together)


def _filtered_label(row: Row) -> str | None:
    """The label that the artist filter leaves most songs to be asked for: genre, or album where compilations say more."""
    genre, album = row["p5_genre_artist_filtered"].songs, row["p5_album_artist_filtered"].songs
    return None if not genre + album else "genre" if genre >= album else "album"


def _filtered(row: Row, by: str | None) -> Measure:
    return row[f"p5_{by}_artist_filtered"] if by else Measure()


# Settings ----------------------------------------------------------------------------------------------------------------------


def _compared(judged: _Judged, by: str | None, progress: Progress) -> Iterator[Comparison]:
    """Each setting against the first, which is today's, song by song."""
    tried, before = settings_to_try(judged.weights, judged.sets), dict[str, Measure]()
    songs = proximities(judged.sets)
    halves = proximities(judged.halves) if set(judged.halves) == set(judged.sets) else {}
    of_halves = judged.labels.together[judged.halved]
    for done, setting in enumerate(tried, 1):
        now = _fused_precision(refused(setting.of(songs), weights=setting.weights), judged.labels, by)
        if halves:
            now[SELF_MATCH] = self_match(refused(setting.of(halves), weights=setting.weights), together=of_halves)
        before = before or now
        together = {name: of_halves if name == SELF_MATCH else judged.labels.together for name in now}
        yield compared(setting, now, before, together=together)
        progress("comparing settings", done, len(tried))


def _fused_precision(table: FloatArray, labels: SongLabels, by: str | None) -> dict[str, Measure]:
    filtered = _filtered(_filtered_precision(table, labels), by)
    return {**_plain_precision(recommended(table), labels), "p5_artist_filtered": filtered}


def halves_folder(library: Library) -> Path:
    """Where the halves are kept."""
    return library.folder / "halves"
