"""How the network ear learns: two views of the same song belong together, those of all other songs in the step do not.

The loss is NT-Xent (Chen, Kornblith, Norouzi and Hinton, A simple framework for contrastive learning of visual representations,
2020) at temperature 0.1, the optimiser AdamW with a rate that falls along a cosine, and what is kept is the running average of
the weights. Every step is seeded by its number; cut off anywhere, training goes on from its last checkpoint to the same end.

Everything is float32: bfloat16 takes longer on processors without instructions for it, and a network of this size has no use for
the memory it saves.
"""

from __future__ import annotations

import copy
import io
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mixtape.ear.network import VERSION, NetEar, ear_of, fresh_network, hear
from mixtape.ear.views import CAPACITY, Pool, changed, draw, twins
from mixtape.errors import ModelError
from mixtape.progress import Progress, silent
from mixtape.storage import write_atomic
from mixtape.types import ByteArray

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

STEPS_PER_MINUTE = 150
"""Steps in a minute of one core, about; makes minutes into steps, so that training ends alike on every machine."""

_WARM_STEPS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class NetSettings:
    """How to train: for how many steps, how many songs in each, where, and how often the state is written down."""

    steps: int
    songs: int = 96
    lr: float = 2e-3
    decay: float = 1e-2
    temperature: float = 0.1
    average: float = 0.99
    seed: int = 0
    threads: int = 0
    device: str = "auto"
    capacity: int = CAPACITY
    save_every_s: float = 20.0


def steps_for(songs: int, *, minutes: float = 0.0) -> int:
    """How many steps a collection gets: `minutes` of one core, or when 0 minutes = 3 sqrt(songs / 300), from 1.5 to 30."""
    return round(STEPS_PER_MINUTE * (minutes or min(max(3.0 * math.sqrt(songs / 300), 1.5), 30.0)))


def train_net(
    sketches: Sequence[ByteArray], *, folder: Path, settings: NetSettings, made_from: str, progress: Progress = silent
) -> NetEar:
    """Train on sketches (t, 64) uint8, one of each song, fetched as they are needed.

    The state goes into `folder` as it grows; called again with the same `made_from` (a digest of the songs) it goes on there.
    Another `made_from`, other settings or a broken checkpoint begin anew. The checkpoint is left to the caller to remove
    (`forget_training`). ModelError when fewer than two songs have sound.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(settings.threads or threads)
    try:
        state = _begun(folder / _CHECKPOINT, settings, _stamp(made_from, len(sketches), settings))
        pool = Pool(sketches, seed=settings.seed, capacity=settings.capacity)
        _run(state, pool, folder / _CHECKPOINT, settings, progress)
    finally:
        torch.set_num_threads(threads)
    return ear_of(state.average, songs=len(sketches), steps=state.step)


def forget_training(folder: Path) -> None:
    """Take away the checkpoint of a training that is done with."""
    (folder / _CHECKPOINT).unlink(missing_ok=True)


_CHECKPOINT = "training.pt"


@dataclass(slots=True)
class _State:
    network: nn.ModuleDict
    average: nn.ModuleDict
    optimiser: torch.optim.Optimizer
    stamp: str
    step: int = 0


def _stamp(made_from: str, songs: int, settings: NetSettings) -> str:
    """What must agree for a checkpoint to be gone on with."""
    free = ("threads", "device", "save_every_s")
    chosen = [(name, getattr(settings, name)) for name in NetSettings.__slots__ if name not in free]
    return repr((VERSION, made_from, songs, sorted(chosen)))


def _begun(checkpoint: Path, settings: NetSettings, stamp: str) -> _State:
    state = _fresh(settings, stamp)
    # A broken checkpoint may have been read in part; beginning anew costs minutes only.
    return state if not checkpoint.is_file() or _resumed(checkpoint, state) else _fresh(settings, stamp)


def _fresh(settings: NetSettings, stamp: str) -> _State:
    import torch

    device = settings.device if settings.device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
    net = fresh_network(seed=settings.seed).to(device)
    optimiser = torch.optim.AdamW(net.parameters(), lr=settings.lr, weight_decay=settings.decay)
    return _State(net, copy.deepcopy(net).requires_grad_(False), optimiser, stamp)


def _resumed(checkpoint: Path, state: _State) -> bool:
    import torch

    try:
        packed = torch.load(checkpoint, map_location="cpu", weights_only=True)
        if packed["stamp"] != state.stamp:
            return False
        for name in ("network", "average", "optimiser"):
            getattr(state, name).load_state_dict(packed[name])
        state.step = int(packed["step"])
    except Exception:  # a torn file can make the reader stumble in any way
        return False
    return True


def _save(path: Path, state: _State) -> None:
    import torch

    parts = {name: getattr(state, name).state_dict() for name in ("network", "average", "optimiser")}
    out = io.BytesIO()
    torch.save({**parts, "stamp": state.stamp, "step": state.step}, out)
    write_atomic(path, out.getvalue())


def _run(state: _State, pool: Pool, checkpoint: Path, settings: NetSettings, progress: Progress) -> None:
    saved_s = time.monotonic()
    progress("own ear", state.step, settings.steps)
    while state.step < settings.steps:
        pool.move_to(state.step)
        if len(pool.drawable()) < 2:
            raise ModelError(f"the network ear: {len(pool.drawable())} songs with sound, at least 2 are needed; add music")
        advance(state, pool, settings)
        state.step += 1
        if time.monotonic() - saved_s > settings.save_every_s or state.step == settings.steps:
            _save(checkpoint, state)
            saved_s = time.monotonic()
        progress("own ear", state.step, settings.steps)


def advance(state: _State, pool: Pool, settings: NetSettings) -> Tensor:
    """One step; returns its loss."""
    import torch

    for group in state.optimiser.param_groups:
        group["lr"] = settings.lr * _rate(state.step, settings.steps)
    rng = np.random.default_rng([settings.seed, 1 + state.step])
    cut, slots = draw(pool, rng, songs=settings.songs)
    device = next(state.network.parameters()).device
    views = changed(torch.from_numpy(cut).to(device), rng)
    same = torch.from_numpy(twins(pool, slots)).to(device)
    loss = nt_xent(hear(state.network.train(), views), same, temperature=settings.temperature)
    state.optimiser.zero_grad(set_to_none=True)
    loss.backward()
    state.optimiser.step()
    _follow(state, settings.average)
    return loss.detach()


def nt_xent(vectors: Tensor, same: Tensor, *, temperature: float) -> Tensor:
    """-log of the share of exp(cosine / temperature) that falls on the other view of the same song, itself left out.

    `vectors` is (2 m, d), of length 1, rows i and m + i of the same song. What is the `same` recording (2 m, 2 m) in another
    file is left out too: it is neither drawn near nor driven away.
    """
    import torch
    from torch.nn.functional import cross_entropy

    n = len(vectors)
    other = torch.arange(n, device=vectors.device).roll(n // 2)
    left_out = same | torch.eye(n, dtype=torch.bool, device=vectors.device)
    left_out[torch.arange(n, device=vectors.device), other] = False
    return cross_entropy((vectors @ vectors.T / temperature).masked_fill(left_out, -torch.inf), other)


def _rate(step: int, steps: int) -> float:
    """Up in 40 steps, then down a cosine to a fiftieth."""
    falling = 0.02 + 0.49 * (1.0 + math.cos(math.pi * step / max(steps, 1)))
    return falling * min(1.0, (step + 1) / _WARM_STEPS)


def _follow(state: _State, average: float) -> None:
    """The running average forgets quickly in the beginning, when what it remembers is worth little."""
    import torch

    keep = min(average, (1 + state.step) / (10 + state.step))
    with torch.no_grad():
        for kept, now in zip(state.average.state_dict().values(), state.network.state_dict().values(), strict=True):
            if kept.is_floating_point():
                kept.lerp_(now, 1.0 - keep)
            else:
                kept.copy_(now)
