"""When one song hands over to the next: places in the song that ends, worked out from its timeline. Pure numbers."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from mixtape.types import TIMELINE_HZ, Timeline

_LEAD_S = 0.5
_FORGIVING_S = 1.0

BACK_S = 20.0
"""A boundary of sections is looked for in so many seconds before the usual place, and a moment of quiet too."""

_BACK_SHARE = 0.15
"""No more than this share of a song is given up for a better place to leave it."""

_SILENT = 0.02
_QUIET_SHARE = 0.5
_SMOOTH_ROWS = TIMELINE_HZ // 2


def lead_s(fade_s: float) -> float:
    """How long before its time the sound is told what comes next, in seconds.

    What is heard lies about 0.2 s behind what is mixed. A long fade may begin so much late and nobody hears it; a short one
    would begin in the silence after the song, and a song joined without a gap would leave one.
    """
    return _LEAD_S if fade_s < _FORGIVING_S else 0.0


@lru_cache(maxsize=32)
def leave_s(timeline: Timeline, *, fade_s: float, boundaries: bool) -> float:
    """The second of this song at which the next one begins to come in, over `fade_s` seconds; 0 to its length.

    Usually `fade_s` before the end. With `boundaries` the fade is over when the music is, whatever silence follows, and
    begins at the last boundary of sections in the 20 s before that (never more than 15 % of the song); without one, at the
    quietest half-second there, when that is less than half as loud as the song usually is.
    """
    length_s = timeline.duration_s
    usual_s = max(length_s - fade_s, 0.0)
    if not boundaries or not len(timeline.level):
        return usual_s
    level = np.convolve(np.nan_to_num(timeline.level.astype(np.float64)), np.full(_SMOOTH_ROWS, 1 / _SMOOTH_ROWS), mode="same")
    loud = np.flatnonzero(level > _SILENT)
    if not len(loud):
        return usual_s
    latest_s = min(usual_s, max((loud[-1] + 1) / TIMELINE_HZ - fade_s, 0.0))
    earliest_s = max(latest_s - min(BACK_S, _BACK_SHARE * length_s), 0.0)
    sections_s = np.asarray(timeline.sections_s, np.float64)
    inside_s = sections_s[(sections_s >= earliest_s) & (sections_s <= latest_s)]
    if len(inside_s):
        return float(inside_s.max())
    first, last = round(earliest_s * TIMELINE_HZ), round(latest_s * TIMELINE_HZ) + 1
    window = level[first:last]
    quietest = int(np.argmin(window)) if len(window) else 0
    if len(window) and window[quietest] < _QUIET_SHARE * float(np.median(level)):
        return min((first + quietest) / TIMELINE_HZ, latest_s)
    return latest_s
