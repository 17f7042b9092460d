"""A trained cover network: loaded from one file, asked for pictures, the same request giving the same bytes."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as pack_tensors
from torch import Tensor

from mixtape.covergan.condition import Condition
from mixtape.covergan.networks import Discriminator, Generator, Size, laid_out
from mixtape.errors import ModelError
from mixtape.storage import write_atomic
from mixtape.types import ByteArray, FloatArray

FORMAT = 1
"""Version of the model file."""

CHUNK = 36
"""Pictures drawn in one go, always: with one batch shape a tile's bytes do not depend on how many others were asked for."""

Precision = Literal["auto", "float32", "bfloat16"]


def demo_model_path() -> Path:
    """The network that comes with mixtape, trained on made-up sleeves and made-up songs."""
    return Path(__file__).with_name("demo.safetensors")


class CoverModel:
    """A generator with the folding of the music it was trained on. Pictures are sRGB bytes, latents (m, z), conditions
    (m, 32)."""

    def __init__(
        self, generator: Generator, condition: Condition | None, *, about: Mapping[str, Any], precision: Precision = "auto"
    ) -> None:
        self.generator = laid_out(generator.eval().requires_grad_(False), next(generator.parameters()).device)
        self.condition = condition
        self.about = dict(about)
        self.precision = precision if precision != "auto" else quicker_precision(generator)
        self._means: dict[bytes, Tensor] = {}

    @classmethod
    def load(cls, path: Path, *, device: str = "cpu", precision: Precision = "auto") -> CoverModel:
        """Read a model file. ModelError, with the remedy, when it is missing, broken or of another version."""
        tensors, about = read_model(path)
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
        self, latents: FloatArray, conditions: FloatArray | None = None, *, strength: float = 1.0, truncation: float = 1.0
    ) -> ByteArray:
        """Draw (m, s, s, 3) uint8 from latents (m, z) and conditions (m, 32); None or strength 0 draws without music.

        `strength` 0..1.5 is how much the music is heeded, `truncation` 0..1 how far a picture may stray from what is
        usual for its music.
        """
        m = len(latents)
        music = np.zeros((m, 32), np.float32) if conditions is None else conditions
        if np.shape(latents) != (m, self.latent) or np.shape(music) != (m, 32):
            raise ModelError(
                f"pictures: latents {np.shape(latents)}, conditions {np.shape(music)}; (m, {self.latent}) and (m, 32) are needed"
            )
        out = np.empty((m, self.pixels, self.pixels, 3), np.uint8)
        level = 0.0 if conditions is None else strength
        with torch.inference_mode(), one_thread():
            for start in range(0, m, CHUNK):
                rows = slice(start, start + CHUNK)
                drawn = self._chunk(_padded(latents[rows]), _padded(music[rows]), level, truncation)
                out[rows] = drawn[: m - start]
        return out

    def _chunk(self, latents: FloatArray, music: FloatArray, strength: float, truncation: float) -> ByteArray:
        device = next(self.generator.parameters()).device
        z, c = torch.from_numpy(latents).to(device), torch.from_numpy(music).to(device)
        style = self.generator.mapping(z, c, torch.full((CHUNK,), strength, device=device))
        if truncation != 1.0:
            usual = torch.stack([self._usual(row, strength) for row in c])
            style = usual + truncation * (style - usual)
        with torch.autocast(device.type, torch.bfloat16, enabled=self.precision == "bfloat16"):
            pictures = self.generator.draw(style)
        pixels = torch.round((pictures.float() + 1.0) * 127.5).clamp(0, 255).to(torch.uint8)
        return np.asarray(pixels.permute(0, 2, 3, 1).contiguous().cpu().numpy())

    def _usual(self, condition: Tensor, strength: float) -> Tensor:
        """Mean style for this music, over 128 latents that are always the same."""
        key = condition.cpu().numpy().tobytes() + np.float32(strength).tobytes() if strength else b""
        if key not in self._means:
            if len(self._means) > 4096:
                self._means.clear()
            z = torch.from_numpy(latents(128, seed=0, dimensions=self.latent)).to(condition.device)
            level = torch.full((128,), strength, device=condition.device)
            self._means[key] = self.generator.mapping(z, condition.expand(128, -1), level).mean(dim=0)
        return self._means[key]


def latents(n: int, *, seed: int, dimensions: int = 64) -> FloatArray:
    """Draw `n` normal latents (n, dimensions); the first ones are the same whatever `n` is."""
    return np.random.default_rng(seed).standard_normal((n, dimensions), dtype=np.float32)


def quicker_precision(generator: Generator) -> Precision:
    """Draw a few pictures both ways and name the faster: bfloat16 is 3 times faster on some processors, 10 times
    slower on others."""
    device = next(generator.parameters()).device
    took_s = {}
    with torch.inference_mode(), one_thread():
        style = torch.zeros((CHUNK // 4, generator.size.style), device=device)
        for name in ("float32", "bfloat16"):
            with torch.autocast(device.type, torch.bfloat16, enabled=name == "bfloat16"):
                took_s[name] = min(_seconds(lambda: generator.draw(style), device) for _ in range(3))
    return "bfloat16" if took_s["bfloat16"] < 0.8 * took_s["float32"] else "float32"


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
    header = {"format": FORMAT, "size": asdict(size), **about}
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
    if about.get("format") != FORMAT:
        raise ModelError(f"{path}: model format {about.get('format')}, this program needs {FORMAT}; run mixtape train again")
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
    full = np.zeros((CHUNK, rows.shape[1]), np.float32)
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
