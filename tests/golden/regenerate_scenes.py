"""The moments whose pictures are kept, and the script that draws them anew: `python tests/golden/regenerate_scenes.py`.

Look at the pictures before committing them.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np

from installation.gl.context import open_context
from installation.stage import Stage
from installation.state import FrameState, TileSheet
from installation.world import World

HERE = Path(__file__).parent
SIZE = (160, 90)

MOMENTS: dict[str, tuple[float, tuple[tuple[float, str, Any], ...]]] = {
    "map": (9.0, ((0.0, "scene", "map"),)),
    "map_song_change": (12.0, ((0.0, "scene", "map"), (10.0, "next", None))),
    "flight": (11.8, ((0.0, "scene", "map"), (10.0, "scene", "grid"))),
    "grid": (9.0, ((0.0, "scene", "grid"),)),
    "wall": (9.0, ((0.0, "scene", "wall"),)),
    "wall_ripple": (13.0, ((0.0, "scene", "wall"), (11.0, "next", None))),
    "grid_to_wall": (11.2, ((0.0, "scene", "grid"), (10.0, "scene", "wall"))),
}


def wall_sheet(state: FrameState, *, shift: int = 0) -> TileSheet:
    """Pictures for every tile of the wall: a gradient in a colour of its own."""
    count = int(state.knobs["wall_rows"]) * int(state.knobs["wall_cols"])
    ramp = np.linspace(0.3, 1.0, 32)[None, :, None, None] * np.ones((1, 1, 32, 1))
    turn = 2.0 * np.pi * ((np.arange(count) * 0.618 + 0.13 * shift) % 1.0)[:, None] + np.array([0.0, 2.1, 4.2])
    images = (0.55 + 0.45 * np.cos(turn))[:, None, None, :] * ramp * 255
    return TileSheet(shift, state.moment.time_s, np.arange(count, dtype=np.int32), images.astype(np.uint8))


def draw(name: str, context: Any, world: World, played: Any) -> np.ndarray:
    """The picture (h, w, 3) of a moment."""
    seconds, wishes = MOMENTS[name]
    stage = Stage(context, world, size=SIZE, patient=True)
    # Pictures arrive twice before the frame that is kept, so that it shows a blend.
    for shift, earlier_s in enumerate((0.6, 0.1)):
        before = played(world, seconds - earlier_s, *wishes)
        stage.put_tiles(wall_sheet(before, shift=shift))
        stage.draw(before)
    stage.draw(played(world, seconds, *wishes))
    if stage.errors:
        raise SystemExit("; ".join(stage.errors))
    return stage.read()


def _main() -> None:
    from PIL import Image

    where = HERE.parent / "installation" / "conftest.py"
    spec = importlib.util.spec_from_file_location("installation_conftest", where)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    context, world = open_context(), made.made_world(40)
    for name in MOMENTS:
        Image.fromarray(draw(name, context, world, made.played)).save(HERE / f"scene_{name}.png")
        sys.stdout.write(f"scene_{name}.png\n")


if __name__ == "__main__":
    _main()
