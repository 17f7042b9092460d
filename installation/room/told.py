"""What is heard in the room, as events: short texts that a log keeps, and from which the state is the same every time.

Every event has the source "room". Knob "heard": the numbers of this moment (`Now.text`). Knob "song": a song of the collection
was recognised, "ID SECOND", the second that is heard at the event's time. Knob "place": other music plays, "X Y ID", where on the
map it belongs and the song that it is most like, and after these what the cover network hears in it, as hexadecimal digits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from installation.heard import AudioFrame
from mixtape.covergan.condition import DIMENSIONS
from mixtape.types import BANDS, FloatArray

SOURCE = "room"

KEPT_S = 1.5
"""How long pulses are remembered, for what still runs outwards from them."""

_NUMBERS = 4 + 2 * BANDS

_STILL = np.zeros(BANDS, np.float32)

SILENCE = AudioFrame(0.0, _STILL, _STILL, _STILL, 0.0, 0.0)
"""Before anything was heard."""


@dataclass(frozen=True, slots=True, eq=False)
class Now:
    """What is heard now, all 0..1: level, bands (8,), smoothed (8,), onset, pulse, beat_phase; as `heard.AudioFrame` has them."""

    level: float
    bands: FloatArray
    smoothed: FloatArray
    onset: float
    pulse: float
    beat_phase: float

    @property
    def text(self) -> str:
        """The numbers in 256 steps each, as hexadecimal digits."""
        numbers = np.concatenate([[self.level, self.onset, self.pulse, self.beat_phase], self.bands, self.smoothed])
        return np.rint(255 * np.clip(numbers, 0.0, 1.0)).astype(np.uint8).tobytes().hex()

    @classmethod
    def of(cls, text: str) -> Now:
        """The numbers of `text`. ValueError when they are not as many as there should be."""
        numbers = np.frombuffer(bytes.fromhex(text), np.uint8).astype(np.float32) / np.float32(255)
        if len(numbers) != _NUMBERS:
            raise ValueError(f"{len(numbers)} numbers where {_NUMBERS} are needed")
        level, onset, pulse, phase = (float(number) for number in numbers[:4])
        return cls(level, numbers[4 : 4 + BANDS], numbers[4 + BANDS :], onset, pulse, phase)


@dataclass(frozen=True, slots=True)
class Room:
    """What a state knows of the room.

    `recognised` is whether the state's song is the very recording that plays; else it is only the one most like it, and `place`
    (x, y) where on the map the music belongs, None while nobody knows; `condition` is what the cover network hears in it.
    `song_s` of the song was heard at show time `since_s`.
    `pulses` are the last moments (time_s, pulse), oldest first.
    """

    recognised: bool = False
    place: tuple[float, float] | None = None
    condition: tuple[float, ...] | None = None
    song_s: float = 0.0
    since_s: float = 0.0
    pulses: tuple[tuple[float, float], ...] = ()

    def second(self, time_s: float) -> float:
        """The second of the song that is heard at a show time; 0 where it is not the song that is heard."""
        return max(0.0, self.song_s + time_s - self.since_s) if self.recognised else 0.0

    def hears(self, now: Now, *, time_s: float) -> Room:
        """The room a moment later."""
        recent = (*(each for each in self.pulses if each[0] > time_s - KEPT_S), (time_s, now.pulse))
        return replace(self, pulses=recent)


def pulses_ago(room: Room, time_s: float, ago_s: npt.NDArray[np.floating]) -> FloatArray:
    """The pulse 0..1 so many seconds before `time_s`, for many at once; 0 before the first that is remembered."""
    if not room.pulses:
        return np.zeros(np.shape(ago_s), np.float32)
    times, values = np.array(room.pulses, np.float64).T
    return np.asarray(np.interp(time_s - np.asarray(ago_s, np.float64), times, values, left=0.0), np.float32)


def audio_frame(now: Now, before: AudioFrame, *, dt_s: float) -> AudioFrame:
    """The moment as scenes know it; what is summed goes on from the moment before, `dt_s` ago."""
    integrated = np.asarray(before.integrated + now.bands * np.float32(dt_s), np.float32)
    return AudioFrame(now.level, now.bands, now.smoothed, integrated, now.onset, now.beat_phase % 1.0, now.pulse)


def song_text(track_id: str, song_s: float) -> str:
    """The value of a "song" event."""
    return f"{track_id} {song_s:.3f}"


def place_text(xy: tuple[float, float], track_id: str, condition: FloatArray | None = None) -> str:
    """The value of a "place" event; `condition` (32,) is what the cover network hears in the music."""
    heard = "" if condition is None else " " + np.asarray(condition, "<f2").tobytes().hex()
    return f"{xy[0]:.5f} {xy[1]:.5f} {track_id}{heard}"


def read_song(text: str) -> tuple[str, float]:
    """Id and second of a "song" event. ValueError when it is none."""
    track_id, second = text.split()
    if not math.isfinite(song_s := float(second)):
        raise ValueError(f"second {second}")
    return track_id, song_s


def read_place(text: str) -> tuple[tuple[float, float], str, tuple[float, ...] | None]:
    """Place (x, y) in the unit square, id and condition of a "place" event. ValueError when it is none."""
    across, up, track_id, *heard = text.split()
    x, y = float(across), float(up)
    if not (0.0 <= x <= 1.0 and 0.0 <= y <= 1.0):
        raise ValueError(f"place {across} {up} is not on the map")
    condition = tuple(np.frombuffer(bytes.fromhex(heard[0]), "<f2").tolist()) if heard else None
    if condition is not None and (len(condition) != DIMENSIONS or not all(math.isfinite(each) for each in condition)):
        raise ValueError(f"{len(condition)} numbers where the cover network hears {DIMENSIONS}")
    return (x, y), track_id, condition
