"""The chart: the poster alive. Lines appear as songs come, and each song's own tile stands beside its name."""

from __future__ import annotations

import numpy as np

from installation.chart import Line as ChartLine
from installation.chart import Page, lines_of, page_of
from installation.colours import light
from installation.gl.drawing import Drawing
from installation.gl.text import Line
from installation.gl.tiles import TileField, tiles_of
from installation.gl.words import Words, ink
from installation.heard import heard
from installation.state import FrameState
from mixtape.lettering.typeset import wrap
from mixtape.types import FloatArray

_BARS = 96
"""Strokes of the song's outline."""


class ChartScene:
    """A dark page with the song's light, the tiles of its lines, and the outline of the song that plays."""

    thread, halo = 0.0, 0.45
    titled = True
    """It says what plays: no title card is needed over it."""

    def __init__(self, drawing: Drawing) -> None:
        """Its own brushes; the covers are everybody's."""
        self._field = TileField(drawing)
        self._words = Words(drawing)
        self._outline = drawing.gl.texture((_BARS, 1), 1, dtype="f2")
        self._outline.repeat_x = self._outline.repeat_y = False
        self._outlined: str | None = None

    def draw(self, state: FrameState, drawing: Drawing) -> None:
        """Draw into the target in use."""
        self.ground(state, drawing)
        self._field.draw(state, drawing, tiles_of(state, drawing, "chart"), halo=self.halo)

    def ground(self, state: FrameState, drawing: Drawing) -> None:
        """Draw the page without tiles and words."""
        page, colours = page_of(drawing.aspect), light(state.palette)
        song = heard(drawing.world.timeline(state.track_id))
        if self._outlined != state.track_id:
            self._outline.write(outline(song.level).astype(np.float16).tobytes())
            self._outlined = state.track_id
        left, bottom, right, top = _outline_box(page)
        drawing.screen.draw(
            "scenes/chart",
            u_outline=self._outline,
            u_aspect=drawing.aspect,
            u_song=(page.x, page.y),
            u_light=tuple(float(v) for v in colours[0]),
            u_second=tuple(float(v) for v in colours[1]),
            u_level=state.audio.level,
            u_box=(left, bottom, right, top),
            u_bars=float(_BARS),
            u_played=min(state.song_s / max(song.duration_s, 1e-3), 1.0),
            u_beat=float(state.knobs["energy"]) * state.audio.pulse,
        )

    def words(self, state: FrameState, drawing: Drawing, weight: float) -> None:
        """Set the lines over the finished picture, `weight` 0..1 of them."""
        page, tint = page_of(drawing.aspect), light(state.palette)[0]
        for line in lines_of(state, page):
            self._small(line, page, drawing, tint, weight * line.there * min(max(1.0 - 2.0 * line.large, 0.0), 1.0))
            self._large(line, page, drawing, tint, weight * min(max(2.0 * line.large - 1.0, 0.0), 1.0))

    def _small(self, line: ChartLine, page: Page, drawing: Drawing, tint: FloatArray, weight: float) -> None:
        track, height = drawing.world.track(line.track_id), drawing.size_px[1]
        size, room = max(7, round(0.95 * page.small * height)), round(page.room * height)
        name = Line(track.title or track.path.stem, size, "semibold", room, -0.005)
        by = Line(track.artist, max(6, round(0.74 * page.small * height)), "regular", room, 0.01)
        left, middle = _at(page.line_x, line.y, drawing)
        _, high = self._words.draw(drawing, name, left=left, top=middle - 1.12 * size, ink=ink(0.88 + 0.12 * tint, weight))
        if track.artist:
            self._words.draw(
                drawing, by, left=left, top=middle - 1.12 * size + 0.92 * high, ink=ink(0.55 + 0.30 * tint, 0.9 * weight)
            )

    def _large(self, line: ChartLine, page: Page, drawing: Drawing, tint: FloatArray, weight: float) -> None:
        if weight <= 0.0:
            return
        track, height = drawing.world.track(line.track_id), drawing.size_px[1]
        wide = page.text_x > page.x
        size, room = max(10, round((0.076 if wide else 0.044) * height)), round(page.room * height)
        left, top = _at(page.text_x, page.text_y + line.y - page.y, drawing)
        for words in wrap(track.title or track.path.stem, size_px=size, max_width_px=room, weight="semibold", max_lines=2):
            name = Line(words, size, "semibold", room, -0.015)
            _, high = self._words.draw(drawing, name, left=left - 0.05 * size, top=top, ink=ink(0.92 + 0.08 * tint, weight))
            top += 0.92 * high
        about = "  ·  ".join(part for part in (track.album, str(track.year) if track.year else "") if part)
        for words, share, strength in ((track.artist, 0.52, 0.80), (about, 0.36, 0.60)):
            if words:
                part = Line(words, max(7, round(share * size)), "regular", room, 0.01)
                faint = ink(strength * (0.75 + 0.25 * tint), weight)
                top += self._words.draw(drawing, part, left=left, top=top + 0.04 * size, ink=faint)[1]


def outline(level: FloatArray) -> FloatArray:
    """The song's loudness (t,) 0..1 as the heights (96,) of strokes, the loudest 1."""
    if not len(level):
        return np.zeros(_BARS, np.float32)
    parts = np.array_split(level, _BARS)
    heights = np.array([float(np.mean(part)) if len(part) else 0.0 for part in parts], np.float32)
    return np.asarray(heights / max(float(heights.max()), 1e-6), np.float32)


def _outline_box(page: Page) -> tuple[float, float, float, float]:
    """Left, bottom, right and top of the outline, under the large text."""
    wide = page.text_x > page.x
    bottom = page.y - page.large if wide else page.below + 0.036
    return page.text_x, bottom, page.text_x + min(page.room, 0.86), bottom + (0.075 if wide else 0.034)


def _at(x: float, y: float, drawing: Drawing) -> tuple[float, float]:
    """Pixels from the left and the top for a place in picture heights."""
    width, height = drawing.size_px
    return 0.5 * width + x * height, (0.5 - y) * height
