"""A curve of energy over the evening: rise, peak, cool down, or whatever curve is drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mixtape.playlists.collection import Collection
from mixtape.playlists.finish import lined
from mixtape.playlists.line import Wish
from mixtape.playlists.recipe import Request
from mixtape.types import Playlist

NAME = "energy_curve"

CURVE = (0.25, 0.45, 0.7, 0.95, 0.9, 0.5, 0.2)
"""Rise, peak, cool down."""

_FIT, _HOME = 6.0, 0.3


def energy_curve(request: Request, collection: Collection) -> Playlist:
    """Songs near the seed whose energy follows a curve: a rise, a peak and a cooling down, or the points that were drawn."""
    seed = collection.row(request.seed_id)
    energy = energies(collection)
    home = collection.ways(seed)
    home = _HOME * home / max(float(home.max()), 1e-9)
    curve = request.curve or starting_at(float(energy[seed]), CURVE)

    def wish(many: int) -> Wish:
        wanted = np.interp(np.linspace(0, 1, many), np.linspace(0, 1, len(curve)), curve)

        def fit(place: int) -> npt.NDArray[np.float64]:
            return np.where(np.isfinite(energy), _FIT * np.abs(energy - wanted[place]), 0.5 * _FIT) + home

        return Wish(many, fit, collection.sound_table, {0: seed})

    def reason(row: int) -> str:
        return f"energy {100 * energy[row]:.0f} of 100" if np.isfinite(energy[row]) else ""

    said = () if np.isfinite(energy).any() else ("energy is not known here, so by sound alone",)
    return lined(NAME, request, collection, wish=wish, reason=reason, said=said, own=True)


def energies(collection: Collection) -> npt.NDArray[np.float64]:
    """Each song's energy as its place among all songs, 0 the calmest to 1 (n,); NaN where it is not known."""
    raw = np.asarray(collection.traits.get("energy", np.full(len(collection.ids), np.nan)), np.float64)
    known = np.flatnonzero(np.isfinite(raw))
    found = np.full(len(raw), np.nan)
    # Songs of the same energy share a place: half of those below and those not above.
    ordered = np.sort(raw[known])
    below = np.searchsorted(ordered, raw[known], "left") + np.searchsorted(ordered, raw[known], "right") - 1
    found[known] = below / 2 / max(len(known) - 1, 1)
    return found


def starting_at(energy: float, curve: Sequence[float]) -> tuple[float, ...]:
    """The curve, begun at the seed's own energy, so that it is the songs after it that rise."""
    return (energy, *curve[1:]) if np.isfinite(energy) else tuple(curve)
