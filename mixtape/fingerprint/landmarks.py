"""Landmarks: pairs of peaks, each named by both pitches and the time between them.

One peak alone says little; a pair has four million names, and keeps its name wherever in a recording listening begins.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mixtape.types import Constellation

LONGEST_FRAMES = 63
"""Frames from the first peak of a pair to the second at most, 1.46 s."""

_SHORTEST_FRAMES = 2
_WIDEST_BINS = 63

Names = npt.NDArray[np.uint32]


def landmarks(peaks: Constellation, *, fan: int) -> tuple[Names, Names]:
    """Names and frames (n,) uint32 of the landmarks: each peak with the `fan` next ones near it in pitch.

    A name is, from its highest bit: 9 bits pitch of the first peak, 7 bits how far the second is above it (64 being level with
    it), 6 bits how many frames it comes later.
    """
    frames, bins = peaks.frames.astype(np.int64), peaks.bins.astype(np.int64)
    taken = np.zeros(len(frames), np.int64)
    names, places = list[npt.NDArray[np.int64]](), list[npt.NDArray[np.int64]]()
    for step in range(1, len(frames)):
        later, above = frames[step:] - frames[:-step], bins[step:] - bins[:-step]
        if later.min() > LONGEST_FRAMES:
            break
        near = (later >= _SHORTEST_FRAMES) & (later <= LONGEST_FRAMES) & (np.abs(above) <= _WIDEST_BINS)
        first = np.flatnonzero(near & (taken[:-step] < fan))
        taken[first] += 1
        names.append(bins[first] << 13 | (above[first] + 64) << 6 | later[first])
        places.append(frames[first])
    return _joined(names), _joined(places)


def _joined(parts: list[npt.NDArray[np.int64]]) -> Names:
    return np.concatenate([np.zeros(0, np.int64), *parts]).astype(np.uint32)
