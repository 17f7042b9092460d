"""How the mixtape goes: its energy as a line in the colours of the songs, their tempos as level strokes behind it.

The line meets every song's energy in its middle, monotone in between (Fritsch and Carlson 1980), so that it promises no peak that
is not there. Both are scaled to what this mixtape holds, but a span of less than 0.2 of energy or a third of an octave stays
the small change that it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from mixtape.poster.setting import Setting, lengths_s
from mixtape.poster.sheet import Box, Sheet, Stroke, Tone

_ENERGY_SPAN, _OCTAVES = 0.2, 1 / 3
_Numbers = npt.NDArray[np.float64]


def curve_known(sheet: Sheet) -> bool:
    """Whether tempo or energy is known of two songs at least."""
    return any(np.isfinite(heard[: sheet.shown]).sum() >= 2 for heard in (sheet.tempo_bpm, sheet.energy))


def tempo_range(sheet: Sheet) -> str:
    """Like "84–132 BPM"; empty where no tempo is known."""
    known = [bpm for bpm in sheet.tempo_bpm[: sheet.shown] if math.isfinite(bpm)]
    low, high = (round(min(known)), round(max(known))) if known else (0, 0)
    return "" if not known else f"{low} BPM" if low == high else f"{low}–{high} BPM"


def curve_across(setting: Setting, box: Box, *, tone: Tone = "ink", tempo: bool = True) -> None:
    """Draw the curve into the box, time from left to right as on the strip; what it is stands above it.

    The energy is drawn in this tone; without `tempo` the tempos are only said.
    """
    sheet, u = setting.sheet, setting.unit
    if not curve_known(sheet):
        return
    length = lengths_s(sheet)
    edges = np.concatenate([[0.0], np.cumsum(length)]) / sum(length) * box.w + box.x
    _energy(setting, edges, lambda along, value: np.stack([along, box.bottom - value * box.h], axis=1), tone, range(sheet.shown))
    if tempo:
        _tempos(setting, edges, box)
    size, above = 0.0105 * u, box.y - 0.011 * u
    if np.isfinite(sheet.energy).any():
        setting.write("legend", "Energy", box.x, above, size, 0.4 * box.w, tone="faint")
    if said := tempo_range(sheet):
        setting.write("legend", said, box.right, above, size, 0.4 * box.w, right=True, tone="faint", tabular=True)


def curve_down(setting: Setting, box: Box, edges_px: _Numbers, *, songs: range) -> None:
    """Draw the part of the energy that belongs to `songs` down the box, more to the right.

    edges_px (n + 1,) are where the rows of all songs begin and the last one ends, as if they stood in one column.
    """
    if curve_known(setting.sheet):
        _energy(setting, edges_px, lambda along, value: np.stack([box.x + value * box.w, along], axis=1), "ink", songs)


def _energy(
    setting: Setting, edges: _Numbers, placed: Callable[[_Numbers, _Numbers], _Numbers], tone: Tone, songs: range
) -> None:
    """Strokes along `edges`; `placed` puts how far along and a value of 0..1 on the sheet."""
    for song, (along, value) in enumerate(_energy_parts(setting.sheet, edges)):
        if song in songs:
            points = placed(along, value).astype(np.float32)
            setting.strokes.append(Stroke("energy", points, 0.0020 * setting.unit, tone=tone, song=song))


def _tempos(setting: Setting, edges: _Numbers, box: Box) -> None:
    """A level stroke as long as its song, higher where it is faster."""
    u = setting.unit
    for song, height in enumerate(_tempo_heights(setting.sheet)):
        if math.isfinite(height):
            inset = min(0.002 * u, 0.2 * (edges[song + 1] - edges[song]))
            y = box.bottom - height * box.h
            points = np.array([[edges[song] + inset, y], [edges[song + 1] - inset, y]], np.float32)
            setting.strokes.append(Stroke("tempo", points, 0.0012 * u, tone="faint"))


def _tempo_heights(sheet: Sheet) -> _Numbers:
    octaves = np.log2(np.maximum(np.asarray(sheet.tempo_bpm[: sheet.shown], np.float64), 1.0))
    return _scaled(octaves, _OCTAVES) if np.isfinite(octaves).sum() >= 2 else np.zeros(0)


def _energy_parts(sheet: Sheet, edges: _Numbers) -> list[tuple[_Numbers, _Numbers]]:
    """The line in one part for each song; it stays level before the first song that is known and after the last."""
    from scipy.interpolate import PchipInterpolator

    heights = np.asarray(sheet.energy[: sheet.shown], np.float64)
    known = np.flatnonzero(np.isfinite(heights))
    if len(known) < 2:
        return []
    middles = (edges[1:] + edges[:-1]) / 2
    smooth = PchipInterpolator(middles[known], _scaled(heights, _ENERGY_SPAN)[known])
    parts = [np.linspace(edges[song], edges[song + 1], 33) for song in range(len(heights))]
    return [(part, smooth(part.clip(middles[known[0]], middles[known[-1]]))) for part in parts]


def _scaled(values: _Numbers, least_span: float) -> _Numbers:
    low, high = np.nanmin(values), np.nanmax(values)
    span = max(high - low, least_span)
    return np.asarray((values - (low + high) / 2) / span + 0.5)
