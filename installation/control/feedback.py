"""OSC out: the show tells other programs what plays and where its knobs stand, so that lights follow and faders move along.

One bundle each time, to addresses that config names and to those who asked for it. A knob is told as it was set, when it has
turned, and all of them every few seconds, so that a controller switched on later catches up.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self, TypeAlias

import numpy as np
from pythonosc.osc_bundle_builder import IMMEDIATELY, OscBundleBuilder
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from installation.control.knobs import ALL_S, NORM, ROOT, OwnKnobs, find, has_places, place_of
from installation.control.subscribers import Subscribers, Target
from installation.messages import KnobValue
from installation.state import FrameState
from installation.world import World
from mixtape.errors import ShowError

COLOURS = 5
_FAILED_SAID = 32
_LARGEST = float(np.finfo(np.float32).max)

Value: TypeAlias = float | int | str
Message: TypeAlias = tuple[str, tuple[Value, ...]]


def targets_of(text: str) -> tuple[Target, ...]:
    """Who is told, from `host:port, host:port norm`. ShowError for anything else."""
    found = []
    for part in filter(None, (each.strip() for each in text.split(","))):
        place, *words = part.split() if " " in part else (part,)
        host, _, port = place.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65536 or words not in ([], ["norm"]):
            raise ShowError(f"control.osc_out: '{part[:80]}' is no host:port, such as 127.0.0.1:9000, or 127.0.0.1:9000 norm")
        found.append(Target(host.strip("[]"), int(port), bool(words)))
    return tuple(found)


class Feedback:
    """Sends to `targets` and `subscribers`, `rate_hz` times a second of show time at most.

    It never waits, and a lost packet is lost.
    """

    def __init__(self, targets: Sequence[Target], *, rate_hz: float, subscribers: Subscribers | None = None) -> None:
        """Look the hosts up once, here, where nobody waits for a frame. Nothing is sent before the first `tell`."""
        self._faults: list[str] = []
        self._subscribers = subscribers or Subscribers()
        self._known: dict[Target, tuple[socket.AddressFamily, Any]] = {}
        self._targets = tuple(each for each in targets if self._looked_up(each))
        self._greeted: frozenset[Target] = frozenset()
        self._sockets: dict[socket.AddressFamily, socket.socket] = {}
        self._every_s = 1.0 / rate_hz
        self._told_s = self._all_s = -np.inf
        self._last: dict[str, tuple[Value, ...]] = {}
        self._failed: set[Target] = set()

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
        moves = [(ROOT + "out/" + name, values) for name, values in moving(state, world)]
        # As they were set: a fader stays where a hand left it, however slowly the picture comes after.
        rests = (*resting(state, world), *knob_messages(state.wished, own))
        said = [*moves, *self._changed(rests, every=every)]
        self._told_s = now_s
        self._all_s = now_s if every else self._all_s
        self._spread(said, [*moves, *rests], own)
        return said

    def errors(self) -> list[str]:
        """What went wrong since the last call: one line for each target, once."""
        told, self._faults = self._faults, []
        return told

    def _changed(self, messages: Sequence[Message], *, every: bool) -> list[Message]:
        found = [(address, values) for address, values in messages if every or self._last.get(address) != values]
        self._last.update(found)
        return found

    def _spread(self, said: Sequence[Message], everything: Sequence[Message], own: OwnKnobs) -> None:
        """Send what was `said` to everybody, but `everything` to who is new, each in units or places as wanted."""
        subscribed = self._subscribers.targets()
        packets: dict[tuple[bool, bool], bytes] = {}
        for target in (*self._targets, *subscribed):
            new = target in subscribed and target not in self._greeted
            if (new, target.norm) not in packets:
                messages = everything if new else said
                packets[new, target.norm] = packet(placed(messages, own) if target.norm else messages)
            self._send(target, packets[new, target.norm])
        self._greeted = frozenset(subscribed)

    def _looked_up(self, target: Target) -> bool:
        try:
            family, _, _, _, address = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_DGRAM)[0]
        except OSError as error:
            words = f"OSC out: {target.host}:{target.port} cannot be found ({error}); nobody is told there until the next start"
            self._faults.append(words)
            return False
        self._known[target] = family, address
        return True

    def _send(self, target: Target, data: bytes) -> None:
        # A subscriber's host is an address as its packets had it: there is nothing to look up.
        given = socket.AF_INET6 if ":" in target.host else socket.AF_INET, (target.host, target.port)
        family, address = self._known.get(target, given)
        try:
            self._socket(family).sendto(data, address)
        except BlockingIOError:
            return
        except OSError as error:
            if target not in self._failed and len(self._failed) < _FAILED_SAID:
                self._failed.add(target)
                self._faults.append(f"OSC out: {target.host}:{target.port} cannot be told ({error}); it is tried on")

    def _socket(self, family: socket.AddressFamily) -> socket.socket:
        if family not in self._sockets:
            self._sockets[family] = socket.socket(family, socket.SOCK_DGRAM)
            self._sockets[family].setblocking(False)
        return self._sockets[family]


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


def placed(messages: Sequence[Message], own: OwnKnobs) -> list[Message]:
    """The same with each knob that has a range or choices as its place 0 to 1, at its address under `NORM`."""
    return [_placed(address, values, own) for address, values in messages]


def _placed(address: str, values: tuple[Value, ...], own: OwnKnobs) -> Message:
    knob = find(address, own)
    if knob is None or not has_places(knob):
        return address, values
    place = place_of(knob, bool(values[0]) if knob.kind == "switch" else values[0])
    return (address, values) if place is None else (NORM + address.removeprefix(ROOT), (place,))


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
