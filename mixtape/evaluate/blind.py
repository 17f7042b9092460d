"""Asking a person blind: for a song, two lists of what sounds like it, one with a family of sets heard more and one with it less.

Which is which is drawn by lot for every pair and never shown before the vote.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from mixtape.config import Config
from mixtape.errors import LibraryError
from mixtape.evaluate.measures import K, Rows, recommended
from mixtape.evaluate.spaces import families_of, heard_sets, proximities, refused
from mixtape.evaluate.votes import Liked, Vote, add_vote, preferences, read_votes, summary
from mixtape.similarity.sets import Weights
from mixtape.types import FloatArray, Track

if TYPE_CHECKING:
    from mixtape.library import Library

CONTRAST = 4.0
"""A family counts so many times more in one list and less in the other: enough that the lists differ."""

_MOST_SONGS = 5000
_SEEDS_TRIED = 30

Answer = Literal["a", "b", "=", "q"]
ANSWERS: Mapping[str, Answer] = {"a": "a", "b": "b", "=": "=", "q": "q"}


@dataclass(frozen=True, slots=True)
class Pair:
    """A question: a seed song and two lists; `a_is_more` says which one hears the family more."""

    seed: Track
    a: tuple[Track, ...]
    b: tuple[Track, ...]
    family: str
    a_is_more: bool

    def vote(self, answer: Answer, weights: Weights) -> Vote:
        """The answer as a vote, now."""
        a, b = (tuple(track.id for track in tracks) for tracks in (self.a, self.b))
        liked: Liked = "same" if answer == "=" else "more" if (answer == "a") == self.a_is_more else "less"
        more, less = (a, b) if self.a_is_more else (b, a)
        return Vote(weights, self.family, self.seed.id, more, less, liked, datetime.now(UTC).isoformat(timespec="seconds"))


def ask(
    library: Library, config: Config, *, pairs: int, show: Callable[[Pair, int], Answer], seed: int | None = None
) -> list[str]:
    """Show up to `pairs` pairs, keep each answer as it is given, and return what all votes so far say, in sentences.

    `show` is given a pair and its number from 1, and returns a, b, = for no difference, or q to stop. `seed` fixes the lots.
    LibraryError when there is nothing to choose between.
    """
    weights, path = Weights.of(config), votes_file(library)
    votes = read_votes(path)
    sets = heard_sets(library)
    for number, pair in enumerate(_pairs(library, sets, weights, seed=seed, count=pairs, turn=len(votes)), 1):
        answer = show(pair, number)
        if answer == "q":
            break
        votes.append(pair.vote(answer, weights))
        add_vote(path, votes[-1])
    return summary(preferences(votes, weights=weights, families=families_of(sets)), weights)


def votes_file(library: Library) -> Path:
    """Where the votes are kept."""
    return library.folder / "votes.jsonl"


def _pairs(
    library: Library, sets: Mapping[str, FloatArray], weights: Weights, *, seed: int | None, count: int, turn: int
) -> Iterator[Pair]:
    tracks, families = library.tracks(), families_of(sets)
    if count and (len(tracks) < K + 2 or len(families) < 2):
        raise LibraryError(
            f"{library.folder}: {len(tracks)} songs heard for {', '.join(families) or 'nothing'}; two lists to choose between "
            f"need {K + 2} songs and two of the weights; add music and run mixtape build"
        )
    lots = np.random.default_rng(seed)
    kept = np.sort(lots.permutation(len(tracks))[:_MOST_SONGS])
    songs = [tracks[row] for row in kept]
    tables = proximities({name: np.asarray(values)[kept] for name, values in sets.items()}) if count else {}
    lists: dict[str, tuple[Rows, Rows]] = {}
    asked: set[int] = set()
    for number in range(count):
        # Families take turns over all evenings, so that none is left with too few votes.
        family = families[(turn + number) % len(families)]
        if family not in lists:
            lists[family] = _two_lists(tables, family, weights)
        row = _seed(lists[family], lots, asked)
        asked.add(row)
        yield _pair(songs, row, family, lists[family], a_is_more=bool(lots.integers(2)))


def _two_lists(tables: Mapping[str, FloatArray], family: str, weights: Weights) -> tuple[Rows, Rows]:
    """What is recommended to every song with a family heard more, and less."""
    today = asdict(weights)[family] or 1.0
    more, less = (replace(weights, **{family: today * factor}) for factor in (CONTRAST, 1.0 / CONTRAST))
    return recommended(refused(tables, weights=more)), recommended(refused(tables, weights=less))


def _seed(lists: tuple[Rows, Rows], lots: np.random.Generator, asked: set[int]) -> int:
    """The song whose two lists differ most, among some drawn by lot that were not asked about this evening."""
    more, less = lists
    drawn = lots.permutation(len(more))
    tried = [row for row in drawn.tolist() if row not in asked][:_SEEDS_TRIED] or drawn.tolist()
    shared = [len(set(more[row].tolist()) & set(less[row].tolist())) for row in tried]
    return tried[int(np.argmin(shared))]


def _pair(songs: Sequence[Track], row: int, family: str, lists: tuple[Rows, Rows], *, a_is_more: bool) -> Pair:
    more, less = (tuple(songs[each] for each in found[row]) for found in lists)
    a, b = (more, less) if a_is_more else (less, more)
    return Pair(songs[row], a, b, family, a_is_more)
