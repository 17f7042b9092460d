"""What a person likes better: votes between two lists that differ in one weight, kept for good, and the weights they speak for.

Each vote compares a family of feature sets heard more with the same family heard less; everything else is as it is set today. So
twenty votes on rhythm say whether this person wants more of it or less, whatever the collection's tags may say.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from mixtape.errors import LibraryError
from mixtape.similarity.sets import Weights
from mixtape.storage import write_atomic

Liked = Literal["more", "less", "same"]

FEW_VOTES = 8
"""Fewer votes than this between more and less of a family say nothing."""

SURE = 2.0
"""Standard errors from one half beyond which a preference is believed."""

STEP, MOST = 2.0, 10.0
"""A believed preference doubles or halves a weight; no weight is proposed beyond `MOST`."""


@dataclass(frozen=True, slots=True)
class Vote:
    """One answer: the weights of the day, the family in question, the seed song and both lists by ids, and what was liked."""

    weights: Weights
    family: str
    seed_id: str
    more: tuple[str, ...]
    less: tuple[str, ...]
    liked: Liked
    at: str


@dataclass(frozen=True, slots=True)
class Preference:
    """The votes on one family: how many liked more of it, less of it, neither."""

    family: str
    more: int
    less: int
    same: int

    @property
    def decided(self) -> int:
        """Votes that liked one of the two."""
        return self.more + self.less

    @property
    def share(self) -> float | None:
        """The share of decided votes for more, None without any."""
        return self.more / self.decided if self.decided else None

    @property
    def se(self) -> float | None:
        """Binomial standard error of the share, as it is for somebody who does not care: sqrt(1/4 / votes)."""
        return float((0.25 / self.decided) ** 0.5) if self.decided else None

    @property
    def verdict(self) -> Literal["more", "less", "too few", "undecided"]:
        """What the votes say: "more" or "less" beyond two standard errors, "too few" under `FEW_VOTES`."""
        if self.share is None or self.se is None or self.decided < FEW_VOTES:
            return "too few"
        if abs(self.share - 0.5) <= SURE * self.se:
            return "undecided"
        return "more" if self.share > 0.5 else "less"


def preferences(votes: Iterable[Vote], *, weights: Weights, families: Iterable[str]) -> list[Preference]:
    """The votes on each family that were given under these weights; votes from before a change speak of other lists."""
    asked = [vote for vote in votes if vote.weights == weights]

    def count(family: str, liked: Liked) -> int:
        return sum(vote.family == family and vote.liked == liked for vote in asked)

    return [Preference(each, count(each, "more"), count(each, "less"), count(each, "same")) for each in families]


def proposal(found: Iterable[Preference], weights: Weights) -> Weights:
    """The weights that the votes speak for: doubled or halved where a preference is beyond doubt, else as they are."""
    factor = {"more": STEP, "less": 1.0 / STEP}
    today = asdict(weights)
    wanted = {each.family: min(MOST, today[each.family] * factor.get(each.verdict, 1.0)) for each in found}
    return replace(weights, **wanted)


def summary(found: Iterable[Preference], weights: Weights) -> list[str]:
    """The votes in sentences, and the lines of config.toml they propose."""
    found = list(found)
    lines = [_told(each) for each in found if each.decided + each.same]
    proposed, today = asdict(proposal(found, weights)), asdict(weights)
    changed = [f"{family}_weight = {proposed[family]:g}" for family in proposed if proposed[family] != today[family]]
    if changed:
        return [*lines, "Your votes speak for these settings, in config.toml under [build]:", *changed]
    return [*lines, "No vote is surely for other settings; keep them as they are, or vote on."]


def _told(each: Preference) -> str:
    if each.share is None or each.se is None:
        return f"{each.family}: {each.same} times no difference."
    told = f"{each.family}: {each.more} of {each.decided} votes for more of it ({100 * each.share:.0f} % ± {100 * each.se:.0f})"
    same = f", {each.same} times no difference" if each.same else ""
    meaning = {"too few": f"too few to say, {FEW_VOTES} or more are needed", "undecided": "not surely more than chance"}
    return f"{told}{same}: {meaning.get(each.verdict, f'{each.verdict} is what you like')}."


# Kept --------------------------------------------------------------------------------------------------------------------------


def read_votes(path: Path) -> list[Vote]:
    """All votes of a file of JSON lines, the oldest first; none where there is no file. LibraryError naming a broken line."""
    if not path.is_file():
        return []
    votes = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            votes.append(_vote(json.loads(line)))
        except (ValueError, KeyError, TypeError) as error:
            raise LibraryError(f"{path}: line {number} is no vote ({error}); take that line out") from error
    return votes


def add_vote(path: Path, vote: Vote) -> None:
    """Put a vote behind those that are there; a kill leaves the file as it was or with the vote."""
    before = path.read_bytes() if path.is_file() else b""
    if before and not before.endswith(b"\n"):
        before += b"\n"
    write_atomic(path, before + json.dumps(asdict(vote)).encode() + b"\n")


def _vote(told: dict[str, Any]) -> Vote:
    names = {field.name for field in fields(Weights)}
    weights = Weights(**{name: float(value) for name, value in told["weights"].items() if name in names})
    if told["liked"] not in ("more", "less", "same"):
        raise ValueError(f"liked '{told['liked']}'")
    lists = tuple(told["more"]), tuple(told["less"])
    return Vote(weights, str(told["family"]), str(told["seed_id"]), *lists, told["liked"], str(told["at"]))
