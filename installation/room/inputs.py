"""Where the room's sound comes from: a sound device's input, or a file played as if a device heard it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from installation.outputs import real_backends
from mixtape.audio import SAMPLE_RATE_HZ, open_sound
from mixtape.types import FloatArray

_PERIOD_MS = 20
_BLOCK = 1024

Take = Callable[[FloatArray], None]
"""Is given mono samples (n,) at 44.1 kHz as they come, in a thread of the input's own."""


class Input(Protocol):
    """An open input."""

    name: str

    def close(self) -> None:
        """Hear no more; may be called twice."""


class DeviceInput:
    """A device's input, mixed to mono.

    Raises miniaudio's errors, or LookupError, when it cannot be had.
    """

    def __init__(self, take: Take, *, name: str, backends: list[Any] | None = None) -> None:
        """The first device that has `name` in its own, whatever the case; the system's default for an empty one."""
        import miniaudio

        among = real_backends() if backends is None else backends
        chosen = _chosen(name, among) if name else None
        self.name = chosen["name"] if chosen else "the default input"
        self._device = miniaudio.CaptureDevice(
            input_format=miniaudio.SampleFormat.FLOAT32,
            nchannels=1,
            sample_rate=SAMPLE_RATE_HZ,
            buffersize_msec=_PERIOD_MS,
            device_id=chosen["id"] if chosen else None,
            backends=among,
            app_name="mixtape",
        )
        fed = self._fed(take)
        next(fed)
        self._device.start(fed)

    @staticmethod
    def _fed(take: Take) -> Generator[None, bytes, None]:
        while True:
            heard = yield
            take(np.frombuffer(heard, np.float32).copy())

    def close(self) -> None:
        """Give the device back."""
        with suppress(Exception):
            self._device.close()


class FileInput:
    """A file, heard from its beginning at the pace it was made for, then silence."""

    def __init__(self, take: Take, *, path: Path) -> None:
        """Open the file. AudioError when there is no sound in it."""
        self.name = path.name
        self._blocks = open_sound(path, block_samples=_BLOCK).blocks
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(take,), name="room-file", daemon=True)
        self._thread.start()

    def _run(self, take: Take) -> None:
        began_s, sent = time.perf_counter(), 0
        while not self._closed.wait(max(0.0, began_s + sent / SAMPLE_RATE_HZ - time.perf_counter())):
            block = next(self._blocks, None)
            take(np.zeros(_BLOCK, np.float32) if block is None else block)
            sent += _BLOCK if block is None else len(block)

    def close(self) -> None:
        """Hear no more."""
        self._closed.set()
        self._thread.join(2.0)


def opened(take: Take, *, wish: str) -> Input:
    """The input that somebody wishes for: a file of that name, else a device; "" or "default" is the system's own.

    Raises AudioError for a file without sound, miniaudio's errors or LookupError for a device that cannot be had.
    """
    if wish and Path(wish).expanduser().is_file():
        return FileInput(take, path=Path(wish).expanduser())
    return DeviceInput(take, name="" if wish == "default" else wish)


def input_names() -> list[str]:
    """The devices that can be heard; empty when there is none."""
    import miniaudio

    try:
        return [str(device["name"]) for device in miniaudio.Devices(real_backends()).get_captures()]
    except miniaudio.MiniaudioError:
        return []


def _chosen(name: str, backends: list[Any]) -> Any:
    import miniaudio

    found = miniaudio.Devices(backends).get_captures()
    for device in found:
        if name.casefold() in device["name"].casefold():
            return device
    known = ", ".join(device["name"] for device in found) or "none"
    raise LookupError(f"no input is named '{name}'; there is {known}")
