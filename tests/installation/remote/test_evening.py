"""Everybody steers at once, over real sockets: the operator's page, OSC, keys and two phones beside the running show.

What each rule of the arbiter does for itself is in tests/installation/control/test_arbiter.py, what a phone may say in
test_remote.py; here is that they hold together, from the sockets to the show's log.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("pygame")
import pygame
from pythonosc.udp_client import SimpleUDPClient
from websockets.sync.client import connect

from installation.control import arbiter
from installation.control.osc import OscInput
from installation.live import Live
from installation.remote.server import Remote
from installation.show import Show
from installation.showlog import ShowLog, read


class Still:
    """Stage, sampler and window that show nothing; `keys` waits to be pressed."""

    size, errors, vsync, refresh_hz, level, own = (320, 180), (), False, 0, 0, ()
    ctx = SimpleNamespace(error="GL_NO_ERROR")

    def __init__(self):
        self.keys = []

    def events(self):
        pressed, self.keys = self.keys, []
        return [SimpleNamespace(type=pygame.KEYDOWN, key=key, unicode=text, mod=0) for key, text in pressed]

    def __getattr__(self, name):
        return lambda *_, **__: None


class Playing(Still):
    """A sound that is where the clock says."""

    underruns = 0

    def __init__(self):
        super().__init__()
        self.song, self.began_s = "", 0.0

    def play(self, command):
        self.song, self.began_s = command.track_id, time.monotonic()

    def position(self):
        return self.song, time.monotonic() - self.began_s

    def spent(self):
        return ""

    def errors(self):
        return []


class Hand:
    """Somebody with a page open: what they are told, newest last."""

    def __init__(self, remote, path, cookie):
        here = f"127.0.0.1:{remote.port}"
        self.socket = connect(
            f"ws://{here}{path}", origin=f"http://{here}", additional_headers={"Cookie": cookie}, close_timeout=0.5
        )
        self.said, self.told = [], {}

    def send(self, **what):
        self.socket.send(json.dumps(what))

    def until(self, true):
        """How things stand, once `true` of it."""
        until_s = time.monotonic() + 10
        while not (self.told and true(self.told)):
            assert time.monotonic() < until_s, self.told
            message = json.loads(self.socket.recv(10))
            self.said += [message["said"]] if "said" in message else []
            self.told = {**self.told, **message} if "now" in message else self.told
        return self.told


def pass_of(remote, path, **secret):
    asking = http.client.HTTPConnection("127.0.0.1", remote.port, timeout=5)
    asking.request("POST", path, body=json.dumps(secret))
    cookie = asking.getresponse().headers["Set-Cookie"].split(";")[0]
    asking.close()
    return cookie


def test_an_evening_with_everybody_at_once(small_world, tmp_path, monkeypatch):
    monkeypatch.setattr(arbiter, "HEARD_S", 0.2)
    still, sound, ending, failed = Still(), Playing(), SimpleNamespace(asked=False), []
    quiet = SimpleNamespace(
        songs=lambda _: None, found=lambda _: None, has=lambda _: True, errors=list, meant=small_world.find, map=lambda _: True
    )
    songs = [track.id for track in small_world.tracks[10:20]]
    a, b, c = songs[:3]
    with ExitStack() as owners:
        remote = owners.enter_context(Remote(small_world, find=small_world.find, host="127.0.0.1", port=0))
        osc = owners.enter_context(OscInput("127.0.0.1", 0))
        log = owners.enter_context(ShowLog(tmp_path / "log.jsonl"))
        show = Show(small_world, still, sound, still, seed_id=small_world.tracks[3].id, journal=log, say=failed.append)
        live = Live(show, still, still, small_world, osc=osc, ahead=quiet, remote=remote)
        conductor = threading.Thread(target=lambda: evening(failed), daemon=True)

        def evening(failed):
            try:
                _steer(remote, SimpleUDPClient("127.0.0.1", osc.port), still, show, (a, b, c))
            except Exception as error:  # said below, in the thread that tests
                failed.append(repr(error))
            finally:
                ending.asked = True

        conductor.start()
        live.run(ending)
        conductor.join()
    assert failed == []
    lines = read(tmp_path / "log.jsonl")
    wishes = [(line["source"][:6], line["knob"], line["value"]) for line in lines if line["kind"] == "wish"]
    events = [(line["source"].split(":")[0], line["knob"], line["value"]) for line in lines if line["kind"] == "event"]
    assert [wish[1:] for wish in wishes] == [("seed", a), ("seed", b), ("seed", c), ("seed", a), ("wall_strength", 1.0)] + [
        ("vote", a)
    ] * 2
    assert {wish[0] for wish in wishes} == {"phone:"}
    turned = [(source, value) for source, knob, value in events if knob == "wall_strength"]
    assert turned == [("operator", 1.25), ("osc", pytest.approx(0.4))]
    assert [source for source, knob, _ in events if knob == "next"] == ["keys", "phones", "operator"]
    assert ("keys", "scene", "grid") in events and ("osc", "scene", "wall") in events
    began = [line["track_id"] for line in lines if line["kind"] == "play"]
    assert began == [small_world.tracks[3].id, a, c, b]
    # In the log stands who asked for the queue as it is: the phone that changed it last.
    assert {source for source, knob, _ in events if knob == "queue"} <= {"phone", "guests"}


def _steer(remote, osc, still, show, songs):
    """What everybody does, in the order in which one can do it only after the other."""
    a, b, c = songs
    ann, ben = (Hand(remote, "/live", pass_of(remote, "/join", token=remote.passes.token)) for _ in range(2))
    page = Hand(remote, "/operator/live", pass_of(remote, "/operator/join", secret=remote.passes.secret))
    # Guests: turns are fair, and explained.
    ann.send(do="seed", what=a)
    ann.until(lambda told: len(told["queue"]) == 1)
    ann.send(do="seed", what=b)
    ann.until(lambda told: len(told["queue"]) == 2)
    ben.send(do="seed", what=c)
    told = ben.until(lambda told: len(told["queue"]) == 3)
    assert [(song["id"], song["when"], song["mine"]) for song in told["queue"]] == [
        (a, "next", False),
        (c, "next but one", True),
        (b, "next but two", False),
    ]
    ben.send(do="seed", what=a)
    _until(lambda: "already wished for: it comes next" in ben.said, ben)
    # Of operators the last touch wins, wherever it comes from; guests' dials hold still after it.
    page.send(turn="wall_strength", value=1.25)
    page.until(lambda told: told["values"]["wall_strength"] == 1.25)
    osc.send_message("/mixtape/wall/strength", 0.4)
    page.until(lambda told: abs(told["values"]["wall_strength"] - 0.4) < 1e-6)
    ann.send(do="wall_strength", what=1.0)
    ann.until(lambda told: told["moods"]["wall_strength"] == 1.0)
    osc.send_message("/mixtape/scene", "wall")
    page.until(lambda told: told["values"]["scene"] == "wall")
    still.keys = [(pygame.K_2, "2")]
    page.until(lambda told: told["values"]["scene"] == "grid")
    # Skips: a key, the majority of the phones, the operator's page; the wishes come in their turns all the same.
    still.keys = [(pygame.K_RIGHT, "")]
    ann.until(lambda told: told["now"]["id"] == a)
    ann.send(do="vote", what=a)
    ben.send(do="vote", what=a)
    ann.until(lambda told: told["now"]["id"] == c)
    page.send(turn="next", value=None)
    told = page.until(lambda told: told["now"]["id"] == b)
    assert told["queue"] == []
    assert abs(float(show.state.wished["wall_strength"]) - 0.4) < 1e-6
    for hand in (ann, ben, page):
        hand.socket.close()


def _until(true, hand):
    until_s = time.monotonic() + 10
    while not true():
        assert time.monotonic() < until_s, hand.said
        message = json.loads(hand.socket.recv(10))
        hand.said += [message["said"]] if "said" in message else []
