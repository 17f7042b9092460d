"""The network that dreams covers."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from figures.row import Row, cpu_s


def pictures() -> Row:
    """How many 64 px pictures one core draws in a second for the wall, in the precision the show takes, against float32."""
    import numpy as np

    from mixtape.covergan.material import DEMO_MODEL
    from mixtape.covergan.model import CoverModel, latents

    def rate(precision: Any) -> float:
        model = CoverModel.load(DEMO_MODEL, precision=precision)
        heard = np.zeros((144, 32), np.float32)
        drawn = latents(144, seed=1, dimensions=model.latent)
        return 144 / cpu_s(lambda: model.pictures(drawn, heard))

    mine, floor = rate("auto"), rate("float32")
    return Row("pictures", mine, "pictures a core-second", "the same in float32", mine / floor)


def train_step() -> Row:
    """A training step of the cover network, batch 32, against drawing as many pictures with it."""
    import numpy as np

    from mixtape.covergan.material import DEMO_MODEL
    from mixtape.covergan.model import CoverModel, latents
    from mixtape.covergan.train import TrainSettings, train

    rng = np.random.default_rng(6)
    covers = rng.integers(0, 256, (128, 64, 64, 3), np.uint8)
    heard = [rng.normal(size=(1, 32)).astype(np.float32) for _ in covers]

    def steps(count: int) -> float:
        with tempfile.TemporaryDirectory() as folder:
            start = time.process_time()
            train(covers, heard, folder=Path(folder), settings=TrainSettings(steps=count, threads=1))
            return time.process_time() - start

    steps(2)
    mine = (steps(34) - steps(2)) / 32
    model = CoverModel.load(DEMO_MODEL, precision="float32")
    floor = cpu_s(lambda: model.pictures(latents(32, seed=1, dimensions=model.latent)))
    return Row("train_step", 1000 * mine, "CPU-ms", "drawing 32 pictures", mine / floor)


ROWS = (
    pictures,
    train_step,
)
