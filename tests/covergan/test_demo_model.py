"""The network that comes with mixtape."""

import numpy as np
import pytest

from mixtape.covergan.material import DEMO_MODEL
from mixtape.covergan.model import CoverModel, latents


@pytest.fixture(scope="module")
def demo():
    return CoverModel.load(DEMO_MODEL, precision="float32")


def test_it_is_small_enough_to_come_along_and_says_how_it_was_made(demo):
    assert DEMO_MODEL.stat().st_size <= 4_000_000
    assert demo.about["made_by"].startswith("python scripts/train_demo_model.py")
    assert demo.about["made_by"] in DEMO_MODEL.with_suffix(".md").read_text(encoding="utf-8")


def test_it_hears_any_song_and_another_song_gives_other_pictures(demo):
    songs = demo.condition_of(np.random.default_rng(0).random((2, 1668)) * [[1], [30]])
    z = latents(12, seed=1)
    one, other = (demo.pictures(z, np.repeat(songs[k : k + 1], 12, axis=0)).astype(int) for k in range(2))
    assert np.abs(one.mean(axis=0) - other.mean(axis=0)).mean() > 8


def test_its_pictures_are_varied_and_not_grey(demo):
    music = np.random.default_rng(2).standard_normal((24, 32)).astype(np.float32)
    pictures = demo.pictures(latents(24, seed=1), music).astype(int)
    assert pictures.std(axis=0).mean() > 30
    assert np.ptp(pictures.mean(axis=(1, 2)), axis=1).mean() > 10
