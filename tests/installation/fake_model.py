"""A stand-in for the cover network that a spawned process can import: each picture holds its first latent."""

import os
import time

import numpy as np


class FakeModel:
    def __init__(self, path):
        self.path = path
        if path.name == "broken":
            raise ValueError("broken: not a model")

    def pictures(self, latents, conditions, *, strength, truncation, **_):
        first = float(latents[0, 0])
        if first == -1.0:
            raise ValueError("latents are cursed")
        if first == -2.0:
            os._exit(3)
        if first == -3.0:
            time.sleep(0.5)
        shade = np.abs(latents[:, 0]) + conditions[:, 0] * strength * truncation
        return np.broadcast_to(shade.astype(np.uint8)[:, None, None, None], (len(latents), 64, 64, 3))


def half_model(path):
    """The real network in the quick number format, whatever this computer is quickest in."""
    from mixtape.covergan.model import CoverModel

    return CoverModel.load(path, precision="bfloat16")
