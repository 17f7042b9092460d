"""Each feature set by its own measure: Euclidean, Manhattan, cosine, or the divergence of Gaussians.

A `Part` is one set (or one pattern of a set) of a collection, encoded so that distances come fast: between blocks of songs by
matrix products, from one song to many by one pass. Two rows that are the same are at distance 0 exactly; so are rows that agree
to within the rounding of the formula.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mixtape.errors import ShapeError
from mixtape.similarity import gaussians
from mixtape.similarity.proximity import into_mutual_proximity, put_both, upper_blocks
from mixtape.similarity.scaling import FARTHEST, Scaling
from mixtape.similarity.sets import SETS, SetKind, patterns
from mixtape.types import FloatArray

_SAME = 1e-9
_UNKNOWN = SetKind("", "euclidean", "log")
_ROOM = 1 << 17
_STEP = FARTHEST / 127.0
_WIDE = 512

_Rows = npt.NDArray[Any]


def set_distances(name: str, values: npt.ArrayLike) -> FloatArray:
    """Distances between all songs in one feature set (n, d), by the measure of its name; Euclidean for a name not in `SETS`.

    A set of several patterns is measured pattern by pattern, and what is returned is the mean of their mutual proximities.
    Returns (n, n) float32, symmetric, 0 on the diagonal. ShapeError when `values` is no table or does not suit the measure.
    """
    table = np.asarray(values)
    pieces = patterns(name, _checked(name, table).shape[1])
    if len(pieces) == 1:
        return part_distances(Part.of(name, table))
    total = np.zeros((len(table), len(table)), np.float32)
    for columns in pieces:
        total += into_mutual_proximity(part_distances(Part.of(name, table, columns=columns)))
    total /= np.float32(len(pieces))
    return total


@dataclass(frozen=True, eq=False)
class Part:
    """One set or pattern of a collection: encoded `rows` (n, w), and how to encode more of the kind.

    `rows` are float32, or whole numbers of 8 bits that stand for `step` each.
    """

    name: str
    columns: slice
    measure: str
    encode: Callable[[npt.ArrayLike], FloatArray]
    flat: Callable[[npt.ArrayLike], FloatArray]
    rows: _Rows
    step: float = 1.0

    @classmethod
    def of(cls, name: str, values: npt.NDArray[Any], *, columns: slice | None = None, small: bool = False) -> Part:
        """Encode the `columns` of a feature set (n, d). With `small`, wide sets are kept in 8 bits a number."""
        kind = SETS.get(name, _UNKNOWN)
        taken = columns or slice(0, _checked(name, values).shape[1])
        table = values[:, taken]
        if kind.measure == "gaussian":
            common = gaussians.Common.of(table)
            return cls(name, taken, kind.measure, common.encode, common.flat, common.encode(table))
        encode = _directions if kind.measure == "cosine" else Scaling.of(table, kind=kind.scaling).apply
        if small and kind.measure != "cosine" and table.shape[1] >= _WIDE:
            return cls(name, taken, kind.measure, encode, encode, _in_steps(encode, table), _STEP)
        return cls(name, taken, kind.measure, encode, encode, encode(table))

    def at(self, rows: Any) -> FloatArray:
        """Encoded rows of some songs, float32."""
        return self._read(self.rows[rows])

    def encoded(self, vector: npt.ArrayLike) -> FloatArray:
        """A new song's vector (d,) encoded as the rows are: (w,)."""
        fresh = self.encode(np.asarray(vector)[None, self.columns])
        return self._read(_rounded(fresh) if self.rows.dtype == np.int8 else fresh)[0]

    def _read(self, rows: _Rows) -> FloatArray:
        if rows.dtype != np.int8:
            return np.asarray(rows, np.float32)
        read = rows.astype(np.float32)
        read *= np.float32(self.step)
        return read

    def between(self, a: FloatArray, b: FloatArray) -> npt.NDArray[Any]:
        """Distances of all encoded rows of a (m, w) from all of b (n, w): (m, n)."""
        return _TABLES[self.measure](a, b)

    def from_one(self, song: FloatArray, others: FloatArray) -> npt.NDArray[Any]:
        """Distances of one encoded row (w,) from others (n, w): (n,)."""
        return _LINES[self.measure](song, others)


def parts_of(
    features: Mapping[str, npt.NDArray[Any]], shares: Mapping[str, float], *, small: bool = False
) -> Iterator[tuple[Part, float]]:
    """The parts of the sets that have a share, each with its own share; a set's patterns divide it evenly."""
    for name, share in shares.items():
        pieces = patterns(name, _checked(name, np.asarray(features[name])).shape[1])
        for columns in pieces:
            yield Part.of(name, np.asarray(features[name]), columns=columns, small=small), share / len(pieces)


def part_distances(part: Part) -> FloatArray:
    """Distances between all songs of a part: (n, n) float32, made block by block, each pair once."""
    n = len(part.rows)
    distances = np.zeros((n, n), np.float32)
    for down, across in upper_blocks(n):
        put_both(distances, down, across, part.between(part.at(down), part.at(across)))
    np.fill_diagonal(distances, 0.0)
    return distances


def _checked(name: str, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if values.ndim != 2:
        raise ShapeError(f"feature set '{name}' of shape {values.shape}: a table (songs, numbers) is needed")
    return values


def _directions(values: npt.ArrayLike) -> FloatArray:
    rows = np.array(values, np.float32)
    rows[~np.isfinite(rows).all(axis=1)] = 0.0
    largest = np.abs(rows).max(axis=1, initial=0.0)[:, None]
    rows /= np.where(largest > 0.0, largest, 1.0)
    length = np.linalg.norm(rows, axis=1)[:, None]
    return np.asarray(rows / np.where(length > 0.0, length, 1.0), np.float32)


def _in_steps(encode: Callable[[npt.ArrayLike], FloatArray], values: npt.NDArray[Any]) -> npt.NDArray[np.int8]:
    rows = np.zeros(values.shape, np.int8)
    for start in range(0, len(values), 4096):
        rows[start : start + 4096] = _rounded(encode(values[start : start + 4096]))
    return rows


def _rounded(scaled: FloatArray) -> npt.NDArray[np.int8]:
    return np.rint(scaled / np.float32(_STEP)).astype(np.int8)


# Measures: a block of songs against a block, and one song against many ---------------------------------------------------------


def _squared(a: FloatArray, b: FloatArray) -> npt.NDArray[np.float64]:
    """|a|^2 + |b|^2 - 2ab in double precision; rows that agree to about 3e-5 of their length count as the same."""
    left, right = a.astype(np.float64), b.astype(np.float64)
    lengths = np.einsum("ij,ij->i", left, left)[:, None] + np.einsum("ij,ij->i", right, right)
    squared = left @ right.T
    squared *= -2.0
    squared += lengths
    squared[squared <= _SAME * lengths] = 0.0
    return squared


def _squared_line(song: FloatArray, others: FloatArray) -> npt.NDArray[Any]:
    apart = others - song
    squared: npt.NDArray[Any] = np.einsum("ij,ij->i", apart, apart)
    squared[squared <= _SAME * 2.0 * float(song @ song)] = 0.0
    return squared


def _manhattan(a: FloatArray, b: FloatArray) -> npt.NDArray[Any]:
    found = np.zeros((len(a), len(b)), np.float32)
    # As many songs at a time as fit the processor's nearest memory: three times as fast as whole rows.
    some = max(8, _ROOM // max(1, b.shape[1]))
    ones = np.ones(b.shape[1], np.float32)
    for start in range(0, len(b), some):
        others = b[start : start + some]
        apart = np.empty_like(others)
        for row, song in enumerate(a):
            np.subtract(others, song, out=apart)
            np.abs(apart, out=apart)
            found[row, start : start + some] = apart @ ones
    return found


_TABLES: dict[str, Callable[[FloatArray, FloatArray], npt.NDArray[Any]]] = {
    "euclidean": lambda a, b: np.sqrt(_squared(a, b)),
    "cosine": lambda a, b: 0.5 * _squared(a, b),
    "manhattan": _manhattan,
    "gaussian": lambda a, b: np.sqrt(gaussians.divergences(a, b)),
}

_LINES: dict[str, Callable[[FloatArray, FloatArray], npt.NDArray[Any]]] = {
    "euclidean": lambda song, others: np.sqrt(_squared_line(song, others)),
    "cosine": lambda song, others: 0.5 * _squared_line(song, others),
    "manhattan": lambda song, others: _manhattan(song[None], others)[0],
    "gaussian": lambda song, others: np.sqrt(gaussians.divergences(song[None], others)[0]),
}
