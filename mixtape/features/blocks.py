"""The set `blocks`: six patterns of how the spectrum moves within short blocks of time, and how that is spread over the song.

After Seyerlehner, Widmer and Pohle, "Fusing block-level features for music similarity estimation" (DAFx 2010), on the levelled
spectra of mixtape/features/cents.py. Each pattern describes one block of frames of 23 ms; the song is a percentile over its
blocks, not their mean, so that what goes on for a part of the song counts as well.

| pattern | frames, hop | of a block | over the song |
| --- | --- | --- | --- |
| spectral | 10, 5 | each band's levels sorted; low, middle, high | 90th percentile |
| delta | 25, 5 | rise since 3 frames before, sorted; middle, high, highest; a fall is 0 | 90th percentile |
| variance | 25, 5 | change since 3 frames before, sorted; lowest, middle, highest | standard deviation |
| fluctuation | 512, 128 | strength of 37 speeds from 0.4 to 12 Hz, as it is felt (Fastl 1982), logarithmic | 60th percentile |
| correlation | 256, 128 | how much two bands rise and fall together | median |
| contrast | 40, 20 | highest less lowest of five neighbouring bands, sorted; five of them | median |

The paper keeps every sorted value of every band, some 10,000 numbers in which neighbours say nearly the same; here a few sorted
values and bands pooled by two to four remain. `PATTERNS` tells which slice of the vector is which pattern. They are made for the
L1 distance and scaled so that two songs of a mixed collection are about 1 apart in each.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from mixtape.audio import SAMPLE_RATE_HZ
from mixtape.errors import AudioError
from mixtape.features.cents import CENT_BANDS, LevelledCents
from mixtape.features.stretch import SEGMENT, SLOW_HZ, Stretch
from mixtape.types import FloatArray

VERSIONS = {"blocks": 1}
"""The set made here; the number grows when the same sound gives other values."""

_SORTED_BANDS, _SPEED_BANDS, _PAIR_BANDS = 48, 24, 32
_GROUP = 5
_SPEEDS_HZ = 0.4 * 30 ** (np.arange(37) / 36)
_SPECTRAL_PLACES, _DELTA_PLACES, _VARIANCE_PLACES, _CONTRAST_PLACES = [1, 4, 8], [13, 18, 23], [1, 12, 23], [4, 12, 20, 28, 36]
_DELTA_FRAMES = 3

# Of more blocks of a kind than this every second one is forgotten, again and again: 8 minutes of the shortest, 3 hours of the
# longest count in full, and memory ends at 30 MB.
_MOST_BLOCKS = 4096


@dataclass(frozen=True)
class _Kind:
    """Blocks of `length` frames every `hop`: what is kept of each, (bands, b, length) to (b, d), and of all, (b, d) to (d,)."""

    length: int
    hop: int
    described: Callable[[FloatArray], FloatArray]
    summed_up: Callable[[FloatArray], FloatArray]


class BlocksEar:
    """Hears a song stretch by stretch; keeps what its blocks are like (3 MB for 3 minutes) until their percentiles are known."""

    def __init__(self) -> None:
        self._cents = LevelledCents()
        self._kept = [_Kept(kind) for kind in _KINDS]

    def hear(self, stretch: Stretch) -> None:
        """Take in the next stretch."""
        self._take(self._cents.take(stretch))

    def vectors(self, *, n_samples: int) -> dict[str, FloatArray]:
        """`blocks` of the whole song, parted as `PATTERNS` says. AudioError when it was shorter than 5.94 s."""
        if n_samples < SEGMENT:
            raise AudioError(
                f"{n_samples / SAMPLE_RATE_HZ:.2f} s of sound is too short: the block patterns need at least "
                f"{SEGMENT / SAMPLE_RATE_HZ:.2f} s ({SEGMENT} samples)"
            )
        # The song may go on: what a song ends with is heard by a copy.
        ended = deepcopy(self)
        ended._take(ended._cents.rest())
        return {"blocks": np.concatenate([kept.summary() for kept in ended._kept]) * _scale()}

    def _take(self, frames: FloatArray) -> None:
        for kept in self._kept:
            kept.take(frames)


class _Kept:
    """The blocks of one kind, as frames come in."""

    def __init__(self, kind: _Kind) -> None:
        self._kind = kind
        self._near = np.zeros((CENT_BANDS, 0), np.float32)
        self._rows: list[FloatArray] = []
        self._seen, self._every = 0, 1

    def take(self, frames: FloatArray) -> None:
        near = np.concatenate([self._near, frames], axis=1)
        count = max((near.shape[1] - self._kind.length) // self._kind.hop + 1, 0)
        if count:
            self._keep(
                self._kind.described(sliding_window_view(near, self._kind.length, axis=1)[:, :: self._kind.hop][:, :count])
            )
        self._near = near[:, count * self._kind.hop :].copy()

    def _keep(self, rows: FloatArray) -> None:
        self._rows.append(rows[-self._seen % self._every :: self._every])
        self._seen += len(rows)
        while self._seen > _MOST_BLOCKS * self._every:
            self._every *= 2
            self._rows = [np.concatenate(self._rows)[::2]]

    def summary(self) -> FloatArray:
        if not self._rows:
            # Shorter than one block: heard over and over until it fills one.
            length = self._kind.length
            self._keep(self._kind.described(np.tile(self._near, -(-length // self._near.shape[1]))[:, None, :length]))
        return self._kind.summed_up(np.concatenate(self._rows)).astype(np.float32)


def _percentile(rows: FloatArray, *, q: float) -> FloatArray:
    found: FloatArray = np.percentile(np.ascontiguousarray(rows.T), q, axis=1)
    return found


def _spectral(blocks: FloatArray) -> FloatArray:
    return _as_rows(_pooled(np.sort(blocks)[..., _SPECTRAL_PLACES], _SORTED_BANDS))


def _movement(blocks: FloatArray) -> FloatArray:
    """Delta and variance side by side: they look at the same sorted changes."""
    change = np.sort(blocks[..., _DELTA_FRAMES:] - blocks[..., :-_DELTA_FRAMES])
    rise = np.maximum(change[..., _DELTA_PLACES], 0)
    return _as_rows(_pooled(np.concatenate([rise, change[..., _VARIANCE_PLACES]], axis=2), _SORTED_BANDS))


def _movement_summed_up(rows: FloatArray) -> FloatArray:
    delta, variance = np.split(rows.reshape(len(rows), _SORTED_BANDS, -1), 2, axis=2)
    flat = (len(rows), -1)
    return np.r_[_percentile(delta.reshape(flat), q=90), variance.reshape(flat).std(axis=0)]


def _fluctuation(blocks: FloatArray) -> FloatArray:
    from scipy.fft import rfft

    speeds = np.abs(rfft(blocks)) @ _speeds(blocks.shape[-1])
    return _as_rows(np.log1p(_pooled(speeds, _SPEED_BANDS)))


def _correlation(blocks: FloatArray) -> FloatArray:
    bands = _pooled(blocks, _PAIR_BANDS).transpose(1, 0, 2)
    away = bands - bands.mean(axis=2, keepdims=True)
    away /= np.sqrt(np.square(away).sum(axis=2, keepdims=True)) + np.float32(1e-3)
    one, other = np.triu_indices(_PAIR_BANDS, 1)
    return (away @ away.transpose(0, 2, 1))[:, one, other]


def _contrast(blocks: FloatArray) -> FloatArray:
    # Not yet blocks but five neighbouring bands each: their spread does not change from block to block.
    grouped = blocks.reshape(CENT_BANDS // _GROUP, _GROUP, *blocks.shape[1:])
    return _as_rows(np.sort(grouped.max(axis=1) - grouped.min(axis=1))[..., _CONTRAST_PLACES])


def _pooled(bands: FloatArray, count: int) -> FloatArray:
    """Means of neighbouring bands along the first axis, `count` of them."""
    edges = np.linspace(0, len(bands), count + 1).round().astype(np.int64)
    width = np.diff(edges).astype(np.float32)
    sums: FloatArray = np.add.reduceat(bands, edges[:-1], axis=0)
    sums /= width.reshape(-1, *[1] * (bands.ndim - 1))
    return sums


def _as_rows(blocks: FloatArray) -> FloatArray:
    """(bands, b, k) to (b, bands * k)."""
    return np.ascontiguousarray(blocks.transpose(1, 0, 2)).reshape(blocks.shape[1], -1)


@cache
def _speeds(frames: int) -> FloatArray:
    """(frames / 2 + 1, 37): modulation spectrum read at each speed, times how strongly it is felt, 1 / (f/4 + 4/f)."""
    place = _SPEEDS_HZ * frames / SLOW_HZ
    below = place.astype(np.int64)
    felt = 1 / (_SPEEDS_HZ / 4 + 4 / _SPEEDS_HZ)
    matrix = np.zeros((frames // 2 + 1, len(_SPEEDS_HZ)), np.float32)
    column = np.arange(len(_SPEEDS_HZ))
    matrix[below, column] = (1 - (place - below)) * felt
    matrix[below + 1, column] = (place - below) * felt
    return matrix


_KINDS = (
    _Kind(10, 5, _spectral, partial(_percentile, q=90)),
    _Kind(25 + _DELTA_FRAMES, 5, _movement, _movement_summed_up),
    _Kind(512, 128, _fluctuation, partial(_percentile, q=60)),
    _Kind(256, 128, _correlation, partial(_percentile, q=50)),
    _Kind(40, 20, _contrast, partial(_percentile, q=50)),
)

_SIZES = {
    "spectral": _SORTED_BANDS * len(_SPECTRAL_PLACES),
    "delta": _SORTED_BANDS * len(_DELTA_PLACES),
    "variance": _SORTED_BANDS * len(_VARIANCE_PLACES),
    "fluctuation": _SPEED_BANDS * len(_SPEEDS_HZ),
    "correlation": _PAIR_BANDS * (_PAIR_BANDS - 1) // 2,
    "contrast": CENT_BANDS // _GROUP * len(_CONTRAST_PLACES),
}

# Mean L1 distance between two songs of a mixed collection, in the unscaled pattern.
_USUAL_DISTANCE = {"spectral": 1140, "delta": 690, "variance": 286, "fluctuation": 620, "correlation": 121, "contrast": 510}


def _slices() -> dict[str, slice]:
    ends = np.cumsum(list(_SIZES.values())).tolist()
    return {name: slice(end - size, end) for (name, size), end in zip(_SIZES.items(), ends, strict=True)}


PATTERNS: dict[str, slice] = _slices()
"""Which part of the vector is which pattern."""


@cache
def _scale() -> FloatArray:
    return np.concatenate([np.full(size, 1 / _USUAL_DISTANCE[name], np.float32) for name, size in _SIZES.items()])
