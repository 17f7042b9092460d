"""The tracklist: the list itself is the poster. A row for each song from edge to edge of the sheet: at the left its cover, then
its name as large as the row allows, at the right the picture that the network dreamt for it; energy runs down the sheet.

The time of the whole stands above (a wide sheet: beside), as large as the songs leave room.
"""

from __future__ import annotations

import math

import numpy as np

from mixtape.lettering.typeset import cap_height_px, measure, wrap
from mixtape.poster.curve import curve_down, curve_known
from mixtape.poster.setting import DISPLAY_TRACKING_EM, Setting, box_between, box_of, clock, display_width, fitting, seconds_of
from mixtape.poster.sheet import NOWHERE, Box, Layout, Sheet, Stroke


def tracklist(sheet: Sheet, size_px: tuple[int, int]) -> Layout:
    """Where everything of this sheet stands at this size (width, height)."""
    return _Tracklist(sheet, size_px).done()


class _Tracklist(Setting):
    """The rows take what they need from the foot upwards; the head takes the rest."""

    def __init__(self, sheet: Sheet, size_px: tuple[int, int]) -> None:
        width, height = size_px
        self.wide = width > 0.95 * height
        super().__init__(sheet, size_px, unit=min(width / 1.5, float(height)) if self.wide else min(float(width), height / 1.25))
        self.margin = 0.062 * self.unit
        n = sheet.shown
        steps = (14, 36) if self.wide else (26, 60)
        self.columns = 1 if n <= steps[0] else 2 if n <= steps[1] else 3
        self.rows = -(-n // self.columns)
        self.left = 0.26 * width if self.wide else 0.0
        self.gap = 0.035 * self.unit
        self.row = self._row_height()

    def _row_height(self) -> float:
        n, u = self.sheet.shown, self.unit
        room = self.height - (0.0 if self.wide else 0.2 * u)
        most = min((0.2 if self.wide else 0.17 + 0.03 * max(0, 5 - n)) * u, (0.24 if self.columns == 1 else 0.15) * self._wide_px)
        return min(room / self.rows, most)

    def done(self) -> Layout:
        """All parts."""
        top = self.height - self.rows * self.row
        spine = tuple(self._cover_box(song, top) for song in range(self.sheet.shown))
        dreams = tuple(self._dreams(top))
        (self._beside if self.wide else self._above)(top)
        for song in range(self.sheet.shown):
            self._song(song, top)
        for column in range(self.columns):
            self._rules(column, top)
        self._curve(top)
        nowhere = np.zeros((0, 2), np.float32)
        return Layout(
            (self.width, self.height),
            round(self.margin),
            self.unit,
            tuple(self.texts),
            NOWHERE,
            spine,
            NOWHERE,
            NOWHERE,
            nowhere,
            nowhere,
            dreams=dreams,
            strokes=tuple(self.strokes),
        )

    # Where a row's parts stand -------------------------------------------------------------------------------------------------

    def _place(self, song: int, top: float) -> tuple[float, float]:
        """Left edge and upper edge of a song's row."""
        column, row = divmod(song, self.rows)
        return self.left + column * (self._wide_px + self.gap), top + row * self.row

    @property
    def _wide_px(self) -> float:
        return (self.width - self.left - (self.columns - 1) * self.gap) / self.columns

    def _cover_box(self, song: int, top: float) -> Box:
        x, y = self._place(song, top)
        return box_between(x, y, x + self.row, top + (song % self.rows + 1) * self.row)

    def _dreams(self, top: float) -> list[tuple[Box, int]]:
        """At the right end of each row a square of its pictures, 1, 4 or 9 of them."""
        m, n = len(self.sheet.pictures), self.sheet.shown
        across = min(3, max(1, math.isqrt(m // n))) if m else 0
        found = []
        for song in range(n if m else 0):
            x, _ = self._place(song, top)
            side = self.row / across
            for i in range(across**2):
                down, right = divmod(i, across)
                # Every edge is reckoned from the top of the list, so that it is the same edge for both who share it.
                row, left = song % self.rows, x + self._wide_px - self.row
                above, below = (top + (row + part / across) * self.row for part in (down, down + 1))
                at = box_between(left + right * side, above, left + (right + 1) * side, below)
                found.append((at, (song * m // n + i) % m))
        return found

    def _text_span(self, song: int, top: float) -> tuple[float, float]:
        """Where the words of a row begin and end."""
        x, _ = self._place(song, top)
        pad = min(0.03 * self.unit, 0.3 * self.row)
        last = song // self.rows == self.columns - 1
        edge = self.row + pad if len(self.sheet.pictures) else self.margin if last else pad
        return x + self.row + pad, x + self._wide_px - edge

    def _lane(self) -> float:
        """Width of the lane in which the energy runs down; none where it is not known or the columns are too narrow."""
        return 0.09 * self._wide_px if curve_known(self.sheet) and self.columns < 3 else 0.0

    def _small(self) -> float:
        return min(0.245 * self.row, 0.0185 * self.unit)

    def _axis(self, left: float) -> float:
        """Where the titles begin, right of the numbers."""
        return left + measure("00", size_px=self._small(), tabular=True) + 0.9 * self._small()

    # The list ----------------------------------------------------------------------------------------------------------------

    def _song(self, song: int, top: float) -> None:
        """Number, title and time; below, artist and reason, and the tempo."""
        track, row = self.sheet.tracks[song], self.row
        _, y = self._place(song, top)
        left, right = self._text_span(song, top)
        size = min(0.46 * row, 0.06 * self.unit, 0.085 * (right - left))
        small = self._small()
        digits = measure("00", size_px=small, tabular=True)
        between = 1.42 * small + 0.06 * size
        first = y + (row - cap_height_px(size) - between) / 2 + cap_height_px(size)
        second = first + between
        self.write(
            "number", str(song + 1), left + digits, first, small, 2 * digits, right=True, tone="ink", tabular=True, song=song
        )
        x, end = self._axis(left), right - (self._lane() + 1.2 * small if self._lane() else 0.0)
        tall = self.write(
            "time", clock(seconds_of(track)), end, first, small, 0.5 * (end - x), right=True, tone="dim", tabular=True, song=song
        )
        tempo = self.sheet.tempo_bpm[song] if self.sheet.tempo_bpm else math.nan
        told = f"{tempo:.0f} BPM" if math.isfinite(tempo) and right - left > 16 * small else ""
        beat = self.write("tempo", told, end, second, small, 0.5 * (end - x), right=True, tone="faint", tabular=True, song=song)
        self._title(song, x, end - tall - 1.5 * small - x, first, size)
        room = end - x - (beat + 1.5 * small if beat else 0)
        used = self.write("by", track.artist, x, second, small, room, tone="dim", song=song)
        free = room - used - (1.2 * small if used else 0)
        if self.columns < 3 and (said := fitting(self.sheet.playlist.reasons[song], size=small, room=free)):
            self.write("reason", said, x + used + (1.2 * small if used else 0), second, small, free, tone="faint", song=song)

    def _title(self, song: int, x: float, room: float, baseline: float, size: float) -> None:
        """On one line, smaller if it must be; a very long one on two."""
        track = self.sheet.tracks[song]
        title = track.title or track.path.stem
        fits = room / max(display_width(title, size), 1e-6)
        if fits >= 0.66:
            lines: tuple[str, ...] = (title,)
            size *= min(1.0, 0.995 * fits)
        else:
            size *= 0.56
            lines = wrap(title, size_px=size, max_width_px=room, weight="semibold", tracking_em=DISPLAY_TRACKING_EM, max_lines=2)
        for i, line in enumerate(lines):
            at = baseline - 1.06 * size * (len(lines) - 1 - i)
            self.write("song", line, x, at, size, room, weight="semibold", tone="ink", tracking_em=DISPLAY_TRACKING_EM, song=song)

    def _rules(self, column: int, top: float) -> None:
        """A hairline between two rows, over the width of the words."""
        songs = range(column * self.rows, min((column + 1) * self.rows, self.sheet.shown))
        for song in songs[1:]:
            left, right = self._text_span(song, top)
            _, y = self._place(song, top)
            points = np.array([[left, y], [right, y]], np.float32)
            self.strokes.append(Stroke("rule", points, max(1.0, 0.0006 * self.unit), tone="line"))

    def _curve(self, top: float) -> None:
        """The energy down each column, one line that goes on at the top of the next."""
        if not self._lane():
            return
        for column in range(self.columns):
            first, last = column * self.rows, min((column + 1) * self.rows, self.sheet.shown)
            if first >= last:
                continue
            _, right = self._text_span(first, top)
            edges = np.asarray(top + (np.arange(self.sheet.shown + 1) - first) * self.row, np.float64)
            box = box_of(right - self._lane(), top, self._lane(), (last - first) * self.row)
            curve_down(self, box, edges, songs=range(first, last))

    # What it is --------------------------------------------------------------------------------------------------------------

    def _above(self, top: float) -> None:
        """The whole time, large, on the axis of the titles; beside it count, recipe and date."""
        u, m = self.unit, self.margin
        x = max(self._axis(self._text_span(0, top)[0]), m)
        foot, facts_x = top - 0.045 * u, 0.60 * self.width
        cap = min(foot - m, 0.15 * u)
        size = cap / 0.727
        while size > 0.02 * u and display_width(self.total(), size) > facts_x - x - 0.03 * u:
            size *= 0.96
        self.write(
            "duration",
            self.total(),
            x,
            m + cap_height_px(size),
            size,
            facts_x - x,
            weight="semibold",
            tracking_em=DISPLAY_TRACKING_EM,
        )
        self._facts(facts_x, self.width - m - facts_x, m, foot)

    def _beside(self, top: float) -> None:
        """On a wide sheet the same stands at the left, the words below the time."""
        u, m = self.unit, self.margin
        room, size = self.left - 1.6 * m, 0.12 * u
        while size > 0.02 * u and display_width(self.total(), size) > room:
            size *= 0.96
        baseline = m + cap_height_px(size)
        self.write("duration", self.total(), m, baseline, size, room, weight="semibold", tracking_em=DISPLAY_TRACKING_EM)
        self._facts(m, room, baseline + 0.05 * u, self.height - m)

    def _facts(self, x: float, room: float, top: float, bottom: float) -> None:
        size = 0.0165 * self.unit
        baseline = top + cap_height_px(size)
        self.write("facts", self.count(), x, baseline, size, room)
        dated = 1 if self.sheet.date else 0
        lines = max(0, int((bottom - baseline) / (1.4 * size)) - dated)
        recipe = wrap(self.sheet.recipe, size_px=size, max_width_px=room, max_lines=min(lines, 7)) if lines else ()
        for part, said in (*(("recipe", line) for line in recipe), ("date", self.sheet.date)):
            baseline += 1.4 * size
            if baseline <= bottom + 0.3 * size:
                self.write(part, said, x, baseline, size, room, tone="dim")
