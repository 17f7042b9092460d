"""The made-up collection on disk: `Artist/Album/NN Title.ext`, written by as many workers as wished, resumable at every song."""

from __future__ import annotations

import errno
import glob
import io
import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mixtape.demo.plan import SONGS, Album, Song, albums, chosen, file_stem
from mixtape.errors import ConfigError, LibraryError

if TYPE_CHECKING:
    from mixtape.demo.songfile import Picture

VERSION = 1
"""Raised when the same seed makes other music, so that folders of an older version are written anew."""

MARKER = ".made-by-numbers"
_NEED_BYTES_A_SONG = 2_500_000


def make_collection(
    folder: Path, *, seed: int = 1, songs: int = 48, jobs: int = 2, progress: Callable[[int, int], None] | None = None
) -> list[Path]:
    """Write the made-up collection and return its songs, in the order of `plan.chosen`.

    A song appears under its name only when it is complete. Songs that an earlier run of the same seed finished are kept.

    Args:
        folder: made when it is not there; other files in it are left alone.
        seed: another seed, another music on the same sleeves' names.
        songs: 1 to 48, taken in turn from every album.
        jobs: processes that play at once; the bytes do not depend on it.
        progress: called with (songs done, songs in all), first with what was already there.

    Raises:
        ConfigError: `songs` or `jobs` out of range.
        LibraryError: the folder cannot be written, or the disk is full.
    """
    if jobs < 1:
        raise ConfigError(f"jobs is {jobs}; at least 1 process has to play. Ask for 1 or more.")
    pairs = chosen(seed, songs)
    paths = [song_path(folder, album, song) for album, song in pairs]
    with _told_apart(folder):
        folder.mkdir(parents=True, exist_ok=True)
        finished = _finished(folder, seed)
        todo = [number for number, path in enumerate(paths) if not _complete(path, finished.get(_name(folder, path)))]
        _sweep([paths[number] for number in todo])
        _room_for(folder, len(todo))
        done = len(paths) - len(todo)
        if progress:
            progress(done, len(paths))
        with (folder / MARKER).open("a", encoding="utf-8") as marker:
            for number in _played(_tasks(folder, seed, todo), jobs):
                marker.write(f"{paths[number].stat().st_size} {_name(folder, paths[number])}\n")
                marker.flush()
                done += 1
                if progress:
                    progress(done, len(paths))
    return paths


def song_path(folder: Path, album: Album, song: Song) -> Path:
    """Where a song is written: `Artist/Album/NN Title.ext`."""
    return folder / file_stem(album.artist) / file_stem(album.title) / f"{song.track:02d} {file_stem(song.title)}.{album.suffix}"


def _name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def _header(seed: int) -> str:
    return f"mixtape demo collection, version {VERSION}, seed {seed}"


def _finished(folder: Path, seed: int) -> dict[str, int]:
    """Size of every song that this seed and version finished here; a marker of another kind is begun anew."""
    marker = folder / MARKER
    lines = marker.read_text(encoding="utf-8").splitlines() if marker.exists() else []
    if not lines or lines[0] != _header(seed):
        marker.write_text(_header(seed) + "\n", encoding="utf-8")
        return {}
    if not marker.read_text(encoding="utf-8").endswith("\n"):
        with marker.open("a", encoding="utf-8") as torn:
            torn.write("\n")
    rows = (line.split(" ", 1) for line in lines[1:])
    return {row[1]: int(row[0]) for row in rows if len(row) == 2 and row[0].isdigit()}


def _complete(path: Path, size: int | None) -> bool:
    return size is not None and path.exists() and path.stat().st_size == size


def _sweep(paths: list[Path]) -> None:
    """Remove what a killed run left half written."""
    for path in paths:
        for partial in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
            partial.unlink(missing_ok=True)


def _room_for(folder: Path, count: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < count * _NEED_BYTES_A_SONG:
        raise LibraryError(
            f"{folder}: {free / 1e6:.0f} MB free, {count} songs need about {count * _NEED_BYTES_A_SONG / 1e6:.0f} MB. "
            "Make room, or name a folder on another disk."
        )


@contextmanager
def _told_apart(folder: Path) -> Iterator[None]:
    """Failures of the file system as one line with a remedy."""
    try:
        yield
    except OSError as fault:
        if fault.errno == errno.ENOSPC:
            raise LibraryError(f"{folder}: the disk is full. Make room and run again: finished songs are kept.") from fault
        if fault.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise LibraryError(f"{folder}: may not be written ({fault.strerror}). Name a folder of your own.") from fault
        raise LibraryError(f"{folder}: cannot be written ({fault}). Name another folder.") from fault


def _tasks(folder: Path, seed: int, todo: list[int]) -> list[tuple[Path, int, tuple[int, ...]]]:
    """What is left to do, an album a task, so that each sleeve is drawn once."""
    pairs = chosen(seed, SONGS)
    by_album: dict[int, list[int]] = {}
    for number in todo:
        by_album.setdefault(pairs[number][0].seed, []).append(number)
    return [(folder, seed, tuple(numbers)) for numbers in by_album.values()]


def _played(tasks: list[tuple[Path, int, tuple[int, ...]]], jobs: int) -> Iterator[int]:
    """Numbers of songs as they are finished: in this process, or by workers that share nothing with it."""
    if jobs == 1 or len(tasks) < 2:
        for task in tasks:
            yield from _play_album(task)
        return
    with multiprocessing.get_context("spawn").Pool(min(jobs, len(tasks))) as pool:
        for finished in pool.imap_unordered(_play_album_whole, tasks):
            yield from finished


def _play_album_whole(task: tuple[Path, int, tuple[int, ...]]) -> list[int]:
    return list(_play_album(task))


def _play_album(task: tuple[Path, int, tuple[int, ...]]) -> Iterator[int]:
    folder, seed, numbers = task
    pairs = chosen(seed, SONGS)
    album = pairs[numbers[0]][0]
    home = song_path(folder, album, album.songs[0]).parent
    home.mkdir(parents=True, exist_ok=True)
    sleeve = album_sleeve(album)
    if album.cover != "embedded":
        _write_beside(home / album.cover, sleeve.content)
    for number in numbers:
        _play_song(song_path(folder, album, pairs[number][1]), album, pairs[number][1], sleeve)
        yield number


def _play_song(path: Path, album: Album, song: Song, sleeve: Picture) -> None:
    from mixtape.demo.perform import perform
    from mixtape.demo.songfile import write_song

    embedded = sleeve if album.cover == "embedded" else None
    with _unfinished(path) as partial:
        write_song(partial, perform(song), suffix=album.suffix, tags=_tags(song), picture=embedded)


def _tags(song: Song) -> dict[str, str]:
    return {
        "artist": song.artist,
        "title": song.title,
        "album": song.album,
        "genre": song.genre,
        "date": str(song.year),
        "track": f"{song.track}/{song.tracks}",
    }


def album_sleeve(album: Album) -> Picture:
    """The album's own sleeve, encoded: JPEG, or PNG where the file beside the songs is one."""
    from mixtape.demo.covers import draw_cover
    from mixtape.demo.songfile import Picture

    image = draw_cover(album.style, seed=album.seed, artist=album.artist, album=album.title)
    encoded = io.BytesIO()
    if album.cover.endswith(".png"):
        image.save(encoded, "PNG", optimize=False)
        return Picture(encoded.getvalue(), "image/png", image.width)
    image.save(encoded, "JPEG", quality=90)
    return Picture(encoded.getvalue(), "image/jpeg", image.width)


def _write_beside(path: Path, content: bytes) -> None:
    if path.exists() and path.stat().st_size == len(content):
        return
    with _unfinished(path) as partial:
        partial.write_bytes(content)


@contextmanager
def _unfinished(path: Path) -> Iterator[Path]:
    """A name to write to that becomes `path` when all went well and vanishes when not; each process has its own."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


__all__ = ["SONGS", "Album", "Song", "album_sleeve", "albums", "make_collection", "song_path"]
