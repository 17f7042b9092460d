import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from mixtape.ear.network import NetEar, fresh_network, hear
from mixtape.ear.training import NetSettings, _fresh, advance, forget_training, nt_xent, steps_for, train_net
from mixtape.ear.views import Pool, changed, draw, twins
from mixtape.errors import ModelError

SMALL = NetSettings(steps=6, songs=8, threads=1, device="cpu")

CHILD = """
import sys
import numpy as np
from pathlib import Path
from mixtape.ear.training import NetSettings, train_net
sketches = list(np.load(sys.argv[1]))
settings = NetSettings(steps=400, songs=4, threads=1, device="cpu", save_every_s=0.0)
train_net(sketches, folder=Path(sys.argv[2]), settings=settings, made_from="a test")
"""


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def trained(sketches, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ear")
    return folder, train_net(sketches, folder=folder, settings=SMALL, made_from="a test")


class CutOffError(Exception):
    pass


def cut_at(step):
    def progress(stage, done, total):
        if done == step:
            raise CutOffError

    return progress


def same(one, other):
    return all(np.array_equal(one.weights[name], other.weights[name]) for name in one.weights)


def test_training_that_was_cut_off_ends_with_the_very_same_ear(trained, sketches, tmp_path):
    often = replace(SMALL, save_every_s=0.0)
    for step in (2, 5):
        with pytest.raises(CutOffError):
            train_net(sketches, folder=tmp_path, settings=often, made_from="a test", progress=cut_at(step))
    told = []
    ear = train_net(
        sketches, folder=tmp_path, settings=often, made_from="a test", progress=lambda stage, done, total: told.append(done)
    )
    assert told[0] == 5
    assert same(ear, trained[1])


def test_a_killed_training_leaves_a_checkpoint_that_can_be_gone_on_with(sketches, tmp_path):
    np.save(tmp_path / "sketches.npy", np.stack(sketches))
    command = [sys.executable, "-c", CHILD, str(tmp_path / "sketches.npy"), str(tmp_path)]
    child = subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"})
    try:
        ends = time.monotonic() + 60
        while not (tmp_path / "training.pt").is_file() and time.monotonic() < ends:
            time.sleep(0.05)
        time.sleep(0.3)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    assert torch.load(tmp_path / "training.pt", weights_only=True)["step"] >= 1


def test_other_songs_or_a_torn_checkpoint_begin_anew(trained, sketches, tmp_path):
    for content in ((trained[0] / "training.pt").read_bytes(), b"torn"):
        (tmp_path / "training.pt").write_bytes(content)
        told = []
        with pytest.raises(CutOffError):
            train_net(
                sketches,
                folder=tmp_path,
                settings=SMALL,
                made_from="other songs",
                progress=lambda stage, done, total, told=told: (told.append(done), cut_at(1)(stage, done, total)),
            )
        assert told[0] == 0


def test_a_training_that_is_done_is_not_done_again(trained, sketches):
    told = []
    ear = train_net(
        sketches, folder=trained[0], settings=SMALL, made_from="a test", progress=lambda stage, done, total: told.append(done)
    )
    assert told == [SMALL.steps]
    assert same(ear, trained[1])


def test_it_learns_to_tell_songs_apart(sketches, tmp_path):
    settings = replace(SMALL, steps=24, songs=16)
    state, pool = _fresh(settings, ""), Pool(sketches, seed=0)
    pool.move_to(0)
    losses = []
    for state.step in range(settings.steps):
        losses.append(float(advance(state, pool, settings)))
    assert np.mean(losses[-4:]) < np.mean(losses[:4]) - 0.3


def test_what_was_saved_hears_the_same(trained, sketches, tmp_path):
    ear = trained[1]
    ear.save(tmp_path / "ear.npz")
    loaded = NetEar.load(tmp_path / "ear.npz")
    assert np.array_equal(loaded.embed(sketches[0]), ear.embed(sketches[0]))
    assert (loaded.songs, loaded.steps) == (len(sketches), SMALL.steps)


@pytest.mark.parametrize("frames", [0, 1, 127, 128, 149, 256, 3876])
def test_songs_of_any_length_and_silence_have_a_finite_vector(trained, frames):
    for level in (0, 90, 255):
        vector = trained[1].embed(np.full((frames, 64), level, np.uint8))
        assert vector.shape == (128,)
        assert np.isfinite(vector).all()


def test_the_colour_of_a_recording_does_not_reach_the_network(trained, sketches):
    moderate = np.clip(sketches[0], 60, 200)
    tilted = (moderate + np.linspace(0, 40, 64).round()[None]).astype(np.uint8)
    a, b = trained[1].embed(moderate), trained[1].embed(tilted)
    assert a @ b / np.linalg.norm(a) / np.linalg.norm(b) > 0.99


def test_the_network_has_half_a_million_weights():
    assert 450_000 < sum(weight.numel() for weight in fresh_network(seed=0).parameters()) < 560_000


def test_vectors_of_patches_have_length_1():
    vectors = hear(fresh_network(seed=0).eval(), torch.randn(3, 64, 128))
    assert torch.allclose(vectors.norm(dim=1), torch.ones(3), atol=1e-5)


def test_the_loss_is_low_only_when_the_views_of_a_song_agree():
    songs = torch.nn.functional.normalize(torch.randn(8, 16, generator=torch.Generator().manual_seed(0)), dim=1)
    nobody = torch.zeros(16, 16, dtype=torch.bool)
    right = nt_xent(torch.cat([songs, songs]), nobody, temperature=0.1)
    wrong = nt_xent(torch.cat([songs, songs.roll(1, 0)]), nobody, temperature=0.1)
    assert right < 0.5
    assert wrong > right + 3


def test_two_views_of_a_song_come_from_that_song(sketches):
    pool = Pool(sketches, seed=0)
    pool.move_to(0)
    cut, slots = draw(pool, np.random.default_rng(0), songs=8)
    numbers = pool.numbers[slots]
    assert cut.shape == (16, 150, 64)
    assert np.array_equal(numbers[:8], numbers[8:])
    assert len(set(numbers[:8].tolist())) == 8
    views = changed(torch.from_numpy(cut), np.random.default_rng(0))
    assert views.shape == (16, 64, 128)
    assert torch.isfinite(views).all()


def test_songs_without_sound_are_never_drawn(sketches):
    pool = Pool([np.zeros((300, 64), np.uint8), *sketches[:3]], seed=0)
    pool.move_to(0)
    _, slots = draw(pool, np.random.default_rng(0), songs=96)
    assert set(pool.numbers[slots].tolist()) == {1, 2, 3}


def test_a_recording_in_two_files_is_not_driven_away_from_itself(sketches):
    again = np.clip(sketches[0].astype(int) - 15 + np.random.default_rng(0).integers(-2, 3, (700, 64)), 0, 255).astype(np.uint8)
    pool = Pool([*sketches, again], seed=0)
    pool.move_to(0)
    slots = np.argsort(pool.numbers)
    same = twins(pool, slots)
    assert same[0, -1]
    assert same.sum() == len(slots) + 2


def test_the_loss_does_not_look_at_the_same_recording_in_another_file():
    songs = torch.nn.functional.normalize(torch.randn(3, 16, generator=torch.Generator().manual_seed(0)), dim=1)
    views = torch.cat([songs, songs])
    views[1] = views[0]
    views[4] = views[3]
    alike = torch.zeros(6, 6, dtype=torch.bool)
    for one, other in ((0, 1), (0, 4), (3, 1), (3, 4)):
        alike[one, other] = alike[other, one] = True
    alone = nt_xent(views[[0, 2, 3, 5]], torch.zeros(4, 4, dtype=torch.bool), temperature=0.1)
    assert nt_xent(views, alike, temperature=0.1) == pytest.approx(float(alone), abs=0.01)
    assert nt_xent(views, torch.zeros(6, 6, dtype=torch.bool), temperature=0.1) > 0.4


def test_nothing_but_silence_teaches_nothing(tmp_path):
    with pytest.raises(ModelError, match="0 songs with sound"):
        train_net([np.zeros((300, 64), np.uint8)] * 30, folder=tmp_path, settings=SMALL, made_from="silence")


def test_a_large_collection_passes_through_memory_a_window_at_a_time(sketches):
    walked, sprung = Pool(sketches, seed=0, capacity=16), Pool(sketches, seed=0, capacity=16)
    met = set()
    for step in range(6):
        walked.move_to(step)
        met |= set(walked.numbers.tolist())
    sprung.move_to(5)
    assert len(walked.songs) == 16
    assert met == set(range(len(sketches)))
    assert np.array_equal(walked.numbers, sprung.numbers)
    assert all(np.array_equal(one, other) for one, other in zip(walked.songs, sprung.songs, strict=True))


def test_the_budget_grows_with_the_collection_and_has_an_end():
    assert steps_for(30) < steps_for(300) < steps_for(3000) < steps_for(30_000) == steps_for(10**6)
    assert steps_for(300) == steps_for(10, minutes=3.0)


def test_the_checkpoint_goes_when_it_is_done_with(sketches, tmp_path):
    train_net(sketches, folder=tmp_path, settings=replace(SMALL, steps=1), made_from="a test")
    assert (tmp_path / "training.pt").is_file()
    forget_training(tmp_path)
    forget_training(tmp_path)
    assert not (tmp_path / "training.pt").exists()
