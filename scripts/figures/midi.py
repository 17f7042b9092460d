"""What MIDI costs: a message, the worst frame, and how evenly the clock goes out."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from figures.row import Row, cpu_s

_PORT = "Pad"
_BOUND = 64
_CLOCK_S = 20.0


class _Ports:
    """One controller that listens and forgets; when it was told what is kept."""

    def __init__(self) -> None:
        self.sent: list[tuple[float, bytes]] = []

    def names(self) -> tuple[Sequence[str], Sequence[str]]:
        return (_PORT,), (_PORT,)

    def open_input(self, name: str, heard: Callable[[bytes], None]) -> Any:
        return self

    def open_output(self, name: str) -> Any:
        return self

    def send(self, data: bytes) -> None:
        self.sent.append((time.perf_counter(), data))

    def close(self) -> None:
        pass


def _midi(folder: str, ports: _Ports, **options: Any) -> Any:
    """Controllers of which 64 controls turn knobs of the show, faders and encoders by turns."""
    from installation.control.knobs import registry
    from installation.control.midi import Midi
    from installation.control.midi_map import Binding, Control

    midi = Midi(Path(folder) / "midi.json", ports=ports, pickup=False, **options)
    able = [knob for knob in registry() if knob.kind == "number"]
    for number in range(_BOUND):
        control = Control(_PORT, 1, "cc", number + 64 if number >= 32 else number)
        how = "twos" if number % 2 else "absolute"
        midi._translator.bindings[control] = Binding(control, able[number % len(able)].name, how)
    return midi


def _wished() -> dict[str, Any]:
    from mixtape.config import knobs

    return {knob.name.partition(".")[2]: knob.default for knob in knobs() if knob.live}


def midi_message() -> Row:
    """A message of a bound control, from bytes to a checked event, against mido reading it."""
    from mido import Message

    data, wished = [bytes((0xB0, k % 32, k % 128)) for k in range(200)], _wished()
    with tempfile.TemporaryDirectory() as folder:
        midi = _midi(folder, _Ports())

        def taken() -> None:
            for _ in range(20):
                for each in data:
                    midi.hear(_PORT, each)
                assert midi.drain(0.0, wished)

        mine = cpu_s(taken)
        read = cpu_s(lambda: [Message.from_bytes(each) for _ in range(20) for each in data])
    return Row("midi_message", 1e6 * mine / 4000, "CPU-us a message", "reading it by mido", mine / read)


def midi_frame() -> Row:
    """The worst frame: 256 messages wait and all 64 bound controls must be told, against a 60th of a second."""
    ports, wished = _Ports(), _wished()
    with tempfile.TemporaryDirectory() as folder:
        midi = _midi(folder, ports, feedback=True, clock=lambda: 0.0)
        midi.look()
        state: Any = SimpleNamespace(wished=wished, paused=False)
        worst_s = 0.0
        for _ in range(20):
            for k in range(600):
                midi.hear(_PORT, bytes((0xB0, k % 32, k % 128)))
            midi._told.clear()
            start = time.process_time()
            midi.drain(0.0, wished)
            midi._moved_s.clear()
            midi.tell(state, None)
            worst_s = max(worst_s, time.process_time() - start)
            while not midi._out.empty():
                midi._out.get_nowait()
    return Row("midi_frame", 1000 * worst_s, "CPU-ms at worst of 20 frames", "a 60th of a second", worst_s * 60)


def midi_clock() -> Row:
    """How far the ticks of 20 s of clock at 120 beats a minute stray from even (standard deviation), against a tick's length."""
    import numpy as np

    from installation.control.midi_clock import PER_BEAT

    ports, beats = _Ports(), np.arange(0.0, 60.0, 0.5, dtype=np.float32)
    world: Any = SimpleNamespace(
        timeline=lambda _: SimpleNamespace(beats_s=beats), track=lambda _: SimpleNamespace(duration_s=60.0)
    )
    with tempfile.TemporaryDirectory() as folder, _midi(folder, ports, clock_to=_PORT, feedback=False) as midi:
        begin_s = time.perf_counter()
        while (now_s := time.perf_counter() - begin_s) < _CLOCK_S:
            midi.tell(SimpleNamespace(track_id="a", song_s=now_s, paused=False), world)
            time.sleep(1 / 60)
    ticks = np.array([at_s for at_s, data in ports.sent if data == b"\xf8"])
    even = np.polyval(np.polyfit(np.arange(len(ticks)), ticks, 1), np.arange(len(ticks)))
    stray_s = float((ticks - even).std())
    return Row("midi_clock", 1000 * stray_s, f"ms, {len(ticks)} ticks", "from tick to tick", stray_s * 2 * PER_BEAT)


def midi_learning() -> Row:
    """A frame in which 256 messages of 32 controls come while the list of knobs is open, against a 60th of a second."""
    ports, wished = _Ports(), _wished()
    with tempfile.TemporaryDirectory() as folder:
        midi = _midi(folder, ports)
        midi.learn.open()
        midi.learn.key("", "volume")

        def frame() -> None:
            for k in range(256):
                midi.hear(_PORT, bytes((0xB0, k % 32, k % 128)))
            midi.drain(0.0, wished)
            midi.learn.rows(wished)

        mine = cpu_s(frame)
    return Row("midi_learning", 1000 * mine, "CPU-ms, reading the messages included", "a 60th of a second", mine * 60)


ROWS = (midi_message, midi_frame, midi_learning, midi_clock)
