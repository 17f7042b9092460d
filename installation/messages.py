"""What goes to the show and from it: moments and wishes in, commands to the sound and requests for pictures out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mixtape.types import FloatArray, IntArray

KnobValue: TypeAlias = float | int | bool | str
"""What a knob can hold."""


SEEDS = frozenset({"seed", "seed_at", "line", "lasso"})
"""Triggers that choose a song: of several the last counts."""

BEGINS = SEEDS | {"next", "previous"}
"""Triggers that let another song begin."""

SONG_WISHES = BEGINS | {"seek", "skip"}
"""Triggers that let another place be heard."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When a frame is: its number, the show's time, the time since the last frame, and the heard place in the song."""

    frame: int
    time_s: float
    dt_s: float
    song_s: float


@dataclass(frozen=True, slots=True)
class ControlEvent:
    """A wish from outside, checked and clamped: who, which knob or trigger, its value (None for a bare trigger), when.

    Triggers are "seed" (text or track id), "seed_at" (a place on the map), "line" and "lasso"
    (places on the map that a mixtape runs along, or lies inside of), "queue" (ids of the songs to come, soonest first, from
    the arbiter only), "tape" (ids of a mixtape from its seed on, from `installation.composing` only), "next", "previous",
    "pause", "record", "seek" (a second of the song), "skip" (seconds on or back), "scene" (a choice) and "quit" (keys and
    window only); every other name is a live knob of `mixtape.config.knobs()` without its section, such as "wall_rows".
    """

    source: str
    knob: str
    value: KnobValue | None
    time_s: float


RECORDER = "recorder"
"""The source of the event "recorded", true or false: a recording has begun, or is over, by whomever."""


@dataclass(frozen=True, slots=True)
class Play:
    """Command to the sound: let this song come in, over `fade_s` seconds, from `start_s`.

    `after_s` is the second of the song before at which it shall begin, to the sample; None is now.
    """

    track_id: str
    start_s: float
    fade_s: float
    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Command to the sound: hold, or go on."""

    paused: bool


@dataclass(frozen=True, slots=True)
class Volume:
    """Command to the sound: loudness 0..1."""

    volume: float


@dataclass(frozen=True, slots=True)
class Offset:
    """Command to the sound: the place it reports lies so many milliseconds back (+) or ahead (-) of what it thinks is heard."""

    offset_ms: float


@dataclass(frozen=True, slots=True)
class Record:
    """Command to the recording: begin, or end."""

    on: bool


@dataclass(frozen=True, slots=True)
class Quit:
    """Command to the app: end the show."""


Command: TypeAlias = Play | Pause | Volume | Offset | Record | Quit


@dataclass(frozen=True, slots=True, eq=False)
class LatentRequest:
    """Pictures asked of the sampler: `tiles` (m,) says which places of the wall, latents (m, z), conditions (m, 32).

    `colours` (m, 32) is None where none are asked for. The strengths are how much music and colours are heeded.
    `stamp` counts up; an answer older than the newest request may be dropped. `time_s` is the show time the pictures are for.
    """

    stamp: int
    time_s: float
    tiles: IntArray
    latents: FloatArray
    conditions: FloatArray
    strength: float
    truncation: float
    colours: FloatArray | None = None
    colour_strength: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class TileSheet:
    """The sampler's answer: images (m, h, w, 3) uint8 for `tiles` (m,), or the words of an error.

    `took_s` is how long its process drew; 0 where no process did.
    """

    stamp: int
    time_s: float
    tiles: IntArray
    images: npt.NDArray[np.uint8]
    error: str | None = None
    took_s: float = 0.0
