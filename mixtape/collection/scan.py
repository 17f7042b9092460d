"""A folder becomes a list of files worth hearing.

Nothing is opened here: names, kinds and sizes are all that is looked at, so that a collection on a slow disk is looked through
in seconds. Every real folder is visited once, whatever links point at it, real ones before links; what systems leave behind in
folders is passed over; a folder that may not be read is noted and the rest goes on.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from mixtape.collection.covers import picture_rank
from mixtape.types import Skipped

_SUFFIXES = (
    "mp3 mp2 mp1 flac ogg oga opus spx m4a m4b mp4 aac alac caf wav wave aif aiff aifc au snd wma asf ape wv mpc mp+ mpp tta"
    " tak dsf dff mka weba webm ac3 eac3 dts amr 3gp ra rm mod xm it s3m"
)
AUDIO_SUFFIXES = frozenset(f".{name}" for name in _SUFFIXES.split())
"""What counts as music by its name, in lower case. A name that promises too much is found out when the file is opened."""

_CLUTTER = frozenset({"@eadir", "__macosx", "#recycle", "$recycle.bin", "system volume information", "lost+found"})

_HIDDEN = re.compile(r"\.[^.\d]")
"""Hidden names and AppleDouble (`._song.mp3`), but neither "...And Then Silence" nor ".38 Calibre", which are music."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A file as the folder shows it, not opened: its size, and when it was last changed."""

    path: Path
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Scan:
    """What lies in a folder, sorted by path: audio files, pictures that may be covers, and folders that could not be read."""

    files: tuple[Sighting, ...]
    pictures: tuple[Sighting, ...]
    unreadable: tuple[Skipped, ...]


@dataclass(slots=True)
class _Walk:
    root: Path
    leave_out: Path | None
    seen: set[tuple[int, int]] = field(default_factory=set)
    files: list[Sighting] = field(default_factory=list)
    pictures: list[Sighting] = field(default_factory=list)
    unreadable: list[Skipped] = field(default_factory=list)


def scan(folder: Path, *, leave_out: Path | None = None) -> Scan:
    """Look through `folder` and everything below it; `leave_out` is a folder inside that is passed over (the library).

    Paths are absolute; names that are no UTF-8 come through as surrogates (`os.fsdecode`). A folder that does not exist is
    noted as unreadable, like any other.
    """
    root = Path(os.path.abspath(folder))  # noqa: PTH100
    walk = _Walk(root.resolve(), leave_out.resolve() if leave_out else None)
    pending = [root]
    while pending:
        links: list[Path] = []
        while pending:
            inside, linked = _visit(pending.pop(), walk)
            pending += inside
            links += linked
        pending = sorted(links, key=os.fsencode, reverse=True)
    by_path = [sorted(found, key=lambda sighting: os.fsencode(sighting.path)) for found in (walk.files, walk.pictures)]
    return Scan(tuple(by_path[0]), tuple(by_path[1]), tuple(sorted(walk.unreadable, key=lambda each: os.fsencode(each.path))))


def _visit(folder: Path, walk: _Walk) -> tuple[list[Path], list[Path]]:
    """Note what lies in one folder; returns the folders inside, real ones and links to some, each in reverse order."""
    try:
        about = folder.stat()
        if (about.st_dev, about.st_ino) in walk.seen or _out_of_bounds(folder.resolve(), walk):
            return [], []
        walk.seen.add((about.st_dev, about.st_ino))
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: os.fsencode(entry.name), reverse=True)
    except OSError as error:
        walk.unreadable.append(Skipped(folder, f"the folder cannot be read ({error.strerror or error})"))
        return [], []
    folders = [entry for entry in entries if not _note(entry, walk)]
    return [Path(e.path) for e in folders if not e.is_symlink()], [Path(e.path) for e in folders if e.is_symlink()]


def _out_of_bounds(real: Path, walk: _Walk) -> bool:
    """Whether this is the library, or a link up to where the collection itself lies, which would bring in the whole disk."""
    return real == walk.leave_out or (real != walk.root and walk.root.is_relative_to(real))


def _note(entry: os.DirEntry[str], walk: _Walk) -> bool:
    """Keep the entry when it is music or a cover; False for a folder, which is to be visited."""
    if _HIDDEN.match(entry.name) or entry.name.lower() in _CLUTTER:
        return True
    try:
        if entry.is_dir():
            return False
        kept = walk.files if is_audio(entry.name) else walk.pictures if picture_rank(entry.name) is not None else None
        # A pipe or a device dressed up as a song would make its reader wait for ever.
        if kept is not None and entry.is_file():
            about = entry.stat()
            kept.append(Sighting(Path(entry.path), about.st_size, about.st_mtime_ns))
    except OSError as error:
        walk.unreadable.append(Skipped(Path(entry.path), f"cannot be looked at ({error.strerror or error})"))
    return True


def is_audio(name: str) -> bool:
    """Whether a file name ends like music."""
    return os.path.splitext(name)[1].lower() in AUDIO_SUFFIXES  # noqa: PTH122
