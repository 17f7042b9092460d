"""Which recording a sound was taken from, and where in it: the landmarks of all songs, ordered by name and mapped from the disk.

Songs stand one behind the other on one line of time. For each landmark name the index holds the places on that line where it
occurs. A sound that was taken from a song shares many landmarks with it, all shifted by the same time; with any other song it
shares few, shifted by any. So places minus times are counted, and the most frequent difference is the answer.

A large collection is held in segments of at most about `SEGMENT_SONGS` songs, dealt out by their ids: a song that comes or goes
touches one of them, and no more than one is ever in memory.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from mixtape.errors import LibraryError
from mixtape.fingerprint.constellation import FRAME_HZ, HOP, constellation
from mixtape.fingerprint.landmarks import LONGEST_FRAMES, landmarks
from mixtape.storage import about_arrays, digest_of, load_arrays, save_arrays, write_atomic
from mixtape.types import Constellation, FloatArray

SEGMENT_SONGS = 1000
"""A collection of more songs than this has several segments."""

FAN = 3
"""Landmarks of each peak that are kept."""

FEWEST = 10
"""What a match must score in a small collection to count; `Index.fewest` says it for any. Music that is not in a collection
scored up to 9 against 187 real songs, the songs themselves 20 and more in a room, with noise 12 dB below and an encoder."""

_VERSION = 1
_FAN_ASKED = 8
_SHIFTS = 4
_SMALL = 200
_COMMON = 16
_NEAR = 4
_BEST = 8

_Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Match:
    """A song, the second of it at which the sound begins (before 0 when the sound begins before the song), and at how many
    moments of the song landmarks agree on that."""

    track_id: str
    song_s: float
    score: int


@dataclass(frozen=True, slots=True)
class _Question:
    """Landmark names (m,) of a sound, and their times (m,) in `_SHIFTS` a frame."""

    names: npt.NDArray[np.uint32]
    times: _Numbers


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """The landmarks of some songs: those named `names[k]` are at `places[starts[k] : starts[k + 1]]`; song j begins at
    `begins[j]`. Places and begins are frames on the line of all songs of the segment."""

    ids: tuple[str, ...]
    begins: _Numbers
    names: npt.NDArray[np.uint32]
    starts: npt.NDArray[np.unsignedinteger[Any]]
    places: npt.NDArray[np.unsignedinteger[Any]]

    @classmethod
    def of(cls, songs: Iterable[tuple[str, Constellation]]) -> Segment:
        """The segment of these songs, by id."""
        ids, begins, names, places, end = list[str](), list[int](), list[Any](), list[Any](), 0
        for track_id, peaks in songs:
            found, frames = landmarks(peaks, fan=FAN)
            ids.append(track_id)
            begins.append(end)
            names.append(found)
            places.append(_small(end + frames.astype(np.int64)))
            # Room between songs: no difference of times belongs to two of them.
            end += int(peaks.frames.max(initial=0)) + LONGEST_FRAMES + 1
        name, place = (np.concatenate([np.zeros(0, np.uint32), *parts]) for parts in (names, places))
        order = np.argsort(name, kind="stable")
        name, place = name[order], place[order]
        known, starts = np.unique(name, return_index=True)
        return cls(
            tuple(ids),
            np.array(begins, np.int64),
            known,
            _small(np.append(starts, len(name))),
            place,
        )

    def candidates(self, asked: _Question) -> list[Match]:
        """The songs that share most landmarks with what is asked at one place each, any order."""
        if not len(self.names) or not len(asked.names):
            return []
        at, question = self._occurrences(asked.names)
        if not len(at):
            return []
        places = self.places[at].astype(np.int64)
        song = np.searchsorted(self.begins, places, side="right") - 1
        shift = (places - self.begins[song]) * _SHIFTS - asked.times[question]
        # Half-open bins of one frame, counted in pairs, since a shift may fall on the border between two.
        key = song << 40 | (shift // _NEAR + (1 << 32))
        keys, count = np.unique(key, return_counts=True)
        pairs = count + np.where(np.append(np.diff(keys) == 1, False), np.append(count[1:], 0), 0)
        best = np.argsort(-pairs, kind="stable")[:_BEST]
        return [self._match(key, int(keys[row]), at, song, shift) for row in best]

    def _occurrences(self, names: npt.NDArray[np.uint32]) -> tuple[_Numbers, _Numbers]:
        """Rows (k,) of `places` with one of these names (m,), and which of them; names that say little are left out."""
        row = np.minimum(np.searchsorted(self.names, names), len(self.names) - 1)
        first, last = (self.starts[where].astype(np.int64) for where in (row, row + 1))
        count = last - first
        common = _COMMON * (1 + len(self.places) / len(self.names))
        count = np.where((self.names[row] == names) & (count <= common), count, 0)
        question = np.repeat(np.arange(len(names)), count)
        within = np.arange(len(question)) - np.repeat(np.cumsum(count) - count, count)
        return first[question] + within, question

    def _match(self, key: _Numbers, best: int, at: _Numbers, song: _Numbers, shift: _Numbers) -> Match:
        agreed = (key == best) | (key == best + 1)
        # Moments, not landmarks: two chords that follow each other in two songs make many landmarks of one chance.
        score = len(np.unique(self.places[at[agreed]]))
        return Match(self.ids[int(best >> 40)], float(np.median(shift[agreed])) / _SHIFTS / FRAME_HZ, score)


def _small(numbers: _Numbers) -> npt.NDArray[np.unsignedinteger[Any]]:
    """The same numbers in four bytes each where they fit, as those of thirty thousand hours do."""
    return numbers.astype(np.uint32 if int(numbers.max(initial=0)) < 1 << 32 else np.uint64)


@dataclass(frozen=True, slots=True, eq=False)
class Index:
    """The landmarks of a collection; make one with `Index.of`, or `gathered` for a library."""

    segments: tuple[Segment, ...]

    @classmethod
    def of(cls, songs: Mapping[str, Constellation]) -> Index:
        """The index of songs in memory, by id."""
        return cls((Segment.of(songs.items()),))

    @property
    def ids(self) -> tuple[str, ...]:
        """The songs that can be recognised."""
        return tuple(track_id for segment in self.segments for track_id in segment.ids)

    @property
    def fewest(self) -> int:
        """The score it takes: chance finds about one more moment whenever the collection doubles."""
        songs = sum(len(segment.ids) for segment in self.segments)
        return FEWEST + math.ceil(math.log2(max(songs / _SMALL, 1.0)))

    def recognise(self, samples: FloatArray) -> Match | None:
        """The recording that mono samples (n,) at 44.1 kHz were taken from, or None; ten seconds are usually enough."""
        best = self.candidates(samples)[:1]
        return best[0] if best and best[0].score >= self.fewest else None

    def candidates(self, samples: FloatArray) -> tuple[Match, ...]:
        """The songs most like a recording of the samples, best first, however unlike: what `recognise` chooses from."""
        asked = _question(samples)
        found: dict[str, Match] = {}
        for match in (match for segment in self.segments for match in segment.candidates(asked)):
            if match.track_id not in found or found[match.track_id].score < match.score:
                found[match.track_id] = match
        return tuple(sorted(found.values(), key=lambda match: (-match.score, match.track_id)))


def _question(samples: FloatArray) -> _Question:
    """The landmarks of a sound read four times, a quarter of a frame apart: frames of the song fall anywhere between its own."""
    names, times = list[npt.NDArray[np.uint32]](), list[_Numbers]()
    for shift in range(_SHIFTS):
        found, frames = landmarks(constellation([samples[shift * HOP // _SHIFTS :]]), fan=_FAN_ASKED)
        names.append(found)
        times.append(frames.astype(np.int64) * _SHIFTS + shift)
    return _Question(np.concatenate(names), np.concatenate(times))


# On the disk -------------------------------------------------------------------------------------------------------------------


def gathered(folder: Path, ids: Sequence[str], written: Sequence[int], constellation_of: Callable[[str], Constellation]) -> Index:
    """The index of songs, mapped from `folder`; segments whose songs have changed are made anew.

    Args:
        folder: where the segments lie.
        ids: the songs.
        written: for each song a number that changes when its constellation does.
        constellation_of: gives the constellation of a song, by id.

    Raises:
        LibraryError: a constellation cannot be read, or a segment cannot be written.
    """
    # Twice as many at a time: a collection that grows a little keeps its segments.
    segments = 1 << max(0, math.ceil(math.log2(max(len(ids), 1) / SEGMENT_SONGS)))
    groups: dict[int, list[tuple[str, int]]] = {}
    for track_id, when in sorted(zip(ids, written, strict=True)):
        groups.setdefault(crc32(track_id.encode()) % segments, []).append((track_id, when))
    stamps = {f"part{number}": digest_of(_VERSION, FAN, tuple(songs)) for number, songs in groups.items()}
    for (name, stamp), songs in zip(stamps.items(), groups.values(), strict=True):
        if _stamp(folder, name) != stamp:
            segment = Segment.of((track_id, constellation_of(track_id)) for track_id, _ in songs)
            _write(folder, name, segment, stamp)
    _clear(folder, stamps)
    return Index(tuple(_read(folder, name) for name in stamps))


def kept(folder: Path) -> Index:
    """The index as it was gathered last. LibraryError when there is none, or it is broken."""
    names = sorted(path.stem for path in folder.glob("part*.npz"))
    if not names:
        raise LibraryError(f"{folder}: no song has a fingerprint yet; run mixtape build again")
    return Index(tuple(_read(folder, name) for name in names))


_LARGE = ("names", "starts", "places")


def _write(folder: Path, name: str, segment: Segment, stamp: str) -> None:
    """The large arrays first, each in a file to be mapped, then what says that they are there."""
    for part in _LARGE:
        content = io.BytesIO()
        np.lib.format.write_array(content, getattr(segment, part), allow_pickle=False)
        write_atomic(folder / f"{name}-{stamp}.{part}.npy", content.getvalue())
    save_arrays(folder / f"{name}.npz", {"begins": segment.begins}, about={"ids": segment.ids, "stamp": stamp})


def _read(folder: Path, name: str) -> Segment:
    arrays = load_arrays(folder / f"{name}.npz")
    about = about_arrays(arrays)
    try:
        large = [np.load(folder / f"{name}-{about['stamp']}.{part}.npy", mmap_mode="r", allow_pickle=False) for part in _LARGE]
    except (OSError, ValueError, EOFError) as error:
        raise LibraryError(f"{folder}: the index of fingerprints is broken ({error}); run mixtape build again") from error
    return Segment(tuple(about["ids"]), arrays["begins"], *large)


def _stamp(folder: Path, name: str) -> str:
    """What a segment was made from; "" where it is not there or not whole."""
    try:
        _read(folder, name)
        return str(about_arrays(load_arrays(folder / f"{name}.npz"))["stamp"])
    except (LibraryError, KeyError):
        return ""


def _clear(folder: Path, stamps: Mapping[str, str]) -> None:
    """Take away segments of other songs. Where a file in use cannot be deleted, the next gathering does it."""
    wanted = {f"{name}.npz" for name in stamps} | {
        f"{name}-{stamp}.{part}.npy" for name, stamp in stamps.items() for part in _LARGE
    }
    for path in folder.glob("part*"):
        if path.name not in wanted:
            with suppress(OSError):
                path.unlink()
