"""Whose song comes next: guests' wishes in fair turns, and votes to skip. Pure: values in, values out.

Turns are given by self-clocked fair queueing (S. J. Golestani, "A self-clocked fair queueing scheme for broadband applications",
INFOCOM 1994) with songs for packets: a wish stands one turn after its phone's wish before, and never before the turn that is
being played. So phones play one song each, round after round, and whoever comes new waits for one song of every other phone, not
for everything that somebody put in before.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from types import MappingProxyType

PER_PHONE = 3
"""Songs of one phone that may wait."""

WAITING = 100
"""Songs that may wait in all."""

_PHONES_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Wish:
    """A song that a phone asked for, and its turn."""

    phone: str
    song: str
    turn: int


@dataclass(frozen=True, slots=True)
class Turns:
    """The songs wished for, soonest first; `now` is the turn that plays, `last` the last turn each phone has had or will have."""

    waiting: tuple[Wish, ...] = ()
    now: int = 0
    last: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def songs(self) -> tuple[str, ...]:
        """The ids that wait, soonest first."""
        return tuple(wish.song for wish in self.waiting)

    def asked(self, phone: str, song: str) -> Turns:
        """With one more wish, after all of its turn. Whether it may be is for `refusal` to say."""
        turn = max(self.now, self.last.get(phone, -1) + 1)
        place = sum(wish.turn <= turn for wish in self.waiting)
        waiting = (*self.waiting[:place], Wish(phone, song, turn), *self.waiting[place:])
        last = {**self.last, phone: turn}
        if len(last) > _PHONES_KEPT:
            # Whose last turn is over has nothing to lose by being forgotten.
            last = {each: turn for each, turn in last.items() if turn > self.now}
        return replace(self, waiting=waiting, last=MappingProxyType(last))

    def withdrawn(self, phone: str, song: str) -> Turns:
        """Without a phone's wish for a song; its later ones move up. As it is, when there is no such wish."""
        mine = [wish for wish in self.waiting if wish.phone == phone]
        if song not in {wish.song for wish in mine}:
            return self
        left = Turns(
            tuple(wish for wish in self.waiting if wish.phone != phone),
            self.now,
            MappingProxyType({**self.last, phone: mine[0].turn - 1}),
        )
        for wish in mine:
            left = left if wish.song == song else left.asked(phone, wish.song)
        return left

    def played(self, song: str) -> Turns:
        """After a song has begun: a wish for it is fulfilled, whether its turn had come or not."""
        for place, wish in enumerate(self.waiting):
            if wish.song == song:
                waiting = self.waiting[:place] + self.waiting[place + 1 :]
                return replace(self, waiting=waiting, now=max(self.now, wish.turn))
        return self

    def refusal(self, phone: str, song: str) -> str:
        """Why a phone cannot have a song put in, in words for its guest; empty when it can."""
        if song in self.songs:
            return f"already wished for: it comes {place_words(self.songs.index(song))}"
        if sum(wish.phone == phone for wish in self.waiting) >= PER_PHONE:
            return f"{PER_PHONE} of your songs are waiting; when one has played, you can wish again"
        if len(self.waiting) >= WAITING:
            return f"{WAITING} songs are waiting; try again after the next one"
        return ""


_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def place_words(place: int) -> str:
    """When a song comes, `place` counted from 0: "next", "next but one", "next but two", "after 20 others"."""
    if place == 0:
        return "next"
    return f"next but {_NUMBERS[place - 1]}" if place <= len(_NUMBERS) else f"after {place} others"


def needed(voters: Set[str], present: Set[str]) -> int:
    """How many votes skip a song: more than half of the phones that are here, those that voted among them."""
    return len(voters | present) // 2 + 1
