"""Who may come in: the evening's token, the pass a phone gets for it, and the operator's secret.

A pass is the phone's number, which the server chose, and a signature (HMAC-SHA256) made with the evening's key: nothing has to be
kept for a phone, nobody can make up or steal another's number, and with the next evening all passes are void. Every comparison
takes the same time wherever the difference is.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable

_EVENING = datetime.timedelta(hours=12)
"""An evening goes from noon to noon."""


class Passes:
    """The secrets of a show. `now` may be another clock, for tests."""

    def __init__(self, now: Callable[[], datetime.datetime] = datetime.datetime.now) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._evening: datetime.date | None = None
        self._token = ""
        self._key = b""
        self.secret = secrets.token_urlsafe(18)
        """What opens the operator's page; it lives as long as the show."""
        self._operator = secrets.token_hex(24)

    @property
    def token(self) -> str:
        """What the code on the wall says this evening."""
        self._turn()
        return self._token

    def admits(self, token: str) -> bool:
        """Whether this is the evening's token."""
        return _same(token, self.token)

    def issue(self) -> str:
        """A pass for a phone that was not here yet this evening."""
        phone = secrets.token_hex(8)
        return f"{phone}.{self._signature(phone)}"

    def phone(self, shown: str) -> str | None:
        """The number of the phone that shows this pass, or None when it is none of this evening."""
        phone, _, signature = shown.partition(".")
        return phone if _same(signature, self._signature(phone)) else None

    def operator_pass(self, secret: str) -> str | None:
        """What the operator's browser shows from now on, for the right secret."""
        return self._operator if _same(secret, self.secret) else None

    def is_operator(self, shown: str) -> bool:
        """Whether this is the operator's pass."""
        return _same(shown, self._operator)

    def _signature(self, phone: str) -> str:
        self._turn()
        return hmac.new(self._key, _bytes(phone), hashlib.sha256).hexdigest()

    def _turn(self) -> None:
        evening = (self._now() - _EVENING).date()
        # The show asks for the code, the server for the rest.
        with self._lock:
            if evening != self._evening:
                self._evening, self._token, self._key = evening, secrets.token_urlsafe(9), secrets.token_bytes(32)


def _same(shown: str, known: str) -> bool:
    return hmac.compare_digest(_bytes(shown), _bytes(known))


def _bytes(text: str) -> bytes:
    # JSON can carry halves of a character, which have no UTF-8.
    return text.encode("utf-8", "surrogatepass")
