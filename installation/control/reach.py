"""How far OSC and OSCQuery reach: this computer alone, unless config lets others in by their addresses."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from mixtape.config import ControlConfig
from mixtape.networks import Address, Network, address_of, networks_of

HERE = "127.0.0.1"
EVERYWHERE = ("0.0.0.0", "::")
"""Hosts that mean every network this computer is on."""

_KNOWN = 1024


class Allowed:
    """Who may speak: this computer always, and who is in `networks`. Safe to ask from several threads."""

    def __init__(self, networks: Sequence[Network] = ()) -> None:
        self._networks = tuple(networks)
        # Its own addresses count as they are now: one that comes later can still be listed.
        self._own = _own_addresses() if networks else frozenset()
        self._known: dict[str, str] = {}

    def sender(self, host: str) -> str:
        """The plain address of a peer that a socket names so, or nothing where it may not speak.

        An IPv4 peer of a socket of both kinds (::ffff:192.168.1.20) counts as what it is. Answers are kept, so that asking
        again costs next to nothing, however many senders are made up.
        """
        known = self._known.get(host)
        if known is None:
            known = self._asked(host)
            if len(self._known) >= _KNOWN:
                self._known.clear()
            self._known[host] = known
        return known

    def _asked(self, host: str) -> str:
        address = address_of(host)
        if address is None:
            return ""
        zone = host[host.index("%") :] if "%" in host else ""
        lets_in = address.is_loopback or address in self._own or any(address in each for each in self._networks)
        return f"{address}{zone}" if lets_in else ""


def _own_addresses() -> frozenset[Address]:
    return frozenset(
        address
        for found in psutil.net_if_addrs().values()
        for each in found
        if each.family in (socket.AF_INET, socket.AF_INET6) and (address := address_of(each.address)) is not None
    )


@dataclass(frozen=True, slots=True)
class Reach:
    """Where to listen, to whom, and what whoever runs the show has to know about it."""

    host: str
    allowed: Allowed
    fault: str = ""


def reach_of(control: ControlConfig) -> Reach:
    """What config says of the network: loopback alone, or every network of this computer (or the one that `osc_host` names).

    Nobody but this computer is let in without `lan`, and with it only who is in `allow`; what is missing is told, and the
    show goes on with this computer alone.
    """
    near = _is_near(control.osc_host)
    alone = control.osc_host if near else HERE
    if not control.lan:
        words = (
            f'OSC stays on {HERE}: osc_host = "{control.osc_host[:60]}" reaches beyond this computer. Start with --lan (or write '
            'lan = true) and name who may send, such as allow = "192.168.1.20", under [control] in config.toml'
        )
        return Reach(alone, Allowed(), "" if near else words)
    networks = networks_of(control.allow)
    if not networks:
        words = (
            f'OSC stays on {HERE}: --lan lets in who is listed, and nobody is. Write allow = "192.168.1.20 192.168.1.0/24" '
            "(addresses or networks) under [control] in config.toml"
        )
        return Reach(alone, Allowed(), words)
    everywhere = EVERYWHERE[1] if socket.has_dualstack_ipv6() else EVERYWHERE[0]
    return Reach(everywhere if near else control.osc_host, Allowed(networks))


def _is_near(host: str) -> bool:
    address = address_of(host)
    return host.lower() == "localhost" if address is None else address.is_loopback


def bound(host: str, port: int, kind: socket.SocketKind) -> socket.socket:
    """A socket bound there, and listening if it is TCP; "::" is every network of either kind.

    Raises:
        OSError, OverflowError: it cannot be had.
    """
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
    try:
        if host == EVERYWHERE[1]:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        if kind == socket.SOCK_STREAM:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        if kind == socket.SOCK_STREAM:
            made.listen(256)
    except BaseException:
        made.close()
        raise
    return made


def local_address() -> str:
    """This computer's address on the network its other traffic would take; its loopback where there is none.

    A datagram socket that is connected learns its own address; nothing is sent.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("192.0.2.1", 9))
            return str(asking.getsockname()[0])
        except OSError:
            return HERE
