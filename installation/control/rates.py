"""How often anybody outside may ask something: for OSC senders, phones and addresses alike."""

from __future__ import annotations

import time
from collections.abc import Callable


class Rates:
    """Token buckets: so many a second for each key and `burst` at once. Beyond `keys`, the longest unheard of is forgotten."""

    def __init__(self, rate_hz: float, burst: float, *, keys: int = 2048, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate_hz, self._burst, self._keys, self._clock = rate_hz, burst, keys, clock
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, key: str, count: int = 1) -> bool:
        """Whether `key` may `count` times more, which then count; else none of them does."""
        now_s = self._clock()
        left, since_s = self._left.pop(key, (self._burst, now_s))
        left = min(self._burst, left + max(now_s - since_s, 0.0) * self._rate_hz)
        self._left[key] = (left - count if left >= count else left, now_s)
        if len(self._left) > self._keys:
            del self._left[next(iter(self._left))]
        return left >= count
