#!/usr/bin/env python3
"""Train the cover network on a folder of pictures alone, without music, and judge it at several ages.

    python3 scripts/real_covers.py PICTURES --minutes 20 --folder out/real_covers

The minutes are CPU minutes of one thread. The folder gets `figures.json`, `sheet.jpg` (drawn pictures alone) and `closest.png`,
the drawn pictures that come nearest to a cover beside that cover: for your eyes, since the covers may be anybody's. The table
that is printed stands in docs/pictures.md. Run it again and it goes on, or judges again.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from environment import main

if TYPE_CHECKING:
    from mixtape.covergan.deck import Deck
    from mixtape.covergan.metrics.judged import Judgement
    from mixtape.covergan.model import CoverModel
    from mixtape.types import ByteArray

PIXELS = 64
AGES = 7
"""Snapshots that are judged, the last ones: each is about 1.4 times as old as the one before."""

SHOWN = {"kid": 2, "sliced": 3, "density": 2, "coverage": 2, "distinct": 2, "memorised_ratio": 2, "copied": 3}
"""Figures of the table, and digits after the point."""

COLUMNS, UNASKED, PER_PALETTE = 14, 6, 1
ASKED = ((196, 52, 44), (232, 176, 60), (60, 140, 84), (40, 84, 168), (236, 232, 224), (20, 20, 28))
"""Colours that rows of the sheet are asked for: red, amber, green, blue, paper, night."""


def work() -> int:
    """Read, train, judge, write."""
    asked = _options()
    from mixtape.progress import bars

    covers = read(asked.pictures)
    print(f"{len(covers)} pictures", flush=True)
    with bars() as progress:
        report = train_on(covers, asked.folder, asked.minutes, progress)
    for remark in report.remarks:
        print(remark)
    rows = judged(covers, asked.folder)
    asked.folder.joinpath("figures.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    print("\n".join(table(rows)))
    sheet(report.model, asked.folder / "sheet.jpg")
    return 0


def read(folder: Path) -> ByteArray:
    """Every usable picture of a folder, (n, 64, 64, 3) uint8, cut and reduced as covers are."""
    import numpy as np

    from mixtape.collection.covers import CoverError, standardise

    found = []
    for path in sorted(folder.iterdir()):
        try:
            found.append(standardise(path.read_bytes(), side_px=PIXELS)[0])
        except CoverError as error:
            print(f"{path.name}: {error}")
    return np.stack(found)


def train_on(covers: ByteArray, folder: Path, minutes: float, progress: Any) -> Any:
    """Train for so many CPU minutes on covers whose songs are not known."""
    import numpy as np

    from mixtape.covergan.recipe import TrainSettings
    from mixtape.covergan.train import train

    settings = TrainSettings(seconds=60 * minutes, threads=1)
    silence = [np.zeros((0, 32), np.float32)] * len(covers)
    return train(covers, silence, folder=folder, settings=settings, progress=progress, clock=time.process_time)


def judged(covers: ByteArray, folder: Path) -> list[dict[str, float]]:
    """A row of figures for each of the last snapshots and the finished model; the last one's closest pairs as a picture."""
    from mixtape.covergan.model import CoverModel

    deck = laid(covers)
    seconds = _seconds(folder / "history.csv")
    ages = sorted((folder / "snapshots").glob("step-*.safetensors"))[-AGES:]
    rows = []
    for path in [*ages, folder / "model.safetensors"]:
        model = CoverModel.load(path, precision="float32")
        step = int(model.about.get("step", model.about.get("steps", 0)))
        found = judge_one(model, covers, deck)
        rows.append({"step": step, "minutes": seconds(step) / 60, **found.as_row(), "closest": _closest_distance(found)})
        print(json.dumps(rows[-1]), flush=True)
    closest(model, covers, found, folder / "closest.png")
    return rows


def laid(covers: ByteArray) -> Deck:
    """The covers as training sees them: the same ones are held out."""
    import numpy as np
    import torch

    from mixtape.covergan.deck import make_deck

    silence = [np.zeros((0, 32), np.float32)] * len(covers)
    return make_deck(covers, silence, pixels=PIXELS, device=torch.device("cpu"))


def judge_one(model: CoverModel, covers: ByteArray, deck: Deck) -> Judgement:
    """All figures of one state of the network."""
    import numpy as np

    from mixtape.covergan.deck import likeness_groups
    from mixtape.covergan.metrics import judge

    held = np.isin(np.arange(len(covers)), deck.held.numpy())
    unknown = np.full((len(covers), 32), np.nan, np.float32)
    return judge(model, covers, unknown, likeness_groups(covers), held=held)


def table(rows: list[dict[str, float]]) -> list[str]:
    """The figures in Markdown, and a last line for two halves of the covers themselves."""
    lines = [f"| steps | CPU minutes | {' | '.join(SHOWN)} |", f"| {' | '.join(['---'] * (len(SHOWN) + 2))} |"]
    for row in rows:
        cells = [f"{row[name]:.{digits}f}" for name, digits in SHOWN.items()]
        lines.append(f"| {row['step']:,} | {row['minutes']:.1f} | {' | '.join(cells)} |")
    real = [f"{rows[-1][f'{name}_real']:.{digits}f}" if f"{name}_real" in rows[-1] else "" for name, digits in SHOWN.items()]
    return [*lines, f"| real covers | | {' | '.join(real)} |"]


def sheet(path: Path, target: Path) -> None:
    """Drawn pictures: rows asked for nothing, then a row for each colour of `ASKED`."""
    import numpy as np
    from PIL import Image

    from mixtape.covergan.colours import colours_of
    from mixtape.covergan.keepsakes import contact_sheet
    from mixtape.covergan.model import CoverModel, latents
    from mixtape.types import Palette

    model = CoverModel.load(path, precision="float32")
    free = model.pictures(latents(UNASKED * COLUMNS, seed=5))
    palettes = [Palette(np.array([one], np.uint8), np.ones(1, np.float32)) for one in ASKED]
    wishes = np.repeat(colours_of(palettes), COLUMNS, axis=0)
    asked = model.pictures(np.tile(latents(COLUMNS, seed=6), (len(ASKED), 1)), colours=wishes)
    picture = contact_sheet(np.concatenate([free, asked]), columns=COLUMNS)
    Image.fromarray(picture).save(target, quality=82, optimize=True)


def closest(model: CoverModel, covers: ByteArray, found: Judgement, target: Path) -> None:
    """The drawn pictures that come nearest to a cover they were trained on, each above that cover."""
    import numpy as np

    from mixtape.covergan.keepsakes import contact_sheet, save_png
    from mixtape.covergan.model import latents

    trained = np.setdiff1d(np.arange(len(covers)), laid(covers).held.numpy())
    drawn = model.pictures(latents(found.count, seed=0))
    pairs = found.memorised.pairs
    if pairs:
        shown = np.concatenate([drawn[[pair.drawn for pair in pairs]], covers[trained[[pair.cover for pair in pairs]]]])
        save_png(target, contact_sheet(shown, columns=len(pairs)))


def _closest_distance(found: Judgement) -> float:
    return found.memorised.pairs[0].distance if found.memorised.pairs else float("nan")


def _seconds(history: Path) -> Any:
    """Training seconds by step, from the lines of history.csv."""
    import numpy as np

    table = np.loadtxt(history, delimiter=",", skiprows=1, usecols=(0, 1), ndmin=2)
    return lambda step: float(np.interp(step, table[:, 0], table[:, 1], left=table[0, 1] * step / table[0, 0]))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path, metavar="PICTURES")
    parser.add_argument("--minutes", type=float, default=20.0, help="CPU minutes of training")
    parser.add_argument("--folder", type=Path, default=Path("out/real_covers"), help="where state, figures and sheets go")
    return parser.parse_args()


if __name__ == "__main__":
    main(work)
