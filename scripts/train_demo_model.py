"""Train the network that comes with mixtape: made-up songs are heard, made-up sleeves are drawn for them, and one
learns from the other.

    python scripts/train_demo_model.py --minutes 25

Everything is drawn by numbers, so no music and no picture of anybody's is needed. Run it again and it goes on where it
stopped. The result is mixtape/covergan/demo.safetensors; what it can do is measured and written beside it, into demo.md, and on
a page in docs/demo_network.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from mixtape.covergan.condition import Condition, song_features
from mixtape.covergan.material import DEMO_MODEL
from mixtape.covergan.metrics import conditioning, diversity, fit_matcher, link
from mixtape.covergan.model import CoverModel, latents
from mixtape.covergan.recipe import TrainSettings
from mixtape.covergan.report import Subject, write_report
from mixtape.covergan.train import TrainReport, train
from mixtape.palette import srgb_to_oklab
from mixtape.progress import bars
from mixtape.types import ByteArray, FloatArray

SONG_SEEDS = (1, 2, 3, 4)
"""The made-up collection played with other dice: seed 1 is the one that mixtape's demo plays."""

SONGS_PER_SLEEVE = 2
REPORT = Path(__file__).resolve().parents[1] / "docs" / "demo_network"

TESTED = 640
"""Sleeves kept away from training, to judge by."""


def main() -> None:
    """Hear, draw, train, measure, write."""
    options = _options()
    folder: Path = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    features, song_styles = hear_songs(folder / "songs.npz")
    condition = Condition.fit(features)
    covers, styles = draw_sleeves(folder / "sleeves.npz", options.sleeves + TESTED)
    songs = songs_of_sleeves(covers, styles, condition.of(features), song_styles)
    settings = TrainSettings(
        seconds=None if options.steps else options.minutes * 60,
        steps=options.steps,
        threads=options.threads,
        batch=options.batch,
        lr=options.lr,
        gamma=options.gamma,
    )
    with bars() as progress:
        report = train(
            covers[TESTED:],
            songs[TESTED:],
            folder=folder,
            settings=settings,
            condition=condition,
            progress=progress,
            made_by=command(),
        )
    measured = measure(report, covers, songs)
    print(measured)
    if not options.keep:
        target = DEMO_MODEL
        target.write_bytes(report.model.read_bytes())
        target.with_suffix(".md").write_text(page(report, measured), encoding="utf-8")
        write_pages(Subject.of(covers[TESTED:], songs[TESTED:], folder=folder), folder / "report")


def hear_songs(cache: Path) -> tuple[FloatArray, list[str]]:
    """Play the made-up songs with every seed and listen to them: features (n, 1668) and the style of each."""
    if cache.is_file():
        kept = np.load(cache)
        return kept["features"], list(kept["styles"])
    from mixtape.demo.perform import perform
    from mixtape.demo.plan import albums
    from mixtape.features.rhythm import rhythm_features

    songs = [song for seed in SONG_SEEDS for album in albums(seed) for song in album.songs]
    heard = []
    with bars() as progress:
        for number, song in enumerate(songs, start=1):
            heard.append(rhythm_features(perform(song).T, sample_rate_hz=44_100))
            progress("hearing songs", number, len(songs))
    features = song_features(*(np.stack([getattr(one, name) for one in heard]) for name in ("rp", "ssd", "rh")))
    styles = [song.style for song in songs]
    np.savez(cache, features=features, styles=styles)
    return features, styles


def draw_sleeves(cache: Path, count: int) -> tuple[ByteArray, list[str]]:
    """Draw `count` sleeves without names: (count, 64, 64, 3) uint8 and the style of each."""
    if cache.is_file():
        kept = np.load(cache)
        if len(kept["covers"]) == count:
            return kept["covers"], list(kept["styles"])
    from mixtape.demo.covers import cover_pool

    covers, styles = cover_pool(count, seed=64)
    np.savez(cache, covers=covers, styles=styles)
    return covers, styles


def songs_of_sleeves(covers: ByteArray, styles: list[str], music: FloatArray, song_styles: list[str]) -> list[FloatArray]:
    """Give each sleeve the conditions (2, 32) of two songs of its style.

    Within a style, sleeves are ordered by their colours and songs by how they sound, and like places go together: so
    the music says more than the style's name, and a small change of the music is a small change of the picture.
    """
    found: list[FloatArray] = [music[:0]] * len(covers)
    colours = srgb_to_oklab(covers[:, ::4, ::4]).mean(axis=(1, 2))
    for style in dict.fromkeys(styles):
        sleeves = [k for k, name in enumerate(styles) if name == style]
        songs = np.array([k for k, name in enumerate(song_styles) if name == style])
        looks, sounds = _spread(colours[sleeves]), _spread(music[songs])
        apart = np.square(looks[:, None] - sounds[None]).sum(axis=2)
        for sleeve, nearest in zip(sleeves, apart.argsort(axis=1)[:, :SONGS_PER_SLEEVE], strict=True):
            found[sleeve] = music[songs[nearest]]
    return found


def _spread(points: FloatArray) -> FloatArray:
    """The two widest directions of points (n, d), each as even steps -1..1 by rank, so that no song is left without sleeves."""
    centred = points - points.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    placed = centred @ axes[:2].T
    return np.asarray(2 * placed.argsort(axis=0).argsort(axis=0) / max(len(points) - 1, 1) - 1, dtype=np.float32)


def measure(report: TrainReport, covers: ByteArray, songs: list[FloatArray]) -> dict[str, float]:
    """What demo.md says: does the picture fit the music, how varied is it, how fast is it drawn."""
    model = CoverModel.load(report.model, precision="float32")
    first = np.stack([one[0] for one in songs])
    asked = np.arange(len(covers)) < TESTED
    judge = fit_matcher(covers, first, folds=np.where(asked, 0, -1))
    fits = conditioning(model, judge, link(judge, permutations=0))
    varied = diversity(model, covers[:TESTED], first[:TESTED])
    start = time.process_time()
    model.pictures(latents(360, seed=1), first[:360])
    rate = 360 / (time.process_time() - start)
    return {
        "matched": fits.matched,
        "mismatched": fits.mismatched,
        "null": fits.null,
        "real": fits.real,
        "over_latents": varied.over_latents,
        "over_music": varied.over_music,
        "pictures_per_core_s": rate,
    }


def page(report: TrainReport, measured: dict[str, float]) -> str:
    """The text of demo.md."""
    size_mb = report.model.stat().st_size / 1e6
    return f"""# The demo network

`demo.safetensors` ({size_mb:.1f} MB) draws 64 x 64 sleeves for a song. It was trained on made-up sleeves and made-up
songs alone, by

    {command()}

{report.steps} steps, {report.seconds / 60:.0f} minutes on one CPU thread. Measured on {TESTED} sleeves
that it never saw (the same command prints it):

| | |
| --- | --- |
| the judge finds the true song among 32 from a drawn picture | {measured["matched"]:.1%} |
| ... from a picture drawn to another song | {measured["mismatched"]:.1%} |
| ... from a picture drawn without music | {measured["null"]:.1%} |
| ... from a real sleeve (the most that is possible) | {measured["real"]:.1%} |
| ... by chance | 3.1% |
| variety over latents at one song, real sleeves = 1 | {measured["over_latents"]:.2f} |
| variety over songs at one latent, real sleeves = 1 | {measured["over_music"]:.2f} |
| pictures a core-second, float32 | {measured["pictures_per_core_s"]:.0f} |
"""


def write_pages(subject: Subject, folder: Path) -> None:
    """The page on the training into docs: as it is, and as a picture small enough to come along."""
    from PIL import Image

    with bars() as progress:
        made = write_report(subject, folder, progress=progress)
    REPORT.mkdir(parents=True, exist_ok=True)
    for path in (made.html, made.figures):
        (REPORT / path.name).write_bytes(path.read_bytes())
    with Image.open(made.picture) as sheet:
        sheet.resize((sheet.width // 2, sheet.height // 2), Image.Resampling.LANCZOS).save(REPORT / "report.jpg", quality=88)


def command() -> str:
    """The command line that was typed, without the path of the interpreter."""
    return shlex.join(["python", "scripts/train_demo_model.py", *sys.argv[1:]])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=25.0, help="minutes of training")
    parser.add_argument("--steps", type=int, help="train for so many steps instead")
    parser.add_argument("--sleeves", type=int, default=3000, help="sleeves to learn from")
    parser.add_argument("--batch", type=int, default=32, help="sleeves a step looks at")
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--gamma", type=float, help="weight of the slope penalties")
    parser.add_argument("--folder", type=Path, default=Path("build/demo_model"), help="where state and samples go")
    parser.add_argument("--keep", action="store_true", help="leave the shipped model as it is")
    return parser.parse_args()


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
