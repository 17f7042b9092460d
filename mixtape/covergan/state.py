"""Everything that training knows at one moment, and how it gets to disk and back without losing a bit of it.

Chance is not part of it: the random numbers of a step follow from the seed, the step and the process (`draws_for`), so a training
that was killed goes on to the same end.
"""

from __future__ import annotations

import copy
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from mixtape.covergan.model import Precision, discriminator_from, part_of, read_model, size_of
from mixtape.covergan.networks import Discriminator, Generator, Size, laid_out
from mixtape.errors import MixtapeError, ModelError
from mixtape.storage import write_atomic

FORMAT = 2
"""Version of the checkpoint file."""

COUNTERS = (
    *("step", "elapsed_s", "batch", "p", "setbacks", "lr_scale", "d_loss", "g_loss", "diversity", "precision", "digest"),
    *("history", "judged"),
)

LATER = {"asked_batch": 0, "heed": 0.0}
"""Counters that checkpoints written before there were any do not hold, with what they are then."""


@dataclass(slots=True)
class State:
    """Both networks, the generator's running average, both optimisers, and counters.

    `batch` is how many pictures a step looks at, over all processes; it shrinks when memory runs out, from the `asked_batch` of
    the settings. `heed` is how much music and colours count by now. `history` has a row a look, `judged` a row a judgement:
    (step, seconds, distance to real covers).
    """

    g: Generator
    d: Discriminator
    ema: Generator
    g_step: torch.optim.Optimizer
    d_step: torch.optim.Optimizer
    precision: Precision
    digest: str
    batch: int
    asked_batch: int = 0
    heed: float = 0.0
    step: int = 0
    elapsed_s: float = 0.0
    p: float = 0.5
    setbacks: int = 0
    lr_scale: float = 1.0
    d_loss: float = float("nan")
    g_loss: float = float("nan")
    diversity: float = float("nan")
    history: list[tuple[float, ...]] = field(default_factory=list)
    judged: list[tuple[float, ...]] = field(default_factory=list)


def fresh_state(
    size: Size,
    *,
    seed: int,
    lr: float,
    betas: tuple[float, float],
    device: torch.device,
    precision: Precision,
    digest: str,
    batch: int,
    start_from: Path | None = None,
) -> State:
    """Networks from `seed`, or from a trained model whose size fits; optimisers that remember nothing yet."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        g, d = Generator(size), Discriminator(size)
    if start_from is not None:
        _take_over(start_from, size, g, d)
    g, d = laid_out(g, device), laid_out(d, device)
    return State(
        g=g,
        d=d,
        ema=copy.deepcopy(g).requires_grad_(False),
        g_step=_adam(g, lr, betas),
        d_step=_adam(d, lr, betas),
        precision=precision,
        digest=digest,
        batch=batch,
        asked_batch=batch,
    )


def save_state(path: Path, state: State) -> None:
    """Write the whole state, atomically."""
    out = io.BytesIO()
    torch.save(_packed(state), out)
    write_atomic(path, out.getvalue())


def load_state(path: Path, state: State) -> None:
    """Read a checkpoint into `state`, in place. ModelError when it is broken or of another size or version."""
    unpack_state(content_of(path), state, path=path)


def content_of(path: Path) -> bytes:
    """The bytes of a checkpoint. ModelError when the disk does not give them."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{path}: this checkpoint cannot be read ({error.strerror or error}); mend that, "
            "or begin anew with mixtape train --fresh"
        ) from error


def unpack_state(content: bytes, state: State, *, path: Path) -> None:
    """Read the bytes of the checkpoint at `path` into `state`, in place; errors as in `load_state`."""
    try:
        packed = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
        if packed["format"] != FORMAT:
            raise ModelError(
                f"{path}: checkpoint format {packed['format']}, {FORMAT} is needed; begin anew with mixtape train --fresh"
            )
        if packed["pixels"] != state.g.size.pixels:
            raise ModelError(
                f"{path}: begun at {packed['pixels']} px, {state.g.size.pixels} px are asked for; "
                "set [train] pixels back, or begin anew with mixtape train --fresh"
            )
        for name in ("g", "d", "ema", "g_step", "d_step"):
            getattr(state, name).load_state_dict(packed[name])
        for name in COUNTERS:
            setattr(state, name, packed[name])
        for name, otherwise in LATER.items():
            setattr(state, name, packed.get(name, otherwise))
    except MixtapeError:
        raise
    except Exception as error:  # a torn file can make the reader stumble in any way
        why = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise ModelError(f"{path}: this checkpoint cannot be read ({why}); begin anew with mixtape train --fresh") from error
    state.history, state.judged = ([tuple(row) for row in rows] for rows in (state.history, state.judged))


def is_sound(state: State) -> bool:
    """Whether every weight is a number."""
    networks: tuple[nn.Module, ...] = (state.g, state.d, state.ema)
    return all(bool(torch.isfinite(weight).all()) for network in networks for weight in network.parameters())


def _packed(state: State) -> dict[str, Any]:
    parts = {name: getattr(state, name).state_dict() for name in ("g", "d", "ema", "g_step", "d_step")}
    return {
        "format": FORMAT,
        "pixels": state.g.size.pixels,
        **parts,
        **{name: getattr(state, name) for name in (*COUNTERS, *LATER)},
    }


def draws_for(seed: int, step: int, *, setbacks: int = 0, rank: int = 0) -> torch.Generator:
    """The random numbers of one step in one process; other ones after a setback, so that the same accident does not wait."""
    words = np.random.SeedSequence((seed, step, setbacks, rank)).generate_state(2, np.uint32)
    return torch.Generator().manual_seed(int(words[0]) << 31 | int(words[1]) >> 1)


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
