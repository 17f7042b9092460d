"""One song, one entry: files with the same bytes, or with the same sound under other tags, are one song.

Same bytes are found by size first and by digest only where sizes meet. Same sound is found by the content id. The best named file
is kept, the others are set aside as copies of it.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from mixtape.collection.scan import Sighting
from mixtape.collection.tags import Tags, is_plain_folder, name_of

_BLOCK_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of the files a song lies in: its tags, and its cover if it has one."""

    path: Path
    tags: Tags
    cover_id: str | None


def same_size(files: Iterable[Sighting]) -> tuple[Sighting, ...]:
    """The files that may have the same bytes as another: neither empty nor of a size of their own."""
    found = tuple(files)
    count = Counter(file.size_bytes for file in found)
    return tuple(file for file in found if file.size_bytes > 0 and count[file.size_bytes] > 1)


def file_digest(path: Path) -> str:
    """BLAKE2b of a whole file, 32 hex digits, read in blocks of 1 MiB. OSError when it cannot be read."""
    summed = blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            summed.update(block)
    return summed.hexdigest()


def best_first(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """The files of one song, the one to keep first: most tags, then a cover, then names at all, then a place in the artist's
    folder or at least not in Downloads, then the shortest path; the same order whatever order they come in.
    """
    return tuple(sorted(candidates, key=_rank))


def _rank(candidate: Candidate) -> tuple[int, bool, int, bool, bool, int, bytes]:
    tags, raw = candidate.tags, os.fsencode(candidate.path)
    named = sum(map(bool, (tags.artist, tags.album, tags.year)))
    astray = tags.artist.casefold() not in (name_of(folder).casefold() for folder in candidate.path.parents)
    return -tags.filled, candidate.cover_id is None, -named, astray, is_plain_folder(candidate.path.parent), len(raw), raw
