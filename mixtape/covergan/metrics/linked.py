"""Do pictures follow the music, and do real covers: the true song among 32, side by side.

A network can only learn what its library holds. So the first question goes to the real covers: does a judge that learned
from some albums find the song of a cover from another one, oftener than by chance? If not, no training will make pictures
follow the music here, and the covers' colours are the better thing to give them.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from mixtape.covergan.metrics.features import cells
from mixtape.covergan.metrics.matcher import Matcher
from mixtape.covergan.metrics.ranks import Ranks, clustered_error
from mixtape.covergan.metrics.varied import Painter
from mixtape.covergan.model import latents
from mixtape.palette import srgb_to_oklab
from mixtape.types import ByteArray, FloatArray

FEWEST = 24
"""With fewer pairs of a cover and a song, or fewer groups of them, that no link is found says nothing."""

SURE = 0.01
"""Chance, at most, that covers and music without any link look as linked as these."""


@dataclass(frozen=True, slots=True)
class Link:
    """Real covers before the judge: how often it finds the true song among 32 and the standard error of that, the same by
    chance, the share of other songs that lie farther than the true one, and p.

    p is the chance to see a share like that where covers and music are not linked; NaN where it was not asked.
    """

    real: float = float("nan")
    error: float = float("nan")
    chance: float = float("nan")
    farther: float = float("nan")
    p: float = float("nan")
    pairs: int = 0
    groups: int = 0

    @property
    def linked(self) -> bool:
        """Whether covers and music belong together in this library, beyond chance and enough pairs to tell."""
        return self.pairs >= FEWEST and self.p < SURE and self.farther > 0.5


@dataclass(frozen=True, slots=True)
class Conditioning:
    """How often the judge finds the true song among 32, 0..1: for pictures drawn to it, to another song, to none; errors are
    standard errors by group. `link` is the same for real covers."""

    matched: float = float("nan")
    matched_error: float = float("nan")
    mismatched: float = float("nan")
    mismatched_error: float = float("nan")
    null: float = float("nan")
    null_error: float = float("nan")
    link: Link = field(default_factory=Link)

    @property
    def real(self) -> float:
        """The most that is possible: real covers."""
        return self.link.real

    @property
    def chance(self) -> float:
        """What guessing finds."""
        return self.link.chance

    @property
    def share_of_possible(self) -> float:
        """(matched - chance) / (real - chance): 1 when drawn pictures say as much about their music as real covers do; NaN
        where real covers say nothing."""
        room = self.real - self.chance
        return (self.matched - self.chance) / room if room > 0.01 else float("nan")


def link(matcher: Matcher, *, permutations: int = 200, seed: int = 0) -> Link:
    """Ask the judge about real covers, and test whether what it finds is more than chance.

    `real`, `chance` and `farther` are over all asked pairs. The test takes one pair of each group, drawn by the seed, gives
    each cover another group's song, and does everything again, the learning and the asking: `farther` of the true pairing is
    compared with that of `permutations` others, p = (1 + those as high) / (1 + all). Covers and songs of different groups that
    know nothing of each other can change partners without anything changing, so p is exact. Two things must not be done
    instead. Judges kept as they are would make chance look narrower than it is: the one of a fold learned from the very pairs
    that another one is asked about. And all pairs of a group at once have no fair partners where groups are of unlike size:
    tried on 24 unlinked albums of one to nine covers, that called 15 in 100 libraries linked at p = 0.05, one pair a group 6.
    """
    asked = matcher.groups[matcher.asked]
    found = matcher.ranks()
    return Link(
        real=_mean(found.first),
        error=_error(found, matcher),
        chance=_mean(found.guess),
        farther=_mean(found.farther),
        p=_p(matcher, permutations, np.random.default_rng(seed)),
        pairs=len(asked),
        groups=len(np.unique(asked)),
    )


def _p(matcher: Matcher, permutations: int, rng: np.random.Generator) -> float:
    shuffled = rng.permutation(len(matcher.groups))
    _, first = np.unique(matcher.groups[shuffled], return_index=True)
    one_each = matcher.only(shuffled[first])
    if not permutations or len(one_each.asked) < 2:
        return float("nan")
    true = _mean(one_each.ranks().farther)
    by_chance = [_mean(one_each.ranks(order=rng.permutation(len(first))).farther) for _ in range(permutations)]
    return (1 + sum(value >= true for value in by_chance)) / (1 + permutations) if np.isfinite(true) else float("nan")


def conditioning(painter: Painter, matcher: Matcher, real: Link | None = None, *, seed: int = 0) -> Conditioning:
    """Draw three pictures for each song that the judge is asked about: to it, to another group's song, to none.

    `real`, what `link` found, does not depend on the painter and can be kept from one call to the next; without it the
    real covers are asked about here, and not tested.
    """
    songs = matcher.conditions[matcher.asked]
    z = latents(len(songs), seed=seed, dimensions=painter.latent)
    to_its = matcher.ranks(painter.pictures(z, songs))
    to_another = matcher.ranks(painter.pictures(z, songs[_elsewhere(matcher)]))
    to_none = matcher.ranks(painter.pictures(z))
    return Conditioning(
        matched=_mean(to_its.first),
        matched_error=_error(to_its, matcher),
        mismatched=_mean(to_another.first),
        mismatched_error=_error(to_another, matcher),
        null=_mean(to_none.first),
        null_error=_error(to_none, matcher),
        link=real if real is not None else link(matcher, permutations=0),
    )


def said(found: Link | Conditioning) -> str:
    """What was found, in a sentence or two for a person; it names the way out where covers and music are not linked."""
    real = found if isinstance(found, Link) else found.link
    shares = f"true song found {_percent(real.real)} of the time, {_percent(real.chance)} by chance"
    if not real.linked and (min(real.pairs, real.groups) < FEWEST or not np.isfinite(real.real)):
        return (
            f"{real.pairs} covers with songs, {real.groups} without a common album, artist or look, are too few to tell whether "
            f"covers and music are linked ({FEWEST} are needed); pictures can be given the covers' colours instead: "
            "[show] wall_colours"
        )
    if np.isfinite(real.p) and not real.linked:
        return (
            f"In this library covers and music are not linked ({shares}): pictures cannot follow the music; "
            "give them the covers' colours instead: [show] wall_colours"
        )
    known = f"In this library covers and music are linked ({shares})" if real.linked else f"Real covers: {shares}"
    if isinstance(found, Link):
        return known + "."
    return (
        f"{known}. From drawn pictures: {_percent(found.matched)}, give or take {_percent(2 * found.matched_error)}; "
        f"drawn to another song {_percent(found.mismatched)}, to none {_percent(found.null)}."
    )


def layout_look(pictures: ByteArray) -> FloatArray:
    """8 x 8 lightness alone, each picture by its own mean and contrast, (n, 64): for a second judge that is blind to colour."""
    light = srgb_to_oklab((cells(pictures, side=8) * 255).astype(np.uint8))[..., 0].reshape(len(pictures), 64)
    centred = light - light.mean(axis=1, keepdims=True)
    return np.asarray(centred / np.maximum(centred.std(axis=1, keepdims=True), 0.02), dtype=np.float32)


def _elsewhere(matcher: Matcher) -> npt.NDArray[np.int64]:
    """For each asked row another asked row, of another group where there are two groups of which none holds more than half."""
    groups = matcher.groups[matcher.asked]
    order = np.argsort(groups, kind="stable")
    most = int(np.unique(groups, return_counts=True)[1].max(initial=1))
    other = np.empty(len(groups), np.int64)
    other[order] = np.roll(order, -min(most, max(1, len(groups) // 2)))
    return other


def _mean(values: npt.NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


def _error(found: Ranks, matcher: Matcher) -> float:
    known = np.isfinite(found.first)
    return clustered_error(found.first[known], matcher.groups[matcher.asked][known])


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if np.isfinite(share) else "an unknown share"
