"""A family of maps: the same songs by different feature sets and perplexities, laid out so that one map can become the next.

Two t-SNE layouts made each from scratch have little in common to the eye: songs jump across a fifth of the map. So only the first
map is made so; each sibling starts from the finished layout of the one before, settles for fewer rounds, and is then turned,
mirrored and scaled onto it (Procrustes). It ends a little above the divergence of a fit of its own, and the eye can follow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mixtape.errors import ConfigError
from mixtape.maps.embed import Layout, Watch, layout, placed
from mixtape.types import FloatArray, Neighbours, SongMap

_Points = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Member:
    """One map of a family: by which feature set, and how many neighbours a song looks at."""

    feature_set: str
    perplexity: float

    @property
    def name(self) -> str:
        """How the map is called: `fused-30`."""
        return f"{self.feature_set}-{self.perplexity:g}"


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A map of a family as it was fitted: the map, the points (n, 2) its sibling starts from, its divergence."""

    member: Member
    song_map: SongMap
    points: _Points
    kl: float


def members(text: str) -> tuple[Member, ...]:
    """The family that a setting such as "fused:30 fused:15 rp:30" names. ConfigError on what is none, or comes twice."""
    found = []
    for word in text.replace(",", " ").split():
        feature_set, _, number = word.partition(":")
        try:
            perplexity = float(number or 30.0)
        except ValueError:
            perplexity = -1.0
        if not feature_set or not 2.0 <= perplexity <= 500.0:
            raise ConfigError(f"map '{word}': a feature set and a perplexity from 2 to 500 are needed, such as fused:30")
        found.append(Member(feature_set, perplexity))
    if len(set(found)) < len(found):
        twice = next(each for each in found if found.count(each) > 1)
        raise ConfigError(f"map '{twice.feature_set}:{twice.perplexity:g}' is asked for twice; each map once")
    return tuple(found)


def family(
    wanted: Sequence[Member],
    near: Callable[[Member], Neighbours],
    features: Mapping[str, npt.NDArray[Any]],
    *,
    seed: int,
    watch: Watch | None = None,
) -> Iterator[Fitted]:
    """Fit the maps one after the other, each from the one before; gives each as it is ready.

    Args:
        wanted: the maps, siblings that are to become each other side by side.
        near: the neighbours a member needs, at least 3 x its perplexity of them.
        features: what the first map starts from.
        seed: what little chance there is.
        watch: is shown the first map as it forms.
    """
    before: Fitted | None = None
    for member in wanted:
        around = near(member)
        start = None if before is None or np.isnan(before.kl) else before.points
        made = layout(features, around, perplexity=member.perplexity, seed=seed, start=start, watch=None if before else watch)
        points = made.points if before is None else onto(made.points, before.points)
        before = Fitted(member, _map(member, around.ids, points, made, seed), points, made.kl)
        yield before


def _map(member: Member, ids: tuple[str, ...], points: _Points, made: Layout, seed: int) -> SongMap:
    return SongMap(member.name, ids, placed(points), member.feature_set, made.perplexity, seed)


def onto(points: _Points, other: _Points) -> _Points:
    """Points (n, 2) moved, turned, mirrored and scaled so that they lie as near as they can to their places in `other`."""
    here, there = points - points.mean(axis=0), other - other.mean(axis=0)
    if not here.any() or not there.any():
        return points
    u, strength, v = np.linalg.svd(here.T @ there)
    return here @ (u @ v) * (strength.sum() / (here**2).sum()) + other.mean(axis=0)


def disparity(one: FloatArray | _Points, other: FloatArray | _Points) -> float:
    """How much of the shape of one set of points (n, 2) the other lacks, 0 to 1, after the best move, turn and scale."""
    here, there = (np.asarray(p, np.float64) - np.mean(p, axis=0, dtype=np.float64) for p in (one, other))
    lengths = np.linalg.norm(here) * np.linalg.norm(there)
    if lengths == 0.0:
        return 0.0
    return float(max(0.0, 1.0 - (np.linalg.svd(here.T @ there / lengths, compute_uv=False).sum()) ** 2))


def median_move(one: FloatArray, other: FloatArray) -> float:
    """How far the song in the middle moves from one map to the other, as a share of the longer side of the first."""
    if len(one) == 0:
        return 0.0
    span = float(np.ptp(one, axis=0).max())
    return float(np.median(np.hypot(*(other - one).T)) / span) if span > 0 else 0.0
