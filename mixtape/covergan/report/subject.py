"""Who is judged, and by what: the moments of a training, and the covers with their songs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from mixtape.covergan import material
from mixtape.covergan.condition import DIMENSIONS
from mixtape.covergan.deck import likeness_groups, linked, make_deck
from mixtape.covergan.model import CoverModel, read_model, size_of
from mixtape.errors import ModelError
from mixtape.library import Library
from mixtape.storage import digest_of
from mixtape.types import ByteArray, FloatArray, IntArray

MODEL = "model.safetensors"

MOMENTS = 10
"""Snapshots that are judged besides the finished model."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A network as it was after `step` steps; `final` is the one that the wall uses."""

    step: int
    path: Path
    final: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """Moments in the order of their steps, and what they are judged by.

    covers (n, s, s, 3) uint8; a song's condition for each (n, 32), NaN where no song is known; groups (n,) that share a
    likeness, an artist or an album; held (n,), the covers that training never saw although it could have. `own` is False when
    the network is the one that comes with mixtape, which has seen none of them.
    """

    covers: ByteArray
    conditions: FloatArray
    groups: IntArray
    held: npt.NDArray[np.bool_]
    moments: tuple[Moment, ...]
    songs: int
    folder: Path
    own: bool = True

    @classmethod
    def of(
        cls,
        covers: ByteArray,
        conditions: Sequence[FloatArray],
        *,
        folder: Path,
        artists: Sequence[Sequence[str]] = (),
        albums: Sequence[Sequence[str]] = (),
        demo: Path | None = None,
    ) -> Subject:
        """The training that lies in `folder`, or the model `demo`, and the covers as training was given them: (n, s, s, 3) uint8,
        for each the conditions (k, 32) of its songs and the names of its artists and albums.

        ShapeError for covers and lists that do not fit; ModelError when nothing has been trained in `folder`.
        """
        moments = moments_in(folder) if demo is None else (Moment(_steps(demo), demo, final=True),)
        if not moments:
            raise ModelError(f"{folder}: nothing has been trained here; run mixtape train")
        deck = make_deck(covers, conditions, pixels=covers.shape[1], device=torch.device("cpu"), artists=artists)
        held = np.zeros(len(covers), bool)
        if demo is None:
            held[deck.held.numpy()] = True
        unknown = np.full(DIMENSIONS, np.nan, np.float32)
        names = [
            [f"{kind} {name}" for kind, lists in (("artist", artists), ("album", albums)) if lists for name in lists[row] if name]
            for row in range(len(covers))
        ]
        return cls(
            covers=covers,
            conditions=np.stack([songs[0] if len(songs) else unknown for songs in conditions]).astype(np.float32),
            groups=linked(likeness_groups(covers), names),
            held=held,
            moments=moments,
            songs=sum(map(len, conditions)),
            folder=folder,
            own=demo is None,
        )

    @property
    def finished(self) -> bool:
        """Whether there is a model that a training ended with."""
        return any(moment.path == self.folder / MODEL for moment in self.moments)

    @property
    def digest(self) -> str:
        """Of everything but the network that its figures depend on."""
        return digest_of(self.covers, self.conditions, self.groups, self.held)


def subject_of(library: Library) -> Subject:
    """What there is to judge in a library: its own training, or else the model that comes with mixtape, on its own covers.

    LibraryError when no song has a cover; ModelError when a model cannot be used.
    """
    folder, own = library.covergan_folder, material.own_model(library)
    trained = moments_in(folder)
    newest = trained[-1].path if trained else material.DEMO_MODEL
    pixels = size_of(read_model(newest)[1]).pixels
    # Until the model is finished only the training's own record says how songs are heard.
    hears = material.model_path(library) if own.is_file() or not trained else None
    condition = (
        material.read_condition(hears)
        if hears
        else material.settled_condition(library, lambda: material.read_condition(material.DEMO_MODEL))
    )
    known = material.material(library, condition, pixels=pixels)
    return Subject.of(
        known.covers,
        known.conditions,
        folder=folder,
        artists=known.artists,
        albums=known.albums,
        demo=None if trained else material.DEMO_MODEL,
    )


def moments_in(folder: Path, *, count: int = MOMENTS) -> tuple[Moment, ...]:
    """The finished model of a training folder and about `count` of its snapshots, evenly over the logarithm of the step."""
    kept = {int(path.stem.removeprefix("step-")): path for path in (folder / "snapshots").glob("step-*.safetensors")}
    model = folder / MODEL
    found = [Moment(_steps(model), model, final=True)] if model.is_file() else []
    for last in found:
        kept.pop(last.step, None)
    steps = np.array(sorted(kept), np.int64)
    if len(steps):
        wanted = np.linspace(0, np.log1p(steps[-1]), count)
        rows = {int(np.abs(np.log1p(steps) - at).argmin()) for at in wanted}
        found += [Moment(int(steps[row]), kept[int(steps[row])], final=not found and row == len(steps) - 1) for row in rows]
    return tuple(sorted(found, key=lambda moment: (moment.step, moment.final)))


@dataclass(slots=True, eq=False)
class Sketchbook:
    """A network of some moment as the metrics want a painter, which keeps the first pictures that it was asked for."""

    model: CoverModel
    strength: float
    first: ByteArray | None = None

    @classmethod
    def of(cls, moment: Moment) -> Sketchbook:
        """Load a moment's network; it heeds music as much as it had learned to by then."""
        model = CoverModel.load(moment.path, precision="float32")
        return cls(model, float(model.about.get("strength", 1.0)))

    @property
    def latent(self) -> int:
        """Numbers in a latent."""
        return self.model.latent

    def pictures(self, latents: FloatArray, conditions: FloatArray | None = None, /) -> ByteArray:
        """Pictures (m, s, s, 3) uint8 from latents (m, z) and conditions (m, 32), or from latents alone."""
        drawn = self.model.pictures(latents, conditions, strength=self.strength)
        if self.first is None:
            self.first = drawn
        return drawn


def _steps(model: Path) -> int:
    return int(read_model(model)[1].get("steps", 0))
