"""The catalogue: what is known of files, songs and covers, in one SQLite file, with full-text search.

Every change is made whole or not at all. Paths are kept as bytes, since a name need not be text. Whatever SQLite finds wrong (a
full disk, a broken file) comes out as a LibraryError.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from mixtape.errors import LibraryError
from mixtape.storage import FORMAT
from mixtape.types import Skipped, Track

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

_SEARCH = "SELECT tracks.* FROM words JOIN tracks USING (id) WHERE words MATCH ? ORDER BY"
_BEST = "bm25(words, 0, 2, 3, 1, 0.5), tracks.id LIMIT ?"
_WHOLE_WORDS = f"{_SEARCH} named(tracks.artist, tracks.title, ?) DESC, {_BEST}"
_BEGINNINGS = f"{_SEARCH} {_BEST}"


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


class Catalogue:
    """The SQLite half of a library. Use as a context manager; one per thread."""

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        """Open the library in `folder`. LibraryError when there is none (unless `create`) or its format is another."""
        self.folder = folder
        catalogue = folder / "catalogue.sqlite3"
        if not create and not catalogue.is_file():
            raise LibraryError(f"{folder}: no library here yet; make one with: mixtape build DIR --library {folder}")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(catalogue, timeout=30.0)
            self._db.create_function("named", 3, _named, deterministic=True)
            self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + _SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise LibraryError(
                f"{catalogue}: cannot be opened ({error}); choose another --library, or move this one away"
            ) from error
        self._check_format()

    def _check_format(self) -> None:
        with self._change() as db:
            db.execute("INSERT OR IGNORE INTO meta VALUES ('format', ?)", (str(FORMAT),))
        found = self.meta("format")
        if found != str(FORMAT):
            raise LibraryError(f"{self.folder}: library format {found}, this program needs {FORMAT}; build into a new --library")

    def close(self) -> None:
        """Close the catalogue."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

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
                busy = error.sqlite_errorcode == sqlite3.SQLITE_BUSY
                why = (
                    f"another {work} is at work here; wait for it"
                    if busy
                    else f"nothing can be written here ({error}); mend that"
                )
                raise LibraryError(f"{self.folder}: {why} or choose another --library") from error
            yield
        finally:
            lock.close()

    def _rows(self, sql: str, values: Iterable[Any] = ()) -> list[Any]:
        """All rows of a question. LibraryError when the catalogue cannot be read."""
        try:
            return self._db.execute(sql, tuple(values)).fetchall()
        except sqlite3.ProgrammingError:
            raise
        except sqlite3.Error as error:
            raise LibraryError(
                f"{self.folder}: the catalogue cannot be read ({error}); move the folder away and run mixtape build again"
            ) from error

    def _row(self, sql: str, values: Iterable[Any] = ()) -> Any:
        """The first row of a question, or None."""
        return next(iter(self._rows(sql, values)), None)

    @contextlib.contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        """One change, made whole or not at all. LibraryError when it cannot be written down."""
        try:
            with self._db:
                yield self._db
        except sqlite3.ProgrammingError:
            raise
        except sqlite3.Error as error:
            raise LibraryError(
                f"{self.folder}: the catalogue cannot be written ({error}); free some space there and run this again, "
                "it goes on where it stopped"
            ) from error

    def meta(self, key: str) -> str | None:
        """A small remembered fact, or None."""
        row = self._row("SELECT value FROM meta WHERE key = ?", (key,))
        return row[0] if row else None

    def put_meta(self, key: str, value: str) -> None:
        """Remember a small fact."""
        with self._change() as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    # Files -----------------------------------------------------------------------------------------------------------------

    def files(self, under: Path | None = None) -> dict[Path, FileEntry]:
        """Every known file by path, or those under a folder (absolute)."""
        rows = self._rows("SELECT path, size_bytes, mtime_ns, digest, track_id, copy_of, reason FROM files")
        entries = (
            FileEntry(as_path(r[0]), r[1], r[2], r[3], r[4], as_path(r[5]) if r[5] is not None else None, r[6]) for r in rows
        )
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
        with self._change() as db:
            db.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def forget_files(self, paths: Iterable[Path]) -> None:
        """Drop files that are gone. Songs without any file left leave the collection; their arrays stay for their return."""
        with self._change() as db:
            db.executemany("DELETE FROM files WHERE path = ?", [(os.fsencode(p),) for p in paths])
            db.execute(
                "DELETE FROM tracks WHERE id NOT IN (SELECT track_id FROM files WHERE track_id IS NOT NULL AND copy_of IS NULL)"
            )
            db.execute("DELETE FROM words WHERE id NOT IN (SELECT id FROM tracks)")

    def skipped(self) -> tuple[Skipped, ...]:
        """Files that were left out, with the reason, by path."""
        rows = self._rows("SELECT path, reason FROM files WHERE reason IS NOT NULL ORDER BY path")
        return tuple(Skipped(as_path(path), reason) for path, reason in rows)

    def copies(self) -> tuple[tuple[Path, Path], ...]:
        """(copy, the file kept) for every exact copy set aside."""
        rows = self._rows("SELECT path, copy_of FROM files WHERE copy_of IS NOT NULL ORDER BY path")
        return tuple((as_path(path), as_path(kept)) for path, kept in rows)

    # Tracks ----------------------------------------------------------------------------------------------------------------

    def put_tracks(self, tracks: Iterable[Track]) -> None:
        """Remember songs, replacing those of the same id; all or none."""
        with self._change() as db:
            for t in tracks:
                row = (t.id, os.fsencode(t.path), t.artist, t.title, t.album, t.genre, t.year, t.duration_s, t.cover_id)
                db.execute("INSERT OR REPLACE INTO tracks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
                db.execute("DELETE FROM words WHERE id = ?", (t.id,))
                db.execute("INSERT INTO words VALUES (?, ?, ?, ?, ?)", (t.id, t.artist, t.title, t.album, t.genre))

    def tracks(self) -> tuple[Track, ...]:
        """All songs of the collection, by artist, album and path: the order everything else keeps."""
        return tuple(map(_track, self._rows("SELECT * FROM tracks ORDER BY artist, album, path, id")))

    def track(self, track_id: str) -> Track:
        """One song. LibraryError when the id is not in the collection."""
        row = self._row("SELECT * FROM tracks WHERE id = ?", (track_id,))
        if row is None:
            raise LibraryError(f"song id '{track_id}' is not in {self.folder}; list what there is with: mixtape songs")
        return _track(row)

    def find(self, text: str, *, limit: int = 20) -> tuple[Track, ...]:
        """Songs that `text` means, best first.

        An exact id alone; else those of that very title ("s1" is not "s14"), those with all of its words, those with words that
        begin so; where there is none of these, what is spelled alike.
        """
        # A shell hands on bytes that are no text as surrogates, which SQLite would not take.
        asked = text.encode("utf-8", "replace").decode().strip()
        exact = self._row("SELECT * FROM tracks WHERE id = ?", (asked,))
        if exact is not None:
            return (_track(exact),)
        words = [f'"{word}"' for word in asked.replace('"', "").split()]
        if not words:
            return ()
        found = self._rows(_WHOLE_WORDS, (" ".join(words), _letters(asked), limit))
        if len(found) < limit:
            found += self._rows(_BEGINNINGS, (" ".join(f"{word}*" for word in words), limit))
        return tuple(map(_track, dict.fromkeys(found)))[:limit] or self._spelled_alike(asked, limit)

    def _spelled_alike(self, text: str, limit: int) -> tuple[Track, ...]:
        from rapidfuzz import fuzz, process, utils

        tracks = self.tracks()
        names = [f"{t.artist} {t.title} {t.album}" for t in tracks]
        hits = process.extract(text, names, scorer=fuzz.WRatio, processor=utils.default_process, limit=limit, score_cutoff=70)
        return tuple(tracks[row] for _, _, row in hits)


def _named(artist: str, title: str, letters: str) -> bool:
    """Whether these letters are a song's very title, alone or after its artist."""
    return bool(letters) and letters in (_letters(title), _letters(f"{artist} {title}"))


def _letters(text: str) -> str:
    """A text without capitals, accents, signs and spaces."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if letter.isalnum())


def as_path(raw: bytes) -> Path:
    """A path as the catalogue keeps it."""
    return Path(os.fsdecode(raw))


def _track(row: tuple[Any, ...]) -> Track:
    return Track(row[0], as_path(row[1]), *row[2:])
