"""The map everything walks on, made and kept up: fitted once, then songs join it where they belong and nobody else moves.

What was fitted is kept as a layout: points, frame, and how many songs have come and gone since. While these are fewer than a
fifth, a build holds every known song where it is and lets the new ones find their place among them; the engine would move the
known ones too (openTSNE's transform shifts its reference in place), so they are held by a gradient of zero instead. `relax` lets
all of them settle, from where they are. Beyond a fifth, or under other settings, the map is fitted anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from mixtape.apart import apart
from mixtape.errors import LibraryError
from mixtape.library import Library
from mixtape.maps.embed import layout, perplexity_for, relaxed
from mixtape.maps.family import FUSED, onto
from mixtape.maps.frame import MARGIN, SPACING, Frame, placed, unstacked
from mixtape.storage import digest_of
from mixtape.types import FloatArray, Neighbours, SongMap

REFIT_SHARE = 5
"""One song in so many may come or go before the map is fitted anew."""

FEWEST_TO_JOIN = 25
"""A smaller map is fitted anew at every change: that takes a moment, and few songs hold nobody in place."""

FORMING = "forming"
"""The way of the first map out of chaos."""

_FITTING = "laying out the map"
_JOIN_ROUNDS = 100
_RELAX_ROUNDS = 100
_BESIDE = 10

_Points = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """A layout as it is kept: ids, points (n, 2), places (n, 2), frame, and which fit it goes back to.

    `settings` is a digest of all but the songs that the map depends on, `fitted` the number of songs of its last fit, `changed`
    how many have come or gone since, `fit` a digest that names that fit.
    """

    ids: tuple[str, ...]
    points: _Points
    xy: FloatArray
    frame: Frame
    settings: str
    fitted: int
    changed: int
    fit: str


def song_map(
    library: Library,
    near: Neighbours,
    begin: Mapping[str, npt.NDArray[np.float32]],
    *,
    perplexity: float,
    seed: int,
    settings: str,
    made_from: str,
) -> SongMap:
    """The map of these songs, fitted or followed, kept in the library with all that belongs to it; rows as in `near`.

    Args:
        near: the neighbours by sound, at least 3 x the perplexity of them.
        begin: the feature tables that a first layout starts from.
        perplexity: for a large collection; `perplexity_for` says what becomes of it.
        settings: a digest of everything but the songs that the map depends on.
        made_from: the digest that the map is kept under.
    """
    used = perplexity_for(len(near.ids), most=perplexity)
    known = kept(library)
    if known is not None and _follows(known, near.ids, settings):
        now = _joined(known, near, perplexity=used, seed=seed)
    else:
        now = _fitted(library, near, begin, perplexity=used, seed=seed, settings=settings)
    return _keep(library, now, perplexity=used, seed=seed, made_from=made_from)


def relax(library: Library, near: Neighbours, *, perplexity: float, seed: int) -> SongMap:
    """Let all songs of the kept map settle from where they are; rows as in `near`, whose songs must be those of the map.

    LibraryError when the library has no layout of these songs.
    """
    known = kept(library)
    if known is None or set(known.ids) != set(near.ids):
        raise LibraryError(f"{library.folder}: its map is of other songs, or of an older version; run mixtape build again")
    row = {song: at for at, song in enumerate(known.ids)}
    order = [row[song] for song in near.ids]
    used = perplexity_for(len(near.ids), most=perplexity)
    before = known.points[order]
    made = apart(relaxed, before, near, what=_FITTING, perplexity=used, seed=seed, rounds=_RELAX_ROUNDS)
    points = onto(made.points, before)
    xy = unstacked(known.frame.at(points), spacing=SPACING, side=1.0 - 2.0 * MARGIN)
    now = replace(
        known,
        ids=near.ids,
        points=points,
        xy=np.clip(xy, 0.0, 1.0).astype(np.float32),
        fitted=len(near.ids),
        changed=0,
        fit=digest_of(points),
    )
    return _keep(library, now, perplexity=used, seed=seed, made_from=library.made_from("maps", FUSED) or "")


def kept(library: Library) -> Kept | None:
    """The layout the library keeps of its first map, or None where there is none."""
    try:
        ids, arrays, about = library.layout(FUSED)
        return Kept(
            ids,
            arrays["points"],
            arrays["xy"],
            Frame.of_numbers(arrays["frame"]),
            *(about[name] for name in ("settings", "fitted", "changed", "fit")),
        )
    except (LibraryError, KeyError):
        return None


def _follows(known: Kept, ids: tuple[str, ...], settings: str) -> bool:
    """Whether so little has changed since the fit that new songs are to join it."""
    changed = known.changed + len(set(known.ids) ^ set(ids))
    return known.settings == settings and known.fitted >= FEWEST_TO_JOIN and changed * REFIT_SHARE < known.fitted


def _fitted(
    library: Library,
    near: Neighbours,
    begin: Mapping[str, npt.NDArray[np.float32]],
    *,
    perplexity: float,
    seed: int,
    settings: str,
) -> Kept:
    seen: list[_Points] = []
    made = apart(
        layout, begin, near, what=_FITTING, watch=lambda _, points: seen.append(points), perplexity=perplexity, seed=seed
    )
    xy, frame = placed(made.points)
    if seen:
        library.put_way(
            FORMING,
            near.ids,
            np.concatenate([forming(seen, made.points, frame), xy[None]]),
            about={},
            made_from=digest_of(made.points),
        )
    return Kept(near.ids, made.points, xy, frame, settings, len(near.ids), 0, digest_of(made.points))


def forming(seen: list[_Points], last: _Points, frame: Frame) -> FloatArray:
    """The rounds of a fit as places on the map it led to: (steps, n, 2) float32, turned as the map is.

    t-SNE begins a ten-thousandth as large as it ends; every round is shown as wide as the last one, so that there is something to
    see from the first.
    """
    here, there = seen[-1] - seen[-1].mean(axis=0), last - last.mean(axis=0)
    u, _, v = np.linalg.svd(here.T @ there)
    wide = float(np.abs(there).max())
    steps = []
    for points in seen:
        centred = (points - points.mean(axis=0)) @ (u @ v)
        steps.append(frame.at(centred * (wide / max(float(np.abs(centred).max()), 1e-12)) + last.mean(axis=0)))
    return np.stack(steps)


def _joined(known: Kept, near: Neighbours, *, perplexity: float, seed: int) -> Kept:
    """Songs that are new find their place; those that are known keep theirs, to the byte."""
    row = {song: at for at, song in enumerate(known.ids)}
    was = np.array([row.get(song, -1) for song in near.ids])
    held = was >= 0
    points = beside(known.points[was], near, held)
    rounds = _JOIN_ROUNDS
    points = apart(relaxed, points, near, what=_FITTING, perplexity=perplexity, seed=seed, rounds=rounds, held=held).points
    xy = known.xy[was]
    xy[~held] = known.frame.at(points[~held])
    spread = unstacked(xy, spacing=SPACING, held=held, side=1.0 - 2.0 * MARGIN)
    xy[~held] = np.clip(spread[~held], 0.0, 1.0)
    changed = known.changed + len(set(known.ids) ^ set(near.ids))
    return replace(known, ids=near.ids, points=points, xy=xy, changed=changed)


def beside(points: npt.NDArray[np.float64], near: Neighbours, held: npt.NDArray[np.bool_]) -> _Points:
    """Points (n, 2) with every one that is not `held` put in the middle (median) of the nearest few that are."""
    begin = np.array(points, np.float64)
    centre = np.median(points[held], axis=0)
    for count, song in enumerate(np.flatnonzero(~held)):
        few = [other for other in near.index[song] if held[other]][:_BESIDE]
        # Songs that are alike would begin on one point, and stay there: between such there is no slope.
        turn = count * np.pi * (3.0 - np.sqrt(5.0))
        begin[song] = (np.median(points[few], axis=0) if few else centre) + 1e-3 * np.array([np.cos(turn), np.sin(turn)])
    return begin


def _keep(library: Library, now: Kept, *, perplexity: float, seed: int, made_from: str) -> SongMap:
    arrays: dict[str, npt.NDArray[Any]] = {"points": now.points, "xy": now.xy, "frame": now.frame.numbers}
    about = {"settings": now.settings, "fitted": now.fitted, "changed": now.changed, "fit": now.fit}
    library.put_layout(FUSED, now.ids, arrays, about=about, made_from=made_from)
    return SongMap(FUSED, now.ids, now.xy, FUSED, perplexity, seed)
