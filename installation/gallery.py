"""The gallery on the wall: what the network drew at every age, hung by age or by colour."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from installation.places import smooth
from mixtape.maps.grid import assign_grid
from mixtape.palette import srgb_to_oklab
from mixtape.types import ByteArray, FloatArray, IntArray

PICTURES = 540
"""As many hang at most: 18 x 30, or 20 x 27."""

_HANGS = 0.30
"""Share of a scene's time in which the pictures come, the oldest first."""

_TURNS = (0.42, 0.62)
"""When they set out to the order by colour, and when all have arrived; as long after a scene's time they go back."""


@dataclass(frozen=True, eq=False)
class Gallery:
    """Pictures (m, s, s, 3) uint8 from the youngest network to the oldest, how many steps each had learned (m,), and the mean
    colour of each in OKLab (m, 3)."""

    pictures: ByteArray
    steps: IntArray
    colours: FloatArray

    def shape(self, aspect: float) -> tuple[int, int]:
        """Rows and columns for a picture of that aspect, filled to the last cell; some of the pictures may stay away."""
        count = len(self.pictures)
        rows = max(1, min(round((count / min(max(aspect, 0.5), 2.0)) ** 0.5), count))
        return rows, max(1, count // rows)


def load_gallery(folder: Path) -> Gallery | None:
    """Pictures of all ages from a training folder's gallery; None when there is none that can be read."""
    place = folder / "gallery"
    try:
        lines = (place / "pictures.csv").read_text(encoding="utf-8").splitlines()[1:]
        if not lines:
            return None
        listed = np.loadtxt(lines, delimiter=",", usecols=(1, 2, 3), dtype=np.int64, ndmin=2)
        # More of the late ones: noise is soon told, and the network learns longest where its pictures are best.
        even = np.linspace(0.0, 1.0, min(PICTURES, len(listed)))
        chosen = listed[np.unique(np.round((0.25 * even + 0.75 * np.sqrt(even)) * (len(listed) - 1)).astype(int))]
        shards = {int(k): np.load(place / f"pictures-{k:05d}.npy", mmap_mode="r") for k in np.unique(chosen[:, 0])}
        pictures = np.stack([shards[int(shard)][row] for shard, row in chosen[:, :2]])
    except (OSError, ValueError, IndexError):
        return None
    if len(pictures) < 2 or pictures.ndim != 4 or pictures.shape[1] != pictures.shape[2]:
        return None
    return Gallery(pictures, chosen[:, 2].astype(np.int32), mean_colours(pictures))


def mean_colours(pictures: ByteArray) -> FloatArray:
    """The mean colour of each picture (m, s, s, 3) in OKLab: (m, 3)."""
    return np.stack([srgb_to_oklab(picture[::4, ::4].reshape(-1, 3)).mean(axis=0) for picture in pictures]).astype(np.float32)


@lru_cache(maxsize=4)
def hung(gallery: Gallery, rows: int, cols: int) -> tuple[IntArray, IntArray, IntArray]:
    """Which pictures hang in rows x cols cells (n,), and the cell of each by age (column by column from the left) and by colour
    (warm ones to the right, light ones to the top)."""
    count = rows * cols
    shown = np.linspace(0, len(gallery.pictures) - 1, count).astype(np.int32)
    down, across = np.arange(count) % rows, np.arange(count) // rows
    lightness, warmth = gallery.colours[shown, 0], gallery.colours[shown, 1:].sum(axis=1)
    ranks = [np.argsort(np.argsort(each, kind="stable"), kind="stable") / max(count - 1, 1) for each in (warmth, lightness)]
    by_colour = assign_grid(np.stack(ranks, axis=1), rows=rows, cols=cols, aspect=cols / rows).cell
    return shown, (down * cols + across).astype(np.int32), by_colour.astype(np.int32)


def order_share(since_s: float, scene_s: float) -> float:
    """How far 0..1 the pictures are from the order by age to that by colour, `since_s` after the scene began."""
    turn = (since_s / scene_s) % (2.0 * _TURNS[1])
    there = float(smooth((turn - _TURNS[0]) / (_TURNS[1] - _TURNS[0])))
    back = float(smooth((turn - _TURNS[0] - _TURNS[1]) / (_TURNS[1] - _TURNS[0])))
    return there - back


def come(since_s: float, scene_s: float, ages: FloatArray) -> FloatArray:
    """How far each picture has come 0..1 at its age (m,) 0..1: the oldest network's last."""
    return np.asarray(smooth((since_s / (_HANGS * scene_s) * 1.15 - ages) / 0.15), np.float32)
