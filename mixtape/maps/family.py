"""A family of maps: the same songs by different feature sets and perplexities, laid out so that one map becomes the next.

Two t-SNE layouts made each from scratch have little in common to the eye: songs jump across a fifth of the map. So the family is
a walk. From each map to the next the distance changes in steps, so many shares of this set less and of that one more; each goes
on from the layout before it. Half way songs attract their neighbours twice as hard as t-SNE has them (its exaggeration), so that
islands are small and pass each other; at the last step they look at twice as many neighbours, and then they settle until that
helps no more. So a map is about as good as one fitted cold. What was seen meanwhile, turned, mirrored and scaled onto what was
seen before (Procrustes), is the way along which one map becomes the other: as few layouts of it are kept as make small steps.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from mixtape.errors import ConfigError
from mixtape.maps.embed import relaxed
from mixtape.similarity.distances import part_distances, parts_of
from mixtape.similarity.nearest import nearest
from mixtape.similarity.proximity import into_mutual_proximity
from mixtape.similarity.sets import SETS, Weights, shares
from mixtape.types import FloatArray, Neighbours

FUSED = "fused"
"""The map everything else uses, by all feature sets: the first of every family."""

_SAME_SET = 0.25
"""Where only the perplexity changes, the way has a quarter of the steps."""

_ANOTHER_SET = 0.75
"""Where the feature set changes, it has at least three quarters of them."""

_PULL = 2.0
_BREADTH = 2.0
_SETTLING_ROUNDS = 100
_MOST_SETTLING = 20

_SETTLED = 0.002
"""Settling has an end when so many rounds lower the divergence by less than this share."""

_SEEN_ROUNDS = 3

STEP_MOVE = 0.03
"""So far, as a share of the span, the song in the middle moves in one step of a way, unless three rounds moved it farther."""

STEP_SHAPE = 0.03
"""And so much disparity there is between one step and the next."""

_LEAST_PERPLEXITY = 2.0
_SHARED = 10

_Points = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Member:
    """One map of a family: by which feature set, and how many neighbours a song looks at in a collection of 900 songs."""

    feature_set: str
    perplexity: float

    @property
    def name(self) -> str:
        """How the map is called: `ssd-30`."""
        return f"{self.feature_set}-{self.perplexity:g}"


@dataclass(frozen=True, slots=True, eq=False)
class Station:
    """A map on the walk: which one, its points (n, 2) in the frame of the first, and the steps (s, n, 2) that led to it.

    The last of the steps is the map itself; the farther the songs have to go, the more there are. `kl` is the divergence it ended
    with.
    """

    member: Member
    points: _Points
    way: tuple[_Points, ...]
    kl: float
    perplexity: float


@dataclass(slots=True, eq=False)
class Views:
    """Distances between songs by any mixture of their feature sets; what each set says is measured once.

    `sets` holds a table (n, d) by name; `weights` say what "fused" means.
    """

    sets: Mapping[str, npt.NDArray[Any]]
    ids: tuple[str, ...]
    weights: Weights
    _tables: dict[str, FloatArray] = field(default_factory=dict)

    def shares(self, feature_set: str) -> dict[str, float]:
        """What each set counts in "fused", in a family of weights such as "ear", or in a single set; empty if it is not there."""
        if feature_set == FUSED:
            return shares(self.sets, self.weights)
        members = [feature_set] if feature_set in SETS else [name for name, kind in SETS.items() if kind.family == feature_set]
        there = [name for name in members if name in self.sets]
        return {name: 1.0 / len(there) for name in there}

    def near(self, counted: Mapping[str, float], *, k: int) -> Neighbours:
        """The k nearest of every song when each set counts so much."""
        return nearest(self.distances(counted), self.ids, k=k)

    def distances(self, counted: Mapping[str, float]) -> FloatArray:
        """Distances (n, n) when each set counts so much: mutual proximity of the sum, as in `similarity.fusion`."""
        total = np.zeros((len(self.ids), len(self.ids)), np.float32)
        for name, share in sorted(counted.items()):
            if share > 0.0:
                total += np.float32(share) * self._table(name)
        return into_mutual_proximity(total)

    def _table(self, name: str) -> FloatArray:
        if name not in self._tables:
            parts = [(s, into_mutual_proximity(part_distances(part))) for part, s in parts_of(self.sets, {name: 1.0})]
            table = np.zeros((len(self.ids), len(self.ids)), np.float32)
            for share, part in parts:
                table += np.float32(share) * part
            self._tables[name] = table
        return self._tables[name]


def members(text: str) -> tuple[Member, ...]:
    """The family that a setting such as "fused:30 fused:15 rp:30" names, without its first map, which is always fused:30.

    ConfigError on what is no map, or comes twice.
    """
    found = []
    for word in text.replace(",", " ").split():
        feature_set, _, number = word.partition(":")
        try:
            perplexity = float(number or 30.0)
        except ValueError:
            perplexity = -1.0
        known = feature_set == FUSED or feature_set in SETS or feature_set in {kind.family for kind in SETS.values()}
        if not known or not 2.0 <= perplexity <= 500.0:
            names = ", ".join(sorted({FUSED, *SETS, *(kind.family for kind in SETS.values())}))
            raise ConfigError(
                f"[maps] family: '{word}' is no map; a set and a perplexity from 2 to 500 are needed, such as ssd:30; "
                f"sets are {names}"
            )
        found.append(Member(feature_set, perplexity))
    twice = next((each for each in found if found.count(each) > 1), None)
    if twice is not None:
        raise ConfigError(f"[maps] family: {twice.feature_set}:{twice.perplexity:g} comes twice; each map once")
    return tuple(found)


def walk(
    first: _Points, begin: Member, wanted: Sequence[Member], views: Views, *, base: float, steps: int, rounds: int, seed: int
) -> Iterator[Station]:
    """Fit the maps one after the other, each from the one before; gives each as it is ready.

    Args:
        first: the finished layout (n, 2) of `begin`, which is not given again.
        wanted: the maps in order; those of which the collection has no set are passed by.
        base: the perplexity that 30 stands for in this collection; another one is as many times that as it is times 30.
        steps: of the distance, between maps that share a third of each song's nearest; maps that are less alike have more, down
            to a quarter of them where only the perplexity changes.
        rounds: of gradient descent for each of these steps.
    """
    walker, before = _Walker(first, [first], views, seed), begin
    for member in wanted:
        if not views.shares(member.feature_set):
            continue
        same = before.feature_set == member.feature_set
        count = max(1, round(steps * (_SAME_SET if same else max(_ANOTHER_SET, _unlike(before, member, views)))))
        for stage in _stages(count, same=same):
            counted, perplexity = _between(before, member, stage.share, views)
            used = max(_LEAST_PERPLEXITY, min(perplexity * base / 30.0, (len(first) - 1) / 3))
            kl = walker.go_on(counted, used * stage.breadth, pull=stage.pull, rounds=rounds)
        kl = walker.settle(counted, used)
        way = walker.arrive()
        yield Station(member, way[-1], way, kl, used)
        before = member


@dataclass(frozen=True, slots=True)
class _Stage:
    """A step of the distance: the share that has changed, how hard neighbours attract, how many times as many of them count."""

    share: float
    pull: float
    breadth: float


def _stages(count: int, *, same: bool) -> Iterator[_Stage]:
    """The way in `count` steps of the distance; between maps of the same set nothing has to pass another."""
    for step in range(1, count + 1):
        pull = 1.0 if same else _PULL ** math.sin(math.pi * step / count)
        yield _Stage(step / count, pull, _BREADTH if step == count and not same else 1.0)


@dataclass(slots=True, eq=False)
class _Walker:
    """Where the songs are, and what was seen since the last map in the frame of the first."""

    points: _Points
    seen: list[_Points]
    views: Views
    seed: int

    def go_on(self, counted: Mapping[str, float], perplexity: float, *, rounds: int, pull: float = 1.0) -> float:
        """Let the songs settle for so many rounds by these distances; gives the divergence."""
        near = self.views.near(counted, k=int(3 * perplexity) + 1)
        made = relaxed(
            self.points,
            near,
            perplexity=perplexity,
            seed=self.seed,
            rounds=rounds,
            pull=pull,
            watch=self._see,
            every=_SEEN_ROUNDS,
        )
        self.points = made.points
        self._see(rounds, made.points)
        return made.kl

    def settle(self, counted: Mapping[str, float], perplexity: float) -> float:
        """Go on until that helps no more."""
        before = math.inf
        for _ in range(_MOST_SETTLING):
            kl = self.go_on(counted, perplexity, rounds=_SETTLING_ROUNDS)
            # A map of few songs has no divergence (NaN) and nothing to settle.
            if not kl < (1.0 - _SETTLED) * before:
                break
            before = kl
        return kl

    def arrive(self) -> tuple[_Points, ...]:
        """The way since the last map, which begins anew here."""
        way = in_small_steps(self.seen)
        self.seen = [way[-1]]
        return way

    def _see(self, _: int, points: _Points) -> None:
        self.seen.append(onto(points, self.seen[-1]))


def in_small_steps(seen: Sequence[_Points]) -> tuple[_Points, ...]:
    """As few of the layouts seen, without the first and with the last, as lead there in steps no larger than they should be."""
    way, last = [], seen[0]
    for here, after in pairwise(seen[1:]):
        if median_move(last, after) > STEP_MOVE or disparity(last, after) > STEP_SHAPE:
            way.append(here)
            last = here
    return (*way, seen[-1])


def _unlike(one: Member, other: Member, views: Views) -> float:
    """How far it is from one map to another: 0 where songs have the same nearest, 1 where they share a third of them.

    It grows with the square: the less two maps share, the more of it has to be given up at once.
    """
    here, there = (views.near(views.shares(each.feature_set), k=_SHARED).index for each in (one, other))
    common = [len(set(a) & set(b)) / max(len(a), 1) for a, b in zip(here.tolist(), there.tolist(), strict=True)]
    return float(((1.0 - np.mean(common)) / (2.0 / 3.0)) ** 2)


def _between(before: Member, after: Member, share: float, views: Views) -> tuple[dict[str, float], float]:
    """What each set counts, and the perplexity, a share of the way from one map to the next."""
    one, other = views.shares(before.feature_set), views.shares(after.feature_set)
    counted = {name: (1.0 - share) * one.get(name, 0.0) + share * other.get(name, 0.0) for name in {*one, *other}}
    return counted, before.perplexity ** (1.0 - share) * after.perplexity**share


def onto(points: _Points, other: _Points) -> _Points:
    """Points (n, 2) moved, turned, mirrored and scaled so that they lie as near as they can to their places in `other`."""
    here, there = points - points.mean(axis=0), other - other.mean(axis=0)
    if not here.any() or not there.any():
        return points
    u, strength, v = np.linalg.svd(here.T @ there)
    return np.asarray(here @ (u @ v) * (strength.sum() / (here**2).sum()) + other.mean(axis=0))


def disparity(one: FloatArray | _Points, other: FloatArray | _Points) -> float:
    """How much of the shape of one set of points (n, 2) the other lacks, 0 to 1, after the best move, turn and scale."""
    here, there = (np.asarray(p, np.float64) - np.mean(p, axis=0, dtype=np.float64) for p in (one, other))
    lengths = np.linalg.norm(here) * np.linalg.norm(there)
    if lengths == 0.0:
        return 0.0
    return float(max(0.0, 1.0 - (np.linalg.svd(here.T @ there / lengths, compute_uv=False).sum()) ** 2))


def median_move(one: FloatArray | _Points, other: FloatArray | _Points) -> float:
    """How far the song in the middle moves from one map to the other, as a share of the longer side of the first."""
    if len(one) == 0:
        return 0.0
    span = float(np.ptp(one, axis=0).max())
    return float(np.median(np.hypot(*(other - one).T)) / span) if span > 0 else 0.0
