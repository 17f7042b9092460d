"""Where finished samples go: a sound card, or nobody at the same pace; and how much of them was heard by now."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt

from mixtape.audio import SAMPLE_RATE_HZ
from mixtape.types import FloatArray

_PERIOD_MS = 30
_PERIODS = 3


class HeardClock:
    """How many samples were heard by now, from callbacks that come in lumps and never quite on time.

    A line is laid through (time of callback, samples handed out) and follows it softly; what is heard lies `latency` behind.
    """

    def __init__(self) -> None:
        self._line: tuple[float, float, int, int] | None = None
        self._heard = 0.0

    def handed(self, frames: int, *, now_s: float, latency: int) -> None:
        """`frames` samples went out at `now_s` to an output that plays them `latency` samples later."""
        if self._line is None:
            self._line = (float(frames), now_s, frames, latency)
            return
        level, since_s, total, _ = self._line
        total += frames
        expected = level + (now_s - since_s) * SAMPLE_RATE_HZ
        off = total - expected
        level = total if abs(off) > 0.1 * SAMPLE_RATE_HZ else expected + 0.05 * off
        self._line = (level, now_s, total, latency)

    def handed_by(self, now_s: float) -> float:
        """Samples that should have gone out by `now_s`, as the line has it; 0 before the first."""
        if self._line is None:
            return 0.0
        level, since_s, _, _ = self._line
        return level + (now_s - since_s) * SAMPLE_RATE_HZ

    def heard(self, now_s: float) -> float:
        """Samples heard at `now_s`; never more than were handed out, never going back."""
        if self._line is None:
            return 0.0
        _, _, total, latency = self._line
        self._heard = max(self._heard, min(self.handed_by(now_s) - latency, total))
        return self._heard


class Ring:
    """Finished samples between one writer and one reader, without a lock: each moves its own end only."""

    def __init__(self, samples: int) -> None:
        self._samples = np.zeros((samples, 2), np.float32)
        self._written = self._read = 0

    @property
    def room(self) -> int:
        """Samples that can be written now."""
        return len(self._samples) - (self._written - self._read)

    def write(self, samples: FloatArray) -> None:
        """Put (n, 2) samples in; n is at most `room`."""
        at = (self._written + np.arange(len(samples))) % len(self._samples)
        self._samples[at] = samples
        self._written += len(samples)

    def read(self, frames: int) -> tuple[FloatArray, int]:
        """(frames, 2) samples, and how many of them are real; silence fills up what is not there yet."""
        real = min(frames, self._written - self._read)
        out = np.zeros((frames, 2), np.float32)
        out[:real] = self._samples[(self._read + np.arange(real)) % len(self._samples)]
        self._read += real
        return out, real


class SilentOutput:
    """Takes samples at the right pace and plays them to nobody: `take(frames)` says how many there were."""

    latency = 0
    name = "silence"

    def __init__(self, take: Callable[[int], int]) -> None:
        self._take = take
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="silence", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        began_s, taken = time.perf_counter(), 0
        while not self._closed.wait(0.01):
            due = int((time.perf_counter() - began_s) * SAMPLE_RATE_HZ) - taken
            if due > 5 * SAMPLE_RATE_HZ:  # the computer slept: nobody wants to catch up on the night
                began_s, taken, due = time.perf_counter(), 0, 0
            taken += self._take(due)

    def close(self) -> None:
        """Take no more; returns when nothing is taken any longer."""
        self._closed.set()
        self._thread.join(2.0)


class DeviceOutput:
    """A sound card that asks `pull(frames)` for (frames, 2) samples.

    Raises miniaudio's errors, or LookupError, when it cannot be had.
    """

    latency = _PERIOD_MS * _PERIODS * SAMPLE_RATE_HZ // 1000

    def __init__(self, pull: Callable[[int], FloatArray], *, name: str | None, backends: list[Any]) -> None:
        import miniaudio

        self._device = miniaudio.PlaybackDevice(
            output_format=miniaudio.SampleFormat.FLOAT32,
            nchannels=2,
            sample_rate=SAMPLE_RATE_HZ,
            buffersize_msec=_PERIOD_MS,
            callback_periods=_PERIODS,
            device_id=_device_id(name, backends) if name else None,
            backends=backends,
            app_name="mixtape",
        )
        self.name = name or "default"
        feed = self._feed(pull)
        next(feed)
        self._device.start(feed)

    @staticmethod
    def _feed(pull: Callable[[int], FloatArray]) -> Generator[bytes | npt.NDArray[Any], int, None]:
        frames = yield b""
        while True:
            frames = yield pull(frames)

    def close(self) -> None:
        """Give the device back."""
        with suppress(Exception):
            self._device.close()


def device_names() -> list[str]:
    """The sound devices there are; empty when there is none."""
    import miniaudio

    try:
        return [str(device["name"]) for device in miniaudio.Devices(real_backends()).get_playbacks()]
    except miniaudio.MiniaudioError:
        return []


def real_backends() -> list[Any]:
    """All that can be heard: miniaudio would otherwise fall back to its null device and never say so."""
    import miniaudio

    return [each for each in miniaudio.Backend if each not in (miniaudio.Backend.NULL, miniaudio.Backend.CUSTOM)]


def _device_id(name: str, backends: list[Any]) -> Any:
    import miniaudio

    found = miniaudio.Devices(backends).get_playbacks()
    for device in found:
        if name.casefold() in device["name"].casefold():
            return device["id"]
    known = ", ".join(device["name"] for device in found) or "none"
    raise LookupError(f"no sound device is named '{name}'; there is {known}")
