"""Where the lines of the chart stand: the poster alive, the playing song large between what was played and what comes.

Places are in picture heights, y up, the picture's middle at 0. A line has a rank: 0 plays, -1 was played before it, 1 comes next.
When a song begins all ranks glide up by one.
"""

from __future__ import annotations

from dataclasses import dataclass

from installation.places import smooth
from installation.state import FrameState

GLIDE_S = 1.8
"""How long the lines take to move up when a song begins."""

PAST = 7
"""As many played songs are on the page at most."""


@dataclass(frozen=True, slots=True)
class Line:
    """A song on the page: its rank, the middle and half side of its tile, and how much of it is there, 0..1.

    `large` 0..1 is how much of the playing song's setting it has.
    """

    track_id: str
    rank: float
    x: float
    y: float
    half: float
    there: float
    large: float


@dataclass(frozen=True, slots=True)
class Page:
    """How the lines are set: the large tile's half side and middle, the others' half side and pitch, and where the text begins.

    `above` and `below` are where the nearest played and coming line stand; `text_x` and `text_y` (top) the large text's corner,
    `room` how wide text may be, `line_x` where small text begins.
    """

    large: float
    x: float
    y: float
    small: float
    pitch: float
    above: float
    below: float
    text_x: float
    text_y: float
    line_x: float
    room: float


def page_of(aspect: float) -> Page:
    """The page for a picture: tile and words side by side where it is wide, one over the other where it is upright."""
    if aspect >= 1.0:
        left = max(-0.5 * aspect + 0.085, -0.66)
        large = 0.165
        text = left + 2 * large + 0.06
        return Page(
            large=large,
            x=left + large,
            y=0.02,
            small=0.027,
            pitch=0.080,
            above=0.02 + large + 0.068,
            below=0.02 - large - 0.068,
            text_x=text,
            text_y=0.02 + large + 0.014,
            line_x=text,
            room=min(0.5 * aspect - 0.07 - text, 1.0),
        )
    left = -0.5 * aspect + 0.055
    large = 0.5 * aspect - 0.055 - 0.07
    return Page(
        large=large,
        x=left + large,
        y=0.125,
        small=0.0175,
        pitch=0.052,
        above=0.125 + large + 0.045,
        below=0.125 - large - 0.255,
        text_x=left,
        text_y=0.125 - large - 0.022,
        line_x=left + 0.052,
        room=aspect - 0.11,
    )


def lines_of(state: FrameState, page: Page) -> tuple[Line, ...]:
    """The songs on the page, the playing one last; of a song that comes twice the line nearest to it."""
    gone = float(smooth((state.moment.time_s - state.started_s) / GLIDE_S)) if len(state.history) > 1 else 1.0
    songs = [*state.history[-PAST - 1 :], *state.next_ids]
    now = len(songs) - len(state.next_ids) - 1
    ranked = sorted(((k - now + 1.0 - gone, song) for k, song in enumerate(songs)), key=lambda each: -abs(each[0]))
    return tuple(_line(song, rank, page) for song, rank in {song: rank for rank, song in ranked}.items())


def _line(song: str, rank: float, page: Page) -> Line:
    large = float(smooth(1.0 - abs(rank)))
    beside = page.above + (-rank - 1.0) * page.pitch if rank < 0 else page.below - (rank - 1.0) * page.pitch
    # Between its place in the middle and the first line beside it a song takes the straight way.
    end = page.above if rank < 0 else page.below
    y = page.y + (end - page.y) * (1.0 - large) if abs(rank) < 1.0 else beside
    small_x = page.line_x - 0.022 - page.small if page.line_x > page.x else page.line_x - 0.016 - page.small
    half = page.small + (page.large - page.small) * large
    faint = 0.80 * 0.86 ** max(-rank - 1.0, 0.0) if rank < 0 else 0.52 * 0.82 ** max(rank - 1.0, 0.0)
    edge = float(smooth((0.5 - abs(y) - 1.2 * page.small) / 0.04))
    there = (faint + (1.0 - faint) * large) * edge
    return Line(song, rank, small_x + (page.x - small_x) * large, y, half, there, large)
