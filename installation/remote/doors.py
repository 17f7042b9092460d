"""What stands before every request: how large it may be, how many an address may send, what a browser may do with the answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

from installation.control.rates import Rates

BODY_BYTES = 1024
HEADER_BYTES = 8192
PATH_BYTES = 512
PATIENCE_S = 10.0
"""So long a connection may take to say what it wants."""

_ODD_HZ, _ODD = 1.0, 30.0
"""Pings, pongs and pieces of messages that a socket may send a second, and at once."""

_AT_ONCE, _KEPT_WORDS = 5000, 24
"""Messages that may wait to be read, and of those how many still count when their phone is gone."""

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

_HOST = re.compile(rb"[A-Za-z0-9.\-]{1,100}(?::\d{1,5})?|\[[0-9a-fA-F:.]{2,45}\](?::\d{1,5})?")


class Doors:
    """Lets requests through to `app` that are small, well-formed and not too many; every answer gets the same strict headers."""

    def __init__(self, app: App, *, rate_hz: float, burst: float) -> None:
        """So many requests a second for an address, and so many at once."""
        self._app, self._rates = app, Rates(rate_hz, burst)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"")
        # A browser says which page opened the socket, or posts: only this server's own may.
        own = headers.get(b"origin", b"").partition(b"://")[2] == host
        if scope["type"] == "websocket":
            fits = own
        elif b"origin" in headers and not own:
            fits = False
        else:
            fits = len(scope["raw_path"]) + len(scope["query_string"]) <= PATH_BYTES and _length(headers) <= BODY_BYTES
        # What comes in one packet is not measured before.
        fits = fits and sum(len(name) + len(value) for name, value in scope["headers"]) <= HEADER_BYTES
        if not _HOST.fullmatch(host) or not fits:
            await _refuse(scope, send, 400)
        elif not self._rates.take(scope["client"][0] if scope["client"] else ""):
            await _refuse(scope, send, 429)
        else:
            await self._app(scope, _measured(receive), _with_headers(send, _answer_headers(host.decode())))


def _length(headers: MutableMapping[bytes, bytes]) -> int:
    length = headers.get(b"content-length", b"0")
    return int(length) if length.isdigit() and len(length) < 10 else BODY_BYTES + 1


def _measured(receive: Receive) -> Receive:
    """A body without a stated length is cut off where it grows too long."""
    had = 0

    async def take() -> Message:
        nonlocal had
        message = await receive()
        had += len(message.get("body", b"")) if message["type"] == "http.request" else 0
        return {"type": "http.disconnect"} if had > BODY_BYTES else message

    return take


def _answer_headers(host: str) -> list[tuple[bytes, bytes]]:
    # Browsers of some years ago do not count the socket of the same host as 'self'.
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        f"connect-src 'self' ws://{host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    said = {
        "content-security-policy": policy,
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cross-origin-resource-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
    }
    return [(name.encode(), value.encode()) for name, value in said.items()]


def _with_headers(send: Send, headers: list[tuple[bytes, bytes]]) -> Send:
    async def give(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *headers]
        await send(message)

    return give


async def _refuse(scope: Scope, send: Send, status: int) -> None:
    if scope["type"] == "websocket":
        # Closed before it is accepted: the browser is answered 403.
        await send({"type": "websocket.close", "code": 1008})
        return
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


def bounded(*, per_address: int, total: int) -> type[H11Protocol]:
    """The HTTP protocol with so many open connections at most, and none that stays without saying what it wants."""

    class Bounded(H11Protocol):
        timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            address = self.client[0] if self.client else ""
            others = [getattr(each, "client", None) for each in self.connections]
            if len(others) > total or sum(each is not None and each[0] == address for each in others) > per_address:
                transport.abort()
            else:
                self.timer = self.loop.call_later(PATIENCE_S, self._late, transport, (None, False))

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            if self.timer is not None:
                self.timer.cancel()

        def _late(self, transport: asyncio.Transport, before: tuple[object, bool]) -> None:
            # After an upgrade the connection is another protocol's.
            if transport.is_closing() or transport.get_protocol() is not self:
                return
            cycle = self.cycle
            now = cycle, cycle is not None and cycle.more_body
            waits = cycle is None or cycle.response_complete or cycle.more_body or self.flow.write_paused
            if waits and now == before:
                transport.abort()
            else:
                self.timer = self.loop.call_later(PATIENCE_S, self._late, transport, now)

    return Bounded


class Heeded(WebSocketsSansIOProtocol):
    """The WebSocket protocol, for pages: it ends a connection that does what no browser does for a page of ours.

    Answers to pings gather where nobody reads them, pieces of a message without a word in them have no size, and what is sent in
    one go is kept whole until it is read.
    """

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It begins."""
        super().connection_made(transport)
        self._oddities = Rates(_ODD_HZ, _ODD)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has ended."""
        if self.queue.qsize() > _KEPT_WORDS:
            # Who is gone is not heard to the end.
            while not self.queue.empty():
                self.queue.get_nowait()
        super().connection_lost(exc)

    def handle_ping(self) -> None:
        """A ping: a page of ours sends none."""
        super().handle_ping()
        self._odd()

    def handle_pong(self, event: Frame) -> None:
        """The answer to a ping of the server's, every 20 s."""
        super().handle_pong(event)
        self._odd()

    def handle_cont(self, event: Frame) -> None:
        """A piece of a message: browsers send ones as short as ours whole."""
        super().handle_cont(event)
        self._odd()

    def send_receive_event_to_app(self) -> None:
        """A message."""
        super().send_receive_event_to_app()
        if self.queue.qsize() > _AT_ONCE:
            self.transport.abort()

    def _odd(self) -> None:
        if not self._oddities.take(""):
            self.transport.abort()
