"""Frames of the show."""

from __future__ import annotations

import dataclasses
import os
import time
from pathlib import Path
from typing import Any

from figures.row import Row, cpu_s


def _frames(scene: str, songs: int, size: tuple[int, int], *, fits: int = 0, **settings: Any) -> Row:
    """CPU time of all threads for a frame of the live show, against clearing and reading a picture of that size.

    With `fits` a search is open that so many songs fit.

    The state's step, the scene with all covers loaded, its words, the last look and the flash limiter; no window, no encoder.
    """
    import numpy as np

    from installation.clock import FixedClock
    from installation.gl.context import open_context
    from installation.lastpass import LastPass
    from installation.lit import Lit
    from installation.scenes.overlay import Shown
    from installation.show import Show
    from installation.stage import Stage
    from mixtape.config import changed

    ctx = open_context()
    world = _world(songs, scene)
    world = dataclasses.replace(world, config=changed(world.config, "show", **settings))
    stage = Stage(ctx, world, size=size, last_pass=LastPass(ctx))
    show, clock = Show(world, stage, _Still(), _Dreams()), FixedClock(60)
    show.open()

    lit, found = Lit.out(songs), tuple(range(0, songs, max(songs // max(fits, 1), 1)))[:fits]

    def frames(count: int) -> None:
        nonlocal lit
        for _ in range(count):
            moment = clock.tick(0.0)
            lit = lit.follow(found, searching=True, dt_s=moment.dt_s)
            shown = Shown(lit=lit if fits else None)
            show.frame(type(moment)(moment.frame, moment.time_s, moment.dt_s, moment.time_s % 100.0), (), shown=shown)
        ctx.finish()

    # Covers arrive a few a frame while the show begins, and the camera flies down from above; what is measured is the show after
    # that. The flight itself over thousands of sleeves costs up to twice as much, for what the flash limiter has to judge.
    stage.wait_for_covers(True)
    frames(240)
    stage.wait_for_covers(False)
    frames(660)
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


def frame_search_5000() -> Row:
    """A frame of the map with 5,000 covers at 640 x 360 while a search lights 400 of them."""
    return dataclasses.replace(_frames("map", 5000, (640, 360), fits=400), name="frame_search_5000")


def frame_search_100000() -> Row:
    """A frame of the map with 100,000 songs at 640 x 360 while a search lights 400 of them."""
    return dataclasses.replace(_frames("map", 100_000, (640, 360), fits=400), name="frame_search_100000")


def _stroke(name: str, closed: bool) -> Row:
    """CPU time of what a stroke of 3,000 places costs when it is let go over 100,000 songs: its shape, then its songs."""
    import numpy as np

    from installation.camera import STRETCH
    from installation.strokes import Stroke, along, inside, world_points

    rng, share = np.random.default_rng(1), np.linspace(0.0, 1.0, 3000)
    xy = ((rng.random((100_000, 2)) - 0.5) * [STRETCH, 1.0]).astype(np.float32)
    angle = 2 * np.pi * share
    drawn = np.stack([share, 0.5 + 0.3 * np.sin(6 * share)], axis=1)
    if closed:
        drawn = 0.5 + 0.4 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    stroke = Stroke((drawn + rng.normal(0, 0.001, drawn.shape)).astype(np.float32))

    def songs() -> None:
        knob, points = stroke.meant()
        if knob == "lasso":
            inside(world_points(points), xy, start=(0.0, 0.0))
        else:
            along(world_points(points), xy, count=12, artist=lambda row: str(row % 900), gap=2)

    def twenty() -> None:
        for _ in range(20):
            songs()

    def nearest() -> None:
        for _ in range(20):
            np.hypot(*(xy - xy[0]).T).argmin()

    songs()
    mine, floor = cpu_s(twenty, repeat=3) / 20, cpu_s(nearest, repeat=3) / 20
    return Row(name, 1000 * mine, "CPU-ms", "the nearest of 100,000 songs", mine / floor)


def stroke_line() -> Row:
    """A line over 100,000 songs, let go."""
    return _stroke("stroke_line", closed=False)


def stroke_lasso() -> Row:
    """A ring around most of 100,000 songs, let go."""
    return _stroke("stroke_lasso", closed=True)


def frame_map_720p() -> Row:
    """A frame of the map with 1,000 covers at 1280 x 720, with everything of the last look on."""
    return dataclasses.replace(_frames("map", 1000, (1280, 720), grading=0.5, trails=0.3), name="frame_map_720p")


def frame_map_100000() -> Row:
    """A frame of the map with 100,000 songs at 640 x 360."""
    return _frames("map", 100_000, (640, 360))


def frame_map_change_2000() -> Row:
    """A frame of the map with 2,000 covers at 640 x 360 on the way from one map of the family to another, there and back by the
    kept way, against one of a map that stands."""
    from installation.clock import FixedClock
    from installation.gl.context import open_context
    from installation.lastpass import LastPass
    from installation.messages import ControlEvent
    from installation.show import Show
    from installation.stage import Stage

    ctx = open_context()
    world = _with_family(_world(2000, "map"))
    stage = Stage(ctx, world, size=(640, 360), last_pass=LastPass(ctx))
    show, clock = Show(world, stage, _Still(), _Dreams()), FixedClock(60)
    show.open()

    def frames(seconds: float, wish: str | None = None) -> None:
        for frame in range(round(60 * seconds)):
            moment = clock.tick(0.0)
            moment = type(moment)(moment.frame, moment.time_s, moment.dt_s, moment.time_s % 100.0)
            show.frame(moment, (ControlEvent("bench", "map", wish, moment.time_s),) if wish and frame == 0 else ())
        ctx.finish()

    for name in world.maps.names:
        world.maps.prepare(name)
    stage.wait_for_covers(True)
    frames(4.0)
    stage.wait_for_covers(False)
    # From 33 s to 47 s after its beginning a song is seen from as far away as a change of map is.
    frames(29.0)
    floor = cpu_s(lambda: frames(6.5), repeat=1) / 390
    flights = iter(("rp-30", "fused") * 8)
    mine = cpu_s(lambda: frames(8.0, next(flights)), repeat=3) / 480
    return Row("frame_map_change_2000", 1000 * mine, "CPU-ms at 640x360", f"{1000 * floor:.1f} standing", mine / floor)


def frame_grid_5000() -> Row:
    """A frame of the grid with 5,000 covers at 640 x 360."""
    return _frames("grid", 5000, (640, 360))


def frame_wall_48() -> Row:
    """A frame of the wall at 640 x 360, pictures drawn elsewhere."""
    return _frames("wall", 48, (640, 360))


def frame_wall_1296() -> Row:
    """A frame of a wall of 36 x 36 at 640 x 360, pictures drawn elsewhere."""
    row = _frames("wall", 48, (640, 360), wall_rows=36, wall_cols=36)
    return dataclasses.replace(row, name="frame_wall_1296")


def frame_chart_5000() -> Row:
    """A frame of the chart of a collection of 5,000 at 640 x 360."""
    return _frames("chart", 5000, (640, 360))


def frame_forming_5000() -> Row:
    """A frame of 5,000 covers on their way to the map at 640 x 360."""
    return _frames("forming", 5000, (640, 360))


def frame_gallery_5000() -> Row:
    """A frame of 540 generated pictures at 640 x 360."""
    return _frames("gallery", 5000, (640, 360))


def wall_1296() -> Row:
    """How long the sampler's process takes to renew a wall of 36 x 36 while the window draws it at 640 x 360, up to 60 frames/s.

    Against the frame rate of the same window with a sampler that never answers. The times are a clock's, not CPU's: two
    processes work side by side, so the machine must have nothing else to do.
    """
    from installation.sampler import Sampler
    from mixtape.covergan.material import DEMO_MODEL

    if hasattr(os, "sched_setaffinity"):
        # Other rows are held on one core; here the window has one and the sampler another, as in the show.
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
    with Sampler(DEMO_MODEL) as sampler:
        watched = _Watched(sampler)
        mine = _frames_a_s(watched, 12.0)
    floor = _frames_a_s(_Watched(None), 6.0)
    unit = f"s for all 1,296 tiles at {mine:.0f} frames/s, longest wait of a frame {1000 * watched.longest_s:.1f} ms"
    return Row("wall_1296", watched.round_s(1296), unit, f"{floor:.0f} frames/s without", mine / floor)


def _frames_a_s(source: Any, seconds: float) -> float:
    """Frames a second of a live show of 1,296 tiles, the first three seconds apart."""
    from installation.clock import FixedClock
    from installation.gl.context import open_context
    from installation.lastpass import LastPass
    from installation.show import Show
    from installation.stage import Stage
    from mixtape.config import changed

    ctx = open_context()
    world = _world(48, "wall")
    world = dataclasses.replace(world, config=changed(world.config, "show", wall_rows=36, wall_cols=36))
    show = Show(world, Stage(ctx, world, size=(640, 360), last_pass=LastPass(ctx)), _Still(), source)
    show.open()
    moment, frames = FixedClock(60).tick(0.0), 0
    began_s = now_s = time.perf_counter()
    while now_s - began_s < seconds + 3.0:
        at_s, last_s = now_s - began_s, moment.time_s
        moment = type(moment)(moment.frame + 1, at_s, at_s - last_s, at_s)
        show.frame(moment, ())
        ctx.finish()
        frames += at_s >= 3.0
        time.sleep(max(0.0, now_s + 1 / 60 - time.perf_counter()))
        now_s = time.perf_counter()
    return frames / (now_s - began_s - 3.0)


class _Watched:
    """A sampler, or none that ever answers, with what came when and how long a call took at most."""

    def __init__(self, sampler: Any) -> None:
        self._sampler, self.longest_s = sampler, 0.0
        self._came: list[tuple[float, Any]] = []

    def request(self, request: Any) -> None:
        if self._sampler:
            self._timed(lambda: self._sampler.request(request))

    def take(self) -> Any:
        sheet = self._timed(self._sampler.take) if self._sampler else None
        if sheet is not None and not sheet.error:
            self._came.append((time.perf_counter(), sheet.tiles))
        return sheet

    def round_s(self, tiles: int) -> float:
        """The longest time in which all tiles came, from any sheet to the last that was missing; without the first seconds."""
        longest = 0.0
        steady = [(at, came) for at, came in self._came if at > self._came[0][0] + 3.0]
        for first in range(len(steady)):
            missing = set(range(tiles))
            for at_s, came in steady[first:]:
                missing -= set(came.tolist())
                if not missing:
                    longest = max(longest, at_s - steady[first][0])
                    break
        return longest

    def _timed(self, call: Any) -> Any:
        began_s = time.perf_counter()
        answer = call()
        self.longest_s = max(self.longest_s, time.perf_counter() - began_s)
        return answer


class _Still:
    """Sound that says nothing."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def play(self, command: object) -> None: ...
    def pause(self, command: object) -> None: ...
    def volume(self, command: object) -> None: ...
    def offset(self, command: object) -> None: ...
    @property
    def underruns(self) -> int:
        return 0

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

    def take(self) -> Any:
        import numpy as np

        from installation.messages import TileSheet

        asked, self._asked = self._asked, None
        if asked is None:
            return None
        shade = (np.abs(asked.latents[:, :3]) * 80).clip(0, 255).astype(np.uint8)
        images = np.broadcast_to(shade[:, None, None], (len(shade), 64, 64, 3)).copy()
        return TileSheet(asked.stamp, asked.time_s, asked.tiles, images)


def _world(songs: int, scene: str) -> Any:
    """A collection in memory: songs in islands, every cover another picture."""
    import numpy as np

    from installation.director import SCENES
    from installation.forming import Forming
    from installation.gallery import Gallery, mean_colours
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
    pictures = rng.integers(0, 256, (540, 8, 8, 3), np.uint8).repeat(8, axis=1).repeat(8, axis=2)
    # From one colour to another, as calm as covers mostly are: noise on every sleeve would be held back as flashing.
    ends, along = rng.integers(0, 256, (2, 64, 1, 1, 3)), np.linspace(0.0, 1.0, 128)
    slope = 0.5 * (along[:, None] + along[None, :])[None, :, :, None]
    covers = (ends[0] * (1.0 - slope) + ends[1] * slope).astype(np.uint8)
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
        forming=Forming.of(np.linspace(rng.random((songs, 2)), xy, 20).astype(np.float32)),
        gallery=Gallery(pictures, np.arange(540, dtype=np.int32), mean_colours(pictures)),
        scenes=SCENES,
    )


def _with_family(world: Any) -> Any:
    """The same with a second map, and a way of thirty steps between the two."""
    import numpy as np

    from installation.maps import Family, Sibling

    first, tints = world.song_map, world.maps.tints
    other = np.clip(first.xy[:, ::-1] + np.random.default_rng(5).normal(0, 0.02, first.xy.shape), 0, 1).astype(np.float32)
    second = dataclasses.replace(first, name="rp-30", feature_set="rp", xy=other)
    way = np.linspace(first.xy, other, 31)[1:].astype(np.float32)
    family = Family(first, world.grid, tints=lambda: tints, others={"rp-30": lambda: Sibling("By rhythm patterns", second, way)})
    return dataclasses.replace(world, family=family)


ROWS = (
    frame_map_5000,
    frame_search_5000,
    frame_search_100000,
    stroke_line,
    stroke_lasso,
    frame_map_720p,
    frame_map_100000,
    frame_map_change_2000,
    frame_grid_5000,
    frame_wall_48,
    frame_wall_1296,
    frame_chart_5000,
    frame_forming_5000,
    frame_gallery_5000,
    wall_1296,
)
