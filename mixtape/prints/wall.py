"""Walls: pictures edge to edge, sorted by colour in two dimensions; and the stages of a map beside each other."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mixtape.errors import LibraryError
from mixtape.maps.colours import colour_grid
from mixtape.maps.grid import grid_shape
from mixtape.palette import palette_from
from mixtape.prints.map_print import checked
from mixtape.storage import write_atomic
from mixtape.types import ByteArray, FloatArray, Palette

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

NIGHT = (11, 11, 13)
"""What is behind the pictures."""

GALLERY_SIDE = 36
"""Rows and columns of the gallery's wall."""

_AIR = 0.045


def wall_shape(n: int, *, aspect: float) -> tuple[int, int]:
    """(rows, cols) of a wall that n pictures fill to the last cell, near the aspect; up to a twentieth of them stay away."""
    best = max(
        ((rows, cols) for rows in range(1, n + 1) for cols in (n // rows,) if cols and rows * cols >= 0.95 * n),
        key=lambda shape: (-abs(math.log(shape[1] / shape[0] / aspect)), shape),
        default=grid_shape(max(n, 1), aspect=aspect),
    )
    # A prime number of pictures has no good shape of its own: a few empty cells are better than a ribbon.
    return best if abs(math.log(best[1] / best[0] / aspect)) < 0.7 else grid_shape(n, aspect=aspect)


def cover_wall(
    pictures: Callable[[int], ByteArray], palettes: Sequence[Palette], *, size_px: tuple[int, int], seed: int = 1
) -> Picture:
    """Pictures sorted by colour, as large as the sheet lets them be, with a hair of night between them.

    `pictures(k)` is the kth of them, (h, w, 3) uint8. ConfigError for an impossible size, LibraryError when there are none.
    """
    from PIL import Image

    checked(size_px)
    if not palettes:
        raise LibraryError("there are no pictures to hang; build a collection whose songs have covers")
    rows, cols = wall_shape(len(palettes), aspect=size_px[0] / size_px[1])
    shown = list(range(min(len(palettes), rows * cols)))
    grid = colour_grid([palettes[k] for k in shown], rows=rows, cols=cols, seed=seed)
    margin = 0.05 * min(size_px)
    cell = min((size_px[0] - 2 * margin) / cols, (size_px[1] - 2 * margin) / rows)
    left, top = (size_px[0] - cell * cols) / 2, (size_px[1] - cell * rows) / 2
    canvas = Image.new("RGB", size_px, NIGHT)
    for k in shown:
        row, col = divmod(int(grid.cell[k]), cols)
        x, y = round(left + cell * (col + _AIR)), round(top + cell * (row + _AIR))
        right, bottom = round(left + cell * (col + 1 - _AIR)), round(top + cell * (row + 1 - _AIR))
        picture = Image.fromarray(np.ascontiguousarray(pictures(k)))
        canvas.paste(picture.resize((max(right - x, 1), max(bottom - y, 1)), Image.Resampling.LANCZOS), (x, y))
    return canvas


def gallery_pictures(folder: Path, *, count: int) -> tuple[ByteArray, tuple[Palette, ...]]:
    """The last `count` pictures (m, s, s, 3) of a gallery, the oldest and noisiest left out, and their palettes.

    LibraryError when there is no gallery.
    """
    shards = sorted((folder / "gallery").glob("pictures-*.npy"))
    colours = [path.with_name(path.name.replace("pictures", "palettes")) for path in shards]
    if not shards or not all(path.is_file() for path in colours):
        raise LibraryError(f"{folder / 'gallery'}: there is no gallery; run mixtape gallery first")
    chosen: list[ByteArray] = []
    for path in reversed(shards):
        chosen.insert(0, np.load(path))
        if sum(len(part) for part in chosen) >= count:
            break
    kept = np.concatenate([np.load(path) for path in colours[-len(chosen) :]])
    return np.concatenate(chosen)[-count:], tuple(palette_from(row) for row in kept[-count:])


def forming_sheet(stages: FloatArray, colours: FloatArray, *, size_px: tuple[int, int]) -> Picture:
    """How songs came to a map, stage by stage from the upper left: `stages` (s, n, 2) in the unit square, colours (n, 3) OKLab.

    ConfigError for an impossible size.
    """
    from PIL import Image

    from mixtape.poster.landscape import glow
    from mixtape.prints.light import linear, to_bytes

    checked(size_px)
    rows, cols = grid_shape(len(stages), aspect=size_px[0] / size_px[1])
    side = int(min(size_px[0] / cols, size_px[1] / rows))
    canvas = Image.new("RGB", size_px, NIGHT)
    left, top = (size_px[0] - side * cols) // 2, (size_px[1] - side * rows) // 2
    dot = max(0.9, 0.0055 * side)
    ground = ((np.array(NIGHT, np.float32) / 255.0 + 0.055) / 1.055) ** 2.4
    for k, xy in enumerate(stages):
        places = (np.stack([xy[:, 0], 1.0 - xy[:, 1]], axis=1) * side).astype(np.float32)
        rgb = linear(colours)
        light = glow(places, 5.5 * dot**2 * rgb, size_px=(side, side), sigma_px=dot)
        light += glow(places, 1.1 * dot**2 * rgb, size_px=(side, side), sigma_px=4 * dot)
        canvas.paste(Image.fromarray(to_bytes(light + ground)), (left + side * (k % cols), top + side * (k // cols)))
    return canvas


def save_picture(path: Path, picture: Picture) -> None:
    """Write a picture as a PNG for 300 dpi. LibraryError when the disk refuses."""
    out = io.BytesIO()
    picture.save(out, "PNG", dpi=(300, 300), compress_level=6)
    write_atomic(path, out.getvalue())
