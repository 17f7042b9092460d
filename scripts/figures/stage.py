"""Frames of the show."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from figures.row import Row, cpu_s


def _frames(scene: str, songs: int, size: tuple[int, int]) -> Row:
    """CPU time of all threads for a frame of the live show, against clearing and reading a picture of that size.

    The state's step, the scene with all covers loaded, its words, the last look and the flash limiter; no window, no encoder.
    """
    import numpy as np

    from installation.clock import FixedClock
    from installation.gl.context import open_context
    from installation.lastpass import LastPass
    from installation.show import Show
    from installation.stage import Stage

    ctx = open_context()
    world = _world(songs, scene)
    stage = Stage(ctx, world, size=size, last_pass=LastPass(ctx))
    show, clock = Show(world, stage, _Still(), _Dreams()), FixedClock(60)
    show.open()

    def frames(count: int) -> None:
        for _ in range(count):
            moment = clock.tick(0.0)
            show.frame(type(moment)(moment.frame, moment.time_s, moment.dt_s, moment.time_s % 100.0), ())
        ctx.finish()

    # Covers arrive a few a frame while the show begins; what is measured is the show after that.
    stage.wait_for_covers(True)
    frames(240)
    stage.wait_for_covers(False)
    mine = cpu_s(lambda: frames(100), repeat=3) / 100
    plain = ctx.framebuffer([ctx.texture(size, 4)])

    def cleared() -> None:
        for _ in range(100):
            plain.clear(0.1, 0.1, 0.1)
            np.frombuffer(plain.read(components=4), np.uint8)

    floor = cpu_s(cleared) / 100
    return Row(f"frame_{scene}_{songs}", 1000 * mine, f"CPU-ms at {size[0]}x{size[1]}", "clear and read", mine / floor)


def frame_map_5000() -> Row:
    """A frame of the map with 5,000 covers at 640 x 360 on whatever OpenGL there is."""
    return _frames("map", 5000, (640, 360))


def frame_grid_5000() -> Row:
    """A frame of the grid with 5,000 covers at 640 x 360."""
    return _frames("grid", 5000, (640, 360))


def frame_wall_48() -> Row:
    """A frame of the wall at 640 x 360, pictures drawn elsewhere."""
    return _frames("wall", 48, (640, 360))


class _Still:
    """Sound that says nothing."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def play(self, command: object) -> None: ...
    def pause(self, command: object) -> None: ...
    def volume(self, command: object) -> None: ...
    def position(self) -> tuple[str, float]:
        return "", 0.0

    def spent(self) -> str:
        return ""

    def errors(self) -> list[str]:
        return []


class _Dreams:
    """Pictures of one colour each, at once."""

    def __init__(self) -> None:
        self._asked: Any = None

    def request(self, request: Any) -> None:
        self._asked = request

    def newest(self) -> Any:
        import numpy as np

        from installation.state import TileSheet

        asked, self._asked = self._asked, None
        if asked is None:
            return None
        shade = (np.abs(asked.latents[:, :3]) * 80).clip(0, 255).astype(np.uint8)
        images = np.broadcast_to(shade[:, None, None], (len(shade), 64, 64, 3)).copy()
        return TileSheet(asked.stamp, asked.time_s, asked.tiles, images)


def _world(songs: int, scene: str) -> Any:
    """A collection in memory: songs in islands, every cover another picture."""
    import numpy as np

    from installation.world import World
    from mixtape.config import changed, from_table
    from mixtape.maps.grid import assign_grid, grid_shape
    from mixtape.types import Neighbours, Palette, SongMap, Timeline, Track

    rng = np.random.default_rng(4)
    ids = tuple(f"{row:032x}" for row in range(songs))
    xy = np.clip(rng.random((30, 2))[rng.integers(0, 30, songs)] + rng.normal(0, 0.05, (songs, 2)), 0, 1).astype(np.float32)
    rows, cols = grid_shape(songs)
    t = np.arange(6000, dtype=np.float32) / 60
    beat = np.exp(-6 * (2 * t % 1)).astype(np.float32)
    phase = (2 * t % 1).astype(np.float32)
    bands, beats = np.tile(beat[:, None], (1, 8)), np.arange(200, dtype=np.float32) / 2
    timeline = Timeline(0.4 + 0.4 * beat, bands, beat, phase, beats.astype(np.float32))
    palette = Palette(np.array([[200, 90, 60], [40, 90, 120]], np.uint8), np.array([0.6, 0.4], np.float32))
    covers = rng.integers(0, 256, (64, 8, 8, 3), np.uint8).repeat(16, axis=1).repeat(16, axis=2)
    row_of = {track_id: row for row, track_id in enumerate(ids)}
    near = np.stack([np.roll(np.arange(songs), -k - 1) for k in range(8)], axis=1).astype(np.int32)
    return World(
        tracks=tuple(Track(i, Path(i), "Artist", f"Song {i[-4:]}", "Album", "", 2000, 100.0, None) for i in ids),
        song_map=SongMap("fused", ids, xy, "fused", 30.0, 1),
        grid=dataclasses.replace(assign_grid(xy, rows=rows, cols=cols), ids=ids),
        neighbours=Neighbours(ids, near, np.ones(near.shape, np.float32)),
        conditions=rng.normal(size=(songs, 32)).astype(np.float32),
        config=changed(from_table({}), "show", scene=scene),
        timeline=lambda _: timeline,
        cover_pixels=lambda track_id: covers[row_of[track_id] % 64],
        palette=lambda _: palette,
        find=lambda _: (),
    )


ROWS = (
    frame_map_5000,
    frame_grid_5000,
    frame_wall_48,
)
