"""The legend: when the map changes, what the new one is by, small and quiet."""

from __future__ import annotations

from installation.colours import light
from installation.gl.drawing import Drawing
from installation.gl.text import Line
from installation.gl.words import Words, ink, margin, there
from installation.maps import Flights
from installation.places import smooth
from installation.state import FrameState

_GOES_S = 0.5
"""So quickly words make room for others, which come after them."""


class Legend:
    """A line over the scenes that show a map, at the upper left, on the column of the title card."""

    def __init__(self, drawing: Drawing) -> None:
        """One line at a time, two for a moment."""
        self._words = Words(drawing)

    def draw(self, state: FrameState, drawing: Drawing, *, share: float) -> None:
        """Draw `share` 0..1 of it over the target in use; nothing where titles are not wished for."""
        unit, tint = margin(drawing), light(state.palette)[0]
        for name, weight in legends(state.flights, state.moment.time_s, stays_s=float(state.knobs["title_s"])):
            words = drawing.world.maps.sibling(name).words
            line = Line(words, max(8, round(0.54 * unit)), "regular", round(drawing.size_px[0] - 2 * unit), 0.01)
            self._words.draw(drawing, line, left=unit, top=0.85 * unit, ink=ink(0.72 + 0.28 * tint, share * weight))


def legends(flights: Flights, time_s: float, *, stays_s: float) -> list[tuple[str, float]]:
    """The maps that are named, the newest first, and how strongly 0..1: on the way and for `stays_s` after it."""
    found, left = [], 1.0
    for flight in reversed(flights):
        since_s = time_s - flight.since_s
        weight = left * there(since_s - _GOES_S, flight.lasts_s + stays_s if stays_s > 0.0 else 0.0)
        if weight > 0.0:
            found.append((flight.map, weight))
        left *= 1.0 - float(smooth(since_s / _GOES_S))
    return found
