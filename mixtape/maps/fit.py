"""The family of maps in the library: fitted once, cached by what it was made from, and followed when songs join.

Every map is kept as a map of its own name, and as a way: how each song comes to it from the map before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple
from typing import Any

import numpy as np

from mixtape.apart import apart
from mixtape.config import Config
from mixtape.errors import LibraryError
from mixtape.library import Library
from mixtape.maps.embed import perplexity_for
from mixtape.maps.family import FUSED, Member, Station, Views, members, walk
from mixtape.maps.frame import MARGIN, SPACING, Frame, unstacked
from mixtape.maps.fused import FORMING, Kept, kept
from mixtape.progress import Progress, silent
from mixtape.similarity.sets import Weights
from mixtape.storage import digest_of
from mixtape.types import FloatArray, SongMap

FEWEST = 12
"""Fewer songs have one map."""

MOST = 5_000
"""More songs have one map: each step of the family measures all pairs."""

FIRST = Member(FUSED, 30.0)
"""The map a family begins with; it is called "fused"."""

_VERSION = 2
_BESIDE = 5


def family_names(library: Library) -> tuple[str, ...]:
    """The maps of a library in the order of the family, "fused" first; those that are not of its songs are left out.

    Those whose files are broken come last: reading one says what is to be done.
    """
    ids = {track.id for track in library.tracks()}
    placed, broken = [], []
    for name in library.names("ways"):
        if name == FORMING or name not in library.names("maps"):
            continue
        try:
            place, of = library.about("ways", name).get("place", 0), set(library.about("maps", name)["ids"])
        except (LibraryError, KeyError):
            broken.append(name)
            continue
        if of == ids:
            placed.append((place, name))
    return (FUSED, *(name for _, name in sorted(placed)), *broken)


def fit_family(
    library: Library, *, sets: Sequence[str], weights: Weights, config: Config, progress: Progress = silent
) -> tuple[str, ...]:
    """Fit what is missing of the family; returns the names of its maps, "fused" first.

    Songs that have joined the first map are put beside their nearest on every other one; the family is fitted anew only when the
    first map was, or when its settings change.

    Raises:
        ConfigError: the settings name a map that is none.
        LibraryError: there are more songs than `MOST`.
    """
    wanted = members(config.maps.family)
    first = kept(library)
    if first is None or len(first.ids) < FEWEST:
        return (FUSED,)
    if len(first.ids) > MOST:
        raise LibraryError(f"{len(first.ids)} songs: a family of maps measures all pairs and is for {MOST} songs at most")
    settings = digest_of(
        _VERSION, first.fit, config.maps.family, config.maps.steps, config.maps.rounds, astuple(weights), list(sets)
    )
    made_from = digest_of(settings, first.ids)
    there = _known(library, settings)
    if there and all(library.made_from("ways", name) == made_from for name in there):
        return (FUSED, *there)
    from threadpoolctl import threadpool_limits

    # One thread: how a matrix product is split over threads changes its last bits, and with them all that follows.
    with threadpool_limits(1):
        views = _views(library, first.ids, sets, weights)
        if there and set(library.way(there[0])[0]) & set(first.ids):
            _follow(library, there, first, views, made_from=made_from, settings=settings)
            return (FUSED, *there)
        _forget(library)
        return (FUSED, *_fit(library, wanted, first, views, config, made_from=made_from, settings=settings, progress=progress))


def _views(library: Library, ids: tuple[str, ...], sets: Sequence[str], weights: Weights) -> Views:
    row = {track.id: at for at, track in enumerate(library.tracks())}
    order = [row[song] for song in ids]
    return Views({name: np.asarray(library.features(name).values)[order] for name in sets}, ids, weights)


def _known(library: Library, settings: str) -> tuple[str, ...]:
    """The maps that were fitted under these settings, in order; none if one of them is missing."""
    found = []
    for name in library.names("ways"):
        try:
            about = library.way(name)[2] if name != FORMING else {}
        except LibraryError:
            return ()
        if about.get("settings") == settings:
            if name not in library.names("maps"):
                return ()
            found.append((int(about["place"]), int(about["of"]), name))
    whole = bool(found) and len(found) == found[0][1]
    return tuple(name for _, _, name in sorted(found)) if whole else ()


def _forget(library: Library) -> None:
    for name in library.names("ways"):
        if name != FORMING:
            library.forget("ways", name)
            library.forget("maps", name)


def _fit(
    library: Library,
    wanted: Sequence[Member],
    first: Kept,
    views: Views,
    config: Config,
    *,
    made_from: str,
    settings: str,
    progress: Progress,
) -> list[str]:
    possible = [member for member in wanted if member != FIRST and views.shares(member.feature_set)]
    names: list[str] = []

    def keep(station: Station) -> None:
        place = len(names) + 1
        way = placed_way(station, first.frame)
        about = {"settings": settings, "place": place, "of": len(possible), "kl": station.kl}
        _put(library, station.member, way, first.ids, station.perplexity, config.build.seed, about=about, made_from=made_from)
        names.append(station.member.name)
        progress("family of maps", place, len(possible))

    progress("family of maps", 0, len(possible))
    apart(
        _walked,
        first.points,
        FIRST,
        possible,
        views,
        what="laying out the family of maps",
        watch=keep,
        base=perplexity_for(len(first.ids), most=config.build.perplexity),
        steps=config.maps.steps,
        rounds=config.maps.rounds,
        seed=config.build.seed,
    )
    return names


def _walked(*given: Any, watch: Callable[[Station], None], **named: Any) -> None:
    """`walk`, where each map is told as it is ready."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        for station in walk(*given, **named):
            watch(station)


def placed_way(station: Station, frame: Frame) -> FloatArray:
    """The steps to a map as places (s, n, 2) float32; on the map itself, songs that would lie on a heap are moved apart."""
    steps = [frame.at(points) for points in station.way]
    spread = unstacked(steps[-1], spacing=SPACING, side=1.0 - 2.0 * MARGIN)
    return np.stack([*steps[:-1], np.clip(spread, 0.0, 1.0).astype(np.float32)])


def _put(
    library: Library,
    member: Member,
    way: FloatArray,
    ids: tuple[str, ...],
    perplexity: float,
    seed: int,
    *,
    about: dict[str, object],
    made_from: str,
) -> None:
    # The map before the way: a way that is there stands for both.
    song_map = SongMap(member.name, ids, way[-1], member.feature_set, perplexity, seed)
    library.put_map(song_map, made_from=made_from)
    library.put_way(member.name, ids, way, about=about, made_from=made_from)


def _follow(library: Library, names: Sequence[str], first: Kept, views: Views, *, made_from: str, settings: str) -> None:
    """Put songs that are new beside their nearest on every map; on the way there they go straight."""
    before = first.xy
    for name in names:
        known = library.map(name)
        ids, way, about = library.way(name)
        row = {song: at for at, song in enumerate(ids)}
        was = np.array([row.get(song, -1) for song in first.ids])
        held = was >= 0
        steps = way[:, was]
        near = views.near(views.shares(known.feature_set), k=4 * _BESIDE)
        for song in np.flatnonzero(~held):
            few = [other for other in near.index[song] if held[other]][:_BESIDE]
            steps[-1, song] = np.median(way[-1][was[few]], axis=0) if few else (0.5, 0.5)
        spread = unstacked(steps[-1], spacing=SPACING, held=held, side=1.0 - 2.0 * MARGIN)
        steps[-1, ~held] = np.clip(spread[~held], 0.0, 1.0)
        for step in range(len(steps) - 1):
            share = np.float32((step + 1) / len(steps))
            steps[step, ~held] = (1 - share) * before[~held] + share * steps[-1, ~held]
        before = steps[-1]
        kind = {key: about[key] for key in ("settings", "place", "of", "kl")}
        member = Member(known.feature_set, float(name.rpartition("-")[2]))
        _put(library, member, steps, first.ids, known.perplexity, known.seed, about=kind, made_from=made_from)
