"""Ten thousand covers, and covers that change while a network learns from them."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import torch

from mixtape.covergan.condition import Condition
from mixtape.covergan.deck import likeness_groups, make_deck
from mixtape.covergan.material import features_of, material
from mixtape.covergan.networks import SIZES
from mixtape.covergan.recipe import TrainSettings
from mixtape.covergan.step import Trainer, advance
from mixtape.covergan.team import Team
from mixtape.covergan.train import begin, train
from mixtape.library import Cover, Library
from mixtape.palette import dominant_colours
from mixtape.types import Timeline, Track

SMALL = TrainSettings(size=SIZES[16], batch=8, steps=2, threads=1, precision="float32")
MANY = 10_000
VECTORS = {"rp": 1440, "ssd": 168, "rh": 60}


def painted(count, *, pixels, seed=0):
    """Covers of 4 x 4 squares in colours drawn by lot, no two alike: (count, pixels, pixels, 3)."""
    squares = np.random.default_rng(seed).integers(0, 256, (count, 4, 4, 3), np.uint8)
    return squares.repeat(pixels // 4, axis=1).repeat(pixels // 4, axis=2)


def test_ten_thousand_covers_are_laid_out_in_little_memory_and_trained_on():
    covers = painted(MANY, pixels=16)
    covers[MANY // 2 : MANY // 2 + 2000] = covers[0]  # the same placeholder on two thousand albums
    music = list(np.random.default_rng(1).standard_normal((MANY, 1, 32)).astype(np.float32))
    cpu, artists = torch.device("cpu"), [[f"artist {k // 3}"] for k in range(MANY)]
    tracemalloc.start()
    group = likeness_groups(covers)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 150e6
    assert len(set(group)) == MANY - 2000
    deck = make_deck(covers, music, pixels=16, device=cpu, artists=artists)
    assert MANY // 32 < len(deck.held) <= MANY // 16
    assert abs(float(deck.weight[0]) - 2001**-0.5) < 1e-6
    state = begin(SMALL, deck, cpu, Team())
    for state.step in range(3):
        losses = advance(state, deck, SMALL, Trainer.of(state, Team()), done=0.5)
    assert all(torch.isfinite(loss) for loss in losses)


def test_chains_of_near_duplicates_hold_together_however_far_apart_they_stand():
    # A grey that grows lighter by a step too small to see, in an order drawn by lot, and covers that are like nothing else.
    chain = np.linspace(40, 200, 700).astype(np.uint8)[:, None, None, None] * np.ones((1, 16, 16, 3), np.uint8)
    order = np.random.default_rng(3).permutation(1400)
    group = likeness_groups(np.concatenate([chain, painted(700, pixels=16)])[order])
    of = group[np.argsort(order)]
    assert len(set(of[:700])) == 1
    assert len(set(of)) == 701
    assert sorted(set(of)) == list(range(701))


@pytest.fixture
def shelf(tmp_path):
    """A library of 80 songs, each with a cover of its own."""
    with Library(tmp_path / "library", create=True) as library:
        put_songs(library, range(80))
    return tmp_path / "library"


def put_songs(library, numbers):
    rng = np.random.default_rng(numbers.start)
    quiet = np.zeros(60, np.float32)
    timeline = Timeline(quiet, np.zeros((60, 8), np.float32), quiet, quiet, np.zeros(0, np.float32))
    for number, pixels in zip(numbers, painted(len(numbers), pixels=128, seed=numbers.start), strict=True):
        name, path = f"{number:032x}", f"/music/{number}.flac"
        library.put_cover(Cover(name, pixels, b"as found", ".png", "cover.png", 128, 128, dominant_colours(pixels)))
        library.put_tracks([Track(name, path, f"Artist {number}", f"Song {number}", "Album", "", None, 60.0, name)])
        vectors = {kind: rng.random(d).astype(np.float32) for kind, d in VECTORS.items()}
        library.put_listening(name, vectors, timeline, versions=dict.fromkeys([*vectors, "timeline"], 1))


def teach(shelf, *, steps, progress=lambda *_: None):
    """One start of training on what the library holds now; the report and how many covers there were."""
    with Library(shelf) as library:
        given = material(library, Condition.fit(features_of(library)), pixels=16)
    settings = replace(SMALL, steps=steps)
    report = train(
        given.covers,
        given.conditions,
        folder=shelf / "covergan",
        settings=settings,
        artists=given.artists,
        progress=progress,
    )
    return report, len(given.covers)


def smalls(shelf):
    return sorted((shelf / "covers" / "small").rglob("*.png"))


def test_covers_replaced_and_removed_between_two_starts_are_noticed_and_training_goes_on(shelf):
    first, count = teach(shelf, steps=2)
    assert (count, first.steps, first.remarks) == (80, 2, ())
    for path in smalls(shelf)[:10]:
        path.unlink()
    with Library(shelf) as library:
        put_songs(library, range(75, 90))
    second, count = teach(shelf, steps=4)
    assert (count, second.steps) == (80, 4)
    assert any("have changed" in remark for remark in second.remarks)
    third, _ = teach(shelf, steps=6)
    assert third.remarks == ()


def test_covers_that_vanish_while_training_runs_do_not_disturb_it(shelf):
    def rob(stage, done, total):
        for path in smalls(shelf)[5:] if done == 2 else ():
            path.unlink()

    report, count = teach(shelf, steps=4, progress=rob)
    assert (count, report.steps, report.remarks) == (80, 4, ())
    again, count = teach(shelf, steps=6)
    assert (count, again.steps) == (5, 6)
    assert any("have changed" in remark for remark in again.remarks)
