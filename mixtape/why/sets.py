"""What can be said of two songs from the feature sets: in which of them they are among each other's nearest."""

from __future__ import annotations

import math
from collections.abc import Iterator

from mixtape.why.claims import Claim
from mixtape.why.nearness import Nearness

NEAREST = 0.05
"""Two songs are called similar in a set where each is in this nearest share of the other's."""

FIRM_PULSE = 0.5
"""From this pulse on in both songs a similar rhythm may be one of drums."""

FAMILIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "rhythm": ("similar rhythm", ("rp", "rh")),
    "sound": ("similar sound", ("ssd", "timbre")),
    "harmony": ("similar harmony", ("tonal",)),
    "patterns": ("similar patterns", ("blocks",)),
    "character": ("similar character", ("ear_linear", "ear_net")),
}
"""What is similar, the words for it, and the sets that must say so together."""


def set_claims(near: Nearness, a: int, b: int, *, drums: bool = False) -> Iterator[Claim]:
    """In which ways `a` and `b` are alike, by the sets there are. `drums`: what beats in both is drums."""
    for about, (words, _) in FAMILIES.items():
        share = family_share(near, about, a, b)
        if share is not None and share <= NEAREST:
            yield Claim("similar drums" if about == "rhythm" and drums else words, about, share)


def family_share(near: Nearness, about: str, a: int, b: int) -> float | None:
    """The nearest share of each other in which two songs are, over the sets of a family (geometric mean); None without any."""
    present = [name for name in FAMILIES[about][1] if name in near.tables]
    if not present:
        return None
    return math.exp(sum(math.log(near.nearer_share(name, a, b)) for name in present) / len(present))
