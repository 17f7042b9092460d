"""Draw the golden map print again, the only way to change it; look at it before you commit.

python tests/golden/regenerate_maps.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mixtape.maps.frame import SPACING, framed, unstacked
from mixtape.maps.regions import regions
from mixtape.palette import dominant_colours
from mixtape.prints.map_print import MapSheet, save_map
from mixtape.types import SongMap, Track

HERE = Path(__file__).parent
GENRES = ("Dub Techno", "Ночная музыка", "Ambient", "Fado", "Free Jazz", "Choral")
SIZE_PX = (960, 660)


def sleeve(seed: int, *, side_px: int = 48) -> np.ndarray:
    """A drawn cover (side, side, 3) uint8: two colours and a slope, by seed."""
    random = np.random.default_rng(seed)
    one, other = random.integers(20, 236, (2, 3))
    y, x = np.mgrid[0:side_px, 0:side_px] / side_px
    share = 0.5 + 0.5 * np.tanh(6 * (np.cos(seed) * (x - 0.5) + np.sin(seed) * (y - 0.5)))
    return np.rint(one + (other - one) * share[..., None]).astype(np.uint8)


def sheet(n: int = 180, *, seed: int = 2) -> MapSheet:
    """A made-up map of n songs on six islands, each with a genre and two artists; every fifth song has no cover."""
    random = np.random.default_rng(seed)
    turn = np.arange(6) * np.pi / 3
    centres = 0.5 + np.stack([0.33 * np.cos(turn), 0.27 * np.sin(turn)], axis=1)
    island, side = np.arange(n) % 6, (np.arange(n) // 6) % 2
    xy = centres[island] + 0.028 * random.normal(size=(n, 2)) + np.stack([0.07 * side, 0.03 * side], axis=1)
    ids = tuple(f"song{k:04}" for k in range(n))
    tracks = {
        song: Track(
            song, Path(f"{k}.flac"), f"Artist {6 * side[k] + island[k]}", f"Song {k}", "", GENRES[island[k]], 1999, 90, None
        )
        for k, song in enumerate(ids)
    }
    xy = unstacked(framed(xy), spacing=SPACING)
    song_map = SongMap("fused", ids, xy.astype(np.float32), "fused", 30.0, 1)
    covers = tuple(None if k % 5 == 4 else sleeve(int(island[k]) * 7 + k % 4) for k in range(n))
    palettes = tuple(None if cover is None else dominant_colours(cover) for cover in covers)
    lines = ("Slower to faster, left to right", "Darker to brighter, bottom to top")
    return MapSheet(song_map, covers, palettes, regions(song_map, tracks), "By everything heard", lines)


if __name__ == "__main__":
    save_map(HERE / "map.png", sheet(), size_px=SIZE_PX)
    print(HERE / "map.png")
