"""Why a song is in a mixtape, in the few words that fit on a line of a poster. Made from what it shares with the song before, or
from ranks, never from raw distances."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mixtape.why.claims import phrased

_COUNTED = ("", "second ", "third ", "fourth ", "fifth ", "sixth ", "seventh ", "eighth ", "ninth ", "tenth ")

SEED = "the seed song"
"""What stands beside the seed."""


def seed_reason(notes: Sequence[str]) -> str:
    """What stands beside the seed: that it is, and which rules had to give way for this list."""
    return "; ".join([SEED, *notes])


def counted(rank: int) -> str:
    """What stands before "nearest": nothing for rank 1, `second ` to `tenth `, then `11. `."""
    return _COUNTED[rank - 1] if rank <= len(_COUNTED) else f"{rank}. "


def told(words: Sequence[str], otherwise: str) -> str:
    """What there is to say of a song after the one before it, or else why the recipe chose it."""
    return phrased(words) or otherwise


def nearness(rank: int, others: int, *, where: str) -> str:
    """`third nearest by sound`; from the eleventh on which part of the collection it is among. Rank 1 is the nearest.

    `where` says in which way: "by sound", "on the map". `others` is how many songs there are besides the seed.
    """
    if rank <= len(_COUNTED):
        return f"{counted(rank)}nearest {where}"
    share = math.ceil(100 * rank / others)
    return f"among the nearest {share} % {where}" if share <= 50 else f"{rank}. of {others} {where}"
