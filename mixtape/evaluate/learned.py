"""What the ears that learned on this collection hear in half a song."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mixtape.errors import LibraryError, ModelError
from mixtape.types import ByteArray, FloatArray

if TYPE_CHECKING:
    from mixtape.ear.linear import LinearEar
    from mixtape.ear.network import NetEar
    from mixtape.library import Library

EARS = ("ear_linear", "ear_net")
"""Sets that an ear of the collection's own has learned."""


def learned_halves(library: Library, folder: Path, ids: Sequence[str], names: Iterable[str]) -> dict[str, FloatArray]:
    """For each learned set its vectors (2n, d) of the first halves of the songs `ids`, then of the second.

    A set whose ear cannot be read is left out.
    """
    from mixtape.features.halves import half_sketches

    found = {}
    for name in names:
        try:
            ear = _ear(name, library.ear_folder / f"{name}.npz")
        except (LibraryError, ModelError):
            continue
        pairs = [_embedded(ear, half_sketches(folder, song)) for song in ids]
        found[name] = np.stack([pair[half] for half in (0, 1) for pair in pairs])
    return found


def _ear(name: str, path: Path) -> LinearEar | NetEar:
    from mixtape.ear.linear import LinearEar

    if name == "ear_linear":
        return LinearEar.load(path)
    from mixtape.ear.network import NetEar

    return NetEar.load(path)


def _embedded(ear: LinearEar | NetEar, sketches: tuple[ByteArray, ByteArray]) -> tuple[FloatArray, FloatArray]:
    first, second = sketches
    return ear.embed(first), ear.embed(second)
