"""Training: covers and the music they belong to go in, a network that dreams new covers for a song comes out.

One call trains until its budget is spent, keeps its state on disk as it goes, and goes on from there when it is called again.
What the networks learn from is losses.py; the order of one step is `advance`, below.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mixtape.covergan import losses
from mixtape.covergan.augment import augment, steer
from mixtape.covergan.condition import Condition
from mixtape.covergan.deck import Deck, Hand, deal, make_deck
from mixtape.covergan.keepsakes import Keepsakes, is_milestone
from mixtape.covergan.model import Precision, quicker_precision, write_model
from mixtape.covergan.networks import SIZES, Generator, Size, laid_out
from mixtape.covergan.state import State, fresh_state, is_sound, load_state, save_state
from mixtape.errors import ModelError
from mixtape.progress import Progress, silent
from mixtape.storage import write_atomic
from mixtape.types import ByteArray, FloatArray

LOOK_EVERY = 64
"""Steps between two looks at how training is going: diversity, held-out covers, and a line of the history."""

SETBACKS = 3
"""So often training may go back to a sound state and try again with smaller steps; then it ends with what it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSettings:
    """How to train. The budget is `steps`, `seconds` of training over all starts together, or both: whichever ends first.

    The music is faded in while `fade` of the budget passes: a network that hears it from the first step tends to
    collapse (Shahbazi 2022).
    """

    size: Size = SIZES[64]
    batch: int = 32
    lr: float = 1e-3
    betas: tuple[float, float] = (0.0, 0.99)
    gamma: float = 1.0
    lazy: int = 8
    mismatch_every: int = 8
    null_share: float = 0.12
    fade: tuple[float, float] = (0.1, 0.4)
    noise: float = 0.2
    ema_images: int = 10_000
    steps: int | None = None
    seconds: float | None = None
    save_every_s: float = 10.0
    seed: int = 0
    device: str = "auto"
    threads: int = 0
    precision: Precision = "auto"


@dataclass(frozen=True, slots=True)
class TrainReport:
    """How training went: steps and seconds over all starts, the last losses, the diversity of its pictures against
    real ones (1 is as varied), how often it had to go back, the model file, and remarks for a person."""

    steps: int
    seconds: float
    d_loss: float
    g_loss: float
    diversity: float
    setbacks: int
    model: Path
    remarks: tuple[str, ...]


def train(
    covers: ByteArray,
    conditions: Sequence[FloatArray],
    *,
    folder: Path,
    settings: TrainSettings,
    condition: Condition | None = None,
    start_from: Path | None = None,
    progress: Progress = silent,
    made_by: str = "",
) -> TrainReport:
    """Train on covers (n, s, s, 3) uint8 and for each the conditions (k, 32) of all songs with that cover, until the
    budget is spent.

    State, samples, snapshots and at the end `model.safetensors` go into `folder`; called again it goes on where it
    stopped, after a kill
    too. `condition` is stored with the model, so that it can hear songs; `start_from` is a trained model to begin
    with; `made_by` is the
    command, for the record. ShapeError for covers that do not fit; ModelError for a checkpoint that cannot be used.
    """
    if settings.steps is None and settings.seconds is None:
        raise ModelError("training: neither steps nor seconds are set, it would never end; set one of them")
    if start_from is not None:
        # It hears already, and long steps would shake out what it knows.
        settings = replace(settings, fade=(0.0, 0.0), lr=settings.lr / 2)
    torch.set_num_threads(settings.threads or max(1, torch.get_num_threads()))
    device = torch.device(_device(settings.device))
    deck = make_deck(covers, conditions, pixels=settings.size.pixels, device=device)
    state = _begin(settings, deck, device, start_from)
    remarks = _resume(folder / "checkpoint.pt", state, deck)
    keepsakes = Keepsakes.of(deck, settings.size, folder=folder)
    remarks += _run(state, deck, keepsakes, settings, folder, progress)
    path = _finish(state, folder, settings, condition, made_by)
    return TrainReport(
        state.step,
        state.elapsed_s,
        state.d_loss,
        state.g_loss,
        state.diversity,
        state.setbacks,
        path,
        tuple(dict.fromkeys(remarks)),
    )


def advance(state: State, deck: Deck, settings: TrainSettings, *, done: float) -> tuple[Tensor, Tensor]:
    """One step of both networks; `done` 0..1 is how much of the budget is spent. Returns both losses."""
    _set_lr(state, settings, done)
    ramp = heed(settings, done)
    hand = deal(deck, batch=settings.batch, null_share=settings.null_share, noise=settings.noise, ramp=ramp, draws=state.draws)
    real = augment(hand.pictures, p=state.p, draws=state.draws)
    with _autocast(state, real):
        drawn = augment(state.g(_latents(state, settings, real), hand.condition, hand.strength), p=state.p, draws=state.draws)

    state.d.requires_grad_(True)
    with _autocast(state, real):
        seen = state.d.features(real)
        rated_real = state.d.verdict(seen, hand.condition, hand.strength)
        rated_drawn = state.d(drawn.detach(), hand.condition, hand.strength)
        d_loss = objective = losses.pairing(better=rated_real, worse=rated_drawn)
        if state.step % settings.mismatch_every == settings.mismatch_every - 1:
            objective = objective + losses.mismatch(state.d, seen, hand.condition, hand.strength)
    if state.step % settings.lazy == 0:
        objective = objective + _penalty(state, settings, real, drawn, hand)
    _descend(state.d_step, objective)

    state.d.requires_grad_(False)
    with _autocast(state, real):
        rated_drawn = state.d(drawn, hand.condition, hand.strength)
        with torch.no_grad():
            rated_real = state.d(real, hand.condition, hand.strength)
        g_loss = losses.pairing(better=rated_drawn, worse=rated_real)
    _descend(state.g_step, g_loss)
    _follow(state.ema, state.g, images=(state.step + 1) * settings.batch, settings=settings)
    return d_loss.detach(), g_loss.detach()


def heed(settings: TrainSettings, done: float) -> float:
    """How much the music counts when `done` 0..1 of the budget is spent: 0 before the fade, 1 after it."""
    begin, end = settings.fade
    return min(max((done - begin) / max(end - begin, 1e-9), 0.0), 1.0) if end else 1.0


def _penalty(state: State, settings: TrainSettings, real: Tensor, drawn: Tensor, hand: Hand) -> Tensor:
    """gamma / 2 (R1 + R2) on half the batch, scaled up for the steps that go without."""
    half = slice(0, max(4, settings.batch // 2))
    music = hand.condition[half], hand.strength[half]
    r1 = losses.slope_penalty(state.d, real[half], *music)
    r2 = losses.slope_penalty(state.d, drawn[half], *music)
    return settings.lazy * settings.gamma / 2 * (r1 + r2)


def _descend(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()


@torch.no_grad()
def _follow(ema: Generator, g: Generator, *, images: int, settings: TrainSettings) -> None:
    """Running average whose half-life is a twentieth of the images seen, at most `ema_images`."""
    keep = 0.5 ** (settings.batch / min(settings.ema_images, images / 20))
    torch._foreach_lerp_(list(ema.parameters()), list(g.parameters()), 1 - keep)


def _set_lr(state: State, settings: TrainSettings, done: float) -> None:
    """Down a cosine to a tenth, after a start of 50 growing steps."""
    falling = 0.1 + 0.45 * (1 + math.cos(math.pi * min(done, 1.0)))
    for optimiser in (state.g_step, state.d_step):
        for group in optimiser.param_groups:
            group["lr"] = settings.lr * falling * state.lr_scale * min(1.0, (state.step + 1) / 50)


def _latents(state: State, settings: TrainSettings, like: Tensor) -> Tensor:
    return torch.randn((settings.batch, settings.size.latent), generator=state.draws).to(like.device)


def _autocast(state: State, like: Tensor) -> torch.autocast:
    return torch.autocast(like.device.type, torch.bfloat16, enabled=state.precision == "bfloat16")


def _device(wanted: str) -> str:
    if wanted != "auto":
        return wanted
    return "cuda" if torch.cuda.is_available() else "cpu"


def _begin(settings: TrainSettings, deck: Deck, device: torch.device, start_from: Path | None) -> State:
    precision = settings.precision
    if precision == "auto":
        precision = quicker_precision(laid_out(Generator(settings.size), device))
    return fresh_state(
        settings.size,
        seed=settings.seed,
        lr=settings.lr,
        betas=settings.betas,
        device=device,
        precision=precision,
        digest=deck.digest,
        start_from=start_from,
    )


def _resume(checkpoint: Path, state: State, deck: Deck) -> list[str]:
    if not checkpoint.is_file():
        return []
    load_state(checkpoint, state)
    changed = state.digest != deck.digest
    state.digest = deck.digest
    return ["the covers or their songs have changed since training began; it goes on with the new ones"] if changed else []


def _spent(state: State, settings: TrainSettings) -> float:
    by_steps = 0.0 if settings.steps is None else state.step / settings.steps if settings.steps else 1.0
    by_time = state.elapsed_s / settings.seconds if settings.seconds else 0.0
    return max(by_steps, by_time)


def _run(state: State, deck: Deck, keepsakes: Keepsakes, settings: TrainSettings, folder: Path, progress: Progress) -> list[str]:
    """Step until the budget is spent; look, keep and save on the way; go back when something has broken."""
    remarks: list[str] = []
    checkpoint = folder / "checkpoint.pt"
    if state.step == 0:
        keepsakes.keep(state.ema, step=0, strength=heed(settings, 0.0))
        save_state(checkpoint, state)
    saved_s = last_s = time.monotonic()
    while (done := _spent(state, settings)) < 1.0:
        d_loss, g_loss = advance(state, deck, settings, done=done)
        state.step += 1
        now_s = time.monotonic()
        state.elapsed_s, last_s = state.elapsed_s + now_s - last_s, now_s
        if state.step % LOOK_EVERY == 0 or now_s - saved_s > settings.save_every_s or _spent(state, settings) >= 1.0:
            state.d_loss, state.g_loss = float(d_loss), float(g_loss)
            trouble = _trouble(state)
            if trouble:
                remarks.append(_go_back(checkpoint, state, trouble))
                if state.setbacks > SETBACKS:
                    break
                continue
        if state.step % LOOK_EVERY == 0:
            _look(state, deck, settings)
        if is_milestone(state.step):
            keepsakes.keep(state.ema, step=state.step, strength=heed(settings, done))
        if now_s - saved_s > settings.save_every_s:
            save_state(checkpoint, state)
            saved_s = now_s
        progress("training", *_shown(state, settings))
    save_state(checkpoint, state)
    return remarks


def _shown(state: State, settings: TrainSettings) -> tuple[int, int]:
    if settings.seconds is None:
        return state.step, settings.steps or 0
    return min(round(state.elapsed_s), math.ceil(settings.seconds)), math.ceil(settings.seconds)


@torch.no_grad()
def _look(state: State, deck: Deck, settings: TrainSettings) -> None:
    """Measure diversity; steer augmentation by held-out covers. Uses random numbers of its own, so looking changes
    nothing else."""
    draws = torch.Generator()
    draws.manual_seed(settings.seed + state.step)
    rules = {"batch": 32, "null_share": 0.0, "noise": 0.0, "ramp": 1.0, "draws": draws}
    real = deal(deck, **rules)  # type: ignore[arg-type]
    z = torch.randn((32, settings.size.latent), generator=draws).to(real.pictures.device)
    drawn = state.ema(z, real.condition, real.strength)
    varied = float(real.pictures.std(dim=0).mean())
    # One cover, or covers all alike: there is no variety to fall short of.
    state.diversity = float(drawn.clamp(-1, 1).std(dim=0).mean()) / varied if varied > 0.02 else 1.0
    if len(deck.held):
        held = deal(deck, **rules, held=True)  # type: ignore[arg-type]
        drawn = state.g(z, held.condition, held.strength)
        above = state.d(held.pictures, held.condition, held.strength) > state.d(drawn, held.condition, held.strength)
        state.p = steer(state.p, held_above_drawn=float(above.float().mean()))
    state.history.append((state.step, round(state.elapsed_s, 1), state.d_loss, state.g_loss, state.p, state.diversity))


def _trouble(state: State) -> str:
    """What is wrong, or nothing: a loss or weight that is no number, or pictures that have become all alike."""
    if not (math.isfinite(state.d_loss) and math.isfinite(state.g_loss) and is_sound(state)):
        return "a loss was no longer a number"
    best = min(1.0, max((row[-1] for row in state.history), default=0.0))
    recent = [row[-1] for row in state.history[-3:]]
    if best > 0.3 and len(recent) == 3 and max(recent) < 0.25 * best:
        return f"its pictures had become alike ({max(recent):.0%} as varied as real covers, {best:.0%} before)"
    return ""


def _go_back(checkpoint: Path, state: State, trouble: str) -> str:
    """Return to the last sound state with half the step length, and other random numbers."""
    at, setbacks = state.step, state.setbacks + 1
    load_state(checkpoint, state)
    state.setbacks = setbacks
    state.lr_scale = 0.5**setbacks
    state.draws.manual_seed(state.step + 1000 * setbacks)
    state.history = [row for row in state.history if row[0] <= state.step]
    return f"at step {at} {trouble}; went back to step {state.step}"


def _finish(state: State, folder: Path, settings: TrainSettings, condition: Condition | None, made_by: str) -> Path:
    about: dict[str, Any] = {
        "steps": state.step,
        "images": state.step * settings.batch,
        "seconds": round(state.elapsed_s),
        "settings": {key: value for key, value in asdict(settings).items() if key not in ("size", "device", "threads")},
        "made_by": made_by,
        "diversity": state.diversity,
    }
    path = folder / "model.safetensors"
    parts = {"generator": state.ema.state_dict(), "discriminator": state.d.state_dict()}
    write_model(path, parts, condition, size=settings.size, about=about)
    rows = [
        "step,elapsed_s,d_loss,g_loss,augment_p,diversity",
        *(",".join(f"{number:.6g}" for number in row) for row in state.history),
    ]
    write_atomic(folder / "history.csv", ("\n".join(rows) + "\n").encode())
    write_atomic(folder / "about.json", json.dumps(about, indent=1, sort_keys=True).encode())
    return path
