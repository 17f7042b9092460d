"""Every recipe there is, by name. A new one is a file of its own and a line here."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType

from mixtape.errors import MixtapeError
from mixtape.playlists.album import album
from mixtape.playlists.alchemy import alchemy
from mixtape.playlists.contrast import contrast
from mixtape.playlists.energy_curve import energy_curve
from mixtape.playlists.hidden_gems import hidden_gems
from mixtape.playlists.islands import islands
from mixtape.playlists.loop import loop
from mixtape.playlists.nearest_features import nearest_features
from mixtape.playlists.nearest_map import nearest_map
from mixtape.playlists.path import path
from mixtape.playlists.recipe import Recipe
from mixtape.playlists.same_colours import same_colours
from mixtape.playlists.smooth_radio import smooth_radio
from mixtape.playlists.tempo_ramp import tempo_ramp
from mixtape.playlists.tour import tour
from mixtape.playlists.wander import wander
from mixtape.playlists.waypoints import waypoints

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        "nearest_map": nearest_map,
        "nearest_features": nearest_features,
        "radio": smooth_radio,
        "wander": wander,
        "path": path,
        "waypoints": waypoints,
        "loop": loop,
        "energy_curve": energy_curve,
        "tempo_ramp": tempo_ramp,
        "contrast": contrast,
        "alchemy": alchemy,
        "islands": islands,
        "hidden_gems": hidden_gems,
        "same_colours": same_colours,
        "album": album,
        "tour": tour,
    }
)
"""Recipes by name, in the order they are shown."""


def recipe_named(name: str) -> Recipe:
    """The recipe of that name, its words joined by - or _. MixtapeError naming those there are, or the one probably meant."""
    spoken = {each.replace("_", "-"): recipe for each, recipe in RECIPES.items()}
    asked = name.strip().lower().replace("_", "-")
    if asked not in spoken:
        close = difflib.get_close_matches(asked, spoken, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there is {', '.join(spoken)}"
        raise MixtapeError(f"no recipe '{name}'; {hint}")
    return spoken[asked]


def sentence_of(recipe: Recipe) -> str:
    """What a recipe does, in one sentence."""
    return (recipe.__doc__ or "").strip().splitlines()[0]
