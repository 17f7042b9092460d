"""A trained cover network: loaded from one file, asked for pictures, the same request giving the same bytes."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as pack_tensors
from torch import Tensor

from mixtape.covergan.condition import MODEL_FORMAT, Condition
from mixtape.covergan.networks import COLOURS, MUSIC, Asked, Discriminator, Generator, Size, laid_out
from mixtape.covergan.quick import QuickGenerator
from mixtape.errors import ModelError
from mixtape.storage import write_atomic
from mixtape.types import ByteArray, FloatArray

CHUNK = 36
"""Pictures drawn in one go, always: with one batch shape a tile's bytes do not depend on how many others were asked for."""

TYPICAL = 64
"""Latents, always the same, whose mean style stands for what is usual."""

Precision = Literal["auto", "float32", "bfloat16"]

_DTYPES: Mapping[Precision, torch.dtype] = {"float32": torch.float32, "bfloat16": torch.bfloat16}


class CoverModel:
    """A generator with the folding of the music it was trained on.

    Pictures are sRGB bytes, latents (m, z), conditions (m, 32) of songs, colours (m, 32) of palettes (see `colours`).
    """

    def __init__(
        self, generator: Generator, condition: Condition | None, *, about: Mapping[str, Any], precision: Precision = "auto"
    ) -> None:
        self.generator = laid_out(generator.eval().requires_grad_(False), next(generator.parameters()).device)
        self.condition = condition
        self.about = dict(about)
        self.precision = precision if precision != "auto" else _quicker_precision(self.generator)
        self._quick = QuickGenerator(self.generator, _DTYPES[self.precision])
        # Each with its opposite: what they have apart from what is usual cancels out.
        half = torch.from_numpy(latents(TYPICAL // 2, seed=0, dimensions=self.latent)).to(self._device)
        self._typical = torch.cat([half, -half])

    @classmethod
    def load(cls, path: Path, *, device: str = "cpu", precision: Precision = "auto") -> CoverModel:
        """Read a model file; `device` "auto" takes the graphics card where there is one that computes.

        ModelError, with the remedy, when it is missing, broken or of another version.
        """
        tensors, about = read_model(path)
        if device == "auto":
            device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            generator = Generator(size_of(about))
            generator.load_state_dict(part_of(tensors, "generator"))
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise ModelError(
                f"{path}: does not hold the network it names ({_short(error)}); train it again with mixtape train"
            ) from error
        return cls(generator.to(device), condition_from(tensors), about=about, precision=precision)

    @property
    def pixels(self) -> int:
        """Side of a picture."""
        return self.generator.size.pixels

    @property
    def latent(self) -> int:
        """Numbers in a latent."""
        return self.generator.size.latent

    def condition_of(self, features: npt.NDArray[np.floating]) -> FloatArray:
        """Conditions (n, 32) of songs' features (n, 1668), see condition.song_features; ModelError when the model
        knows no music."""
        if self.condition is None:
            raise ModelError(
                "this model was trained without music; train one with mixtape train, or ask for pictures without conditions"
            )
        return self.condition.of(features)

    def pictures(
        self,
        latents: FloatArray,
        conditions: FloatArray | None = None,
        *,
        colours: FloatArray | None = None,
        strength: float = 1.0,
        colour_strength: float = 1.0,
        truncation: float = 1.0,
    ) -> ByteArray:
        """Draw (m, s, s, 3) uint8 from latents (m, z), conditions (m, 32) and colours (m, 32); None or strength 0 asks nothing.

        The strengths 0..1.5 are how much music and colours are heeded, `truncation` 0..1 how far a picture may stray from what is
        usual for what was asked.
        """
        m = len(latents)
        music = np.zeros((m, MUSIC), np.float32) if conditions is None else conditions
        tints = np.zeros((m, COLOURS), np.float32) if colours is None else colours
        if np.shape(latents) != (m, self.latent) or np.shape(music) != (m, MUSIC) or np.shape(tints) != (m, COLOURS):
            raise ModelError(
                f"pictures: latents {np.shape(latents)}, conditions {np.shape(music)}, colours {np.shape(tints)}; "
                f"(m, {self.latent}), (m, {MUSIC}) and (m, {COLOURS}) are needed"
            )
        levels = (0.0 if conditions is None else strength, 0.0 if colours is None else colour_strength)
        with torch.inference_mode(), one_thread():
            z, c, p = (torch.from_numpy(_padded(part)).to(self._device) for part in (latents, music, tints))
            asked = Asked(c, p, torch.tensor(levels, device=self._device).expand(len(z), 2))
            parts = (slice(start, start + CHUNK) for start in range(0, len(z), CHUNK))
            drawn = torch.cat([self._chunk(z[part], asked.rows(part), truncation) for part in parts])
            return np.asarray(drawn[:m].cpu().numpy())

    @property
    def _device(self) -> torch.device:
        return next(self.generator.parameters()).device

    def _chunk(self, latents: Tensor, asked: Asked, truncation: float) -> Tensor:
        mapping = self.generator.mapping
        style = mapping(latents, asked)
        if truncation != 1.0:
            style = torch.lerp(mapping.usual(self._typical, asked), style, truncation)
        levels = self._quick.draw(style).permute(0, 2, 3, 1).float().add_(1.0).mul_(127.5)
        return levels.round_().clamp_(0, 255).to(torch.uint8)


def latents(n: int, *, seed: int, dimensions: int = 64) -> FloatArray:
    """Draw `n` normal latents (n, dimensions); the first ones are the same whatever `n` is."""
    return np.random.default_rng(seed).standard_normal((n, dimensions), dtype=np.float32)


def quicker(work: Callable[[Precision], object], device: torch.device) -> Precision:
    """The number format that `work` is quicker in: bfloat16 is 3 times faster on some processors, 10 times slower on others."""
    took_s = {precision: min(_seconds(partial(work, precision), device) for _ in range(4)) for precision in _DTYPES}
    return "bfloat16" if took_s["bfloat16"] < 0.85 * took_s["float32"] else "float32"


def _quicker_precision(generator: Generator) -> Precision:
    device = next(generator.parameters()).device
    forms = {precision: QuickGenerator(generator, dtype) for precision, dtype in _DTYPES.items()}
    with torch.inference_mode(), one_thread():
        style = torch.zeros((CHUNK, generator.size.style), device=device)
        return quicker(lambda precision: forms[precision].draw(style), device)


def write_model(
    path: Path, parts: Mapping[str, Mapping[str, Tensor]], condition: Condition | None, *, size: Size, about: Mapping[str, Any]
) -> None:
    """Write networks as float16 with the folding of the music and `about` (JSON), whole or not at all."""
    tensors = {
        f"{part}.{name}": tensor.detach().to("cpu", torch.float16).contiguous()
        for part, state in parts.items()
        for name, tensor in state.items()
    }
    if condition is not None:
        tensors |= {
            f"condition.{name}": torch.from_numpy(np.array(getattr(condition, name))) for name in ("mean", "scale", "axes")
        }
    header = {"format": MODEL_FORMAT, "size": asdict(size), **about}
    write_atomic(path, pack_tensors(tensors, metadata={"mixtape": json.dumps(header, sort_keys=True)}))


def read_model(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors of a model file, networks as float32, and what it says about itself. ModelError when it cannot be used."""
    if not path.is_file():
        raise ModelError(f"{path}: there is no trained model; make one with mixtape train")
    try:
        with safe_open(path, framework="pt") as opened:
            about = json.loads((opened.metadata() or {})["mixtape"])
            tensors = {name: opened.get_tensor(name).float() for name in opened.keys()}  # noqa: SIM118 - not a dictionary
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise ModelError(
            f"{path}: is not a cover model or is broken ({_short(error)}); delete it and run mixtape train"
        ) from error
    if about.get("format") != MODEL_FORMAT:
        raise ModelError(
            f"{path}: model format {about.get('format')}, this program needs {MODEL_FORMAT}; run mixtape train --fresh"
        )
    return tensors, about


def size_of(about: Mapping[str, Any]) -> Size:
    """The networks' size as a model file tells it."""
    size = about["size"]
    return Size(**{**size, "drawing": tuple(size["drawing"]), "looking": tuple(size["looking"])})


def part_of(tensors: Mapping[str, Tensor], part: str) -> dict[str, Tensor]:
    """The tensors of one network, "generator" or "discriminator", by their names inside it."""
    return {name.removeprefix(f"{part}."): tensor for name, tensor in tensors.items() if name.startswith(f"{part}.")}


def condition_from(tensors: Mapping[str, Tensor]) -> Condition | None:
    """The folding of the music in a model file, if it was trained with any."""
    arrays = {name: tensor.numpy() for name, tensor in part_of(tensors, "condition").items()}
    return Condition(**arrays) if arrays else None


def discriminator_from(tensors: Mapping[str, Tensor], size: Size) -> Discriminator | None:
    """The discriminator in a model file, if it rides along."""
    state = part_of(tensors, "discriminator")
    if not state:
        return None
    network = Discriminator(size)
    network.load_state_dict(state)
    return network


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """One thread inside: more of them wait for each other longer than they work on pictures this small, and starve the window."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _padded(rows: npt.NDArray[np.float32]) -> FloatArray:
    """The rows in whole chunks, one at least, filled up with noughts."""
    full = np.zeros((max(CHUNK, -(-len(rows) // CHUNK) * CHUNK), rows.shape[1]), np.float32)
    full[: len(rows)] = rows
    return full


def _seconds(work: Any, device: torch.device) -> float:
    start = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start


def _short(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
