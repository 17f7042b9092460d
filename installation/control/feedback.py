"""OSC out: the show tells other programs what plays and where its knobs stand, so that lights follow and faders move along.

One bundle each time, to addresses that config names and no others. A knob is told when it has turned, and all of them every few
seconds, so that a controller switched on later catches up.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self, TypeAlias

import numpy as np
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from installation.control.knobs import ALL_S, ROOT, OwnKnobs, find
from installation.messages import KnobValue
from installation.state import FrameState
from installation.world import World
from mixtape.errors import ShowError

COLOURS = 5
_LARGEST = float(np.finfo(np.float32).max)

Value: TypeAlias = float | int | str
Message: TypeAlias = tuple[str, tuple[Value, ...]]


def targets_of(text: str) -> tuple[tuple[str, int], ...]:
    """Hosts and ports of `host:port, host:port`. ShowError for anything else."""
    found = []
    for part in filter(None, (each.strip() for each in text.split(","))):
        host, _, port = part.rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise ShowError(f"control.osc_out: '{part[:80]}' is no host:port, such as 127.0.0.1:9000")
        found.append((host.strip("[]"), int(port)))
    return tuple(found)


class Feedback:
    """Sends to `targets`, `rate_hz` times a second of show time at most. It never waits, and a lost packet is lost."""

    def __init__(self, targets: Sequence[tuple[str, int]], *, rate_hz: float) -> None:
        """Look the hosts up once, here, where nobody waits for a frame. Nothing is sent before the first `tell`."""
        self._faults: list[str] = []
        self._targets = [found for host, port in targets if (found := self._looked_up(host, port))]
        self._sockets = {family: socket.socket(family, socket.SOCK_DGRAM) for family in {each[0] for each in self._targets}}
        for each in self._sockets.values():
            each.setblocking(False)
        self._every_s = 1.0 / rate_hz
        self._told_s = self._all_s = -np.inf
        self._last: dict[str, tuple[Value, ...]] = {}
        self._failed: set[Any] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._sockets.values():
            each.close()

    def tell(self, state: FrameState, world: World, *, own: OwnKnobs) -> Sequence[Message]:
        """Send how things stand, when it is time: what was said. Never raises for a network that is not there: see `errors`."""
        now_s = state.moment.time_s
        # A hair early, so that a frame that falls just short does not make every second one wait.
        if now_s - self._told_s < self._every_s - 2e-3:
            return ()
        every = now_s - self._all_s >= ALL_S
        said = [(ROOT + "out/" + name, values) for name, values in moving(state, world)]
        said += self._changed((*resting(state, world), *knob_messages(state.knobs, own)), every=every)
        self._told_s = now_s
        self._all_s = now_s if every else self._all_s
        if self._targets:
            self._send(packet(said))
        return said

    def errors(self) -> list[str]:
        """What went wrong since the last call: one line for each target, once."""
        told, self._faults = self._faults, []
        return told

    def _changed(self, messages: Sequence[Message], *, every: bool) -> list[Message]:
        found = [(address, values) for address, values in messages if every or self._last.get(address) != values]
        self._last.update(found)
        return found

    def _looked_up(self, host: str, port: int) -> tuple[socket.AddressFamily, Any] | None:
        try:
            family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        except OSError as error:
            self._faults.append(f"OSC out: {host}:{port} cannot be found ({error}); nobody is told there until the next start")
            return None
        return family, address

    def _send(self, data: bytes) -> None:
        for family, address in self._targets:
            try:
                self._sockets[family].sendto(data, address)
            except BlockingIOError:
                continue
            except OSError as error:
                if address not in self._failed:
                    self._failed.add(address)
                    self._faults.append(f"OSC out: {address[0]}:{address[1]} cannot be told ({error}); it is tried on")


def moving(state: FrameState, world: World) -> Iterator[Message]:
    """What is told every time: names under `/mixtape/out/` and values."""
    audio, timeline = state.audio, world.timeline(state.track_id)
    x, y = world.maps.laid(state.flights, state.moment.time_s).xy[world.row[state.track_id]]
    colours = np.column_stack([state.palette.srgb / 255.0, state.palette.share])[:COLOURS]
    sections = np.asarray(timeline.sections_s, float)
    yield "palette", tuple(float(each) for each in colours.ravel())
    yield "position", (float(state.song_s), float(world.track(state.track_id).duration_s))
    yield "level", (float(audio.level),)
    yield "bands", tuple(float(each) for each in audio.bands)
    yield "onset", (float(audio.onset),)
    yield "beat", (float(audio.beat_phase),)
    yield "section", (int(np.searchsorted(sections, state.song_s, side="right")), len(sections) + 1)
    yield "map", (float(x), float(y))
    yield "scene", (state.scene, float(state.scene_mix))
    yield "paused", (int(state.paused),)
    yield "recording", (int(state.recording),)


def resting(state: FrameState, world: World) -> Iterator[Message]:
    """What is told when it changes."""
    song = world.track(state.track_id)
    yield ROOT + "out/song", (song.id, song.title or song.path.stem, song.artist, song.album)
    if state.next_ids:
        coming = world.track(state.next_ids[0])
        yield ROOT + "out/next", (coming.id, coming.title or coming.path.stem, coming.artist)


def knob_messages(knobs: Mapping[str, KnobValue], own: OwnKnobs) -> Iterator[Message]:
    """Where every knob stands, at the address it is turned by."""
    for name, value in knobs.items():
        if (knob := find(name, own)) is not None:
            yield knob.address, (int(value) if isinstance(value, bool) else value,)


def packet(messages: Sequence[Message]) -> bytes:
    """An OSC bundle to be taken at once."""
    bundle = OscBundleBuilder(IMMEDIATELY)
    for address, values in messages:
        bundle.add_content(_message(address, values))
    return bytes(bundle.build().dgram)


def message_packet(address: str, values: Sequence[Value]) -> bytes:
    """One OSC message: float32, int32 and texts."""
    return bytes(_message(address, values).dgram)


def _message(address: str, values: Sequence[Value]) -> OscMessage:
    message = OscMessageBuilder(address)
    for value in values:
        if isinstance(value, float):
            message.add_arg(min(max(value, -_LARGEST), _LARGEST), OscMessageBuilder.ARG_TYPE_FLOAT)
        elif isinstance(value, int):
            message.add_arg(min(max(value, -(2**31)), 2**31 - 1), OscMessageBuilder.ARG_TYPE_INT)
        else:
            # A text from a file name may hold what no UTF-8 has.
            message.add_arg(value.encode("utf-8", "replace").decode(), OscMessageBuilder.ARG_TYPE_STRING)
    return message.build()
