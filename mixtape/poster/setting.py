"""What all layouts share: the columns, one way to put a line of text, and the words that say what the mixtape is."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from mixtape.lettering.glyphs import Weight
from mixtape.lettering.typeset import cap_height_px, measure, pen_width_px, shorten, wrap
from mixtape.poster.sheet import Box, Sheet, Stroke, TextBox, Tone
from mixtape.types import Track

DISPLAY_TRACKING_EM = -0.022
"""Large type is set a little tighter (Inter's own advice for display sizes)."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A part of the sheet with its own twelve columns."""

    x: float
    w: float
    unit: float

    def column(self, first: int, last: int) -> tuple[float, float]:
        """Left edge and width of columns first..last (0..11, both in)."""
        gutter = 0.024 * self.unit
        one = (self.w - 11 * gutter) / 12
        return self.x + first * (one + gutter), (last - first + 1) * one + (last - first) * gutter


class Setting:
    """One layout in the making: it collects the lines of text and the strokes."""

    def __init__(self, sheet: Sheet, size_px: tuple[int, int], *, unit: float) -> None:
        self.sheet, self.unit = sheet, unit
        self.width, self.height = size_px
        self.texts: list[TextBox] = []
        self.strokes: list[Stroke] = []

    def write(
        self,
        part: str,
        text: str,
        x: float,
        baseline: float,
        size: float,
        room: float,
        *,
        right: bool = False,
        weight: Weight = "regular",
        tone: Tone = "bright",
        tracking_em: float = 0.0,
        tabular: bool = False,
        song: int | None = None,
    ) -> float:
        """Put one line; shortened to the room. Returns the width it took."""
        line = shorten(text, size_px=size, max_width_px=room, weight=weight, tracking_em=tracking_em, tabular=tabular)
        wide = measure(line, size_px=size, weight=weight, tracking_em=tracking_em, tabular=tabular)
        if wide:
            top = round(baseline - 0.78 * size)
            box = Box(round(x) - wide if right else round(x), top, wide, max(1, round(baseline + 0.22 * size) - top))
            self.texts.append(TextBox(part, line, box, round(baseline), size, weight, tone, tracking_em, tabular, song))
        return float(wide)

    def count(self) -> str:
        """How many songs, and how many of them are named."""
        n = len(self.sheet.tracks)
        named = f", the first {self.sheet.shown} named" if n > self.sheet.shown else ""
        return f"{n} song{'s' if n != 1 else ''}{named}"

    def total(self) -> str:
        """How long the whole mixtape lasts."""
        return clock(sum(seconds_of(track) for track in self.sheet.tracks))

    def summary(self, frame: Frame, top: float, *, last: int = 3) -> float:
        """Time, count, recipe and date below each other in the columns up to the last one; returns where they end."""
        x, room = frame.column(0, last)
        room -= 0.02 * self.unit
        large, small = 0.05 * self.unit, 0.0155 * self.unit
        baseline = top + cap_height_px(large)
        self.write("duration", self.total(), x, baseline, large, room, weight="semibold", tracking_em=DISPLAY_TRACKING_EM)
        baseline += 0.038 * self.unit
        self.write("facts", self.count(), x, baseline, small, room)
        recipe = wrap(self.sheet.recipe, size_px=small, max_width_px=room, max_lines=6)
        dated = wrap(self.sheet.date, size_px=small, max_width_px=room, max_lines=1)
        for part, lines in (("recipe", recipe), ("date", dated)):
            baseline += 0.6 * small if lines else 0
            for line in lines:
                baseline += 1.4 * small
                self.write(part, line, x, baseline, small, room, tone="dim")
        return baseline + 0.22 * small


def box_of(x: float, y: float, w: float, h: float) -> Box:
    """The rectangle on whole pixels; boxes that meet still meet."""
    return Box(round(x), round(y), round(x + w) - round(x), round(y + h) - round(y))


def box_between(x0: float, y0: float, x1: float, y1: float) -> Box:
    """The rectangle between these edges on whole pixels."""
    return Box(round(x0), round(y0), round(x1) - round(x0), round(y1) - round(y0))


def fitting(reason: str, *, size: float, room: float) -> str:
    """As many of the things that a reason says as fit, the first ones; nothing when not even one does."""
    ends = [len(reason), *(gap.start() for gap in reversed(list(re.finditer("[,;] ", reason))))]
    return next((reason[:end] for end in ends if 0 < measure(reason[:end], size_px=size) <= room), "")


def display_width(text: str, size: float) -> float:
    """How far the pen goes for the text in display type."""
    return pen_width_px(text, size_px=size, weight="semibold", tracking_em=DISPLAY_TRACKING_EM)


def seconds_of(track: Track) -> float:
    """How long the song lasts; 0 where nobody knows."""
    return track.duration_s if math.isfinite(track.duration_s) and track.duration_s > 0 else 0.0


def lengths_s(sheet: Sheet) -> list[float]:
    """How long each shown song is drawn: as it lasts, a second where that is not known."""
    return [track.duration_s if 1.0 < track.duration_s < 1e6 else 1.0 for track in sheet.tracks[: sheet.shown]]


def clock(duration_s: float) -> str:
    """3:07 or 1:02:45."""
    minutes, seconds = divmod(round(duration_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
