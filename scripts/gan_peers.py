#!/usr/bin/env python3
"""mixtape's cover network, a plain DCGAN and lightweight-gan on the same made-up sleeves, for the same CPU time.

    python3 scripts/gan_peers.py --seconds 150                the contest, then the table and docs/gan_peers.png
    python3 scripts/gan_peers.py --seconds 150 own dcgan      some of them
    python3 scripts/gan_peers.py --again                      the table and the picture from what was measured before

Seconds are CPU seconds of one thread, each network by itself; judging is not counted. lightweight-gan takes part where it is
installed: pip install --no-deps lightweight-gan einops kornia kornia_rs tqdm.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from environment import ROOT, main

if TYPE_CHECKING:
    from peers.learner import Learner

    from mixtape.types import ByteArray

MOMENTS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
"""When they are judged, of the whole budget."""

SLEEVES, UNSEEN = 3000, 640
JUDGED = UNSEEN // 2
"""Drawn pictures are compared with one half of the sleeves that nobody trained on; the other half says what is possible."""

NAMES = ("own", "dcgan", "lightweight_gan")
TABLE = {"steps": 0, "kid": 2, "sliced": 3, "density": 2, "coverage": 2, "distinct": 2, "varied": 2, "pictures_per_core_s": 0}
"""Figures of the table, and digits after the point."""


def work() -> int:
    """Train, judge, draw the picture, print the table."""
    asked = _options()
    asked.folder.mkdir(parents=True, exist_ok=True)
    if not asked.again:
        from train_demo_model import draw_sleeves

        covers, _ = draw_sleeves(asked.folder / "sleeves.npz", SLEEVES + UNSEEN)
        for name in asked.names or NAMES:
            rows = contest(name, covers, asked.seconds)
            asked.folder.joinpath(f"{name}.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    found = {name: json.loads(path.read_text("utf-8")) for name in NAMES if (path := asked.folder / f"{name}.json").is_file()}
    print("\n".join(table(found)))
    from peers.plot import save_plot

    save_plot(asked.out, found)
    return 0


def contest(name: str, covers: ByteArray, seconds: float) -> list[dict[str, float]]:
    """Train one network for so many CPU seconds; a row of figures for each of `MOMENTS`, and one for real sleeves."""
    import torch

    torch.set_num_threads(1)
    judge = judge_of(covers[:UNSEEN])
    learner = entered(name, covers[UNSEEN:], seconds)
    if learner is None:
        print(f"{name}: is not installed, left out")
        return []
    rows, spent, steps = [], 0.0, 0
    for moment in MOMENTS:
        while spent < moment * seconds:
            start = time.process_time()
            learner.step()
            spent, steps = spent + time.process_time() - start, steps + 1
        rows.append({"seconds": spent, "steps": steps, **judge(learner.draw(JUDGED))})
        print(name, json.dumps(rows[-1]), flush=True)
    rows[-1]["pictures_per_core_s"] = rate(learner)
    return [*rows, {"seconds": 0.0, "steps": 0, **judge(covers[JUDGED:UNSEEN])}]


def entered(name: str, covers: ByteArray, seconds: float) -> Learner | None:
    """The network of a name, before its first step."""
    from peers.dcgan import Dcgan
    from peers.learner import as_tensor
    from peers.lightweight import LightweightGan, is_installed
    from peers.own import Own

    if name == "own":
        return Own(covers, seconds=seconds)
    if name == "dcgan":
        return Dcgan(as_tensor(covers))
    return LightweightGan(as_tensor(covers)) if is_installed() else None


def judge_of(unseen: ByteArray) -> Any:
    """A function from drawn pictures to their figures against the first half of the unseen sleeves."""
    from mixtape.covergan.metrics.features import has_lite0, lite0_features, low_features
    from mixtape.covergan.metrics.kid import kid
    from mixtape.covergan.metrics.sliced import sliced
    from mixtape.covergan.metrics.spread import spread
    from mixtape.covergan.metrics.varied import distinct

    look = lite0_features if has_lite0() else low_features
    reals = unseen[:JUDGED]
    seen = look(reals)

    def judge(drawn: ByteArray) -> dict[str, float]:
        features = look(drawn)
        around = spread(seen, features)
        return {
            "kid": kid(seen, features).mean if has_lite0() else float("nan"),
            "sliced": sliced(reals, drawn).mean,
            "density": around.density,
            "coverage": around.coverage,
            "distinct": distinct(drawn) / len(drawn),
            "varied": float(drawn.std(axis=0).mean() / reals.std(axis=0).mean()),
        }

    return judge


def rate(learner: Learner) -> float:
    """Pictures drawn in a core-second."""
    from figures.row import cpu_s

    return 144 / cpu_s(lambda: learner.draw(144))


def table(found: dict[str, list[dict[str, float]]]) -> list[str]:
    """The figures at the end of the budget in Markdown, and those of real sleeves."""
    lines = [f"| | {' | '.join(TABLE)} |", f"| {' | '.join(['---'] * (len(TABLE) + 1))} |"]
    shown = {name: rows[-2] for name, rows in found.items() if rows}
    real = next((rows[-1] for rows in found.values() if rows), {})
    for name, row in [*shown.items(), ("real sleeves", {**real, "steps": float("nan")})]:
        cells = [f"{row[key]:,.{digits}f}" if row.get(key) == row.get(key, 0.5) else "" for key, digits in TABLE.items()]
        lines.append(f"| {name} | {' | '.join('' if cell == 'nan' else cell for cell in cells)} |")
    return lines


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", choices=[[], *NAMES], metavar="NAME", help=f"of {', '.join(NAMES)}")
    parser.add_argument("--seconds", type=float, default=150.0, help="CPU seconds for each")
    parser.add_argument("--again", action="store_true", help="train nothing")
    parser.add_argument("--folder", type=Path, default=Path("out/gan_peers"), help="where sleeves and figures are kept")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "gan_peers.png")
    return parser.parse_args()


if __name__ == "__main__":
    main(work)
