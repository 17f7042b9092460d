"""Flashes: how to judge them, and how to hold them back.

The numbers are those of WCAG 2.x, "general flash and red flash thresholds". A general flash is a pair of opposing changes of
relative luminance by 10 % or more of its maximum where the darker state is below 0.80; a red flash is a pair of opposing
changes of (R - G - B) * 320 by more than 20 (negative values count as 0) where a saturated red, R / (R + G + B) >= 0.8, takes
part; R, G, B are linear. More than three flashes within any second are too many when they fill more than a quarter of any
window of a third by a third of the picture ("window"; a hall-wide projection is looked at from near), or a quarter of the
picture as a whole ("broadcast").

Each point of a small picture counts its own swings. That is stricter than the text, which asks for flashes at the same time;
it is never more lenient for a point that flashes. Judged against these numbers is not the same as certified.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from mixtape.types import ByteArray, FloatArray

Mask = npt.NDArray[np.bool_]

SWINGS_LIMIT = 6
"""Three flashes a second are three pairs of swings."""

AREA_LIMIT = 0.25
_WINDOW_S = 1.0
_LUMINANCE_STEP = 0.10
_LUMINANCE_DARK = 0.80
_RED_STEP = float(np.nextafter(np.float32(20), np.float32(21)))
"""More than 20, where luminance asks for 10 % or more: the next float makes both the same comparison."""

_SATURATED = 0.8
_MARGIN = 0.05
_AREA_HELD = 0.8 * AREA_LIMIT
_WEIGHTS = np.array([0.2126, 0.7152, 0.0722], np.float32)


@lru_cache(maxsize=1)
def _linear_table() -> FloatArray:
    encoded = np.linspace(0, 1, 256)
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4).astype(np.float32)


def linear(encoded: ByteArray) -> FloatArray:
    """sRGB bytes as linear light 0..1."""
    return _linear_table().take(encoded)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The largest share of a window, 0..1, where the last second had more than three flashes: of luminance, and of red."""

    general: float
    red: float

    @property
    def fails(self) -> bool:
        """Whether either fills more than a quarter."""
        return max(self.general, self.red) > AREA_LIMIT


class _Swings:
    """Counts, point by point, the opposing changes by `step` or more in the last second of one quantity."""

    def __init__(self, step: float, *, window_s: float, dark_below: float = math.inf) -> None:
        self._step, self._window_s, self._dark_below = step, window_s, dark_below
        self._times: deque[tuple[float, Mask]] = deque()
        self._low = self._high = np.zeros(0, np.float32)
        self._way = self._count = np.zeros(0, np.int8)
        self._taking_part = np.zeros(0, bool)

    def look(self, value: FloatArray, taking_part: Mask | bool) -> tuple[Mask, Mask]:
        """Where `value` has swung up and where down since the last swing; changes nothing."""
        if self._low.shape != value.shape:
            return np.zeros(value.shape, bool), np.zeros(value.shape, bool)
        part = self._taking_part | taking_part
        up = (self._way <= 0) & (value - self._low >= self._step) & (self._low < self._dark_below) & part
        down = (self._way >= 0) & (self._high - value >= self._step) & (value < self._dark_below) & part
        return up, down & ~up

    def count(self, swung: Mask, time_s: float) -> npt.NDArray[np.int8]:
        """Swings of each point in the second up to `time_s`, these included."""
        if self._count.shape != swung.shape:
            return swung.astype(np.int8)
        self._forget(time_s)
        return self._count + swung

    def take(self, value: FloatArray, taking_part: Mask | bool, up: Mask, down: Mask, time_s: float) -> None:
        """Go on to this frame, with the swings that `look` found."""
        if self._low.shape != value.shape:
            self._low, self._high = value.copy(), value.copy()
            self._way, self._count = np.zeros(value.shape, np.int8), np.zeros(value.shape, np.int8)
            self._taking_part = np.zeros(value.shape, bool) | taking_part
            self._times.clear()
            return
        self._forget(time_s)
        self._taking_part |= taking_part
        np.minimum(self._low, value, out=self._low)
        np.maximum(self._high, value, out=self._high)
        swung = up | down
        if swung.any():
            self._taking_part[swung] = np.broadcast_to(taking_part, value.shape)[swung]
            self._low[swung] = self._high[swung] = value[swung]
            self._way[up], self._way[down] = 1, -1
            self._times.append((time_s, swung))
            self._count = self._count + swung

    def _forget(self, time_s: float) -> None:
        while self._times and self._times[0][0] <= time_s - self._window_s + 1e-6:
            self._count = self._count - self._times.popleft()[1]


@dataclass(frozen=True, slots=True)
class Look:
    """One frame as both counters see it."""

    luminance: FloatArray
    red: FloatArray
    saturated: Mask
    swings: tuple[tuple[Mask, Mask], tuple[Mask, Mask]]


class FlashMeter:
    """Judges pictures one after another; knows only what it was given."""

    def __init__(self, *, profile: str = "window", margin: float = 0.0) -> None:
        """`profile` "window" or "broadcast"; with a `margin` of 0.05 it is 5 % stricter about swings, and 3 % about time."""
        window_s, dark_below = _WINDOW_S * (1 + 0.6 * margin), _LUMINANCE_DARK + margin * _LUMINANCE_STEP
        self._profile = profile
        self._luminance = _Swings(_LUMINANCE_STEP * (1 - margin), window_s=window_s, dark_below=dark_below)
        self._red = _Swings(_RED_STEP * (1 - margin), window_s=window_s)

    def judge(self, light: FloatArray, *, time_s: float) -> Verdict:
        """Take in the next picture (h, w, 3), linear 0..1, and say how bad the last second was."""
        look = self.look(light)
        verdict = self.verdict(look, time_s=time_s)
        self.take(look, time_s=time_s)
        return verdict

    def look(self, light: FloatArray) -> Look:
        """What a picture would change, without taking it in."""
        luminance = light @ _WEIGHTS
        red, others = light[..., 0], light[..., 1] + light[..., 2]
        redness = np.maximum(red - others, 0) * np.float32(320)
        saturated = (red >= _SATURATED * (red + others)) & (red > 0)
        swings = (self._luminance.look(luminance, True), self._red.look(redness, saturated))
        return Look(luminance, redness, saturated, swings)

    def verdict(self, look: Look, *, time_s: float) -> Verdict:
        """What `judge` would say of the picture of this look at `time_s`."""
        (up, down), (red_up, red_down) = look.swings
        return Verdict(
            self._share(self._luminance.count(up | down, time_s)), self._share(self._red.count(red_up | red_down, time_s))
        )

    def take(self, look: Look, *, time_s: float) -> None:
        """Take in the picture of this look."""
        self._luminance.take(look.luminance, True, *look.swings[0], time_s)
        self._red.take(look.red, look.saturated, *look.swings[1], time_s)

    def _share(self, count: npt.NDArray[np.int8]) -> float:
        over = count > SWINGS_LIMIT
        if not over.any():
            return 0.0
        return float(over.mean()) if self._profile == "broadcast" else worst_window(over)


def worst_window(mask: Mask) -> float:
    """The largest share of true points in any window of a third by a third of the picture."""
    rows, cols = max(1, mask.shape[0] // 3), max(1, mask.shape[1] // 3)
    total = np.zeros((mask.shape[0] + 1, mask.shape[1] + 1), np.int32)
    total[1:, 1:] = mask.cumsum(0, dtype=np.int32).cumsum(1)
    inside = total[rows:, cols:] - total[:-rows, cols:] - total[rows:, :-cols] + total[:-rows, :-cols]
    return float(inside.max()) / (rows * cols)


class FlashLimiter:
    """Says how much of the output before must stay, so that the output never flashes more than three times a second.

        shown = (1 - blend) * picture + blend * shown before,   on sRGB values, as the last pass of the show does it

    A picture that flashes makes the limiter slow everything down (a time constant up to 0.6 s, gone within two seconds of calm);
    what would still be one flash too many is held still, which is always allowed. Calm pictures get exactly 0.
    """

    def __init__(self, *, profile: str = "window") -> None:
        # The margin leaves room for what a small picture cannot know of the large one's rounding.
        self._shown_meter = FlashMeter(profile=profile, margin=_MARGIN)
        self._wish_meter = FlashMeter(profile=profile)
        self._shown: ByteArray | None = None
        self._time_s = 0.0
        self._slowness_s = 0.0

    def limit(self, small: ByteArray, *, time_s: float) -> float:
        """The blend 0..1 for the frame whose small picture is `small`, (h, w, 3) sRGB bytes, at `time_s` seconds of the show."""
        if self._shown is None or self._shown.shape != small.shape:
            self._shown = small
        dt_s, self._time_s = max(time_s - self._time_s, 0.0), time_s
        light = linear(small)
        flashing = self._wish_meter.judge(light, time_s=time_s).fails
        soft = self._soft(flashing, dt_s)
        for blend in sorted({soft, *(step for step in _STEPS if step > soft)}):
            shown = small if blend == 0.0 else _blended(small, self._shown, blend)
            light = light if blend == 0.0 else linear(shown)
            look = self._shown_meter.look(light)
            verdict = self._shown_meter.verdict(look, time_s=time_s)
            if max(verdict.general, verdict.red) <= _AREA_HELD:
                break
        self._shown_meter.take(look, time_s=time_s)
        self._shown = shown
        return blend

    def _soft(self, flashing: bool, dt_s: float) -> float:
        """The blend of a low-pass whose time constant grows while the picture flashes and shrinks when it is calm again."""
        grown = self._slowness_s + dt_s * (3.0 if flashing else -0.3)
        self._slowness_s = min(max(grown, 0.0), _SLOWEST_S)
        return math.exp(-dt_s / self._slowness_s) if self._slowness_s > _FASTEST_S else 0.0


def _blended(picture: ByteArray, before: ByteArray, blend: float) -> ByteArray:
    """The blend as a screen of bytes rounds it: rounded feedback strays far from the exact one in a second."""
    mixed = picture + np.float32(blend) * (before.astype(np.float32) - picture)
    return np.rint(mixed).astype(np.uint8)


_SLOWEST_S = 0.6
_FASTEST_S = 0.004
_STEPS = (0.5, 0.8, 0.92, 0.97, 1.0)
"""Tried in turn when the soft blend is not enough; 1 holds the picture still, so the count can only fall."""
