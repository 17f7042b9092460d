"""Walks through the latent space that end where they began: one closed loop for each tile of the wall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mixtape.types import FloatArray

SIDESTEP = 0.5
"""How far a loop leaves its circle: 0 is a great circle, more is a figure that does not cross the same middle twice."""

_STEPS = 4096


@dataclass(frozen=True, slots=True, eq=False)
class LatentLoops:
    """For each tile three directions (n, 3, z) at right angles: z(t) = a cos t + b sin t + SIDESTEP d sin 2t, on the
    sphere of radius sqrt z."""

    directions: FloatArray

    def at(self, phase: npt.NDArray[np.floating] | float) -> FloatArray:
        """Latents (n, z) where each tile has gone `phase` (n,) turns around its loop. Equal steps of phase are equal
        steps in z."""
        turns = np.broadcast_to(np.asarray(phase, dtype=np.float64), (len(self.directions),))
        t = np.interp(turns % 1.0, *_even_walk())
        place = np.stack([np.cos(t), np.sin(t), SIDESTEP * np.sin(2 * t)], axis=1)
        place *= (self.directions.shape[2] ** 0.5 / np.linalg.norm(place, axis=1))[:, None]
        return np.einsum("nk,nkz->nz", place, self.directions).astype(np.float32)


def loop_latents(seed: int, n_tiles: int, *, dimensions: int = 64) -> LatentLoops:
    """A loop for each of `n_tiles` tiles. A tile's loop depends on the seed and its number alone."""
    raw = np.stack([np.random.default_rng((seed, tile)).standard_normal((dimensions, 3)) for tile in range(n_tiles)])
    return LatentLoops(np.ascontiguousarray(np.linalg.qr(raw)[0].transpose(0, 2, 1)).astype(np.float32))


def _even_walk() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Share of the way gone, and the angle t there: all loops have the same shape, so one table serves them."""
    t = np.linspace(0.0, 2 * np.pi, _STEPS + 1)
    path = np.stack([np.cos(t), np.sin(t), SIDESTEP * np.sin(2 * t)])
    path /= np.linalg.norm(path, axis=0)
    gone = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(path, axis=1), axis=0))])
    return gone / gone[-1], t
