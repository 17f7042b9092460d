"""The poster's grid: where everything stands, computed before anything is drawn.

Twelve columns in three modules of four. Portrait: the seed's cover fills the first module and its title hangs in the other two;
below lies the landscape from edge to edge; the list stands on the title's axis; the wall of pictures is the floor. A wide sheet
has cover, title and landscape on its left half and the list on its right. All lengths come from one unit, so a sheet looks the
same at any size.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mixtape.errors import ConfigError
from mixtape.lettering.glyphs import Weight
from mixtape.lettering.runs import clean
from mixtape.lettering.typeset import cap_height_px, measure, pen_width_px, shorten, wrap
from mixtape.poster.landscape import thread
from mixtape.poster.sheet import Box, Layout, Sheet, TextBox, Tone
from mixtape.types import FloatArray, Track

SIDE_PX = (240, 16_000)
"""Shortest and longest side of a sheet."""

DISPLAY_TRACKING_EM = -0.022
"""Large type is set a little tighter (Inter's own advice for display sizes)."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """A part of the sheet with its own twelve columns."""

    x: float
    w: float
    unit: float

    def column(self, first: int, last: int) -> tuple[float, float]:
        """Left edge and width of columns first..last (0..11, both in)."""
        gutter = 0.024 * self.unit
        one = (self.w - 11 * gutter) / 12
        return self.x + first * (one + gutter), (last - first + 1) * one + (last - first) * gutter


def layout(sheet: Sheet, size_px: tuple[int, int]) -> Layout:
    """Where everything of this sheet stands at this size (width, height).

    ConfigError when a side is outside `SIDE_PX` or one is more than four times the other.
    """
    width, height = size_px
    if not (SIDE_PX[0] <= min(size_px) and max(size_px) <= SIDE_PX[1] and max(size_px) <= 4 * min(size_px)):
        raise ConfigError(
            f"poster of {width} x {height} pixels: each side needs {SIDE_PX[0]} to {SIDE_PX[1]:,}, the longer one at most four "
            "times the shorter; 3508 x 4961 is A3 at 300 dpi"
        )
    return _Setting(sheet, width, height).done()


class _Setting:
    """One layout in the making: from the edges inwards, the landscape takes what is left."""

    def __init__(self, sheet: Sheet, width: int, height: int) -> None:
        self.sheet, self.width, self.height = sheet, width, height
        self.wide = width > 0.9 * height
        self.unit = min(width / 2, 0.9 * height) if self.wide else min(float(width), height / 1.15)
        self.margin = 0.062 * self.unit
        one, two = (20, 44) if self.wide else (16, 32)
        self.columns = 1 if sheet.shown <= one else 2 if sheet.shown <= two else 3
        self.texts: list[TextBox] = []

    def done(self) -> Layout:
        """All parts, in the order in which they take their room."""
        u, m = self.unit, self.margin
        inner = self.width - 2 * m
        head = _Frame(m, 0.5 * self.width - 1.5 * m if self.wide else inner, u)
        body = _Frame(0.5 * self.width + 0.5 * m, 0.5 * self.width - 1.5 * m, u) if self.wide else head
        wall = tuple(self._wall())
        floor = min((box.y for box, _ in wall), default=self.height)
        bottom = floor - (0.05 * u if wall else m)
        cover = _box(m, m, head.column(0, 3)[1], head.column(0, 3)[1])
        above = cover.bottom + 0.03 * u
        self._title(head, cover)
        list_top, spine = self._list(body, m if self.wide else above + (0.27 if self.columns == 3 else 0.34) * u, bottom)
        strip_h = 0.011 * u
        strip_y = bottom - strip_h if self.wide else list_top - 0.036 * u - strip_h
        strip = _box(head.x, strip_y, head.w, strip_h)
        land = Box(0, round(above), round(self.width * 0.5) if self.wide else self.width, round(strip_y - 0.012 * u - above))
        places, around = self._places(land)
        self._numbers(places, land)
        return Layout((self.width, self.height), round(m), u, tuple(self.texts), cover, spine, strip, land, places, around, wall)

    def _write(
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

    # The seed ----------------------------------------------------------------------------------------------------------------

    def _title(self, frame: _Frame, cover: Box) -> None:
        """Title and artist of the seed, as large as the room beside the cover allows, hanging from the cover's upper edge."""
        x, room = frame.column(4, 11)
        track = self.sheet.tracks[self.sheet.seed]
        below = self._summary_line(frame, cover.bottom) if self.columns == 3 or self.wide else cover.bottom
        size, title, artist = self._fitted(track.title or track.path.stem, track.artist, room, below - cover.y)
        baseline = cover.y + cap_height_px(size)
        parts: tuple[tuple[str, Tone, tuple[str, ...]], ...] = (("title", "bright", title), ("artist", "dim", artist))
        for part, tone, lines in parts:
            for line in lines:
                self._write(part, line, x, baseline, size, room, weight="semibold", tone=tone, tracking_em=DISPLAY_TRACKING_EM)
                baseline += 1.08 * size

    def _fitted(self, title: str, artist: str, room: float, tall: float) -> tuple[float, tuple[str, ...], tuple[str, ...]]:
        """The largest size at which both fit without breaking a word; at the smallest one, what is too long is cut."""
        longest = sorted(f"{title} {artist}".split(), key=len)[-4:]
        size, least = 0.088 * self.unit, 0.034 * self.unit
        while True:
            most = max(1, int((tall - 0.98 * size) / (1.08 * size)) + 1)
            below = self._display(artist, size, room, min(2, most - 1)) if most > 1 else ()
            above = self._display(title, size, room, most - len(below))
            whole = "".join(above).replace(" ", "") == "".join(clean(title).split())
            calm = "".join(below).replace(" ", "") == "".join(clean(artist).split())
            calm = calm and all(_display_width(word, size) <= room for word in longest)
            if (whole and (calm or size < 0.05 * self.unit)) or size <= least:
                return size, above, below
            size = max(least, size * 0.94)

    def _display(self, text: str, size: float, room: float, lines: int) -> tuple[str, ...]:
        return wrap(text, size_px=size, max_width_px=room, weight="semibold", tracking_em=DISPLAY_TRACKING_EM, max_lines=lines)

    # What it is --------------------------------------------------------------------------------------------------------------

    def _count(self) -> str:
        n = len(self.sheet.tracks)
        named = f", the first {self.sheet.shown} named" if n > self.sheet.shown else ""
        return f"{n} song{'s' if n != 1 else ''}{named}"

    def _summary_line(self, frame: _Frame, bottom: int) -> float:
        """Recipe, count, time and date at the foot of the title's room, on the cover's lower edge; returns where they begin."""
        (x, room), (date_x, date_room) = frame.column(4, 11), frame.column(8, 11)
        size = 0.0155 * self.unit
        total = clock(sum(_seconds(track) for track in self.sheet.tracks))
        self._write("facts", f"{self._count()}, {total}", x, bottom, size, date_x - x - size)
        self._write("date", self.sheet.date, date_x, bottom, size, date_room, tone="dim")
        baseline = bottom - 1.6 * size
        for line in reversed(wrap(self.sheet.recipe, size_px=size, max_width_px=room, max_lines=2)):
            self._write("recipe", line, x, baseline, size, room, tone="dim")
            baseline -= 1.4 * size
        return baseline - size

    def _summary(self, frame: _Frame, top: float) -> float:
        """Time, count, recipe and date below each other in the first module; returns where they end."""
        x, room = frame.column(0, 3)
        room -= 0.02 * self.unit
        large, small = 0.05 * self.unit, 0.0155 * self.unit
        baseline = top + cap_height_px(large)
        total = clock(sum(_seconds(track) for track in self.sheet.tracks))
        self._write("duration", total, x, baseline, large, room, weight="semibold", tracking_em=DISPLAY_TRACKING_EM)
        baseline += 0.038 * self.unit
        self._write("facts", self._count(), x, baseline, small, room)
        recipe = wrap(self.sheet.recipe, size_px=small, max_width_px=room, max_lines=6)
        dated = wrap(self.sheet.date, size_px=small, max_width_px=room, max_lines=1)
        for part, lines in (("recipe", recipe), ("date", dated)):
            baseline += 0.6 * small if lines else 0
            for line in lines:
                baseline += 1.4 * small
                self._write(part, line, x, baseline, small, room, tone="dim")
        return baseline + 0.22 * small

    # The list ----------------------------------------------------------------------------------------------------------------

    def _list(self, frame: _Frame, highest: float, bottom: float) -> tuple[float, tuple[Box, ...]]:
        """The songs, each column on the grid; returns the upper edge and a box for each song's cover."""
        n, u = self.sheet.shown, self.unit
        rows = -(-n // self.columns)
        beside = self.columns < 3 and not self.wide
        least = self._summary_height(frame) if beside else 0.0
        most = min(0.075 * u if self.wide else min(0.062 * u, 0.47 * u / rows), 0.13 * self._column(frame, 0)[1])
        row = min(most, max((bottom - highest) / rows, 0.008 * u))
        top = highest if self.wide else bottom - max(rows * row, least)
        if beside:
            self._summary(frame, top)
        spine = []
        for song in range(n):
            column, place = divmod(song, rows)
            x, room = self._column(frame, column)
            y = round(top + place * row)
            spine.append(Box(round(x), y, round(top + (place + 1) * row) - y, round(top + (place + 1) * row) - y))
            self._song(song, x, room, top + place * row, row)
        return top, tuple(spine)

    def _summary_height(self, frame: _Frame) -> float:
        before = len(self.texts)
        height = self._summary(frame, 0.0)
        del self.texts[before:]
        return height

    def _column(self, frame: _Frame, column: int) -> tuple[float, float]:
        if self.wide:
            share = 12 // self.columns
            return frame.column(column * share, (column + 1) * share - 1)
        if self.columns == 1:
            return frame.column(4, 11)
        first = 4 * (column + (self.columns == 2))
        return frame.column(first, first + 3)

    def _song(self, song: int, x: float, room: float, y: float, row: float) -> None:
        """One song: number, title and time on one line, artist and reason on the next."""
        track, reason = self.sheet.tracks[song], self.sheet.playlist.reasons[song]
        first, second, large, small = y + 0.45 * row, y + 0.81 * row, 0.36 * row, 0.28 * row
        gap = 0.34 * row
        digits = measure("00", size_px=small, tabular=True)
        number_right = x + row + gap + digits
        right, left = x + room, number_right + gap
        self._write(
            "number", str(song + 1), number_right, first, small, digits * 2, right=True, tone="dim", tabular=True, song=song
        )
        tall = self._write(
            "time", clock(_seconds(track)), right, first, small, 0.3 * room, right=True, tone="dim", tabular=True, song=song
        )
        weight: Weight = "semibold" if song == self.sheet.seed else "regular"
        self._write(
            "song", track.title or track.path.stem, left, first, large, right - left - tall - gap, weight=weight, song=song
        )
        used = self._write("by", track.artist, left, second, small, right - left, tone="dim", song=song)
        free = right - left - used - (2 * gap if used else 0)
        if self.columns < 3 and (said := _fitting(reason, size=small, room=free)):
            self._write("reason", said, right, second, small, free, right=True, tone="faint", song=song)

    # The landscape -----------------------------------------------------------------------------------------------------------

    def _places(self, land: Box) -> tuple[FloatArray, FloatArray]:
        """The mixtape's songs and all songs in pixels: a window around the mixtape, with some hundred songs around at least.

        The land is seen from a low side: east to west may be stretched by 1.7 to fill the sheet.
        """
        ids, xy = self.sheet.song_map.ids, self.sheet.song_map.xy.astype(np.float64)
        row_of = {track_id: row for row, track_id in enumerate(ids) if np.isfinite(xy[row]).all()}
        rows = [row_of.get(track_id, -1) for track_id in self.sheet.playlist.ids[: self.sheet.shown]]
        mine = np.array([xy[row] if row >= 0 else (np.nan, np.nan) for row in rows])
        everything = xy[np.isfinite(xy).all(axis=1)]
        if not any(row >= 0 for row in rows):
            mine = everything = _in_time(self.sheet)
        known = mine[np.isfinite(mine).all(axis=1)]
        low, high = known.min(axis=0), known.max(axis=0)
        span = np.ptp(everything, axis=0).max() or 1.0
        room = np.array([land.w - 2 * self.margin - 0.06 * self.unit, max(land.h - 0.13 * self.unit, 0.3 * land.h)])
        closest = span * float(np.clip((100 / len(everything)) ** 0.5, 0.02, 0.30))
        scale = room / np.maximum(high - low, [closest, 0.55 * closest])
        scale = np.minimum(scale, [1.7 * scale[1], 1.2 * scale[0]])
        middle = np.array([land.x + land.w / 2, land.y + land.h / 2])

        def placed(points: npt.NDArray[np.float64]) -> FloatArray:
            return np.asarray((points - (low + high) / 2) * scale * [1, -1] + middle, dtype=np.float32)

        return placed(mine), placed(everything)

    def _numbers(self, places: FloatArray, land: Box) -> None:
        """A number beside each song on the landscape, where one of the places around it is free of songs, thread and numbers."""
        size = (0.0150 if self.sheet.shown <= 16 else 0.0135 if self.sheet.shown <= 32 else 0.011) * self.unit
        known = [i for i in range(len(places)) if np.isfinite(places[i]).all()]
        curve, _ = thread(places[known], per_segment=60)
        inside = Box(round(self.margin), land.y, round(land.w - (1 if self.wide else 2) * self.margin), land.h)
        taken: list[Box] = []
        for i in sorted(known, key=lambda song: (song != self.sheet.seed, song)):
            wide = measure(str(i + 1), size_px=size, tabular=True)
            free = [
                (cost + _crossed(box, curve), order, box)
                for order, (cost, box) in enumerate(_around(places[i], wide, size))
                if _within(box, inside)
                and not any(box.overlaps(other) for other in taken)
                and not _hits(box, places[known], size)
            ]
            if free:
                box = min(free)[2]
                taken.append(box)
                self._write("place", str(i + 1), box.x, box.y + 0.78 * size, size, 4 * size, tabular=True, song=i)

    # The wall ----------------------------------------------------------------------------------------------------------------

    def _wall(self) -> Iterator[tuple[Box, int]]:
        """Pictures from edge to edge at the foot: the lowest row large, each row above half as large, as many rows as there are
        pictures for. A column of the lowest row and what stands on it take neighbouring numbers, the largest first."""
        m = len(self.sheet.pictures)
        if not m:
            return
        across = max(6, round(14 * self.width / (self.unit * (2 if self.wide else 1))))
        rows = min(4, max(1, int(math.log2(m / across + 1))))
        each = 2**rows - 1
        side = self.width / across
        top = self.height - side * (2 - 0.5 ** (rows - 1))
        for block in range(across):
            for row in range(rows):
                part = side / 2**row
                y = top + sum(side / 2**r for r in range(rows - 1, row, -1))
                for i in range(2**row):
                    number = (
                        (block * each + 2**row - 1 + i) * m // (across * each)
                        if m >= across * each
                        else (block * each + 2**row - 1 + i) % m
                    )
                    yield _box(block * side + i * part, y, part, part), number


def _box(x: float, y: float, w: float, h: float) -> Box:
    return Box(round(x), round(y), round(x + w) - round(x), round(y + h) - round(y))


def _fitting(reason: str, *, size: float, room: float) -> str:
    """As many of the things that a reason says as fit, the first ones; nothing when not even one does."""
    ends = [len(reason), *(gap.start() for gap in reversed(list(re.finditer("[,;] ", reason))))]
    return next((reason[:end] for end in ends if 0 < measure(reason[:end], size_px=size) <= room), "")


def _display_width(text: str, size: float) -> float:
    return pen_width_px(text, size_px=size, weight="semibold", tracking_em=DISPLAY_TRACKING_EM)


def _seconds(track: Track) -> float:
    return track.duration_s if math.isfinite(track.duration_s) and track.duration_s > 0 else 0.0


def clock(duration_s: float) -> str:
    """3:07 or 1:02:45."""
    minutes, seconds = divmod(round(duration_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _in_time(sheet: Sheet) -> npt.NDArray[np.float64]:
    """Places for songs that no map knows: from left to right as they begin, in a slow wave."""
    begins = np.cumsum([0.0, *(_seconds(track) + 1.0 for track in sheet.tracks[: sheet.shown])])[:-1]
    x = begins / max(float(begins[-1]), 1.0)
    return np.stack([x, 0.06 * np.sin(5.0 * x)], axis=1)


def _around(place: FloatArray, wide: int, size: float) -> Iterator[tuple[float, Box]]:
    """Places for a number around a song, the best first: right above, then around, then farther."""
    tall = math.ceil(size)
    for ring in (0.95, 1.5, 2.2):
        for turn, angle in enumerate((-45, 0, 45, -135, 180, 135, -90, 90)):
            x = place[0] + ring * size * math.cos(math.radians(angle)) + wide / 2 * (math.cos(math.radians(angle)) - 1)
            y = place[1] + ring * size * math.sin(math.radians(angle)) - tall / 2
            yield 40 * (ring - 0.95) + turn, Box(round(x), round(y), wide, tall)


def _within(box: Box, frame: Box) -> bool:
    return frame.x <= box.x and box.right <= frame.right and frame.y <= box.y and box.bottom <= frame.bottom


def _crossed(box: Box, curve: FloatArray) -> float:
    """How much of the thread runs through the box, as a cost."""
    inside = (curve[:, 0] > box.x) & (curve[:, 0] < box.right) & (curve[:, 1] > box.y) & (curve[:, 1] < box.bottom)
    return 12.0 * float(inside.any()) + 2.0 * float(inside.sum())


def _hits(box: Box, places: FloatArray, size: float) -> bool:
    near = np.clip(places, [box.x, box.y], [box.right, box.bottom]) - places
    return bool((np.hypot(near[:, 0], near[:, 1]) < 0.5 * size).any())
