"""Which settings serve this collection best: other weights, and each feature set left out, compared song by song with today's.

The same songs are asked under both settings, so what is easy or hard about a song falls out of the difference, and its standard
error is that of the differences. "Better" and "worse" are said beyond two standard errors only; of twenty settings that make
no difference, one will still look like it by chance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from mixtape.evaluate.labels import Labels
from mixtape.evaluate.measures import Measure, standard_error, surely
from mixtape.evaluate.spaces import Sets, families_of
from mixtape.similarity.sets import Weights

UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Weighting:
    """A setting to try: its name for a person, its weights, and a feature set it does without."""

    name: str
    weights: Weights
    without: str = ""

    def of(self, sets: Sets) -> Sets:
        """The feature sets that this setting looks at."""
        return {name: values for name, values in sets.items() if name != self.without}


@dataclass(frozen=True, slots=True)
class Difference:
    """How much a measure changes under another setting, over how many songs; `verdict` is better, worse or undecided."""

    change: float
    se: float | None
    songs: int
    verdict: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """One setting against today's: `differences` by measure, for those that could be asked."""

    weighting: Weighting
    differences: Mapping[str, Difference]

    def as_json(self) -> dict[str, Any]:
        """The comparison for a program."""
        measures = {name: asdict(each) for name, each in self.differences.items()}
        return {"name": self.weighting.name, "weights": asdict(self.weighting.weights), "differences": measures}


def settings_to_try(weights: Weights, sets: Sets) -> list[Weighting]:
    """Today's setting first, then every family of sets heard more, less and not at all, then every set left out."""
    tried = [Weighting("as it is", weights), *_turned(weights, families_of(sets))]
    if len(sets) > 1:
        tried += [Weighting(f"without {name}", weights, without=name) for name in sets if _needed(name, sets)]
    return tried


def _turned(weights: Weights, families: Sequence[str]) -> Iterator[Weighting]:
    today = asdict(weights)
    if len({today[name] for name in families}) > 1:
        yield Weighting("all alike", replace(weights, **dict.fromkeys(families, 1.0)))
    if len(families) < 2:
        return
    for name in families:
        yield Weighting(f"more {name}", replace(weights, **{name: 2.0 * today[name] or 1.0}))
        if today[name] > 0:
            yield Weighting(f"less {name}", replace(weights, **{name: 0.5 * today[name]}))
            if any(today[other] > 0 for other in families if other != name):
                yield Weighting(f"no {name}", replace(weights, **{name: 0.0}))


def _needed(name: str, sets: Sets) -> bool:
    """Whether leaving a set out is another thing than leaving out its family."""
    rest = {other: values for other, values in sets.items() if other != name}
    return families_of(rest) == families_of(sets)


def compared(
    weighting: Weighting, now: Mapping[str, Measure], before: Mapping[str, Measure], *, together: Mapping[str, Labels]
) -> Comparison:
    """The measures `now`, under `weighting`, against those of the same songs `before`; `together` are groups by measure."""
    found = {name: difference(now[name], before[name], together=together[name]) for name in now}
    return Comparison(weighting, {name: each for name, each in found.items() if each is not None})


def difference(now: Measure, before: Measure, *, together: Labels) -> Difference | None:
    """The paired difference of a measure, now - before; None where no song could be asked both times."""
    if now.each is None or before.each is None:
        return None
    each = now.each - before.each
    songs = int((each == each).sum())
    if not songs:
        return None
    change, se = float(each[each == each].mean()), standard_error(each, together)
    sure = surely(each, se, together=together)
    return Difference(change, se, songs, ("better" if change > 0 else "worse") if sure else UNDECIDED)
