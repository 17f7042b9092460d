"""The library: one SQLite catalogue and the arrays beside it. The only place that knows file names inside the library folder.

    catalogue.sqlite3                 files, tracks, covers; FTS5 search
    songs/ab/<track id>.npz           feature vectors and timeline of one song
    features/<set>.npz                one feature set over all songs (made from songs/, made again when that changes)
    covers/small/<cover id>.png       128 x 128
    covers/original/<cover id>.<ext>  as it was found
    maps/<name>.npz grids/<name>.npz neighbours/<name>.npz
    covergan/                         training state, snapshots, the trained model, the gallery
    shows/                            logs of evenings

Every artefact carries a format number and the digest of what it was made from; every write goes to a temporary file first and
is moved into place, so a killed run leaves either the old artefact or the new one. The user's music is only ever read.
"""

from __future__ import annotations

import contextlib
import io
import os
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mixtape.errors import LibraryError
from mixtape.storage import FORMAT, about_arrays, digest_of, load_arrays, save_arrays, write_atomic
from mixtape.types import ByteArray, Features, Grid, Neighbours, Palette, Skipped, SongMap, Timeline, Track

if TYPE_CHECKING:
    from types import TracebackType

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS files (
    path BLOB PRIMARY KEY, size_bytes INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
    digest TEXT, track_id TEXT, copy_of TEXT, reason TEXT);
CREATE INDEX IF NOT EXISTS files_by_track ON files (track_id);
CREATE TABLE IF NOT EXISTS tracks (
    id TEXT PRIMARY KEY, path BLOB NOT NULL, artist TEXT NOT NULL, title TEXT NOT NULL, album TEXT NOT NULL,
    genre TEXT NOT NULL, year INTEGER, duration_s REAL NOT NULL, cover_id TEXT);
CREATE TABLE IF NOT EXISTS covers (
    id TEXT PRIMARY KEY, source BLOB NOT NULL, suffix TEXT NOT NULL, width_px INTEGER NOT NULL, height_px INTEGER NOT NULL,
    srgb BLOB NOT NULL, share BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS heard (
    track_id TEXT PRIMARY KEY, versions TEXT NOT NULL, size_bytes INTEGER NOT NULL, mtime_ns INTEGER NOT NULL);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
    id UNINDEXED, artist, title, album, genre, tokenize = 'unicode61 remove_diacritics 2');
"""


def default_folder() -> Path:
    """Where the library lives when nobody says: the user's data folder of this system."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "mixtape"


@dataclass(frozen=True, slots=True)
class FileEntry:
    """What is known of one file of the collection.

    Exactly one of these holds: it is a song's file (`track_id`), an exact copy of another song's file (`track_id` and
    `copy_of`, the path kept), or it was left out (`reason`). `digest` is of the whole file, where one was needed.
    """

    path: Path
    size_bytes: int
    mtime_ns: int
    digest: str | None = None
    track_id: str | None = None
    copy_of: Path | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Cover:
    """A cover as it is kept: 128 x 128 sRGB pixels (128, 128, 3) uint8 and the file it came as."""

    id: str
    pixels: ByteArray
    original: bytes
    suffix: str
    source: Path
    width_px: int
    height_px: int
    palette: Palette


class Library:
    """The catalogue and the arrays of one collection. Use as a context manager; one per thread."""

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        """Open the library in `folder`. LibraryError when there is none (unless `create`) or its format is another."""
        self.folder = folder
        catalogue = folder / "catalogue.sqlite3"
        if not create and not catalogue.is_file():
            raise LibraryError(f"{folder}: no library here yet; make one with: mixtape build DIR --library {folder}")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(catalogue, timeout=30.0)
            self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + _SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise LibraryError(
                f"{catalogue}: cannot be opened ({error}); choose another --library, or move this one away"
            ) from error
        self._check_format()

    def _check_format(self) -> None:
        with self._db:
            self._db.execute("INSERT OR IGNORE INTO meta VALUES ('format', ?)", (str(FORMAT),))
        found = self.meta("format")
        if found != str(FORMAT):
            raise LibraryError(f"{self.folder}: library format {found}, this program needs {FORMAT}; build into a new --library")

    def close(self) -> None:
        """Close the catalogue."""
        self._db.close()

    def __enter__(self) -> Library:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def building(self) -> contextlib.AbstractContextManager[None]:
        """Hold the library for one build; LibraryError when another build holds it. A killed build lets go by itself."""
        return self._held("build")

    def training(self) -> contextlib.AbstractContextManager[None]:
        """Hold the library's network for one training; LibraryError when another one holds it."""
        return self._held("training")

    @contextlib.contextmanager
    def _held(self, work: str) -> Iterator[None]:
        lock = sqlite3.connect(self.folder / f"{work}.lock", timeout=0.2, isolation_level=None)
        try:
            try:
                lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                raise LibraryError(
                    f"{self.folder}: another {work} is at work here; wait for it or choose another --library"
                ) from error
            yield
        finally:
            lock.close()

    def meta(self, key: str) -> str | None:
        """A small remembered fact, or None."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def put_meta(self, key: str, value: str) -> None:
        """Remember a small fact."""
        with self._db:
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    # Files -----------------------------------------------------------------------------------------------------------------

    def files(self, under: Path | None = None) -> dict[Path, FileEntry]:
        """Every known file by path, or those under a folder (absolute)."""
        rows = self._db.execute("SELECT path, size_bytes, mtime_ns, digest, track_id, copy_of, reason FROM files")
        entries = (FileEntry(_path(r[0]), r[1], r[2], r[3], r[4], _path(r[5]) if r[5] is not None else None, r[6]) for r in rows)
        return {entry.path: entry for entry in entries if under is None or entry.path.is_relative_to(under)}

    def put_files(self, entries: Iterable[FileEntry]) -> None:
        """Remember files, replacing what was known of the same paths; all or none."""
        rows = [
            (
                os.fsencode(e.path),
                e.size_bytes,
                e.mtime_ns,
                e.digest,
                e.track_id,
                os.fsencode(e.copy_of) if e.copy_of else None,
                e.reason,
            )
            for e in entries
        ]
        with self._db:
            self._db.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def forget_files(self, paths: Iterable[Path]) -> None:
        """Drop files that are gone. Songs without any file left leave the collection; their arrays stay for their return."""
        with self._db:
            self._db.executemany("DELETE FROM files WHERE path = ?", [(os.fsencode(p),) for p in paths])
            self._db.execute(
                "DELETE FROM tracks WHERE id NOT IN (SELECT track_id FROM files WHERE track_id IS NOT NULL AND copy_of IS NULL)"
            )
            self._db.execute("DELETE FROM words WHERE id NOT IN (SELECT id FROM tracks)")

    def skipped(self) -> tuple[Skipped, ...]:
        """Files that were left out, with the reason, by path."""
        rows = self._db.execute("SELECT path, reason FROM files WHERE reason IS NOT NULL ORDER BY path")
        return tuple(Skipped(_path(path), reason) for path, reason in rows)

    def copies(self) -> tuple[tuple[Path, Path], ...]:
        """(copy, the file kept) for every exact copy set aside."""
        rows = self._db.execute("SELECT path, copy_of FROM files WHERE copy_of IS NOT NULL ORDER BY path")
        return tuple((_path(path), _path(kept)) for path, kept in rows)

    # Tracks ----------------------------------------------------------------------------------------------------------------

    def put_tracks(self, tracks: Iterable[Track]) -> None:
        """Remember songs, replacing those of the same id; all or none."""
        with self._db:
            for t in tracks:
                row = (t.id, os.fsencode(t.path), t.artist, t.title, t.album, t.genre, t.year, t.duration_s, t.cover_id)
                self._db.execute("INSERT OR REPLACE INTO tracks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
                self._db.execute("DELETE FROM words WHERE id = ?", (t.id,))
                self._db.execute("INSERT INTO words VALUES (?, ?, ?, ?, ?)", (t.id, t.artist, t.title, t.album, t.genre))

    def tracks(self) -> tuple[Track, ...]:
        """All songs of the collection, by artist, album and path: the order everything else keeps."""
        return tuple(map(_track, self._db.execute("SELECT * FROM tracks ORDER BY artist, album, path, id")))

    def track(self, track_id: str) -> Track:
        """One song. LibraryError when the id is not in the collection."""
        row = self._db.execute("SELECT * FROM tracks WHERE id = ?", (track_id,)).fetchone()
        if row is None:
            raise LibraryError(f"song id '{track_id}' is not in {self.folder}; list what there is with: mixtape songs")
        return _track(row)

    def find(self, text: str, *, limit: int = 20) -> tuple[Track, ...]:
        """Songs that `text` means, best first: an exact id, then words (prefixes count), then what is spelled alike."""
        exact = self._db.execute("SELECT * FROM tracks WHERE id = ?", (text.strip(),)).fetchone()
        if exact is not None:
            return (_track(exact),)
        words = [word.replace('"', "") for word in text.split()]
        query = " ".join(f'"{word}"*' for word in words if word)
        rows: list[Any] = []
        if query:
            with contextlib.suppress(sqlite3.OperationalError):
                rows = self._db.execute(
                    "SELECT tracks.* FROM words JOIN tracks USING (id) WHERE words MATCH ?"
                    " ORDER BY bm25(words, 0, 2, 3, 1, 0.5), tracks.id LIMIT ?",
                    (query, limit),
                ).fetchall()
        return tuple(map(_track, rows)) or self._spelled_alike(text, limit)

    def _spelled_alike(self, text: str, limit: int) -> tuple[Track, ...]:
        from rapidfuzz import fuzz, process, utils

        tracks = self.tracks()
        names = [f"{t.artist} {t.title} {t.album}" for t in tracks]
        hits = process.extract(text, names, scorer=fuzz.WRatio, processor=utils.default_process, limit=limit, score_cutoff=70)
        return tuple(tracks[row] for _, _, row in hits)

    # Covers ----------------------------------------------------------------------------------------------------------------

    def put_cover(self, cover: Cover) -> None:
        """Keep a cover: the original bytes, the 128 x 128 PNG and its palette."""
        from PIL import Image

        png = io.BytesIO()
        Image.fromarray(cover.pixels).save(png, format="PNG")
        write_atomic(self._original(cover.id, cover.suffix), cover.original)
        write_atomic(self._small(cover.id), png.getvalue())
        row = (
            cover.id,
            os.fsencode(cover.source),
            cover.suffix,
            cover.width_px,
            cover.height_px,
            cover.palette.srgb.tobytes(),
            cover.palette.share.tobytes(),
        )
        with self._db:
            self._db.execute("INSERT OR REPLACE INTO covers VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    def cover_ids(self) -> tuple[str, ...]:
        """Every cover kept, by id."""
        return tuple(row[0] for row in self._db.execute("SELECT id FROM covers ORDER BY id"))

    def cover_pixels(self, cover_id: str) -> ByteArray:
        """The cover as (128, 128, 3) uint8 sRGB. LibraryError when it is not there or broken."""
        from PIL import Image

        path = self._small(cover_id)
        try:
            with Image.open(path) as picture:
                return np.asarray(picture.convert("RGB"), dtype=np.uint8)
        except OSError as error:
            raise LibraryError(f"{path}: the cover cannot be read ({error}); run mixtape build again") from error

    def cover_original(self, cover_id: str) -> Path:
        """Where the cover lies as it was found. LibraryError when there is none of that id."""
        row = self._db.execute("SELECT suffix FROM covers WHERE id = ?", (cover_id,)).fetchone()
        if row is None:
            raise LibraryError(f"cover id '{cover_id}' is not in {self.folder}; run mixtape build again")
        return self._original(cover_id, row[0])

    def palette(self, cover_id: str) -> Palette:
        """The cover's dominant colours. LibraryError when there is no such cover."""
        row = self._db.execute("SELECT srgb, share FROM covers WHERE id = ?", (cover_id,)).fetchone()
        if row is None:
            raise LibraryError(f"cover id '{cover_id}' is not in {self.folder}; run mixtape build again")
        return Palette(np.frombuffer(row[0], np.uint8).reshape(-1, 3), np.frombuffer(row[1], np.float32))

    def _small(self, cover_id: str) -> Path:
        return self.folder / "covers" / "small" / f"{cover_id}.png"

    def _original(self, cover_id: str, suffix: str) -> Path:
        return self.folder / "covers" / "original" / f"{cover_id}{suffix}"

    # What was heard --------------------------------------------------------------------------------------------------------

    def _song(self, track_id: str) -> Path:
        return self.folder / "songs" / track_id[:2] / f"{track_id}.npz"

    def put_listening(
        self, track_id: str, vectors: Mapping[str, npt.NDArray[Any]], timeline: Timeline, *, versions: Mapping[str, int]
    ) -> None:
        """Keep what one song sounds like: a vector for each feature set, and the timeline (float16, beats in float32).

        `versions` has a number for each set and one for "timeline".
        """
        half = {name: getattr(timeline, name).astype(np.float16) for name in ("level", "bands", "onset", "beat_phase")}
        sets = {f"set_{name}": np.asarray(vector, np.float32) for name, vector in vectors.items()}
        path = self._song(track_id)
        save_arrays(path, {**sets, **half, "beats_s": timeline.beats_s}, about={"versions": dict(versions)})
        written = path.stat()
        row = (track_id, _versions(versions), written.st_size, written.st_mtime_ns)
        with self._db:
            self._db.execute("INSERT OR REPLACE INTO heard VALUES (?, ?, ?, ?)", row)

    def heard(self, track_id: str, versions: Mapping[str, int]) -> bool:
        """Whether the song's arrays are there, untouched and of these versions. Looks at the file's size and time alone."""
        row = self._db.execute("SELECT versions, size_bytes, mtime_ns FROM heard WHERE track_id = ?", (track_id,)).fetchone()
        try:
            found = self._song(track_id).stat()
        except OSError:
            return False
        return row == (_versions(versions), found.st_size, found.st_mtime_ns)

    def timeline(self, track_id: str) -> Timeline:
        """The song's timeline. LibraryError when it was not heard yet."""
        with load_arrays(self._song(track_id)) as arrays:
            level, bands, onset, phase = (arrays[name].astype(np.float32) for name in ("level", "bands", "onset", "beat_phase"))
            return Timeline(level, bands, onset, phase, arrays["beats_s"])

    def features(self, feature_set: str) -> Features:
        """One feature set over all songs, rows in the order of `tracks()`. LibraryError when a song was not heard yet."""
        ids = tuple(track.id for track in self.tracks())
        path = self.folder / "features" / f"{feature_set}.npz"
        stamp = digest_of(ids, [self._song(i).stat().st_mtime_ns if self._song(i).is_file() else 0 for i in ids])
        with contextlib.suppress(LibraryError), load_arrays(path) as arrays:
            about = about_arrays(arrays)
            if about.get("made_from") == stamp:
                return Features(feature_set, ids, arrays["values"], about["version"])
        return self._gather(feature_set, ids, path, stamp)

    def _gather(self, feature_set: str, ids: Sequence[str], path: Path, stamp: str) -> Features:
        rows, version = [], 0
        for track_id in ids:
            with load_arrays(self._song(track_id)) as arrays:
                if f"set_{feature_set}" not in arrays:
                    raise LibraryError(f"feature set '{feature_set}' was not heard for song {track_id}; run mixtape build again")
                rows.append(arrays[f"set_{feature_set}"])
                version = int(about_arrays(arrays)["versions"][feature_set])
        values = np.stack(rows) if rows else np.zeros((0, 0), np.float32)
        save_arrays(path, {"values": values}, about={"made_from": stamp, "version": version})
        return Features(feature_set, tuple(ids), values, version)

    # Maps, grids, neighbours -----------------------------------------------------------------------------------------------

    def put_map(self, song_map: SongMap, *, made_from: str) -> None:
        """Keep a map under its name."""
        about = {"perplexity": song_map.perplexity, "feature_set": song_map.feature_set, "seed": song_map.seed}
        self._put("maps", song_map.name, {"xy": song_map.xy}, {**about, "ids": song_map.ids, "made_from": made_from})

    def map(self, name: str = "fused") -> SongMap:
        """A map by name. LibraryError when there is none."""
        arrays, about = self._get("maps", name)
        return SongMap(name, tuple(about["ids"]), arrays["xy"], about["feature_set"], about["perplexity"], about["seed"])

    def put_grid(self, name: str, grid: Grid, *, made_from: str) -> None:
        """Keep a grid under a name (the map's)."""
        about = {"rows": grid.rows, "cols": grid.cols, "cost": grid.cost, "ids": grid.ids, "made_from": made_from}
        self._put("grids", name, {"cell": grid.cell}, about)

    def grid(self, name: str = "fused") -> Grid:
        """A grid by name. LibraryError when there is none."""
        arrays, about = self._get("grids", name)
        return Grid(tuple(about["ids"]), about["rows"], about["cols"], arrays["cell"], about["cost"])

    def put_neighbours(self, name: str, neighbours: Neighbours, *, made_from: str) -> None:
        """Keep nearest neighbours under a name (the feature set's, or "fused")."""
        arrays = {"index": neighbours.index, "distance": neighbours.distance}
        self._put("neighbours", name, arrays, {"ids": neighbours.ids, "made_from": made_from})

    def neighbours(self, name: str = "fused") -> Neighbours:
        """Nearest neighbours by name. LibraryError when there are none."""
        arrays, about = self._get("neighbours", name)
        return Neighbours(tuple(about["ids"]), arrays["index"], arrays["distance"])

    def made_from(self, kind: str, name: str) -> str | None:
        """The digest an artefact ("maps", "grids" or "neighbours") was made from, or None when it is missing or broken."""
        try:
            return str(self._get(kind, name)[1]["made_from"])
        except (LibraryError, KeyError):
            return None

    def names(self, kind: str) -> tuple[str, ...]:
        """Which artefacts of a kind ("maps", "grids" or "neighbours") there are."""
        return tuple(sorted(path.stem for path in (self.folder / kind).glob("*.npz") if not path.name.startswith(".")))

    def _put(self, kind: str, name: str, arrays: dict[str, npt.NDArray[Any]], about: dict[str, Any]) -> None:
        save_arrays(self.folder / kind / f"{name}.npz", arrays, about=about)

    def _get(self, kind: str, name: str) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
        with load_arrays(self.folder / kind / f"{name}.npz") as arrays:
            return {key: arrays[key] for key in arrays if key != "about"}, about_arrays(arrays)

    # Pictures and evenings -------------------------------------------------------------------------------------------------

    @property
    def covergan_folder(self) -> Path:
        """Where the cover network keeps its training state, snapshots, model and gallery."""
        return self.folder / "covergan"

    @property
    def shows_folder(self) -> Path:
        """Where the logs of evenings lie."""
        return self.folder / "shows"


def _versions(versions: Mapping[str, int]) -> str:
    return " ".join(f"{name}={number}" for name, number in sorted(versions.items()))


def _path(raw: bytes) -> Path:
    return Path(os.fsdecode(raw))


def _track(row: tuple[Any, ...]) -> Track:
    return Track(row[0], _path(row[1]), *row[2:])
