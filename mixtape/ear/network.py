"""The network ear: half a million weights that tell a song by what happens in it.

It looks at patches of 3 s of log-mel from which the song's own mean spectrum was taken away, so that it cannot go by the colour
of a recording and has to listen to what moves in it: five convolutions with stride 2, mean and spread over time, and a
projection to 128 numbers. A song's vector is the mean of the vectors of up to 20 patches, each of length 1; two songs are
compared by the angle between them. How it learns stands in training.py.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mixtape.ear.patches import level_mel, starts, windows
from mixtape.errors import ModelError
from mixtape.features.mel import MEL_BANDS
from mixtape.storage import about_arrays, digest_of, load_arrays, save_arrays
from mixtape.types import ByteArray, FloatArray

if TYPE_CHECKING:
    from torch import Tensor, nn

VERSION = 1
"""Raise it when the same sketches give another ear."""

NUMBERS = 128
"""Numbers of a song's vector."""

PATCHES = 20
"""The most patches heard of one song."""

SCALE_DB = 12.0
"""So many dB are 1 to the network; the spread of music about its mean spectrum."""

_WIDTHS = (16, 32, 64, 128, 256)
_STEP = 64
_FOLDED = MEL_BANDS // 2 ** len(_WIDTHS)


def fresh_network(*, seed: int) -> nn.ModuleDict:
    """A network that has heard nothing yet: `body` (n, 1, 64, 128) to maps, `head` from their statistics to (n, 128)."""
    import torch
    from torch import nn

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers: list[nn.Module] = []
        for before, width in zip((1, *_WIDTHS), _WIDTHS, strict=False):
            kernel = 5 if before == 1 else 3
            conv = nn.Conv2d(before, width, kernel, stride=2, padding=kernel // 2, bias=False)
            layers += [conv, nn.BatchNorm2d(width), nn.ReLU()]
        head = nn.Sequential(
            nn.Linear(2 * _WIDTHS[-1] * _FOLDED, NUMBERS), nn.BatchNorm1d(NUMBERS), nn.ReLU(), nn.Linear(NUMBERS, NUMBERS)
        )
        # With the maps innermost a step takes two thirds of the time on a processor.
        body: Any = nn.Sequential(*layers)
        return nn.ModuleDict({"body": body.to(memory_format=torch.channels_last), "head": head})


def hear(network: nn.ModuleDict, patches: Tensor) -> Tensor:
    """Vectors (n, 128) of length 1 from patches (n, 64, 128)."""
    import torch
    from torch.nn.functional import normalize

    maps = network["body"](patches.unsqueeze(1)).flatten(1, 2)
    # The variance of a patch where nothing moves is 0, where the root has no slope.
    spread = (maps.var(dim=2, unbiased=False) + 1e-5).sqrt()
    return normalize(network["head"](torch.cat([maps.mean(dim=2), spread], dim=1)), dim=1)


@dataclass(frozen=True, slots=True, eq=False)
class NetEar:
    """A trained ear: the weights by name, how many songs it learned from and in how many steps."""

    weights: Mapping[str, npt.NDArray[Any]]
    songs: int
    steps: int
    _made: list[Any] = field(default_factory=list, repr=False)

    def embed(self, sketch: ByteArray) -> FloatArray:
        """The song's vector (128,) float32, at most 1 long, from its sketch (t, 64)."""
        import torch

        mel = level_mel(sketch)
        mel = (mel - mel.mean(axis=0)) / np.float32(SCALE_DB)
        patches = windows(mel, starts(len(mel), most=PATCHES, step=_STEP))
        with torch.inference_mode(), one_thread():
            heard = hear(self._network(), torch.from_numpy(patches))
            return np.asarray(heard.mean(dim=0).numpy(), np.float32)

    def save(self, path: Path, *, about: dict[str, Any] | None = None) -> None:
        """Write the ear, whole or not at all, with what `about` says and a digest of what it is."""
        digest = digest_of(VERSION, *self.weights.values())
        said = {**(about or {}), "ear": "net", "digest": digest, "version": VERSION, "songs": self.songs, "steps": self.steps}
        save_arrays(path, dict(self.weights), about=said)

    @classmethod
    def load(cls, path: Path) -> NetEar:
        """Read an ear. LibraryError when the file is missing or broken, ModelError when it is of another version."""
        arrays = load_arrays(path)
        about = about_arrays(arrays)
        if about.get("ear") != "net" or about.get("version") != VERSION:
            raise ModelError(f"{path}: no network ear of version {VERSION}; delete it and run mixtape build again")
        weights = {name: array for name, array in arrays.items() if name != "about"}
        return cls(weights, int(about["songs"]), int(about["steps"]))

    def _network(self) -> nn.ModuleDict:
        import torch

        if not self._made:
            network = fresh_network(seed=0)
            network.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in self.weights.items()})
            self._made.append(network.eval())
        return self._made[0]


def ear_of(network: nn.ModuleDict, *, songs: int, steps: int) -> NetEar:
    """The ear that a network has become."""
    weights = {name: tensor.detach().cpu().numpy().copy() for name, tensor in network.state_dict().items()}
    return NetEar(weights, songs, steps)


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """One thread inside: a song's patches are too few for more, and sums split over threads may differ in the last bit."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
