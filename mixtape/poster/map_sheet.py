"""The map sheet: the seed, the thread through the landscape, the list, the wall of pictures.

Twelve columns in three modules of four. Portrait: the seed's cover fills the first module and its title hangs in the other two;
below lies the landscape from edge to edge; the list stands on the title's axis; the wall of pictures is the floor. A wide sheet
has cover, title and landscape on its left half and the list on its right. All lengths come from one unit, so a sheet looks the
same at any size.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from mixtape.lettering.glyphs import Weight
from mixtape.lettering.runs import clean
from mixtape.lettering.typeset import cap_height_px, measure, wrap
from mixtape.poster.curve import curve_across, curve_known
from mixtape.poster.landscape import thread
from mixtape.poster.places import around_place, crossed, hits, places_on, within
from mixtape.poster.setting import DISPLAY_TRACKING_EM, Frame, Setting, box_of, clock, display_width, fitting, seconds_of
from mixtape.poster.sheet import Box, Layout, Sheet, Tone
from mixtape.types import FloatArray


def map_sheet(sheet: Sheet, size_px: tuple[int, int]) -> Layout:
    """Where everything of this sheet stands at this size (width, height)."""
    return _MapSheet(sheet, size_px).done()


class _MapSheet(Setting):
    """From the edges inwards; the landscape takes what is left."""

    def __init__(self, sheet: Sheet, size_px: tuple[int, int]) -> None:
        width, height = size_px
        self.wide = width > 0.9 * height
        super().__init__(sheet, size_px, unit=min(width / 2, 0.9 * height) if self.wide else min(float(width), height / 1.15))
        self.margin = 0.062 * self.unit
        one, two = (20, 44) if self.wide else (16, 32)
        self.columns = 1 if sheet.shown <= one else 2 if sheet.shown <= two else 3
        # The curve takes its room from the list rather than from the landscape.
        self.lane = 0.055 * self.unit if curve_known(sheet) else 0.0
        self.share = 0.43 if curve_known(sheet) else 0.47

    def done(self) -> Layout:
        """All parts, in the order in which they take their room."""
        u, m = self.unit, self.margin
        inner = self.width - 2 * m
        head = Frame(m, 0.5 * self.width - 1.5 * m if self.wide else inner, u)
        body = Frame(0.5 * self.width + 0.5 * m, 0.5 * self.width - 1.5 * m, u) if self.wide else head
        wall = tuple(self._wall())
        floor = min((box.y for box, _ in wall), default=self.height)
        bottom = floor - (0.05 * u if wall else m)
        cover = box_of(m, m, head.column(0, 3)[1], head.column(0, 3)[1])
        above = cover.bottom + 0.03 * u
        self._title(head, cover)
        list_top, spine = self._list(
            body, m if self.wide else above + (0.27 if self.columns == 3 else 0.34) * u + self.lane, bottom
        )
        strip_h = 0.011 * u
        strip_y = bottom - strip_h if self.wide else list_top - 0.036 * u - strip_h
        strip = box_of(head.x, strip_y, head.w, strip_h)
        air = self._curve(strip)
        land = Box(0, round(above), round(self.width * 0.5) if self.wide else self.width, round(strip_y - air - above))
        places, around = places_on(self.sheet, land, unit=u, margin=m)
        self._numbers(places, land)
        return Layout(
            (self.width, self.height),
            round(m),
            u,
            tuple(self.texts),
            cover,
            spine,
            strip,
            land,
            places,
            around,
            wall,
            strokes=tuple(self.strokes),
        )

    def _curve(self, strip: Box) -> float:
        """Tempo and energy above the strip, song above song; returns how far above the strip the landscape ends."""
        u = self.unit
        if not curve_known(self.sheet):
            return 0.012 * u
        tall = 0.036 * u
        curve_across(self, box_of(strip.x, strip.y - 0.009 * u - tall, strip.w, tall))
        return 0.018 * u + tall + 0.026 * u

    def _title(self, frame: Frame, cover: Box) -> None:
        """Title and artist of the seed, as large as the room beside the cover allows, hanging from the cover's upper edge."""
        x, room = frame.column(4, 11)
        track = self.sheet.tracks[self.sheet.seed]
        below = self._summary_line(frame, cover.bottom) if self.columns == 3 or self.wide else cover.bottom
        size, title, artist = self._fitted(track.title or track.path.stem, track.artist, room, below - cover.y)
        baseline = cover.y + cap_height_px(size)
        parts: tuple[tuple[str, Tone, tuple[str, ...]], ...] = (("title", "bright", title), ("artist", "dim", artist))
        for part, tone, lines in parts:
            for line in lines:
                self.write(part, line, x, baseline, size, room, weight="semibold", tone=tone, tracking_em=DISPLAY_TRACKING_EM)
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
            calm = calm and all(display_width(word, size) <= room for word in longest)
            if (whole and (calm or size < 0.05 * self.unit)) or size <= least:
                return size, above, below
            size = max(least, size * 0.94)

    def _display(self, text: str, size: float, room: float, lines: int) -> tuple[str, ...]:
        return wrap(text, size_px=size, max_width_px=room, weight="semibold", tracking_em=DISPLAY_TRACKING_EM, max_lines=lines)

    def _summary_line(self, frame: Frame, bottom: int) -> float:
        """Recipe, count, time and date at the foot of the title's room, on the cover's lower edge; returns where they begin."""
        (x, room), (date_x, date_room) = frame.column(4, 11), frame.column(8, 11)
        size = 0.0155 * self.unit
        total = clock(sum(seconds_of(track) for track in self.sheet.tracks))
        self.write("facts", f"{self.count()}, {total}", x, bottom, size, date_x - x - size)
        self.write("date", self.sheet.date, date_x, bottom, size, date_room, tone="dim")
        baseline = bottom - 1.6 * size
        for line in reversed(wrap(self.sheet.recipe, size_px=size, max_width_px=room, max_lines=2)):
            self.write("recipe", line, x, baseline, size, room, tone="dim")
            baseline -= 1.4 * size
        return baseline - size

    def _list(self, frame: Frame, highest: float, bottom: float) -> tuple[float, tuple[Box, ...]]:
        """The songs, each column on the grid; returns the upper edge and a box for each song's cover."""
        n, u = self.sheet.shown, self.unit
        rows = -(-n // self.columns)
        beside = self.columns < 3 and not self.wide
        least = self._summary_height(frame) if beside else 0.0
        most = min(
            (0.1 if self.columns == 1 else 0.075) * u if self.wide else min(0.062 * u, self.share * u / rows),
            0.13 * self._column(frame, 0)[1],
        )
        row = min(most, max((bottom - highest) / rows, 0.008 * u))
        top = highest if self.wide else bottom - max(rows * row, least)
        if beside:
            self.summary(frame, top)
        spine = []
        for song in range(n):
            column, place = divmod(song, rows)
            x, room = self._column(frame, column)
            y = round(top + place * row)
            spine.append(Box(round(x), y, round(top + (place + 1) * row) - y, round(top + (place + 1) * row) - y))
            self._song(song, x, room, top + place * row, row)
        return top, tuple(spine)

    def _summary_height(self, frame: Frame) -> float:
        before = len(self.texts)
        height = self.summary(frame, 0.0)
        del self.texts[before:]
        return height

    def _column(self, frame: Frame, column: int) -> tuple[float, float]:
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
        self.write(
            "number", str(song + 1), number_right, first, small, digits * 2, right=True, tone="ink", tabular=True, song=song
        )
        tall = self.write(
            "time", clock(seconds_of(track)), right, first, small, 0.3 * room, right=True, tone="dim", tabular=True, song=song
        )
        weight: Weight = "semibold" if song == self.sheet.seed else "regular"
        self.write(
            "song", track.title or track.path.stem, left, first, large, right - left - tall - gap, weight=weight, song=song
        )
        used = self.write("by", track.artist, left, second, small, right - left, tone="dim", song=song)
        free = right - left - used - (2 * gap if used else 0)
        if self.columns < 3 and (said := fitting(reason, size=small, room=free)):
            self.write("reason", said, right, second, small, free, right=True, tone="faint", song=song)

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
                (cost + crossed(box, curve), order, box)
                for order, (cost, box) in enumerate(around_place(places[i], wide, size))
                if within(box, inside) and not any(box.overlaps(other) for other in taken) and not hits(box, places[known], size)
            ]
            if free:
                box = min(free)[2]
                taken.append(box)
                self.write("place", str(i + 1), box.x, box.y + 0.78 * size, size, 4 * size, tone="ink", tabular=True, song=i)

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
                    yield box_of(block * side + i * part, y, part, part), number
