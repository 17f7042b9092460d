"""The moments whose pictures are kept, and the script that draws them anew: `python tests/golden/regenerate_scenes.py`.

A sheet a scene: three moments side by side, wide, 4:3 and upright, small and packed as JPEG. Look at them before committing them.
"""

from __future__ import annotations

import importlib.util
import io
import sys
from pathlib import Path
from typing import Any

import numpy as np

from installation.gl.context import open_context
from installation.messages import TileSheet
from installation.stage import Stage
from installation.state import FrameState
from installation.world import World

HERE = Path(__file__).parent
SIZES = ((160, 90), (120, 90), (90, 160))

Moment = tuple[float, tuple[tuple[float, str, Any], ...]]

MOMENTS: dict[str, tuple[Moment, Moment, Moment]] = {
    "map": (
        (3.0, ((0.0, "scene", "map"),)),
        (9.0, ((0.0, "scene", "map"),)),
        (12.0, ((0.0, "scene", "map"), (10.0, "next", None))),
    ),
    "map_change": (
        (6.5, ((0.0, "scene", "map"), (2.0, "map", "rp-30"))),
        (6.5, ((0.0, "scene", "map"), (2.0, "map", "tonal-30"))),
        (8.5, ((0.0, "scene", "map"), (2.0, "map", "rp-30"), (5.5, "map", "tonal-30"))),
    ),
    "grid": (
        (9.0, ((0.0, "scene", "grid"),)),
        (11.8, ((0.0, "scene", "map"), (10.0, "scene", "grid"))),
        (11.2, ((0.0, "scene", "grid"), (10.0, "scene", "wall"))),
    ),
    "wall": (
        (9.0, ((0.0, "scene", "wall"),)),
        (13.0, ((0.0, "scene", "wall"), (11.0, "next", None))),
        (11.0, ((0.0, "scene", "wall"), (10.0, "scene", "map"))),
    ),
    "chart": (
        (9.0, ((0.0, "scene", "chart"),)),
        (12.8, ((0.0, "scene", "chart"), (8.0, "next", None), (12.0, "next", None))),
        (10.9, ((0.0, "scene", "grid"), (10.0, "scene", "chart"))),
    ),
    "forming": (
        (3.0, ((0.0, "scene", "forming"),)),
        (11.0, ((0.0, "scene", "forming"),)),
        (17.5, ((0.0, "scene", "forming"),)),
    ),
    "gallery": (
        (4.0, ((0.0, "scene", "gallery"),)),
        (12.2, ((0.0, "scene", "gallery"),)),
        (17.0, ((0.0, "scene", "gallery"),)),
    ),
}


def wall_sheet(state: FrameState, *, shift: int = 0) -> TileSheet:
    """Pictures for every tile of the wall: a gradient in a colour of its own."""
    count = int(state.knobs["wall_rows"]) * int(state.knobs["wall_cols"])
    ramp = np.linspace(0.3, 1.0, 32)[None, :, None, None] * np.ones((1, 1, 32, 1))
    turn = 2.0 * np.pi * ((np.arange(count) * 0.618 + 0.13 * shift) % 1.0)[:, None] + np.array([0.0, 2.1, 4.2])
    images = (0.55 + 0.45 * np.cos(turn))[:, None, None, :] * ramp * 255
    return TileSheet(shift, state.moment.time_s, np.arange(count, dtype=np.int32), images.astype(np.uint8))


def sheet(name: str, context: Any, world: World, played: Any) -> np.ndarray:
    """The pictures of a scene (h, w, 3): a row a size, a column a moment."""
    moments = []
    for seconds, wishes in MOMENTS[name]:
        # Pictures arrive twice before the frame that is kept, so that it shows a blend.
        moments.append(tuple(played(world, seconds - earlier_s, (0.0, "grain", 0.0), *wishes) for earlier_s in (0.6, 0.1, 0.0)))
    rows = []
    for size in SIZES:
        stage = Stage(context, world, size=size, patient=True)
        shots = []
        for first, second, now in moments:
            for shift, before in enumerate((first, second)):
                stage.put_tiles(wall_sheet(before, shift=shift))
                if "wall" in (now.scene, now.from_scene):
                    stage.draw(before)
            stage.draw(now)
            shots.append(stage.read())
        if stage.errors:
            raise SystemExit("; ".join(stage.errors))
        rows.append(np.concatenate(shots, axis=1))
    wide = max(row.shape[1] for row in rows)
    return np.concatenate([np.pad(row, ((0, 0), (0, wide - row.shape[1]), (0, 0))) for row in rows])


def packed(picture: np.ndarray) -> bytes:
    """The picture as JPEG, as it is kept."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=82, subsampling=0, optimize=True)
    return out.getvalue()


def _main() -> None:
    where = HERE.parent / "installation" / "conftest.py"
    spec = importlib.util.spec_from_file_location("installation_conftest", where)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    context, world = open_context(), made.made_world(40)
    for name in MOMENTS:
        (HERE / f"scene_{name}.jpg").write_bytes(packed(sheet(name, context, world, made.played)))
        sys.stdout.write(f"scene_{name}.jpg\n")


if __name__ == "__main__":
    _main()
