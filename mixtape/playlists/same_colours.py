"""Songs whose covers have the colours of the seed's cover."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mixtape.palette import srgb_to_oklab
from mixtape.playlists.collection import Collection, ranked
from mixtape.playlists.finish import finished
from mixtape.playlists.reasons import called, nearness
from mixtape.playlists.recipe import Request
from mixtape.types import Palette, Playlist

NAME = "same_colours"

_COLOURS = 8
_Vector = npt.NDArray[np.float64]


def same_colours(request: Request, collection: Collection) -> Playlist:
    """Songs whose covers have the colours of the seed's cover, ordered so that one shade leads to the next."""
    seed = collection.row(request.seed_id)
    palettes = collection.palettes
    near = ranked(collection.sound_distances(seed), seed).tolist()
    model = next((row for row in (seed, *near) if palettes[row] is not None), None)
    if model is None:
        said = ["there are no covers here, so by sound alone"]
        return finished(
            NAME, request, collection, candidates=near, table=collection.sound_table, reason=lambda _row: "", said=said
        )
    said = [] if model == seed else [f"it has no cover, so in the colours of {called(model, collection)}"]
    colours = colour_table(palettes)
    apart = colour_distances(colours, model)
    order = ranked(apart + 1e-3 * collection.map_distances(seed), seed).tolist()
    rank = {row: number for number, row in enumerate(order, start=1)}

    def table(rows: Sequence[int]) -> _Vector:
        some = colours[list(rows)]
        return np.stack([colour_distances(some, place) for place in range(len(some))])

    def reason(row: int) -> str:
        if palettes[row] is None:
            return "without a cover"
        return "the same cover" if apart[row] <= 1e-6 else nearness(rank[row], len(order), where="by the colours of its cover")

    return finished(NAME, request, collection, candidates=order, table=table, reason=reason, said=said, own=True)


def colour_table(palettes: Sequence[Palette | None]) -> _Vector:
    """The colours of each cover as (n, 8, 4): lightness, green-red, blue-yellow and share; NaN where there is no cover."""
    found = np.full((len(palettes), _COLOURS, 4), np.nan)
    for row, palette in enumerate(palettes):
        if palette is not None and len(palette.share):
            some = slice(0, _COLOURS)
            # A place with share 0 must still hold a colour: the first stands in for those that are not there.
            found[row] = (*srgb_to_oklab(palette.srgb[:1])[0], 0.0)
            found[row, : len(palette.share[some])] = np.column_stack([srgb_to_oklab(palette.srgb[some]), palette.share[some]])
    return found


def colour_distances(colours: _Vector, row: int) -> _Vector:
    """How far the colours of all covers (n, 8, 4) are from those of one: (n,), in OKLab; 9 where there is no cover.

    From each colour to the nearest of the other cover, weighted by the share it covers, the mean of both directions.
    """
    here = colours[row]
    if not np.isfinite(here).all():
        return np.full(len(colours), 9.0)
    steps = np.linalg.norm(colours[:, :, None, :3] - here[None, None, :, :3], axis=3)
    there = (np.where(here[None, None, :, 3] > 0, steps, 9.0).min(axis=2) * colours[:, :, 3]).sum(axis=1)
    back = (np.where(colours[:, :, None, 3] > 0, steps, 9.0).min(axis=1) * here[None, :, 3]).sum(axis=1)
    return np.where(np.isfinite(colours).all(axis=(1, 2)), (there + back) / 2.0, 9.0)
