"""Every recipe there is, by name. A new one is a file of its own and a line here."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from types import MappingProxyType

from mixtape.errors import MixtapeError
from mixtape.playlists import nearest_features, nearest_map
from mixtape.playlists.recipe import Recipe

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {
        nearest_map.NAME: nearest_map.nearest_map,
        nearest_features.NAME: nearest_features.nearest_features,
    }
)
"""Recipes by name, in the order they are shown."""


def recipe_named(name: str) -> Recipe:
    """The recipe of that name. MixtapeError naming the ones there are, or the one that was probably meant."""
    if name not in RECIPES:
        close = difflib.get_close_matches(name, RECIPES, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there is {', '.join(RECIPES)}"
        raise MixtapeError(f"no recipe '{name}'; {hint}")
    return RECIPES[name]


def sentence_of(recipe: Recipe) -> str:
    """What a recipe does, in one sentence."""
    return (recipe.__doc__ or "").strip().splitlines()[0]
