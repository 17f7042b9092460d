"""Which songs an open search or a stroke lights, and how brightly by now: for whoever steers, no part of the state, in no export.

Everything eases by time alone, so that typing fast never flashes: letters that light half the map and put it out again, four
times a second, move its light by a twelfth.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from installation.camera import spring
from mixtape.types import FloatArray

BEST = 5
"""So many of the songs that are found stand out, and carry their titles."""

_EASE_S = 0.45
_OPENS = 3.2
_GONE = 0.004
_FEW = 12


@dataclass(frozen=True, slots=True, eq=False)
class Lit:
    """Light on n songs. `songs` (n,) is how far 0..1 each is lit, `best` the rows that are said by name, best first.

    `open` 0..1 is how far a search has opened: so far the whole land is seen. `dim` 0..1 is how far all other songs have
    stepped back. `aim` (n,) is where `songs` are going, for the rows that were `found`; `opens` and `dims` are speeds.
    """

    songs: FloatArray
    aim: FloatArray
    found: Sequence[int] = ()
    best: tuple[int, ...] = ()
    open: float = 0.0
    opens: float = 0.0
    dim: float = 0.0
    dims: float = 0.0

    @classmethod
    def out(cls, n: int) -> Lit:
        """No song of n is lit."""
        return cls(np.zeros(n, np.float32), np.zeros(n, np.float32))

    @property
    def over(self) -> bool:
        """Whether nothing of it can be seen any more."""
        return max(self.open, self.dim) < _GONE

    def follow(self, found: Sequence[int] | None, *, searching: bool, dt_s: float) -> Lit:
        """The light `dt_s` later, while the rows `found` fit, best first; None: not known yet. `searching` draws the view back.

        A song's light goes as aim + (light - aim) exp(-t / 0.45 s), so two short steps equal one long one.
        """
        lit = self if found is None else self._aimed(found)
        kept = np.float32(math.exp(-dt_s / _EASE_S))
        opened, opens = spring(lit.open, lit.opens, float(searching), _OPENS, dt_s)
        dimmed, dims = spring(lit.dim, lit.dims, float(len(lit.found) > 0), _OPENS, dt_s)
        songs = lit.aim + (lit.songs - lit.aim) * kept
        return replace(lit, songs=songs, open=opened, opens=opens, dim=dimmed, dims=dims)

    def _aimed(self, found: Sequence[int]) -> Lit:
        """At other songs: the best of them wholly lit, and the more the others are, the less."""
        if found is self.found:
            return self
        aim = np.zeros_like(self.aim)
        aim[list(found)] = min(0.75, 0.75 * math.sqrt(_FEW / max(len(found), 1)) + 0.15)
        aim[list(found[:BEST])] = 1.0
        return replace(self, found=found, aim=aim, best=tuple(found[:BEST]))
