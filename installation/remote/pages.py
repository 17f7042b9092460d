"""What a browser can ask for: the pages, the way in, songs, covers, a search; live, wishes and how things stand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from importlib.resources import files
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from installation.control.arbiter import GUEST, MOODS
from installation.control.rates import Rates
from installation.remote.passes import Passes
from installation.remote.words import alike, dots, song
from installation.world import World

TEXT_LIMIT = 100
OVER = 4401
"""The code a socket is closed with when its pass is of another evening."""
_PHONE, _OPERATOR = "phone", "operator"
_KEPT = {"cache-control": "private, max-age=3600"}
_FRESH = {"cache-control": "no-store"}
_TYPES = {"html": "text/html; charset=utf-8", "css": "text/css", "js": "text/javascript"}
_PHONE_READ, _OPERATOR_READ = (4.0, 24.0), (120.0, 240.0)
"""Messages of a socket that are read a second, and at once; a page of ours sends fewer."""

_HELD_S = 0.2
_GUESTS = frozenset({"seed", "like", "withdraw", "vote"})


class Room(Protocol):
    """What the pages need of the server."""

    world: World
    passes: Passes

    async def search(self, text: str) -> list[dict[str, str]]:
        """What a text means, best first."""

    async def cover(self, track_id: str) -> bytes:
        """A cover as PNG."""

    async def picture(self) -> bytes | None:
        """The next frame as PNG."""

    def welcome(self, phone: str, address: str) -> bool:
        """Whether this phone may come in: an address has a few phones at most."""

    def enter(self, source: str, socket: WebSocket) -> Session:
        """A socket that is told how things stand from now on."""

    def leave(self, session: Session) -> None:
        """It is gone."""

    def wish(self, source: str, knob: str, value: str | float) -> bool:
        """Hand a guest's wish to the show; False when too many wait."""

    def turn(self, name: str, value: Any) -> str:
        """Hand the operator's touch to the show; why not, or nothing."""


class Session(Protocol):
    """One open socket."""

    async def send(self) -> None:
        """Tell how things stand until it is over."""

    def say(self, words: str) -> None:
        """Tell one thing."""

    def here(self) -> None:
        """Somebody is there."""


def pages(room: Room, *, actions_hz: float = 1.0, actions: float = 12.0) -> Starlette:
    """The application. A phone may do `actions` things at once and `actions_hz` a second."""
    tries, acts = Rates(0.1, 10.0), Rates(actions_hz, actions)

    async def join(request: Request) -> Response:
        """The evening's token for a pass; a phone that has one already keeps it."""
        known = room.passes.phone(request.cookies.get(_PHONE, ""))
        address = request.client.host if request.client else ""
        if known is None:
            # Whoever guesses is soon not heard any more; a whole party behind one address still comes in, a phone every 10 s.
            if not tries.take(address):
                return JSONResponse({"why": "too many tries; wait a minute"}, 429, _FRESH)
            if not room.passes.admits(await _text(request, "token")):
                return JSONResponse({"why": "this code is not of this evening; scan the one on the wall"}, 403, _FRESH)
        shown = request.cookies.get(_PHONE, "") if known else room.passes.issue()
        if not room.welcome(shown.partition(".")[0], address):
            return JSONResponse({"why": "too many phones from this address"}, 429, _FRESH)
        answer = JSONResponse({"ok": True}, headers=_FRESH)
        answer.set_cookie(_PHONE, shown, max_age=86_400, httponly=True, samesite="strict")
        return answer

    async def operate(request: Request) -> Response:
        """The operator's secret for the operator's pass."""
        if not tries.take("operator " + (request.client.host if request.client else "")):
            return JSONResponse({"why": "too many tries; wait a minute"}, 429, _FRESH)
        shown = room.passes.operator_pass(await _text(request, "secret"))
        if shown is None:
            return JSONResponse({"why": "this is not the secret that the show printed when it began"}, 403, _FRESH)
        answer = JSONResponse({"ok": True}, headers=_FRESH)
        answer.set_cookie(_OPERATOR, shown, path="/operator", httponly=True, samesite="strict")
        return answer

    def inside(answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            return await answer(request) if _guest(room, request) else JSONResponse({}, 403, _FRESH)

        return guarded

    def about(answer: Callable[[str], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """An answer on one song."""

        async def found(request: Request) -> Response:
            asked = request.query_params.get("id", "")
            return await answer(asked) if asked in room.world.row else JSONResponse({}, 404, _FRESH)

        return inside(found)

    async def songs(_: Request) -> Response:
        return JSONResponse(dots(room.world), headers=_KEPT)

    async def search(request: Request) -> Response:
        return JSONResponse(await room.search(request.query_params.get("q", "")[:TEXT_LIMIT]), headers=_FRESH)

    async def one(track_id: str) -> Response:
        return JSONResponse(song(room.world.track(track_id)), headers=_KEPT)

    async def near(track_id: str) -> Response:
        return JSONResponse(alike(track_id, room.world), headers=_KEPT)

    async def cover(track_id: str) -> Response:
        return Response(await room.cover(track_id), 200, _KEPT, "image/png")

    async def picture(request: Request) -> Response:
        if not room.passes.is_operator(request.cookies.get(_OPERATOR, "")):
            return Response(status_code=403)
        made = await room.picture()
        return Response(made, 200, _FRESH, "image/png") if made else Response(status_code=503)

    async def live(socket: WebSocket) -> None:
        phone = _guest(room, socket)
        if phone is None or not room.welcome(phone, socket.client.host if socket.client else ""):
            await socket.accept()
            await socket.close(OVER)
            return
        source = GUEST + phone[:8]

        def obey(session: Session, said: Mapping[str, Any]) -> None:
            knob, value = said.get("do"), said.get("what")
            session.here()
            if knob == "here":
                return
            taken = _taken(knob, value, room.world)
            if taken is None:
                session.say("that is nothing this page can do")
            elif not acts.take(source):
                session.say("slowly, please: one thing after the other")
            elif not room.wish(source, *taken):
                session.say("too much at once for the show; try again")

        await _converse(room, socket, source, obey, Rates(*_PHONE_READ), valid=lambda: _guest(room, socket) is not None)

    async def operator_live(socket: WebSocket) -> None:
        if not room.passes.is_operator(socket.cookies.get(_OPERATOR, "")):
            await socket.accept()
            await socket.close(OVER)
            return

        def obey(session: Session, said: Mapping[str, Any]) -> None:
            if isinstance(name := said.get("turn"), str) and (why := room.turn(name[:TEXT_LIMIT], said.get("value"))):
                session.say(why)

        await _converse(room, socket, _OPERATOR, obey, Rates(*_OPERATOR_READ), valid=lambda: True)

    return Starlette(
        routes=[
            Route("/", _page("guest.html")),
            *(Route(f"/{name}", _page(name)) for name in ("look.css", "talk.js", "guest.js", "operator.js")),
            Route("/join", join, methods=["POST"]),
            Route("/songs", inside(songs)),
            Route("/search", inside(search)),
            Route("/song", about(one)),
            Route("/like", about(near)),
            Route("/cover", about(cover)),
            WebSocketRoute("/live", live),
            Route("/operator", _page("operator.html")),
            Route("/operator/join", operate, methods=["POST"]),
            Route("/operator/picture", picture),
            WebSocketRoute("/operator/live", operator_live),
        ],
        middleware=[],
    )


def compressed(app: Starlette) -> GZipMiddleware:
    """The same, its longer answers compressed."""
    return GZipMiddleware(app, minimum_size=2000)


async def _converse(
    room: Room,
    socket: WebSocket,
    source: str,
    obey: Callable[[Session, Mapping[str, Any]], None],
    reads: Rates,
    *,
    valid: Callable[[], bool],
) -> None:
    """Tell a socket how things stand, and obey it, until it closes or its pass is over.

    What it sends faster than `reads` allows waits where it comes from: the socket is not read meanwhile.
    """
    await socket.accept()
    session = room.enter(source, socket)
    sending = asyncio.create_task(session.send())
    try:
        while valid():
            while not reads.take(source):
                await asyncio.sleep(_HELD_S)
            said = _object(await socket.receive_text())
            if said is not None and valid():
                obey(session, said)
        await socket.close(OVER)
    except (WebSocketDisconnect, KeyError, RuntimeError):
        # KeyError: bytes instead of text. RuntimeError: closed while it was answered.
        pass
    finally:
        sending.cancel()
        room.leave(session)
        with suppress(RuntimeError):
            await socket.close()


def _taken(knob: object, value: object, world: World) -> tuple[str, str | float] | None:
    """A guest's wish, checked: a known song, or a number from -1 to 1 for a dial; None for anything else."""
    if not isinstance(knob, str):
        return None
    if knob in _GUESTS:
        return (knob, value) if isinstance(value, str) and value in world.row else None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return (knob, float(value)) if knob in MOODS and number and -1 <= value <= 1 else None  # type: ignore[arg-type,operator]


def _guest(room: Room, asking: HTTPConnection) -> str | None:
    return room.passes.phone(asking.cookies.get(_PHONE, ""))


def _object(text: str | bytes) -> Mapping[str, Any] | None:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


async def _text(request: Request, name: str) -> str:
    """A text in the JSON of a request, empty where there is none."""
    from starlette.requests import ClientDisconnect

    try:
        said = _object(await request.body())
    except ClientDisconnect:
        return ""
    value = said.get(name) if said else None
    return value if isinstance(value, str) else ""


def _page(name: str) -> Callable[[Request], Awaitable[Response]]:
    body = (files("installation.remote") / "page" / name).read_bytes()
    kind = _TYPES[name.rpartition(".")[2]]

    async def answer(_: Request) -> Response:
        return Response(body, 200, {"cache-control": "no-cache"}, kind)

    return answer
