"""OSC over UDP, in a thread that only ever waits for the socket.

Nothing from outside can hold up a frame: of each knob the last value is kept, triggers wait in a bounded queue, senders are
limited, and a packet is read in one pass or refused.
"""

from __future__ import annotations

import heapq
import itertools
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Self

from installation.control.knobs import OwnKnobs, Refusal, events, find
from installation.control.packets import IMMEDIATELY, PacketError, messages, unix_s
from installation.control.rates import Rates
from installation.messages import SEEDS, SONG_WISHES
from installation.state import ControlEvent

TRIGGERS_LIMIT = 256
_A_FRAME = 16
"""So many other triggers act in one frame; what came beyond acts in the next ones."""

AHEAD_S = 1.0
RATE_HZ = 8000.0
_SCHEDULED_LIMIT = 1024
_SENDERS_LIMIT = 256
_BUFFER_BYTES = 4 << 20
_LARGEST_BYTES = 1 << 16


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
    """What became of the messages so far, and why the last one that was not taken was not."""

    received: int = 0
    refused: int = 0
    dropped: int = 0
    last_reason: str = ""


class OscInbox:
    """Packets in, checked events out: everything about OSC but the socket. `put` and `drain` may be called from two threads."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, wall_clock: Callable[[], float] = time.time) -> None:
        self._clock, self._wall_clock = clock, wall_clock
        self._lock = threading.RLock()
        self._order = itertools.count()
        self._knobs: dict[str, tuple[int, ControlEvent]] = {}
        self._triggers: deque[tuple[int, ControlEvent]] = deque()
        self._scheduled: list[tuple[float, int, ControlEvent]] = []
        self._rates = Rates(RATE_HZ, RATE_HZ, keys=_SENDERS_LIMIT, clock=clock)
        self._counts = Counts()
        self.own: OwnKnobs = {}
        """What a user's own scenes can be told; another mapping may be put in its place at any time."""

    @property
    def counts(self) -> Counts:
        """What became of the messages so far."""
        return self._counts

    def put(self, packet: bytes, sender: str) -> None:
        """Take one packet from the network; never raises for what is in it."""
        now_s = self._clock()
        if not self._rates.take(sender):
            self._drop(f"{sender} sends more than {RATE_HZ:g} messages a second")
            return
        try:
            found = messages(packet)
        except PacketError as error:
            self._refuse(str(error))
            return
        if len(found) > 1 and not self._rates.take(sender, len(found) - 1):
            self._drop(f"{sender} sends more than {RATE_HZ:g} messages a second")
            return
        for message in found:
            self._count(received=1)
            for taken in events(f"osc:{sender}", message.address, message.args, time_s=0.0, own=self.own):
                if isinstance(taken, Refusal):
                    self._refuse(taken.reason)
                elif taken is not None:
                    self._place(taken, message.timetag, now_s)

    def drain(self, now_s: float) -> list[ControlEvent]:
        """What arrived or fell due since the last call, in order, stamped with the show time `now_s`.

        All knobs, but of the triggers only what a frame bears; the others wait for the next one.
        """
        with self._lock:
            clock_s = self._clock()
            while self._scheduled and self._scheduled[0][0] <= clock_s:
                self._keep(heapq.heappop(self._scheduled)[2])
            due = sorted([*self._knobs.values(), *bearable(self._triggers)], key=lambda entry: entry[0])
            self._knobs.clear()
        return [replace(each, time_s=now_s) for _, each in due]

    def _place(self, taken: ControlEvent, timetag: int, now_s: float) -> None:
        wait_s = 0.0 if timetag == IMMEDIATELY else unix_s(timetag) - self._wall_clock()
        if wait_s > AHEAD_S:
            self._refuse(f"a bundle dated {min(wait_s, 1e10):.1f} s ahead; at most {AHEAD_S:g} s are taken")
            return
        with self._lock:
            if wait_s <= 0:
                self._keep(taken)
            elif len(self._scheduled) < _SCHEDULED_LIMIT:
                heapq.heappush(self._scheduled, (now_s + wait_s, next(self._order), taken))
            else:
                self._drop(f"more than {_SCHEDULED_LIMIT} messages are waiting for their time")

    def _keep(self, taken: ControlEvent) -> None:
        """Note an event for the next frame; the lock is held."""
        knob = find(taken.knob, self.own)
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

    def _count(self, *, received: int = 0, refused: int = 0, dropped: int = 0, reason: str = "") -> None:
        with self._lock:
            had = self._counts
            self._counts = Counts(
                had.received + received, had.refused + refused, had.dropped + dropped, reason or had.last_reason
            )

    def _refuse(self, reason: str) -> None:
        self._count(refused=1, reason=reason)

    def _drop(self, reason: str) -> None:
        self._count(dropped=1, reason=reason)


class OscInput:
    """The socket and its thread. A port that cannot be had is told by `errors`; the show goes on without OSC."""

    def __init__(self, host: str = "127.0.0.1", port: int = 9100, *, inbox: OscInbox | None = None) -> None:
        """Port 0 takes any free one; `port` says which."""
        self.host, self.port = host, port
        self.inbox = inbox or OscInbox()
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._told: list[str] = []

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
        """What became of the messages so far."""
        return self.inbox.counts

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
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._receive, args=(self._socket,), name="osc", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; may be called twice."""
        taken, self._socket = self._socket, None
        if taken is not None and self._thread is not None:
            self._thread.join(2.0)
            taken.close()

    def drain(self, now_s: float) -> list[ControlEvent]:
        """Everything to act on in this frame, stamped with the show time `now_s`; never waits."""
        return self.inbox.drain(now_s)

    def errors(self) -> list[str]:
        """What went wrong since the last call, in words for a person."""
        told, self._told = self._told, []
        return told

    def _bound(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        made = socket.socket(family, socket.SOCK_DGRAM)
        try:
            with suppress(OSError):
                made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
            made.bind((self.host, self.port))
            made.settimeout(0.1)
        except BaseException:
            made.close()
            raise
        return made

    def _receive(self, taken: socket.socket) -> None:
        while self._socket is taken:
            try:
                packet, sender = taken.recvfrom(_LARGEST_BYTES)
            except TimeoutError:
                continue
            except OSError:
                # Windows tells of earlier replies that bounced; a closed socket ends the loop above.
                time.sleep(0.01)
                continue
            self.inbox.put(packet, sender[0])
