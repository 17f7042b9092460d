"""What stands before every request: how large it may be, how many an address may send, what a browser may do with the answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from uvicorn.protocols.http.h11_impl import H11Protocol

from installation.control.rates import Rates

BODY_BYTES = 1024
HEADER_BYTES = 8192
PATH_BYTES = 512
PATIENCE_S = 10.0
"""So long a connection may take to say what it wants."""

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
        if scope["type"] == "websocket":
            # A browser says which page opened the socket: only this server's own may.
            fits = headers.get(b"origin", b"").partition(b"://")[2] == host
        else:
            fits = len(scope["raw_path"]) + len(scope["query_string"]) <= PATH_BYTES and _length(headers) <= BODY_BYTES
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
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            address = self.client[0] if self.client else ""
            others = [getattr(each, "client", None) for each in self.connections]
            if len(others) > total or sum(each is not None and each[0] == address for each in others) > per_address:
                transport.abort()
            else:
                self.loop.call_later(PATIENCE_S, self._late, transport)

        def _late(self, transport: asyncio.Transport) -> None:
            # After an upgrade the connection is another protocol's.
            if self.cycle is None and transport.get_protocol() is self:
                transport.abort()

    return Bounded
