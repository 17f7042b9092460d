"""From files seen to songs in the catalogue, in steps that may be cut off anywhere.

`identify` finds out which song each new file holds and writes that down file by file; `settle` gives every song whose files do
not agree yet its tags, its cover and the one file that is kept. What is still to do is read off the catalogue each time, never
remembered elsewhere: a killed run and an undisturbed one end with the same rows.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import TypeAlias

from mixtape.collection.copies import Candidate, best_first, file_digest, same_size
from mixtape.collection.covers import CoverError, is_disc, make_cover, pictures_of
from mixtape.collection.scan import Scan, Sighting
from mixtape.collection.tags import read_tags
from mixtape.errors import LibraryError, MixtapeError
from mixtape.library import FileEntry, Library
from mixtape.storage import digest_of
from mixtape.types import Skipped, Track

Tally: TypeAlias = Callable[[int, int], None]
"""Told (done, total) after each piece of work."""

_Key: TypeAlias = tuple[int, str | Path]
"""What stands for a file's bytes: its size with its digest, or with its path where no other file has that size."""

_Verdict: TypeAlias = tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class Changes:
    """What a scan says against the catalogue: files to read (new, changed, or to be tried again) and files that are gone."""

    fresh: tuple[Sighting, ...]
    gone: tuple[Path, ...]


def changes(seen: Scan, known: Mapping[Path, FileEntry], *, retry: bool = False) -> Changes:
    """Compare by size and time of change alone. What lies below a folder that cannot be read now is not gone."""
    closed = [each.path for each in seen.unreadable]
    fresh = tuple(file for file in seen.files if _differs(file, known.get(file.path), retry=retry))
    here = {file.path for file in seen.files}
    gone = (path for path in known if path not in here)
    return Changes(fresh, tuple(path for path in gone if not any(path.is_relative_to(folder) for folder in closed)))


def _differs(file: Sighting, entry: FileEntry | None, *, retry: bool) -> bool:
    if entry is None or (retry and entry.reason is not None):
        return True
    return (file.size_bytes, file.mtime_ns) != (entry.size_bytes, entry.mtime_ns)


def identify(library: Library, seen: Scan, fresh: Sequence[Sighting], *, jobs: int, tally: Tally) -> None:
    """Write down for each fresh file which song it holds, or why it holds none; the same bytes are opened once.

    Works in processes, so that a file that brings a decoder down is only skipped. A file that went away meanwhile is left for the
    next run.
    """
    digests = _digests(library, seen, jobs)
    verdicts: dict[_Key, _Verdict] = {
        (e.size_bytes, e.digest): (e.track_id, e.reason) for e in library.files().values() if e.digest is not None
    }
    same: dict[_Key, list[Sighting]] = defaultdict(list)
    for file in fresh:
        same[file.size_bytes, digests.get(file.path) or file.path].append(file)
    told = ((key, verdicts[key]) for key in same if key in verdicts)
    done = 0
    tally(done, len(fresh))
    for key, verdict in chain(told, _opened({files[0].path: key for key, files in same.items() if key not in verdicts}, jobs)):
        library.put_files(_entry(file, digests.get(file.path), verdict) for file in same[key] if file.path.exists())
        done += len(same[key])
        tally(done, len(fresh))


def _opened(keys: Mapping[Path, _Key], jobs: int) -> Iterator[tuple[_Key, _Verdict]]:
    from mixtape.features.workers import Lost, answers

    for path, verdict in answers(_verdict, keys, jobs=jobs, limit_s=_limit_s):
        yield keys[path], (None, verdict.reason) if isinstance(verdict, Lost) else verdict


def _verdict(path: Path) -> _Verdict:
    """(song id, None), or (None, reason)."""
    from mixtape.audio import content_id

    try:
        return content_id(path), None
    except Exception as error:  # One bad song never stops a run, whatever a decoder raises.
        return None, reason_of(error, path)


def _limit_s(path: Path) -> float:
    # A sleeping disk, and the slowest network drive that anybody would keep music on.
    return 120.0 + (path.stat().st_size if path.is_file() else 0) / 200_000


def _entry(file: Sighting, digest: str | None, verdict: _Verdict) -> FileEntry:
    return FileEntry(file.path, file.size_bytes, file.mtime_ns, digest, track_id=verdict[0], reason=verdict[1])


def _digests(library: Library, seen: Scan, jobs: int) -> dict[Path, str]:
    """Digests of all files that share their size with another, those of older files written down at once."""
    known = library.files()
    shared = same_size(seen.files)
    digests = {f.path: digest for f in shared if f.path in known and (digest := known[f.path].digest)}
    wanted = [f.path for f in shared if f.path not in digests]
    with ThreadPoolExecutor(jobs) as pool:
        made = {path: digest for path, digest in zip(wanted, pool.map(_digest, wanted), strict=True) if digest}
    library.put_files(replace(known[path], digest=digest) for path, digest in made.items() if path in known)
    return digests | made


def _digest(path: Path) -> str | None:
    try:
        return file_digest(path)
    except OSError:
        return None


def reason_of(error: Exception, path: Path) -> str:
    """An error as the reason why a file was left out: one line, without the path that stands beside it."""
    told = " ".join(str(error).replace(f"{path}: ", "").split())
    return told if isinstance(error, MixtapeError) else f"cannot be read ({type(error).__name__}: {told})"


def unsettled(library: Library) -> set[str]:
    """Ids of songs whose rows do not agree: new ones, and those with a file that came, changed or went."""
    tracks = {track.id: track for track in library.tracks()}
    return {track_id for track_id, files in _by_song(library).items() if not _agree(tracks.get(track_id), files)}


def _agree(track: Track | None, files: Sequence[FileEntry]) -> bool:
    return track is not None and all(file.copy_of == (None if file.path == track.path else track.path) for file in files)


def _by_song(library: Library) -> dict[str, list[FileEntry]]:
    songs: dict[str, list[FileEntry]] = defaultdict(list)
    for entry in library.files().values():
        if entry.track_id is not None:
            songs[entry.track_id].append(entry)
    return {track_id: sorted(files, key=lambda file: os.fsencode(file.path)) for track_id, files in songs.items()}


def settle(library: Library, ids: Collection[str], *, root: Path, tally: Tally) -> tuple[Skipped, ...]:
    """Give songs their tags, their cover and the one file that is kept. Returns the pictures that could not be used."""
    songs = sorted(
        (files for song, files in _by_song(library).items() if song in ids), key=lambda files: os.fsencode(files[0].path)
    )
    shelf = _Shelf(library)
    tally(0, len(songs))
    for done, files in enumerate(songs, 1):
        here = [file for file in files if file.path.exists()]
        if here:
            _settle_one(library, files, here, shelf=shelf, root=root)
        tally(done, len(songs))
    return tuple(shelf.refused.values())


def _settle_one(library: Library, files: Sequence[FileEntry], here: Sequence[FileEntry], *, shelf: _Shelf, root: Path) -> None:
    order = best_first(Candidate(f.path, read_tags(f.path, root=root), shelf.cover_of(f.path)) for f in here)
    kept, tags, track_id = order[0].path, order[0].tags, here[0].track_id or ""
    cover_id = next((candidate.cover_id for candidate in order if candidate.cover_id), None)
    # The song before its files: cut off in between, the files still disagree and the next run does this again.
    library.put_tracks(
        [
            Track(
                track_id,
                kept,
                tags.artist,
                tags.title,
                tags.album,
                tags.genre,
                tags.year,
                known_duration_s(library, track_id),
                cover_id,
            )
        ]
    )
    library.put_files(replace(file, copy_of=None if file.path == kept else kept) for file in files)


def known_duration_s(library: Library, track_id: str) -> float:
    """Length of a song heard before, 0.0 of any other."""
    try:
        return library.timeline(track_id).duration_s
    except LibraryError:
        return 0.0


@dataclass(slots=True)
class _Shelf:
    """Covers made so far, so that the picture of an album is worked on once."""

    library: Library
    made: set[str] = field(init=False)
    refused: dict[str, Skipped] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.made = {cover_id for cover_id in self.library.cover_ids() if self.library.has_cover(cover_id)}

    def cover_of(self, song: Path) -> str | None:
        """The id of the song's cover, made when it is new, or None."""
        for picture in pictures_of(song):
            if picture.id in self.made:
                return picture.id
            if picture.id in self.refused:
                continue
            try:
                self.library.put_cover(make_cover(picture))
            except CoverError as error:
                self.refused[picture.id] = Skipped(picture.source, str(error))
            else:
                self.made.add(picture.id)
                return picture.id
        return None


def uncovered(library: Library, seen: Scan, *, root: Path) -> set[str]:
    """Ids of songs whose cover may be another now: pictures beside them came, changed or went, or their cover file is lost."""
    now = _picture_marks(seen)
    before = json.loads(library.meta(_marks_key(root)) or "{}")
    moved = {folder for folder in now.keys() | before.keys() if now.get(folder) != before.get(folder)}
    lost = {cover_id for cover_id in library.cover_ids() if not library.has_cover(cover_id)}
    found = {track.id for track in library.tracks() if track.cover_id in lost}
    if not moved:
        return found
    entries = (entry for entry in library.files(root).values() if entry.track_id is not None)
    return found | {
        entry.track_id
        for entry in entries
        if any(str(folder) in moved for folder in _cover_folders(entry.path)) and entry.track_id
    }


def remember_pictures(library: Library, seen: Scan, *, root: Path) -> None:
    """Note which pictures lay where, for `uncovered` of the next run."""
    marks = json.dumps(_picture_marks(seen), sort_keys=True)
    if library.meta(_marks_key(root)) != marks:
        library.put_meta(_marks_key(root), marks)


def _cover_folders(song: Path) -> tuple[Path, ...]:
    return (song.parent, song.parent.parent) if is_disc(song.parent.name) else (song.parent,)


def _picture_marks(seen: Scan) -> dict[str, str]:
    folders: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
    for picture in seen.pictures:
        folders[str(picture.path.parent)].append((picture.path.name, picture.size_bytes, picture.mtime_ns))
    return {folder: digest_of(pictures) for folder, pictures in folders.items()}


def _marks_key(root: Path) -> str:
    return f"pictures {digest_of(str(root))}"
