"""Mixtapes for the show, made beside it: by a recipe, under weights of similarity that somebody turns while a song plays.

What is wanted is a function of the state (`order_of`), what was made comes back as an event, "tape", so that a log replays the
evening without making anything again. The walk under the weights of the build needs none of this: the step does it by itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Self

import numpy as np

from installation.beside import Beside, Failed
from installation.choice import walk
from installation.messages import ControlEvent, KnobValue
from installation.state import COMING, FrameState
from installation.tape import PLAIN, SOURCE, manner_of, write_made
from installation.world import World
from mixtape.config import Config
from mixtape.errors import LibraryError, MixtapeError
from mixtape.library import Library
from mixtape.playlists.collection import Collection
from mixtape.playlists.recipe import Request
from mixtape.playlists.registry import RECIPES, sentence_of
from mixtape.playlists.sources import library_sources
from mixtape.similarity.sets import SETS, Weights
from mixtape.similarity.space import Space

REWEIGHED = 2_000
"""Under other weights so many songs are measured anew: half of them near the seed, the others from all over the collection."""

_NEIGHBOURS = 50
_REST_S = 0.4
"""A knob rests so long before anything is made: a fader on its way passes many places."""

_PATIENCE_S = 10.0
"""After a failure it is tried again so much later."""

_HEARD = 200


@dataclass(frozen=True, slots=True)
class Order:
    """A mixtape to be made: in which `manner` (see `tape.manner_of`), from which song, as which variation, of how many songs.

    `factors` by family of feature sets are what the weights of the build are multiplied by. The walk keeps away from what was
    `heard` lately.
    """

    manner: str
    recipe: str
    seed_id: str
    variation: int
    factors: tuple[float, ...]
    length: int
    heard: tuple[str, ...]


def order_of(state: FrameState, world: World) -> Order | None:
    """What is to be made for this state; None when nothing is, or enough is known to come."""
    manner, tape = manner_of(state.wished), state.tape
    fresh = manner != tape.manner
    if state.room is not None or manner == PLAIN or (not fresh and (tape.spent or len(tape.songs) > COMING)):
        return None
    return Order(
        manner,
        str(state.wished["recipe"]),
        state.track_id if fresh else tape.end,
        int(state.wished["variation"]) + (0 if fresh else tape.rounds),
        factors_of(state.wished),
        world.config.playlist.length,
        (*state.history[-_HEARD:], *(() if fresh else tape.songs)),
    )


def factors_of(knobs: Mapping[str, KnobValue]) -> tuple[float, ...]:
    """What each family's weight is multiplied by, in the order of `Weights`."""
    return tuple(float(knobs[f"similar_{each.name}"]) for each in fields(Weights))


def manner_words(knobs: Mapping[str, KnobValue]) -> tuple[str, str]:
    """How the coming songs are chosen, for whoever steers: the recipe with what was turned, and what it does."""
    recipe, variation = str(knobs["recipe"]), int(knobs["variation"])
    parts = [recipe.replace("_", " "), *([f"variation {variation}"] if variation else [])]
    parts += [
        f"{each.name} x {factor:.2g}" for each, factor in zip(fields(Weights), factors_of(knobs), strict=True) if factor != 1
    ]
    return ", ".join(parts), _WALK if recipe == "walk" else sentence_of(RECIPES[recipe])


_WALK = "From song to near song, nothing twice in a long while."


class Composer:
    """Makes mixtapes in a process beside the show, which starts with the first one wanted. Used from the live loop alone."""

    def __init__(self, library: Path, config: Config) -> None:
        self._beside: Beside[tuple[str, ...]] = Beside(_compose, _begin, library, config, what="making a mixtape")
        self._asked: Order | None = None
        self._wanted: tuple[Order | None, float] = (None, 0.0)
        self._quiet_until_s = -math.inf
        self._faults: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._beside.close()

    def drain(self, state: FrameState, world: World) -> tuple[ControlEvent, ...]:
        """What was made since the last call, as events; asks for what is wanted now. Never waits."""
        now_s = state.moment.time_s
        found = self._answer(now_s)
        order = order_of(state, world)
        if _same(order, self._wanted[0]):
            order = self._wanted[0]
        else:
            self._wanted = (order, now_s)
        rested = now_s - self._wanted[1] >= _REST_S
        if order is not None and not found and rested and now_s >= self._quiet_until_s and self._beside.ask(order):
            self._asked, self._quiet_until_s = order, math.inf
        return found

    def errors(self) -> list[str]:
        """What went wrong since the last call, in words for a person."""
        told, self._faults = self._faults, []
        return told

    def _answer(self, now_s: float) -> tuple[ControlEvent, ...]:
        answer = self._beside.answer()
        if answer is None or self._asked is None:
            return ()
        if isinstance(answer, Failed):
            self._faults.append(f"{answer.words}; the walk goes on")
            self._quiet_until_s = now_s + _PATIENCE_S
            return ()
        # What was made for a moment that is over by now is passed over by the step.
        self._quiet_until_s, self._wanted = -math.inf, (None, now_s)
        return (_event(self._asked, answer, now_s),)


class DirectComposer:
    """The synchronous twin for exports: makes what is wanted before the next frame."""

    def __init__(self, library: Path, config: Config) -> None:
        self._library, self._config = library, config
        self._maker: Maker | None = None
        self._faults: list[str] = []
        self._failed: Order | None = None

    def drain(self, state: FrameState, world: World) -> tuple[ControlEvent, ...]:
        """What is wanted in this state, made now."""
        order = order_of(state, world)
        if order is None or _same(order, self._failed):
            return ()
        self._maker = self._maker or Maker(self._library, self._config)
        try:
            return (_event(order, self._maker.made(order), state.moment.time_s),)
        except MixtapeError as error:
            self._failed = order
            self._faults.append(f"making a mixtape: {error}; the walk goes on")
            return ()

    def errors(self) -> list[str]:
        """What went wrong since the last call."""
        told, self._faults = self._faults, []
        return told


def _same(order: Order | None, other: Order | None) -> bool:
    """Whether two orders are for the same mixtape; what was heard meanwhile does not make another of it."""
    return order == other or (order is not None and other is not None and replace(order, heard=()) == replace(other, heard=()))


def _event(order: Order, made: Sequence[str], now_s: float) -> ControlEvent:
    return ControlEvent(SOURCE, "tape", write_made(order.manner, made), now_s)


# In the process ----------------------------------------------------------------------------------------------------------------


class Maker:
    """The collection, opened once, and the last weighting of it."""

    def __init__(self, library: Path, config: Config) -> None:
        self._config = config
        self._library = Library(library)
        self._plain: Collection | None = None
        self._reweighed: tuple[tuple[tuple[float, ...], str], Collection] | None = None

    def made(self, order: Order) -> tuple[str, ...]:
        """The ids of the mixtape, its seed first. MixtapeError when there is no such song or no weight is left."""
        collection = self._collection(order)
        if order.recipe == "walk":
            return self._walk(order, collection)
        settings = self._config.playlist
        request = Request(
            order.seed_id,
            length=order.length,
            variation=order.variation,
            artist_gap=settings.artist_gap,
            album_cap=settings.album_cap,
            min_s=settings.min_s,
            max_s=settings.max_s,
            adventurous=settings.adventurous,
        )
        return RECIPES[order.recipe](request, collection).ids

    def _walk(self, order: Order, collection: Collection) -> tuple[str, ...]:
        coming = walk(
            (*order.heard, order.seed_id),
            min(order.length, len(collection.ids)) - 1,
            neighbours=collection.neighbours,
            xy=collection.song_map.xy,
            artists={track.id: track.artist for track in collection.tracks},
            config=self._config,
            variation=order.variation,
        )
        return order.seed_id, *coming

    def _collection(self, order: Order) -> Collection:
        if self._plain is None:
            self._plain = Collection.of(self._library, weights=Weights.of(self._config))
        if all(factor == 1.0 for factor in order.factors):
            return self._plain
        weighted = _multiplied(Weights.of(self._config), order.factors)
        # A small collection is measured whole, whatever song it is for.
        key = order.factors, order.seed_id if len(self._plain.ids) > REWEIGHED else ""
        if self._reweighed is None or self._reweighed[0] != key:
            self._reweighed = key, reweighed(self._plain, self._library, order.seed_id, weighted)
        return self._reweighed[1]


def _multiplied(weights: Weights, factors: Sequence[float]) -> Weights:
    named = zip(fields(Weights), factors, strict=True)
    return Weights(**{each.name: getattr(weights, each.name) * factor for each, factor in named})


def reweighed(collection: Collection, library: Library, seed_id: str, weights: Weights) -> Collection:
    """The same songs, in a large collection some of them, with the neighbours they have under other `weights`.

    MixtapeError when the weights leave nothing of the feature sets there are.
    """
    rows = _some(collection, collection.row(seed_id))
    tracks = tuple(collection.tracks[row] for row in rows)
    ids = tuple(track.id for track in tracks)
    known = {track.id: row for row, track in enumerate(library.tracks())}
    at = np.array([known[song] for song in ids])
    features = {}
    for name in SETS:
        try:
            features[name] = np.asarray(library.features(name).values[at])
        except LibraryError:
            # Heard before there was this set, or no ear has learned it yet.
            continue
    near = Space.of(features, ids, weights=weights).neighbours(_NEIGHBOURS)
    joined = Collection.joined(tracks, collection.song_map, near)
    return replace(joined, sources=library_sources(library, joined.tracks, weights=weights))


def _some(collection: Collection, seed: int) -> list[int]:
    """All rows of a small collection; of a large one those nearest to the seed, and others from all over it."""
    n = len(collection.ids)
    if n <= REWEIGHED:
        return list(range(n))
    order = np.argsort(collection.ways(seed), kind="stable")
    near, rest = order[: REWEIGHED // 2], np.sort(order[REWEIGHED // 2 :])
    spread = rest[np.linspace(0, len(rest) - 1, REWEIGHED // 2).astype(np.int64)]
    return sorted({seed, *near.tolist(), *spread.tolist()})


_maker: Maker | None = None
_wanting: tuple[Path, Config] | None = None


def _begin(library: Path, config: Config) -> None:
    global _wanting
    _wanting = library, config


def _compose(order: Order) -> tuple[str, ...]:
    global _maker
    if _maker is None:
        assert _wanting is not None
        _maker = Maker(*_wanting)
    return _maker.made(order)
