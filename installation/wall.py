"""What the wall asks of the sampler: for every tile a place on its own closed path, and the song it dreams of.

The level, summed, carries a tile along its path; an onset pushes it aside in one direction of its own and lets it come back.
Around the seed tile, which lies on the wall where the song lies on the map, the tiles dream of the playing song; further out
more and more of the songs that sound like it. When the song changes, the change runs as a wave from the seed tile.
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

MOST_TILES = 36 * 36
"""As many as wall_rows and wall_cols allow."""

_COMPANY = 12
"""So many of the songs that sound like the playing one appear on the wall around it."""

_KICK = 0.35
_CROSS_S = 4.0
_WAVE_S = 4.0


def wall_request(state: FrameState, world: World, tick: int, *, budget: int = 72) -> LatentRequest:
    """The pictures to make at `tick` (counted at REQUEST_HZ): at most `budget` tiles, all of them in turn.

    Latents (m, z) and conditions (m, 32) for the state's time; the same arguments give the same request.
    """
    rows, cols = int(state.knobs["wall_rows"]), int(state.knobs["wall_cols"])
    tiles = turn(tick, rows * cols, budget)
    directions, push = _paths(world.config.show.seed)
    loops = LatentLoops(directions[tiles])
    kick = _KICK * float(state.knobs["energy"]) * state.audio.pulse
    return LatentRequest(
        stamp=tick,
        time_s=state.moment.time_s,
        tiles=tiles,
        latents=np.asarray(loops.at(state.wandered_s / LOOP_S) + kick * push[tiles], np.float32),
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


def tile_distance(state: FrameState, world: World, *, rows: int, cols: int) -> FloatArray:
    """How far each tile (rows * cols,) is from the playing song's, 1 being the wall's diagonal."""
    return _distance(state.track_id, world, rows, cols)


def seed_tile(track_id: str, world: World, *, rows: int, cols: int) -> tuple[float, float]:
    """Row and column (with fractions) where a song lies on the wall: its place on the map, row 0 at the top."""
    x, y = world.song_map.xy[world.row[track_id]]
    return float((1.0 - y) * (rows - 1)), float(x * (cols - 1))


def _distance(track_id: str, world: World, rows: int, cols: int) -> FloatArray:
    seed_row, seed_col = seed_tile(track_id, world, rows=rows, cols=cols)
    row, col = np.divmod(np.arange(rows * cols), cols)
    return (np.hypot(row - seed_row, col - seed_col) / math.hypot(rows, cols)).astype(np.float32)


def _conditions(state: FrameState, world: World, tiles: IntArray, rows: int, cols: int) -> FloatArray:
    """Conditions (m, 32): each song's wave goes over what the waves before it have reached, so that none ever jumps."""
    first, *others = state.turns
    now = _wishes(first[0], state, world, tiles, rows, cols)
    for track_id, began_s in others:
        late_s = _WAVE_S * _distance(track_id, world, rows, cols)[tiles]
        share = smooth((state.moment.time_s - began_s - late_s) / _CROSS_S)[:, None]
        now = np.asarray((1.0 - share) * now + share * _wishes(track_id, state, world, tiles, rows, cols), np.float32)
    return now


def _wishes(track_id: str, state: FrameState, world: World, tiles: IntArray, rows: int, cols: int) -> FloatArray:
    """What the tiles dream of while a song plays (m, 32): near its place the song, further out those that sound like it too."""
    row = world.row[track_id]
    near = world.neighbours.index[row]
    company = near[near >= 0][:_COMPANY]
    own = np.broadcast_to(world.conditions[row], (len(tiles), world.conditions.shape[1]))
    if not len(company):
        return own
    # Multiples of the golden ratio: tiles side by side dream of different songs, and each tile always of the same rank.
    companion = company[((tiles * 0.6180339887498949) % 1.0 * len(company)).astype(int)]
    away = smooth(2.0 * _distance(track_id, world, rows, cols)[tiles])[:, None]
    share = float(state.knobs["wall_spread"]) * away
    return np.asarray((1.0 - share) * own + share * world.conditions[companion], np.float32)


@lru_cache(maxsize=4)
def _spread(tiles: int) -> IntArray:
    """An order of all tiles in which neighbours in time are far apart on the wall: multiples of the golden ratio, sorted."""
    return np.argsort((np.arange(tiles) * 0.6180339887498949) % 1.0, kind="stable").astype(np.int32)


@lru_cache(maxsize=4)
def _paths(seed: int) -> tuple[FloatArray, FloatArray]:
    """Directions (n, 3, z) of the paths and pushes (n, z) for as many tiles as any wall has.

    So a wall of another size keeps its tiles' paths, and none is worked out while the show runs.
    """
    directions = loop_latents(seed, MOST_TILES).directions
    return directions, np.random.default_rng([seed, 7]).standard_normal(directions.shape[::2]).astype(np.float32)
