"""Who asked by OSC to be told how things stand: a program that sends may also listen, without a line in config.

The address told is always the one the wish came from, so that nobody can point the show at somebody else.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from installation.control.knobs import ROOT

SUBSCRIBE = ROOT + "subscribe"
UNSUBSCRIBE = ROOT + "unsubscribe"
LASTS_S = 60.0
"""So long a wish to be told holds; said again, it holds anew."""

LIMIT = 16
_PORTS = range(1024, 65536)


@dataclass(frozen=True, slots=True)
class Target:
    """Who is told by OSC; `norm`: knobs as places 0 to 1 in their ranges, at `/mixtape/norm/...`."""

    host: str
    port: int
    norm: bool = False


class Subscribers:
    """May be told and asked from two threads. `own_port` is where the show itself listens: it is never told."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.own_port = 0
        self._clock, self._lock = clock, threading.Lock()
        self._until_s: dict[tuple[str, int], tuple[float, bool]] = {}

    def take(self, address: str, args: tuple[Any, ...], host: str) -> str:
        """Obey `SUBSCRIBE` or `UNSUBSCRIBE` from `host`, with a port and perhaps the word "norm"; why not, or nothing."""
        port = args[0] if args else None
        if isinstance(port, bool) or not isinstance(port, int | float) or port not in _PORTS or args[1:] not in ((), ("norm",)):
            return f'{address}: the port you listen on is needed, {_PORTS[0]} to {_PORTS[-1]}; then "norm" for values 0 to 1'
        if port == self.own_port:
            return f"{address}: {self.own_port} is the port the show itself listens on; listen on another one"
        key, now_s = (host, int(port)), self._clock()
        with self._lock:
            self._until_s = {each: until for each, until in self._until_s.items() if until[0] > now_s}
            if address == UNSUBSCRIBE:
                self._until_s.pop(key, None)
            elif key in self._until_s or len(self._until_s) < LIMIT:
                self._until_s[key] = now_s + LASTS_S, len(args) > 1
            else:
                return f"{address}: {LIMIT} programs are told already; one of them must leave or let its {LASTS_S:g} s pass"
        return ""

    def targets(self) -> tuple[Target, ...]:
        """Who is told now."""
        if not self._until_s:
            return ()
        now_s = self._clock()
        with self._lock:
            return tuple(Target(*each, norm) for each, (until_s, norm) in self._until_s.items() if until_s > now_s)
