"""The state of one frame, and the step from one frame to the next.

`step` is pure: the same state, events, moment and world give the same next state and the same commands, so a log of events
replays a show, and an export is the same show drawn by another clock. Everything that moves is a function of time and state,
never of the number of frames drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mixtape.types import FloatArray, IntArray, Palette

KnobValue: TypeAlias = float | int | bool | str
"""What a knob can hold."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When a frame is: its number, the show's time, the time since the last frame, and the heard place in the song."""

    frame: int
    time_s: float
    dt_s: float
    song_s: float


@dataclass(frozen=True, slots=True, eq=False)
class AudioFrame:
    """What is heard at a moment, all 0..1: level, bands (8,), smoothed (8,), onset, beat_phase.

    integrated (8,) is the running sum of the bands in seconds: it drives motion that never jumps back.
    """

    level: float
    bands: FloatArray
    smoothed: FloatArray
    integrated: FloatArray
    onset: float
    beat_phase: float


@dataclass(frozen=True, slots=True)
class ControlEvent:
    """A wish from outside, checked and clamped: who, which knob or trigger, its value (None for a bare trigger), when.

    Triggers are "seed" (text or track id), "next", "previous", "pause", "scene" (a choice) and "quit" (keys and window only);
    every other name is a live knob of `mixtape.config.knobs()` without its section, such as "wall_rows".
    """

    source: str
    knob: str
    value: KnobValue | None
    time_s: float


@dataclass(frozen=True, slots=True)
class Play:
    """Command to the sound: let this song come in, over `fade_s` seconds, from `start_s`."""

    track_id: str
    start_s: float
    fade_s: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Command to the sound: hold, or go on."""

    paused: bool


@dataclass(frozen=True, slots=True)
class Volume:
    """Command to the sound: loudness 0..1."""

    volume: float


@dataclass(frozen=True, slots=True)
class Quit:
    """Command to the app: end the show."""


Command: TypeAlias = Play | Pause | Volume | Quit


@dataclass(frozen=True, slots=True, eq=False)
class LatentRequest:
    """Pictures asked of the sampler: `tiles` (m,) says which places of the wall, latents (m, z), conditions (m, 32).

    `stamp` counts up; an answer older than the newest request may be dropped. `time_s` is the show time the pictures are for.
    """

    stamp: int
    time_s: float
    tiles: IntArray
    latents: FloatArray
    conditions: FloatArray
    strength: float
    truncation: float


@dataclass(frozen=True, slots=True, eq=False)
class TileSheet:
    """The sampler's answer: images (m, h, w, 3) uint8 for `tiles` (m,), or the words of an error."""

    stamp: int
    time_s: float
    tiles: IntArray
    images: npt.NDArray[np.uint8]
    error: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FrameState:
    """Everything a scene may know of a frame.

    `scene` fades in over `from_scene` by `scene_mix` 0..1 (1: `scene` alone). `morph` is 0 on the map, 1 on the grid.
    `next_ids` is what comes, soonest first; `history` what was played, the current song last. Times are show time.
    """

    moment: Moment
    track_id: str
    started_s: float
    next_ids: tuple[str, ...]
    history: tuple[str, ...]
    audio: AudioFrame
    palette: Palette
    scene: str
    from_scene: str
    scene_mix: float
    scene_since_s: float
    morph: float
    knobs: Mapping[str, KnobValue]
    paused: bool
    error: str | None
