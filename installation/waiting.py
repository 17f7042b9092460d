"""Wishes that would cost a frame its time wait here until what they need has been found, read or laid out beside the loop."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from installation.ahead import Ahead
from installation.messages import BEGINS, SEEDS, ControlEvent
from installation.points import read_points
from installation.songs import drawn_songs
from installation.state import FrameState
from installation.world import World

READ_S = 0.3
"""So long at most a song chosen out of turn waits until it has been read."""

FOUND_S = 2.0
"""And so long one that was asked for in words, until it has been found."""

REST_S = 0.25
"""So long at least lies between two songs that somebody lets begin, and between two maps: each costs frames their time."""

_MOST = 8


class Waiting:
    """A song chosen out of turn begins when it has been found and read, a map is shown when it has been laid out.

    Of several songs, or maps, that were chosen one after the other the last counts. What lets songs begin keeps its order, and
    comes every `REST_S` at the most, whoever wishes and however fast; of more than `_MOST` that wait the newest are passed over.
    """

    def __init__(self, world: World, ahead: Ahead) -> None:
        self._world, self._ahead = world, ahead
        self._events: list[ControlEvent] = []
        self._first: tuple[object, str | None] = (None, None)
        self._rests_until_s = {"song": -math.inf, "map": -math.inf}

    def ready(self, events: Sequence[ControlEvent], state: FrameState, *, now_s: float) -> list[ControlEvent]:
        """What can be done in this frame, of these `events` and of those that waited."""
        waiting, self._events = self._events, []
        if any(event.knob in SEEDS for event in events):
            waiting = [event for event in waiting if event.knob not in BEGINS]
        if any(self._kind(event) == "map" for event in events):
            waiting = [event for event in waiting if event.knob != "map"]
        ready: list[ControlEvent] = []
        for event in (*waiting, *events):
            meant = self._named(event, now_s) if event.knob == "seed" else event
            kind = self._kind(meant)
            before = sum(self._kind(other) == kind for other in self._events) if kind else 0
            if kind and (before or now_s < self._rests_until_s[kind] or self._waits(meant, state, now_s)):
                self._events += [meant] if before < _MOST else []
                continue
            ready.append(replace(meant, time_s=now_s))
            if kind:
                self._rests_until_s[kind] = now_s + REST_S
        return ready

    def _kind(self, event: ControlEvent) -> str:
        """What an event lets come: another song, another map, or nothing that costs a frame its time."""
        if event.knob in BEGINS:
            return "song"
        return "map" if event.knob == "map" and event.value in self._world.maps.names else ""

    def songs(self, state: FrameState) -> Iterator[str]:
        """The ids of the songs that are waited for."""
        return (song for event in self._events if (song := self._chosen(event, state)))

    def map(self, state: FrameState) -> str:
        """The map that was wished for last, though it may not be laid out yet."""
        waiting = [str(event.value) for event in self._events if event.knob == "map"]
        return waiting[-1] if waiting else str(state.wished["map"])

    def _named(self, event: ControlEvent, now_s: float) -> ControlEvent:
        """A seed in words as the song that it means, once that is known."""
        text = str(event.value)
        if text in self._world.row or not (tracks := self._ahead.meant(text)):
            return event
        return replace(event, value=tracks[0].id, time_s=now_s)

    def _waits(self, event: ControlEvent, state: FrameState, now_s: float) -> bool:
        """Whether an event would cost a frame its time, and has not waited long enough."""
        wish, waited_s = str(event.value), now_s - event.time_s
        if self._kind(event) == "map":
            return not self._ahead.map(wish)
        if (song := self._chosen(event, state)) is not None:
            return song != state.track_id and waited_s < READ_S and not self._ahead.has(song)
        return event.knob == "seed" and waited_s < FOUND_S and self._ahead.meant(wish) is None

    def _chosen(self, event: ControlEvent, state: FrameState) -> str | None:
        """The song that an event lets begin, where that is known beforehand."""
        if event.knob == "seed" and event.value in self._world.row:
            return str(event.value)
        if event.knob not in ("line", "lasso"):
            return None
        key = event.knob, event.value, state.track_id
        if self._first[0] != key:
            songs = drawn_songs(event.knob, read_points(event.value), state, self._world)
            self._first = key, songs[0] if songs else None
        return self._first[1]
