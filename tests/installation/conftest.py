"""A made-up collection in memory, and the GL context every picture test shares."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import moderngl
import numpy as np
import pytest
from prepared import write_library, write_music

from installation.clock import FixedClock
from installation.director import SCENES
from installation.forming import Forming
from installation.gallery import Gallery, mean_colours
from installation.gl.context import open_context
from installation.maps import Family, Sibling
from installation.messages import ControlEvent, Play
from installation.state import FrameState
from installation.step import first_state, step
from installation.world import World, tints_of
from mixtape.config import Config
from mixtape.types import ByteArray, Grid, Neighbours, Palette, Region, SongMap, Timeline, Track

TITLES = ("Slow Water", "Ostinato", "After the Rain, Before the Light", "Vermilion Sands")
INKS = ((214, 72, 43), (38, 112, 170), (228, 220, 200), (150, 70, 170), (40, 140, 94), (240, 170, 40))


def still_timeline(seconds: float, bpm: float = 120.0) -> Timeline:
    """A song that swells slowly, with an onset on every beat."""
    t = np.arange(int(seconds * 60), dtype=np.float32) / 60
    phase = (t * bpm / 60) % 1
    level = (0.5 + 0.3 * np.sin(0.4 * t)).astype(np.float32)
    bands = np.stack([level * (0.5 + 0.5 * np.sin(0.3 * k * t + k)) for k in range(8)], axis=1).astype(np.float32)
    return Timeline(level, bands, np.exp(-8 * phase), phase.astype(np.float32), np.arange(0, seconds, 60 / bpm, np.float32))


def sleeve(row: int) -> ByteArray:
    """A cover by numbers: ground, disc and bar in two of the inks."""
    y, x = np.mgrid[0:128, 0:128] / 127.0
    ground, ink = np.array(INKS[row % 6]) * 0.8, np.array(INKS[(row * 5 + 2) % 6])
    shape = np.hypot(x - 0.3 - 0.1 * (row % 5), y - 0.5) < 0.12 + 0.03 * (row % 7)
    if row % 3 == 0:
        shape = (y * (3 + row % 5)) % 1.0 < 0.4
    return np.where(shape[..., None], ink, ground * (0.6 + 0.4 * x[..., None])).astype(np.uint8)


def made_world(songs: int, *, seconds: float = 30.0, config: Config | None = None) -> World:
    """A collection of `songs` songs in a few islands; every seventh has no cover."""
    rng = np.random.default_rng(11)
    centres = rng.uniform(0.15, 0.85, (5, 2))
    xy = np.clip(centres[np.arange(songs) % 5] + rng.normal(0, 0.06, (songs, 2)), 0.0, 1.0).astype(np.float32)
    ids = tuple(hashlib.sha1(str(row).encode()).hexdigest()[:16] for row in range(songs))
    rows = max(1, round((songs * 9 / 16) ** 0.5))
    cols = -(-songs // rows)
    tracks = tuple(
        Track(
            ids[row],
            Path(f"{row}.mp3"),
            f"Artist {row % 5}",
            TITLES[row % 4],
            "Night Maps",
            "ambient",
            1980 + row % 40,
            seconds,
            None,
        )
        for row in range(songs)
    )
    away = np.linalg.norm(xy[:, None] - xy[None], axis=2) + 9.0 * np.eye(songs)
    near = np.argsort(away, axis=1, kind="stable")[:, : min(12, songs - 1)].astype(np.int32)
    row_of = {track_id: row for row, track_id in enumerate(ids)}
    timelines = {bpm: still_timeline(seconds, bpm) for bpm in (90.0, 120.0, 150.0)}
    palettes = [
        Palette(np.array([INKS[(row * 5 + 2) % 6], INKS[row % 6], (18, 18, 24)], np.uint8), np.array([0.5, 0.3, 0.2], np.float32))
        for row in range(songs)
    ]
    song_map = SongMap("fused", ids, xy, "fused", 30.0, 1)
    grid = Grid(ids, rows, cols, np.argsort(np.argsort(xy[:, 0], kind="stable")).astype(np.int32), 0.0)
    islands = tuple(
        Region(f"Island {k + 1}", level, ids[k::5], (float(x), float(y)))
        for level in (0, 1)
        for k, (x, y) in enumerate(centres[: 2 + 3 * level])
    )
    return World(
        tracks=tracks,
        song_map=song_map,
        grid=grid,
        neighbours=Neighbours(ids, near, np.take_along_axis(away, near, axis=1).astype(np.float32)),
        conditions=rng.normal(size=(songs, 32)).astype(np.float32),
        config=config or Config(),
        timeline=lambda track_id: timelines[(90.0, 120.0, 150.0)[row_of[track_id] % 3]],
        cover_pixels=lambda track_id: None if row_of[track_id] % 7 == 6 else sleeve(row_of[track_id]),
        palette=lambda track_id: palettes[row_of[track_id]],
        find=lambda text: tuple(track for track in tracks if text and text.lower() in track.label.lower()),
        forming=made_forming(xy),
        gallery=made_gallery(),
        family=Family(
            song_map,
            grid,
            words="By everything heard",
            tints=lambda: tints_of(tracks, lambda track_id: palettes[row_of[track_id]]),
            regions=lambda _: islands,
            others=made_siblings(song_map),
        ),
        scenes=SCENES,
    )


def made_siblings(song_map: SongMap) -> dict[str, Callable[[], Sibling]]:
    """Two more maps: one turned by a quarter, with a way there in five steps, and one mirrored, which is reached straight."""
    centred = song_map.xy - np.float32(0.5)
    steps = []
    for turn in np.linspace(0.0, np.pi / 2, 6)[1:]:
        c, s = np.float32(np.cos(turn)), np.float32(np.sin(turn))
        steps.append(centred @ np.array([[c, s], [-s, c]]) + np.float32(0.5))
    turned = replace(song_map, name="rp-30", feature_set="rp", xy=steps[-1])
    mirrored = replace(song_map, name="tonal-30", feature_set="tonal", xy=np.float32(1.0) - song_map.xy)
    return {
        "rp-30": lambda: Sibling("By rhythm patterns", turned, np.stack(steps)),
        "tonal-30": lambda: Sibling("By harmony", mirrored),
    }


def made_forming(xy: np.ndarray) -> Forming:
    """Twelve rounds from noise to the map."""
    noise = np.random.default_rng(3).normal(0.5, 0.12, xy.shape)
    shares = np.linspace(0.0, 1.0, 12)[:, None, None] ** 2
    return Forming.of((noise + (xy - noise) * shares).astype(np.float32))


def made_gallery(count: int = 60, side: int = 16) -> Gallery:
    """Pictures that begin as noise and end as discs on a ground, each in colours of its own."""
    rng = np.random.default_rng(8)
    y, x = np.mgrid[0:side, 0:side] / (side - 1.0)
    age = np.linspace(0.0, 1.0, count)[:, None, None, None]
    disc = (np.hypot(x - 0.5, y - 0.5) < 0.3)[None, :, :, None]
    hue = 2 * np.pi * (np.arange(count) * 0.618 % 1.0)[:, None, None, None] + np.array([0.0, 2.1, 4.2])
    drawn = 127 + 110 * np.cos(hue + 2.0 * disc)
    pictures = (drawn * age + rng.integers(60, 200, (count, side, side, 3)) * (1 - age)).astype(np.uint8)
    return Gallery(pictures, np.round(4000 * age[:, 0, 0, 0] ** 2).astype(np.int32), mean_colours(pictures))


def played(world: World, seconds: float, *wishes: tuple[float, str, Any], fps: float = 30.0, seed_row: int = 3) -> FrameState:
    """The state after `seconds` of a show in which each wish (time, knob, value) was said; the sound does as it is asked."""
    state = first_state(world, seed_id=world.tracks[min(seed_row, len(world.tracks) - 1)].id, seed=1)
    clock, song_s = FixedClock(fps), 0.0
    waiting = sorted(wishes, key=lambda wish: wish[0])
    for _ in range(round(seconds * fps)):
        moment = clock.tick(song_s)
        due = [wish for wish in waiting if wish[0] <= moment.time_s]
        waiting = waiting[len(due) :]
        state, commands = step(state, [ControlEvent("test", knob, value, at) for at, knob, value in due], moment, world)
        song_s += 0.0 if state.paused else 1.0 / fps
        if any(isinstance(command, Play) for command in commands):
            song_s = 0.0
    return state


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a library of eight songs, built by the real chain."""
    place = tmp_path_factory.mktemp("prepared")
    write_music(place / "music")
    write_library(place / "music", place / "library")
    return place / "library"


@pytest.fixture(scope="session")
def small_world() -> World:
    """40 songs."""
    return made_world(40)


@pytest.fixture(scope="session")
def play() -> Callable[..., FrameState]:
    """`played`, for the tests."""
    return played


@pytest.fixture(scope="session")
def make_world() -> Callable[..., World]:
    """`made_world`, for the tests."""
    return made_world


@pytest.fixture(scope="session")
def gl_context() -> moderngl.Context:
    """One context for all tests of a worker: some drivers bear only a few in a process."""
    return open_context()


@pytest.fixture
def gl(gl_context: moderngl.Context) -> Iterator[moderngl.Context]:
    """The context, with GL's error flag looked at before and after."""
    assert gl_context.error == "GL_NO_ERROR"
    yield gl_context
    assert gl_context.error == "GL_NO_ERROR"


def module_at(path: Path) -> ModuleType:
    """A script of the tests as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def golden_scenes() -> ModuleType:
    """The script that makes the golden pictures, so that tests and script can never draw different things."""
    return module_at(Path(__file__).parents[1] / "golden" / "regenerate_scenes.py")
