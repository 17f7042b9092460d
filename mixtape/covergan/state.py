"""Everything that training knows at one moment, and how it gets to disk and back without losing a bit of it."""

from __future__ import annotations

import copy
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from mixtape.covergan.model import Precision, discriminator_from, part_of, read_model, size_of
from mixtape.covergan.networks import Discriminator, Generator, Size, laid_out
from mixtape.errors import MixtapeError, ModelError
from mixtape.storage import write_atomic

FORMAT = 1
"""Version of the checkpoint file."""

COUNTERS = ("step", "elapsed_s", "p", "setbacks", "lr_scale", "d_loss", "g_loss", "diversity", "precision", "digest", "history")


@dataclass(slots=True)
class State:
    """Both networks, the generator's running average, both optimisers, the random numbers to come, and counters."""

    g: Generator
    d: Discriminator
    ema: Generator
    g_step: torch.optim.Optimizer
    d_step: torch.optim.Optimizer
    draws: torch.Generator
    precision: Precision
    digest: str
    step: int = 0
    elapsed_s: float = 0.0
    p: float = 0.5
    setbacks: int = 0
    lr_scale: float = 1.0
    d_loss: float = float("nan")
    g_loss: float = float("nan")
    diversity: float = float("nan")
    history: list[tuple[float, ...]] = field(default_factory=list)


def fresh_state(
    size: Size,
    *,
    seed: int,
    lr: float,
    betas: tuple[float, float],
    device: torch.device,
    precision: Precision,
    digest: str,
    start_from: Path | None = None,
) -> State:
    """Networks from `seed`, or from a trained model whose size fits; optimisers that remember nothing yet."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        g, d = Generator(size), Discriminator(size)
    if start_from is not None:
        _take_over(start_from, size, g, d)
    g, d = laid_out(g, device), laid_out(d, device)
    draws = torch.Generator()
    draws.manual_seed(seed)
    return State(
        g=g,
        d=d,
        ema=copy.deepcopy(g).requires_grad_(False),
        g_step=_adam(g, lr, betas),
        d_step=_adam(d, lr, betas),
        draws=draws,
        precision=precision,
        digest=digest,
    )


def save_state(path: Path, state: State) -> None:
    """Write the whole state, atomically."""
    out = io.BytesIO()
    torch.save(_packed(state), out)
    write_atomic(path, out.getvalue())


def load_state(path: Path, state: State) -> None:
    """Read a checkpoint into `state`, in place. ModelError when it is broken or of another size or version."""
    try:
        packed = torch.load(path, map_location="cpu", weights_only=True)
        if packed["format"] != FORMAT:
            raise ModelError(
                f"{path}: checkpoint format {packed['format']}, this program needs {FORMAT}; delete the file to train anew"
            )
        for name in ("g", "d", "ema", "g_step", "d_step"):
            getattr(state, name).load_state_dict(packed[name])
        state.draws.set_state(packed["draws"])
    except MixtapeError:
        raise
    except Exception as error:  # a torn file can make the reader stumble in any way
        why = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise ModelError(f"{path}: this checkpoint cannot be read ({why}); delete it to train anew") from error
    for name in COUNTERS:
        setattr(state, name, packed[name])
    state.history = [tuple(row) for row in state.history]


def is_sound(state: State) -> bool:
    """Whether every weight is a number."""
    networks: tuple[nn.Module, ...] = (state.g, state.d, state.ema)
    return all(bool(torch.isfinite(weight).all()) for network in networks for weight in network.parameters())


def _packed(state: State) -> dict[str, Any]:
    parts = {name: getattr(state, name).state_dict() for name in ("g", "d", "ema", "g_step", "d_step")}
    return {"format": FORMAT, **parts, "draws": state.draws.get_state(), **{name: getattr(state, name) for name in COUNTERS}}


def _adam(network: nn.Module, lr: float, betas: tuple[float, float]) -> torch.optim.Optimizer:
    return torch.optim.Adam(network.parameters(), lr=lr, betas=betas, fused=True)


def _take_over(path: Path, size: Size, g: Generator, d: Discriminator) -> None:
    tensors, about = read_model(path)
    if size_of(about) != size:
        raise ModelError(
            f"{path}: a network of {size_of(about).pixels} px that does not fit; start from one of {size.pixels} px, or from none"
        )
    g.load_state_dict(part_of(tensors, "generator"))
    known = discriminator_from(tensors, size)
    if known is not None:
        d.load_state_dict(known.state_dict())
