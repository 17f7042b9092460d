"""The spaces that are compared: each feature set by itself, the plain joining of the old three, and the fused distance."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mixtape.config import Config
from mixtape.errors import LibraryError, MixtapeError
from mixtape.similarity.sets import SETS, Weights, shares
from mixtape.storage import save_arrays
from mixtape.types import FloatArray, Neighbours

if TYPE_CHECKING:
    from mixtape.library import Library

RAW = "raw_concatenation"
"""RP, SSD and RH joined to 1,668 numbers as they are, Euclidean distance: what a first attempt would do."""

FUSED = "fused"
"""What the product recommends by."""

_RAW_SETS = ("rp", "ssd", "rh")

Sets = Mapping[str, FloatArray]


def families_of(sets: Collection[str]) -> tuple[str, ...]:
    """The families of weights that have at least one feature set here, in the order of the settings."""
    present = {SETS[name].family for name in sets if name in SETS}
    return tuple(field.name for field in fields(Weights) if field.name in present)


def heard_sets(library: Library) -> dict[str, FloatArray]:
    """Every feature set that all songs of the library were heard with: (n, d) tables, rows in the order of `tracks()`."""
    found = {}
    for name in SETS:
        try:
            found[name] = library.features(name).values
        except LibraryError:
            # A set that came with a newer version of the program: the library does not have it until it is built again.
            continue
    return found


def space_names(sets: Sets) -> tuple[str, ...]:
    """The rows of the table: every set, then the plain joining where its sets are there, then the fused distance."""
    raw = (RAW,) if all(name in sets for name in _RAW_SETS) else ()
    return (*sets, *raw, *((FUSED,) if sets else ()))


def distances(name: str, sets: Sets, *, weights: Weights) -> FloatArray:
    """Distances (n, n) float32 in a space by name. MixtapeError naming the spaces there are when there is none of that name."""
    from mixtape.similarity.distances import set_distances
    from mixtape.similarity.fusion import fused_distances

    if name == FUSED and sets:
        return fused_distances(sets, weights=weights)
    if name == RAW and all(each in sets for each in _RAW_SETS):
        return plain_distances(np.hstack([sets[each] for each in _RAW_SETS]))
    if name in sets:
        return set_distances(name, sets[name])
    raise MixtapeError(
        f"no feature set '{name}' in this library; there is {', '.join(space_names(sets)) or 'none, run mixtape build'}"
    )


def proximities(sets: Sets) -> dict[str, FloatArray]:
    """Each set's own part of the fused distance, (n, n) float32 from 0 to 1, to be added under many weights with `refused`."""
    from mixtape.similarity.distances import part_distances, parts_of
    from mixtape.similarity.proximity import into_mutual_proximity

    def table(name: str) -> FloatArray:
        parts = ((share, into_mutual_proximity(part_distances(part))) for part, share in parts_of(sets, {name: 1.0}))
        return _added(parts)

    return {name: table(name) for name in sets}


def refused(tables: Sets, *, weights: Weights) -> FloatArray:
    """The fused distance (n, n) from the `proximities` of the sets: what `fused_distances` gives, without measuring again."""
    from mixtape.similarity.proximity import into_evened, into_mutual_proximity

    total = _added((share, tables[name]) for name, share in shares(tables, weights).items())
    return into_evened(into_mutual_proximity(total))


def _added(parts: Iterable[tuple[float, FloatArray]]) -> FloatArray:
    total: FloatArray | None = None
    for share, table in parts:
        part = np.float32(share) * table
        total = part if total is None else total + part
    assert total is not None, "a set has at least one part, and shares are of at least one set"
    return total


def plain_distances(values: FloatArray) -> FloatArray:
    """Euclidean distance between all rows of (n, d), nothing scaled: (n, n) float32."""
    rows = np.asarray(values, np.float64)
    rows = rows - rows.mean(axis=0, keepdims=True) if len(rows) else rows
    squares = np.einsum("ij,ij->i", rows, rows)
    lengths = squares[:, None] + squares[None, :]
    found = np.sqrt(np.maximum(lengths - 2.0 * rows @ rows.T, 0.0))
    np.fill_diagonal(found, 0.0)
    # A product with itself may differ in the last bit across the diagonal.
    return np.asarray(np.minimum(found, found.T), np.float32)


def write_neighbours(path: Path, library: Library, config: Config, *, space: str = FUSED, k: int = 50) -> int:
    """Write the k nearest songs of every song, by a space, for judges with labels of their own; returns how many songs.

    The .npz holds `paths` (n,) text, `index` (n, k) int32 rows into them, nearest first and the song itself left out, and
    `distance` (n, k) float32; k is cut to n - 1. MixtapeError when there is no such space, LibraryError when there is no song.
    """
    from threadpoolctl import threadpool_limits

    tracks = library.tracks()
    if not tracks:
        raise LibraryError(f"{library.folder}: no song is ready; run mixtape build DIR on a folder with music")
    with threadpool_limits(1):
        near = _neighbours(library, tuple(track.id for track in tracks), config, space, k)
    paths = np.array([str(track.path) for track in tracks])
    save_arrays(path, {"paths": paths, "index": near.index, "distance": near.distance}, about={"set": space})
    return len(tracks)


def _neighbours(library: Library, ids: tuple[str, ...], config: Config, space: str, k: int) -> Neighbours:
    from mixtape.similarity.nearest import nearest
    from mixtape.similarity.space import Space

    sets, weights = heard_sets(library), Weights.of(config)
    if space == FUSED and sets:
        # As the product does it, for any number of songs.
        return Space.of(sets, ids, weights=weights).neighbours(k)
    if space not in space_names(sets):
        # Any other set that was heard, such as the traits, has a plain distance of its own.
        with suppress(LibraryError):
            sets = {space: library.features(space).values}
    return nearest(distances(space, sets, weights=weights), ids, k=k)
