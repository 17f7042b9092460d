"""The rules all recipes keep, in one place, and the order in which they give way where a collection cannot keep them.

1. The seed song comes first, and no song comes twice. These are never relaxed.
2. The list has the length asked for, in songs or, as near as whole songs come, in minutes.
3. The same recording comes once (`recordings`).
4. Every song's length lies within the window asked for, and none is silent; the seed and songs asked for by name are as they are.
5. Between two songs of one artist lie `artist_gap` others.
6. Of one album come at most `album_cap` songs.

What gives way first stands last: the cap goes, then the gap shrinks one by one, then the window opens, then a recording comes
twice, and last, when the collection holds no more songs, the list is shorter. For many songs asked for by name it is longer.
Songs without an artist's or an album's name are nobody's: they stand in nobody's way. Whatever gave way is said in words
(`notes`), found in the finished list itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mixtape.playlists.collection import Collection
from mixtape.playlists.recipe import Request
from mixtape.playlists.recordings import recordings

PASSED = 1 / 3
"""The share of the songs that a variation passes over."""

_DARING = 1.5
_HEAD, _TRIES = 300, 8


@dataclass(frozen=True, slots=True)
class Chosen:
    """The rows a mixtape is made of, seed first, in the order they were chosen, and the artist gap they can be ordered with."""

    rows: tuple[int, ...]
    artist_gap: int


@dataclass(frozen=True, slots=True)
class Keys:
    """Who is who among some songs: by row, a key per artist, per album and per recording, and whether the length is wanted."""

    artist: Mapping[int, Hashable]
    album: Mapping[int, Hashable]
    recording: Mapping[int, Hashable]
    fits: Mapping[int, bool]

    @classmethod
    def of(cls, rows: Sequence[int], request: Request, collection: Collection) -> Keys:
        """The keys of `rows`; those asked for by name always fit."""
        named = {collection.row(song) for song in (request.seed_id, *request.through)}
        fits = {
            row: row in named or (request.fits(collection.tracks[row].duration_s) and not collection.silent[row]) for row in rows
        }
        return cls(
            dict(zip(rows, artist_keys(rows, collection), strict=True)),
            dict(zip(rows, album_keys(rows, collection), strict=True)),
            dict(zip(rows, recordings(rows, collection), strict=True)),
            fits,
        )


def artist_keys(rows: Iterable[int], collection: Collection) -> list[Hashable]:
    """One key per song, the same for the same artist, and one of its own where nobody is named."""
    return [collection.tracks[row].artist.strip().casefold() or ("nobody", row) for row in rows]


def album_keys(rows: Iterable[int], collection: Collection) -> list[Hashable]:
    """One key per song, the same for the same album of the same artist, or of no artist, and its own where none is named."""
    tracks = ((row, collection.tracks[row]) for row in rows)
    return [(t.artist.strip().casefold(), t.album.strip().casefold()) if t.album.strip() else ("none", row) for row, t in tracks]


def choose(candidates: Sequence[int], request: Request, collection: Collection) -> Chosen:
    """Take candidates in their order as far as the rules let them; relax the rules when they leave too few.

    `candidates` are rows, best first, each once, without the seed. The rows returned can always be put in an order that keeps
    the gap returned (see `can_follow`).
    """
    seed = collection.row(request.seed_id)
    queue = [int(row) for row in varied(candidates, request)]
    wanted = min(request.length, 1 + len(queue))
    # The first few hundred nearly always do, and who is who among many thousands takes long.
    head = [seed, *queue[: max(_HEAD, 6 * wanted)]]
    keys = Keys.of(head, request, collection)
    taken = _fill(_strict(head, keys), keys, wanted, gap=request.artist_gap, cap=request.album_cap)
    if len(taken) == wanted:
        return Chosen(tuple(taken), request.artist_gap)
    every = [seed, *queue]
    keys = Keys.of(every, request, collection)
    singles = _singles(every, keys)
    for pool in ([row for row in singles if keys.fits[row] or row == seed], singles, every):
        for cap, gap in ((request.album_cap, request.artist_gap), *((0, gap) for gap in range(request.artist_gap, -1, -1))):
            taken = _fill(pool, keys, wanted, gap=gap, cap=cap)
            if len(taken) == wanted:
                return Chosen(tuple(taken), gap)
    raise AssertionError("a gap of 0 with every song allowed always fills the list")


def varied(candidates: Sequence[int], request: Request) -> list[int]:
    """The candidates as the request's `adventurous` and `variation` see them.

    The more adventurous, the farther a candidate may move up or down: noise is added to the logarithm of its rank. Variation 0
    leaves them alone then; any other puts about a third of the candidates, at least one of the first `length` - 1, behind all
    others. Both are drawn from the number of the variation and the seed song, so the same request gives the same list.
    """
    rows = list(candidates)
    chance = drawn(request)
    if request.adventurous > 0:
        place = np.log(np.arange(len(rows)) + 1.0) + _DARING * request.adventurous * chance.gumbel(size=len(rows))
        rows = [rows[k] for k in np.argsort(place, kind="stable")]
    if request.variation == 0 or len(rows) < 2:
        return rows
    passed = chance.random(len(rows)) < PASSED
    first = min(max(request.length - 1, 1), len(rows) - 1)
    if not passed[:first].any():
        passed[int(chance.integers(first))] = True
    marked = list(zip(rows, passed, strict=True))
    return [row for row, skip in marked if not skip] + [row for row, skip in marked if skip]


def drawn(request: Request) -> np.random.Generator:
    """The chance of a request: the same for the same variation and seed song."""
    return np.random.default_rng([request.variation, *request.seed_id.encode("utf-8", "surrogateescape")])


def sized(request: Request, collection: Collection, make: Callable[[int], list[int]]) -> list[int]:
    """The rows that `make` gives for a number of songs: for the length asked for, or for the one nearest to the minutes."""
    n = len(collection.ids)
    if request.minutes is None:
        return make(min(request.length, n))
    lengths, kept = collection.durations_s, {collection.row(song) for song in (request.seed_id, *request.through)}
    wanted_s, count = 60.0 * request.minutes, max(1, round(60.0 * request.minutes / float(np.median(lengths))))
    tried: dict[int, tuple[float, list[int]]] = {}
    while len(tried) < _TRIES and (count := max(1, min(count, n))) not in tried:
        rows = make(count)
        total_s = float(lengths[rows].sum())
        trimmed = _trimmed(rows, wanted_s, kept, request, collection)
        tried[count] = abs(float(lengths[trimmed].sum()) - wanted_s), trimmed
        # At least one song up or down, to see the next length on the other side too.
        step = (wanted_s - total_s) * count / total_s
        count += round(step) or (1 if step > 0 else -1)
    return min(tried.values(), key=lambda each: (each[0], len(each[1])))[1]


def _trimmed(rows: list[int], wanted_s: float, kept: set[int], request: Request, collection: Collection) -> list[int]:
    """The rows without those that make them too long, as far as artists come back no sooner than they do, or may; `kept` stay."""
    lengths, artists = collection.durations_s, dict(zip(rows, artist_keys(rows, collection), strict=True))
    gap = next(gap for gap in range(request.artist_gap, -1, -1) if keeps_gap([artists[row] for row in rows], gap))
    while (over_s := float(lengths[rows].sum()) - wanted_s) > 0:
        without = [
            [*rows[:place], *rows[place + 1 :]]
            for place in sorted(range(len(rows)), key=lambda place: abs(over_s - lengths[rows[place]]))
            if rows[place] not in kept and abs(over_s - lengths[rows[place]]) < over_s
        ]
        shorter = next((way for way in without if keeps_gap([artists[row] for row in way], gap)), None)
        if shorter is None:
            break
        rows = shorter
    return rows


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


def notes(rows: Sequence[int], request: Request, collection: Collection) -> tuple[str, ...]:
    """What had to give way in a finished list, in words; empty when nothing had to."""
    keys = Keys.of(rows, request, collection)
    albums = Counter(keys.album[row] for row in rows)
    said = []
    if request.album_cap and max(albums.values()) > request.album_cap:
        said.append("albums come more often")
    if not keeps_gap([keys.artist[row] for row in rows], request.artist_gap):
        said.append("artists come back sooner")
    if not all(keys.fits.values()):
        said.append("some songs are longer, shorter or silent")
    if len({keys.recording[row] for row in rows}) < len(rows):
        said.append("some recordings come twice")
    if _too_long(rows, request, collection):
        said.append("longer, for all the songs that were named")
    if len(rows) == len(collection.ids) and _too_short(rows, request, collection):
        said.append(f"only {len(rows)} songs here" if len(rows) > 1 else "the only song here")
    return tuple(said)


def keeps_gap(artists: Sequence[Hashable], gap: int) -> bool:
    """Whether at least `gap` others lie between any two of one artist."""
    last: dict[Hashable, int] = {}
    for place, artist in enumerate(artists):
        if artist in last and place - last[artist] <= gap:
            return False
        last[artist] = place
    return True


def _too_short(rows: Sequence[int], request: Request, collection: Collection) -> bool:
    if request.minutes is None:
        return len(rows) < request.length
    return float(collection.durations_s[list(rows)].sum()) < 60.0 * request.minutes


def _too_long(rows: Sequence[int], request: Request, collection: Collection) -> bool:
    """Whether the songs named alone, more than the seed, are longer than the list was to be."""
    named = [collection.row(song) for song in dict.fromkeys((request.seed_id, *request.through))]
    there = [row for row in named if row in rows]
    if request.minutes is None:
        return len(rows) > request.length
    return len(there) > 1 and float(collection.durations_s[there].sum()) > 60.0 * request.minutes


def _singles(rows: Sequence[int], keys: Keys) -> list[int]:
    """The first song of each recording."""
    first: dict[Hashable, int] = {}
    for row in rows:
        first.setdefault(keys.recording[row], row)
    return list(first.values())


def _strict(rows: Sequence[int], keys: Keys) -> list[int]:
    return [row for row in _singles(rows, keys) if keys.fits[row]]


def _fill(pool: Sequence[int], keys: Keys, wanted: int, *, gap: int, cap: int) -> list[int]:
    """Rows from the pool, in its order, as many as wanted or as can be ordered with the gap."""
    seed, artists = pool[0], keys.artist
    most = -(-wanted // (gap + 1))
    # In a full list only so many artists can come `most` times, and the place at the start of such a row is the seed's.
    room_at_most = wanted - (most - 1) * (gap + 1) - 1
    taken, counts, albums = [seed], Counter([artists[seed]]), Counter([keys.album[seed]])
    at_most = 0
    for row in pool[1:]:
        if len(taken) == wanted:
            break
        artist = artists[row]
        reaches = counts[artist] + 1 == most and artist != artists[seed]
        if counts[artist] >= most or (reaches and at_most >= room_at_most) or (cap and albums[keys.album[row]] >= cap):
            continue
        taken.append(row)
        counts[artist] += 1
        albums[keys.album[row]] += 1
        at_most += reaches
    left = counts - Counter([artists[seed]])
    return taken if can_follow(left, [artists[seed]], gap) else []
