"""How artefacts reach the disk: whole or not at all, with bytes that depend on their content alone."""

from __future__ import annotations

import hashlib
import io
import json
import os
import secrets
import zipfile
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mixtape.errors import LibraryError

FORMAT = 1
"""Version of the catalogue and of every array file. A library of another format is refused, never guessed at."""


TEMPORARY = ".new-"
"""How the names of half-written files begin."""


def digest_of(*parts: object) -> str:
    """A digest (32 hex) of arrays, texts and numbers, for saying what an artefact was made from."""
    summed = hashlib.blake2b(digest_size=16)
    for part in parts:
        if isinstance(part, np.ndarray):
            summed.update(f"{part.dtype.str}{part.shape}".encode())
            if part.size:
                summed.update(np.ascontiguousarray(part).data.cast("B"))
        else:
            summed.update(repr(part).encode())
        summed.update(b"\0")
    return summed.hexdigest()


def write_atomic(path: Path, content: bytes) -> None:
    """Write `content` to `path` so that a kill leaves the old file or the new one. LibraryError when the disk refuses."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{TEMPORARY}{secrets.token_hex(8)}{path.suffix}")
        try:
            with temporary.open("xb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise LibraryError(
            f"{path}: cannot be written ({error.strerror or error}); free some space there or choose another place"
        ) from error


def sweep(folder: Path) -> None:
    """Take away what writes that were killed have left under `folder`. Nobody else may be writing there."""
    for left in folder.rglob(f"{TEMPORARY}*"):
        with suppress(OSError):
            left.unlink()


def save_arrays(path: Path, arrays: Mapping[str, npt.NDArray[Any]], *, about: Mapping[str, Any]) -> None:
    """An .npz whose bytes depend on its content alone: no time of day inside, names sorted, `about` as JSON bytes."""
    packed = {**arrays, "about": np.frombuffer(json.dumps({"format": FORMAT, **about}, sort_keys=True).encode(), np.uint8)}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in sorted(packed):
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asanyarray(packed[name]), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), member.getvalue())
    write_atomic(path, out.getvalue())


def load_arrays(path: Path, *, only: Collection[str] | None = None) -> dict[str, npt.NDArray[Any]]:
    """The arrays of an .npz by name, checked against its sums: all, or those of `only` that are there, and "about".

    LibraryError when it is missing, broken or of another format.
    """
    if not path.is_file():
        raise LibraryError(f"{path}: not made yet; run mixtape build")
    try:
        # numpy takes an empty file for the end of one (EOFError), and a bad sum is found only when an array is read.
        with np.load(path, allow_pickle=False) as opened:
            wanted = opened.files if only is None else [name for name in opened.files if name in only or name == "about"]
            arrays = {name: opened[name] for name in wanted}
        found = about_arrays(arrays).get("format")
    except (OSError, EOFError, ValueError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        raise LibraryError(f"{path}: broken ({error}); delete it and run mixtape build again") from error
    if found != FORMAT:
        raise LibraryError(f"{path}: format {found}, this program needs {FORMAT}; run mixtape build again")
    return arrays


def about_arrays(arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, Any]:
    """What the arrays of an .npz say of themselves: its format, what it was made from, its settings."""
    loaded: dict[str, Any] = json.loads(arrays["about"].tobytes())
    return loaded
