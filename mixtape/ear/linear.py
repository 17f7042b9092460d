"""The linear ear: the directions in which songs differ from each other more than from themselves.

A song is heard as patches of 3 s, each 288 numbers: mean, spread and spread of change of 64 mel bands, and how strongly 16
cosine shapes of the spectrum move in 6 bands of modulation. Every song is a class of its own. With B the covariance of the
songs' means and W the mean covariance of patches within a song, the eigenproblem B a = v (W + r I) a gives directions a and how
much more songs differ than patches do, v; each direction is scaled by sqrt(v / (1 + v)), the share of it that is the song's.
Linear discriminant analysis (Fisher 1936; Rao 1948), here without labels. A song's vector is the mean of its patches' vectors,
each brought to length 1; two songs are compared by the angle between them.

Nothing here is chance, and memory does not grow with the songs: sums are kept, not patches.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mixtape.ear.patches import PATCH, level_mel, starts, windows
from mixtape.errors import ModelError
from mixtape.storage import about_arrays, digest_of, load_arrays, save_arrays
from mixtape.types import ByteArray, FloatArray

VERSION = 1
"""Raise it when the same sketches give another ear."""

DIRECTIONS = 64
"""Numbers of a song's vector."""

RIDGE = 0.1
"""Added to the within-song variance of every number, in units of that number's variance over all patches."""

PATCHES = 40
"""The most patches taken of one song."""

STATISTICS = 288
"""Numbers of a patch."""

_SHAPES = 16
_MODULATION_HZ = (0.5, 1.0, 2.0, 4.0, 8.0, 14.0, 21.6)
_STEP = 32
_FRAME_HZ = 22050 / 512


@dataclass(frozen=True, slots=True, eq=False)
class LinearEar:
    """A fitted ear: patch statistics (288,) minus `mean` times `axes` (288, 64) is what it hears of a patch."""

    mean: FloatArray
    axes: FloatArray
    songs: int

    def embed(self, sketch: ByteArray) -> FloatArray:
        """The song's vector (64,) float32, at most 1 long, from its sketch (t, 64)."""
        heard = (patch_statistics(sketch) - self.mean) @ self.axes
        length = np.linalg.norm(heard, axis=1, keepdims=True)
        return (heard / np.maximum(length, 1e-9)).mean(axis=0).astype(np.float32)

    def save(self, path: Path, *, about: dict[str, Any] | None = None) -> None:
        """Write the ear, whole or not at all, with what `about` says and a digest of what it is."""
        digest = digest_of(VERSION, self.mean, self.axes)
        said = {**(about or {}), "ear": "linear", "digest": digest, "version": VERSION, "songs": self.songs}
        save_arrays(path, {"mean": self.mean, "axes": self.axes}, about=said)

    @classmethod
    def load(cls, path: Path) -> LinearEar:
        """Read an ear. LibraryError when the file is missing or broken, ModelError when it is of another version."""
        arrays = load_arrays(path)
        about = about_arrays(arrays)
        if about.get("ear") != "linear" or about.get("version") != VERSION:
            raise ModelError(f"{path}: no linear ear of version {VERSION}; delete it and run mixtape build again")
        return cls(arrays["mean"], arrays["axes"], int(about["songs"]))


def fit_linear(sketches: Iterable[ByteArray], *, ridge: float = RIDGE, directions: int = DIRECTIONS) -> LinearEar:
    """Fit the ear on sketches (t, 64) uint8, one of each song; they are gone through once, one at a time.

    Silent songs teach it nothing and are passed over. ModelError when fewer than two songs with sound are left.
    """
    seen = _Sums()
    for sketch in sketches:
        if sketch.any():
            seen.add(patch_statistics(sketch).astype(np.float64))
    if seen.songs < 2:
        raise ModelError(f"the linear ear: {seen.songs} songs with sound, at least 2 are needed; add music and build again")
    return _solved(seen, ridge=ridge, directions=directions)


def patch_statistics(sketch: ByteArray) -> FloatArray:
    """What is in the patches of a song: (p, 288) float32 in dB, from a sketch (t, 64) uint8; 1 to 40 patches, evenly over it.

    Levels count from the song's own loudness: how loud a song was mastered is no part of how it sounds.
    """
    mel = level_mel(sketch)
    first = starts(len(mel), most=PATCHES, step=_STEP)
    bands = windows(mel, first)
    change = np.diff(bands, axis=2)
    return np.concatenate([bands.mean(axis=2), bands.std(axis=2), change.std(axis=2), _modulation(mel, first)], axis=1)


def _modulation(mel: FloatArray, first: npt.NDArray[np.intp]) -> FloatArray:
    """Strength in dB (p, 96) of the movement of 16 cosine shapes in 6 bands from 0.5 to 21.6 Hz."""
    from scipy.fft import dct, rfft

    shapes = windows(dct(mel, axis=1, norm="ortho")[:, :_SHAPES], first)
    shapes = shapes - shapes.mean(axis=2, keepdims=True)
    power = np.abs(rfft(shapes * np.hanning(PATCH + 1)[:-1].astype(np.float32), axis=2)) ** 2
    strength = np.log10(power @ _modulation_bands() + 1.0)
    return (10.0 * strength).reshape(len(first), -1).astype(np.float32)


@lru_cache(maxsize=1)
def _modulation_bands() -> FloatArray:
    """Which of the 65 modulation frequencies belong to which band, (65, 6), each column a mean."""
    hz = np.arange(PATCH // 2 + 1) * _FRAME_HZ / PATCH
    member = [(low <= hz) & (hz < high) for low, high in pairwise(_MODULATION_HZ)]
    table = np.stack(member, axis=1).astype(np.float32)
    return table / table.sum(axis=0)


class _Sums:
    """All that the eigenproblem needs to know of the songs seen so far."""

    def __init__(self) -> None:
        self.songs = 0
        self.mean = np.zeros(STATISTICS)
        self.between = np.zeros((STATISTICS, STATISTICS))
        self.within = np.zeros((STATISTICS, STATISTICS))

    def add(self, patches: npt.NDArray[np.float64]) -> None:
        """One more song, as heavy as any other however long it is."""
        middle = patches.mean(axis=0)
        spread = patches - middle
        self.within += spread.T @ spread / len(patches)
        # Welford's update: sums of squares of large means would lose the small differences between them.
        self.songs += 1
        away = middle - self.mean
        self.mean += away / self.songs
        self.between += np.outer(away, middle - self.mean)


def _solved(seen: _Sums, *, ridge: float, directions: int) -> LinearEar:
    from scipy.linalg import eigh

    within, between = seen.within / seen.songs, seen.between / (seen.songs - 1)
    between = (between + between.T) / 2
    scale = np.sqrt(np.maximum(np.diag(within) + np.diag(between), 1e-6))
    within, between = within / np.outer(scale, scale), between / np.outer(scale, scale)
    values, vectors = eigh(between, within + ridge * np.eye(STATISTICS))
    values, vectors = values[::-1][:directions], vectors[:, ::-1][:, :directions]
    # An eigenvector may come with either sign; the same library must give the same bytes.
    strongest = np.take_along_axis(vectors, np.abs(vectors).argmax(axis=0)[None], axis=0)
    share = np.sqrt(np.maximum(values, 0.0) / (1.0 + np.maximum(values, 0.0)))
    axes = vectors * np.sign(strongest) * share / scale[:, None]
    return LinearEar(seen.mean.astype(np.float32), axes.astype(np.float32), seen.songs)
