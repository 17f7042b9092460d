"""The readable traits of a whole collection, looked at by name: what one song has, and what share of the others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from mixtape.errors import ShapeError

_Column = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TraitTable:
    """`values` (n, d), a row for each song and a column for each of `names`. A trait that is no number is not known."""

    names: tuple[str, ...]
    values: npt.NDArray[Any]

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != len(self.names):
            raise ShapeError(f"traits {self.values.shape} for {len(self.names)} names; a column for each name is needed")

    @cached_property
    def _columns(self) -> dict[str, _Column]:
        return {name: np.asarray(self.values[:, k], np.float64) for k, name in enumerate(self.names)}

    def column(self, name: str) -> _Column:
        """A trait of all songs (n,); NaN where it is not known."""
        return self._columns.get(name, np.full(len(self.values), np.nan))

    def of(self, row: int, name: str) -> float:
        """A trait of one song."""
        return float(self.column(name)[row])

    @cached_property
    def _spreads(self) -> dict[str, float]:
        known = {name: column[np.isfinite(column)] for name, column in self._columns.items()}
        return {name: float(np.subtract(*np.percentile(c, [90, 10]))) if len(c) else 0.0 for name, c in known.items()}

    def spread(self, name: str) -> float:
        """From the lowest tenth of the songs to the highest: how far apart songs of this collection usually lie."""
        return self._spreads.get(name, 0.0)

    def share(self, holds: npt.NDArray[np.bool_], a: int) -> float:
        """The share of the songs other than `a` for which something `holds` (n,), 0 to 1."""
        return float(holds.sum() - holds[a]) / max(len(holds) - 1, 1)


def share_as_far_apart(column: _Column, change: float) -> float:
    """The share of pairs of songs, 0 to 1, whose trait (n,) differs by `change` or more: of all pairs one, two, four and so on
    apart, which are enough and the same each time."""
    known = column[np.isfinite(column)]
    steps = [2**k for k in range(max(len(known) - 1, 1).bit_length())]
    apart = np.concatenate([np.abs(known - np.roll(known, step)) for step in steps]) if len(known) > 1 else np.zeros(1)
    return float((apart >= abs(change)).mean())
