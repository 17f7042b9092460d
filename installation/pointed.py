"""What whoever steers points at, as it is shown: the light on songs that fit a search, the stroke that is being drawn.

It belongs to the live show alone: neither the state nor an export knows of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from installation.lit import Lit
from installation.messages import Moment
from installation.places import smooth
from installation.songs import drawn_songs
from installation.state import FrameState
from installation.strokes import Stroke
from installation.world import World
from mixtape.types import FloatArray, Track

_UNDER_S = 0.12
"""How often the songs under a stroke are looked for while it is drawn."""

_FADES_S = 2.6
"""A stroke that was let go fades for so long."""


@dataclass(frozen=True, slots=True)
class Aim:
    """The `song` (id) that a gamepad aims at, "" for none, and how much 0..1 of the ring around it is there."""

    song: str
    weight: float


class Pointed:
    """Fed once a frame; `lit` and `stroke` are what is to be seen, None where there is nothing."""

    def __init__(self, world: World) -> None:
        """Nothing is pointed at yet."""
        self.lit: Lit | None = None
        self.stroke: Stroke | None = None
        self._world = world
        self._let_go_s = math.inf
        self._fits: tuple[Sequence[Track], tuple[int, ...]] = ((), ())
        self._under: tuple[int, float, tuple[int, ...]] = (0, -math.inf, ())

    def frame(
        self,
        moment: Moment,
        state: FrameState,
        *,
        searching: bool,
        found: Sequence[Track] | None,
        drawn: Sequence[tuple[float, float]],
    ) -> None:
        """Go on to `moment`: somebody is `searching` or not, and has `found` songs, best first (None: not yet), or has `drawn` a
        line so far through places of the map."""
        self._draw(drawn, moment.time_s)
        if not searching and not drawn and self.lit is None:
            return
        rows: Sequence[int] | None = ()
        if searching:
            rows = self._rows(found)
        elif drawn and self.stroke is not None:
            rows = self._rows_under(self.stroke, state, len(drawn), moment.time_s)
        lit = (self.lit or Lit.out(len(self._world.tracks))).follow(rows, searching=searching, dt_s=moment.dt_s)
        self.lit = None if lit.over and not searching and not drawn else lit

    def see(self, points: FloatArray) -> None:
        """A stroke (k, 2) that was drawn elsewhere: it is seen here, and fades."""
        self.stroke, self._let_go_s = Stroke(points), math.inf

    def _draw(self, drawn: Sequence[tuple[float, float]], now_s: float) -> None:
        if drawn:
            self.see(np.array(drawn, np.float32))
            return
        self._under = (0, -math.inf, ())
        if self.stroke is not None:
            self._let_go_s = min(self._let_go_s, now_s)
            weight = 1.0 - float(smooth((now_s - self._let_go_s) / _FADES_S))
            self.stroke = replace(self.stroke, weight=weight) if weight > 0.0 else None

    def _rows(self, found: Sequence[Track] | None) -> Sequence[int] | None:
        """Rows of the songs that were found; one and the same object while they are the same."""
        if found is not None and found is not self._fits[0]:
            self._fits = found, tuple(self._world.row[track.id] for track in found)
        return None if found is None else self._fits[1]

    def _rows_under(self, stroke: Stroke, state: FrameState, places: int, now_s: float) -> Sequence[int]:
        """Rows of the songs that a stroke would play, looked for now and then as it grows."""
        known, at_s, rows = self._under
        if places != known and now_s - at_s > _UNDER_S:
            rows = tuple(self._world.row[song] for song in drawn_songs(*stroke.meant(), state, self._world))
            self._under = places, now_s, rows
        return rows
