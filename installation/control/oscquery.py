"""OSCQuery: other programs ask which addresses there are, with ranges, words and values, and listen to some of them.

HTTP and WebSocket on one port, announced by zeroconf, after the OSCQuery proposal (github.com/Vidvox/OSCQueryProposal). What is
asked is answered from what the last frame left behind, in threads of its own: the show never waits for a client.

Who may not send OSC may not ask either, and a web page of somebody else in a browser may not ask at all.
"""

from __future__ import annotations

import json
import logging
import queue
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any, Self
from urllib.parse import unquote, urlsplit

from websockets.datastructures import Headers
from websockets.exceptions import WebSocketException
from websockets.http11 import Request, Response
from websockets.sync.server import Server, ServerConnection, serve

from installation.control.feedback import Message, message_packet
from installation.control.knobs import OUT, ROOT, LiveKnob, OwnKnobs, registry
from installation.control.rates import Rates
from installation.control.reach import EVERYWHERE, Allowed, bound, local_address
from installation.messages import KnobValue
from mixtape.networks import address_of

CLIENTS_LIMIT = 16
CONNECTIONS_LIMIT = 64
_STRANGERS_SAID = 8
RATE_HZ, BURST = 20.0, 100.0
"""Questions of one address a second, and at once."""

COMING_HZ, COMING = 40.0, 200.0
"""Connections a second, of all addresses together, and at once; what comes faster waits with the system."""

HEARD_HZ, HEARD = 20.0, 512.0
"""Messages that a WebSocket may send a second, and at once: a LISTEN and an IGNORE for each address there may be."""

_STRANGERS = 10
"""So many strangers are turned away in the time that one connection takes."""

_LARGEST_BYTES = 4096
_WAITING = 256
_LOOK_S = 0.2
_PAUSE_S = 0.02
_READ, _WRITE, _BOTH = 1, 2, 3
_TYPES = {"number": "f", "seconds": "f", "whole": "i", "switch": "T", "toggle": "T", "press": "N", "points": "ff"}
_UNITS = {"s": "time.second", "ms": "time.millisecond", "Hz": "time.hertz", "px": "distance.pixels"}
_ATTRIBUTES = ("FULL_PATH", "CONTENTS", "TYPE", "VALUE", "RANGE", "DESCRIPTION", "ACCESS", "UNIT", "CLIPMODE", "CRITICAL", "TAGS")
_COMMANDS = ("LISTEN", "IGNORE")

Node = dict[str, Any]


class OscQuery:
    """The server. Use it in a `with`; a port that cannot be had is told by `errors`, and the show goes on without."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        osc_host: str,
        osc_port: int,
        allowed: Allowed | None = None,
        name: str = "mixtape",
        announced: bool = True,
    ) -> None:
        """Port 0 takes any free one; `port` says which. `announced` by zeroconf, which hears port 5353 of all networks."""
        self.host, self.port, self.name = host, port, name
        self._osc, self._announced = (osc_host, osc_port), announced
        self._allowed, self._rates = allowed or Allowed(), Rates(RATE_HZ, BURST)
        self._knobs: Mapping[str, KnobValue] = {}
        self._own: OwnKnobs = {}
        self._out: dict[str, tuple[Any, ...]] = {}
        self._listeners: set[_Listener] = set()
        self._lock = threading.Lock()
        self._server: Server | None = None
        self._names: frozenset[str] = frozenset()
        self.strangers = 0
        """Connections of those who may not ask."""
        self._turned_away: set[str] = set()
        self._zeroconf: Any = None
        self._threads: list[threading.Thread] = []
        self._faults: list[str] = []

    def __enter__(self) -> Self:
        try:
            door = _Door.of(bound(self.host, self.port, socket.SOCK_STREAM), self._lets_in)
            self._server = serve(
                self._listen,
                sock=door,
                process_request=self._asked,
                create_connection=_Heeded,
                max_size=_LARGEST_BYTES,
                compression=None,
                logger=_SILENT,
                server_header=None,
            )
        except (OSError, OverflowError) as error:
            self._faults.append(
                f"no OSCQuery: {self.host}:{self.port} cannot be listened on ({error}); choose another oscquery_port in config"
            )
            return self
        self.port = self._server.socket.getsockname()[1]
        called = socket.gethostname().lower()
        self._names = frozenset({"localhost", called, f"{called}.local", f"{self.name}-{self.port}.local"})
        self._begin(self._server.serve_forever, "oscquery")
        if self._announced:
            # Telling the network who is here takes more than a second.
            self._begin(self._announce, "oscquery-zeroconf")
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener.stop()
        if self._server:
            self._server.shutdown()
        for thread in self._threads:
            thread.join(3.0)
        if self._zeroconf:
            with suppress(Exception):
                self._zeroconf.close()

    @property
    def listening(self) -> bool:
        """Whether anybody can ask."""
        return self._server is not None

    def errors(self) -> list[str]:
        """What went wrong since the last call, in words for a person."""
        told, self._faults = self._faults, []
        return told

    def know(self, knobs: Mapping[str, KnobValue], own: OwnKnobs, said: Sequence[Message]) -> None:
        """How things stand: all knobs, and the addresses and values `said` anew; those are handed on to who listens."""
        changed = own is not self._own and own != self._own
        self._knobs, self._own = knobs, own
        self._out.update((address, values) for address, values in said if address.startswith(ROOT + "out/"))
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener.tell(said)
            if changed:
                listener.notice({"COMMAND": "PATH_CHANGED", "DATA": ROOT + "scene"})

    # Questions ------------------------------------------------------------------------------------------------------------------

    def tree(self) -> Node:
        """All there is, as the proposal's tree of nodes."""
        root: Node = {"FULL_PATH": "/", "CONTENTS": {}, "ACCESS": 0, "DESCRIPTION": "mixtape, a show made from music"}
        own = {knob.address: knob for knob in self._own.values()}
        for knob in (*registry(), *own.values()):
            _place(root, knob.address, knob_node(knob, self._knobs.get(knob.name)))
        for name, values, _ in OUT:
            _place(root, f"{ROOT}out/{name}", _out_node(values, self._out.get(f"{ROOT}out/{name}")))
        return root

    def host_info(self, reached: str = "") -> Node:
        """Who is asked, where OSC is taken, and what of the proposal is answered; `reached` is the address the asker used."""
        osc, here = (reached if reached and host in EVERYWHERE else host for host in (self._osc[0], self.host))
        return {
            "NAME": self.name,
            "OSC_IP": osc,
            "OSC_PORT": self._osc[1],
            "OSC_TRANSPORT": "UDP",
            "WS_IP": here,
            "WS_PORT": self.port,
            "EXTENSIONS": {
                **dict.fromkeys(("ACCESS", "VALUE", "RANGE", "DESCRIPTION", "UNIT", "CLIPMODE"), True),
                **dict.fromkeys(("LISTEN", "PATH_CHANGED"), True),
            },
        }

    def answer(self, target: str, *, reached: str = "") -> tuple[HTTPStatus, Node | None]:
        """The status and the JSON for an HTTP path with its question, asked at the address `reached`."""
        try:
            asked = urlsplit(target)
        except ValueError:
            return HTTPStatus.BAD_REQUEST, None
        question = asked.query.partition("=")[0]
        if question == "HOST_INFO":
            return HTTPStatus.OK, self.host_info(reached)
        if question and question not in _ATTRIBUTES:
            return HTTPStatus.BAD_REQUEST, None
        node: Node | None = self.tree()
        for part in filter(None, unquote(asked.path).split("/")):
            node = node.get("CONTENTS", {}).get(part) if node else None
        if node is None:
            return HTTPStatus.NOT_FOUND, None
        if not question:
            return HTTPStatus.OK, node
        return (HTTPStatus.OK, {question: node[question]}) if question in node else (HTTPStatus.NO_CONTENT, None)

    def _lets_in(self, host: str) -> bool:
        """Whether a connection from there is taken."""
        if not self._allowed.sender(host):
            self._turn_away(host)
            return False
        return self._server is None or len(self._server.handler_threads) < CONNECTIONS_LIMIT

    def _turn_away(self, host: str) -> None:
        self.strangers += 1
        shown = str(address_of(host) or host)
        if len(self._turned_away) < _STRANGERS_SAID and shown not in self._turned_away:
            self._turned_away.add(shown)
            self._faults.append(
                f"OSCQuery: {shown} asks, but may not; to let it in, add it to allow under [control] in config.toml"
            )

    def _asked(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer a question by HTTP; None lets a WebSocket through."""
        peer, here = connection.remote_address[0], connection.local_address[0]
        if not self._meant(request):
            return _response(HTTPStatus.FORBIDDEN)
        if not self._rates.take(peer):
            return _response(HTTPStatus.TOO_MANY_REQUESTS)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return None
        return _response(*self.answer(request.path, reached=str(address_of(here) or here)))

    def _meant(self, request: Request) -> bool:
        """Whether this server was meant: asked by its address, and not by a web page of somebody else.

        A page that a browser shows can ask only under a name of its own, even one that leads here (DNS rebinding), and a browser
        says which page opened a WebSocket.
        """
        hosts, origins = request.headers.get_all("Host"), request.headers.get_all("Origin")
        name = _name(hosts[0]) if len(hosts) == 1 else ""
        known = address_of(name) is not None or name in self._names
        return known and all(origin.partition("://")[2] == hosts[0] for origin in origins)

    # Listening ------------------------------------------------------------------------------------------------------------------

    def _listen(self, connection: ServerConnection) -> None:
        with self._lock:
            full = len(self._listeners) >= CLIENTS_LIMIT
            listener = _Listener(connection)
            if not full:
                self._listeners.add(listener)
        if full:
            connection.close(1013, f"{CLIENTS_LIMIT} clients listen already")
            return
        sending = threading.Thread(target=listener.send, name="oscquery-listener", daemon=True)
        sending.start()
        try:
            for message in connection:
                listener.obey(message)
        except WebSocketException:
            pass
        finally:
            listener.stop()
            sending.join(2.0)
            with self._lock:
                self._listeners.discard(listener)

    def _begin(self, run: Callable[[], None], name: str) -> None:
        self._threads.append(threading.Thread(target=run, name=name, daemon=True))
        self._threads[-1].start()

    def _announce(self) -> None:
        from zeroconf import ServiceInfo, Zeroconf

        try:
            address = local_address() if self.host in EVERYWHERE else self.host
            self._zeroconf = Zeroconf(interfaces=[address])
            for kind, port in (("_oscjson._tcp.local.", self.port), ("_osc._udp.local.", self._osc[1])):
                name = f"{self.name}-{self.port}"
                info = ServiceInfo(
                    kind, f"{name}.{kind}", addresses=[ip_address(address).packed], port=port, server=f"{name}.local."
                )
                self._zeroconf.register_service(info)
        except Exception as error:  # a network may refuse anything; who knows the port can ask all the same
            self._faults.append(f"OSCQuery is not announced on the network ({error or type(error).__name__})")


class _Listener:
    """One WebSocket: the addresses it listens to, and what waits to be sent; of what it is too slow for the oldest goes."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection
        self._paths: frozenset[str] = frozenset()
        self._waiting: queue.Queue[bytes | str | None] = queue.Queue(_WAITING)

    def obey(self, message: str | bytes) -> None:
        """Take a LISTEN or an IGNORE; anything else is passed over."""
        try:
            asked = json.loads(message)
            command, path = asked["COMMAND"], asked["DATA"]
        except (ValueError, TypeError, KeyError):
            return
        if command not in _COMMANDS or not isinstance(path, str) or (command == "LISTEN" and len(self._paths) >= _WAITING):
            return
        self._paths = self._paths | {path} if command == "LISTEN" else self._paths - {path}

    def tell(self, said: Sequence[Message]) -> None:
        """Hand on what is listened to."""
        for address, values in said if self._paths else ():
            if address in self._paths:
                self._put(message_packet(address, values))

    def notice(self, words: Node) -> None:
        """Hand on a notice."""
        self._put(json.dumps(words))

    def stop(self) -> None:
        """End the sending, and the connection with it."""
        self._put(None)

    def send(self) -> None:
        """Send what waits, until `stop`."""
        with suppress(WebSocketException, OSError):
            while (waiting := self._waiting.get()) is not None:
                self._connection.send(waiting)
        with suppress(WebSocketException, OSError):
            self._connection.close()

    def _put(self, waiting: bytes | str | None) -> None:
        while True:
            try:
                self._waiting.put_nowait(waiting)
                return
            except queue.Full:
                with suppress(queue.Empty):
                    self._waiting.get_nowait()


def knob_node(knob: LiveKnob, value: KnobValue | None) -> Node:
    """The node of a knob or a trigger."""
    node: Node = {
        "FULL_PATH": knob.address,
        "TYPE": _TYPES.get(knob.kind, "s"),
        "ACCESS": _WRITE if knob.is_trigger else _BOTH,
        "DESCRIPTION": knob.sentence,
    }
    if knob.choices:
        node["RANGE"] = [{"VALS": list(knob.choices)}]
    elif knob.low is not None:
        # Of places of any number the first is described.
        numbers = 2 if knob.kind == "points" else 1
        node["RANGE"] = [{"MIN": knob.low, "MAX": knob.high}] * numbers
        node["CLIPMODE"] = ["both"] * numbers
    if knob.unit in _UNITS:
        node["UNIT"] = [_UNITS[knob.unit]]
    if value is not None:
        node["VALUE"] = [value]
        if knob.kind == "switch":
            node["TYPE"] = "T" if value else "F"
    return node


def _out_node(words: str, values: tuple[Any, ...] | None) -> Node:
    node: Node = {"ACCESS": _READ, "DESCRIPTION": words[0].upper() + words[1:] + "."}
    if values is not None:
        node["TYPE"] = "".join({float: "f", int: "i"}.get(type(value), "s") for value in values)
        node["VALUE"] = list(values)
    return node


def _place(root: Node, address: str, leaf: Node) -> None:
    """Hang a leaf into the tree; what is an address and has addresses under it is both."""
    node, path = root, ""
    for part in address.strip("/").split("/"):
        path += "/" + part
        node = node.setdefault("CONTENTS", {}).setdefault(part, {"FULL_PATH": path, "ACCESS": 0})
    node.update({**leaf, "FULL_PATH": path})


class _Heeded(ServerConnection):
    """A WebSocket that is cut off when it sends faster than any program that listens."""

    def __init__(self, *given: Any, **named: Any) -> None:
        # First of all: what follows begins to read.
        self._heard = Rates(HEARD_HZ, HEARD)
        super().__init__(*given, **named)

    def process_event(self, event: Any) -> None:
        """Take a request, a message, a piece of one, or a ping."""
        if self._heard.take(""):
            super().process_event(event)
            return
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)


class _Door(socket.socket):
    """A listening socket that closes at once what may not come in, before a thread or a byte is spent on it."""

    lets_in: Callable[[str], bool]
    rates: Rates

    @classmethod
    def of(cls, listening: socket.socket, lets_in: Callable[[str], bool]) -> Self:
        """The same socket with a door."""
        made = cls(listening.family, listening.type, listening.proto, fileno=listening.detach())
        made.lets_in, made.rates = lets_in, Rates(COMING_HZ * _STRANGERS, COMING * _STRANGERS)
        made.settimeout(_LOOK_S)
        return made

    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection that may come in; OSError once the socket is closed."""
        while True:
            try:
                taken, peer = super().accept()
            except TimeoutError:
                continue
            comes_in = self.lets_in(peer[0])
            if not comes_in:
                taken.close()
            while not self.rates.take("", _STRANGERS if comes_in else 1):
                time.sleep(_PAUSE_S)
            if comes_in:
                return taken, peer


def _name(host: str) -> str:
    """The name or the address in a Host header, without its port; nothing where it is neither."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _response(status: HTTPStatus, found: Node | None = None) -> Response:
    body = b"" if found is None else json.dumps(found).encode()
    said = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    return Response(status.value, status.phrase, Headers(said), body)


_SILENT = logging.getLogger("mixtape.oscquery")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False
