"""What the show tells other programs, heard through real sockets by python-osc's own reader."""

from __future__ import annotations

import socket
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from pythonosc.osc_bundle import OscBundle

from installation.control.feedback import Feedback, packet, targets_of
from installation.control.knobs import ALL_S, OUT, events, has_places, registry
from installation.control.packets import messages
from installation.control.subscribers import LASTS_S, LIMIT, Subscribers, Target
from installation.live import Ending, Live
from installation.show import Show
from mixtape.errors import ShowError
from tests.installation.test_live import Nothing, QuietSound


@pytest.fixture
def ear():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(2.0)
        yield listening


def heard(ear):
    """The next bundle as {address: values}."""
    bundle = OscBundle(ear.recv(65536))
    return {message.address: tuple(message.params) for message in bundle}


def at(state, time_s, **knobs):
    return replace(state, moment=replace(state.moment, time_s=time_s), wished={**state.wished, **knobs})


def test_the_first_bundle_tells_everything_and_a_turned_knob_is_told_at_its_own_address(ear, small_world, play):
    state = play(small_world, 9.0, (0.0, "scene", "map"))
    with Feedback([Target(*ear.getsockname())], rate_hz=30) as feedback:
        feedback.tell(at(state, 10.0), small_world, own={})
        first = heard(ear)
        assert {f"/mixtape/out/{name}" for name, _, _ in OUT} <= set(first)
        assert {knob.address for knob in registry() if not knob.is_trigger} <= set(first)
        song = small_world.track(state.track_id)
        assert first["/mixtape/out/song"] == (song.id, song.title, song.artist, song.album)
        assert first["/mixtape/out/map"] == pytest.approx(tuple(small_world.song_map.xy[small_world.row[song.id]]), abs=1e-6)
        assert first["/mixtape/out/position"] == pytest.approx((state.song_s, song.duration_s), abs=1e-3)
        assert len(first["/mixtape/out/bands"]) == 8
        shares = np.array(first["/mixtape/out/palette"]).reshape(-1, 4)[:, 3]
        assert shares == pytest.approx(state.palette.share[: len(shares)], abs=1e-6)
        feedback.tell(at(state, 10.1, wall_rows=20), small_world, own={})
        second = heard(ear)
        assert second["/mixtape/wall/rows"] == (20,)
        assert "/mixtape/energy" not in second
        assert "/mixtape/out/song" not in second
        feedback.tell(at(state, 10.1 + ALL_S, wall_rows=20), small_world, own={})
        assert "/mixtape/energy" in heard(ear)


def test_no_more_bundles_go_out_than_were_asked_for(ear, small_world, play):
    state = play(small_world, 9.0)
    with Feedback([Target(*ear.getsockname())], rate_hz=20) as feedback:
        for frame in range(120):
            feedback.tell(at(state, frame / 60), small_world, own={})
    ear.settimeout(0.05)
    came = 0
    with pytest.raises(TimeoutError):
        while heard(ear):
            came += 1
    assert came == 40


def test_what_the_show_tells_is_osc_by_its_own_strict_reader():
    told = [("/mixtape/a", (0.5, 3, "é 雨")), ("/mixtape/b", ())]
    found = messages(packet(told))
    assert [(each.address, tuple(each.args)) for each in found] == told


def test_what_no_osc_number_or_text_can_hold_is_brought_to_what_it_can():
    told = messages(packet([("/mixtape/a", (1e40, 2**40, "\udce9t"))]))[0].args
    assert told == (pytest.approx(3.4028235e38), 2**31 - 1, "?t")


def test_a_target_that_cannot_be_found_is_told_once_and_the_others_hear_on(ear, small_world, play):
    state = play(small_world, 9.0)
    with Feedback([Target("nowhere.invalid", 9000), Target(*ear.getsockname())], rate_hz=30) as feedback:
        for second in range(3):
            feedback.tell(at(state, 5.0 * second), small_world, own={})
            assert "/mixtape/out/level" in heard(ear)
        told = feedback.errors()
        assert len(told) == 1
        assert "nowhere.invalid:9000" in told[0]
        assert feedback.errors() == []


@pytest.mark.parametrize("text", ["127.0.0.1", "host:0", "host:99999", ":9000", "a:b:c", "host:9000 loud"])
def test_what_is_no_address_is_refused_in_words(text):
    with pytest.raises(ShowError, match="host:port"):
        targets_of(text)


def test_addresses_are_read_several_and_of_either_kind():
    assert targets_of(" 127.0.0.1:9000, lights.local:7000 norm ,[::1]:9001,") == (
        Target("127.0.0.1", 9000),
        Target("lights.local", 7000, norm=True),
        Target("::1", 9001),
    )
    assert targets_of("") == ()


def test_the_live_show_tells_how_it_stands(ear, small_world):
    stage = Nothing()
    show = Show(small_world, stage, QuietSound(), Nothing(), say=lambda _: None)
    quiet = SimpleNamespace(songs=lambda _: None, search=lambda _: None, found=lambda _: None, has=lambda _: True, errors=list)
    with Feedback([Target(*ear.getsockname())], rate_hz=120) as feedback, Ending() as ending:
        Live(show, stage, stage, small_world, osc=None, feedback=feedback, ahead=quiet).run(ending, frames=2)
    assert heard(ear)["/mixtape/out/song"][0] == show.state.track_id


# Those who asked to be told -------------------------------------------------------------------------------------------------


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


def told(ear):
    """Everything that waits at an ear, bundle by bundle."""
    ear.settimeout(0.2)
    found = []
    try:
        while True:
            found.append(heard(ear))
    except TimeoutError:
        return found


def test_who_subscribes_is_told_everything_at_once_and_what_turns_after_it(ear, small_world, play):
    state, clock = play(small_world, 9.0), Clock()
    subscribers = Subscribers(clock=clock)
    host, port = ear.getsockname()
    with Feedback([], rate_hz=30, subscribers=subscribers) as feedback:
        feedback.tell(at(state, 10.0), small_world, own={})
        assert told(ear) == []
        assert subscribers.take("/mixtape/subscribe", (port,), host) == ""
        feedback.tell(at(state, 10.1), small_world, own={})
        feedback.tell(at(state, 10.2, wall_rows=20), small_world, own={})
        first, second = told(ear)
        assert {knob.address for knob in registry() if not knob.is_trigger} <= set(first)
        assert first["/mixtape/out/song"][0] == state.track_id
        assert second["/mixtape/wall/rows"] == (20,)
        assert "/mixtape/energy" not in second


def test_a_subscription_ends_after_a_minute_or_when_it_is_taken_back_and_can_be_renewed(ear, small_world, play):
    state, clock = play(small_world, 9.0), Clock()
    subscribers = Subscribers(clock=clock)
    host, port = ear.getsockname()
    subscribers.take("/mixtape/subscribe", (port,), host)
    clock.now_s = LASTS_S - 1.0
    subscribers.take("/mixtape/subscribe", (port,), host)
    clock.now_s = 2 * LASTS_S - 2.0
    assert subscribers.targets() == (Target(host, port),)
    clock.now_s = 2 * LASTS_S
    with Feedback([], rate_hz=30, subscribers=subscribers) as feedback:
        feedback.tell(at(state, 10.0), small_world, own={})
        assert told(ear) == []
    subscribers.take("/mixtape/subscribe", (port,), host)
    assert subscribers.targets() == (Target(host, port),)
    subscribers.take("/mixtape/unsubscribe", (port,), host)
    assert subscribers.targets() == ()


def test_there_are_so_many_subscribers_at_most_and_one_that_leaves_makes_room():
    subscribers = Subscribers(clock=Clock())
    for port in range(2000, 2000 + LIMIT):
        assert subscribers.take("/mixtape/subscribe", (port,), "127.0.0.1") == ""
    assert str(LIMIT) in subscribers.take("/mixtape/subscribe", (3000,), "127.0.0.1")
    assert subscribers.take("/mixtape/subscribe", (2000,), "127.0.0.1") == ""
    subscribers.take("/mixtape/unsubscribe", (2000,), "127.0.0.1")
    assert subscribers.take("/mixtape/subscribe", (3000,), "127.0.0.1") == ""
    assert len(subscribers.targets()) == LIMIT


@pytest.mark.parametrize(
    "args", [(), ("9000",), (True,), (80,), (70_000,), (9000.5,), (float("nan"),), ([9000],), (9000, "10.0.0.9"), (9000, 1, 2)]
)
def test_a_wish_to_be_told_names_a_port_and_nothing_else(args):
    subscribers = Subscribers(clock=Clock())
    assert "/mixtape/subscribe" in subscribers.take("/mixtape/subscribe", args, "127.0.0.1")
    assert subscribers.targets() == ()


def test_the_show_never_tells_itself():
    subscribers = Subscribers(clock=Clock())
    subscribers.own_port = 9100
    assert "9100" in subscribers.take("/mixtape/subscribe", (9100,), "127.0.0.1")
    assert subscribers.targets() == ()


def test_faders_from_0_to_1_are_told_places_that_turn_the_knobs_back_to_where_they_stand(ear, small_world, play):
    state, clock = play(small_world, 9.0, (0.0, "scene", "wall"), (0.0, "reduced_motion", True)), Clock()
    subscribers = Subscribers(clock=clock)
    host, port = ear.getsockname()
    subscribers.take("/mixtape/subscribe", (port, "norm"), host)
    with Feedback([], rate_hz=30, subscribers=subscribers) as feedback:
        feedback.tell(at(state, 10.0, wall_rows=21), small_world, own={})
    (first,) = told(ear)
    assert first["/mixtape/norm/wall/rows"] == (pytest.approx(0.5),)
    assert first["/mixtape/norm/reduced/motion"] == (1.0,)
    assert first["/mixtape/out/paused"] == (0,)
    assert first["/mixtape/output/1"] == ("",)
    for knob in (knob for knob in registry() if has_places(knob)):
        (place,) = first["/mixtape/norm/" + knob.address.removeprefix("/mixtape/")]
        assert 0.0 <= place <= 1.0
        (turned,) = events("test", f"/mixtape/norm/{knob.address.removeprefix('/mixtape/')}", (place,), time_s=0.0, own={})
        stands = {**state.wished, "wall_rows": 21}[knob.name]
        assert turned.value == (pytest.approx(stands, abs=1e-4) if isinstance(stands, float) else stands)


def test_a_fader_is_told_what_was_wished_for_and_not_what_holds_it_back(ear, small_world, play):
    state = play(small_world, 9.0, (0.0, "energy", 0.9), (0.0, "reduced_motion", True))
    held = replace(state, knobs={**state.knobs, "energy": 0.1})
    with Feedback([Target(*ear.getsockname())], rate_hz=30) as feedback:
        feedback.tell(at(held, 10.0), small_world, own={})
    assert heard(ear)["/mixtape/energy"] == (pytest.approx(0.9),)
