"""The rules all recipes keep, in one place.

1. The seed song comes first, and no song comes twice. These are never relaxed.
2. Between two songs of one artist lie `artist_gap` others. Where the collection cannot give that, the gap shrinks one by one.
3. The same title by the same artist is the same song, and left out. Relaxed when the list would be too short even without a gap.
4. The list has the length asked for. Last, when the collection holds fewer songs, the list is shorter.

Songs without an artist's name are nobody's: they stand in nobody's way. Whatever was relaxed is said in words (`notes`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from mixtape.playlists.collection import Collection
from mixtape.playlists.recipe import Request


@dataclass(frozen=True, slots=True)
class Chosen:
    """The rows a mixtape is made of, seed first, in the order they were chosen, and the artist gap they can be ordered with."""

    rows: tuple[int, ...]
    artist_gap: int
    same_titles: bool
    short_by: int


def artist_keys(rows: Iterable[int], collection: Collection) -> list[Hashable]:
    """One key per song, the same for the same artist, and one of its own where nobody is named."""
    return [collection.tracks[row].artist.strip().casefold() or ("nobody", row) for row in rows]


def choose(candidates: Sequence[int], request: Request, collection: Collection) -> Chosen:
    """Take candidates in their order as far as the rules let them; relax the rules when they leave too few.

    `candidates` are rows, best first, each once, without the seed. The rows returned can always be put in an order that keeps
    the gap returned (see `can_follow`).
    """
    seed = collection.row(request.seed_id)
    queue = [int(row) for row in varied(candidates, request)]
    artists = dict(zip([seed, *queue], artist_keys([seed, *queue], collection), strict=True))
    alone = _first_of_title([seed, *queue], collection)
    wanted = min(request.length, 1 + len(queue))
    # Songs that share a title go only after every gap was tried without them: a smaller gap is less of a nuisance.
    for pool, same_titles in ((alone, False), ([seed, *queue], True)):
        for gap in range(request.artist_gap, -1, -1):
            taken = _fill(pool, artists, wanted, gap)
            if len(taken) == wanted:
                return Chosen(tuple(taken), gap, same_titles and len(alone) < wanted, request.length - wanted)
    raise AssertionError("a gap of 0 with every song allowed always fills the list")


def varied(candidates: Sequence[int], request: Request) -> list[int]:
    """The candidates as variation `request.variation` sees them: some of the best pass, in favour of the next.

    Variation 0 leaves them alone. Any other puts about a third of the candidates, at least one of the first `length` - 1, behind
    all others; which, is drawn from the number of the variation and the seed song, so the same request gives the same list.
    """
    rows = list(candidates)
    if request.variation == 0 or len(rows) < 2:
        return rows
    chance = np.random.default_rng([request.variation, *request.seed_id.encode("utf-8", "surrogateescape")])
    passed = chance.random(len(rows)) < 1 / 3
    first = min(max(request.length - 1, 1), len(rows) - 1)
    if not passed[:first].any():
        passed[int(chance.integers(first))] = True
    marked = list(zip(rows, passed, strict=True))
    return [row for row, skip in marked if not skip] + [row for row, skip in marked if skip]


def can_follow(left: Counter[Hashable], recent: Sequence[Hashable], gap: int) -> bool:
    """Whether songs `left` of each artist can all be played after `recent`, at least `gap` others between two of one artist.

    Playing whoever has most left, of those who may play, finds such an order when there is one.
    """
    counts = Counter({artist: many for artist, many in left.items() if many > 0})
    line = list(recent)
    while counts:
        barred = set(line[-gap:]) if gap else set()
        free = [(many, artist) for artist, many in counts.items() if artist not in barred]
        if not free:
            return False
        artist = max(free, key=lambda pair: pair[0])[1]
        line.append(artist)
        counts[artist] -= 1
        if not counts[artist]:
            del counts[artist]
    return True


def notes(chosen: Chosen, request: Request) -> tuple[str, ...]:
    """What had to give way, in words; empty when nothing had to."""
    said = []
    if chosen.artist_gap < request.artist_gap:
        said.append("few artists here, so they come back sooner")
    if chosen.same_titles:
        said.append("some titles come twice")
    if chosen.short_by:
        many = len(chosen.rows)
        said.append(f"only {many} songs here" if many > 1 else "the only song here")
    return tuple(said)


def _fill(pool: Sequence[int], artists: dict[int, Hashable], wanted: int, gap: int) -> list[int]:
    """Rows from the pool, in its order, as many as wanted or as can be ordered with the gap."""
    seed = pool[0]
    most = -(-wanted // (gap + 1))
    # In a full list only so many artists can come `most` times, and the place at the start of such a row is the seed's.
    room_at_most = wanted - (most - 1) * (gap + 1) - 1
    taken, counts = [seed], Counter([artists[seed]])
    at_most = 0
    for row in pool[1:]:
        if len(taken) == wanted:
            break
        artist = artists[row]
        reaches = counts[artist] + 1 == most and artist != artists[seed]
        if counts[artist] >= most or (reaches and at_most >= room_at_most):
            continue
        taken.append(row)
        counts[artist] += 1
        at_most += reaches
    left = counts - Counter([artists[seed]])
    return taken if can_follow(left, [artists[seed]], gap) else []


def _first_of_title(rows: Sequence[int], collection: Collection) -> list[int]:
    seen: set[Hashable] = set()
    kept = []
    for row in rows:
        track = collection.tracks[row]
        names = (track.artist.strip().casefold(), track.title.strip().casefold())
        key: Hashable = names if all(names) else row
        if key not in seen:
            seen.add(key)
            kept.append(row)
    return kept
