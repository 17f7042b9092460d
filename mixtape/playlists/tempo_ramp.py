"""A set that gets faster, in steps a DJ's slider takes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mixtape.playlists.collection import Collection
from mixtape.playlists.finish import lined
from mixtape.playlists.harmony import camelot, clashes
from mixtape.playlists.line import Wish
from mixtape.playlists.recipe import Request
from mixtape.types import Playlist

NAME = "tempo_ramp"

STEP = 0.06
"""The largest change of speed from one song to the next, as a share, counted to the nearest of half, once and double."""

SURE = 0.3
"""Confidence from which a tempo or a key is taken as heard."""

_RISES = (1.25, 1.2, 1.15, 1.1, 1.06)
_FIT, _BACK, _HOME, _CLASH, _TOO_FAR, _UNKNOWN = 10.0, 20.0, 0.3, 0.4, 20.0, 40.0
_OCTAVE = 0.2
_LEVEL = float(np.log2(1.005))
_CHOICE, _NEAR = 4, float(np.log2(1.02))

_Vector = npt.NDArray[np.float64]


def tempo_ramp(request: Request, collection: Collection) -> Playlist:
    """A set that gets faster, or comes to the tempo asked for, in steps of 6 % or less, from key to a key that goes with it."""
    seed = collection.row(request.seed_id)
    pace, keys = paces(collection), camelot(collection, sure=SURE)
    start = _start(seed, pace, collection)
    home = collection.ways(seed)
    home = _HOME * home / max(float(home.max()), 1e-9)

    def wish(many: int) -> Wish:
        climb = _climb(start, many, pace) if request.bpm is None else float(_folded(np.array(np.log2(request.bpm) - start)))

        def fit(place: int) -> _Vector:
            off = np.abs(_folded(pace - start - climb * place / max(many - 1, 1)))
            return np.where(np.isfinite(pace), _FIT * off, _UNKNOWN) + home

        def step(rows: npt.NDArray[np.int64]) -> _Vector:
            whole = np.nan_to_num(pace[rows] - pace[rows][:, None])
            change = _folded(whole)
            octaves = np.abs(whole - change)
            back = np.maximum(-np.sign(climb) * change - _LEVEL, 0.0)
            too_far = 2.0 ** np.abs(change) - 1.0 > STEP + 1e-9
            return (
                collection.sound_table(rows)
                + _TOO_FAR * too_far
                + _BACK * back
                + _OCTAVE * octaves
                + _CLASH * clashes(keys, rows)
            )

        return Wish(many, fit, step, {0: seed})

    def reason(row: int) -> str:
        return ", ".join(filter(None, (f"{2 ** pace[row]:.0f} BPM" if np.isfinite(pace[row]) else "", keys[row])))

    made = lined(NAME, request, collection, wish=wish, reason=reason, own=True)
    return _told(made, pace, collection)


def paces(collection: Collection) -> _Vector:
    """The logarithm to base 2 of each song's tempo (n,); NaN where no tempo was heard for sure."""
    nothing = np.full(len(collection.ids), np.nan)
    bpm = np.asarray(collection.traits.get("tempo_bpm", nothing), np.float64)
    sure = np.asarray(collection.traits.get("tempo_confidence", nothing), np.float64) >= SURE
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(sure & (bpm > 0), np.log2(bpm), np.nan)


def steps(pace: _Vector) -> _Vector:
    """The change of speed, as a share, between songs of these paces (p,), to the nearest of half, once and double: (p, p)."""
    return np.asarray(2.0 ** np.abs(_folded(pace[:, None] - pace)) - 1.0)


def _folded(octaves: _Vector) -> _Vector:
    return np.asarray(octaves - np.round(octaves))


def _start(seed: int, pace: _Vector, collection: Collection) -> float:
    """Where the ramp begins: at the seed's tempo, heard for sure or not, or at that of most songs here."""
    if np.isfinite(pace[seed]):
        return float(pace[seed])
    guess = collection.traits.get("tempo_bpm", np.zeros(len(pace)))[seed]
    if np.isfinite(guess) and guess > 0:
        return float(np.log2(guess))
    return float(np.median(pace[np.isfinite(pace)])) if np.isfinite(pace).any() else 0.0


def _climb(start: float, many: int, pace: _Vector) -> float:
    """How far to climb, in octaves: as far as there are a few songs near every tempo on the way."""
    known = pace[np.isfinite(pace)]
    for rise in (np.log2(rise) for rise in _RISES):
        ramp = start + rise * np.arange(1, many) / max(many - 1, 1)
        off = np.sort(np.abs(_folded(ramp[:, None] - known)), axis=1)[:, : _CHOICE + 1]
        if off.shape[1] > _CHOICE and off.size and float(off[:, -1].max()) <= _NEAR:
            return float(rise)
    return float(np.log2(_RISES[-1]))


def _told(made: Playlist, pace: _Vector, collection: Collection) -> Playlist:
    """The list, with what it could not keep of the ramp said beside the seed."""
    line = pace[[collection.row(song) for song in made.ids]]
    said = []
    if not np.isfinite(pace).any():
        said.append("no tempo is known here, so by sound alone")
    else:
        if not np.isfinite(line[0]):
            said.append("its tempo is not sure")
        if many := int((~np.isfinite(line[1:])).sum()):
            said.append(f"{many} songs have no sure tempo" if many > 1 else "one song has no sure tempo")
        sure = line[np.isfinite(line)]
        if (np.diagonal(steps(sure), 1) > STEP + 1e-9).any():
            said.append("some steps are larger than 6 %")
    return Playlist(made.recipe, made.seed_id, made.variation, made.ids, ("; ".join([made.reasons[0], *said]), *made.reasons[1:]))
