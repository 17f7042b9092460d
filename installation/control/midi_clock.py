"""MIDI clock: 24 ticks to a beat. Read to know the tempo somebody else plays at; sent from the beats of the playing song."""

from __future__ import annotations

import threading
from collections import deque
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mixtape.types import FloatArray

Seconds: TypeAlias = npt.NDArray[np.float64]

PER_BEAT = 24
"""Ticks a beat (MIDI 1.0, timing clock)."""

TICK, START, CONTINUE, STOP = 0xF8, 0xFA, 0xFB, 0xFC

_HEARD = 2 * PER_BEAT
_SILENT_S = 0.5
"""A clock slower than 5 beats a minute is none."""

_JUMP_S = 0.1
_PULL = 0.1


class ClockIn:
    """The tempo of a clock, fed with the times of its bytes."""

    def __init__(self) -> None:
        self.running = False
        self._ticks: deque[float] = deque(maxlen=_HEARD + 1)

    def heard(self, byte: int, at_s: float) -> None:
        """Take one of the clock's bytes, heard at second `at_s` of any clock that runs on."""
        if byte == TICK:
            if self._ticks and at_s - self._ticks[-1] > _SILENT_S:
                self._ticks.clear()
            self._ticks.append(at_s)
        elif byte in (START, CONTINUE, STOP):
            self.running = byte != STOP

    def bpm(self, now_s: float) -> float | None:
        """Beats a minute over the last two beats; None before half a beat was heard, or when nothing comes any more."""
        ticks = tuple(self._ticks)
        if len(ticks) <= PER_BEAT // 2 or now_s - ticks[-1] > _SILENT_S or ticks[-1] <= ticks[0]:
            return None
        return 60.0 * (len(ticks) - 1) / PER_BEAT / (ticks[-1] - ticks[0])


def ticks_of(beats_s: FloatArray | Seconds, duration_s: float) -> Seconds:
    """When the ticks of a song are (k,) s, from its beats (m,) s: evenly between two beats, and on to its ends.

    The first tick is on a beat, as is each 24th from there. None where fewer than two beats are known.
    """
    beats = np.asarray(beats_s, float)
    if len(beats) < 2 or not np.all(np.diff(beats) > 0):
        return np.zeros(0)
    usual_s = float(np.median(np.diff(beats)))
    before = beats[0] - usual_s * np.arange(int(beats[0] / usual_s), 0, -1)
    after = beats[-1] + usual_s * np.arange(1, max(0, int((duration_s - beats[-1]) / usual_s)) + 2)
    marks = np.concatenate([before, beats, after])
    return np.interp(np.arange((len(marks) - 1) * PER_BEAT) / PER_BEAT, np.arange(len(marks)), marks)


class ClockOut:
    """Which bytes of a clock are due. A frame says how things stand, by `know`; a thread asks what is `due`.

    Ticks follow the heard place in the song, pulled gently to what the frames say, so that they do not tremble with them. Where
    the song jumps, changes or is held the clock stops, and starts anew on the next beat.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._song = ""
        self._ticks: Seconds = np.zeros(0)
        self._next = 0
        self._anchor = (0.0, 0.0)
        self._going = self._held = False
        self._waiting: list[int] = []

    def know(self, song: str, song_s: float, *, beats_s: FloatArray, duration_s: float, paused: bool, now_s: float) -> None:
        """The heard second `song_s` of `song` at `now_s` of the clock that `due` is asked by."""
        with self._lock:
            expected_s = self._place(now_s)
            if song != self._song:
                self._song, self._ticks = song, ticks_of(beats_s, duration_s)
                self._restart(song_s)
            elif abs(song_s - expected_s) > _JUMP_S or (self._held and not paused):
                self._restart(song_s)
            else:
                song_s = expected_s + _PULL * (song_s - expected_s)
            if paused and not self._held:
                self._stop()
            self._held, self._anchor = paused, (song_s, now_s)

    def due(self, now_s: float) -> bytes:
        """The bytes to send now."""
        with self._lock:
            bytes_, self._waiting = self._waiting, []
            place_s = self._place(now_s)
            while not self._held and self._next < len(self._ticks) and self._ticks[self._next] <= place_s:
                bytes_ += [TICK] if self._going else [START, TICK]
                self._going, self._next = True, self._next + 1
            return bytes(bytes_)

    def wait_s(self, now_s: float, *, most_s: float) -> float:
        """How long nothing will be due."""
        with self._lock:
            if self._held or self._next >= len(self._ticks):
                return most_s
            return min(max(float(self._ticks[self._next]) - self._place(now_s), 0.0), most_s)

    def _place(self, now_s: float) -> float:
        song_s, at_s = self._anchor
        return song_s if self._held else song_s + now_s - at_s

    def _restart(self, song_s: float) -> None:
        self._stop()
        self._next = -(-int(np.searchsorted(self._ticks, song_s)) // PER_BEAT) * PER_BEAT

    def _stop(self) -> None:
        if self._going:
            self._waiting.append(STOP)
        self._going = False
