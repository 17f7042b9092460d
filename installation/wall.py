"""What the wall asks of the sampler: for every tile a place on its own closed path, and the songs it dreams of.

The level, summed, carries a tile along its path; an onset runs outwards over the wall, pushes each tile aside in one direction of
its own and lets it come back. Around the seed tile, which lies on the wall where the song lies on the map, the tiles dream of the
playing song; further out more and more of the songs that sound like it. When the song changes, the change runs as a wave from the
seed tile.

A request has room for only some of the tiles: those whose pictures change most come first, and every tile has its turn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from installation.messages import LatentRequest, TileSheet
from installation.places import smooth
from installation.pulses import recent_pulses
from installation.state import FrameState
from installation.world import World
from mixtape.covergan.colours import LENGTH, colours_of
from mixtape.covergan.condition import strayed
from mixtape.covergan.loops import LatentLoops, loop_latents
from mixtape.types import FloatArray, IntArray

REQUEST_HZ = 15
"""Requests a second of show time."""

LOOP_S = 90.0
"""How long a tile is on its way around at full level and speed 1."""

MOST_TILES = 36 * 36
"""As many as wall_rows and wall_cols allow."""

BATCH = 36
"""Pictures the network draws in one go: requests are so many, or a multiple of it."""

BUDGET = 2 * BATCH
"""Tiles in a request, while nobody says how long the pictures take."""

BUDGETS = (BATCH, 4 * BATCH)
"""The fewest and the most: more would cost the frame that takes them in."""

ROUND = 22
"""Every tile is asked for at least once in so many requests: 1.5 s when the sampler keeps up."""

_COMPANY = 12
"""So many of the songs that sound like the playing one appear on the wall around it."""

_KICK = 0.35
_CROSS_S = 4.0
_WAVE_S = 4.0
_SOUND_S = 0.9
"""How long an onset takes over the wall's diagonal."""

_FOCUS = 0.3
_BUSY = 0.6
"""Share of the time between two requests that the sampler draws: the rest is for the window."""

_GOLDEN = 0.6180339887498949


def wall_request(state: FrameState, world: World, tick: int, *, budget: int = BUDGET) -> LatentRequest:
    """The pictures to make at `tick` (counted at REQUEST_HZ): `budget` tiles, the important ones first, all of them in turn.

    Latents (m, z), conditions and colours (m, 32) for the state's time; the same arguments give the same request.
    """
    rows, cols = int(state.knobs["wall_rows"]), int(state.knobs["wall_cols"])
    away = tile_distance(state, world, rows=rows, cols=cols)
    pulse = float(state.knobs["energy"]) * pulses(state, world, away)
    tiles = turn(tick, _importance(state, world, away, pulse, rows, cols), budget)
    directions, push, stray = _paths(world.config.show.seed)
    truncation = float(state.knobs["wall_truncation"])
    at = LatentLoops(directions[tiles]).at(state.wandered_s / LOOP_S)
    dreams = _dreams(state, world, tiles, rows, cols)
    tint = float(state.knobs["wall_colours"])
    return LatentRequest(
        stamp=tick,
        time_s=state.moment.time_s,
        tiles=tiles,
        latents=np.asarray(at + _KICK * pulse[tiles, None] * push[tiles], np.float32),
        # Every tile hears the song in its own way, or those of one song would draw much the same.
        conditions=dreams.conditions(world, heard=_heard(state, world)) + truncation * stray[tiles],
        strength=float(state.knobs["wall_strength"]),
        truncation=truncation,
        colours=_colours(state, dreams, world) if tint else None,
        colour_strength=tint,
    )


def turn(tick: int, importance: FloatArray, budget: int) -> IntArray:
    """Which tiles are made at a tick, in rising order: `budget` in whole batches, more where all need it to come in ROUND ticks.

    Beside those whose turn it is, tiles are taken about as often as they are important (n,), at even intervals. Which of equals
    come first has no pattern: nothing is seen to scan the wall.
    """
    n = len(importance)
    if n <= budget:
        return np.arange(n, dtype=np.int32)
    order, chance = _spread(n)
    due = -(-n // ROUND)
    count = BATCH * max(budget // BATCH, -(-due // BATCH))
    # The less of a tile's chance is used up and the more it counts, the sooner it comes; golden steps space its turns evenly.
    wait = ((chance + tick * _GOLDEN) % 1.0) / np.maximum(importance, 1e-6)
    wait[order[(np.arange(due) + tick * due) % n]] = -1.0
    return np.sort(np.argsort(wait, kind="stable")[:count]).astype(np.int32)


def next_budget(budget: float, sheet: TileSheet) -> float:
    """How many tiles to ask for after an answer: what the sampler draws at its pace in `_BUSY` of the time between requests.

    Only the live show's requests follow the pace; a sheet that took no process any time leaves the budget as it is.
    """
    if sheet.took_s <= 0.0 or sheet.error:
        return budget
    wanted = len(sheet.tiles) / sheet.took_s * _BUSY / REQUEST_HZ
    return float(np.clip(budget + 0.25 * (wanted - budget), *BUDGETS))


def pulses(state: FrameState, world: World, away: FloatArray) -> FloatArray:
    """How hard the last onsets hit tiles that are `away` (n,) from the seed tile: 0..1, later and weaker further out."""
    return np.asarray(recent_pulses(state, world, away * _SOUND_S) * np.exp(-1.4 * away), np.float32)


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


def _importance(state: FrameState, world: World, away: FloatArray, pulse: FloatArray, rows: int, cols: int) -> FloatArray:
    """How much each tile (n,) matters now: more near the seed tile, and the more its picture changes by waves and onsets."""
    wave = np.zeros(len(away))
    for track_id, began_s in state.turns[1:]:
        gone = np.clip(_gone(state, world, track_id, began_s, rows, cols), 0.0, 1.0)
        wave = np.maximum(wave, 4.0 * gone * (1.0 - gone))
    return np.asarray(0.1 + 0.5 * np.exp(-np.square(away / _FOCUS)) + 1.5 * wave + pulse, np.float32)


def _gone(state: FrameState, world: World, track_id: str, began_s: float, rows: int, cols: int) -> FloatArray:
    """How far the wave of a song's start has changed each tile (rows * cols,): below 0 not yet, above 1 wholly."""
    late_s = _WAVE_S * _distance(track_id, world, rows, cols)
    return np.asarray((state.moment.time_s - began_s - late_s) / _CROSS_S, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class _Dreams:
    """Which songs, as rows of the world (m, k), each tile dreams of, and how much of each: shares (m, k) summing to 1."""

    songs: IntArray
    shares: FloatArray

    def conditions(self, world: World, *, heard: tuple[int, FloatArray] | None = None) -> FloatArray:
        """The songs' conditions mixed (m, 32); `heard` is a song in whose place the music of the room itself is dreamed of."""
        each = world.conditions[self.songs]
        if heard is not None:
            each = np.where((self.songs == heard[0])[..., None], heard[1], each)
        return np.asarray(np.einsum("mk,mkd->md", self.shares, each), np.float32)

    def colours(self, world: World) -> FloatArray:
        """The colours (m, 32) of the songs' palettes mixed: shares of a palette are the squares of its numbers."""
        rows, place = np.unique(self.songs, return_inverse=True)
        shares = np.square(np.stack([world.colours(int(row)) for row in rows]))[place.reshape(self.songs.shape)]
        mixed = np.sqrt(np.einsum("mk,mkd->md", self.shares, shares))
        return np.asarray(LENGTH * mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-9), np.float32)


def _colours(state: FrameState, dreams: _Dreams, world: World) -> FloatArray:
    """The colours (m, 32) tiles are asked for: their songs', or those that somebody has chosen, as they are come by now."""
    if not str(state.knobs["palette"]).strip(" ,"):
        return dreams.colours(world)
    return np.repeat(colours_of([state.palette]), len(dreams.songs), axis=0)


def _heard(state: FrameState, world: World) -> tuple[int, FloatArray] | None:
    """The row of the song that music of the room is most like, and what the network hears in that music itself (32,)."""
    if state.room is None or state.room.condition is None:
        return None
    return world.row[state.track_id], np.array(state.room.condition, np.float32)


def _dreams(state: FrameState, world: World, tiles: IntArray, rows: int, cols: int) -> _Dreams:
    """What the tiles dream of: each song's wave goes over what the waves before it have reached, so that none ever jumps."""
    songs: list[IntArray] = []
    shares: list[FloatArray] = []
    for track_id, began_s in state.turns:
        reached = smooth(_gone(state, world, track_id, began_s, rows, cols)[tiles]).astype(np.float32)
        if not songs or reached.min() >= 1.0:
            songs, shares, reached = [], [], np.ones(len(tiles), np.float32)
        company, astray = _company(track_id, state, world, tiles, rows, cols)
        songs += [np.full(len(tiles), world.row[track_id], np.int32), company]
        shares = [*(share * (1.0 - reached) for share in shares), reached * (1.0 - astray), reached * astray]
    return _Dreams(np.stack(songs, axis=1), np.stack(shares, axis=1))


def _company(
    track_id: str, state: FrameState, world: World, tiles: IntArray, rows: int, cols: int
) -> tuple[IntArray, FloatArray]:
    """The song like the playing one that each tile strays to (m,), and how far it strays (m,): further out more."""
    near = world.neighbours.index[world.row[track_id]]
    company = near[near >= 0][:_COMPANY]
    if not len(company):
        return np.full(len(tiles), world.row[track_id], np.int32), np.zeros(len(tiles), np.float32)
    # Multiples of the golden ratio: tiles side by side dream of different songs, and each tile always of the same rank.
    companion = company[((tiles * _GOLDEN) % 1.0 * len(company)).astype(int)]
    share = float(state.knobs["wall_spread"]) * smooth(2.0 * _distance(track_id, world, rows, cols)[tiles])
    return companion.astype(np.int32), np.asarray(share, np.float32)


@lru_cache(maxsize=4)
def _spread(tiles: int) -> tuple[IntArray, FloatArray]:
    """An order of all tiles (n,) in which neighbours in time are far apart on the wall, and evenly dealt chances 0..1 (n,)."""
    order = np.argsort((np.arange(tiles) * _GOLDEN) % 1.0, kind="stable").astype(np.int32)
    return order, ((np.random.default_rng(tiles).permutation(tiles) + 0.5) / tiles).astype(np.float32)


@lru_cache(maxsize=4)
def _paths(seed: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Directions (n, 3, z) of the paths, pushes (n, z) and how each hears (n, 32), for as many tiles as any wall has.

    So a wall of another size keeps its tiles' paths, and none is worked out while the show runs.
    """
    directions = loop_latents(seed, MOST_TILES).directions
    push = np.random.default_rng([seed, 7]).standard_normal(directions.shape[::2]).astype(np.float32)
    return directions, push, strayed(MOST_TILES, seed=seed)
