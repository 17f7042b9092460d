"""What a browser can ask for: the pages, the way in, songs, covers, a search; live, wishes and how things stand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from importlib.resources import files
from typing import Any, Protocol, TypeAlias

from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from installation.control.arbiter import GUEST, MOODS
from installation.control.rates import Rates
from installation.remote.passes import Passes
from installation.remote.words import alike, dots, song
from installation.world import World

TEXT_LIMIT = 100
OVER = 4401
"""The code a socket is closed with when its pass is of another evening."""
ELSEWHERE = 4409
"""The code when its phone has opened another."""

_PHONE, _OPERATOR = "phone", "operator"
_KEPT = {"cache-control": "private, max-age=3600"}
_FRESH = {"cache-control": "no-store"}
_TYPES = {"html": "text/html; charset=utf-8", "css": "text/css", "js": "text/javascript"}
_PHONE_READ, _OPERATOR_READ = (4.0, 24.0), (120.0, 240.0)
"""Messages of a socket that are read a second, and at once; a page of ours sends fewer."""

_SEARCHES = 4.0, 12.0
"""Searches of a phone a second, and at once: as many as somebody types."""

_HELD_S = 0.2
_VALID_S = 5.0
_VISIT, _VISITS = 16, 1000
_WISHES = frozenset({"seed", "like", "withdraw", "vote"})

Answer: TypeAlias = Callable[[Request], Awaitable[Response]]


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

    @property
    def over(self) -> bool:
        """Whether it was ended: what still comes counts no more."""

    async def send(self) -> None:
        """Tell how things stand until it is over."""

    def say(self, words: str) -> None:
        """Tell one thing."""

    def got(self, number: int) -> None:
        """Tell that the wish of this number, and all before it, have come."""

    def here(self) -> None:
        """Somebody is there."""


def pages(room: Room, *, actions_hz: float = 1.0, actions: float = 12.0) -> Starlette:
    """The application. A phone may do `actions` things at once and `actions_hz` a second."""
    # Whoever guesses is soon not heard any more; a whole party behind one address still comes in, a phone every 10 s.
    tries = Rates(0.1, 10.0)
    guests, operators = _Guests(room, tries, Rates(actions_hz, actions)), _Operators(room, tries)
    shared = ("look.css", "talk.js", "guest.js", "operator.js")
    return Starlette(routes=[*(Route(f"/{name}", _page(name)) for name in shared), *guests.routes(), *operators.routes()])


class _Guests:
    """What phones ask and say."""

    def __init__(self, room: Room, tries: Rates, acts: Rates) -> None:
        self._room, self._tries, self._acts = room, tries, acts
        self._searches = Rates(*_SEARCHES)
        self._visits: dict[str, tuple[str, int]] = {}

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", _page("guest.html")),
            Route("/join", self._join, methods=["POST"]),
            Route("/songs", self._inside(self._songs)),
            Route("/search", self._inside(self._search)),
            Route("/song", self._about(self._song)),
            Route("/like", self._about(self._alike)),
            Route("/cover", self._about(self._cover)),
            WebSocketRoute("/live", self._live),
        ]

    def _phone(self, asking: HTTPConnection) -> str | None:
        return self._room.passes.phone(asking.cookies.get(_PHONE, ""))

    async def _join(self, request: Request) -> Response:
        """The evening's token for a pass; a phone that has one already keeps it."""
        shown = request.cookies.get(_PHONE, "")
        if self._phone(request) is None:
            if not self._tries.take(_address(request)):
                return _no(429, "too many tries; wait a minute")
            if not self._room.passes.admits(await _text(request, "token")):
                return _no(403, "this code is not of this evening; scan the one on the wall")
            shown = self._room.passes.issue()
        if not self._room.welcome(shown.partition(".")[0], _address(request)):
            return _no(429, "too many phones from this address")
        answer = JSONResponse({"ok": True}, headers=_FRESH)
        answer.set_cookie(_PHONE, shown, max_age=86_400, httponly=True, samesite="strict")
        return answer

    def _inside(self, answer: Answer) -> Answer:
        """An answer for phones with a pass."""

        async def guarded(request: Request) -> Response:
            return await answer(request) if self._phone(request) else JSONResponse({}, 403, _FRESH)

        return guarded

    def _about(self, answer: Callable[[str], Awaitable[Response]]) -> Answer:
        """An answer on one song, for phones with a pass."""

        async def found(request: Request) -> Response:
            asked = request.query_params.get("id", "")
            return await answer(asked) if asked in self._room.world.row else JSONResponse({}, 404, _FRESH)

        return self._inside(found)

    async def _songs(self, request: Request) -> Response:
        world = self._room.world
        name = request.query_params.get("map", world.maps.first)
        return JSONResponse({}, 404, _FRESH) if world.maps.fault(name) else JSONResponse(dots(world, name), headers=_KEPT)

    async def _search(self, request: Request) -> Response:
        if not self._searches.take(self._phone(request) or ""):
            return _no(429, "slowly, please: one search after the other")
        return JSONResponse(await self._room.search(request.query_params.get("q", "")[:TEXT_LIMIT]), headers=_FRESH)

    async def _song(self, track_id: str) -> Response:
        return JSONResponse(song(self._room.world.track(track_id)), headers=_KEPT)

    async def _alike(self, track_id: str) -> Response:
        return JSONResponse(alike(track_id, self._room.world), headers=_KEPT)

    async def _cover(self, track_id: str) -> Response:
        return Response(await self._room.cover(track_id), 200, _KEPT, "image/png")

    async def _live(self, socket: WebSocket) -> None:
        phone = self._phone(socket)
        if phone is None or not self._room.welcome(phone, _address(socket)):
            await _turn_away(socket)
            return
        source = GUEST + phone[:8]
        obey = partial(self._obey, source)
        await _converse(self._room, socket, source, obey, Rates(*_PHONE_READ), valid=lambda: self._phone(socket) is not None)

    def _obey(self, source: str, session: Session, said: Mapping[str, Any]) -> None:
        session.here()
        if said.get("do") == "here" or self._had(source, session, said):
            return
        taken = _taken(said.get("do"), said.get("what"), self._room.world)
        if taken is None:
            session.say("that is nothing this page can do")
        elif not self._acts.take(source):
            session.say("slowly, please: one thing after the other")
        elif not self._room.wish(source, *taken):
            session.say("too much at once for the show; try again")

    def _had(self, source: str, session: Session, said: Mapping[str, Any]) -> bool:
        """Whether a numbered wish came before: a phone that was cut off sends again what it does not know to have arrived."""
        visit, number = said.get("visit"), said.get("n")
        if not isinstance(visit, str) or not isinstance(number, int) or not 0 < number < 2**31:
            return False
        known, last = self._visits.pop(source, ("", 0))
        last = last if known == visit[:_VISIT] else 0
        self._visits[source] = visit[:_VISIT], max(number, last)
        if len(self._visits) > _VISITS:
            del self._visits[next(iter(self._visits))]
        session.got(max(number, last))
        return number <= last


class _Operators:
    """What the page of whoever runs the show asks and says."""

    def __init__(self, room: Room, tries: Rates) -> None:
        self._room, self._tries = room, tries

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/operator", _page("operator.html")),
            Route("/operator/join", self._join, methods=["POST"]),
            Route("/operator/picture", self._picture),
            WebSocketRoute("/operator/live", self._live),
        ]

    def _is_one(self, asking: HTTPConnection) -> bool:
        return self._room.passes.is_operator(asking.cookies.get(_OPERATOR, ""))

    async def _join(self, request: Request) -> Response:
        """The operator's secret for the operator's pass."""
        if not self._tries.take("operator " + _address(request)):
            return _no(429, "too many tries; wait a minute")
        shown = self._room.passes.operator_pass(await _text(request, "secret"))
        if shown is None:
            return _no(403, "this is not the secret that the show printed when it began")
        answer = JSONResponse({"ok": True}, headers=_FRESH)
        answer.set_cookie(_OPERATOR, shown, path="/operator", httponly=True, samesite="strict")
        return answer

    async def _picture(self, request: Request) -> Response:
        if not self._is_one(request):
            return Response(status_code=403)
        made = await self._room.picture()
        return Response(made, 200, _FRESH, "image/png") if made else Response(status_code=503)

    async def _live(self, socket: WebSocket) -> None:
        if not self._is_one(socket):
            await _turn_away(socket)
            return
        await _converse(self._room, socket, _OPERATOR, self._obey, Rates(*_OPERATOR_READ), valid=lambda: True)

    def _obey(self, session: Session, said: Mapping[str, Any]) -> None:
        if isinstance(name := said.get("turn"), str) and (why := self._room.turn(name[:TEXT_LIMIT], said.get("value"))):
            session.say(why)


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
        while valid() and not session.over:
            while not reads.take(source):
                await asyncio.sleep(_HELD_S)
            with suppress(TimeoutError):
                # A pass ends at noon also for a phone that says nothing.
                said = _object(await asyncio.wait_for(socket.receive_text(), _VALID_S))
                if said is not None and valid() and not session.over:
                    obey(session, said)
        await socket.close(ELSEWHERE if session.over else OVER)
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
    if knob in _WISHES:
        return (knob, value) if isinstance(value, str) and value in world.row else None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return (knob, float(value)) if knob in MOODS and number and -1 <= value <= 1 else None  # type: ignore[arg-type,operator]


async def _turn_away(socket: WebSocket) -> None:
    """Accepted first: a browser is told why only then."""
    await socket.accept()
    await socket.close(OVER)


def _no(status: int, why: str) -> Response:
    return JSONResponse({"why": why}, status, _FRESH)


def _address(asking: HTTPConnection) -> str:
    return asking.client.host if asking.client else ""


def _object(text: str | bytes) -> Mapping[str, Any] | None:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


async def _text(request: Request, name: str) -> str:
    """A text in the JSON of a request, empty where there is none."""
    try:
        said = _object(await request.body())
    except ClientDisconnect:
        return ""
    value = said.get(name) if said else None
    return value if isinstance(value, str) else ""


def _page(name: str) -> Answer:
    body = (files("installation.remote") / "page" / name).read_bytes()
    kind = _TYPES[name.rpartition(".")[2]]

    async def answer(_: Request) -> Response:
        return Response(body, 200, {"cache-control": "no-cache"}, kind)

    return answer
