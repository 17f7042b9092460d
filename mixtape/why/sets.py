"""What can be said of two songs from the feature sets: in which of them they are among each other's nearest."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from mixtape.why.claims import Claim
from mixtape.why.nearness import Nearness

NEAREST = 0.05
"""Two songs are called similar in a set where each is in this nearest share of the other's."""

_EVERY_WAY = 3
"""From so many families on it means something to be nearest in all of them."""

FIRM_PULSE = 0.5
"""From this pulse on in both songs a similar rhythm may be one of drums."""


@dataclass(frozen=True, slots=True)
class Family:
    """What two songs may have in common, the words for it, the sets that must say so together, what the words are worth."""

    words: str
    sets: tuple[str, ...]
    extra_bits: float = 0.0


FAMILIES: dict[str, Family] = {
    "rhythm": Family("similar rhythm", ("rp", "rh"), 0.5),
    "sound": Family("similar sound", ("ssd", "timbre")),
    "harmony": Family("similar harmony", ("tonal",)),
    "patterns": Family("similar patterns", ("blocks",), -1.5),
    "character": Family("similar character", ("ear_linear", "ear_net"), -1.5),
}
"""The families of sets by what they hear."""


def set_claims(near: Nearness, a: int, b: int, *, drums: bool = False) -> Iterator[Claim]:
    """In which ways `a` and `b` are alike, by the sets there are. `drums`: what beats in both is drums."""
    shares = {about: share for about in FAMILIES if (share := family_share(near, about, a, b)) is not None}
    if len(shares) >= _EVERY_WAY and max(shares.values()) <= min(near.least_share(a, b), NEAREST):
        yield Claim("nearest in every way", "everything", max(shares.values()), extra_bits=1.0)
        return
    for about, share in shares.items():
        if share <= NEAREST:
            words = "similar drums" if about == "rhythm" and drums else FAMILIES[about].words
            yield Claim(words, about, share, extra_bits=FAMILIES[about].extra_bits)


def family_share(near: Nearness, about: str, a: int, b: int) -> float | None:
    """The nearest share of each other in which two songs are, over the sets of a family (geometric mean); None without any."""
    present = [name for name in FAMILIES[about].sets if name in near.tables]
    if not present:
        return None
    return math.exp(sum(math.log(near.nearer_share(name, a, b)) for name in present) / len(present))
