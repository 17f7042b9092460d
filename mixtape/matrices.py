"""Feature sets over all songs: one matrix a set, gathered from the file of each song, mapped into memory and not read into it.

    <set>-<stamp>.npy    the rows
    <set>.npz            which song each row belongs to, when its file was written, and the name of the matrix

A song that was gathered before and has not been heard again is copied from the matrix before, so that one new song among many
thousands costs one file. The matrix is written first and the index last: a kill leaves the old pair or the new one.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mixtape.errors import LibraryError
from mixtape.storage import TEMPORARY, about_arrays, digest_of, load_arrays, save_arrays
from mixtape.types import FloatArray


def gathered(folder: Path, name: str, ids: Sequence[str], songs: Sequence[Path]) -> tuple[FloatArray, int]:
    """The rows (n, d) of set `name` for `ids`, whose arrays lie in the files `songs`, and the set's version.

    LibraryError when a song was not heard yet, or not for this set, or when songs were heard with different versions of it.
    """
    if not ids:
        return np.zeros((0, 0), np.float32), 0
    written = np.array([_written(path) for path in songs], np.int64)
    stamp = digest_of(tuple(ids), written)
    before = _Before.of(folder, name)
    if before is not None and before.stamp == stamp:
        return before.values, before.version
    known = {} if before is None else before.rows_of(ids, written)
    values, version = _write(folder / f"{name}-{stamp}.npy", name, songs, known=known, before=before)
    arrays = {"ids": np.array(ids), "written": written}
    save_arrays(folder / f"{name}.npz", arrays, about={"stamp": stamp, "version": version})
    for old in folder.glob(f"{name}-*.npy"):
        if old.stem != f"{name}-{stamp}":
            # Where a file in use cannot be deleted, the next gathering does it.
            with suppress(OSError):
                old.unlink()
    return values, version


class _Before:
    """What was gathered last time."""

    def __init__(self, values: FloatArray, ids: npt.NDArray[Any], written: npt.NDArray[np.int64], about: dict[str, Any]) -> None:
        self.values, self.ids, self.written = values, ids, written
        self.stamp, self.version = str(about["stamp"]), int(about["version"])

    @classmethod
    def of(cls, folder: Path, name: str) -> _Before | None:
        try:
            arrays = load_arrays(folder / f"{name}.npz")
            about = about_arrays(arrays)
            values = np.load(folder / f"{name}-{about['stamp']}.npy", mmap_mode="r", allow_pickle=False)
            return cls(values, arrays["ids"], arrays["written"], about) if len(values) == len(arrays["ids"]) else None
        except (LibraryError, OSError, ValueError, KeyError, EOFError):
            return None

    def rows_of(self, ids: Sequence[str], written: npt.NDArray[np.int64]) -> dict[int, int]:
        """For each place in `ids` whose file is as it was: its row here."""
        row = {song: (k, when) for k, (song, when) in enumerate(zip(self.ids.tolist(), self.written.tolist(), strict=True))}
        found = ((place, row.get(song), when) for place, (song, when) in enumerate(zip(ids, written.tolist(), strict=True)))
        return {place: seen[0] for place, seen, when in found if seen is not None and seen[1] == when}


def _write(
    target: Path, name: str, songs: Sequence[Path], *, known: dict[int, int], before: _Before | None
) -> tuple[FloatArray, int]:
    first, version = _of_song(songs[0], name)
    if before is not None and (before.version != version or before.values.shape[1] != len(first)):
        known = {}
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f"{TEMPORARY}{secrets.token_hex(8)}.npy")
    try:
        rows = np.lib.format.open_memmap(temporary, mode="w+", dtype=np.float32, shape=(len(songs), len(first)))  # type: ignore[no-untyped-call]
        for place, path in enumerate(songs):
            if place in known and before is not None:
                rows[place] = before.values[known[place]]
                continue
            vector, found = _of_song(path, name)
            if found != version or len(vector) != len(first):
                raise LibraryError(
                    f"{path}: feature set '{name}' has {len(vector)} numbers of version {found} here and {len(first)} of version "
                    f"{version} in {songs[0].name}; delete this file and run mixtape build again"
                )
            rows[place] = vector
        rows.flush()
        del rows
        temporary.replace(target)
    except OSError as error:
        raise LibraryError(
            f"{target}: cannot be written ({error.strerror or error}); free some space there or choose another --library"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return np.load(target, mmap_mode="r", allow_pickle=False), version


def _of_song(path: Path, name: str) -> tuple[FloatArray, int]:
    arrays = load_arrays(path, only=(f"set_{name}",))
    if f"set_{name}" not in arrays:
        raise LibraryError(f"{path}: feature set '{name}' was not heard for this song; run mixtape build again")
    vector: FloatArray = arrays[f"set_{name}"]
    return vector, int(about_arrays(arrays)["versions"][name])


def _written(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
