import math
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from mixtape.covergan.deck import deal, likeness_groups, make_deck
from mixtape.covergan.keepsakes import is_milestone
from mixtape.covergan.metrics import diversity
from mixtape.covergan.model import CoverModel, read_model
from mixtape.covergan.networks import SIZES
from mixtape.covergan.state import load_state, save_state
from mixtape.covergan.train import TrainSettings, _begin, _go_back, _trouble, train
from mixtape.errors import ModelError, ShapeError

SMALL = TrainSettings(size=SIZES[16], batch=8, steps=20, threads=1, precision="float32")

KILLED = TrainSettings(size=SIZES[16], batch=8, steps=60, threads=1, precision="float32", save_every_s=0.1)

CHILD = """
import sys
import numpy as np
from pathlib import Path
from mixtape.covergan.networks import SIZES
from mixtape.covergan.train import TrainSettings, train
arrays = np.load(sys.argv[1])
settings = TrainSettings(size=SIZES[16], batch=8, steps=int(sys.argv[3]), threads=1, precision="float32", save_every_s=0.1)
train(arrays["covers"], list(arrays["music"]), folder=Path(sys.argv[2]), settings=settings)
"""


def test_training_leaves_a_model_samples_and_finite_losses(trained):
    folder, report, _, _ = trained
    assert report.steps == 64
    assert math.isfinite(report.d_loss)
    assert math.isfinite(report.g_loss)
    assert (folder / "samples" / "step-0000000.png").is_file()
    assert (folder / "samples" / "step-0000064.png").is_file()
    tensors, about = read_model(report.model)
    assert about["made_by"] == "a test"
    assert any(name.startswith("discriminator.") for name in tensors)


def test_the_running_average_is_not_the_generator(trained):
    state = torch.load(trained[0] / "checkpoint.pt", weights_only=True)
    assert any(not torch.equal(state["ema"][name], state["g"][name]) for name in state["g"])


def test_pictures_are_varied(trained):
    _, report, covers, music = trained
    model = CoverModel.load(report.model, precision="float32")
    varied = diversity(model, covers, music)
    assert varied.over_latents > 0
    assert varied.over_music > 0


def test_training_killed_without_warning_goes_on_to_the_same_end(tmp_path, made_up):
    covers, music = made_up(70)
    music = np.stack([music, -music], axis=1)
    np.savez(tmp_path / "covers.npz", covers=covers, music=music)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path / "covers.npz"), str(tmp_path / "cut"), str(KILLED.steps)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
    )
    while not (tmp_path / "cut" / "samples" / "step-0000024.png").is_file() and child.poll() is None:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL, child.stderr.read()
    assert torch.load(tmp_path / "cut" / "checkpoint.pt", weights_only=True)["step"] < KILLED.steps
    again = train(covers, list(music), folder=tmp_path / "cut", settings=KILLED)
    whole = train(covers, list(music), folder=tmp_path / "whole", settings=KILLED)
    assert (again.steps, again.d_loss, again.g_loss) == (whole.steps, whole.d_loss, whole.g_loss)
    ours, theirs = read_model(again.model)[0], read_model(whole.model)[0]
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_a_longer_budget_goes_on_from_a_finished_training_and_notices_other_covers(trained, tmp_path):
    covers, music = trained[2], list(trained[3][:, None])
    first = train(covers, music, folder=tmp_path, settings=SMALL)
    same = train(covers, music, folder=tmp_path, settings=SMALL)
    assert (same.steps, same.d_loss, same.remarks) == (first.steps, first.d_loss, ())
    longer = TrainSettings(size=SIZES[16], batch=8, steps=24, threads=1, precision="float32")
    more = train(covers[:20], music[:20], folder=tmp_path, settings=longer)
    assert more.steps == 24
    assert "have changed" in more.remarks[0]


def test_a_small_collection_starts_from_a_trained_model(trained, tmp_path):
    settings = TrainSettings(size=SIZES[16], batch=8, steps=0, threads=1, precision="float32")
    report = train(trained[2][:3], list(trained[3][:3, None]), folder=tmp_path, settings=settings, start_from=trained[1].model)
    then, now = read_model(trained[1].model)[0], read_model(report.model)[0]
    assert all(torch.equal(now[name], then[name]) for name in now)


def test_one_single_cover_without_known_songs_can_be_trained_on(trained, tmp_path):
    settings = TrainSettings(size=SIZES[16], batch=8, steps=64, threads=1, precision="float32")
    report = train(trained[2][:1], [np.zeros((0, 32), np.float32)], folder=tmp_path, settings=settings)
    assert math.isfinite(report.g_loss)
    assert (report.setbacks, report.diversity) == (0, 1.0)


def test_a_loss_that_is_no_number_sends_training_back_with_smaller_steps(trained, tmp_path):
    deck = make_deck(trained[2], list(trained[3][:, None]), pixels=16, device=torch.device("cpu"))
    state = _begin(SMALL, deck, torch.device("cpu"), None)
    state.d_loss = state.g_loss = 0.7
    assert not _trouble(state)
    save_state(tmp_path / "checkpoint.pt", state)
    state.step = 30
    with torch.no_grad():
        next(state.g.parameters()).fill_(float("nan"))
    said = _trouble(state)
    assert "number" in said
    assert "went back to step 0" in _go_back(tmp_path / "checkpoint.pt", state, said)
    assert not _trouble(state)
    assert (state.step, state.setbacks, state.lr_scale) == (0, 1, 0.5)


def test_a_broken_checkpoint_names_its_remedy(trained, tmp_path):
    deck = make_deck(trained[2], list(trained[3][:, None]), pixels=16, device=torch.device("cpu"))
    state = _begin(SMALL, deck, torch.device("cpu"), None)
    (tmp_path / "checkpoint.pt").write_bytes(b"torn")
    with pytest.raises(ModelError, match="delete it"):
        load_state(tmp_path / "checkpoint.pt", state)


def test_covers_of_another_size_or_without_songs_lists_are_refused(trained, tmp_path):
    with pytest.raises(ShapeError, match="is needed"):
        train(trained[2][:, :8], list(trained[3][:, None]), folder=tmp_path, settings=SMALL)
    with pytest.raises(ShapeError, match="one for each"):
        train(trained[2], [], folder=tmp_path, settings=SMALL)


def test_half_precision_trains_too(trained, tmp_path):
    settings = TrainSettings(size=SIZES[16], batch=8, steps=9, threads=1, precision="bfloat16")
    report = train(trained[2], list(trained[3][:, None]), folder=tmp_path, settings=settings)
    assert math.isfinite(report.d_loss)
    assert math.isfinite(report.g_loss)


def test_copies_of_a_cover_count_as_a_group_and_are_drawn_less_often():
    rng = np.random.default_rng(0)
    covers = rng.integers(0, 256, (40, 16, 16, 3)).astype(np.uint8)
    covers[20:] = np.clip(covers[0].astype(int) + 2, 0, 255)
    group = likeness_groups(covers)
    assert len(set(group[20:])) == 1
    assert group[20] == group[0]
    assert len(set(group)) == 20
    deck = make_deck(covers, [np.zeros((1, 32), np.float32)] * 40, pixels=16, device=torch.device("cpu"))
    assert abs(float(deck.weight[20]) - 21**-0.5) < 1e-6
    assert float(deck.weight[1]) == 1.0


def test_held_out_covers_are_never_trained_on(trained):
    deck = make_deck(trained[2], list(trained[3][:, None]), pixels=16, device=torch.device("cpu"))
    assert 0 < len(deck.held) < 20
    assert not deck.weight[deck.held].any()


def test_every_song_of_a_cover_takes_its_turn_and_some_draws_have_no_music():
    songs = np.repeat(np.arange(3, dtype=np.float32)[:, None], 32, axis=1)
    deck = make_deck(np.zeros((1, 16, 16, 3), np.uint8), [songs], pixels=16, device=torch.device("cpu"))
    hand = deal(deck, batch=400, null_share=0.25, noise=0.0, ramp=0.5, draws=torch.Generator().manual_seed(0))
    assert set(hand.condition[:, 0].tolist()) == {0.0, 1.0, 2.0}
    assert set(hand.strength.tolist()) == {0.0, 0.5}
    assert 0.15 < float((hand.strength == 0).float().mean()) < 0.35


def test_keepsakes_grow_rarer():
    assert [step for step in range(100) if is_milestone(step)] == [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96]
    assert sum(is_milestone(step) for step in range(1_000_000)) < 50
