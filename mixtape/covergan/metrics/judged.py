"""All figures on one state of a network at once: a row for a table, and what a page shows of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from mixtape.covergan.metrics.features import has_lite0, lite0_features, low_features
from mixtape.covergan.metrics.groups import folds_of
from mixtape.covergan.metrics.kid import Kid, kid
from mixtape.covergan.metrics.linked import Conditioning, Link, conditioning, link
from mixtape.covergan.metrics.matcher import Look, Matcher, fit_matcher
from mixtape.covergan.metrics.memorised import Memorised, memorised
from mixtape.covergan.metrics.palettes import palette_distance
from mixtape.covergan.metrics.ranks import LINE_UP
from mixtape.covergan.metrics.sliced import Sliced, sliced
from mixtape.covergan.metrics.spread import Spread, spread
from mixtape.covergan.metrics.varied import Diversity, Painter, distinct, diversity
from mixtape.covergan.model import latents
from mixtape.errors import ShapeError
from mixtape.types import ByteArray, FloatArray

PAIRS = 512
"""Pairs of a cover and a song that the judge of the link learns from and is asked about, at most."""

DISTINCT_OF = 200
"""Among so many pictures distinct ones are counted: the share falls with the number looked at."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Figures on `count` drawn pictures. Each that compares two sets stands beside the same figure for two halves of the real
    covers, which is the best that can be hoped for; `distinct` is a share. NaN is what was not asked or cannot be told."""

    count: int
    sliced: Sliced
    sliced_real: Sliced
    palette: float
    palette_real: float
    distinct: float
    distinct_real: float
    kid: Kid = field(default_factory=Kid)
    kid_real: Kid = field(default_factory=Kid)
    spread: Spread = field(default_factory=Spread)
    spread_real: Spread = field(default_factory=Spread)
    memorised: Memorised = field(default_factory=Memorised)
    diversity: Diversity = field(default_factory=Diversity)
    conditioning: Conditioning = field(default_factory=Conditioning)

    def as_row(self) -> dict[str, float]:
        """Every figure by name, always the same names in the same order."""
        fits = self.conditioning
        return {
            "pictures": float(self.count),
            "kid": self.kid.mean,
            "kid_sd": self.kid.sd,
            "kid_real": self.kid_real.mean,
            "sliced": self.sliced.mean,
            "sliced_finest": self.sliced.levels[0],
            "sliced_coarsest": self.sliced.levels[-1],
            "sliced_real": self.sliced_real.mean,
            "density": self.spread.density,
            "density_real": self.spread_real.density,
            "coverage": self.spread.coverage,
            "coverage_real": self.spread_real.coverage,
            "palette": self.palette,
            "palette_real": self.palette_real,
            "memorised_ratio": self.memorised.ratio,
            "copied": self.memorised.copied,
            "over_latents": self.diversity.over_latents,
            "over_music": self.diversity.over_music,
            "distinct": self.distinct,
            "distinct_real": self.distinct_real,
            "matched": fits.matched,
            "matched_error": fits.matched_error,
            "mismatched": fits.mismatched,
            "null": fits.null,
            "real": fits.real,
            "real_error": fits.link.error,
            "chance": fits.chance,
            "link_p": fits.link.p,
        }


def judge(
    painter: Painter,
    covers: ByteArray,
    conditions: FloatArray,
    groups: npt.NDArray[np.integer],
    *,
    held: npt.NDArray[np.bool_] | None = None,
    count: int = 384,
    matcher: Matcher | None = None,
    real: Link | None = None,
    quick: bool = False,
    seed: int = 0,
) -> Judgement:
    """Draw `count` pictures to songs of the library and judge them.

    covers (n, s, s, 3) uint8; conditions (n, 32), one song each, NaN where none is known; groups (n,), see
    `deck.linked`; `held` (n,) says which covers the network was not trained on. `matcher` and `real`, see
    `library_link`, can be kept between calls. `quick`, for use while training goes on, asks for the sliced distance, palette
    and distinct pictures alone. About ten core-seconds at 64 pixels, a second or two when quick, and the same figures for the
    same seed. ShapeError when the lists do not fit or there is no cover.
    """
    n = len(covers)
    if n == 0 or conditions.shape != (n, 32) or len(groups) != n or (held is not None and len(held) != n):
        raise ShapeError(f"judge: {n} covers, conditions {conditions.shape}, {len(groups)} groups; as many of each, 1 at least")
    here, there = _halves(groups, count, seed=seed)
    reals, others = covers[here], covers[there]
    z = latents(count, seed=seed, dimensions=painter.latent)
    songs = _songs(conditions, count, seed=seed)
    drawn = painter.pictures(z) if songs is None else painter.pictures(z, songs)
    even = drawn[: len(reals)]
    found = Judgement(
        count=count,
        sliced=sliced(reals, even, seed=seed),
        sliced_real=sliced(reals, others, seed=seed),
        palette=palette_distance(reals, even),
        palette_real=palette_distance(reals, others),
        distinct=_share_distinct(even),
        distinct_real=_share_distinct(reals),
    )
    if quick:
        return found
    look = lite0_features if has_lite0() else low_features
    seen, real_seen, other_seen = look(even), look(reals), look(others)
    trained = np.ones(n, bool) if held is None else ~held
    if matcher is None and (known := library_link(covers, conditions, groups, asked=held, seed=seed)):
        matcher, real = known
    return replace(
        found,
        kid=kid(real_seen, seen, seed=seed) if has_lite0() else found.kid,
        kid_real=kid(real_seen, other_seen, seed=seed) if has_lite0() else found.kid,
        spread=spread(real_seen, seen),
        spread_real=spread(real_seen, other_seen),
        memorised=memorised(drawn, covers[trained], covers[~trained], groups=groups[trained]),
        diversity=found.diversity if songs is None else diversity(painter, reals, songs, seed=seed),
        conditioning=found.conditioning if matcher is None else conditioning(painter, matcher, real, seed=seed),
    )


def library_link(
    covers: ByteArray,
    conditions: FloatArray,
    groups: npt.NDArray[np.integer],
    *,
    asked: npt.NDArray[np.bool_] | None = None,
    look: Look = low_features,
    permutations: int = 200,
    seed: int = 0,
) -> tuple[Matcher, Link] | None:
    """The judge of a library and what it finds in the real covers; None where fewer than 8 covers have a song.

    The arrays are those of `judge`. `asked` (n,) limits what is asked about, say to covers that the network was not trained on;
    all others are then only learned from. Where it leaves fewer than 64 pairs, all are asked about, in four folds. `look` is what
    the judge sees of a picture: with `linked.layout_look` or `features.colour_shares` it is a second opinion, blind to colours
    or to layout. Of more than 512 pairs a part is drawn that the seed decides. About three core-seconds.
    """
    known: npt.NDArray[np.bool_] = np.asarray(np.isfinite(conditions).all(axis=1))
    if asked is None or (asked & known).sum() < 2 * LINE_UP:
        rows, folds = _some(known, PAIRS, seed=seed), None
    else:
        mine, rest = _some(np.asarray(asked & known), PAIRS, seed=seed), _some(np.asarray(~asked & known), 4 * PAIRS, seed=seed)
        rows, folds = np.concatenate([mine, rest]), np.repeat([0, -1], [len(mine), len(rest)])
    if len(rows) < 8:
        return None
    matcher = fit_matcher(covers[rows], conditions[rows], groups[rows], folds=4 if folds is None else folds, look=look, seed=seed)
    return matcher, link(matcher, permutations=permutations, seed=seed)


def _some(which: npt.NDArray[np.bool_], most: int, *, seed: int) -> npt.NDArray[np.int64]:
    """The marked rows, or `most` of them that the seed decides, in order."""
    rows = np.flatnonzero(which)
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False)) if len(rows) > most else rows


def _halves(groups: npt.NDArray[np.integer], count: int, *, seed: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows of two halves of the covers, of one size, `count` at most, no group in both; all rows and none where there is one
    group alone."""
    half = folds_of(groups, folds=2, seed=seed)
    here, there = (np.random.default_rng(seed).permutation(np.flatnonzero(half == side)) for side in (0, 1))
    size = min(count, *(len(side) for side in (here, there) if len(side)))
    return here[:size], there[:size]


def _songs(conditions: FloatArray, count: int, *, seed: int) -> FloatArray | None:
    """`count` of the known songs, (count, 32), each as often as any other to within one; None where none is known."""
    known = conditions[np.isfinite(conditions).all(axis=1)]
    if not len(known):
        return None
    rows = np.resize(np.random.default_rng(seed).permutation(len(known)), count)
    return np.ascontiguousarray(known[rows], dtype=np.float32)


def _share_distinct(pictures: ByteArray) -> float:
    some = pictures[:DISTINCT_OF]
    return distinct(some) / len(some)
