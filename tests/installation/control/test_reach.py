"""How far OSC and OSCQuery reach, and who is turned away."""

from __future__ import annotations

import socket
import time
from types import SimpleNamespace

import pytest
from pythonosc.osc_message_builder import OscMessageBuilder

from installation.app import _osc
from installation.control.osc import OscInput
from installation.control.reach import Allowed, bound, reach_of
from installation.control.subscribers import Subscribers
from mixtape.config import Config, ControlConfig
from mixtape.networks import networks_of


class Except(Allowed):
    """Lets in what the real one does, but not this one address of this computer."""

    def __init__(self, stranger):
        super().__init__()
        self.stranger = stranger

    def sender(self, host):
        return "" if host == self.stranger else super().sender(host)


def message(value):
    builder = OscMessageBuilder("/mixtape/energy")
    builder.add_arg(value)
    return builder.build().dgram


def send(port, packet, source, times=1):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.bind((source, 0))
        for _ in range(times):
            out.sendto(packet, ("127.0.0.1", port))


def until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_who_is_listed_and_this_computer_may_speak_and_nobody_else():
    allowed = Allowed(networks_of("192.168.1.20 10.1.0.0/16 fd00::/8"))
    for host in (
        "192.168.1.20",
        "::ffff:192.168.1.20",
        "10.1.255.1",
        "fd12::3",
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "::ffff:127.0.0.1",
    ):
        assert allowed.sender(host), host
    for host in ("192.168.1.21", "::ffff:192.168.1.21", "10.2.0.1", "fe80::1%eth0", "::", "0.0.0.0", "", "localhost", "::7f00:1"):
        assert not allowed.sender(host), host
    assert allowed.sender("::ffff:10.1.0.9") == "10.1.0.9"


def test_without_a_list_only_this_computer_may_speak():
    assert not Allowed().sender("192.168.1.20")
    assert Allowed().sender("127.0.0.1") == "127.0.0.1"


def test_a_crowd_of_made_up_senders_costs_no_memory():
    allowed = Allowed(networks_of("192.168.1.20"))
    for n in range(10_000):
        allowed.sender(f"10.0.{n // 256}.{n % 256}")
    assert len(allowed._known) <= 1024
    assert allowed.sender("192.168.1.20")


def test_osc_stays_on_this_computer_unless_it_is_let_out_and_somebody_in():
    assert (reach_of(ControlConfig()).host, reach_of(ControlConfig()).fault) == ("127.0.0.1", "")
    assert reach_of(ControlConfig(osc_host="::1")).host == "::1"
    assert reach_of(ControlConfig(allow="192.168.1.20")).host == "127.0.0.1"
    far = reach_of(ControlConfig(osc_host="0.0.0.0"))
    assert far.host == "127.0.0.1"
    assert "0.0.0.0" in far.fault
    assert "--lan" in far.fault
    assert not far.allowed.sender("192.168.1.20")
    nobody = reach_of(ControlConfig(lan=True, osc_host="192.168.1.5"))
    assert nobody.host == "127.0.0.1"
    assert 'allow = "' in nobody.fault


def test_with_the_flag_and_a_list_it_listens_everywhere_or_where_config_says():
    everywhere = reach_of(ControlConfig(lan=True, allow="192.168.1.20"))
    assert everywhere.host in ("::", "0.0.0.0")
    assert everywhere.fault == ""
    assert everywhere.allowed.sender("192.168.1.20")
    assert reach_of(ControlConfig(lan=True, allow="192.168.1.20", osc_host="192.168.1.5")).host == "192.168.1.5"


def test_a_socket_for_every_network_is_reached_by_either_kind_of_address():
    reach = reach_of(ControlConfig(lan=True, allow="192.168.1.20"))
    with OscInput(reach.host, 0, allowed=reach.allowed) as osc:
        assert osc.listening, osc.errors()
        send(osc.port, message(0.25), "127.0.0.1")
        until(lambda: osc.counts.received == 1)
        (found,) = osc.drain(0.0)
        assert found.source == "osc:127.0.0.1"
        if reach.host == "::":
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as out:
                out.sendto(message(0.5), ("::1", osc.port))
            until(lambda: osc.counts.received == 2)
            assert osc.drain(0.0)[0].source == "osc:::1"


def test_a_stranger_is_turned_away_unread_counted_and_named_once():
    with OscInput("127.0.0.1", 0, allowed=Except("127.0.0.9")) as osc:
        send(osc.port, message(0.9), "127.0.0.9", times=50)
        send(osc.port, b"garbage", "127.0.0.9", times=50)
        send(osc.port, message(0.25), "127.0.0.8")
        until(lambda: osc.counts.received == 1 and osc.counts.strangers == 100)
        assert [each.value for each in osc.drain(0.0)] == [0.25]
        assert osc.counts.refused == 0
        (told,) = osc.errors()
        assert "127.0.0.9" in told
        assert "allow" in told
        assert osc.errors() == []


def test_the_show_says_why_osc_stays_on_this_computer_and_goes_on():
    said = []
    config = Config(control=ControlConfig(lan=True, osc_port=9100))
    with _osc(config, SimpleNamespace(complain=said.append), Subscribers()) as osc:
        assert osc.host == "127.0.0.1"
    assert any("nobody is" in words and 'allow = "' in words for words in said)


def test_a_crowd_of_strangers_is_named_a_few_times_only():
    class Nobody(Allowed):
        def sender(self, host):
            return ""

    with OscInput("127.0.0.1", 0, allowed=Nobody()) as osc:
        for n in range(1, 41):
            send(osc.port, message(0.9), f"127.0.1.{n}")
        until(lambda: osc.counts.strangers == 40)
        assert len(osc.errors()) == 8


def test_who_subscribes_through_the_socket_is_told_at_the_address_it_came_from():
    with OscInput("127.0.0.1", 0) as osc:
        builder = OscMessageBuilder("/mixtape/subscribe")
        builder.add_arg(9876)
        builder.add_arg("norm")
        send(osc.port, builder.build().dgram, "127.0.0.7")
        until(lambda: osc.counts.received == 1)
        (target,) = osc.inbox.subscribers.targets()
        assert (target.host, target.port, target.norm) == ("127.0.0.7", 9876, True)
        assert osc.drain(0.0) == []


@pytest.mark.parametrize("host", ["::", "127.0.0.1"])
def test_a_port_is_bound_once(host):
    if host == "::" and not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 here")
    with bound(host, 0, socket.SOCK_STREAM) as first, pytest.raises(OSError, match="use"):
        bound(host, first.getsockname()[1], socket.SOCK_STREAM)
