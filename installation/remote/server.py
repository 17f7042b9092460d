"""The phone remote's server: a thread with an event loop of its own, which the show never waits for.

The show hands over how things stand, a reference to values that never change, and takes wishes from a bounded queue; words, JSON,
pictures and sockets are this thread's. What is told is what is newest: a phone that is slow misses what was between.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import lru_cache
from typing import Any, Self

import numpy as np
import segno
import uvicorn
from PIL import Image
from starlette.websockets import WebSocket

from installation.control.arbiter import GUEST
from installation.control.knobs import OwnKnobs, Refusal, event
from installation.control.reach import bound, local_address
from installation.messages import ControlEvent
from installation.remote.doors import HEADER_BYTES, Doors, Heeded, bounded
from installation.remote.pages import ELSEWHERE, Session, compressed, pages
from installation.remote.passes import Passes
from installation.remote.words import Told, evening, for_operator, for_phone, song
from installation.world import World
from mixtape.types import ByteArray, Palette, Track

ACTIVE_S = 180.0
"""A phone counts as here for so long after somebody touched its page."""

PHONES_PER_ADDRESS = 4
CONNECTIONS_PER_ADDRESS = 24
CONNECTIONS = 700
FOUND = 12
SPEAKS_S = 10.0
"""A socket is told something so often at least."""

_MESSAGE_BYTES = 1024
_WISHES = 512
_SAID = 8
_ONCE = ("knobs",)
_TELL_S = 0.5
_PICTURE_S = 2.0
_START_S = 10.0
_COVERS = 256


class Remote:
    """Use it in a `with`. A port that cannot be had is told by `errors`, and the show goes on without."""

    def __init__(
        self,
        world: World,
        *,
        find: Callable[[str], Sequence[Track]],
        host: str,
        port: int,
        passes: Passes | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`find` is only ever called in one thread of this server's. Port 0 takes any free one; `port` says which."""
        self.world, self.passes = world, passes or Passes()
        self.host, self.port = host or local_address(), port
        self.own: OwnKnobs = {}
        """What a user's own scenes can be told; another mapping may be put in its place at any time."""
        self.picture_wanted = False
        """Whether the operator waits for a picture of the next frame: `show_picture`."""
        self._find, self._clock = find, clock
        self._told: Told | None = None
        self._everybody: dict[str, Any] = {}
        self._asked: deque[ControlEvent] = deque()
        self._active: dict[str, float] = {}
        self._addresses: dict[str, dict[str, float]] = {}
        self._sessions: set[_Session] = set()
        self._faults: list[str] = []
        self._server: uvicorn.Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._work = ThreadPoolExecutor(1, thread_name_prefix="remote-work")
        self._pictures: list[asyncio.Future[ByteArray]] = []
        self._picture: tuple[float, bytes] | None = None
        self._told_s = -_TELL_S
        self._cover = lru_cache(_COVERS)(self._drawn_cover)

    def __enter__(self) -> Self:
        try:
            listening = bound(self.host, self.port, socket.SOCK_STREAM)
        except (OSError, OverflowError) as error:
            self._faults.append(
                f"no phone remote: {self.host}:{self.port} cannot be listened on ({error}); choose another remote_port or "
                "remote_host in config.toml"
            )
            return self
        self.port = listening.getsockname()[1]
        app = Doors(compressed(pages(self)), rate_hz=30.0, burst=150.0)
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=bounded(per_address=CONNECTIONS_PER_ADDRESS, total=CONNECTIONS),
                ws=Heeded,
                ws_max_size=_MESSAGE_BYTES,
                ws_per_message_deflate=False,
                h11_max_incomplete_event_size=HEADER_BYTES,
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=1,
            )
        )
        self._thread = threading.Thread(target=self._run, args=(self._server, listening), name="remote", daemon=True)
        self._thread.start()
        until_s = time.monotonic() + _START_S
        while not self._server.started and self._thread.is_alive() and time.monotonic() < until_s:
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        if self._server and self._thread:
            self._server.should_exit = True
            self._thread.join(5.0)
        self._work.shutdown(wait=False, cancel_futures=True)

    # For the show -----------------------------------------------------------------------------------------------------------

    @property
    def listening(self) -> bool:
        """Whether anybody can come in."""
        return self._server is not None and self._server.started

    @property
    def address(self) -> str:
        """The page without its token: nothing secret."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}/"

    @property
    def code(self) -> tuple[str, ...]:
        """The code to scan, rows of 0 and 1, 1 being dark, with the quiet zone around it; it changes every evening."""
        return _code(f"{self.address}#{self.passes.token}")

    @property
    def operator_address(self) -> str:
        """The operator's page with its secret: for the console, never for the screen."""
        return f"{self.address}operator#{self.passes.secret}"

    def errors(self) -> list[str]:
        """What went wrong since the last call, in words for a person."""
        told, self._faults = self._faults, []
        return told

    def drain(self, now_s: float) -> list[ControlEvent]:
        """What was asked since the last call, stamped with the show time; never waits."""
        return [replace(self._asked.popleft(), time_s=now_s) for _ in range(len(self._asked))]

    def present(self) -> frozenset[str]:
        """The phones (as sources) that somebody touched in the last `ACTIVE_S`."""
        since_s = self._clock() - ACTIVE_S
        return frozenset(source for source, at_s in tuple(self._active.items()) if at_s >= since_s)

    def tell(self, told: Told, answers: Sequence[tuple[str, str]] = ()) -> None:
        """Hand over how things stand; costs the show next to nothing, whoever listens."""
        before, self._told = self._told, told
        now_s = self._clock()
        changed = before is None or before.standing is not told.standing or before.state.track_id != told.state.track_id
        if self._loop is None or not (answers or changed or now_s - self._told_s >= _TELL_S):
            return
        self._told_s = now_s
        self._call(self._spread, tuple(answers))

    def show_picture(self, pixels: ByteArray) -> None:
        """The picture that was wanted, (h, w, 3) uint8."""
        self.picture_wanted = False
        self._call(self._hand_out, pixels)

    @property
    def operated(self) -> bool:
        """Whether an operator's page is open."""
        return any(session.source == "operator" for session in tuple(self._sessions))

    # For the pages, in the server's thread ----------------------------------------------------------------------------------

    async def search(self, text: str) -> list[dict[str, str]]:
        """What a text means, best first, `FOUND` at most."""
        if not text.strip():
            return []
        found = await asyncio.get_running_loop().run_in_executor(self._work, self._find, text)
        return [song(track) for track in found[:FOUND] if track.id in self.world.row]

    async def cover(self, track_id: str) -> bytes:
        """A song's small cover as PNG; its colours where it has none."""
        return await asyncio.get_running_loop().run_in_executor(self._work, self._cover, track_id)

    async def picture(self) -> bytes | None:
        """The next frame as PNG, or the last such picture when it is younger than 2 s; None when the show draws none."""
        if self._picture and self._clock() - self._picture[0] < _PICTURE_S:
            return self._picture[1]
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[ByteArray] = loop.create_future()
        self._pictures.append(waiting)
        self.picture_wanted = True
        try:
            pixels = await asyncio.wait_for(waiting, 3.0)
        except TimeoutError:
            return None
        made = await loop.run_in_executor(self._work, _png, pixels)
        self._picture = (self._clock(), made)
        return made

    def welcome(self, phone: str, address: str) -> bool:
        """Whether this phone may come in: one address has `PHONES_PER_ADDRESS` at once, forgotten after a while."""
        now_s = self._clock()
        phones = {each: at_s for each, at_s in self._addresses.get(address, {}).items() if now_s - at_s < ACTIVE_S}
        if phone not in phones and len(phones) >= PHONES_PER_ADDRESS:
            return False
        self._addresses = {each: known for each, known in self._addresses.items() if now_s - max(known.values()) < ACTIVE_S}
        self._addresses[address] = {**phones, phone: now_s}
        return True

    def enter(self, source: str, socket: WebSocket) -> _Session:
        """A socket from now on told how things stand; a phone's older one is closed."""
        session = _Session(source, socket, self)
        if source.startswith(GUEST):
            for other in [each for each in self._sessions if each.source == source]:
                other.stop()
            session.here()
        self._sessions.add(session)
        session.wake()
        return session

    def leave(self, session: Session) -> None:
        """It is gone; its phone counts as here for a while."""
        self._sessions = {each for each in self._sessions if each is not session}

    def touched(self, source: str) -> None:
        """Somebody is at this phone."""
        now_s = self._clock()
        self._active = {each: at_s for each, at_s in self._active.items() if now_s - at_s < ACTIVE_S} | {source: now_s}

    def wish(self, source: str, knob: str, value: str | float) -> bool:
        """Hand a wish to the show; False when too many wait."""
        if len(self._asked) >= _WISHES:
            return False
        self._asked.append(ControlEvent(source, knob, value, 0.0))
        return True

    def turn(self, name: str, value: Any) -> str:
        """Hand the operator's touch of a knob to the show; why not, or nothing."""
        taken = event("operator", name, () if value is None else (value,), time_s=0.0, own=self.own)
        if isinstance(taken, Refusal):
            return taken.reason
        if len(self._asked) >= _WISHES:
            return "too much at once for the show; try again"
        if taken is not None:
            self._asked.append(taken)
        return ""

    def message(self, source: str) -> dict[str, Any] | None:
        """How things stand, for one session."""
        if self._told is None or not self._everybody:
            return None
        if source == "operator":
            own = {knob.name: knob for knob in self.own.values()}
            return for_operator(self._everybody, self._told.state, tuple(own.values()), self._told.rows)
        return for_phone(self._everybody, source)

    def place_s(self) -> float:
        """The heard second of the song."""
        return round(float(self._told.state.song_s), 1) if self._told else 0.0

    # Inside -----------------------------------------------------------------------------------------------------------------

    def _run(self, server: uvicorn.Server, listening: socket.socket) -> None:
        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            await server.serve(sockets=[listening])

        try:
            asyncio.run(serve())
        except Exception as error:  # the show can do without
            self._faults.append(f"the phone remote has ended ({type(error).__name__}: {error}); the show goes on without")
        finally:
            self._loop = None
            listening.close()

    def _call(self, what: Callable[..., None], *given: Any) -> None:
        loop = self._loop
        if loop is not None:
            try:
                loop.call_soon_threadsafe(what, *given)
            except RuntimeError:  # it is closing
                return

    def _spread(self, answers: Sequence[tuple[str, str]]) -> None:
        """Let each session tell what is new to it; worked out once, however many there are."""
        if self._told is None:
            return
        before = self._everybody
        self._everybody = evening(self._told.state, self._told.standing, self.world, present=self.present())
        changed = self._everybody != before
        for session in tuple(self._sessions):
            for source, words in answers:
                if source == session.source:
                    session.say(words)
            if changed or session.source == "operator":
                session.wake()

    def _hand_out(self, pixels: ByteArray) -> None:
        for waiting in self._pictures:
            if not waiting.done():
                waiting.set_result(pixels)
        self._pictures.clear()

    def _drawn_cover(self, track_id: str) -> bytes:
        pixels = self.world.cover_pixels(track_id)
        return _png(_bands(self.world.palette(track_id)) if pixels is None else pixels)


class _Session:
    """One open socket: newest wins for how things stand, and a few words that wait."""

    def __init__(self, source: str, socket: WebSocket, remote: Remote) -> None:
        self.source = source
        self._socket, self._remote = socket, remote
        self._words: deque[str] = deque(maxlen=_SAID)
        self._awake = asyncio.Event()
        self._last: Mapping[str, Any] | None = None
        self._got = 0
        self._over = False

    def wake(self) -> None:
        """There may be something to tell."""
        self._awake.set()

    def say(self, words: str) -> None:
        """Tell one thing."""
        self._words.append(words)
        self._awake.set()

    def got(self, number: int) -> None:
        """Tell that the wish of this number, and all before it, have come."""
        self._got = max(self._got, number)
        self._awake.set()

    def here(self) -> None:
        """Somebody is there."""
        self._remote.touched(self.source)

    @property
    def over(self) -> bool:
        """Whether it was ended: what still comes counts no more."""
        return self._over

    def stop(self) -> None:
        """End the sending, and the socket with it."""
        self._over = True
        self._awake.set()

    async def send(self) -> None:
        """Tell what changed, as soon as it does; then let a moment pass, so that many changes are one message.

        When nothing changes the place in the song is told now and then: a phone that hears nothing knows that it is cut off.
        """
        try:
            while not self._over:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._awake.wait(), SPEAKS_S)
                silent = not self._awake.is_set()
                self._awake.clear()
                await self._tell(silent=silent)
                await asyncio.sleep(0.1)
            await self._socket.close(ELSEWHERE)
        except Exception:  # a socket that is gone is its reader's to close
            return

    async def _tell(self, *, silent: bool) -> None:
        got, self._got = self._got, 0
        if got:
            await self._socket.send_text(json.dumps({"got": got}))
        while self._words:
            await self._socket.send_text(json.dumps({"said": self._words.popleft()}))
        now, place = self._remote.message(self.source), {"at_s": self._remote.place_s()}
        if now is not None and now != self._last:
            before, self._last = self._last or {}, now
            # What does not change in an evening, or hardly, is told when it does.
            known = {key for key in _ONCE if key in before and before[key] == now.get(key)}
            told = {key: value for key, value in now.items() if key not in known}
            await self._socket.send_text(json.dumps({**told, **place}))
        elif silent:
            await self._socket.send_text(json.dumps(place))


@lru_cache(maxsize=2)
def _code(address: str) -> tuple[str, ...]:
    rows = segno.make(address, error="m", micro=False).matrix_iter(scale=1, border=4)
    return tuple("".join("1" if dark else "0" for dark in row) for row in rows)


def _bands(palette: Palette) -> ByteArray:
    """A palette as bands (64, 64, 3) uint8, each as high as its share."""
    ends = np.cumsum(palette.share) / max(float(np.sum(palette.share)), 1e-9)
    rows = np.minimum(np.searchsorted(ends, (np.arange(64) + 0.5) / 64), len(ends) - 1)
    return np.repeat(palette.srgb[rows][:, None], 64, axis=1)


def _png(pixels: ByteArray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "PNG", compress_level=3)
    return file.getvalue()
