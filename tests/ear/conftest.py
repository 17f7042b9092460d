import numpy as np
import pytest


def make_sketch(number: int, *, take: int = 0, frames: int = 700) -> np.ndarray:
    """Made-up music: `number` sets spectrum, pattern and pulse, `take` the noise in it."""
    song, noise = np.random.default_rng(number), np.random.default_rng([number, take])
    spectrum = 150 + 30 * np.cos(np.arange(64) * song.uniform(0.05, 0.4) + song.uniform(0, 6))
    bar = np.kron(song.uniform(-40, 40, (int(song.integers(4, 10)), 8)), np.ones((int(song.integers(2, 7)), 8)))
    music = spectrum + np.resize(bar, (frames, 64)) + 5 * noise.standard_normal((frames, 64))
    return np.clip(music, 0, 255).astype(np.uint8)


@pytest.fixture(scope="session")
def sketches():
    return [make_sketch(number) for number in range(34)]


@pytest.fixture(scope="session")
def sketch_of():
    return make_sketch
