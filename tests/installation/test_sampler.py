import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from installation.messages import LatentRequest
from installation.sampler import STEADY_MODEL, DirectSampler, Sampler
from mixtape.covergan.material import DEMO_MODEL
from mixtape.covergan.model import latents

sys.path.insert(0, str(Path(__file__).parent))
FAKE = "fake_model:FakeModel"


def wish(stamp, first=5.0, tiles=4):
    latents = np.full((tiles, 8), first, np.float32)
    latents[1:, 0] = np.arange(1, tiles)
    return LatentRequest(
        stamp, stamp / 10, np.arange(tiles, dtype=np.int32), latents, np.full((tiles, 32), 2.0, np.float32), 1.0, 0.5
    )


def answer(sampler, seconds=30.0, matching=lambda sheet: True):
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        sheet = sampler.take()
        if sheet is not None and matching(sheet):
            return sheet
        time.sleep(0.005)
    raise AssertionError("no answer came")


@pytest.fixture(scope="module")
def sampler():
    with Sampler("model", factory=FAKE) as running:
        yield running


def test_the_process_draws_the_same_bytes_as_the_direct_sampler(sampler):
    direct = DirectSampler("model", factory=FAKE)
    sampler.request(wish(1))
    direct.request(wish(1))
    mine, yours = answer(sampler), direct.take()
    assert mine.images.tobytes() == yours.images.tobytes()
    assert mine.images.shape == (4, 64, 64, 3)
    assert (mine.stamp, mine.time_s, mine.error) == (1, 0.1, None)
    np.testing.assert_array_equal(mine.tiles, yours.tiles)


@pytest.mark.parametrize("factory", [STEADY_MODEL, "fake_model:half_model"])
def test_the_real_network_gives_the_same_bytes_in_a_process_and_without(factory):
    rng = np.random.default_rng(8)
    heard, colours = rng.normal(size=(40, 32)).astype(np.float32), np.abs(rng.normal(size=(40, 32))).astype(np.float32)
    asked = LatentRequest(
        3, 0.2, np.arange(40, dtype=np.int32), latents(40, seed=2), heard, 1.0, 0.8, colours=colours, colour_strength=0.7
    )
    direct = DirectSampler(DEMO_MODEL, factory=factory)
    direct.request(asked)
    with Sampler(DEMO_MODEL, factory=factory) as running:
        running.request(asked)
        mine, yours = answer(running, 120.0), direct.take()
    assert mine.error is None
    assert np.ptp(mine.images) > 50
    assert mine.images.tobytes() == yours.images.tobytes()
    assert mine.took_s > yours.took_s == 0.0


def test_an_answer_is_given_once(sampler):
    sampler.request(wish(2))
    answer(sampler)
    assert sampler.take() is None


def test_while_the_network_works_the_newest_wish_replaces_the_ones_that_wait(sampler):
    sampler.request(wish(10, first=-3.0))
    time.sleep(0.2)
    for stamp in range(11, 40):
        sampler.request(wish(stamp))
    stamps = [answer(sampler).stamp]
    while stamps[-1] != 39:
        stamps.append(answer(sampler).stamp)
    assert len(stamps) <= 3


def test_a_whole_big_wall_comes_back(sampler):
    sampler.request(wish(50, tiles=1296))
    sheet = answer(sampler)
    assert sheet.images.shape == (1296, 64, 64, 3)
    assert sheet.images[200, 0, 0, 0] == 201


def test_a_request_that_fails_is_answered_in_words_and_the_next_is_drawn(sampler):
    sampler.request(wish(60, first=-1.0))
    assert "cursed" in answer(sampler).error
    sampler.request(wish(61))
    assert answer(sampler).error is None


def test_a_process_that_dies_is_started_again(sampler):
    sampler.request(wish(70, first=-2.0))
    assert "died" in answer(sampler).error
    sampler.request(wish(71))
    assert answer(sampler).stamp == 71
    os.kill(sampler._worker.pid, signal.SIGKILL)
    sampler.request(wish(72))
    assert answer(sampler).stamp == 72
    sampler.request(wish(73))
    assert answer(sampler).error is None
    assert sampler.restarts == 2


def test_a_network_that_keeps_dying_is_given_up_with_one_word():
    with Sampler("model", factory=FAKE) as sampler:
        for stamp in range(4):
            sampler.request(wish(stamp, first=-2.0))
            assert "started again" in answer(sampler).error
        sampler.request(wish(5))
        assert "stopped 4 times" in answer(sampler).error
        sampler.request(wish(6))
        time.sleep(0.2)
        assert sampler.take() is None


def test_a_model_that_cannot_be_loaded_is_told_with_every_answer():
    with Sampler("broken", factory=FAKE) as sampler:
        sampler.request(wish(1))
        assert "not a model" in answer(sampler).error


def test_stop_ends_the_process_and_may_be_called_twice():
    sampler = Sampler("model", factory=FAKE)
    sampler.start()
    sampler.request(wish(1))
    answer(sampler)
    worker = sampler._worker
    sampler.stop()
    sampler.stop()
    assert not worker.is_alive()


def test_a_sampler_that_was_never_started_stops():
    Sampler("model", factory=FAKE).stop()


def test_a_process_that_cannot_be_started_is_said_and_tried_again(monkeypatch):
    refused, launch = [], Sampler._launch

    def first_refused(self):
        if not refused:
            refused.append(True)
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return launch(self)

    monkeypatch.setattr(Sampler, "_launch", first_refused)
    with Sampler("model", factory=FAKE) as running:
        running.request(wish(1))
        assert "cannot be started" in answer(running).error
        running.request(wish(2))
        assert answer(running).error is None
