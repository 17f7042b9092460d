"""Why songs of a collection are near each other: traits and feature sets looked at together, words chosen, most telling first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mixtape.errors import LibraryError
from mixtape.why.claims import Claim, chosen
from mixtape.why.nearness import Nearness
from mixtape.why.sets import FAMILIES, FIRM_PULSE, set_claims
from mixtape.why.table import TraitTable
from mixtape.why.traits import trait_claims

if TYPE_CHECKING:
    from mixtape.library import Library

_REMEMBERED = 2

SILENCE_LUFS = -69.0
"""A song no louder than this is like nothing: that it has no highs and no beat is no likeness."""


class Why:
    """What can be said of any two songs of a collection."""

    def __init__(
        self,
        ids: Sequence[str],
        *,
        traits: TraitTable | None = None,
        sets: Mapping[str, npt.NDArray[Any]] | None = None,
    ) -> None:
        """`traits` has a row for each of `ids`, and so has every one of `sets` (n, d)."""
        self.ids, self.traits, self.sets = tuple(ids), traits, dict(sets or {})

    @classmethod
    def of(cls, library: Library) -> Why:
        """What the library knows, be it much or little; the sets are mapped, not read."""
        ids = tuple(track.id for track in library.tracks())
        return cls(ids, traits=_traits(library), sets=_sets(library))

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {song: row for row, song in enumerate(self.ids)}

    def row(self, song: str) -> int:
        """The row of a song. LibraryError when it is not in the collection."""
        if song not in self._rows:
            raise LibraryError(f"song id '{song}' is not among the {len(self.ids)} songs here; run mixtape build again")
        return self._rows[song]

    def nearness(self, songs: Sequence[str]) -> Nearness:
        """How near these songs are in each set."""
        return Nearness.of(self.sets, [self.row(song) for song in songs])

    def claims(self, a: str, b: str, *, near: Nearness | None = None) -> list[Claim]:
        """All that can be said of `b` seen from `a`, in no order, contradictions among it; of silence nothing."""
        here, there = self.row(a), self.row(b)
        if self._silent(here) or self._silent(there):
            return []
        said = list(trait_claims(self.traits, here, there)) if self.traits is not None else []
        return said + list(set_claims(near or self.nearness([a, b]), here, there, drums=self._drums(here, there)))

    def words(self, a: str, b: str) -> tuple[str, ...]:
        """The three things that say most, or fewer, or none."""
        return tuple(claim.text for claim in chosen(self.claims(a, b))) if a != b else ()

    def along(self, way: Sequence[str]) -> tuple[tuple[str, ...], ...]:
        """For each song of a list but the first what there is to say of it after the one before; what was just said waits."""
        if len(way) < 2:
            return ()
        near = self.nearness(way)
        lines: list[tuple[str, ...]] = []
        for a, b in pairwise(way):
            before = {text for line in lines[-_REMEMBERED:] for text in line}
            lines.append(tuple(claim.text for claim in chosen(self.claims(a, b, near=near), said=before)))
        return tuple(lines)

    def _silent(self, row: int) -> bool:
        return self.traits is not None and self.traits.of(row, "loudness_lufs") <= SILENCE_LUFS

    def _drums(self, a: int, b: int) -> bool:
        """Whether both songs beat plainly and are less of notes than most here: then what beats is drums, or does their work."""
        if self.traits is None:
            return False
        pulse, tonality = self.traits.column("pulse"), self.traits.column("tonality")
        return bool(min(pulse[a], pulse[b]) >= FIRM_PULSE and max(tonality[a], tonality[b]) <= np.nanmedian(tonality))


def _traits(library: Library) -> TraitTable | None:
    try:
        values = library.features("traits").values
    except LibraryError:
        return None
    from mixtape.features.traits import TRAITS

    return TraitTable(tuple(trait.name for trait in TRAITS), values) if values.shape[1] == len(TRAITS) else None


def _sets(library: Library) -> dict[str, npt.NDArray[Any]]:
    found = {}
    for name in (name for family in FAMILIES.values() for name in family.sets):
        try:
            found[name] = library.features(name).values
        except LibraryError:
            # Heard before there was this set, or no ear has learned it yet.
            continue
    return found
