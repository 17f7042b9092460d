"""What every recipe is: a function from a request and a collection to a mixtape, and what a request may ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mixtape.errors import MixtapeError
from mixtape.playlists.collection import Collection
from mixtape.types import Playlist


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody wants: the song to start from, how many songs with it, and how many lie between two of one artist.

    `variation` 0 is the plain list; every other number gives another list, the same each time. MixtapeError on a length under 1
    or a negative gap or variation.
    """

    seed_id: str
    length: int = 12
    variation: int = 0
    artist_gap: int = 2

    def __post_init__(self) -> None:
        for name, least in (("length", 1), ("variation", 0), ("artist_gap", 0)):
            if getattr(self, name) < least:
                raise MixtapeError(f"{name} {getattr(self, name)}: {least} or more is needed")


class Recipe(Protocol):
    """A way through the collection. LibraryError when the seed song is not in it; never an empty list."""

    def __call__(self, request: Request, collection: Collection) -> Playlist:
        """The mixtape this recipe makes of the request."""
        ...
