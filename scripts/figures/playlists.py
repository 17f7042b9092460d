"""Mixtapes: how long they take, and how smooth they are."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from figures.row import Row
from figures.similarity import made_up_collection

_SONGS = 5_000


def _collection(n: int) -> tuple[Any, Any]:
    """Songs of chance with all feature sets, on a map that is a plane through them; and their distances by sound."""
    import numpy as np
    from scipy.spatial import cKDTree

    from mixtape.playlists.collection import Collection
    from mixtape.playlists.sound import Sound
    from mixtape.playlists.sources import Sources
    from mixtape.similarity.sets import Weights
    from mixtape.types import Neighbours, SongMap, Track

    features = made_up_collection(n)
    ear = features["ear_linear"].astype(np.float64)
    ear /= np.linalg.norm(ear, axis=1)[:, None]
    far, near = cKDTree(ear).query(ear, k=51)
    ids = tuple(f"{row:032d}" for row in range(n))
    plane = np.linalg.svd(ear - ear.mean(axis=0), full_matrices=False)[0][:, :2]
    plane = (plane - plane.min(axis=0)) / np.ptp(plane, axis=0)
    tracks = tuple(
        Track(song, Path(f"/{song}.mp3"), f"artist {k % (n // 8)}", song, "", "", None, 200.0, None) for k, song in enumerate(ids)
    )
    neighbours = Neighbours(ids, near[:, 1:].astype(np.int32), (far[:, 1:] / 2.0).astype(np.float32))
    song_map = SongMap("fused", ids, plane.astype(np.float32), "", 30.0, 1)
    return Collection(tracks, song_map, neighbours), Sources(sound=lambda: Sound(features, Weights()))


def mixtape_5000() -> Row:
    """One mixtape from 5,000 songs whose sound nobody has asked about yet: the middle recipe, against the slowest."""
    from dataclasses import replace

    from mixtape.playlists.recipe import Request
    from mixtape.playlists.registry import RECIPES

    bare, sources = _collection(_SONGS)
    taken = []
    for recipe in RECIPES.values():
        fresh = replace(bare, sources=sources)
        start = time.process_time()
        recipe(Request(bare.ids[_SONGS // 3]), fresh)
        taken.append(time.process_time() - start)
    middle, slowest = sorted(taken)[len(taken) // 2], max(taken)
    return Row("mixtape_5000", middle, "CPU-s", f"the slowest of {len(taken)} recipes", middle / slowest)


def smooth_mixtape() -> Row:
    """All steps of a mixtape of 24 songs together, by sound, against the same songs by distance to the seed: the middle of 40."""
    from dataclasses import replace

    import numpy as np

    from mixtape.playlists.nearest_features import nearest_features
    from mixtape.playlists.order import way_length
    from mixtape.playlists.recipe import Request

    bare, sources = _collection(1_000)
    collection, found = replace(bare, sources=sources), []
    for seed in range(0, 1_000, 25):
        rows = [collection.row(song) for song in nearest_features(Request(collection.ids[seed], length=24), collection).ids]
        apart = collection.sound_distances(rows[0])
        table = collection.sound_table(rows)
        by_distance = sorted(range(len(rows)), key=lambda place: apart[rows[place]])
        found.append((way_length(range(len(rows)), table), way_length(by_distance, table)))
    mine, plain = np.median(found, axis=0)
    return Row("smooth_mixtape", float(mine), "steps together", "by distance to the seed", float(mine / plain))


ROWS = (mixtape_5000, smooth_mixtape)
