"""Why a song is in a mixtape, in the few words that fit on a line of a poster. Made from what it shares with the song before, or
from ranks, never from raw distances."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from mixtape.playlists.collection import Collection
from mixtape.playlists.export import one_line
from mixtape.why.claims import phrased

_COUNTED = ("", "second ", "third ", "fourth ", "fifth ", "sixth ", "seventh ", "eighth ", "ninth ", "tenth ")

_LONGEST = 28

BY_SOUND = "by its sound"
"""What is said where there is nothing else to say."""

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


def by_sound(order: Sequence[int], stored: int) -> Callable[[int], str]:
    """What to say of a row, given all rows by distance to the seed, of which so many distances are `stored`."""
    rank = {row: number for number, row in enumerate(order, start=1)}

    def reason(row: int) -> str:
        # Ranks behind the stored ones are estimates: they are not passed off as counted.
        if row not in rank:
            return ""
        if rank[row] > stored:
            return f"beyond the {stored} nearest by sound" if stored else "by its place on the map"
        return nearness(rank[row], len(order), where="by sound")

    return reason


def on_the_way(share: float) -> str:
    """How far along a path a song lies, from 0 to 1, in words."""
    return f"{round(10 * share) * 10} % of the way"


def called(row: int, collection: Collection) -> str:
    """What a song is called, short enough to stand in a sentence."""
    track = collection.tracks[row]
    name = one_line(track.title) or one_line(track.label) or "an untitled song"
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1].rstrip() + "…"
