import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from mixtape.covergan.deck import deal, likeness_groups, make_deck
from mixtape.covergan.keepsakes import is_milestone
from mixtape.covergan.metrics import diversity
from mixtape.covergan.model import CoverModel, latents, read_model
from mixtape.covergan.networks import SIZES
from mixtape.covergan.recipe import TrainSettings
from mixtape.covergan.state import content_of, load_state, save_state
from mixtape.covergan.step import advance
from mixtape.covergan.team import Team
from mixtape.covergan.train import begin, device_of, train
from mixtape.covergan.watch import SETBACKS, go_back, judged_at, trouble
from mixtape.errors import ModelError, ShapeError

SMALL = TrainSettings(size=SIZES[16], batch=8, steps=20, threads=1, precision="float32")

KILLED = TrainSettings(size=SIZES[16], batch=8, steps=60, threads=1, precision="float32", save_every_s=0.1)

CHILD = """
import sys
import numpy as np
from pathlib import Path
from mixtape.covergan.networks import SIZES
from mixtape.covergan.recipe import TrainSettings
from mixtape.covergan.train import train
arrays = np.load(sys.argv[1])
settings = TrainSettings(size=SIZES[16], batch=8, steps=int(sys.argv[3]), threads=1, precision="float32", save_every_s=0.1)
report = train(arrays["covers"], list(arrays["music"]), folder=Path(sys.argv[2]), settings=settings)
"""

SHARED = """
import sys
import torch
from pathlib import Path
from mixtape.covergan.losses import DiscriminatorLoss
from mixtape.covergan.networks import SIZES, Asked, Discriminator
from mixtape.covergan.team import Team
team, folder = Team.join(torch.device("cpu")), Path(sys.argv[1])
torch.manual_seed(0)
d = Discriminator(SIZES[16])
torch.manual_seed(1 + team.rank)
given = torch.randn(8, 3, 16, 16), torch.randn(8, 3, 16, 16), Asked(torch.randn(8, 32), torch.randn(8, 32), torch.ones(8, 2)), 1.0
DiscriminatorLoss(d)(*given)[0].backward()
torch.save({name: weight.grad.clone() for name, weight in d.named_parameters()}, folder / f"alone-{team.rank}.pt")
d.zero_grad()
shared = team.shared(DiscriminatorLoss(d))
shared(*given)[0].backward()
torch.save({name: weight.grad for name, weight in d.named_parameters()}, folder / f"{team.rank}.pt")
team.leave()
"""


def a_state(trained):
    """A training that has not begun."""
    cpu = torch.device("cpu")
    return begin(SMALL, make_deck(trained[2], list(trained[3][:, None]), pixels=16, device=cpu), cpu, Team())


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


def test_covers_without_any_known_song_are_drawn_and_judged_without_music(trained, tmp_path):
    settings = replace(SMALL, steps=16, judge_every=8)
    unheard = [np.zeros((0, 32), np.float32)] * len(trained[2])
    report = train(trained[2], unheard, folder=tmp_path, settings=settings)
    assert [int(line.split(",")[0]) for line in (tmp_path / "judged.csv").read_text().splitlines()[1:]] == [8, 16]
    assert "conditions" not in np.load(tmp_path / "samples" / "asked.npz")
    sheet = np.asarray(Image.open(tmp_path / "samples" / "step-0000016.png")).reshape(8, 16, 11, 16, 3)[:, :, 1]
    model = CoverModel.load(report.model, precision="float32")
    plain = model.pictures(latents(10, seed=7, dimensions=16))[0]
    # The model keeps half the digits of a weight, so the two may differ by a shade.
    assert np.abs(sheet[0].astype(int) - plain).max() <= 2


def test_a_loss_that_is_no_number_sends_training_back_with_smaller_steps(trained, tmp_path):
    state = a_state(trained)
    state.d_loss = state.g_loss = 0.7
    assert not trouble(state)
    save_state(tmp_path / "checkpoint.pt", state)
    state.step = 30
    with torch.no_grad():
        next(state.g.parameters()).fill_(float("nan"))
    said = trouble(state)
    assert "number" in said
    assert "went back to step 0" in go_back(state, said, lambda: load_state(tmp_path / "checkpoint.pt", state))
    assert not trouble(state)
    assert (state.step, state.setbacks, state.lr_scale) == (0, 1, 0.5)


def test_pictures_that_become_all_alike_send_training_back_to_the_best_state(trained, tmp_path, monkeypatch):
    settings = TrainSettings(size=SIZES[16], batch=8, steps=1280, threads=1, precision="float32", judge_every=256)

    def flat(state, deck, settings, trainer, *, done):
        # From step 600 on the generator draws one grey, until training goes back.
        if state.step >= 600 and not state.setbacks:
            torch.nn.init.zeros_(state.ema.picture.conv.weight)
        return torch.tensor(0.7), torch.tensor(0.7)

    monkeypatch.setattr("mixtape.covergan.train.advance", flat)
    report = train(trained[2], list(trained[3][:, None]), folder=tmp_path, settings=settings, start_from=trained[1].model)
    assert (report.setbacks, report.steps) == (1, 1280)
    assert any("alike" in remark and "went back to step 512" in remark for remark in report.remarks), report.remarks


def test_when_memory_runs_out_training_goes_on_with_half_as_many_pictures_a_step(trained, tmp_path, monkeypatch):
    def hungry(state, deck, settings, trainer, *, done):
        if state.batch > 8:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return advance(state, deck, settings, trainer, done=done)

    monkeypatch.setattr("mixtape.covergan.train.advance", hungry)
    settings = replace(SMALL, batch=32)
    report = train(trained[2], list(trained[3][:, None]), folder=tmp_path, settings=settings)
    assert report.steps == SMALL.steps
    assert [remark for remark in report.remarks if "memory" in remark] == [
        "memory ran out at 32 pictures a step; went on with 16",
        "memory ran out at 16 pictures a step; went on with 8",
    ]


def test_memory_that_holds_no_step_at_all_is_said_with_a_remedy_and_other_faults_are_not_hidden(trained, tmp_path, monkeypatch):
    def failing(words):
        def fails(*_, **__):
            raise RuntimeError(words)

        return fails

    monkeypatch.setattr("mixtape.covergan.train.advance", failing("DefaultCPUAllocator: can't allocate memory: you tried ..."))
    with pytest.raises(ModelError, match="pixels"):
        train(trained[2], list(trained[3][:, None]), folder=tmp_path / "full", settings=SMALL)
    monkeypatch.setattr("mixtape.covergan.train.advance", failing("shapes do not fit"))
    with pytest.raises(RuntimeError, match="shapes do not fit"):
        train(trained[2], list(trained[3][:, None]), folder=tmp_path / "broken", settings=SMALL)


def test_two_processes_train_one_network_and_the_first_keeps_the_files(tmp_path, made_up):
    covers, music = made_up(70)
    np.savez(tmp_path / "covers.npz", covers=covers, music=music[:, None])
    (tmp_path / "child.py").write_text(CHILD + "sys.stdout.write(f'{report.steps} {report.d_loss} {report.g_loss}\\n')\n")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", str(tmp_path / "child.py")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    for steps in ("12", "20"):  # and goes on from where it stopped
        done = subprocess.run(
            [*command, str(tmp_path / "covers.npz"), str(tmp_path / "two"), steps],
            env=environment, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        told = [line.split() for line in done.stdout.splitlines() if line.strip()]
        assert [line[0] for line in told] == [steps, steps]
    assert sorted(path.name for path in (tmp_path / "two").iterdir() if path.is_file()) == [
        *("about.json", "checkpoint.pt", "history.csv", "judged.csv", "model.safetensors")
    ]
    model = CoverModel.load(tmp_path / "two" / "model.safetensors", precision="float32")
    assert model.pictures(latents(2, seed=0, dimensions=16)).shape == (2, 16, 16, 3)


def test_the_gradient_of_two_processes_is_that_of_both_their_pictures(tmp_path):
    (tmp_path / "child.py").write_text(SHARED)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", str(tmp_path / "child.py")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([*command, str(tmp_path)], env=environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    ours, theirs = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    alone = [torch.load(tmp_path / f"alone-{rank}.pt", weights_only=True) for rank in (0, 1)]
    for name, gradient in ours.items():
        assert torch.equal(gradient, theirs[name])
        torch.testing.assert_close(gradient, (alone[0][name] + alone[1][name]) / 2, rtol=1e-3, atol=1e-6)


def test_a_broken_checkpoint_names_its_remedy(trained, tmp_path):
    state = a_state(trained)
    (tmp_path / "checkpoint.pt").write_bytes(b"torn")
    with pytest.raises(ModelError, match="--fresh"):
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


def test_what_is_held_out_shares_no_artist_and_no_copy_with_what_is_trained_on(made_up):
    covers, music = made_up(200)
    covers[50:60] = covers[140:150]
    # Forty artists of five covers each, and a duet that joins two of them.
    artists = [[f"artist {k % 40}"] + (["artist 1"] if k == 7 else []) for k in range(200)]
    deck = make_deck(covers, list(music[:, None]), pixels=16, device=torch.device("cpu"), artists=artists)
    held = set(deck.held.tolist())
    assert 5 <= len(held) <= 200 // 16
    trained_on = set(range(200)) - held
    assert not {name for k in held for name in artists[k]} & {name for k in trained_on for name in artists[k]}
    assert not {covers[k].tobytes() for k in held} & {covers[k].tobytes() for k in trained_on}


def test_one_artist_who_made_everything_leaves_nothing_to_hold_out(made_up):
    covers, music = made_up(100)
    deck = make_deck(covers, list(music[:, None]), pixels=16, device=torch.device("cpu"), artists=[["the same"]] * 100)
    assert len(deck.held) == 0


def test_held_out_covers_are_never_trained_on(trained):
    deck = make_deck(trained[2], list(trained[3][:, None]), pixels=16, device=torch.device("cpu"))
    assert 0 < len(deck.held) < 20
    assert not deck.weight[deck.held].any()


def test_every_song_of_a_cover_takes_its_turn_and_some_draws_have_no_music():
    songs = np.repeat(np.arange(3, dtype=np.float32)[:, None], 32, axis=1)
    deck = make_deck(np.zeros((1, 16, 16, 3), np.uint8), [songs], pixels=16, device=torch.device("cpu"))
    shares = {"null_share": 0.25, "colours_null_share": 0.5}
    hand = deal(deck, batch=400, **shares, noise=0.0, ramp=0.5, draws=torch.Generator().manual_seed(0))
    assert set(hand.asked.music[:, 0].tolist()) == {0.0, 1.0, 2.0}
    assert set(hand.asked.strength.flatten().tolist()) == {0.0, 0.5}
    unknown = (hand.asked.strength == 0).float().mean(dim=0)
    assert abs(unknown - torch.tensor([0.25, 0.5])).max() < 0.1
    np.testing.assert_array_equal(hand.asked.colours.numpy(), np.repeat(deck.colours.numpy(), 400, axis=0))


def test_a_song_is_also_shown_covers_of_songs_that_sound_like_it_but_none_that_is_held_out(made_up):
    covers, music = made_up(200)
    deck = make_deck(covers, list(music[:, None]), pixels=16, device=torch.device("cpu"))
    kept = np.setdiff1d(np.arange(200), deck.held.numpy())
    apart = np.square(music[kept][:, None] - music[kept][None]).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    expected = kept[np.argsort(apart, axis=1)[:, : deck.near.shape[1]]]
    assert deck.near.shape[1] == 3
    np.testing.assert_array_equal(np.sort(deck.near.numpy()[kept], axis=1), np.sort(expected, axis=1))
    shares = {"null_share": 0.2, "colours_null_share": 0.5}
    hand = deal(deck, batch=64, **shares, noise=0.1, ramp=1.0, draws=torch.Generator().manual_seed(1))
    assert torch.equal(hand.asked.music[:32], hand.asked.music[32:])
    assert torch.equal(hand.asked.strength[:32, 0], hand.asked.strength[32:, 0])
    assert (hand.pictures[:32] != hand.pictures[32:]).flatten(1).any(dim=1).all()


@pytest.mark.parametrize(("count", "songs"), [(40, 1), (200, 0)])
def test_few_covers_and_those_whose_songs_are_unknown_are_dealt_each_for_itself(made_up, count, songs):
    covers, music = made_up(count)
    deck = make_deck(covers, [row[:songs] for row in music[:, None]], pixels=16, device=torch.device("cpu"))
    shares = {"null_share": 0.0, "colours_null_share": 0.0}
    hand = deal(deck, batch=64, **shares, noise=0.0, ramp=1.0, draws=torch.Generator().manual_seed(1))
    assert (hand.pictures[:32] != hand.pictures[32:]).flatten(1).any(dim=1).float().mean() > 0.9
    for picture, colours in zip(hand.pictures, hand.asked.colours, strict=True):
        row = next(k for k in range(count) if torch.equal(deck.pictures[k].float() / 127.5 - 1, picture))
        assert torch.equal(deck.colours[row], colours)


def test_judgements_begin_early():
    assert [step for step in range(1, 1600) if judged_at(step, every=512)] == [128, 256, 512, 1024, 1536]
    assert [step for step in range(1, 300) if judged_at(step, every=100)] == [100, 200]


def test_keepsakes_grow_rarer():
    assert [step for step in range(100) if is_milestone(step)] == [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96]
    assert sum(is_milestone(step) for step in range(1_000_000)) < 50


def test_covers_that_replace_others_are_not_judged_by_the_distance_to_those(trained, tmp_path):
    covers, music = trained[2], list(trained[3][:, None])
    settings = replace(SMALL, steps=16, judge_every=8)
    train(covers, music, folder=tmp_path, settings=settings)
    assert (tmp_path / "best.pt").is_file()
    others = 255 - covers[::-1]
    report = train(others, music, folder=tmp_path, settings=replace(settings, steps=20))
    assert report.steps == 20
    assert not (tmp_path / "best.pt").is_file()
    train(others, music, folder=tmp_path, settings=replace(settings, steps=28))
    assert [int(line.split(",")[0]) for line in (tmp_path / "judged.csv").read_text().splitlines()[1:]] == [24, 28]


def test_a_longer_budget_does_not_take_the_music_away_again(trained, tmp_path, monkeypatch):
    heard = []

    def listening(deck, *, ramp, **dealt):
        heard.append(ramp)
        if len(heard) > 24:
            raise KeyboardInterrupt
        return deal(deck, ramp=ramp, **dealt)

    monkeypatch.setattr("mixtape.covergan.step.deal", listening)
    covers, music = trained[2], list(trained[3][:, None])
    train(covers, music, folder=tmp_path, settings=replace(SMALL, steps=20))
    with pytest.raises(KeyboardInterrupt):
        train(covers, music, folder=tmp_path, settings=replace(SMALL, steps=4000))
    assert heard[0] == 0.0
    assert heard[20:] == [1.0] * 5


def test_another_batch_in_the_settings_is_taken_and_what_memory_allowed_of_the_same_is_kept(trained, tmp_path):
    covers, music = trained[2], list(trained[3][:, None])

    def batch():
        return torch.load(tmp_path / "checkpoint.pt", weights_only=True)["batch"]

    train(covers, music, folder=tmp_path, settings=replace(SMALL, steps=1))
    train(covers, music, folder=tmp_path, settings=replace(SMALL, steps=2, batch=16))
    assert batch() == 16
    packed = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    torch.save(packed | {"batch": 4}, tmp_path / "checkpoint.pt")
    train(covers, music, folder=tmp_path, settings=replace(SMALL, steps=3, batch=16))
    assert batch() == 4


def test_a_training_that_went_back_too_often_says_that_it_ended_and_keeps_the_smaller_batch(trained, tmp_path):
    state = a_state(trained)
    save_state(tmp_path / "checkpoint.pt", state)
    state.batch, said = 4, []
    for _ in range(SETBACKS + 1):
        said.append(go_back(state, "a loss was no longer a number", lambda: load_state(tmp_path / "checkpoint.pt", state)))
    assert state.batch == 4
    assert ["ended" in each for each in said] == [False] * SETBACKS + [True]


def test_no_time_at_all_is_a_budget_and_songs_that_are_no_numbers_are_refused(trained, tmp_path):
    covers, music = trained[2], list(trained[3][:, None])
    assert train(covers, music, folder=tmp_path / "none", settings=replace(SMALL, steps=None, seconds=0.0)).steps == 0
    music[3] = np.full((1, 32), np.nan, np.float32)
    with pytest.raises(ShapeError, match=f"1 of {len(covers)} conditions"):
        train(covers, music, folder=tmp_path, settings=SMALL)


def test_what_killed_writes_left_is_swept_up_and_a_checkpoint_that_cannot_be_read_is_said(trained, tmp_path):
    covers, music = trained[2], list(trained[3][:, None])
    left = [tmp_path / ".new-0123.pt", tmp_path / "snapshots" / ".new-0123.safetensors", tmp_path / "samples" / ".new-0.png"]
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"half")
    train(covers, music, folder=tmp_path, settings=replace(SMALL, steps=1))
    assert not any(path.exists() for path in left)
    with pytest.raises(ModelError, match=r"cannot be read .*--fresh"):
        content_of(tmp_path / "snapshots")


def test_too_many_processes_for_the_batch_or_the_graphics_cards_are_told_at_once(monkeypatch):
    with pytest.raises(ModelError, match="a batch of 8 for 4 processes"):
        Team(0, 4).share(8)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setenv("LOCAL_RANK", "1")
    with pytest.raises(ModelError, match=r"process 2 .* 1 are here"):
        device_of("cuda")
