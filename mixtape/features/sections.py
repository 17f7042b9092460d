"""Where the music changes: the boundaries between the parts of a song.

Foote's checkerboard novelty (ICME 2000) on what a third of a second sounds like: the loudness of each Bark band, how much it
moves, and the pitch classes. With likeness as a scalar product the tapered checkerboard is one vector times itself, so the
novelty is the squared length of a tapered difference between what follows and what went before, and no matrix is needed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mixtape.features.stretch import FRAME_HZ
from mixtape.types import FloatArray

SLICE_FRAMES = 32
"""Frames of a slice; sixteen slices make a whole stretch."""

SLICE_S = SLICE_FRAMES / FRAME_HZ
"""Length of a slice, 0.372 s."""

SHORTEST_SECTION_S = 6.0

_REACH_S, _NEAR_S = 12.0, 3.0
"""How far the novelty looks to either side: to find a boundary, and to say where it is exactly."""

_NOVEL = 0.35
"""What share of the song's whole variance the change must have to be a boundary."""

_SNAP_S = 0.4


def slices(frames: FloatArray, *, rows: int = SLICE_FRAMES) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation, each (ceil(t / rows), d), of every `rows` frames (t, d); fewer frames make up the last."""
    starts = np.arange(0, len(frames), rows)
    count = np.diff(np.r_[starts, len(frames)])[:, None].astype(np.float32)
    mean = np.add.reduceat(frames, starts, axis=0) / count
    square = np.add.reduceat(frames * frames, starts, axis=0) / count
    return mean, np.sqrt(np.maximum(square - mean * mean, 0))


def find_sections(aspects: list[FloatArray], *, beats_s: FloatArray) -> FloatArray:
    """The moments in seconds (k,) where the music changes, on a beat where one is near.

    Args:
        aspects: arrays (s, d) with a row for each slice; each aspect counts the same, however many columns it has.
        beats_s: (m,) the song's beats.
    """
    sound = _comparable(aspects)
    reach, gap = round(_REACH_S / SLICE_S), round(SHORTEST_SECTION_S / SLICE_S)
    if len(sound) < 2 * gap:
        return np.zeros(0, np.float32)
    wide, near = novelty(sound, reach=reach), novelty(sound, reach=round(_NEAR_S / SLICE_S))
    found = [_sharpest(near, peak) for peak in gap + _peaks(wide[gap : len(sound) - gap], gap=gap)]
    moments_s = [_on_a_beat((edge - 0.5 / SLICE_FRAMES) * SLICE_S, beats_s) for edge in found]
    return np.array(sorted(set(moments_s)), np.float32)


def novelty(sound: FloatArray, *, reach: int) -> FloatArray:
    """How much the music changes just before each slice, (s,): 0 nothing, 1 as much as the song differs from itself on the whole.

    Args:
        sound: (s, d) with a total variance of 1.
        reach: slices to either side that are compared, under a Gaussian taper.
    """
    from scipy.signal import fftconvolve

    away = (np.arange(reach) + 0.5) / reach
    taper = np.exp(-2 * away**2)
    taper /= taper.sum()
    kernel = np.r_[taper[::-1], -taper]
    # Beyond the ends the song goes on as it began and ended.
    padded = np.pad(sound, ((reach, reach), (0, 0)), mode="symmetric", reflect_type="even")
    moved = fftconvolve(padded, kernel[:, None], mode="valid", axes=0)[: len(sound)]
    return np.square(moved).sum(axis=1).astype(np.float32)


def _comparable(aspects: list[FloatArray]) -> FloatArray:
    """All aspects side by side (s, sum of d), each with its mean taken away and a total variance of 1 / number of aspects."""
    parts = []
    for aspect in aspects:
        moved = aspect - aspect.mean(axis=0)
        spread = np.sqrt(np.square(moved).sum(axis=1).mean())
        # An aspect that all but stands still would only blow up its rounding.
        parts.append(moved / max(float(spread), 0.05) / np.sqrt(len(aspects)))
    return np.concatenate(parts, axis=1).astype(np.float32)


def _peaks(wide: FloatArray, *, gap: int) -> npt.NDArray[np.int64]:
    from scipy.signal import find_peaks

    found, _ = find_peaks(wide, height=_NOVEL, distance=gap, prominence=_NOVEL / 2)
    return np.asarray(found, np.int64)


def _sharpest(near: FloatArray, peak: int) -> int:
    """The slice within a second and a half of a peak before which the change is most abrupt."""
    around = round(1.5 / SLICE_S)
    first = max(peak - around, 0)
    return first + int(near[first : peak + around + 1].argmax())


def _on_a_beat(moment_s: float, beats_s: FloatArray) -> float:
    if not len(beats_s):
        return moment_s
    nearest = float(beats_s[np.abs(beats_s - moment_s).argmin()])
    return nearest if abs(nearest - moment_s) <= _SNAP_S else moment_s
