"""What to call a part of the map: the word that tells its songs from all others, not the one that is merely frequent.

Every song has terms (its genre, artist, decade, tempo, key, how it sounds). A term is scored for a region by the log-odds of its
share inside against outside, drawn to the whole collection's share by a prior, over its standard error (Monroe, Colaresi and
Quinn, Fightin' Words, Political Analysis 16, 2008). It must hold for three tenths of the songs inside.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from mixtape.types import FloatArray, Track

LEAST_SHARE = 0.3
_PRIOR_SONGS = 10.0
_LEAST_SCORE = 1.3
_LONGEST = 32

TraitTable = Mapping[str, FloatArray]
"""Readable traits by name, (n,) each, NaN where a song has none."""

# Below the first number a song is one thing, from the second on another; between them it is neither.
_EXTREMES: Mapping[str, tuple[str, str]] = {
    "brightness": ("dark", "bright"),
    "energy": ("calm", "driving"),
    "loudness_lufs": ("quiet", "loud"),
    "dynamics_db": ("even", "dramatic"),
    "pulse": ("floating", "steady beat"),
    "bass": ("light", "bass-heavy"),
    "events_per_s": ("sparse", "busy"),
    "tonality": ("percussive", "melodic"),
}
_SURE = {"tempo_bpm": ("tempo_confidence", 0.2), "mode": ("key_confidence", 0.3), "key": ("key_confidence", 0.5)}
_KEYS = ("C", "C sharp", "D", "E flat", "E", "F", "F sharp", "G", "A flat", "A", "B flat", "B")
_TAGS = ("genre", "artist", "decade")
_EXTREME_SHARE = 0.25
_TEMPI = ((0, 76, "slow"), (76, 98, "walking pace"), (98, 118, "mid-tempo"), (118, 134, "dance tempo"), (134, 1000, "fast"))


def terms_of(tracks: Sequence[Track], traits: TraitTable | None = None) -> list[dict[str, str]]:
    """For each song its terms by kind: genre, artist, decade, tempo, mode, and traits in which it lies far out."""
    said: list[dict[str, str]] = [dict(_tags(track)) for track in tracks]
    known = {name: np.asarray(values, np.float64) for name, values in (traits or {}).items()}
    for name in known:
        for song, term in _trait_terms(name, _sure(name, known)):
            said[song][name] = term
    return said


def _sure(name: str, traits: Mapping[str, npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """A trait's values (n,), NaN where the song does not have it plainly."""
    by, least = _SURE.get(name, ("", 0.0))
    values = traits[name]
    if by in traits:
        values = np.where(traits[by] > least, values, np.nan)
    return values


def _tags(track: Track) -> list[tuple[str, str]]:
    decade = f"{track.year // 10 * 10}s" if track.year and 1000 < track.year < 3000 else ""
    tags = (("genre", track.genre), ("artist", track.artist), ("decade", decade))
    return [(kind, _short(" ".join(text.split()))) for kind, text in tags if text.strip()]


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rstrip() + "…"


def _trait_terms(name: str, values: npt.NDArray[np.float64]) -> list[tuple[int, str]]:
    known = np.flatnonzero(np.isfinite(values))
    if name == "tempo_bpm":
        classes = ((song, low, high, word) for song in known for low, high, word in _TEMPI)
        return [(int(song), word) for song, low, high, word in classes if low <= values[song] < high and values[song] > 0]
    if name == "mode":
        return [(int(song), "major" if values[song] >= 0.5 else "minor") for song in known]
    if name == "key":
        return [(int(song), f"in {_KEYS[int(values[song]) % 12]}") for song in known]
    if name not in _EXTREMES or len(known) < 4:
        return []
    low, high = np.quantile(values[known], [_EXTREME_SHARE, 1 - _EXTREME_SHARE])
    less, more = _EXTREMES[name]
    if not low < high:
        return []
    return [(int(s), less if values[s] <= low else more) for s in known if values[s] <= low or values[s] >= high]


def scores(inside: Sequence[int], terms: Sequence[Mapping[str, str]]) -> list[tuple[float, str, str]]:
    """Terms that hold for enough songs inside, best first: (z of the log-odds, kind, term)."""
    here = Counter((kind, term) for song in inside for kind, term in terms[song].items())
    everywhere = Counter((kind, term) for each in terms for kind, term in each.items())
    n, m = len(inside), len(terms) - len(inside)
    found = []
    for (kind, term), count in here.items():
        if count < LEAST_SHARE * n or count < min(2, n):
            continue
        share = everywhere[kind, term] / len(terms)
        prior = _PRIOR_SONGS * share
        outside = everywhere[kind, term] - count
        odds = _log_odds(count + prior, n + _PRIOR_SONGS) - _log_odds(outside + prior, m + _PRIOR_SONGS)
        found.append((odds / math.sqrt(1 / (count + prior) + 1 / (outside + prior)), kind, term))
    return sorted(found, key=lambda one: (-one[0], one[1], one[2]))


def _log_odds(count: float, total: float) -> float:
    return math.log(count) - math.log(max(total - count, 1e-9))


def name_for(inside: Sequence[int], terms: Sequence[Mapping[str, str]], taken: set[str], *, middle: str) -> str:
    """A name for the songs `inside` that is not yet `taken`; `middle` is what the song in the middle is called.

    The best distinctive term, and of what the songs sound like two, since one such word says little; two of different kinds when
    one is taken; two artists when nothing is distinctive; at last the neighbourhood of the song in the middle.
    """
    good = [(kind, term) for score, kind, term in scores(inside, terms) if score > _LEAST_SCORE]
    heard = [term for kind, term in good if kind not in _TAGS]
    both = f"{heard[0]}, {heard[1]}" if len(heard) > 1 else ""
    pairs = [(a, b) for k, a in good for j, b in good if k != j]
    artists = [term for term, _ in Counter(terms[song]["artist"] for song in inside if "artist" in terms[song]).most_common(2)]
    candidates = [
        *(both if both and kind not in _TAGS else term for kind, term in good),
        *(f"{a}, {b}" for a, b in pairs),
        *([" / ".join(artists)] if artists else []),
        f"around {_short(middle)}",
    ]
    return next((name for name in candidates if name not in taken), candidates[-1])


def directions(xy: npt.NDArray[np.float32], traits: TraitTable, *, least: float = 0.15) -> tuple[str, ...]:
    """What changes along the map, strongest first: "slower to faster, left to right".

    A trait counts when a plane through it explains at least `least` of its variance over the map's positions (n, 2), y up.
    """
    said = []
    for name, (less, more) in _WAYS.items():
        values = np.asarray(traits.get(name, np.empty(0)), np.float64)
        known = np.isfinite(values) if len(values) == len(xy) else np.zeros(0, bool)
        if known.sum() < 10 or np.ptp(values[known]) == 0:
            continue
        ranks = np.argsort(np.argsort(values[known], kind="stable"), kind="stable").astype(np.float64)
        ranks -= ranks.mean()
        places = xy[known] - xy[known].mean(axis=0)
        slope, *_ = np.linalg.lstsq(places, ranks, rcond=None)
        explained = 1 - ((ranks - places @ slope) ** 2).sum() / (ranks**2).sum()
        if explained >= least:
            said.append((explained, f"{less} to {more}, {_way(slope)}"))
    return tuple(sentence for _, sentence in sorted(said, key=lambda one: -one[0]))


_WAYS: Mapping[str, tuple[str, str]] = {
    "tempo_bpm": ("slower", "faster"),
    "energy": ("calmer", "more driving"),
    "brightness": ("darker", "brighter"),
    "loudness_lufs": ("quieter", "louder"),
    "pulse": ("floating", "steadier beat"),
    "dynamics_db": ("even", "dramatic"),
    "bass": ("lighter", "heavier bass"),
    "events_per_s": ("sparser", "busier"),
    "tonality": ("percussive", "melodic"),
}


def _way(slope: npt.NDArray[np.float64]) -> str:
    """Where a slope leads, in eight directions."""
    names = (
        *("left to right", "lower left to upper right", "bottom to top", "lower right to upper left"),
        *("right to left", "upper right to lower left", "top to bottom", "upper left to lower right"),
    )
    turn = math.atan2(float(slope[1]), float(slope[0])) / (math.pi / 4)
    return names[round(turn) % 8]
