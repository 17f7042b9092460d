"""OSC over UDP: packets of those who may send, read once or refused, and what came of them handed to each frame.

Nothing from outside can hold up a frame: of each knob the last value is kept, triggers wait in a bounded queue, senders are
limited, and a packet is read in one pass or refused. A fader sends the same address over and over: what follows a message of one
number that was read before, and differs in the number alone, is not read again.
"""

from __future__ import annotations

import heapq
import itertools
import math
import socket
import struct
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Self

from installation.control.knobs import NORM, OwnKnobs, Refusal, Verdict, events, find
from installation.control.packets import IMMEDIATELY, PACKET_LIMIT, Message, PacketError, messages, unix_s
from installation.control.rates import Rates
from installation.control.reach import HERE, Allowed, bound
from installation.control.subscribers import SUBSCRIBE, UNSUBSCRIBE, Subscribers
from installation.messages import SEEDS, SONG_WISHES, ControlEvent
from mixtape.networks import address_of

TRIGGERS_LIMIT = 256
_A_FRAME = 16
"""So many other triggers act in one frame; what came beyond acts in the next ones."""

AHEAD_S = 1.0
RATE_HZ = 8000.0
BURST = 24_000.0
"""Messages a sender may send at once, and `RATE_HZ` a second after that."""

_SCHEDULED_LIMIT = 1024
_SENDERS_LIMIT = 256
_FORMS_LIMIT = 1024
_DEAR_BYTES = 256
"""A packet counts as one message more for each so many bytes: to refuse a large one takes its time too."""

_STRANGERS_SAID = 8
_WRONG_LIMIT = 16
"""After so many wrong messages the rest of a packet is refused without a look."""

_BUFFER_BYTES = 16 << 20
_SO_RCVBUFFORCE, _SO_MEMINFO = 33, 55
"""Linux: as SO_RCVBUF beyond what the system grants everybody, which only root may; and what became of a socket's memory."""

_MEMINFO, _DROPS = struct.Struct("=9I"), 8

_PUMP_S = 0.003
"""So long at most a frame reads what waits in the socket."""

_FLOOD = 256
"""So many packets in one frame are a flood: the thread reads too."""

_WATCH_S = 0.03
"""How often the thread looks whether frames still come."""


def bearable(waiting: deque[tuple[int, ControlEvent]]) -> list[tuple[int, ControlEvent]]:
    """Triggers for this frame, taken from those `waiting`, the longest waiting first.

    One that lets another place be heard is as much as anybody can mean.
    """
    found: list[tuple[int, ControlEvent]] = []
    songs = 0
    while waiting and len(found) < _A_FRAME:
        songs += waiting[0][1].knob in SONG_WISHES
        if songs > 1:
            break
        found.append(waiting.popleft())
    return found


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the messages so far, and why the last one that was not taken was not.

    `strangers` are packets of senders that may not send: they are not opened.
    """

    received: int = 0
    refused: int = 0
    dropped: int = 0
    strangers: int = 0
    last_reason: str = ""


@dataclass(frozen=True, slots=True)
class _Form:
    """A message of one number that was read before: all of it but the four bytes of the number."""

    address: str
    number: struct.Struct


_FLOAT, _INT = struct.Struct(">f"), struct.Struct(">i")
_ANY_NUMBER = ("number", "whole", "switch")


class OscInbox:
    """Packets in, checked events out: everything about OSC but the socket. `put` and `drain` may be called from two threads."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        subscribers: Subscribers | None = None,
    ) -> None:
        self.subscribers = subscribers or Subscribers(clock=clock)
        self._clock, self._wall_clock = clock, wall_clock
        self._lock = threading.RLock()
        self._order = itertools.count()
        self._knobs: dict[str, tuple[int, ControlEvent]] = {}
        self._numbers: dict[str, tuple[int, str, float]] = {}
        self._forms: dict[bytes, _Form] = {}
        self._triggers: deque[tuple[int, ControlEvent]] = deque()
        self._scheduled: list[tuple[float, int, ControlEvent]] = []
        self._rates = Rates(RATE_HZ, BURST, keys=_SENDERS_LIMIT, clock=clock)
        self._received = self._refused = self._dropped = self._strangers = 0
        self._reason = ""
        self._own: OwnKnobs = {}

    @property
    def own(self) -> OwnKnobs:
        """What a user's own scenes can be told; another mapping may be put in its place at any time."""
        return self._own

    @own.setter
    def own(self, own: OwnKnobs) -> None:
        with self._lock:
            self._own = own
            self._forms.clear()

    @property
    def counts(self) -> Counts:
        """What became of the messages so far."""
        return Counts(self._received, self._refused, self._dropped, self._strangers, self._reason)

    def put(self, packet: bytes, sender: str) -> None:
        """Take one packet from the network; never raises for what is in it."""
        with self._lock:
            if not self._rates.take(sender, 1 + len(packet) // _DEAR_BYTES):
                self._drop(f"{sender} sends more than {RATE_HZ:g} messages a second")
                return
            form = self._forms.get(packet[:-4])
            if form is not None:
                (value,) = form.number.unpack_from(packet, len(packet) - 4)
                if math.isfinite(value):
                    self._received += 1
                    self._numbers[form.address] = next(self._order), sender, value
                    return
            self._read(packet, sender)

    def turn_away(self) -> None:
        """Count a packet of somebody who may not send."""
        self._strangers += 1

    def drain(self, now_s: float) -> list[ControlEvent]:
        """What arrived or fell due since the last call, in order, stamped with the show time `now_s`.

        All knobs, but of the triggers only what a frame bears; the others wait for the next one.
        """
        with self._lock:
            clock_s = self._clock()
            while self._scheduled and self._scheduled[0][0] <= clock_s:
                self._keep(heapq.heappop(self._scheduled)[2])
            for address, (order, sender, value) in self._numbers.items():
                for taken in events(f"osc:{sender}", address, (value,), time_s=0.0, own=self._own):
                    if isinstance(taken, ControlEvent) and self._knobs.get(taken.knob, (-1,))[0] < order:
                        self._knobs[taken.knob] = order, taken
            due = sorted([*self._knobs.values(), *bearable(self._triggers)], key=lambda entry: entry[0])
            self._knobs.clear()
            self._numbers.clear()
        return [replace(each, time_s=now_s) for _, each in due]

    def _read(self, packet: bytes, sender: str) -> None:
        """Take a packet of any form; the lock is held."""
        now_s = self._clock()
        try:
            found = messages(packet)
        except PacketError as error:
            self._refuse(str(error))
            return
        more = len(found) - 1 - len(packet) // _DEAR_BYTES
        if more > 0 and not self._rates.take(sender, more):
            self._drop(f"{sender} sends more than {RATE_HZ:g} messages a second")
            return
        self._received += len(found)
        before = self._refused
        for place, message in enumerate(found):
            if self._refused - before >= _WRONG_LIMIT:
                self._refused += len(found) - place
                return
            self._take(packet, message, sender, now_s)

    def _take(self, packet: bytes, message: Message, sender: str, now_s: float) -> None:
        """Take a message of a packet; the lock is held."""
        wait_s = 0.0 if message.timetag == IMMEDIATELY else unix_s(message.timetag) - self._wall_clock()
        if wait_s > AHEAD_S:
            self._refuse(f"a bundle dated {min(wait_s, 1e10):.1f} s ahead; at most {AHEAD_S:g} s are taken")
            return
        if message.address in (SUBSCRIBE, UNSUBSCRIBE):
            self._subscribe(message, sender)
            return
        verdicts = events(f"osc:{sender}", message.address, message.args, time_s=0.0, own=self._own)
        if not packet.startswith(b"#"):
            self._learn(packet, message, verdicts)
        for taken in verdicts:
            if isinstance(taken, Refusal):
                self._refuse(taken.reason)
            elif taken is not None:
                self._place(taken, wait_s, now_s)

    def _learn(self, packet: bytes, message: Message, verdicts: Sequence[Verdict]) -> None:
        """Know the next such message by its first bytes, if any number will do for its knob."""
        number = {b",f\0\0": _FLOAT, b",i\0\0": _INT}.get(packet[-8:-4])
        taken = verdicts[0]
        if number is None or len(message.args) != 1 or not isinstance(taken, ControlEvent):
            return
        knob = find(taken.knob, self._own)
        if knob and (knob.kind in _ANY_NUMBER or message.address.startswith(NORM)):
            if len(self._forms) >= _FORMS_LIMIT:
                self._forms.clear()
            self._forms[packet[:-4]] = _Form(message.address, number)

    def _subscribe(self, message: Message, sender: str) -> None:
        if why := self.subscribers.take(message.address, message.args, sender):
            self._refuse(why)

    def _place(self, taken: ControlEvent, wait_s: float, now_s: float) -> None:
        if wait_s <= 0:
            self._keep(taken)
        elif len(self._scheduled) < _SCHEDULED_LIMIT:
            heapq.heappush(self._scheduled, (now_s + wait_s, next(self._order), taken))
        else:
            self._drop(f"more than {_SCHEDULED_LIMIT} messages are waiting for their time")

    def _keep(self, taken: ControlEvent) -> None:
        """Note an event for the next frame; the lock is held."""
        knob = find(taken.knob, self._own)
        entry = (next(self._order), taken)
        if knob is None or not knob.is_trigger:
            self._knobs[taken.knob] = entry
            return
        if taken.knob in SEEDS:
            # Nobody would hear the ones before it.
            self._triggers = deque(each for each in self._triggers if each[1].knob not in SEEDS)
        if len(self._triggers) >= TRIGGERS_LIMIT:
            self._triggers.popleft()
            self._drop(f"more than {TRIGGERS_LIMIT} triggers between two frames; the oldest go")
        self._triggers.append(entry)

    def _refuse(self, reason: str) -> None:
        self._refused += 1
        self._reason = reason

    def _drop(self, reason: str) -> None:
        self._dropped += 1
        self._reason = reason


class OscInput:
    """The socket and its thread. A port that cannot be had is told by `errors`; the show goes on without OSC.

    Every frame reads what has come. The thread reads where no frame does, and in a flood; otherwise it leaves the loop alone,
    which would have to wait for its turn again after every packet.
    """

    def __init__(
        self, host: str = HERE, port: int = 9100, *, allowed: Allowed | None = None, inbox: OscInbox | None = None
    ) -> None:
        """Port 0 takes any free one; `port` says which. Nobody but this computer is heard who is not `allowed`."""
        self.host, self.port = host, port
        self.inbox = inbox or OscInbox()
        self.allowed = allowed or Allowed()
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._reading = threading.Lock()
        self._frame_waits = False
        self._flood = threading.Event()
        self._frames = 0
        self._buffer = bytearray(PACKET_LIMIT + 1)
        self._told: list[str] = []
        self._strangers: set[str] = set()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def listening(self) -> bool:
        """Whether messages can arrive."""
        return self._socket is not None

    @property
    def counts(self) -> Counts:
        """What became of the messages so far; what the system had no room for counts as dropped, where it says so (Linux)."""
        counts = self.inbox.counts
        return replace(counts, dropped=counts.dropped + self._unread())

    def start(self) -> None:
        """Begin to listen. Never raises: see `errors` and `listening`."""
        if self._socket is not None:
            return
        try:
            self._socket = self._bound()
        except (OSError, OverflowError) as error:
            self._told.append(
                f"no OSC: {self.host}:{self.port} cannot be listened on ({error}); is another show running? "
                "Choose another osc_port or osc_host in config.toml"
            )
            return
        self.port = self.inbox.subscribers.own_port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._receive, args=(self._socket,), name="osc", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; may be called twice."""
        taken, self._socket = self._socket, None
        if taken is not None and self._thread is not None:
            self._flood.set()
            self._thread.join(2.0)
            with self._reading:
                taken.close()

    def drain(self, now_s: float) -> list[ControlEvent]:
        """Everything to act on in this frame, stamped with the show time `now_s`; never waits."""
        if (taken := self._socket) is not None:
            self._frame_waits = True
            with self._reading:
                self._frame_waits = False
                until_s = time.monotonic() + _PUMP_S
                if self._read(taken, on=lambda: time.monotonic() < until_s) > _FLOOD:
                    self._flood.set()
                self._frames += 1
        return self.inbox.drain(now_s)

    def errors(self) -> list[str]:
        """What went wrong since the last call, in words for a person."""
        told, self._told = self._told, []
        return told

    def _bound(self) -> socket.socket:
        made = bound(self.host, self.port, socket.SOCK_DGRAM)
        with suppress(OSError):
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        if sys.platform == "linux":
            with suppress(OSError):
                made.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
        made.setblocking(False)
        return made

    def _unread(self) -> int:
        taken = self._socket
        if taken is None or sys.platform != "linux":
            return 0
        try:
            told = taken.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, _MEMINFO.size)
        except OSError:
            return 0
        return int(_MEMINFO.unpack(told)[_DROPS]) if len(told) == _MEMINFO.size else 0

    def _receive(self, taken: socket.socket) -> None:
        seen = -1
        while self._socket is taken:
            flooded = self._flood.wait(_WATCH_S)
            self._flood.clear()
            if flooded or self._frames == seen:
                with self._reading:
                    self._read(taken, on=lambda: not self._frame_waits)
            seen = self._frames

    def _read(self, taken: socket.socket, *, on: Callable[[], bool]) -> int:
        """Take in what waits in the socket, as long as `on` says so: how many packets. `_reading` is held."""
        packet, count = memoryview(self._buffer), 0
        while self._socket is taken and on():
            try:
                size, peer = taken.recvfrom_into(self._buffer)
            except OSError:
                # Nothing waits; or Windows tells of an earlier reply that bounced, or of a packet that is too long.
                break
            count += 1
            if sender := self.allowed.sender(peer[0]):
                self.inbox.put(bytes(packet[:size]), sender)
            else:
                self._turn_away(peer[0])
        return count

    def _turn_away(self, host: str) -> None:
        self.inbox.turn_away()
        if len(self._strangers) < _STRANGERS_SAID and host not in self._strangers:
            self._strangers.add(host)
            shown = address_of(host) or host
            self._told.append(f"OSC: {shown} sends, but may not; to let it in, add it to allow under [control] in config.toml")
