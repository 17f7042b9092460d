"""MIDI controllers: they come and go, turn knobs, and are told where the knobs stand.

One thread looks for ports, with one client for looking (each new one would take one of the system's few), opens what came, sends
what waits and writes the mapping; another sends the clock. Messages are read where the system hands them over and wait in a
bounded queue. The loop only ever takes from that queue and puts into another: nothing here can hold up a frame, and without any
MIDI in the computer there is nothing but silence.
"""

from __future__ import annotations

import json
import queue
import re
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol, Self

from mido import Message

from installation.control.knobs import OwnKnobs, find
from installation.control.midi_clock import CONTINUE, START, STOP, TICK, ClockIn, ClockOut
from installation.control.midi_learn import Learn
from installation.control.midi_map import Binding, Control, Touch, Translator, as_json, from_json, is_button, lights, touch_of
from installation.control.osc import bearable
from installation.messages import ControlEvent, KnobValue
from installation.state import FrameState
from installation.world import World
from mixtape.errors import MixtapeError
from mixtape.storage import write_atomic

NAME = "mixtape"
LOOK_S = 1.0
"""How often ports are looked for."""

TOUCHES_LIMIT = 256
HOLD_S = 0.4
"""So long after a fader or an encoder was moved it is not told where its knob stands: it would fight the hand."""

_OUT_LIMIT = 512
_NAP_S = 0.02
_CLOCK_BYTES = (TICK, START, CONTINUE, STOP)
_SEQUENCER = Path("/dev/snd/seq")


class OpenPort(Protocol):
    """A port that was opened."""

    def send(self, data: bytes) -> None:
        """Send one message; OSError where the port is gone. Only of outputs."""

    def close(self) -> None:
        """Let it go."""


class Ports(Protocol):
    """The computer's MIDI ports. All raise OSError in words."""

    def names(self) -> tuple[Sequence[str], Sequence[str]]:
        """The names of all inputs and all outputs."""

    def open_input(self, name: str, heard: Callable[[bytes], None]) -> OpenPort:
        """Call `heard` with each message, from a thread of the system's."""

    def open_output(self, name: str) -> OpenPort:
        """An output to send by."""

    def close(self) -> None:
        """Stop looking."""


class Midi:
    """All controllers. Use it in a `with`; what goes wrong is told by `errors`."""

    def __init__(
        self,
        path: Path,
        *,
        ports: Ports | None = None,
        only: str = "",
        pickup: bool = True,
        feedback: bool = True,
        clock_to: str = "",
        transport: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`path` is the mapping's. Only ports with `only` in their names are used; the clock goes to those with `clock_to`.

        With `transport` a clock's start and stop let the song go on and hold it.
        """
        self._path, self._ports = path, ports or SystemPorts()
        self._only, self._feedback, self._clock_to, self._transport = only, feedback, clock_to, transport
        self._clock = clock
        self._translator = Translator(pickup=pickup)
        self.learn = Learn(self._translator, changed=self._mark)
        self._touches: deque[Touch] = deque(maxlen=TOUCHES_LIMIT)
        self._triggers: deque[tuple[int, ControlEvent]] = deque(maxlen=TOUCHES_LIMIT)
        self._clocks: dict[str, ClockIn] = {}
        self._clock_out = ClockOut()
        self._out: queue.Queue[tuple[str, tuple[bytes, ...]]] = queue.Queue(_OUT_LIMIT)
        self._told: dict[Control, tuple[bytes, ...]] = {}
        self._moved_s: dict[Control, float] = {}
        self._came: deque[str] = deque()
        self._gone: deque[str] = deque()
        self._inputs: dict[str, tuple[str, OpenPort]] = {}
        self._outputs: dict[str, tuple[str, OpenPort]] = {}
        self._faults: deque[str] = deque(maxlen=64)
        self._said: set[str] = set()
        self._missing = ""
        self._unsaved: deque[tuple[Binding, ...]] = deque(maxlen=1)
        self._writable = True
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.lost = 0
        """Messages that came faster than frames could take them."""

    def __enter__(self) -> Self:
        for each in self._loaded():
            self._translator.bindings[each.control] = each
        self._begin(self._watch, "midi")
        if self._clock_to:
            self._begin(self._tick, "midi-clock")
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(2.0)

    # For the loop ---------------------------------------------------------------------------------------------------------------

    @property
    def own(self) -> OwnKnobs:
        """What a user's own scenes can be told; another mapping may be put in its place at any time."""
        return self.learn.own

    @own.setter
    def own(self, own: OwnKnobs) -> None:
        self.learn.own = own

    @property
    def bindings(self) -> tuple[Binding, ...]:
        """What turns what."""
        return tuple(self._translator.bindings.values())

    def drain(self, now_s: float, knobs: Mapping[str, KnobValue]) -> list[ControlEvent]:
        """What controllers ask for since the last call, where `knobs` stand as they do, stamped with show time `now_s`.

        Of presses only what a frame bears, as by OSC; the others wait for the next one.
        """
        while self._gone:
            self._translator.forget(self._gone.popleft())
        touches, at_s = _taken(self._touches), self._clock()
        for touch in touches:
            self._moved_s[touch.control] = at_s
            if self.learn.is_open:
                self.learn.moved(touch, now_s=at_s)
        asked = self._translator.translate(touches, knobs, now_s=now_s, own=self.own)
        turns = []
        for each in asked:
            knob = find(each.knob, self.own)
            if knob is not None and knob.is_trigger:
                self._triggers.append((0, each))
            else:
                turns.append(each)
        return [replace(each, time_s=now_s) for _, each in bearable(self._triggers)] + turns

    def tell(self, state: FrameState, world: World) -> None:
        """Let controllers show how things stand in this frame, and the clock follow its song."""
        if self._feedback:
            self._light(state)
        if self._clock_to:
            beats_s, duration_s = world.timeline(state.track_id).beats_s, world.track(state.track_id).duration_s
            self._clock_out.know(
                state.track_id,
                state.song_s,
                beats_s=beats_s,
                duration_s=duration_s,
                paused=state.paused,
                now_s=self._clock(),
            )

    def errors(self) -> list[str]:
        """What went wrong since the last call, in words for a person, each once."""
        told = [words for words in dict.fromkeys(_taken(self._faults)) if words not in self._said]
        self._said.update(told)
        return told

    def words(self) -> str:
        """Which controllers are there, and what clock is heard."""
        names = ", ".join(sorted(self._inputs)) or self._missing or "no controller"
        now_s = self._clock()
        for port, clock in tuple(self._clocks.items()):
            if (bpm := clock.bpm(now_s)) is not None:
                names += f"; clock of {port}: {bpm:.1f} beats a minute{', running' if clock.running else ''}"
        return names + (f"; {self.lost:,} messages lost" if self.lost else "")

    def _light(self, state: FrameState) -> None:
        while self._came:
            port = self._came.popleft()
            self._told = {control: data for control, data in self._told.items() if control.port != port}
        now_s, standing = self._clock(), state.standing
        for each in self.bindings:
            control, knob = each.control, find(each.knob, self.own)
            value = standing.get(each.knob, knob.default if knob else None)
            if knob is None or value is None or control.port not in self._outputs:
                continue
            if not is_button(each) and now_s - self._last_moved(control) < HOLD_S:
                # Told again once it rests, wherever it was left.
                self._told.pop(control, None)
                continue
            data = tuple(bytes(message.bytes()) for message in lights(each, knob, value))
            if data and self._told.get(control) != data:
                with suppress(queue.Full):
                    self._out.put_nowait((control.port, data))
                    self._told[control] = data

    def _last_moved(self, control: Control) -> float:
        halves = (control.number, control.number + 32) if control.type == "cc14" else ()
        parts = [Control(control.port, control.channel, "cc", number) for number in halves] or [control]
        return max(self._moved_s.get(part, float("-inf")) for part in parts)

    # What is heard, in the system's threads ------------------------------------------------------------------------------

    def hear(self, port: str, data: bytes) -> None:
        """Take one message from `port`; never raises for what is in it."""
        if data and data[0] in _CLOCK_BYTES:
            self._clocks.setdefault(port, ClockIn()).heard(data[0], self._clock())
            if self._transport and data[0] != TICK:
                self._triggers.append((0, ControlEvent(f"midi:{port}", "pause", data[0] == STOP, 0.0)))
            return
        try:
            touch = touch_of(port, Message.from_bytes(data))
        except (ValueError, IndexError, TypeError, LookupError):
            return
        if touch is not None:
            self.lost += len(self._touches) == TOUCHES_LIMIT
            self._touches.append(touch)

    # The thread that looks, sends and writes ------------------------------------------------------------------------------

    def _begin(self, work: Callable[[], None], name: str) -> None:
        thread = threading.Thread(target=work, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _watch(self) -> None:
        look_s = -LOOK_S
        while not self._stop.is_set():
            now_s = time.monotonic()
            if now_s - look_s >= LOOK_S:
                look_s = now_s
                self.look()
                self._write()
            with suppress(queue.Empty):
                port, messages = self._out.get(timeout=_NAP_S)
                self._send(port, messages)
        self._write()
        for _, opened in (*self._inputs.values(), *self._outputs.values()):
            with suppress(Exception):
                opened.close()
        with suppress(Exception):
            self._ports.close()

    def look(self) -> None:
        """Open the ports that came and let go of those that went. Never raises."""
        try:
            inputs, outputs = self._ports.names()
        except Exception as error:  # a driver may fail in any way
            self._missing, inputs, outputs = str(error), (), ()
        else:
            self._missing = ""
        self._match(self._inputs, inputs, lambda name, raw: self._ports.open_input(raw, partial(self.hear, name)))
        self._came += self._match(self._outputs, outputs, lambda _, raw: self._ports.open_output(raw))

    def _match(
        self, opened: dict[str, tuple[str, OpenPort]], names: Sequence[str], opening: Callable[[str, str], OpenPort]
    ) -> list[str]:
        """Make the `opened` ports those of the system's `names`: which came."""
        there = {name: raw for name, raw in stable_names(names).items() if self._only.casefold() in name.casefold()}
        for name in [name for name, (raw, _) in opened.items() if there.get(name) != raw]:
            with suppress(Exception):
                opened.pop(name)[1].close()
            self._gone.append(name)
            self._clocks.pop(name, None)
        came = []
        for name in [name for name in there if name not in opened]:
            try:
                opened[name] = there[name], opening(name, there[name])
                came.append(name)
            except Exception as error:  # a driver may fail in any way
                self._faults.append(f"MIDI: {name} cannot be opened ({error}); another program may hold it. It is tried on")
        return came

    def _send(self, port: str, messages: Sequence[bytes]) -> None:
        if port not in self._outputs:
            return
        try:
            for each in messages:
                self._outputs[port][1].send(each)
        except Exception as error:  # a driver may fail in any way
            self._faults.append(f"MIDI: {port} cannot be told ({error}); it is tried on")

    def _tick(self) -> None:
        while not self._stop.is_set():
            due = [bytes([byte]) for byte in self._clock_out.due(self._clock())]
            for name in tuple(self._outputs) if due else ():
                if self._clock_to.casefold() in name.casefold():
                    self._send(name, due)
            self._stop.wait(self._clock_out.wait_s(self._clock(), most_s=_NAP_S))

    # The mapping on disk ------------------------------------------------------------------------------

    def _loaded(self) -> tuple[Binding, ...]:
        try:
            return read_mapping(self._path)
        except (OSError, ValueError) as error:
            self._set_aside(str(error))
            return ()

    def _set_aside(self, why: str) -> None:
        """Keep a mapping that cannot be read, under another name, so that nothing a person made is written over."""
        aside = next(each for k in range(1, 10**6) if not (each := self._path.with_suffix(f".broken-{k}.json")).exists())
        try:
            self._path.rename(aside)
        except OSError as error:
            self._writable = False
            self._faults.append(f"{self._path}: broken ({why}), and cannot be set aside ({error}); this evening's is not kept")
            return
        self._faults.append(f"{self._path}: broken ({why}); set aside as {aside.name}. Mend it and name it back, or learn anew")

    def _mark(self) -> None:
        self._unsaved.append(self.bindings)

    def _write(self) -> None:
        for bindings in _taken(self._unsaved) if self._writable else ():
            try:
                write_atomic(self._path, (json.dumps(as_json(bindings), indent=1) + "\n").encode())
            except MixtapeError as error:
                self._faults.append(f"MIDI: the mapping is not kept: {error}")


def read_mapping(path: Path) -> tuple[Binding, ...]:
    """The bindings of a file, none where there is no file. OSError or ValueError, in words, where it cannot be read."""
    try:
        return from_json(json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return ()
    except RecursionError:
        raise ValueError("lists within lists without end") from None


def _taken(waiting: deque[Any]) -> list[Any]:
    """All that waits at this moment, the oldest first; others may go on putting."""
    return [waiting.popleft() for _ in range(len(waiting))]


# The computer's ports ------------------------------------------------------------------------------

_NUMBERED = re.compile(r"\s+\d+:\d+$" if sys.platform.startswith("linux") else r"\s+\d+$" if sys.platform == "win32" else r"(?!)")


def stable_names(names: Sequence[str]) -> dict[str, str]:
    """Names that stay when a controller is plugged in again -> the system's, which carry numbers that change.

    Two of the same name are told apart by #2. The show's own ports are left out.
    """
    found: dict[str, str] = {}
    for raw in names:
        plain, count = _NUMBERED.sub("", raw).strip() or raw, 1
        if plain.startswith(NAME):
            continue
        name = plain
        while name in found:
            count += 1
            name = f"{plain} #{count}"
        found[name] = raw
    return found


class SystemPorts:
    """The ports of this computer, by python-rtmidi."""

    def __init__(self) -> None:
        self._looking: tuple[Any, Any] | None = None

    def names(self) -> tuple[Sequence[str], Sequence[str]]:
        """The names of all inputs and all outputs. OSError where this computer has no MIDI."""
        if sys.platform.startswith("linux") and not _SEQUENCER.exists():
            # ALSA itself would complain on the terminal each time it is asked.
            raise OSError(f"no MIDI on this computer ({_SEQUENCER} is not there)")
        if self._looking is None:
            import rtmidi

            # Kept: a client made anew for each look would use them up (python-rtmidi #102).
            self._looking = rtmidi.MidiIn(name=NAME), rtmidi.MidiOut(name=NAME)
        inputs, outputs = self._looking
        return inputs.get_ports(), outputs.get_ports()

    def open_input(self, name: str, heard: Callable[[bytes], None]) -> OpenPort:
        """Call `heard` with each message, clock included, from rtmidi's thread."""
        import rtmidi

        made = _System(rtmidi.MidiIn(name=NAME), name)
        made.rt.ignore_types(sysex=True, timing=False, active_sense=True)
        made.rt.set_callback(lambda told, _: heard(bytes(told[0])))
        return made

    def open_output(self, name: str) -> OpenPort:
        """An output to send by."""
        import rtmidi

        return _System(rtmidi.MidiOut(name=NAME), name)

    def close(self) -> None:
        """Let the two clients go."""
        for each in self._looking or ():
            each.delete()
        self._looking = None


class _System:
    """A port of rtmidi's. What is sent and what is closed never meet."""

    def __init__(self, rt: Any, name: str) -> None:
        self.rt, self._lock = rt, threading.Lock()
        try:
            rt.open_port(rt.get_ports().index(name), name=NAME)
        except Exception:
            rt.delete()
            raise

    def send(self, data: bytes) -> None:
        with self._lock:
            if self.rt is None:
                raise OSError("it is gone")
            self.rt.send_message(data)

    def close(self) -> None:
        with self._lock:
            rt, self.rt = self.rt, None
        if rt is not None:
            rt.close_port()
            rt.delete()
