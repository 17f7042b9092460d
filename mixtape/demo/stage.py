"""Where a song is played: beats become seconds, notes become sounds (each rendered once), grooves become strokes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from mixtape.demo.desk import Desk
from mixtape.demo.harmony import Note, hertz, steps
from mixtape.demo.plan import Song
from mixtape.types import FloatArray

Voice: TypeAlias = Callable[[float, float, float], FloatArray]
"""Renders one note: frequency in Hz, duration in seconds, velocity 0..1."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """A drum on the kit: takes of its sound to choose from, level, place in the stereo picture, and its bus."""

    takes: tuple[FloatArray, ...]
    gain: float = 1.0
    pan: float = 0.0
    bus: str = "drums"


@dataclass(eq=False)
class Stage:
    """A song while it is played. `swing` 0..0.33 delays every second half-beat or sixteenth (`swing_step`)."""

    song: Song
    swing: float = 0.0
    swing_step: float = 0.5
    loose_s: float = 0.004
    rng: np.random.Generator = field(init=False)
    desk: Desk = field(init=False)
    rendered: dict[tuple[str, float, float, float], FloatArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng([self.song.seed, 1])
        self.desk = Desk(self.song.duration_s, np.random.default_rng([self.song.seed, 2]))

    @property
    def beat_s(self) -> float:
        """Seconds a beat."""
        return 60.0 / self.song.bpm

    @property
    def beats(self) -> int:
        """Beats in a bar."""
        return self.song.beats

    def at(self, beat: float) -> float:
        """Seconds from the start, with every second subdivision pushed late by the swing."""
        place = beat / self.swing_step
        near = abs(place - round(place)) < 0.05
        return (beat + (self.swing * 2 * self.swing_step if near and round(place) % 2 else 0.0)) * self.beat_s

    def play(
        self,
        notes: Iterable[Note],
        voice: Voice,
        *,
        bus: str,
        gain: float = 1.0,
        pan: float = 0.0,
        spread: float = 0.0,
        hold: float = 0.95,
        loose_s: float | None = None,
    ) -> None:
        """Play notes with one voice; `hold` is the share of each length that sounds, `spread` pans notes by pitch."""
        slack = self.loose_s if loose_s is None else loose_s
        for note in notes:
            sound = self.sound(voice, note, hold, bus)
            side = float(np.clip(pan + spread * ((note.pitch - 60.0) / 24.0), -1, 1))
            at_s = self.at(note.beat) + (abs(float(self.rng.normal(0.0, slack))) if slack else 0.0)
            self.desk.place(sound, at_s, bus=bus, gain=gain * note.velocity, pan=side)

    def sound(self, voice: Voice, note: Note, hold: float, name: str) -> FloatArray:
        """The note as this voice plays it, rendered at its first use; loudness in steps of a fifth, length in steps of 10 ms."""
        key = (name, round(note.pitch, 3), round(note.length * self.beat_s * hold, 2), round(note.velocity * 5) / 5)
        if key not in self.rendered:
            self.rendered[key] = voice(hertz(note.pitch), max(key[2], 0.03), max(key[3], 0.2))
        return self.rendered[key]

    def groove(
        self,
        bars: Iterable[int],
        kit: Mapping[str, Stroke],
        lines: Mapping[str, str],
        *,
        loose_s: float | None = None,
        gain: float = 1.0,
    ) -> None:
        """Play drum lines (see `harmony.steps`), one line a bar for each named stroke, spread evenly over the bar."""
        for bar in bars:
            for name, line in lines.items():
                width = len(line.replace(" ", ""))
                for step, strength in steps(line):
                    self.stroke(kit[name], bar * self.beats + step * self.beats / width, strength * gain, loose_s=loose_s)

    def stroke(self, stroke: Stroke, beat: float, strength: float, *, loose_s: float | None = None) -> None:
        """One stroke, a little early or late, a little louder or softer."""
        slack = self.loose_s if loose_s is None else loose_s
        take = stroke.takes[int(self.rng.integers(len(stroke.takes)))]
        at_s = self.at(beat) + float(self.rng.normal(0, slack)) * 0.7
        level = stroke.gain * strength * float(self.rng.uniform(0.88, 1.06))
        self.desk.place(take, max(at_s, 0.0), bus=stroke.bus, gain=level, pan=stroke.pan)

    def kick_on(self, bars: Iterable[int], stroke: Stroke, beats: Sequence[float], *, gain: float = 1.0) -> None:
        """Kicks exactly on the beat, remembered by the desk so that other buses can breathe with them."""
        for bar in bars:
            for beat in beats:
                at_s = (bar * self.beats + beat) * self.beat_s
                self.desk.kicks_s.append(at_s)
                self.desk.place(stroke.takes[0], at_s, bus="kick", gain=stroke.gain * gain)


def strum(pitches: Sequence[float], beat: float, length: float, *, velocity: float = 0.7, apart: float = 0.0) -> list[Note]:
    """A chord as notes, each `apart` beats after the one below."""
    return [Note(beat + apart * k, length - apart * k, pitch, velocity) for k, pitch in enumerate(pitches)]
