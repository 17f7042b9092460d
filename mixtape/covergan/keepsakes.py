"""What is kept of the training from the first noise on: the same pictures drawn again at moments ever further apart,
and the networks then."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mixtape.covergan.deck import Deck
from mixtape.covergan.model import CoverModel, latents, write_model
from mixtape.covergan.networks import Generator, Size
from mixtape.storage import save_arrays, write_atomic
from mixtape.types import ByteArray, FloatArray

ROWS = 8
COLUMNS = 10
"""A sheet shows a real cover and then ten drawn ones, other latents in each: one row for each of eight covers."""

COLOURED = 3
"""So many of the ten are asked for the cover's colours beside its music; the others for its music alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Keepsakes:
    """Fixed latents (80, z), conditions (80, 32) or None where no song is known, colours (80, 32) and the covers they belong to,
    (8, s, s, 3)."""

    latents: FloatArray
    conditions: FloatArray | None
    colours: FloatArray
    covers: ByteArray
    folder: Path

    @classmethod
    def of(cls, deck: Deck, size: Size, *, folder: Path) -> Keepsakes:
        """Choose eight covers whose music lies as far apart as can be, or whose colours do where no song is known."""
        heard = np.flatnonzero(deck.count.numpy() > 0)
        music = deck.conditions.numpy()[deck.first.numpy()]
        chosen = heard[far_apart(music[heard], ROWS)] if len(heard) else far_apart(deck.colours.numpy(), ROWS)
        return cls(
            latents=np.tile(latents(COLUMNS, seed=7, dimensions=size.latent), (len(chosen), 1)),
            conditions=np.repeat(music[chosen], COLUMNS, axis=0) if len(heard) else None,
            colours=np.repeat(deck.colours.numpy()[chosen], COLUMNS, axis=0),
            covers=np.asarray(deck.pictures[chosen.tolist()].permute(0, 2, 3, 1).cpu().numpy()),
            folder=folder,
        )

    def keep(self, generator: Generator, *, step: int, strength: float) -> None:
        """Draw the sheet of this moment into samples/, where what was asked lies too, and store the generator into snapshots/.

        `strength` is how much the music counts by now: more would ask the generator for what it has not been taught.
        """
        model = CoverModel(generator, None, about={}, precision="float32")
        with_colours = np.arange(len(self.latents)) % COLUMNS >= COLUMNS - COLOURED
        drawn = np.empty((len(self.latents), model.pixels, model.pixels, 3), np.uint8)
        for rows, colours in ((~with_colours, None), (with_colours, self.colours[with_colours])):
            drawn[rows] = model.pictures(
                self.latents[rows],
                None if self.conditions is None else self.conditions[rows],
                colours=colours,
                strength=strength,
                colour_strength=strength,
            )
        sheet = np.concatenate([self.covers[:, None], drawn.reshape(-1, COLUMNS, *self.covers.shape[1:])], axis=1)
        samples = self.folder / "samples"
        if not (samples / "asked.npz").is_file():
            asked = {"latents": self.latents, "colours": self.colours, "with_colours": with_colours}
            asked |= {} if self.conditions is None else {"conditions": self.conditions}
            save_arrays(samples / "asked.npz", asked, about={"columns": COLUMNS})
        save_png(samples / f"step-{step:07d}.png", contact_sheet(sheet.reshape(-1, *sheet.shape[2:]), columns=COLUMNS + 1))
        self.snapshot(generator, step=step, strength=strength)

    def snapshot(self, generator: Generator, *, step: int, strength: float) -> None:
        """Store the generator of this moment, from which a gallery is filled later."""
        parts = {"generator": generator.state_dict()}
        write_model(
            self.folder / "snapshots" / f"step-{step:07d}.safetensors",
            parts,
            None,
            size=generator.size,
            about={"step": step, "strength": strength},
        )


def is_milestone(step: int) -> bool:
    """Steps 0, 1, 2, 3, 4, 6, 8, 12, 16 ...: each moment about 1.4 times as late as the one before, so their number
    stays small."""
    while step > 3 and step % 2 == 0:
        step //= 2
    return step <= 3


def far_apart(points: npt.NDArray[np.float32], count: int) -> npt.NDArray[np.int64]:
    """Rows of points (n, d), each the farthest from those before; the first is the one nearest the middle."""
    chosen = [int(np.square(points - points.mean(axis=0)).sum(axis=1).argmin())]
    nearest = np.square(points - points[chosen[0]]).sum(axis=1)
    while len(chosen) < min(count, len(points)):
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.square(points - points[chosen[-1]]).sum(axis=1))
        nearest[chosen] = -1.0
    return np.array(chosen)


def contact_sheet(pictures: ByteArray, *, columns: int) -> ByteArray:
    """Lay pictures (n, s, s, 3) out in rows of `columns` on black -> (h, w, 3)."""
    n, side = pictures.shape[:2]
    rows = -(-n // columns)
    full = np.zeros((rows * columns, side, side, 3), np.uint8)
    full[:n] = pictures
    return full.reshape(rows, columns, side, side, 3).swapaxes(1, 2).reshape(rows * side, columns * side, 3)


def save_png(path: Path, picture: ByteArray) -> None:
    """Write a picture (h, w, 3), whole or not at all."""
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(picture).save(out, format="PNG")
    write_atomic(path, out.getvalue())
