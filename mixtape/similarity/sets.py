"""Which feature sets count in the distance between songs, how each is measured, and how the weights are shared out.

A set belongs to a family (rhythm, timbre, tone, blocks, ear); a person sets weights by family, and the sets of a family that are
there share its weight by their parts. A set that is not in `SETS` does not count, and one that is missing is not missed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields

from mixtape.config import Config
from mixtape.errors import MixtapeError


@dataclass(frozen=True, slots=True)
class SetKind:
    """How a feature set is taken: its `family`, its `measure`, its `scaling`, and how large a `part` of the family it is.

    Measures: `euclidean` and `manhattan` of scaled columns, `cosine` of vectors as they are, `gaussian` for a mean and a
    covariance. Scalings: `log` (sign-preserving logarithm, then every column to spread 1), `column` (every column to spread
    1), `whole` (one factor for all columns, so that those that vary much count more).
    """

    family: str
    measure: str
    scaling: str = "none"
    part: float = 1.0


SETS: dict[str, SetKind] = {
    "rp": SetKind("rhythm", "euclidean", "log"),
    "rh": SetKind("rhythm", "euclidean", "log"),
    "tempo": SetKind("rhythm", "euclidean", "column"),
    "ssd": SetKind("timbre", "euclidean", "log"),
    "timbre": SetKind("timbre", "gaussian"),
    "tonal": SetKind("tone", "euclidean", "column"),
    "blocks": SetKind("blocks", "manhattan", "whole"),
    "ear_linear": SetKind("ear", "cosine"),
    "ear_net": SetKind("ear", "cosine", part=0.34),
}
"""Every set that has a part in the distance."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each family counts; only ratios matter. A family's sets share its weight."""

    rhythm: float = 1.0
    timbre: float = 2.0
    tone: float = 1.0
    blocks: float = 2.0
    ear: float = 2.0

    @classmethod
    def of(cls, config: Config) -> Weights:
        """The weights of the settings."""
        return cls(**{each.name: getattr(config.build, f"{each.name}_weight") for each in fields(cls)})


def shares(names: Iterable[str], weights: Weights) -> dict[str, float]:
    """The share of each set of `names` that counts, by name, adding up to 1: only sets of `SETS`, only weights above 0.

    MixtapeError when nothing is left.
    """
    there = sorted(name for name in set(names) if name in SETS)
    by_family: dict[str, float] = asdict(weights)
    size = {family: sum(SETS[name].part for name in there if SETS[name].family == family) for family in by_family}
    raw = {name: by_family[SETS[name].family] * SETS[name].part / size[SETS[name].family] for name in there}
    counted = {name: weight for name, weight in raw.items() if weight > 0.0}
    if not counted:
        told = ", ".join(f"{family} {weight:g}" for family, weight in by_family.items())
        raise MixtapeError(
            f"weights {told} leave nothing of the feature sets {', '.join(there) or '(none)'}; "
            "give one of their families more than 0"
        )
    whole = sum(counted.values())
    return {name: weight / whole for name, weight in counted.items()}


def patterns(name: str, width: int) -> tuple[slice, ...]:
    """The columns of each pattern of a set that has `width` numbers, one slice for most sets; each is measured by itself."""
    if name == "blocks":
        from mixtape.features.blocks import PATTERNS

        slices = tuple(PATTERNS.values())
        if max(columns.stop for columns in slices) == width:
            return slices
    return (slice(0, width),)
