"""What the wall asks of the sampler: for every tile a place on its own closed path, and the song it dreams of.

The level, summed, carries a tile along its path; an onset pushes it aside in one direction of its own and lets it come back.
When the song changes, what the tiles dream of changes as a wave from the seed tile, which lies on the wall where the song
lies on the map.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from installation.places import smooth
from installation.state import FrameState, LatentRequest
from installation.world import World
from mixtape.covergan.loops import LatentLoops, loop_latents
from mixtape.types import FloatArray, IntArray

REQUEST_HZ = 15
"""Requests a second of show time."""

LOOP_S = 90.0
"""How long a tile is on its way around at full level and speed 1."""

_KICK = 0.35
_CROSS_S = 4.0
_WAVE_S = 4.0


def wall_request(state: FrameState, world: World, tick: int, *, budget: int = 96) -> LatentRequest:
    """The pictures to make at `tick` (counted at REQUEST_HZ): at most `budget` tiles, all of them in turn.

    Latents (m, z) and conditions (m, 32) for the state's time; the same arguments give the same request.
    """
    rows, cols = int(state.knobs["wall_rows"]), int(state.knobs["wall_cols"])
    tiles = turn(tick, rows * cols, budget)
    loops, push = _paths(world.config.show.seed, rows * cols)
    kick = _KICK * float(state.knobs["energy"]) * state.audio.pulse
    return LatentRequest(
        stamp=tick,
        time_s=state.moment.time_s,
        tiles=tiles,
        latents=np.asarray(loops.at(state.wandered_s / LOOP_S)[tiles] + kick * push[tiles], np.float32),
        conditions=_conditions(state, world, tiles, rows, cols),
        strength=float(state.knobs["wall_strength"]),
        truncation=float(state.knobs["wall_truncation"]),
    )


def turn(tick: int, tiles: int, budget: int) -> IntArray:
    """Which tiles are made at a tick, in rising order: spread over the wall, each has its turn before one comes again."""
    if tiles <= budget:
        return np.arange(tiles, dtype=np.int32)
    order = _spread(tiles)
    at = (np.arange(budget) + tick * budget) % tiles
    return np.sort(order[at])


def seed_tile(state: FrameState, world: World, *, rows: int, cols: int) -> tuple[float, float]:
    """Row and column (with fractions) where the playing song lies on the wall: its place on the map, row 0 at the top."""
    x, y = world.song_map.xy[world.row[state.track_id]]
    return float((1.0 - y) * (rows - 1)), float(x * (cols - 1))


def tile_distance(state: FrameState, world: World, *, rows: int, cols: int) -> FloatArray:
    """How far each tile (rows * cols,) is from the seed tile, 1 being the wall's diagonal."""
    seed_row, seed_col = seed_tile(state, world, rows=rows, cols=cols)
    row, col = np.divmod(np.arange(rows * cols), cols)
    return (np.hypot(row - seed_row, col - seed_col) / math.hypot(rows, cols)).astype(np.float32)


def _conditions(state: FrameState, world: World, tiles: IntArray, rows: int, cols: int) -> FloatArray:
    now = world.conditions[world.row[state.track_id]]
    before = world.conditions[world.row[state.history[-2]]] if len(state.history) > 1 else now
    late_s = _WAVE_S * tile_distance(state, world, rows=rows, cols=cols)[tiles]
    share = smooth((state.moment.time_s - state.started_s - late_s) / _CROSS_S)[:, None]
    return np.asarray((1.0 - share) * before + share * now, np.float32)


@lru_cache(maxsize=4)
def _spread(tiles: int) -> IntArray:
    """An order of all tiles in which neighbours in time are far apart on the wall: multiples of the golden ratio, sorted."""
    return np.argsort((np.arange(tiles) * 0.6180339887498949) % 1.0, kind="stable").astype(np.int32)


@lru_cache(maxsize=4)
def _paths(seed: int, tiles: int) -> tuple[LatentLoops, FloatArray]:
    loops = loop_latents(seed, tiles)
    shape = loops.at(0.0).shape
    return loops, np.random.default_rng([seed, 7]).standard_normal(shape).astype(np.float32)
