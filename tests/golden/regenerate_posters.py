"""Draw the golden posters again, the only way to change them; look at them before you commit.

python tests/golden/regenerate_posters.py
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mixtape.poster.draw import save_poster
from mixtape.poster.sheet import Sheet
from mixtape.types import Playlist, SongMap, Track

HERE = Path(__file__).parent
TITLES = (
    "Night Ferry",
    "Undertow",
    "Every Window Lit",
    "Salt",
    "Rooms Without Clocks",
    "Ночной паром",
    "Lanterns",
    "Ήσυχη θάλασσα",
)
ARTISTS = ("The Quiet Hours", "Ada Lind", "Marlow & Finch", "Océane")
REASONS = ("the seed", "closest in rhythm", "shares its dark timbre", "same slow pulse")


def sleeve(seed: int, *, side_px: int = 96) -> np.ndarray:
    """A drawn cover (side, side, 3) uint8: rings of two colours on a ground, by seed."""
    random = np.random.default_rng(seed)
    ground, first, second = random.integers(0, 256, (3, 3))
    y, x = (np.mgrid[0:side_px, 0:side_px] / side_px) - random.uniform(0.3, 0.7, (2, 1, 1))
    rings = 0.5 + 0.5 * np.sin(np.hypot(x, y) * random.uniform(12, 40))
    side = 0.5 + 0.5 * np.tanh(8 * (x * random.uniform(-1, 1) + y * random.uniform(-1, 1)))
    mixed = ground + (first - ground) * (rings * 0.8)[..., None] + (second - ground) * (side * 0.4)[..., None]
    return np.clip(mixed, 0, 255).astype(np.uint8)


def sheet(
    n: int, *, seed: int = 0, pictures: int = 48, songs: int = 240, without_cover: tuple[int, ...] = (), heard: bool = False
) -> Sheet:
    """A made-up mixtape of n songs in a made-up collection; `heard` ones have tempo, energy and levels."""
    random = np.random.default_rng(seed)
    islands = random.uniform(0.15, 0.85, (8, 2))
    xy = (islands[np.arange(songs) % 8] + random.normal(0, 0.04, (songs, 2))).astype(np.float32)
    ids = tuple(f"song{i:04}" for i in range(songs))
    chosen = [ids[int(i)] for i in np.argsort(np.hypot(*(xy - xy[0]).T), kind="stable")[: 4 * n : 4]][:n]
    tracks = tuple(
        Track(chosen[i], Path(f"{i}.flac"), ARTISTS[i % 4], TITLES[i % 8], "Album", "Ambient", 1999, 90.0 + 31 * i, None)
        for i in range(n)
    )
    covers = tuple(None if i in without_cover else sleeve(100 + i) for i in range(n))
    drawn = [sleeve(1000 + i, side_px=64) for i in range(pictures)]
    return Sheet(
        Playlist("nearest", chosen[0], 0, tuple(chosen), tuple(REASONS[i % 4] for i in range(n))),
        tracks,
        covers,
        (None,) * n,
        np.stack(drawn) if drawn else np.zeros((0, 64, 64, 3), np.uint8),
        SongMap("fused", ids, xy, "fused", 30.0, 0),
        "The nearest songs on the map, walked without coming back.",
        "21 March 2026",
        **(_heard(n, seed) if heard else {}),
    )


def _heard(n: int, seed: int) -> dict[str, tuple]:
    """A slow rise and fall with one song without a beat, and levels with a beginning and an end."""
    random = np.random.default_rng(seed + 99)
    rise = np.sin(np.pi * (np.arange(n) + 0.5) / n)
    tempo = 84 + 40 * rise + random.uniform(-6, 6, n)
    tempo[n // 3] = np.nan if n > 4 else tempo[n // 3]
    shape = np.sin(np.pi * np.linspace(0.02, 0.98, 80)) ** 0.3
    levels = tuple((shape * random.uniform(0.5, 1.0, 80) * (0.5 + 0.5 * rise[i])).astype(np.float32) for i in range(n))
    return {"tempo_bpm": tuple(tempo), "energy": tuple(0.2 + 0.6 * rise + random.uniform(-0.1, 0.1, n)), "levels": levels}


GOLDEN = {
    "poster.png": (sheet(8, without_cover=(3, 5), heard=True), (640, 905), "map"),
    "poster_wide.png": (sheet(24, seed=3, pictures=200), (960, 660), "map"),
    "poster_bare.png": (sheet(5, seed=5, pictures=0, without_cover=(0, 1, 2, 3, 4)), (640, 905), "map"),
    "poster_tracklist.png": (sheet(12, seed=1, heard=True), (480, 679), "tracklist"),
    "poster_sleeve.png": (sheet(12, seed=2, heard=True, without_cover=(4,)), (560, 560), "sleeve"),
}
"""What each golden picture shows, its size and its layout."""

if __name__ == "__main__":
    for name, (shown, size_px, layout_name) in GOLDEN.items():
        save_poster(HERE / name, shown, size_px=size_px, layout_name=layout_name)
        print(HERE / name)
