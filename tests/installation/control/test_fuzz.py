"""A hostile network: packets made up, cut, bent and nested, from several senders, for a few seconds or an hour.

    python -m pytest --slow -s tests/installation/control/test_fuzz.py -k hour          MIXTAPE_FUZZ_S=600 for ten minutes

All of it stays on this computer, and is kept to some hundred packets a second, so that an hour of it can run beside other work.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import time

import numpy as np
import psutil
import pytest
from pythonosc.osc_message_builder import OscMessageBuilder

from installation.control.knobs import find, has_places, own_knobs, registry
from installation.control.osc import OscInput
from installation.isf.header import read
from installation.messages import Moment
from installation.state import FrameState
from installation.step import first_state, step

SENDERS = 6
A_TURN = 20
TURN_S = 0.04
CHECK_S = 5.0
WARM_S = 30.0
NUMBERS = (0.0, -1.0, 0.5, 1e-45, 3.4e38, -3.4e38, float("nan"), float("inf"), -float("inf"), 1e300, 2**31 - 1, -(2**31), 12)
TAGS = b"ifdhsSTFNI[]bcrmt*?\xff"
SCENE = """/*{"ISFVSN": "2", "INPUTS": %s}*/
void main() { gl_FragColor = vec4(1.0); }"""
INPUTS = [
    {"NAME": "speed", "TYPE": "float", "MIN": 0.0, "MAX": 4.0, "DEFAULT": 1.0},
    {"NAME": "place", "TYPE": "point2D", "MIN": [0.0, 0.0], "MAX": [1.0, 1.0], "DEFAULT": [0.5, 0.5]},
    {"NAME": "ink", "TYPE": "color", "DEFAULT": [1.0, 0.0, 0.0, 1.0]},
    {"NAME": "loud", "TYPE": "bool", "DEFAULT": False},
    {"NAME": "bang", "TYPE": "event"},
    {"NAME": "kind", "TYPE": "long", "VALUES": [0, 1], "LABELS": ["soft", "hard"], "DEFAULT": 0},
]


def message(address, *args):
    builder = OscMessageBuilder(address)
    for arg in args:
        builder.add_arg(*arg) if isinstance(arg, tuple) else builder.add_arg(arg)
    return builder.build().dgram


def bundle(timetag, *packets):
    return b"#bundle\0" + struct.pack(">Q", timetag) + b"".join(struct.pack(">i", len(each)) + each for each in packets)


class Fuzz:
    """Packets without end, some of them good, from one seed."""

    def __init__(self, addresses, seed):
        self._rng = np.random.default_rng(seed)
        self._addresses = addresses
        self._makers = (self._valid, self._valid, self._bent, self._bent, self._noise, self._typed, self._nested, self._wild)

    def packet(self):
        return self._one_of(self._makers)()[:9000]

    def _one_of(self, choices):
        return choices[int(self._rng.integers(len(choices)))]

    def _bytes(self, most):
        return self._rng.bytes(int(self._rng.integers(0, most)))

    def _address(self):
        return self._one_of(self._addresses)

    def _value(self):
        number = self._one_of(NUMBERS)
        kind = self._one_of("fdishTFN")
        if kind in "ih":
            whole = int(np.clip(number, -(2**31), 2**31 - 1)) if np.isfinite(number) else 7
            return whole, kind
        if kind in "fd":
            return float(np.clip(number, -3.4e38, 3.4e38)) if kind == "f" and np.isfinite(number) else float(number), kind
        return (True, kind) if kind != "s" else (self._one_of(("wall", "auto", "night", "", "é 雨", "a" * 300, "\x07")), "s")

    def _valid(self):
        return message(self._address(), *[self._value() for _ in range(int(self._one_of((0, 1, 1, 1, 1, 2, 4))))])

    def _bent(self):
        """A good packet with a few bytes changed, cut out, doubled or put in."""
        packet = bytearray(self._valid())
        for _ in range(int(self._rng.integers(1, 4))):
            at = int(self._rng.integers(len(packet) + 1))
            how = int(self._rng.integers(5))
            if how == 0 and at < len(packet):
                packet[at] ^= 1 << int(self._rng.integers(8))
            elif how == 1:
                del packet[at:]
            elif how == 2:
                packet[at:at] = self._bytes(9)
            elif how == 3:
                del packet[at : at + 4]
            else:
                packet += packet[at:]
        return bytes(packet)

    def _noise(self):
        return self._bytes(self._one_of((8, 64, 600, 9000)))

    def _typed(self):
        """A good address, any types, any bytes."""
        tags = b"," + bytes(self._one_of(TAGS) for _ in range(int(self._one_of((1, 2, 5, 60, 400)))))
        address = self._address().encode()
        padded = b"".join(part + b"\0" * (4 - len(part) % 4) for part in (address, tags))
        return padded + self._bytes(self._one_of((1, 9, 40, 4000)))

    def _nested(self):
        """Bundles in bundles, of now, the past, soon, 2036 and no size at all."""
        packet = self._one_of((self._valid, self._bent, self._noise))()
        for _ in range(int(self._rng.integers(1, 8))):
            soon = int((time.time() + 2_208_988_800 + self._rng.uniform(-2.0, 3.0)) * 2**32)
            packets = [packet] + [self._valid() for _ in range(int(self._one_of((0, 0, 1, 5))))]
            packet = bundle(self._one_of((1, 0, soon, soon, 2**64 - 1)), *packets)
            if len(packet) > 4000:
                break
        if self._rng.random() < 0.2:
            packet = packet[:16] + struct.pack(">i", int(self._one_of((-1, 0, 3, 2**31 - 1)))) + packet[20:]
        return packet

    def _wild(self):
        return message("/" + self._one_of("*?[{,#") * int(self._rng.integers(1, 200)), 1.0)


def own_scene(folder):
    path = folder / "mine.fs"
    path.write_text(SCENE % json.dumps(INPUTS))
    return read(path)


def checked(events, own):
    """Every event that came through is one that a knob can take."""
    for event in events:
        knob = find(event.knob, own)
        assert knob is not None, event
        if isinstance(event.value, float):
            assert np.isfinite(event.value), event
        if isinstance(event.value, int | float) and knob.low is not None and knob.kind in ("number", "whole"):
            assert knob.low <= event.value <= knob.high, event
        if isinstance(event.value, str):
            assert len(event.value) <= 200, event
            assert event.value.isprintable(), event


def last_values(osc, own, world, state, *, turn):
    """Turn every knob through a socket of its own, and see that each stands where it was turned to."""
    while osc.inbox._scheduled:
        # What was dated ahead comes in its time, and would turn the knobs anew.
        events = osc.drain(state.moment.time_s)
        checked(events, own)
        state = stepped(state, events, world)
        time.sleep(0.02)
    turned, places = {}, np.random.default_rng(turn)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        # A sender of its own: what the others did to their rate is not this one's.
        out.bind(("127.0.0.200", 0))
        for knob in (*registry(), *{each.name: each for each in own.values()}.values()):
            if knob.kind == "number" and knob.low is not None:
                turned[knob.name] = knob.low + float(places.random()) * (knob.high - knob.low)
                out.sendto(message(knob.address, (turned[knob.name], "f")), ("127.0.0.1", osc.port))
            elif has_places(knob) and knob.kind == "whole":
                turned[knob.name] = int(places.integers(knob.low, knob.high + 1))
                out.sendto(message(knob.address, turned[knob.name]), ("127.0.0.1", osc.port))
    found, until = {}, time.monotonic() + 20.0
    right = False
    while not right and time.monotonic() < until:
        events = osc.drain(state.moment.time_s)
        checked(events, own)
        state = stepped(state, events, world)
        found |= {event.knob: event.value for event in events}
        right = all(name in found and found[name] == pytest.approx(value, rel=1e-5, abs=1e-5) for name, value in turned.items())
        time.sleep(0.01)
    assert right, {name: (value, found.get(name)) for name, value in turned.items() if found.get(name) != pytest.approx(value)}
    return state


def stepped(state, events, world) -> FrameState:
    """The next frame's state, of a show that never ends."""
    moment = state.moment
    after, _ = step(state, events, Moment(moment.frame + 1, moment.time_s + 0.04, 0.04, (moment.time_s + 0.04) % 20.0), world)
    return after


def fuzzed(world, folder, seconds, *, seed):
    """Bear `seconds` of it; packets sent, counts, and memory (MB) once warm and at the end."""
    scene = own_scene(folder)
    world, own = world.with_own((scene,)), own_knobs((scene,))
    addresses = [knob.address for knob in registry()] + [each.address for each in own.values()]
    addresses += [f"/mixtape/norm/{each.removeprefix('/mixtape/')}" for each in addresses]
    addresses += ["/mixtape/subscribe", "/mixtape/unsubscribe", "/mixtape/nothing", "/", "/mixtape/scene/mine/ink"]
    fuzz, process = Fuzz(addresses, seed), psutil.Process()
    state, sent, warm_mb = first_state(world, seed_id=None, seed=1), 0, None
    outs = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(SENDERS)]
    try:
        with OscInput("127.0.0.1", 0) as osc:
            osc.inbox.own = own
            for number, out in enumerate(outs):
                out.bind((f"127.0.0.{number + 2}", 0))
            began_s = checked_s = time.monotonic()
            while (now_s := time.monotonic()) - began_s < seconds:
                for _ in range(A_TURN):
                    outs[sent % SENDERS].sendto(fuzz.packet(), ("127.0.0.1", osc.port))
                    sent += 1
                events = osc.drain(state.moment.time_s)
                checked(events, own)
                state = stepped(state, events, world)
                if now_s - checked_s > CHECK_S:
                    checked_s = now_s
                    state = last_values(osc, own, world, state, turn=sent)
                if warm_mb is None and now_s - began_s > min(WARM_S, seconds / 2):
                    warm_mb = process.memory_info().rss / 1e6
                time.sleep(TURN_S)
            last_values(osc, own, world, state, turn=sent)
            return sent, osc.counts, warm_mb, process.memory_info().rss / 1e6
    finally:
        for out in outs:
            out.close()


def test_after_seconds_of_made_up_packets_it_lives_and_its_last_values_are_right(small_world, tmp_path):
    sent, counts, _, _ = fuzzed(small_world, tmp_path, 5.0, seed=1)
    assert sent > 500
    assert counts.refused > sent / 4
    assert counts.received > sent / 4
    assert counts.dropped < sent / 10


@pytest.mark.slow
def test_after_an_hour_of_made_up_packets_it_lives_its_last_values_are_right_and_its_memory_is_flat(small_world, tmp_path):
    seconds = float(os.environ.get("MIXTAPE_FUZZ_S", "3600"))
    sent, counts, warm_mb, end_mb = fuzzed(small_world, tmp_path, seconds, seed=7)
    print(f"\n{seconds:g} s, {sent:,} packets: {counts}; {warm_mb:.1f} MB once warm, {end_mb:.1f} MB at the end")
    assert counts.refused > sent / 4
    assert counts.received > sent / 4
    assert end_mb - warm_mb < 8.0
