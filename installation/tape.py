"""The mixtape that is playing: which of its songs are still to come, and where it began. Pure: values in, values out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from installation.messages import KnobValue

LONGEST = 500
"""Songs of a mixtape that may wait."""

SOURCE = "recipes"
"""Where mixtapes that were made beside the show come from."""

CHOOSING = ("recipe", "variation", "similar_rhythm", "similar_timbre", "similar_tone", "similar_blocks", "similar_ear")
"""The knobs that say how the coming songs are chosen."""


PLAIN = "walk:0:1:1:1:1:1"
"""The manner of the walk under the weights of the build, which the step goes by itself."""


def manner_of(knobs: Mapping[str, KnobValue]) -> str:
    """How the coming songs are chosen by these knobs, as one word."""
    values = (knobs[name] for name in CHOOSING)
    return ":".join(f"{each:g}" if isinstance(each, float) else str(each) for each in values)


def write_made(manner: str, songs: Sequence[str]) -> str:
    """A mixtape as the value of a "tape" event."""
    return " ".join((manner, *songs))


def read_made(value: object) -> tuple[str, tuple[str, ...]]:
    """The manner it was made in, and its songs, the seed first."""
    manner, *songs = str(value or "").split() or [""]
    return manner, tuple(songs)


@dataclass(frozen=True, slots=True)
class Tape:
    """`songs` are those that have not begun, soonest first; `seed_id` is where the next mixtape starts when there are none.

    `manner` is how it was made (`manner_of`). `rounds` is how many mixtapes went into it: each is another variation, so that the
    same song seldom leads to the same ones. `spent` is set when another mixtape would bring nothing that was not heard lately;
    the walk goes on then.
    """

    seed_id: str
    manner: str = PLAIN
    songs: tuple[str, ...] = ()
    rounds: int = 0
    spent: bool = False

    @property
    def end(self) -> str:
        """The last song that is known to come, and the seed of what follows."""
        return self.songs[-1] if self.songs else self.seed_id

    def begun(self, song: str) -> Tape:
        """After a song has begun, whether its turn had come or not. One that begins when nothing waits is the next seed."""
        songs = tuple(each for each in self.songs if each != song)
        if songs:
            return replace(self, songs=songs)
        return replace(self, songs=(), seed_id=song, spent=False)

    def longer(self, made: Sequence[str], *, heard: Collection[str]) -> Tape:
        """With one more mixtape after it, ids from its seed on, without what waits already and what was `heard` lately."""
        taken = {*self.songs, *heard, *made[:1]}
        more = tuple(song for song in dict.fromkeys(made[1:]) if song not in taken)
        room = LONGEST - len(self.songs)
        return replace(self, songs=(*self.songs, *more[:room]), rounds=self.rounds + 1, spent=not more)
