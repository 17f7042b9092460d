"""Columns of a feature set brought to one size, so that none is heard only because its numbers are large."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mixtape.errors import ShapeError
from mixtape.types import FloatArray

FARTHEST = 8.0
"""No number lies farther out than so many times the spread, so that one odd number cannot make a song a stranger to all."""

_SPREAD_FLOOR = 1e-5
_ROWS = 2048

_Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scaling:
    """What was learned from a collection to scale songs with: whether to take the logarithm, and mean and factor by column."""

    log: bool
    mean: _Vector
    factor: _Vector

    @classmethod
    def of(cls, values: npt.ArrayLike, *, kind: str = "log") -> Scaling:
        """Learn from `values` (n, d). `kind` is `log`, `column` or `whole`, as in `sets.SetKind`.

        A column that does not vary gets the factor 0 and so says nothing. ShapeError when `values` is not a table.
        """
        table = np.asarray(values)
        if table.ndim != 2:
            raise ShapeError(f"features of shape {table.shape}: a table (songs, numbers) is needed")
        log = kind == "log"
        heard, total = np.zeros(table.shape[1]), np.zeros(table.shape[1])
        for part, broken in _readable(table, log=log):
            heard += len(part) - broken.sum(axis=0)
            total += part.sum(axis=0)
        heard = np.maximum(heard, 1.0)
        mean = total / heard
        squares = np.zeros(table.shape[1])
        for part, broken in _readable(table, log=log):
            squares += np.where(broken, 0.0, (part - mean) ** 2).sum(axis=0)
        spread = np.sqrt(squares / heard)
        varies = spread > _SPREAD_FLOOR * (1.0 + np.abs(mean))
        if kind == "whole" and varies.any():
            spread = np.full_like(spread, np.sqrt(np.mean(spread[varies] ** 2)))
        return cls(log, mean, np.where(varies, 1.0 / np.where(varies, spread, 1.0), 0.0))

    def apply(self, values: npt.ArrayLike) -> FloatArray:
        """Scale rows (m, d); a number that is NaN or infinite becomes 0, the average of its column. Returns (m, d) float32."""
        table = np.asarray(values)
        scaled = np.zeros(table.shape, np.float32)
        for start, (part, broken) in zip(range(0, len(table), _ROWS), _readable(table, log=self.log), strict=True):
            part -= self.mean
            part *= self.factor
            part[broken] = 0.0
            scaled[start : start + _ROWS] = np.clip(part, -FARTHEST, FARTHEST)
        return scaled


def scaled(values: npt.ArrayLike, *, kind: str = "log") -> FloatArray:
    """Make the columns of one feature set (n, d) comparable: sign(x) log(1 + |x|), then to mean 0 and standard deviation 1.

    See `Scaling` for the other kinds and for numbers that are broken. Returns (n, d) float32.
    """
    return Scaling.of(values, kind=kind).apply(values)


def _readable(table: npt.NDArray[np.generic], *, log: bool) -> Iterator[tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]]:
    """The table some rows at a time in double precision, broken numbers as 0, with where they were."""
    for start in range(0, len(table), _ROWS):
        part = np.array(table[start : start + _ROWS], np.float64)
        broken = ~np.isfinite(part)
        part[broken] = 0.0
        yield np.sign(part) * np.log1p(np.abs(part)) if log else part, broken
