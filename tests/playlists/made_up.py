"""Made-up collections for the tests of recipes, plain and hostile ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from mixtape.playlists.collection import Collection
from mixtape.playlists.sources import NO_SOURCES, Sources
from mixtape.types import Neighbours, Palette, SongMap, Track

SHAPES = ("plain", "one artist", "all copies", "all identical", "no tags", "no neighbours", "one album", "long", "silent")


def hostile(shape: str, n: int, *, seed: int, known: bool) -> Collection:
    """n songs in a plane that is the map and, bent, the sound; `known`: with sound, traits and covers at hand."""
    chance = np.random.default_rng([seed, n])
    same = shape in ("all copies", "all identical")
    xy = np.full((n, 2), 0.5) if same else chance.random((n, 2))
    bent = xy if same else xy + 0.05 * chance.normal(size=(n, 2))
    ids = tuple(f"s{row}" for row in range(n))
    return Collection(
        tuple(_track(shape, row, n, chance) for row in range(n)),
        SongMap("fused", ids, xy.astype(np.float32), "rp", 30.0, 1),
        _neighbours(ids, bent, k=0 if shape == "no neighbours" else min(50, n - 1)),
        sources=_sources(bent, shape, chance) if known else NO_SOURCES,
    )


def _track(shape: str, row: int, n: int, chance: np.random.Generator) -> Track:
    artist = f"artist {int(chance.integers(max(n // 3, 1)))}"
    album, title, duration_s = f"album {int(chance.integers(1 + n // 5))}", f"Title {row}", float(chance.integers(20, 500))
    if shape in ("one artist", "all copies"):
        artist = "A"
    if shape == "one album":
        artist, album = f"artist {row % 2}", "Album"
    if shape == "all copies":
        title, duration_s = "Song", 180.0
    if shape == "no tags":
        artist = album = title = ""
    if shape == "long":
        duration_s = 0.0 if row % 3 == 0 else 5000.0 + row
    return Track(f"s{row}", Path(f"/music/s{row}.mp3"), artist, title, album, "", None, duration_s, None)


def _neighbours(ids: Sequence[str], places: np.ndarray, *, k: int) -> Neighbours:
    if k <= 0:
        return Neighbours(tuple(ids), np.zeros((len(ids), 0), np.int32), np.zeros((len(ids), 0), np.float32))
    far, near = cKDTree(places).query(places, k=min(k + 1, len(ids)))
    index, distance = np.zeros((len(ids), k), np.int32), np.zeros((len(ids), k), np.float32)
    for row in range(len(ids)):
        # Among songs in one place the tree may leave out the song itself.
        others = [(d, r) for d, r in zip(far[row], near[row], strict=True) if r != row][:k]
        distance[row], index[row] = [d / 2.0 for d, _ in others], [r for _, r in others]
    return Neighbours(tuple(ids), index, distance)


def _sources(places: np.ndarray, shape: str, chance: np.random.Generator) -> Sources:
    n = len(places)
    traits = {
        "energy": chance.random(n),
        "tempo_bpm": chance.uniform(60, 180, n),
        "tempo_confidence": chance.random(n),
        "key": chance.integers(0, 12, n).astype(float),
        "mode": chance.integers(0, 2, n).astype(float),
        "key_confidence": chance.random(n),
        "loudness_lufs": np.full(n, -70.0) if shape == "silent" else chance.uniform(-20, -6, n),
    }
    colours = chance.integers(0, 256, (n, 2, 3)).astype(np.uint8)
    palettes = [Palette(c, np.array([0.7, 0.3], np.float32)) if k % 4 else None for k, c in enumerate(colours)]

    def between(here: Sequence[int], there: Sequence[int]) -> np.ndarray:
        a, b = places[np.asarray(here, int)], places[np.asarray(there, int)]
        return (np.hypot(*(a[:, None] - b[None]).transpose(2, 0, 1)) / 2.0).astype(np.float32)

    return Sources(lambda: between, lambda: traits, lambda: palettes)
