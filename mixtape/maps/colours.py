"""Pictures on a map of their own: near each other when their colours are.

A picture is 32 numbers, eight colours with red, green, blue and a share each. How far two pictures are apart is how much colour
has to be moved how far to make one palette the other, measured in OKLab where equal steps look equal. The exact answer is a
transport problem for every pair; here each palette is spread over a few hundred landmark colours by nearness first, so that the
same question becomes one plain distance: an energy distance with a Gaussian of a visible width (Gretton and others, JMLR 13,
2012).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mixtape.maps.embed import layout, perplexity_for
from mixtape.maps.grid import assign_grid
from mixtape.palette import srgb_to_oklab
from mixtape.similarity.nearest import nearest
from mixtape.types import FloatArray, Grid, Palette

WIDTHS = (0.06, 0.2)
"""How far in OKLab colours still count as somewhat the same: tone by tone, and light against dark."""


def palette_points(palettes: Sequence[Palette]) -> FloatArray:
    """Pictures as points (n, d) whose plain distances say how different their colours are. An empty palette lies at nought."""
    landmarks = _landmarks()
    found = np.zeros((len(palettes), len(WIDTHS) * len(landmarks)), np.float32)
    for row, palette in enumerate(palettes):
        if not len(palette.share):
            continue
        away = ((srgb_to_oklab(palette.srgb)[:, None] - landmarks[None]) ** 2).sum(axis=-1)
        parts = [np.sqrt(width) * (palette.share @ np.exp(-away / width**2)) for width in WIDTHS]
        found[row] = np.concatenate(parts)
    return found


def colour_layout(palettes: Sequence[Palette], *, seed: int = 1, perplexity: float = 30.0) -> npt.NDArray[np.float64]:
    """A t-SNE layout (n, 2) of pictures by colour, light ones at the top, warm ones to the right."""
    points = palette_points(palettes)
    ids = [str(row) for row in range(len(points))]
    used = perplexity_for(len(points), most=perplexity)
    squares = np.einsum("ij,ij->i", points, points).astype(np.float64)
    away = np.sqrt(np.maximum(squares[:, None] + squares[None] - 2.0 * (points @ points.T).astype(np.float64), 0.0))
    np.fill_diagonal(away, 0.0)
    near = nearest(np.minimum(away, away.T), ids, k=int(3 * used) + 1)
    made = layout({"colours": points}, near, perplexity=used, seed=seed).points
    return _turned(made, mean_colours(palettes))


def colour_grid(palettes: Sequence[Palette], *, rows: int, cols: int, seed: int = 1) -> Grid:
    """Pictures sorted by colour in two dimensions: a cell of rows x cols for each. ShapeError when there are too many."""
    return assign_grid(colour_layout(palettes, seed=seed), rows=rows, cols=cols, aspect=cols / rows)


def mean_colours(palettes: Sequence[Palette]) -> FloatArray:
    """The mean colour of each picture in OKLab (n, 3); nought for an empty palette."""
    return np.array(
        [palette.share @ srgb_to_oklab(palette.srgb) if len(palette.share) else np.zeros(3) for palette in palettes], np.float32
    ).reshape(-1, 3)


def _turned(points: npt.NDArray[np.float64], colours: FloatArray) -> npt.NDArray[np.float64]:
    """Points turned and, where it helps, mirrored, so that light grows upwards and warmth to the right as well as both can."""
    if len(points) < 3:
        return points
    centred = points - points.mean(axis=0)
    wanted = np.stack([colours[:, 2] + colours[:, 1], colours[:, 0]], axis=1).astype(np.float64)
    wanted = (wanted - wanted.mean(axis=0)) / np.maximum(wanted.std(axis=0), 1e-9)
    u, _, v = np.linalg.svd(centred.T @ wanted)
    return np.asarray(centred @ (u @ v))


def _landmarks() -> FloatArray:
    """Colours (m, 3) in OKLab, evenly over what a screen shows: a lattice of 0.11 in each direction."""
    steps = np.linspace(0, 255, 7).astype(np.uint8)
    screen = srgb_to_oklab(np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3))
    cells = np.unique(np.rint(screen / 0.11).astype(np.int64), axis=0)
    return (cells * 0.11).astype(np.float32)
