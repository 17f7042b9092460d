"""A claim is a few words about two songs, with the share of the collection of which it would be true as well.

The smaller that share, the more the claim says: one that holds for a hundredth of all songs tells two people more than one that
holds for a third. What says most comes first; a claim that holds for too many is not worth a line.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass

MOST = 3
"""So many claims make a reason."""

COMMONEST = 0.15
"""A likeness that holds for a larger share of the other songs than this is not told."""

EXACT_BITS = 3.0
"""What a number or a name is worth on top: people can check it."""

_SAID_BITS = 2.5
_ALIKE = "similar "
_APART = (
    frozenset({"rhythm", "pace differs"}),
    frozenset({"rhythm", "beat differs"}),
    frozenset({"sound", "tone differs"}),
    frozenset({"pace differs", "beat differs"}),
    frozenset({"rhythm", "beat none"}),
    frozenset({"pace", "beat none"}),
)
"""Claims that would sound like a contradiction in one breath, though both may hold."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Words about the second of two songs, seen from the first.

    `about` is what they speak of: of claims about one thing one is made. `share` is the share of the other songs, 0 to 1, of
    which the same, or more, could be said; for a difference, which `differs` marks, the share of all pairs of songs.
    `extra_bits` is what the words are worth besides: numbers and names more, vague words less.
    """

    text: str
    about: str
    share: float
    differs: bool = False
    extra_bits: float = 0.0

    @property
    def bits(self) -> float:
        """How much the claim says: -log2 of its share, and what its words are worth besides."""
        return -math.log2(max(self.share, 1e-6)) + self.extra_bits


def chosen(claims: Iterable[Claim], *, most: int = MOST, said: Collection[str] = ()) -> tuple[Claim, ...]:
    """The claims to make: likenesses first, what says most first, then one difference; none that sound like a contradiction.

    A difference never stands alone, since it is no reason for being near. `said` are texts of the lines before: a likeness that
    was just told gives way to one that says nearly as much. May be empty.
    """
    ordered = sorted(claims, key=lambda claim: (_SAID_BITS * (claim.text in said) - claim.bits, claim.text))
    likenesses = [claim for claim in ordered if not claim.differs and claim.share <= COMMONEST]
    differences = [claim for claim in ordered if claim.differs]
    taken: list[Claim] = []
    for claim in likenesses:
        if len(taken) < most and _goes_with(claim, taken):
            taken.append(claim)
    for claim in differences:
        kept = taken[: most - 1]
        if kept and _goes_with(claim, kept):
            return (*kept, claim)
    return tuple(taken)


def phrased(texts: Iterable[str]) -> str:
    """Claims in one line, what is similar told in one breath: `same pulse at 94 BPM, similar rhythm and sound, darker`."""
    parts = list(texts)
    alike = [text.removeprefix(_ALIKE) for text in parts if text.startswith(_ALIKE)]
    rest = [text for text in parts if not text.startswith(_ALIKE)]
    if not alike:
        return ", ".join(rest)
    before = sum(not text.startswith(_ALIKE) for text in parts[: parts.index(_ALIKE + alike[0])])
    listed = " and ".join(filter(None, (", ".join(alike[:-1]), alike[-1])))
    return ", ".join([*rest[:before], _ALIKE + listed, *rest[before:]])


def _goes_with(claim: Claim, taken: Iterable[Claim]) -> bool:
    return all(
        claim.about.split()[0] != other.about.split()[0] and frozenset({claim.about, other.about}) not in _APART
        for other in taken
    )
