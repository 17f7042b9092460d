"""The network that dreams covers."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from environment import ROOT

from figures.row import Row, cpu_s


def pictures() -> Row:
    """How many 64 px pictures one core draws in a second for the wall, in the precision the show takes, against float32.

    From numbers to bytes, every picture with music, colours and a truncation of its own.
    """
    mine, floor = _cpu_s_a_picture("auto"), _cpu_s_a_picture("float32")
    return Row("pictures", 1 / mine, "pictures a core-second", "the same in float32", floor / mine)


def wall_36() -> Row:
    """The share of a core that 36 tiles take at 15 Hz, against the same in float32."""
    mine, floor = _cpu_s_a_picture("auto"), _cpu_s_a_picture("float32")
    return Row("wall_36", 100 * 36 * 15 * mine, "% of a core for 36 tiles at 15 Hz", "the same in float32", mine / floor)


def _cpu_s_a_picture(precision: Any) -> float:
    import numpy as np

    from mixtape.covergan.material import DEMO_MODEL
    from mixtape.covergan.model import CoverModel, latents

    model = CoverModel.load(DEMO_MODEL, precision=precision)
    drawn = latents(36, seed=1, dimensions=model.latent)
    heard, tints = np.random.default_rng(2).normal(size=(2, 36, 32)).astype(np.float32)

    def draw() -> None:
        model.pictures(drawn, heard, colours=tints, truncation=0.8)

    return cpu_s(draw, repeat=20) / 36


def train_step() -> Row:
    """A training step of the cover network, batch 32, against drawing as many pictures with it."""
    import numpy as np

    from mixtape.covergan.material import DEMO_MODEL
    from mixtape.covergan.model import CoverModel, latents
    from mixtape.covergan.recipe import TrainSettings
    from mixtape.covergan.train import train

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


def _sleeves(count: int) -> Any:
    """Made-up sleeves (count, 64, 64, 3), and songs (count, 32) that go with their colours."""
    import numpy as np

    from mixtape.covergan.metrics.features import cells
    from mixtape.demo.covers import cover_pool

    covers, _ = cover_pool(count, seed=64)
    colours = cells(covers, side=8).reshape(count, -1)
    rng = np.random.default_rng(7)
    heard = np.tanh((colours - colours.mean(axis=0)) @ rng.normal(size=(colours.shape[1], 32)))
    return covers, (heard + 0.5 * rng.normal(size=heard.shape)).astype(np.float32)


def judge_quick() -> Row:
    """What a network in training is asked now and then, on 256 pictures, against drawing them."""
    import numpy as np

    from mixtape.covergan.material import DEMO_MODEL
    from mixtape.covergan.metrics import judge
    from mixtape.covergan.model import CoverModel, latents

    covers, heard = _sleeves(512)
    model = CoverModel.load(DEMO_MODEL, precision="float32")
    mine = cpu_s(lambda: judge(model, covers, heard, np.arange(512), count=256, quick=True), repeat=1)
    drawn = latents(256, seed=1, dimensions=model.latent)
    floor = cpu_s(lambda: model.pictures(drawn, heard[:256]))
    return Row("judge_quick", mine, "CPU-s", "drawing 256 pictures", mine / floor)


def judge_all() -> Row:
    """Every figure on a network, 384 pictures, with what Lite0 says where it is installed, against drawing them."""
    import numpy as np

    from mixtape.covergan.material import DEMO_MODEL
    from mixtape.covergan.metrics import judge
    from mixtape.covergan.metrics.features import has_lite0
    from mixtape.covergan.model import CoverModel, latents

    covers, heard = _sleeves(768)
    model = CoverModel.load(DEMO_MODEL, precision="float32")
    mine = cpu_s(lambda: judge(model, covers, heard, np.arange(768)), repeat=1)
    drawn = latents(384, seed=1, dimensions=model.latent)
    floor = cpu_s(lambda: model.pictures(drawn, heard[:384]))
    seen = "with" if has_lite0() else "without"
    return Row("judge_all", mine, "CPU-s", f"drawing 384 pictures, {seen} Lite0", mine / floor)


def judge_kid() -> Row:
    """Kernel distance of 384 pictures from 384 covers on Lite0 features, against the low-frequency features of them."""
    from mixtape.covergan.metrics.features import has_lite0, lite0_features, low_features
    from mixtape.covergan.metrics.kid import kid

    if not has_lite0():
        return Row("judge_kid", float("nan"), "CPU-s", 'needs pip install "mixtape[judge]"')
    covers, _ = _sleeves(768)
    mine = cpu_s(lambda: kid(lite0_features(covers[:384]), lite0_features(covers[384:])), repeat=1)
    floor = cpu_s(lambda: kid(low_features(covers[:384]), low_features(covers[384:])), repeat=1)
    return Row("judge_kid", mine, "CPU-s", "the same on thumbnails and colours", mine / floor)


def judge_sliced() -> Row:
    """Sliced Wasserstein distance of 384 pictures from 384 covers, against the palette distance of them."""
    from mixtape.covergan.metrics.palettes import palette_distance
    from mixtape.covergan.metrics.sliced import sliced

    covers, _ = _sleeves(768)
    mine = cpu_s(lambda: sliced(covers[:384], covers[384:]), repeat=1)
    floor = cpu_s(lambda: palette_distance(covers[:384], covers[384:]), repeat=1)
    return Row("judge_sliced", mine, "CPU-s", "palette distance", mine / floor)


def judge_link() -> Row:
    """Are covers and music linked, 512 pairs, with 200 permutations that learn anew, against asking once."""
    import numpy as np

    from mixtape.covergan.metrics import library_link

    covers, heard = _sleeves(512)
    mine = cpu_s(lambda: library_link(covers, heard, np.arange(512)), repeat=1)
    floor = cpu_s(lambda: library_link(covers, heard, np.arange(512), permutations=0), repeat=1)
    return Row("judge_link", mine, "CPU-s", "asking once, without the test", mine / floor)


def step_dcgan() -> Row:
    """A step of a plain DCGAN on 32 pictures, against a step of the cover network without music or colours."""
    from peers.dcgan import Dcgan
    from peers.learner import as_tensor
    from peers.own import Own

    covers, _ = _sleeves(96)
    theirs, ours = Dcgan(as_tensor(covers)), Own(covers, seconds=60.0)

    def eight() -> None:
        # One step in eight pays for the slope penalties.
        for _ in range(8):
            ours.step()

    peer, mine = cpu_s(theirs.step, repeat=5), cpu_s(eight, repeat=2) / 8
    return Row("step_dcgan", 1000 * peer, "CPU-ms", f"the cover network's step in {ours.state.precision}", peer / mine)


def learned_150() -> Row:
    """How often the judge finds the true song among 32 after 150 core-seconds on 3,000 made-up sleeves, in per cent, against
    how often it does from real sleeves. Hearing and drawing them takes minutes more; they are kept in out/."""
    import numpy as np
    from train_demo_model import TESTED, draw_sleeves, hear_songs, measure, songs_of_sleeves

    from mixtape.covergan.condition import Condition
    from mixtape.covergan.recipe import TrainSettings
    from mixtape.covergan.train import train

    kept = ROOT / "out" / "made_up"
    kept.mkdir(parents=True, exist_ok=True)
    features, song_styles = hear_songs(kept / "songs.npz")
    covers, styles = draw_sleeves(kept / "sleeves.npz", 3000 + TESTED)
    condition = Condition.fit(features)
    songs = songs_of_sleeves(covers, styles, condition.of(np.asarray(features)), song_styles)
    with tempfile.TemporaryDirectory() as folder:
        report = train(
            covers[TESTED:],
            songs[TESTED:],
            folder=Path(folder),
            settings=TrainSettings(seconds=150.0, threads=1),
            condition=condition,
            clock=time.process_time,
        )
        found = measure(report, covers, songs)
    against = f"real sleeves (another song {found['mismatched']:.1%}, none {found['null']:.1%}, {report.steps} steps)"
    return Row("learned_150", 100 * found["matched"], "% found among 32", against, found["matched"] / found["real"])


def gallery_30000() -> Row:
    """Filling the gallery with 30,000 pictures and their palettes, scaled up from 3,000, against drawing as many."""
    import numpy as np

    from mixtape.covergan.gallery import fill_gallery
    from mixtape.covergan.material import DEMO_MODEL
    from mixtape.covergan.model import CoverModel, latents

    some, heard = 3000, np.random.default_rng(1).standard_normal((100, 32)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        ages = Path(folder) / "snapshots"
        ages.mkdir()
        for step in range(20):
            (ages / f"step-{step:07d}.safetensors").write_bytes(DEMO_MODEL.read_bytes())
        start = time.process_time()
        made = fill_gallery(Path(folder), count=some, conditions=heard, song_ids=[f"song {k}" for k in range(100)])
        mine = time.process_time() - start
        size_mb = sum(path.stat().st_size for path in made.folder.iterdir()) / 1e6
    model = CoverModel.load(DEMO_MODEL, precision="float32")
    floor = cpu_s(lambda: model.pictures(latents(360, seed=1, dimensions=model.latent), heard[:1].repeat(360, axis=0)), repeat=1)
    against = f"drawing them alone, {10 * size_mb:.0f} MB on disk"
    return Row("gallery_30000", 10 * mine, "CPU-s, from 3,000", against, mine / (floor * some / 360))


def deck_10000() -> Row:
    """Laying out 10,000 covers of 64 px, a thousand of them alike, against a tenth of them."""
    import numpy as np
    import torch

    from mixtape.covergan.deck import make_deck

    squares = np.random.default_rng(5).integers(0, 256, (10_000, 8, 8, 3), np.uint8)
    covers = squares.repeat(8, axis=1).repeat(8, axis=2)
    covers[:1000] = covers[0]
    heard = list(np.zeros((10_000, 1, 32), np.float32))

    def lay(count: int) -> float:
        start = time.process_time()
        make_deck(covers[-count:], heard[-count:], pixels=64, device=torch.device("cpu"))
        return time.process_time() - start

    tenth, mine = lay(1000), lay(10_000)
    return Row("deck_10000", mine, "CPU-s", "1,000 covers", mine / tenth)


ROWS = (
    pictures,
    wall_36,
    train_step,
    step_dcgan,
    deck_10000,
    judge_quick,
    judge_all,
    judge_kid,
    judge_sliced,
    judge_link,
    gallery_30000,
    learned_150,
)

WHEN_NAMED = ("learned_150", "gallery_30000")
"""Rows that take so long that they run only when they are asked for by name."""
