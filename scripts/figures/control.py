"""Floods from outside: what a message costs, what is lost, and whether a frame is late for it."""

from __future__ import annotations

import dataclasses
import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from figures.row import Row
from figures.stage import _Dreams, _Still, _world

_SONGS, _SIZE, _RATE_HZ = 200, (640, 360), 60
_WARM_S = 10.0

_SENDER = """
import socket, struct, sys, time
port, rate_hz, count = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
ends = ["energy", "grain", "bloom", "trails", "grading", "wall/spread", "wall/strength", "wall/truncation"]
heads = [b"/mixtape/" + end.encode() for end in ends]
heads = [head + b"\\0" * (4 - len(head) % 4) + b",f\\0\\0" for head in heads]
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
out.connect(("127.0.0.1", port))
sys.stdin.readline()
began = time.perf_counter()
for n in range(count):
    # Fifty times a second what is due, as a busy controller does.
    while rate_hz and (ahead := n / rate_hz - (time.perf_counter() - began)) > 0.02:
        time.sleep(ahead)
    out.send(heads[n % 8] + struct.pack(">f", 0.25 + 0.5 * (n % 1000) / 1000))
for head in heads * 3:
    time.sleep(0.002)
    out.send(head + struct.pack(">f", 0.125))
print(time.perf_counter() - began, flush=True)
"""
"""A program of its own that turns eight faders, and at last, three times over, brings each to 0.125."""

_FADERS = ("energy", "grain", "bloom", "trails", "grading", "wall_spread", "wall_strength", "wall_truncation")


class _Hidden:
    """A window that nobody sees, on a display that takes what comes; when each frame began, how long it took, and CPU seconds."""

    vsync, refresh_hz = False, 0

    def __init__(self, ctx: Any) -> None:
        self.ctx, self.size = ctx, _SIZE
        self.frames: list[tuple[float, float, float]] = []
        self._began_s = self._cpu_s = 0.0

    def events(self) -> list[Any]:
        self._began_s, self._cpu_s = time.perf_counter(), time.thread_time()
        return []

    def show(self) -> None:
        self.ctx.finish()
        self.frames.append((self._began_s, time.perf_counter() - self._began_s, time.thread_time() - self._cpu_s))


class _Playing(_Still):
    """Sound without a device: the song goes on by the clock."""

    def __init__(self) -> None:
        self._song, self._began_s = "", 0.0

    def play(self, command: Any) -> None:
        self._song, self._began_s = command.track_id, time.perf_counter()

    def position(self) -> tuple[str, float]:
        return self._song, (time.perf_counter() - self._began_s) % 100.0


@dataclasses.dataclass(frozen=True)
class _Frames:
    """Frames of some stretches of time: how long they took (middle, 99 %, longest, in ms), CPU time too, how many were late."""

    took: tuple[float, float, float]
    cpu: tuple[float, float, float]
    late: int
    count: int

    @classmethod
    def of(cls, frames: Sequence[tuple[float, float, float]], *stretches: tuple[float, float]) -> _Frames:
        import numpy as np

        from installation.quality import LATE

        parts = [np.array([each for each in frames if from_s <= each[0] < to_s]).reshape(-1, 3) for from_s, to_s in stretches]
        late = sum(int(np.sum(np.diff(part[:, 0]) > LATE / _RATE_HZ)) for part in parts)
        _, took_s, cpu_s = np.concatenate(parts).T
        took, cpu = (tuple(1000 * float(each) for each in np.percentile(times, (50, 99, 100))) for times in (took_s, cpu_s))
        return cls(took, cpu, late, len(took_s))  # type: ignore[arg-type]

    def __str__(self) -> str:
        took, cpu = (" / ".join(f"{each:.1f}" for each in times) for times in (self.took, self.cpu))
        return f"{took} ms ({cpu} CPU-ms), {self.late} of {self.count:,} late"


class _Counted:
    """An OSC input that says what it costs the loop."""

    def __init__(self, osc: Any) -> None:
        self._osc, self.drained_s = osc, 0.0
        self.inbox = osc.inbox

    def __getattr__(self, name: str) -> Any:
        return getattr(self._osc, name)

    def drain(self, now_s: float) -> Any:
        began_s = time.thread_time()
        events = self._osc.drain(now_s)
        self.drained_s += time.thread_time() - began_s
        return events

    @property
    def cpu_s(self) -> float:
        """CPU seconds of its thread and of its part of the frames."""
        own: float = time.clock_gettime(time.pthread_getcpuclockid(self._osc._thread.ident))
        return own + self.drained_s


def _evening(disturb: Callable[[Any, Any], Any], *, quiet_s: float, phones: bool = False) -> tuple[Any, _Frames, _Frames, Any]:
    """What `disturb` (given an OSC input and the phone remote, in a thread) answered beside the real live loop, the frames
    without it and beside it, and the show after it. The window is hidden, 640 x 360; 200 songs. Half of the `quiet_s` lie before
    and half after, so that what else the machine does counts for both."""
    from installation.gl.context import open_context
    from installation.lastpass import LastPass
    from installation.live import Live
    from installation.show import Show
    from installation.stage import Stage
    from mixtape.config import changed

    if hasattr(os, "sched_setaffinity"):
        # Other rows are held on one core; here the show has one and who floods it another.
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
    world = _world(_SONGS, "map")
    # Its quality is held and all that the faders turn is on, so that the same is drawn with and without a flood.
    turned = dict.fromkeys(_FADERS, 0.5)
    world = dataclasses.replace(world, config=changed(world.config, "show", quality="least", fps=_RATE_HZ, **turned))
    ctx = open_context()
    window = _Hidden(ctx)
    stage = Stage(ctx, world, size=_SIZE, last_pass=LastPass(ctx))
    show = Show(world, stage, _Playing(), _Dreams(), say=_nothing)
    ahead: Any = SimpleNamespace(songs=_nothing, search=_nothing, found=_nothing, has=lambda _: True, errors=list)
    ending, marks, answer = SimpleNamespace(asked=False), [], []
    with _listening(world, phones=phones) as (osc, remote):

        def conduct() -> None:
            time.sleep(_WARM_S)
            marks.append(time.perf_counter())
            time.sleep(quiet_s / 2)
            marks.append(time.perf_counter())
            answer.append(disturb(osc, remote))
            marks.append(time.perf_counter())
            time.sleep(quiet_s / 2)
            marks.append(time.perf_counter())
            ending.asked = True

        conductor = threading.Thread(target=conduct, daemon=True)
        conductor.start()
        loop: Any = Live
        loop(show, stage, window, world, osc=osc, ahead=ahead, remote=remote).run(ending)
        conductor.join()
    began_s, flood_s, calm_s, end_s = marks
    quiet = _Frames.of(window.frames, (began_s, flood_s), (calm_s, end_s))
    return answer[0], quiet, _Frames.of(window.frames, (flood_s, calm_s)), show


@contextmanager
def _listening(world: Any, *, phones: bool) -> Iterator[tuple[Any, Any]]:
    from installation.control.osc import OscInput

    with OscInput("127.0.0.1", 0) as osc:
        if not phones:
            yield _Counted(osc), None
            return
        from installation.remote.server import Remote

        with Remote(world, find=lambda _: (), host="127.0.0.1", port=0) as remote:
            yield _Counted(osc), remote


def _nothing(*_: object) -> None:
    return None


def _sent(osc: Any, rate_hz: float, count: int) -> tuple[float, float, int]:
    """Let the program of its own send: how long it took, CPU seconds for it here, and how many messages came."""
    before, cpu_s = osc.counts.received, osc.cpu_s
    given = [sys.executable, "-c", _SENDER, str(osc.port), str(rate_hz), str(count)]
    with subprocess.Popen(given, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sender:
        took, _ = sender.communicate("go\n")
    time.sleep(0.5)
    return float(took), osc.cpu_s - cpu_s, osc.counts.received - before


def _flood(name: str, rate_hz: float, count: int, *, quiet_s: float) -> Row:
    (took_s, spent_s, came), quiet, beside, show = _evening(lambda osc, _: _sent(osc, rate_hz, count), quiet_s=quiet_s)
    turned = all(abs(float(show.state.wished[fader]) - 0.125) < 1e-6 for fader in _FADERS)
    assert turned, "the last values are not those sent last"
    lost = count + 24 - came
    unit = f"CPU-us a message; {lost:,} of {count + 24:,} lost in {took_s:.1f} s; frames {beside}"
    return Row(name, 1e6 * spent_s / max(came, 1), unit, f"undisturbed: {quiet}", beside.cpu[1] / quiet.cpu[1])


def osc_5000() -> Row:
    """5,000 OSC messages a second for a minute from a process of its own, beside the live loop, against a minute without.

    Frames are told by the middle, the 99 % and the longest of their time and CPU time, and by how many came late; the ratio is
    that of the 99 % of CPU time. The time is a clock's: for it to mean anything the machine must have nothing else to do.
    """
    return _flood("osc_5000", 5000.0, 300_000, quiet_s=60.0)


def osc_burst() -> Row:
    """20,000 OSC messages as fast as a process of its own can send them, beside the live loop, against 20 s without."""
    return _flood("osc_burst", 0.0, 20_000, quiet_s=20.0)


def phones_flood() -> Row:
    """100 phones, each from an address of its own, that wish as fast as their sockets take it for 20 s, against 20 s without."""
    (sent, wishes), quiet, beside, _ = _evening(_phones, quiet_s=20.0, phones=True)
    unit = f"messages a second from {_PHONES} phones, {wishes:,} ruled on; frames {beside}"
    return Row("phones_flood", sent / _PHONES_S, unit, f"undisturbed: {quiet}", beside.cpu[1] / quiet.cpu[1])


def _phones(_: Any, remote: Any) -> tuple[int, int]:
    """What the phones sent, and how many wishes the show had to rule on."""
    ruled, drain = [], remote.drain

    def counted(now_s: float) -> Any:
        events = drain(now_s)
        ruled.extend(events)
        return events

    remote.drain = counted
    given = [sys.executable, "-c", _GUESTS, str(remote.port), remote.passes.token, str(_PHONES), str(_PHONES_S)]
    with subprocess.Popen(given, stdout=subprocess.PIPE, text=True) as guests:
        sent, _ = guests.communicate()
    return int(sent), len(ruled)


_PHONES, _PHONES_S = 100, 20.0

_GUESTS = """
import asyncio, http.client, json, sys, time
from websockets.asyncio.client import connect
port, token, count, seconds = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
sent = 0
def cookie(source):
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=20, source_address=(source, 0))
    asking.request("POST", "/join", body=json.dumps({"token": token}))
    return asking.getresponse().headers["Set-Cookie"].split(";")[0]
async def phone(number, pass_, until):
    global sent
    source, here = f"127.0.2.{number + 1}", f"http://127.0.0.1:{port}"
    address = f"ws://127.0.0.1:{port}/live"
    async with connect(address, origin=here, additional_headers={"Cookie": pass_}, local_addr=(source, 0)) as socket:
        async def read():
            async for _ in socket: pass
        reading = asyncio.create_task(read())
        while time.monotonic() < until:
            await socket.send(json.dumps({"do": "seed", "what": f"{sent * 7 % 200:032x}"}))
            sent += 1
            await asyncio.sleep(0.01)
        reading.cancel()
async def main():
    passes = [cookie(f"127.0.2.{number + 1}") for number in range(count)]
    until = time.monotonic() + seconds
    found = await asyncio.gather(*(phone(number, each, until) for number, each in enumerate(passes)), return_exceptions=True)
    faults = {repr(each) for each in found if each}
    if faults: print(faults, file=sys.stderr)
asyncio.run(main())
print(sent)
"""


def song_wishes() -> Row:
    """Frames beside 30 wishes a second for another song, by OSC for 20 s, against 20 s without."""
    from pythonosc.udp_client import SimpleUDPClient

    def wish(osc: Any, _remote: Any) -> None:
        out, number, until_s = SimpleUDPClient("127.0.0.1", osc.port), 0, time.perf_counter() + 20.0
        while time.perf_counter() < until_s:
            if number % 3:
                out.send_message("/mixtape/next", [])
            else:
                out.send_message("/mixtape/seed/at", [number * 37 % 100 / 100, number * 53 % 100 / 100])
            number += 1
            time.sleep(1 / 30)

    _, quiet, beside, _ = _evening(wish, quiet_s=20.0)
    unit = f"ms, the 99 % of frames; frames {beside}"
    return Row("song_wishes", beside.took[1], unit, f"undisturbed: {quiet}", beside.took[1] / quiet.took[1])


def busy_thread() -> Row:
    """Frames beside a thread that is busy with Python for 20 s, as a server at its worst is, against 20 s without."""

    def spin(_osc: Any, _remote: Any) -> None:
        until_s = time.perf_counter() + 20.0
        while time.perf_counter() < until_s:
            pass

    _, quiet, beside, _ = _evening(spin, quiet_s=20.0)
    unit = f"ms, the 99 % of frames; frames {beside}"
    return Row("busy_thread", beside.took[1], unit, f"undisturbed: {quiet}", beside.took[1] / quiet.took[1])


def malformed() -> Row:
    """CPU time to refuse the worst kind of bad packet, the middle of 100 goes and the longest of all, against a millisecond."""
    import statistics

    from installation.control.osc import OscInbox

    middles, longest_s = {}, 0.0
    for kind, packet in _bad_packets().items():
        took_s = []
        for go in range(110):
            inbox = OscInbox()
            began_s = time.thread_time()
            inbox.put(packet, "bench")
            # The first goes read the registry in, which the show has done long before.
            took_s += [time.thread_time() - began_s] if go >= 10 else []
            assert inbox.counts.refused and not inbox.drain(0.0), kind
        middles[kind], longest_s = statistics.median(took_s), max(longest_s, *took_s)
    worst = max(middles, key=lambda kind: middles[kind])
    unit = f"CPU-us for the worst of {len(middles)} kinds ({worst}), {1e6 * longest_s:.0f} at the longest"
    return Row("malformed", 1e6 * middles[worst], unit, "a millisecond", 1e3 * middles[worst])


def _bad_packets() -> dict[str, bytes]:
    def text(raw: bytes) -> bytes:
        return raw + b"\0" * (4 - len(raw) % 4)

    def message(address: bytes, tags: bytes, data: bytes = b"") -> bytes:
        return text(address) + text(b"," + tags) + data

    def bundle(timetag: int, *packets: bytes) -> bytes:
        return b"#bundle\0" + struct.pack(">Q", timetag) + b"".join(struct.pack(">i", len(each)) + each for each in packets)

    good = message(b"/mixtape/energy", b"f", struct.pack(">f", 0.5))
    no_number = message(b"/mixtape/energy", b"f", struct.pack(">f", float("nan")))
    deep = good
    for _ in range(400):
        deep = bundle(1, deep)
    return {
        "cut off": good[:-4],
        "not a number": no_number,
        "a wildcard bomb": message(b"/" + b"*" * 250, b""),
        "an address without end": b"/" * 8192,
        "a date in 2036": bundle(2**64 - 1, good),
        "100 dates in 2036": bundle(2**64 - 1, *[good] * 100),
        "bundles 400 deep": deep,
        "a bundle of 680": bundle(1, *[message(b"/a", b"")] * 680),
        "100 unknown addresses": bundle(1, *[message(b"/a", b"")] * 100),
        "100 of no number": bundle(1, *[no_number] * 100),
        "120 good and a bad one": bundle(1, *[good] * 120, good[:-4]),
        "8,000 values": message(b"/a", b"T" * 8000),
        "lists in lists": message(b"/a", b"[" * 8000),
        "a text without sense": message(b"/mixtape/energy", b"s", text(b"\x07" * 8000)),
        "zeros": b"\0" * 8192,
        "ones": b"\xff" * 8192,
        "too large": b"/" * 65_000,
    }


ROWS: tuple[Callable[[], Row], ...] = (osc_5000, osc_burst, phones_flood, song_wishes, busy_thread, malformed)
