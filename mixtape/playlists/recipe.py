"""What every recipe is: a function from a request and a collection to a mixtape, and what a request may ask."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from mixtape.errors import MixtapeError
from mixtape.playlists.collection import Collection
from mixtape.types import Playlist

_LEAST = {"length": 1, "variation": 0, "artist_gap": 0, "album_cap": 0, "min_s": 0, "max_s": 0}


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody wants of a mixtape that starts with `seed_id`.

    `length` songs, or as many as come nearest to `minutes` where given. `artist_gap` songs lie between two of one artist, at most
    `album_cap` are from one album (0: any number), and each lasts from `min_s` to `max_s` seconds (0: no limit).
    `variation` 0 is the plain list; every other number gives another list, the same each time. `adventurous`, 0 to 1, is how far
    the list strays from what is nearest. `like`, `unlike` and `through` are ids of more songs to be near to, to keep away from,
    and to come by in that order, the last of them being where a path ends. `curve` is the energy wanted over the list, two or
    more points from 0 to 1, evenly spread. `bpm` is where a tempo ramp is to lead.

    MixtapeError when a number is out of its range.
    """

    seed_id: str
    length: int = 12
    variation: int = 0
    artist_gap: int = 2
    album_cap: int = 0
    minutes: float | None = None
    min_s: float = 0.0
    max_s: float = 0.0
    adventurous: float = 0.0
    like: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()
    through: tuple[str, ...] = ()
    curve: tuple[float, ...] = ()
    bpm: float | None = None

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            if not getattr(self, name) >= least:
                raise MixtapeError(f"{name} {getattr(self, name)}: {least} or more is needed")
        if not 0.0 <= self.adventurous <= 1.0:
            raise MixtapeError(f"adventurous {self.adventurous}: 0 (what is nearest) to 1 (far out) is needed")
        if self.max_s and self.max_s < self.min_s:
            raise MixtapeError(f"songs from {self.min_s:g} s to {self.max_s:g} s: the first must not be more than the second")
        if self.minutes is not None and not (math.isfinite(self.minutes) and self.minutes > 0):
            raise MixtapeError(f"minutes {self.minutes}: a length above 0 is needed")
        if self.bpm is not None and not 20 <= self.bpm <= 400:
            raise MixtapeError(f"bpm {self.bpm}: 20 to 400 is needed")
        if len(self.curve) == 1 or not all(0.0 <= point <= 1.0 for point in self.curve):
            raise MixtapeError(f"curve {', '.join(map(str, self.curve))}: two or more points from 0 to 1 are needed")

    def fits(self, duration_s: float) -> bool:
        """Whether a song of that length is wanted; of one whose length is not known nobody can say otherwise."""
        return duration_s <= 0 or (duration_s >= self.min_s and not 0 < self.max_s < duration_s)


class Recipe(Protocol):
    """A way through the collection. LibraryError when a song asked for is not in it; never an empty list."""

    def __call__(self, request: Request, collection: Collection) -> Playlist:
        """The mixtape this recipe makes of the request."""
        ...
