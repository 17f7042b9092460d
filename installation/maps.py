"""The family of maps during the show: where every song is on each of them, and on its way from one to another.

A change of map is a flight: each tile leaves its place for its new one, those near the playing song first. Between neighbours of
the family it takes the way that the family kept, in small steps; between others it goes straight, in a slight curve. A flight
that is not over when the next one begins goes on under it: the new one takes over from wherever the tiles are, so that neither
their places nor their speed ever jump. All of it follows from the flights and the time alone.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from types import MappingProxyType

import numpy as np

from installation.camera import STRETCH
from installation.landscape import Landscape, landscape
from installation.names import Name, names_of
from installation.places import STAGGER, Places, curved, lateness, places_of, smooth
from mixtape.errors import LibraryError
from mixtape.types import FloatArray, Grid, Region, SongMap

MOST_FLIGHTS = 3
"""So many flights are under way at once at most; a wish for another map waits until the oldest has landed."""

_APART = 1.0 / 3.0
"""A flight sets out when the one before has come so far."""

_GROUNDS = 3


@dataclass(frozen=True, slots=True)
class Flight:
    """A flight to a map: its name, when it set out, how long it takes, and the song it begins from.

    `still` where nothing shall move: then one map fades into the other.
    """

    map: str
    since_s: float = -math.inf
    lasts_s: float = 0.0
    focus: str = ""
    still: bool = False

    def share(self, time_s: float) -> float:
        """How far 0..1 it has come."""
        return 1.0 if time_s >= self.since_s + self.lasts_s else max(0.0, (time_s - self.since_s) / self.lasts_s)


Flights = tuple[Flight, ...]
"""Oldest first: the first has landed, the others are under way, each from wherever those before it have brought the tiles."""


def landed(flights: Flights, time_s: float) -> Flights:
    """Without those that a later flight has left behind for good."""
    done = [number for number, flight in enumerate(flights) if flight.share(time_s) >= 1.0]
    return flights[done[-1] :] if done else flights


def set_out(flights: Flights, to: str, *, time_s: float, lasts_s: float, focus: str, still: bool) -> Flights:
    """With one more flight, to another map, when it is time for it: those before it must have come far enough."""
    last = flights[-1]
    busy = len(flights) > (1 if still or last.still else MOST_FLIGHTS)
    if to == last.map or busy or last.share(time_s) < _APART:
        return flights
    return (*flights, Flight(to, time_s, lasts_s, focus, still))


def weight_of(flights: Flights, name: str, time_s: float) -> float:
    """How much 0..1 of what is seen is this map."""
    weight = float(flights[0].map == name)
    for flight in flights[1:]:
        come = float(smooth(flight.share(time_s)))
        weight = weight * (1.0 - come) + come * (flight.map == name)
    return weight


def named(flights: Flights, time_s: float) -> list[tuple[str, float]]:
    """The maps whose islands' names are seen, and how much 0..1 of them: gone soon after tiles set out, there when they land."""
    found = []
    for number, flight in enumerate(flights):
        there = float(smooth((flight.share(time_s) - 0.8) / 0.2)) if number else 1.0
        for later in flights[number + 1 :]:
            there *= 1.0 - float(smooth(later.share(time_s) / 0.15))
        if there > 0.0:
            found.append((flight.map, there))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Sibling:
    """One map of the family: what it is by, in words, the map, and the way (s, n, 2) to it from the map before, or None."""

    words: str
    song_map: SongMap
    way: FloatArray | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """Where the songs are in a frame: xy (n, 2) in the unit square as a `SongMap` has them, and their tiles' places."""

    xy: FloatArray
    places: Places


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """Where songs pass between two maps: stages (s, n, 2) in world units, and how far along 0..1 each of them is (s,)."""

    stages: FloatArray
    along: FloatArray

    @classmethod
    def of(cls, stages: FloatArray) -> Way:
        """Through these stages at an even pace; what is jagged in them is rounded off."""
        smoothed = stages.copy()
        for _ in range(2):
            smoothed[1:-1] = 0.25 * (smoothed[:-2] + 2.0 * smoothed[1:-1] + smoothed[2:])
        steps = np.hypot(*np.moveaxis(np.diff(smoothed, axis=0), 2, 0)).mean(axis=1) + 1e-9
        along = np.concatenate([[0.0], np.cumsum(steps)])
        return cls(smoothed, np.asarray(along / along[-1], np.float32))

    def reversed(self) -> Way:
        """The same way back."""
        return Way(self.stages[::-1], 1.0 - self.along[::-1])

    def at(self, p: FloatArray) -> FloatArray:
        """Places (n, 2) of songs each `p` (n,) 0..1 along: Catmull-Rom through the stages."""
        last = len(self.stages) - 1
        place = np.interp(p, self.along, np.arange(last + 1))
        low = np.minimum(place.astype(int), last - 1)
        t = (place - low).astype(np.float32)[:, None]
        songs = np.arange(len(p))
        a, b, c, d = (self.stages[np.clip(low + k, 0, last), songs] for k in (-1, 0, 1, 2))
        return np.asarray(0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3))


class Family:
    """The maps of a collection, each read and set when it is first wanted: `prepare` does that beforehand, in any thread.

    Islands are the one thing that no thread may look for beside a show, since for a part of that all others stand still:
    `name_apart` has it done in a process of its own, and until it has, the map of that name has no islands.
    """

    def __init__(
        self,
        first: SongMap,
        grid: Grid,
        *,
        words: str = "",
        tints: Callable[[], FloatArray],
        regions: Callable[[SongMap], tuple[Region, ...]] = lambda _: (),
        regions_apart: Callable[[str], tuple[Region, ...]] | None = None,
        others: Mapping[str, Callable[[], Sibling]] = MappingProxyType({}),
    ) -> None:
        """`first` is the map that is there at once, `others` read those that follow it, in the family's order.

        `tints` (n, 3) are the songs' colours, `regions` finds a map's islands, `regions_apart` those of the map of a name, in
        another process.
        """
        self.names: tuple[str, ...] = (first.name, *others)
        self._grid, self._tints, self._regions, self._regions_apart = grid, tints, regions, regions_apart
        self._ready: set[str] = set()
        self._coming: set[str] = set()
        self._broken: set[str] = set()
        self._read: dict[str, Callable[[], Sibling]] = {first.name: lambda: Sibling(words, first), **others}
        self._siblings: dict[str, Sibling] = {}
        self._places: dict[str, Places] = {}
        self._ways: dict[tuple[str, str], Way | None] = {}
        self._names: dict[str, tuple[Name, ...]] = {}
        self._grounds: OrderedDict[str, Landscape] = OrderedDict()
        self._shelf = threading.Lock()
        self._late = lru_cache(maxsize=8)(self._lateness)

    @property
    def first(self) -> str:
        """The map that everything else goes by."""
        return self.names[0]

    @cached_property
    def tints(self) -> FloatArray:
        """One colour (n, 3) 0..1 for each song."""
        return self._tints()

    @cached_property
    def _rows(self) -> Mapping[str, int]:
        return {song: row for row, song in enumerate(self.sibling(self.first).song_map.ids)}

    def row(self, track_id: str) -> int:
        """Row of a song; 0 for one that is not there."""
        return self._rows.get(track_id, 0)

    def fault(self, name: str) -> str | None:
        """Why a map cannot be shown, or None where it can."""
        if name not in self._read:
            return f"no map '{name[:40]}' here; there are {', '.join(self.names)}"
        try:
            self.sibling(name)
        except LibraryError as error:
            return f"map '{name}': {error}"
        return None

    def after(self, name: str, count: int) -> str:
        """The map so many places on in the family's order, around its end; those that could not be read are passed over."""
        names = [each for each in self.names if each == name or each not in self._broken]
        at = names.index(name) if name in names else 0
        return names[(at + count) % len(names)]

    def prepare(self, name: str, *, apart: bool = False) -> None:
        """Work out everything that is needed to show a map. LibraryError when it cannot be read.

        Where the islands come `apart`, `name_apart` must follow.
        """
        if apart and name not in self._names:
            self._coming.add(name)
        at = self.names.index(name)
        for neighbour in self.names[max(at - 1, 0) : at + 2]:
            if neighbour != name and self.fault(neighbour) is None:
                self.way(name, neighbour)
        self.places(name)
        self.ground(name)
        if not apart:
            self.islands(name)
        self._ready.add(name)

    def name_apart(self, name: str) -> None:
        """Look for the islands of a map in a process of its own; takes seconds. MixtapeError when that comes to nothing."""
        if name not in self._coming:
            return
        try:
            found = self._regions_apart(name) if self._regions_apart else self._regions(self.sibling(name).song_map)
            self._names[name] = names_of(found)
        finally:
            self._names.setdefault(name, ())
            self._coming.discard(name)

    def ready(self, name: str) -> bool:
        """Whether it is prepared, so that showing it costs no frame its time."""
        return name in self._ready and name in self._grounds

    def sibling(self, name: str) -> Sibling:
        """A map as it was read. LibraryError when it cannot be."""
        if name not in self._siblings:
            try:
                self._siblings[name] = self._read[name]()
            except LibraryError:
                self._broken.add(name)
                raise
        return self._siblings[name]

    def places(self, name: str) -> Places:
        """The tiles on a map."""
        if name not in self._places:
            made = places_of(self.sibling(name).song_map, self._grid)
            # One set of cells for all maps: the grid is the first one's.
            grid = self.places(self.first) if name != self.first else made
            self._places[name] = replace(grid, map_xy=made.map_xy, map_half=made.map_half)
        return self._places[name]

    def islands(self, name: str) -> tuple[Name, ...]:
        """The names on a map; none yet where they come apart."""
        if name in self._coming:
            return ()
        if name not in self._names:
            self._names[name] = names_of(self._regions(self.sibling(name).song_map))
        return self._names[name]

    def ground(self, name: str) -> Landscape:
        """The land under a map; that of the last few is kept, since each takes 9 MB."""
        with self._shelf:
            if name in self._grounds:
                self._grounds.move_to_end(name)
                return self._grounds[name]
        made = landscape(self.places(name).map_xy, self.tints)
        with self._shelf:
            self._grounds[name] = made
            while len(self._grounds) > _GROUNDS:
                self._grounds.popitem(last=False)
        return made

    def way(self, before: str, after: str) -> Way | None:
        """The way from a map to its neighbour in the family, either way round; None between others, and where none was kept."""
        key = before, after
        if key not in self._ways:
            self._ways[key] = self._found(before, after)
        return self._ways[key]

    def laid(self, flights: Flights, time_s: float) -> Laid:
        """Where the songs are at a time."""
        return _laid(self, landed(flights, time_s), time_s if len(flights) > 1 else 0.0)

    def late(self, before: str, focus: int) -> tuple[FloatArray, float]:
        """How late (n,) tiles set out from a map, and the reach that is latest: see `places.lateness`."""
        return self._late(before, focus)

    def _lateness(self, before: str, focus: int) -> tuple[FloatArray, float]:
        return lateness(self.places(before).map_xy, focus)

    def _found(self, before: str, after: str) -> Way | None:
        here, there = (self.names.index(name) for name in (before, after))
        if here > there:
            back = self.way(after, before)
            return back.reversed() if back else None
        kept = self.sibling(after).way if there == here + 1 else None
        if kept is None:
            return None
        ends = self.sibling(before).song_map.xy[None], self.sibling(after).song_map.xy[None]
        return Way.of(in_world(np.concatenate([ends[0], kept[:-1], ends[1]])))


def in_world(xy: FloatArray) -> FloatArray:
    """Places (..., 2) of the unit square in world units."""
    return np.asarray((xy - np.float32(0.5)) * np.array([STRETCH, 1.0], np.float32), np.float32)


def in_unit(xy: FloatArray) -> FloatArray:
    """Places (..., 2) in world units in the unit square."""
    return np.asarray(xy / np.array([STRETCH, 1.0], np.float32) + np.float32(0.5), np.float32)


@lru_cache(maxsize=4)
def _laid(family: Family, flights: Flights, time_s: float) -> Laid:
    first = flights[0].map
    xy, places = family.sibling(first).song_map.xy, family.places(first)
    if len(flights) == 1:
        return Laid(xy, places)
    at, half = in_world(xy), places.map_half
    off = places.map_xy - at
    for before, flight in pairwise(flights):
        at, off, half = _flown(family, before.map, flight, (at, off, half), time_s)
    return Laid(in_unit(at), replace(places, map_xy=at + off, map_half=half))


_Tiles = tuple[FloatArray, FloatArray, FloatArray]


def _flown(family: Family, before: str, flight: Flight, origin: _Tiles, time_s: float) -> _Tiles:
    """Places on the map (n, 2), what tiles are moved from there (n, 2) and half sides (n,), from `origin` on by one flight.

    With p (n,) the share that each tile has come of its path from `before`: path(p) + (origin - path(0)) (1 - p).
    """
    at, off, half = origin
    from_xy, to_xy = (in_world(family.sibling(name).song_map.xy) for name in (before, flight.map))
    there = family.places(flight.map)
    share = flight.share(time_s)
    if flight.still:
        p = np.full(len(at), np.float32(share >= 0.5))
    else:
        late, _ = family.late(before, family.row(flight.focus))
        p = smooth(share * (1.0 + STAGGER) - late).astype(np.float32)
    way = None if flight.still else family.way(before, flight.map)
    path = curved(from_xy, to_xy, p) if way is None else way.at(p)
    rest = (1.0 - p)[:, None]
    there_off = there.map_xy - to_xy
    return (
        path + (at - from_xy) * rest,
        off * rest + there_off * p[:, None],
        half + (there.map_half - half) * p,
    )
