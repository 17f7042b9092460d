"""Feature sets as CSV, for other programs: one file a set, one line a song, no heading, the name of the song first.

The files of `rp`, `ssd` and `rh` are laid out as rp_extract writes them (https://github.com/tuwien-musicir/rp_extract): the
path of the song relative to the collection, then the numbers in their order. Every other set gets a file of the same kind.

Numbers have nine digits, which is what it takes for a float32 to come back as it was. Names are quoted where they hold commas,
quotes or line breaks. A name need not be text: its bytes are written as they are, and UTF-8 where they are text.
"""

from __future__ import annotations

import csv
import io
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mixtape.errors import LibraryError, ShapeError
from mixtape.progress import Progress, silent
from mixtape.storage import TEMPORARY
from mixtape.types import Features

if TYPE_CHECKING:
    from mixtape.library import Library

_DIGITS = "%.9g"


def write_csv(
    path: Path, names: Sequence[str], values: npt.NDArray[Any], *, progress: Callable[[int], None] | None = None
) -> None:
    """Write one feature set, `values` (n, d) with a row for each of `names`, a line at a time.

    A kill leaves the file that was there before, or the new one. `progress` is told after each line how many are written.
    LibraryError when the disk refuses, ShapeError when there are not as many rows as names.
    """
    if len(names) != len(values):
        raise ShapeError(f"{path}: {len(names)} names for {len(values)} rows; one name a row is needed")
    with _in_place_when_whole(path) as out:
        # One format for a whole line takes a third of the time that number by number takes.
        line = "".join([f",{_DIGITS}"] * values.shape[1]) + "\r\n"
        for row, name in enumerate(names):
            out.write(_quoted(name) + line % tuple(values[row].tolist()))
            if progress is not None:
                progress(row + 1)


def load_csv(path: Path, *, version: int = 0) -> Features:
    """Read one feature set back: ids as they stand in the file, values (n, d) float32, the set's name from the file's ending.

    LibraryError when the file cannot be read, when lines differ in length, or when something is no number.
    """
    names: list[str] = []
    rows: list[npt.NDArray[np.float32]] = []
    try:
        with path.open(newline="", encoding="utf-8", errors="surrogateescape") as opened:
            for name, numbers in _lines(opened):
                names.append(name)
                rows.append(np.array([float(number) for number in numbers], np.float32))
                if len(rows[-1]) != len(rows[0]):
                    raise ValueError(f"{len(rows[-1])} numbers after {len(rows[0])}")
    except OSError as error:
        raise LibraryError(f"{path}: cannot be read ({error.strerror or error}); name a file made by mixtape features") from error
    except (ValueError, csv.Error) as error:
        raise LibraryError(f"{path}: song {len(names)} is no line of numbers ({error}); make the file again") from error
    width = len(rows[0]) if rows else 0
    return Features(path.suffix.removeprefix("."), tuple(names), np.array(rows, np.float32).reshape(len(rows), width), version)


def export_csv(library: Library, folder: Path, sets: Sequence[str], *, name: str, progress: Progress = silent) -> list[Path]:
    """Write `<name>.<set>` for each of `sets` into `folder`, a line for each song in the order of `tracks()`.

    Returns the files written. LibraryError when a song was not heard for a set, or when the disk refuses.
    """
    tracks = library.tracks()
    names = relative_names([track.path for track in tracks])
    written = []
    for each in sets:
        told = partial(_told, progress, f"writing {each}", len(names))
        write_csv(folder / f"{name}.{each}", names, library.features(each).values, progress=told)
        written.append(folder / f"{name}.{each}")
    return written


def relative_names(paths: Sequence[Path]) -> list[str]:
    """Paths relative to the deepest folder that holds them all, with `/` between folders; as they are where there is none."""
    if not paths:
        return []
    try:
        root = os.path.commonpath([path.parent for path in paths])
    except ValueError:
        return [path.as_posix() for path in paths]
    return [path.relative_to(root).as_posix() for path in paths]


def _told(progress: Progress, stage: str, total: int, done: int) -> None:
    progress(stage, done, total)


def _quoted(name: str) -> str:
    """A name as the first field of a line."""
    line = io.StringIO(newline="")
    csv.writer(line).writerow([name])
    return line.getvalue().removesuffix("\r\n")


def _lines(opened: IO[str]) -> Iterator[tuple[str, list[str]]]:
    for line in csv.reader(opened, strict=True):
        if line:
            yield line[0], line[1:]


@contextmanager
def _in_place_when_whole(path: Path) -> Iterator[IO[str]]:
    """A text file to write that takes its place only when all is written."""
    temporary = path.with_name(f"{TEMPORARY}{secrets.token_hex(8)}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("x", newline="", encoding="utf-8", errors="surrogateescape") as out:
                yield out
                out.flush()
                os.fsync(out.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise LibraryError(
            f"{path}: cannot be written ({error.strerror or error}); free some space there or choose another folder"
        ) from error
