import numpy as np
import pytest
import torch

from mixtape.covergan.condition import Condition
from mixtape.covergan.networks import SIZES
from mixtape.covergan.recipe import TrainSettings
from mixtape.covergan.train import train


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def drawn_covers(n=96, *, pixels=16, seed=0):
    """Covers whose colour and split follow the first four numbers of their music; (n, s, s, 3) and (n, 32)."""
    rng = np.random.default_rng(seed)
    music = rng.uniform(-1.7, 1.7, (n, 32)).astype(np.float32)
    colours = 127 + 70 * np.stack([music[:, :3], -music[:, [1, 3, 0]]], axis=1)
    covers = np.empty((n, pixels, pixels, 3))
    split = (pixels * (0.5 + 0.2 * music[:, 3])).astype(int)
    for k in range(n):
        covers[k, :] = colours[k, 0]
        covers[k, split[k] :] = colours[k, 1]
    return np.clip(covers, 0, 255).astype(np.uint8), music


@pytest.fixture
def made_up():
    """`made_up(n)` draws covers and their music."""
    return drawn_covers


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A small model after a short training: (folder, report, covers, music)."""
    folder = tmp_path_factory.mktemp("trained")
    covers, music = drawn_covers()
    settings = TrainSettings(size=SIZES[16], batch=8, steps=64, threads=1, precision="float32", noise=0.05)
    condition = Condition.fit(np.random.default_rng(1).random((40, 1668)))
    report = train(covers, list(music[:, None]), folder=folder, settings=settings, condition=condition, made_by="a test")
    return folder, report, covers, music
