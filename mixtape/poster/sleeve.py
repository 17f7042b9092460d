"""The sleeve: a wall of the covers like the front of a record, the seed's the largest, the songs below as on its back.

Cells that the covers leave are filled by pictures the network made for this mixtape. Below the wall the mixtape runs from left to
right as it sounds: how loud each song is, in its colour, with tempo and energy over it. A wide sheet has the wall at its left.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from mixtape.lettering.glyphs import Weight
from mixtape.lettering.typeset import cap_height_px, measure, pen_width_px, wrap
from mixtape.poster.curve import curve_across, curve_known
from mixtape.poster.setting import DISPLAY_TRACKING_EM, Frame, Setting, box_between, box_of, clock, fitting, lengths_s, seconds_of
from mixtape.poster.sheet import NOWHERE, Box, Layout, Sheet, Stroke


class _Quilt(NamedTuple):
    """A wall of `across` x `down` cells, of which the seed takes `large` x `large`."""

    across: int
    down: int
    large: int

    @property
    def room(self) -> int:
        """How many pictures fit."""
        return self.across * self.down - self.large**2 + 1


def sleeve(sheet: Sheet, size_px: tuple[int, int]) -> Layout:
    """Where everything of this sheet stands at this size (width, height)."""
    return _Sleeve(sheet, size_px).done()


class _Sleeve(Setting):
    """The list says how much it needs, the wall takes the rest, and what the cells of the wall cannot use goes back."""

    def __init__(self, sheet: Sheet, size_px: tuple[int, int]) -> None:
        width, height = size_px
        self.wide = width > 1.15 * height
        super().__init__(sheet, size_px, unit=min(width / 1.6, float(height)) if self.wide else min(float(width), 0.95 * height))
        self.margin = 0.05 * self.unit
        n = sheet.shown
        self.columns = (1 if n <= 14 else 2 if n <= 40 else 3) if self.wide else (n if n <= 3 else 3 if n <= 30 else 4)
        self.rows = -(-n // self.columns)

    def done(self) -> Layout:
        """All parts."""
        wall, quilt = self._wall()
        spine, dreams = self._cells(wall, quilt)
        u, m = self.unit, self.margin
        if self.wide:
            frame, top = Frame(wall.right + m, self.width - wall.right - 2 * m, u), m
        else:
            frame, top = Frame(m, self.width - 2 * m, u), wall.bottom + 0.036 * u
        strip = self._sound(frame, top, self._spare(top))
        self._words(frame, strip.bottom + 0.042 * u)
        nowhere = np.zeros((0, 2), np.float32)
        return Layout(
            (self.width, self.height),
            round(m),
            u,
            tuple(self.texts),
            NOWHERE,
            spine,
            strip,
            NOWHERE,
            nowhere,
            nowhere,
            dreams=dreams,
            strokes=tuple(self.strokes),
        )

    # The wall ----------------------------------------------------------------------------------------------------------------

    def _wall(self) -> tuple[Box, _Quilt]:
        """From edge to edge, cells of which none is left empty, as tall (or wide) as the list allows."""
        n, u = self.sheet.shown, self.unit
        if self.wide:
            most, least = (0.62 if n <= 24 else 0.52) * self.width, 0.36 * self.width
            options = [(q, self.height, q.across * self.height / q.down) for q in _quilts(n)]
            fits = [(q, w) for q, _, w in options if least <= w <= most] or [(_Quilt(1, 1, 1), most)]
            quilt, wide = min(fits, key=lambda fit: _waste(fit[0], n, (most - fit[1]) / most))
            return Box(0, 0, round(wide), self.height), quilt
        most = self.height - self._list_needs()
        fits = [(q, q.down * self.width / q.across) for q in _quilts(n)]
        fits = [(q, h) for q, h in fits if 0.55 * most <= h <= most] or [(q, h) for q, h in fits if h <= most]
        quilt, tall = (
            min(fits, key=lambda fit: _waste(fit[0], n, (most - fit[1]) / u)) if fits else (_Quilt(n, 1, 1), self.width / n)
        )
        return Box(0, 0, self.width, round(tall)), quilt

    def _list_needs(self) -> float:
        """The least height of everything below the wall."""
        return (0.036 + 0.081 + 0.042 + 0.095) * self.unit + self.rows * self._least_row() + self.margin

    def _least_row(self) -> float:
        return (0.044 if self.sheet.shown <= 12 else 0.036 if self.sheet.shown <= 24 else 0.028) * self.unit

    def _cells(self, wall: Box, quilt: _Quilt) -> tuple[tuple[Box, ...], tuple[tuple[Box, int], ...]]:
        """The seed in the upper left corner, the others row by row, the spare cells spread evenly among them."""
        n, m = self.sheet.shown, len(self.sheet.pictures)
        seed, k = self.sheet.seed, quilt.large
        free = [(row, column) for row in range(quilt.down) for column in range(quilt.across) if row >= k or column >= k]
        spare = len(free) - (n - 1)
        dreamt = {round((i + 1) * len(free) / (spare + 1) - 0.5) for i in range(spare)} if spare > 0 else set()
        dreamt |= set([i for i in reversed(range(len(free))) if i not in dreamt][: max(0, spare - len(dreamt))])
        side_x, side_y = wall.w / quilt.across, wall.h / quilt.down

        def cell(row: int, column: int, size: int = 1) -> Box:
            right, below = wall.x + (column + size) * side_x, wall.y + (row + size) * side_y
            return box_between(wall.x + column * side_x, wall.y + row * side_y, right, below)

        places = iter(cell(*at) for i, at in enumerate(free) if i not in dreamt)
        spine = tuple(cell(0, 0, k) if song == seed else next(places) for song in range(n))
        return spine, tuple((cell(*free[i]), (i * m // max(len(free), 1)) % max(m, 1)) for i in sorted(dreamt))

    # What it sounds like -----------------------------------------------------------------------------------------------------

    def _spare(self, top: float) -> float:
        """Height that neither wall nor list can use, for the sound."""
        used = (0.081 + 0.042 + 0.095 + 0.07 * self.rows) * self.unit
        return max(0.0, self.height - self.margin - top - used)

    def _sound(self, frame: Frame, top: float, spare: float) -> Box:
        """The strip of colours, and above it loudness, tempo and energy where they are known; returns the strip."""
        u = self.unit
        heard, curved = any(level is not None and len(level) for level in self.sheet.levels), curve_known(self.sheet)
        if curved:
            top += 0.016 * u
        if heard or curved:
            box = box_of(frame.x, top, frame.w, 0.058 * u + min(spare, 0.1 * u))
            if heard:
                self._loudness(box)
            curve_across(self, box_of(box.x, box.y + 0.004 * u, box.w, box.h - 0.012 * u), tone="bright", tempo=False)
            return box_of(frame.x, box.bottom, frame.w, 0.007 * u)
        return box_of(frame.x, top, frame.w, 0.014 * u)

    def _loudness(self, box: Box) -> None:
        """One surface for each song, standing on the strip: its level from its beginning to its end."""
        edges = np.concatenate([[0.0], np.cumsum(lengths_s(self.sheet))])
        edges = box.x + edges / edges[-1] * box.w
        loudest = max(float(np.max(level)) for level in self.sheet.levels if level is not None and len(level)) or 1.0
        for song, level in enumerate(self.sheet.levels[: self.sheet.shown]):
            if level is None or not len(level):
                continue
            x = np.linspace(edges[song], edges[song + 1], len(level))
            y = box.bottom - np.asarray(level, np.float64) / loudest * box.h
            points = np.concatenate([[[x[0], box.bottom]], np.stack([x, y], axis=1), [[x[-1], box.bottom]]])
            self.strokes.append(Stroke("level", points.astype(np.float32), 0.0, tone="shade", song=song, closed=True))

    # The words ---------------------------------------------------------------------------------------------------------------

    def _words(self, frame: Frame, top: float) -> None:
        """What it is, then the songs in columns over the whole width."""
        u, bottom = self.unit, self.height - self.margin
        first = self._facts(frame, top) + 0.035 * u
        gap = 0.032 * u
        each = (frame.w - (self.columns - 1) * gap) / self.columns
        row = min((bottom - first) / self.rows, 0.08 * u)
        for song in range(self.sheet.shown):
            column, place = divmod(song, self.rows)
            self._song(song, frame.x + column * (each + gap), each, first + place * row, row)

    def _facts(self, frame: Frame, top: float) -> float:
        """The whole time, large; beside it count, recipe and date in three lines. Returns where they end."""
        large, small = 0.07 * self.unit, 0.0155 * self.unit
        x = frame.x + 0.02 * self.unit
        x += self.write(
            "duration",
            self.total(),
            frame.x,
            top + cap_height_px(large),
            large,
            0.5 * frame.w,
            weight="semibold",
            tracking_em=DISPLAY_TRACKING_EM,
        )
        room = frame.x + frame.w - x
        counted = f"{self.count()}, {self.sheet.date}" if self.sheet.date else self.count()
        baseline = top + cap_height_px(small)
        self.write("facts", counted, x, baseline, small, room)
        for line in wrap(self.sheet.recipe, size_px=small, max_width_px=room, max_lines=2):
            baseline += 1.4 * small
            self.write("recipe", line, x, baseline, small, room, tone="dim")
        return top + cap_height_px(large)

    def _song(self, song: int, x: float, room: float, y: float, row: float) -> None:
        """Number, title and time; below, artist and what of the reason fits."""
        track = self.sheet.tracks[song]
        large, small = min(0.42 * row, 0.021 * self.unit), min(0.34 * row, 0.0165 * self.unit)
        first = y + large * 0.8
        second = first + 1.25 * small
        digits = measure("00", size_px=small, tabular=True)
        self.write("number", str(song + 1), x + digits, first, small, 2 * digits, right=True, tone="ink", tabular=True, song=song)
        left, right = x + digits + 0.7 * small, x + room
        tall = self.write(
            "time", clock(seconds_of(track)), right, first, small, 0.4 * room, right=True, tone="dim", tabular=True, song=song
        )
        title, free = track.title or track.path.stem, right - left - tall - 0.6 * small
        weight: Weight = "semibold" if song == self.sheet.seed else "regular"
        fits = free / max(pen_width_px(title, size_px=large, weight=weight), 1e-6)
        self.write("song", title, left, first, large * min(1.0, max(0.8, 0.995 * fits)), free, weight=weight, song=song)
        used = self.write("by", track.artist, left, second, small, right - left, tone="dim", song=song)
        free = right - left - used - (1.2 * small if used else 0)
        if said := fitting(self.sheet.playlist.reasons[song], size=small, room=free):
            self.write("reason", said, right, second, small, free, right=True, tone="faint", song=song)


def _quilts(n: int) -> list[_Quilt]:
    """Every wall that holds n pictures and leaves at most a quarter of its cells."""
    most = 2 * math.ceil(math.sqrt(n)) + 3
    walls = [
        _Quilt(across, down, large)
        for across in range(1, most + 1)
        for down in range(1, most + 1)
        for large in range(1, min(across, down, 4) + 1)
    ]
    return [wall for wall in walls if n <= wall.room <= n + max(1, n // 4)]


def _waste(quilt: _Quilt, n: int, unused: float) -> float:
    """What speaks against a wall: cells without a cover, height not used, a seed no larger than the others."""
    modest = 0.3 if quilt.large == 1 and n > 3 else 0.0
    share = quilt.large**2 / (quilt.across * quilt.down)
    return 0.5 * (quilt.room - n) / n + 1.5 * unused + modest + (2.0 * abs(share - 0.22) if n > 3 else 0.0)
