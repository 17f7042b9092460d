"""Sound that is heard, sound that is only counted, and sound for an export: one mixer, three ways out.

A mixing thread keeps a short ring of finished samples; the device's callback copies from it and does nothing else. Where no
device can be had, or one is pulled out, a silent output takes the same samples in time, so that song and picture go on.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Protocol, Self

import numpy as np

from installation.decks import Mixer
from installation.messages import Offset, Pause, Play, Volume
from installation.outputs import DeviceOutput, HeardClock, Ring, SilentOutput, device_names, real_backends
from installation.tap import Tap
from mixtape.audio import SAMPLE_RATE_HZ
from mixtape.types import FloatArray

_BLOCK = 512
_RING_SAMPLES = 9 * _BLOCK
_LOST_S = 1.0
_RETRY_S = 10.0


class Sound(Protocol):
    """What the show asks of its sound, whichever it is."""

    def start(self) -> None:
        """Open what there is to open."""

    def stop(self) -> None:
        """Let go of everything; may be called twice."""

    def play(self, command: Play) -> None:
        """Let a song come in."""

    def pause(self, command: Pause) -> None:
        """Hold, or go on."""

    def volume(self, command: Volume) -> None:
        """Set the loudness."""

    def offset(self, command: Offset) -> None:
        """Let the picture lag behind what is heard, or run ahead of it."""

    @property
    def underruns(self) -> int:
        """How often samples were missing when they were due: the output found none, or a song's decoder had not kept up."""

    def position(self) -> tuple[str, float]:
        """Track id and second of the newest song heard; ("", 0.0) before the first."""

    def spent(self) -> str:
        """Id of the newest song when nothing more will be heard of it, though its time is not over; else ""."""

    def errors(self) -> list[str]:
        """What went wrong since the last call."""


class _LiveSound:
    """The mixing thread and what goes with it. Commands only queue up; nothing here makes the caller wait."""

    def __init__(self, mixer: Mixer, *, offset_ms: float = 0.0, now_s: Callable[[], float] = time.perf_counter) -> None:
        """`now_s` may be another clock, for tests."""
        self._now_s = now_s
        self._mixer, self._offset = mixer, offset_ms / 1000 * SAMPLE_RATE_HZ
        self._dry = 0
        self._ring, self._clock = Ring(_RING_SAMPLES), HeardClock()
        self.tap = Tap()
        self.tap.lag = self._offset
        self._wishes: SimpleQueue[tuple[str, Callable[[], None]]] = SimpleQueue()
        self._told: deque[str] = deque(maxlen=100)
        self._room, self._closed = threading.Event(), threading.Event()
        self._threads: list[threading.Thread] = []
        self._output: SilentOutput | DeviceOutput | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Open the output and begin to mix. Nothing is heard before the first `play`."""
        if self._threads:
            return
        self._begin(self._mix, "mixer")
        self._output = self._open()

    def stop(self) -> None:
        """End the sound and let go of device and files; may be called twice."""
        self._closed.set()
        self._room.set()
        for thread in self._threads:
            thread.join(2.0)
        if self._output:
            self._output.close()
        self._mixer.close()

    def play(self, command: Play) -> None:
        """Let a song come in."""
        self._wish("play", lambda: _play(self._mixer, command))

    def pause(self, command: Pause) -> None:
        """Hold, or go on."""
        self._wish("pause", lambda: self._mixer.pause(command.paused))

    def volume(self, command: Volume) -> None:
        """Set the loudness."""
        self._wish("volume", lambda: self._mixer.volume(command.volume))

    def offset(self, command: Offset) -> None:
        """Let the picture lag behind what is heard (+), or run ahead of it (-), from the next frame on."""
        self._offset = self.tap.lag = command.offset_ms / 1000 * SAMPLE_RATE_HZ

    @property
    def underruns(self) -> int:
        """How often samples were missing when they were due since the start."""
        return self._dry + self._mixer.starved

    def position(self) -> tuple[str, float]:
        """Track id and second of the newest song whose sound is heard now; ("", 0.0) before the first sound."""
        return self._mixer.position(round(self._clock.heard(self._now_s()) - self._offset))

    def spent(self) -> str:
        """Id of the newest song when nothing more will be heard of it, though its time is not over; else ""."""
        return self._mixer.spent()

    def errors(self) -> list[str]:
        """What went wrong since the last call, in words for a person."""
        return [self._told.popleft() for _ in range(len(self._told))]

    @property
    def output_name(self) -> str:
        """Where the sound goes: a device's name, "default" or "silence"."""
        return self._output.name if self._output else "silence"

    def _open(self) -> SilentOutput | DeviceOutput:
        raise NotImplementedError

    def _begin(self, run: Callable[[], None], name: str) -> None:
        self._threads.append(threading.Thread(target=run, name=name, daemon=True))
        self._threads[-1].start()

    def _wish(self, kind: str, wish: Callable[[], None]) -> None:
        self._wishes.put((kind, wish))
        self._room.set()

    def _heed(self) -> None:
        """Do what was wished, of each kind only the last: songs that nobody would hear are not opened."""
        wished: dict[str, Callable[[], None]] = {}
        while not self._wishes.empty():
            kind, wish = self._wishes.get()
            wished.pop(kind, None)
            wished[kind] = wish
        for wish in wished.values():
            wish()

    def _mix(self) -> None:
        while not self._closed.is_set():
            self._heed()
            while self._ring.room >= _BLOCK:
                self._ring.write(self._mixer.render(_BLOCK))
            self._told.extend(self._mixer.errors())
            self._room.wait(0.05)
            self._room.clear()

    def _pull(self, frames: int) -> FloatArray:
        samples, real = self._ring.read(frames)
        self._dry += real < frames
        self._handed(samples, real, latency=DeviceOutput.latency)
        return samples

    def _take_silently(self, frames: int) -> int:
        samples, real = self._ring.read(frames)
        self._handed(samples[:real], real, latency=SilentOutput.latency)
        return real

    def _handed(self, samples: FloatArray, real: int, *, latency: int) -> None:
        now_s = self._now_s()
        self._clock.handed(real, now_s=now_s, latency=latency)
        self.tap.put(samples, now_s=now_s, latency=latency)
        self._room.set()


def _play(mixer: Mixer, command: Play) -> None:
    mixer.play(command.track_id, start_s=command.start_s, fade_s=command.fade_s, after_s=command.after_s)


class SilentSound(_LiveSound):
    """Plays in time, heard by nobody."""

    def _open(self) -> SilentOutput:
        return SilentOutput(self._take_silently)


class DeviceSound(_LiveSound):
    """Plays to a sound device, chosen by a part of its name or the default one; becomes silent, and says so, when there is none.

    A device that asks for no samples for 1 s counts as lost: it is opened anew; when the chosen one is gone the default one takes
    its place, and when there is none silence does. Every 10 s the device that was wished for is looked for again.
    `null` plays to miniaudio's null device, which keeps time like a sound card.
    """

    def __init__(self, mixer: Mixer, *, device: str | None = None, offset_ms: float = 0.0, null: bool = False) -> None:
        super().__init__(mixer, offset_ms=offset_ms)
        self._device, self._null = device or None, null
        self._pulled_s = time.perf_counter()
        self._looked_s = 0.0
        self._said: set[str] = set()

    def start(self) -> None:
        """Open the device, or silence when it cannot be had, and begin to mix."""
        if not self._threads:
            super().start()
            self._begin(self._watch, "sound-watch")

    def _open(self) -> SilentOutput | DeviceOutput:
        try:
            return self._open_device()
        except Exception as error:  # a sound driver may raise anything, the show goes on in silence
            reason = error.args[0] if error.args else type(error).__name__
            self._say(f"no sound device ({reason}); the show runs silently, plug one in and it is taken within {_RETRY_S:g} s")
            self._looked_s = time.perf_counter()
            return SilentOutput(self._take_silently)

    def _open_device(self) -> DeviceOutput:
        import miniaudio

        backends = [miniaudio.Backend.NULL] if self._null else real_backends()
        self._pulled_s = time.perf_counter()
        try:
            return DeviceOutput(self._pull, name=self._device, backends=backends)
        except LookupError as error:
            output = DeviceOutput(self._pull, name=None, backends=backends)
            self._looked_s = time.perf_counter()
            self._say(f"{error}; the default one is taken, and the other as soon as it is there")
            return output

    def _pull(self, frames: int) -> FloatArray:
        self._pulled_s = time.perf_counter()
        return super()._pull(frames)

    def _say(self, words: str) -> None:
        if words not in self._said:
            self._said.add(words)
            self._told.append(words)

    def _watch(self) -> None:
        while not self._closed.wait(0.25):
            now_s = time.perf_counter()
            if isinstance(self._output, DeviceOutput):
                if now_s - self._pulled_s > _LOST_S:
                    self._told.append("the sound device stopped asking for sound; it is opened again")
                    self._output.close()
                    self._output = self._open()
                elif self._device and self._output.name != self._device and now_s - self._looked_s > _RETRY_S:
                    self._looked_s = now_s
                    self._move_to_the_chosen()
            elif now_s - self._looked_s > _RETRY_S:
                self._looked_s = now_s
                self._try_again()

    def _move_to_the_chosen(self) -> None:
        output = self._output
        with suppress(Exception):
            if output and self._device and any(self._device.casefold() in name.casefold() for name in device_names()):
                self._said.clear()
                output.close()
                self._output = self._open()
                self._told.append(f"sound through {self._output.name} now")

    def _try_again(self) -> None:
        silent = self._output
        with suppress(Exception):
            # Only one output may take from the ring, and a device asks as soon as it is open.
            if silent and (self._null or device_names()):
                silent.close()
                self._output = self._open()
                if isinstance(self._output, DeviceOutput):
                    self._told.append(f"sound again, through {self._output.name}")
                    self._said.clear()


class OfflineSound:
    """The show's sound for an export or a test: as many samples as time has passed, exact to the sample, with no drift."""

    def __init__(self, mixer: Mixer) -> None:
        self._mixer = mixer
        self._time_s = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Nothing to open."""

    def stop(self) -> None:
        """Let go of all files."""
        self._mixer.close()

    def play(self, command: Play) -> None:
        """Let a song come in with the next sample."""
        _play(self._mixer, command)

    def pause(self, command: Pause) -> None:
        """Hold, or go on, with the next sample."""
        self._mixer.pause(command.paused)

    def volume(self, command: Volume) -> None:
        """Set the loudness."""
        self._mixer.volume(command.volume)

    def offset(self, command: Offset) -> None:
        """Nothing: a video's sound and picture reach the eye and the ear by the same way."""

    @property
    def underruns(self) -> int:
        """None are possible: songs are decoded when they are needed."""
        return self._mixer.starved

    def advance(self, dt_s: float) -> FloatArray:
        """Let `dt_s` seconds pass: their (n, 2) samples. After k frames at f fps, round(44100 k / f) samples are out."""
        self._time_s += dt_s
        # A hair's breadth up, so that sums of floats fall on the same side of one half every time.
        until = int(np.floor(self._time_s * SAMPLE_RATE_HZ + 0.5 + 1e-6))
        return self._mixer.render(max(until - self._mixer.rendered, 0))

    def position(self) -> tuple[str, float]:
        """Track id and second of the newest song, after the last sample handed out."""
        return self._mixer.position()

    def spent(self) -> str:
        """Id of the newest song when nothing more will be heard of it, though its time is not over; else ""."""
        return self._mixer.spent()

    def errors(self) -> list[str]:
        """What went wrong since the last call."""
        return self._mixer.errors()
