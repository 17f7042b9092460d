"""Flashes: how to judge them, and how to hold them back.

The numbers are those of WCAG 2.x, "general flash and red flash thresholds". A general flash is a pair of opposing changes of
relative luminance by 10 % or more of its maximum where the darker state is below 0.80; a red flash is a pair of opposing
changes of (R - G - B) * 320 by more than 20 (negative values count as 0) where a saturated red, R / (R + G + B) >= 0.8, takes
part; R, G, B are linear. More than three flashes within any second are too many when they fill more than a quarter of any
window of a third by a third of the picture ("window"; a hall-wide projection is looked at from near), or a quarter of the
picture as a whole ("broadcast").

Each point of a small picture counts its own swings, of which those count where points swing together: an eighth of a window
one way within 1/30 s, or in balance within 1/10 s. So a strobe, a pulse, a cut and a reversing pattern count, while covers that
a camera glides over, each point bright and dark at its own time, do not. Judged against these numbers is not the same as
certified.
"""

from __future__ import annotations

import copy
import math
from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from mixtape.types import ByteArray, FloatArray

Mask = npt.NDArray[np.bool_]

SWINGS_LIMIT = 6
"""Three flashes a second are three pairs of swings."""

TURNING_SWINGS = 2
"""So many are let through in the second before and after displays change: with the change itself, never more than five."""

AREA_LIMIT = 0.25
_WINDOW_S = 1.0
_LUMINANCE_STEP = 0.10
_LUMINANCE_DARK = 0.80
_RED_STEP = float(np.nextafter(np.float32(20), np.float32(21)))
"""More than 20, where luminance asks for 10 % or more: the next float makes both the same comparison."""

_SATURATED = 0.8
_TOGETHER = 1 / 8
_MEAN_STEP = 0.09
_AT_ONCE_S = 1 / 30
_SOON_S = 1 / 10
_AREA_HELD = 0.7 * AREA_LIMIT
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


@dataclass(frozen=True, slots=True)
class Swing:
    """One frame of one quantity: its value, where it swung up and down, and which of these count."""

    value: FloatArray
    up: Mask
    down: Mask
    counted: Mask


class _Swings:
    """Counts, point by point, the opposing changes by `step` or more in the last second of one quantity."""

    def __init__(self, step: float, *, window_s: float, together: float, dark_below: float = math.inf) -> None:
        self._step, self._window_s, self._together_share, self._dark_below = step, window_s, together, dark_below
        self._times: deque[tuple[float, Mask]] = deque()
        self._recent: deque[tuple[float, Mask, Mask]] = deque()
        self._low = self._high = np.zeros(0, np.float32)
        self._way = self._count = np.zeros(0, np.int8)
        self._taking_part = np.zeros(0, bool)

    def look(self, value: FloatArray, taking_part: Mask | bool, time_s: float) -> Swing:
        """Where `value` has swung up and where down since the last swing; changes nothing."""
        if self._low.shape != value.shape:
            none = np.zeros(value.shape, bool)
            return Swing(value, none, none, none)
        part = self._taking_part | taking_part
        up = (self._way <= 0) & (value - self._low >= self._step) & (self._low < self._dark_below) & part
        down = (self._way >= 0) & (self._high - value >= self._step) & (value < self._dark_below) & part & ~up
        swung = up | down
        return Swing(value, up, down, swung & self._together(up, down, time_s) if swung.any() else swung)

    def count(self, swing: Swing, time_s: float) -> npt.NDArray[np.int8]:
        """Swings of each point in the second up to `time_s`, these included."""
        if self._count.shape != swing.counted.shape:
            return swing.counted.astype(np.int8)
        self._forget(time_s)
        return self._count + swing.counted

    def take(self, swing: Swing, taking_part: Mask | bool, time_s: float) -> None:
        """Go on to this frame, with the swings that `look` found."""
        value, up, down = swing.value, swing.up, swing.down
        if self._low.shape != value.shape:
            self._low, self._high = value.copy(), value.copy()
            self._way, self._count = np.zeros(value.shape, np.int8), np.zeros(value.shape, np.int8)
            self._taking_part = np.zeros(value.shape, bool) | taking_part
            self._times.clear()
            self._recent.clear()
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
            self._recent.append((time_s, up, down))
            self._times.append((time_s, swing.counted))
            self._count = self._count + swing.counted

    def _together(self, up: Mask, down: Mask, time_s: float) -> Mask:
        """Points in a window of which enough swings with them; `up` and `down` are the swings of this frame."""
        recent = [each for each in self._recent if time_s - each[0] < _SOON_S - 1e-6]
        ups, downs = [up, *(each[1] for each in recent)], [down, *(each[2] for each in recent)]
        lately = 1 + sum(time_s - each[0] < _AT_ONCE_S - 1e-6 for each in recent)
        if _most_at_best(_any(ups + downs)) < self._together_share:
            return np.zeros(up.shape, bool)
        # The newest come last in `recent`, so those of the last moments are at its end.
        at_once = [window_shares(_any([masks[0], *masks[len(masks) - lately + 1 :]])) for masks in (ups, downs)]
        balance = np.abs(window_shares(_any(ups).view(np.int8) - _any(downs).view(np.int8)))
        return _covered(np.maximum(np.maximum(*at_once), balance) >= self._together_share, up.shape)

    def _forget(self, time_s: float) -> None:
        while self._times and self._times[0][0] <= time_s - self._window_s + 1e-6:
            self._count = self._count - self._times.popleft()[1]
        while self._recent and self._recent[0][0] <= time_s - _SOON_S:
            self._recent.popleft()


@dataclass(frozen=True, slots=True)
class Look:
    """One picture as both counters see it."""

    luminance: Swing
    red: Swing
    saturated: Mask


class FlashMeter:
    """Judges pictures one after another; knows only what it was given."""

    def __init__(self, *, profile: str = "window", careful: bool = False) -> None:
        """`profile` "window" or "broadcast". A `careful` one counts more than it has to: swings from 15 % less, darker states up
        to 0.83, for 3 % longer, and where half as many points swing together. That is what rounding, shrinking and the loss of a
        video encoder can make of a picture (a level of 255 is 0.008 of luminance near white)."""
        least = 0.85 if careful else 1.0
        window_s, together = _WINDOW_S * (1.03 if careful else 1.0), _TOGETHER * (0.5 if careful else 1.0)
        dark_below = _LUMINANCE_DARK + (0.03 if careful else 0.0)
        self._profile = profile
        self._luminance = _Swings(_LUMINANCE_STEP * least, window_s=window_s, together=together, dark_below=dark_below)
        self._red = _Swings(_RED_STEP * least, window_s=window_s, together=together)

    def judge(self, light: FloatArray, *, time_s: float) -> Verdict:
        """Take in the next picture (h, w, 3), linear 0..1, and say how bad the last second was."""
        look = self.look(light, time_s=time_s)
        verdict = self.verdict(look, time_s=time_s)
        self.take(look, time_s=time_s)
        return verdict

    def look(self, light: FloatArray, *, time_s: float) -> Look:
        """What a picture would change, without taking it in."""
        red, others = light[..., 0], light[..., 1] + light[..., 2]
        redness = np.maximum(red - others, 0) * np.float32(320)
        saturated = (red >= _SATURATED * (red + others)) & (red > 0)
        luminance = self._luminance.look(light @ _WEIGHTS, True, time_s)
        return Look(luminance, self._red.look(redness, saturated, time_s), saturated)

    def verdict(self, look: Look, *, time_s: float) -> Verdict:
        """What `judge` would say of the picture of this look at `time_s`."""
        counts = self._luminance.count(look.luminance, time_s), self._red.count(look.red, time_s)
        return Verdict(*(area(count > SWINGS_LIMIT, profile=self._profile) for count in counts))

    def share(self, look: Look, *, time_s: float, above: int) -> float:
        """The largest share of a window with more than so many swings of either kind in the second up to `time_s`."""
        counts = self._luminance.count(look.luminance, time_s), self._red.count(look.red, time_s)
        return max(area(count > above, profile=self._profile) for count in counts)

    def take(self, look: Look, *, time_s: float) -> None:
        """Take in the picture of this look."""
        self._luminance.take(look.luminance, True, time_s)
        self._red.take(look.red, look.saturated, time_s)

    def crowds(self, look: Look, *, time_s: float) -> tuple[int, int]:
        """The most swings in the second up to `time_s`, these included, that more than a quarter share: of luminance, of red."""
        counts = self._luminance.count(look.luminance, time_s), self._red.count(look.red, time_s)
        return crowd(counts[0], profile=self._profile), crowd(counts[1], profile=self._profile)

    def windows(self, look: Look, *, time_s: float, swings: tuple[int, int]) -> tuple[Window, Window]:
        """Where most points have so many swings: of luminance, of red."""
        counts = self._luminance.count(look.luminance, time_s), self._red.count(look.red, time_s)
        return fullest(counts[0] >= swings[0]), fullest(counts[1] >= swings[1])


Window: TypeAlias = tuple[float, float, float, float]
"""Left, top, right and bottom of a part of the picture, 0..1 from its upper left corner."""


def area(mask: Mask, *, profile: str) -> float:
    """The share of true points that counts by a profile, 0..1: of the fullest window, or of the whole picture."""
    if not mask.any():
        return 0.0
    return float(mask.mean()) if profile == "broadcast" else float(window_shares(mask).max())


def crowd(count: npt.NDArray[np.integer], *, profile: str) -> int:
    """The largest number that points reach over more than a quarter of a window, or of the picture, by the profile."""
    return next((n for n in range(int(count.max()), 0, -1) if area(count >= n, profile=profile) > AREA_LIMIT), 0)


def fullest(mask: Mask) -> Window:
    """The window of a third by a third with most true points."""
    shares, (rows, cols) = window_shares(mask), _window(mask.shape)
    top, left = divmod(int(shares.argmax()), shares.shape[1])
    return (left / mask.shape[1], top / mask.shape[0], (left + cols) / mask.shape[1], (top + rows) / mask.shape[0])


def _window(shape: tuple[int, ...]) -> tuple[int, int]:
    return max(1, shape[0] // 3), max(1, shape[1] // 3)


def window_shares(mask: Mask | npt.NDArray[np.int8]) -> FloatArray:
    """The share of true points in every window of a third by a third of the picture, by its upper left point.

    Of a mask of -1, 0 and 1 the sum, over as many points.
    """
    rows, cols = _window(mask.shape)
    total = np.zeros((mask.shape[0] + 1, mask.shape[1] + 1), np.int32)
    total[1:, 1:] = mask.cumsum(0, dtype=np.int32).cumsum(1)
    inside = total[rows:, cols:] - total[:-rows, cols:] - total[rows:, :-cols] + total[:-rows, :-cols]
    return (inside / np.float32(rows * cols)).astype(np.float32, copy=False)


def window_means(value: FloatArray) -> FloatArray:
    """The mean of `value` (h, w), 6 by 6 or more, in windows of a third by a third that lie half a window apart: (5, 5)."""
    rows, cols = (np.linspace(0, side, 7).astype(np.intp) for side in value.shape)
    blocks = np.add.reduceat(np.add.reduceat(value, rows[:-1], axis=0), cols[:-1], axis=1)
    blocks /= np.diff(rows)[:, None] * np.diff(cols)
    return np.asarray((blocks[1:, 1:] + blocks[1:, :-1] + blocks[:-1, 1:] + blocks[:-1, :-1]) / 4, np.float32)


def _most_at_best(mask: Mask) -> float:
    """No window of a third by a third has a larger share of true points than this; found in blocks, with little work."""
    rows, cols = _window(mask.shape)
    block = max(1, rows // 3)
    high, wide = mask.shape[0] // block * block, mask.shape[1] // block * block
    if rows < 3 or high < mask.shape[0] or wide < mask.shape[1]:
        return 1.0
    blocks = np.add.reduceat(
        np.add.reduceat(mask, np.arange(0, high, block), axis=0, dtype=np.int16), np.arange(0, wide, block), axis=1
    )
    # A window touches at most so many blocks on each side.
    down, across = (min(-(-side // block) + 1, have) for side, have in zip((rows, cols), blocks.shape, strict=True))
    total = np.zeros((blocks.shape[0] + 1, blocks.shape[1] + 1), np.int32)
    total[1:, 1:] = blocks.cumsum(0).cumsum(1)
    inside = total[down:, across:] - total[:-down, across:] - total[down:, :-across] + total[:-down, :-across]
    return float(inside.max()) / (rows * cols)


def _covered(windows: Mask, shape: tuple[int, ...]) -> Mask:
    """The points that lie in any of these windows, named by their upper left points."""
    rows, cols = _window(shape)
    edges = np.zeros((shape[0] + 1, shape[1] + 1), np.int32)
    edges[:-rows, :-cols] += windows
    edges[rows:, :-cols] -= windows
    edges[:-rows, cols:] -= windows
    edges[rows:, cols:] += windows
    covered: Mask = edges.cumsum(0).cumsum(1)[:-1, :-1] > 0
    return covered


def _any(masks: list[Mask]) -> Mask:
    return np.logical_or.reduce(masks)


class FlashLimiter:
    """Says how much of the output before must stay, so that the output never flashes more than three times a second.

        shown = (1 - blend) * picture + blend * shown before,   on sRGB values, as the last pass of the show does it

    A picture that flashes makes the limiter slow everything down (a time constant up to 0.6 s, gone within two seconds of calm);
    what would still be one flash too many is held still, which is always allowed. Calm pictures get exactly 0.
    """

    def __init__(self, *, profile: str = "window") -> None:
        self._wish_meter = FlashMeter(profile=profile)
        self._careful_meter = FlashMeter(profile=profile, careful=True)
        # What counts from less also counts earlier: on a slow rise the careful meter alone would forget too soon. As long as the
        # picture is shown as it is wished, the wish's meter does for both.
        self._exact_meter = self._wish_meter
        self._blended_s = -math.inf
        # Bars that pass by swing no point together with its neighbours, but the light of a window as a whole.
        self._by_window = profile == "window"
        self._means = _Swings(_MEAN_STEP, window_s=1.03, together=0.0, dark_below=_LUMINANCE_DARK + 0.03)
        self._shown: ByteArray | None = None
        self._time_s = self._ahead_s = 0.0
        self._slowness_s = 0.0

    def limit(self, small: ByteArray, *, time_s: float, swings: int = SWINGS_LIMIT) -> float:
        """The blend 0..1 for the frame whose small picture is `small`, (h, w, 3) sRGB bytes, at `time_s` seconds of the show.

        No more than `swings` are let into the second up to then. Time that runs back, as when a new show begins, stands still
        for one frame: what was counted is neither lost nor kept for long.

        Raises:
            ValueError: `small` is of another shape than the pictures before; what was counted would be lost with it.
        """
        if self._shown is None:
            self._shown = small
        if self._shown.shape != small.shape:
            raise ValueError(f"a picture of {small.shape} after those of {self._shown.shape}: shrink all to one shape")
        self._ahead_s += max(self._time_s - time_s, 0.0)
        dt_s, self._time_s = max(time_s - self._time_s, 0.0), time_s
        time_s += self._ahead_s
        light = linear(small)
        if time_s - self._blended_s > _ALIKE_S:
            self._exact_meter = self._wish_meter
        wished = self._wish_meter.look(light, time_s=time_s)
        soft = self._soft(self._wish_meter.verdict(wished, time_s=time_s).fails, dt_s)
        for blend in sorted({soft, *(step for step in _STEPS if step > soft)}):
            shown = small if blend == 0.0 else _blended(small, self._shown, blend)
            light = light if blend == 0.0 else linear(shown)
            careful = self._careful_meter.look(light, time_s=time_s)
            as_wished = blend == 0.0 and self._exact_meter is self._wish_meter
            exact = wished if as_wished else self._exact_meter.look(light, time_s=time_s)
            means = self._means.look(window_means(careful.luminance.value), True, time_s)
            steady = not self._by_window or int(self._means.count(means, time_s).max()) <= swings
            looks = (self._careful_meter, careful), (self._exact_meter, exact)
            if steady and all(meter.share(look, time_s=time_s, above=swings) <= _AREA_HELD for meter, look in looks):
                break
        if blend > 0.0:
            self._blended_s = time_s
            if self._exact_meter is self._wish_meter:
                self._exact_meter = copy.deepcopy(self._wish_meter)
        self._means.take(means, True, time_s)
        self._careful_meter.take(careful, time_s=time_s)
        if self._exact_meter is not self._wish_meter:
            self._exact_meter.take(exact, time_s=time_s)
        self._wish_meter.take(wished, time_s=time_s)
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


_ALIKE_S = 2.0
"""After so long without a blend, what is shown and what is wished have flashed alike for longer than a flash counts."""

_SLOWEST_S = 0.6
_FASTEST_S = 0.004
_STEPS = (0.5, 0.8, 0.92, 0.97, 1.0)
"""Tried in turn when the soft blend is not enough; 1 holds the picture still, so the count can only fall."""
