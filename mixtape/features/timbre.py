"""The set `timbre`: the colour of the sound as one Gaussian of its cepstrum.

Mandel and Ellis, "Song-level features and support vector machines for music classification" (ISMIR 2005). Each frame of 93 ms
becomes its mel-frequency cepstral coefficients: the first 25 of the cosine transform of 64 mel levels in dB. What is kept
of a song is how they are spread: their mean and covariance, whatever the order in time. Two songs are compared by the
symmetrised Kullback-Leibler divergence of their Gaussians, see `unpack`.

The vector is the mean (25,) and then the upper triangle, row by row, of the covariance: 350 numbers. The covariance has 10 dB^2
added on its diagonal: without it, a song that holds still along some direction is far from everything, and silence has
no divergence at all. This much did not only keep it finite but found more songs of the same kind than 1 or 0.1.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from mixtape.audio import SAMPLE_RATE_HZ
from mixtape.errors import AudioError, ShapeError
from mixtape.features.mel import MEL_BANDS
from mixtape.features.stretch import SEGMENT, Stretch
from mixtape.types import FloatArray

VERSIONS = {"timbre": 1}
"""The set made here; the number grows when the same sound gives other values."""

COEFFICIENTS = 25
TIMBRE_SIZE = COEFFICIENTS + COEFFICIENTS * (COEFFICIENTS + 1) // 2
"""Numbers in the vector, 350."""

REGULAR_DB2 = 10.0
"""Variance added to each coefficient."""


class TimbreEar:
    """Hears a song stretch by stretch; keeps sums only."""

    def __init__(self) -> None:
        self._frames = 0
        self._sum = np.zeros(COEFFICIENTS)
        self._products = np.zeros((COEFFICIENTS, COEFFICIENTS))

    def hear(self, stretch: Stretch) -> None:
        """Take in the next stretch."""
        cepstrum = (stretch.mel_db @ _cosines()).astype(np.float64)
        self._frames += len(cepstrum)
        self._sum += cepstrum.sum(axis=0)
        self._products += cepstrum.T @ cepstrum

    def vectors(self, *, n_samples: int) -> dict[str, FloatArray]:
        """`timbre` (350,) of the whole song. AudioError when it was shorter than 5.94 s."""
        if n_samples < SEGMENT:
            raise AudioError(
                f"{n_samples / SAMPLE_RATE_HZ:.2f} s of sound is too short: its timbre needs at least "
                f"{SEGMENT / SAMPLE_RATE_HZ:.2f} s ({SEGMENT} samples)"
            )
        mean = self._sum / self._frames
        covariance = self._products / self._frames - np.outer(mean, mean) + REGULAR_DB2 * np.eye(COEFFICIENTS)
        return {"timbre": np.r_[mean, covariance[np.triu_indices(COEFFICIENTS)]].astype(np.float32)}


def unpack(vectors: FloatArray) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Means (n, 25) and covariances (n, 25, 25) of timbre vectors (n, 350); the covariances have an inverse.

    The symmetrised divergence of songs i and j, with d = mean_i - mean_j and P the inverse of C, is
    (tr(P_j C_i) + tr(P_i C_j) - 2 * 25 + d (P_i + P_j) d) / 4; its square root is a distance for mutual proximity.

    Raises:
        ShapeError: not rows of 350 numbers.
    """
    if vectors.ndim != 2 or vectors.shape[1] != TIMBRE_SIZE:
        raise ShapeError(f"timbre vectors of shape {vectors.shape}; (n, {TIMBRE_SIZE}) is needed")
    row, column = np.triu_indices(COEFFICIENTS)
    covariance = np.empty((len(vectors), COEFFICIENTS, COEFFICIENTS))
    covariance[:, row, column] = covariance[:, column, row] = vectors[:, COEFFICIENTS:]
    return vectors[:, :COEFFICIENTS].astype(np.float64), covariance


@cache
def _cosines() -> FloatArray:
    """(64, 25): the orthonormal cosine transform, coefficients 0 to 24."""
    from scipy.fft import dct

    return np.ascontiguousarray(dct(np.eye(MEL_BANDS), norm="ortho", axis=0)[:COEFFICIENTS].T, dtype=np.float32)
