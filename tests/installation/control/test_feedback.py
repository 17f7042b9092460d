"""What the show tells other programs, heard through real sockets by python-osc's own reader."""

from __future__ import annotations

import socket
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from pythonosc.osc_bundle import OscBundle

from installation.control.feedback import Feedback, packet, targets_of
from installation.control.knobs import ALL_S, OUT, registry
from installation.control.packets import messages
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
    return replace(state, moment=replace(state.moment, time_s=time_s), knobs={**state.knobs, **knobs})


def test_the_first_bundle_tells_everything_and_a_turned_knob_is_told_at_its_own_address(ear, small_world, play):
    state = play(small_world, 9.0, (0.0, "scene", "map"))
    with Feedback([ear.getsockname()], rate_hz=30) as feedback:
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
    with Feedback([ear.getsockname()], rate_hz=20) as feedback:
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
    with Feedback([("nowhere.invalid", 9000), ear.getsockname()], rate_hz=30) as feedback:
        for second in range(3):
            feedback.tell(at(state, 5.0 * second), small_world, own={})
            assert "/mixtape/out/level" in heard(ear)
        told = feedback.errors()
        assert len(told) == 1
        assert "nowhere.invalid:9000" in told[0]
        assert feedback.errors() == []


@pytest.mark.parametrize("text", ["127.0.0.1", "host:0", "host:99999", ":9000", "a:b:c"])
def test_what_is_no_address_is_refused_in_words(text):
    with pytest.raises(ShowError, match="host:port"):
        targets_of(text)


def test_addresses_are_read_several_and_of_either_kind():
    assert targets_of(" 127.0.0.1:9000, lights.local:7000 ,[::1]:9001,") == (
        ("127.0.0.1", 9000), ("lights.local", 7000), ("::1", 9001)
    )  # fmt: skip
    assert targets_of("") == ()


def test_the_live_show_tells_how_it_stands(ear, small_world):
    stage = Nothing()
    show = Show(small_world, stage, QuietSound(), Nothing(), say=lambda _: None)
    quiet = SimpleNamespace(songs=lambda _: None, search=lambda _: None, found=lambda _: None, has=lambda _: True, errors=list)
    with Feedback([ear.getsockname()], rate_hz=120) as feedback, Ending() as ending:
        Live(show, stage, stage, small_world, osc=None, feedback=feedback, ahead=quiet).run(ending, frames=2)
    assert heard(ear)["/mixtape/out/song"][0] == show.state.track_id
