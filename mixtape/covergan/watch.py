"""How training is going: looks every few steps, judgements more rarely, and what to do when something has broken."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import torch

from mixtape.covergan.augment import steer
from mixtape.covergan.deck import Deck, Hand, deal
from mixtape.covergan.model import CoverModel, latents
from mixtape.covergan.recipe import TrainSettings
from mixtape.covergan.state import State, draws_for, is_sound
from mixtape.types import ByteArray

LOOK_EVERY = 64
"""Steps between two looks: diversity, held-out covers, and a line of the history."""

JUDGED = 256
"""Pictures that a judgement compares with as many covers."""

SETBACKS = 3
"""So often training may go back to a sound state and try again with smaller steps; then it ends with what it has."""

Distance = Callable[[ByteArray, ByteArray], float]


@torch.no_grad()
def look(state: State, deck: Deck, settings: TrainSettings) -> None:
    """Measure diversity; steer augmentation by held-out covers. Its random numbers are its own: looking changes nothing else."""
    draws = draws_for(settings.seed, state.step, rank=-1 % 2**31)
    real = _plain_hand(deck, draws)
    z = torch.randn((len(real.pictures), settings.size.latent), generator=draws).to(real.pictures.device)
    drawn = state.ema(z, real.asked)
    varied = float(real.pictures.std(dim=0).mean())
    # One cover, or covers all alike: there is no variety to fall short of.
    state.diversity = float(drawn.clamp(-1, 1).std(dim=0).mean()) / varied if varied > 0.02 else 1.0
    if len(deck.held):
        held = _plain_hand(deck, draws, held=True)
        above = state.d(held.pictures, held.asked) > state.d(state.g(z, held.asked), held.asked)
        state.p = steer(state.p, held_above_drawn=float(above.float().mean()))
    state.history.append((state.step, round(state.elapsed_s, 1), state.d_loss, state.g_loss, state.p, state.diversity))


def _plain_hand(deck: Deck, draws: torch.Generator, *, held: bool = False) -> Hand:
    """32 covers with their music as it is, and without their colours: those would tell too much."""
    return deal(deck, batch=32, null_share=0.0, colours_null_share=1.1, noise=0.0, ramp=1.0, draws=draws, held=held)


def judge(state: State, deck: Deck, settings: TrainSettings, distance: Distance) -> float:
    """How far pictures drawn to covers' music, or to none where no song is known, are from covers, by `distance`; noted in the
    state."""
    draws = draws_for(settings.seed, 0, rank=-2 % 2**31)
    heard = bool((deck.count > 0).any())
    weight = deck.weight * (deck.count > 0) if heard else deck.weight
    weight = weight if bool(weight.any()) else deck.weight
    rows = torch.multinomial(weight, JUDGED, replacement=int((weight > 0).sum()) < 4 * JUDGED, generator=draws)
    model = CoverModel(state.ema, None, about={}, precision="float32")
    music = deck.conditions[deck.first[rows]].numpy() if heard else None
    drawn = model.pictures(latents(JUDGED, seed=11, dimensions=settings.size.latent), music)
    covers = deck.pictures[rows.to(deck.pictures.device)].permute(0, 2, 3, 1).cpu().numpy()
    found = distance(np.ascontiguousarray(covers), drawn)
    state.judged.append((state.step, round(state.elapsed_s, 1), found))
    return found


def judged_at(step: int, *, every: int) -> bool:
    """Whether a step is one of `every`, or 128 or 256 before that: a training that breaks early has something to go back to."""
    return step % every == 0 or (step in (128, 256) and step < every)


def is_best(state: State) -> bool:
    """Whether the last judgement is the best so far, by however little."""
    return bool(state.judged) and state.judged[-1][-1] <= min(row[-1] for row in state.judged)


def trouble(state: State) -> str:
    """What is wrong, or nothing: a loss or weight that is no number, or pictures that have become all alike."""
    if not (math.isfinite(state.d_loss) and math.isfinite(state.g_loss) and is_sound(state)):
        return "a loss was no longer a number"
    best = min(1.0, max((row[-1] for row in state.history), default=0.0))
    recent = [row[-1] for row in state.history[-3:]]
    if best > 0.3 and len(recent) == 3 and max(recent) < 0.25 * best:
        return f"its pictures had become alike ({max(recent):.0%} as varied as real covers, {best:.0%} before)"
    return ""


def go_back(state: State, what: str, load: Callable[[], None]) -> str:
    """Return to what `load` reads into the state, with half the step length; says so."""
    at, setbacks, elapsed_s = state.step, state.setbacks + 1, state.elapsed_s
    batch, asked_batch = state.batch, state.asked_batch
    load()
    # What was spent on the way that led nowhere is spent, or a budget of seconds would never end; and what memory did not hold
    # on that way, it will not hold on the next.
    state.elapsed_s, state.batch, state.asked_batch = elapsed_s, batch, asked_batch
    state.setbacks = setbacks
    state.lr_scale = 0.5**setbacks
    ended = ", once too often: training ended there; begin anew with mixtape train --fresh" if setbacks > SETBACKS else ""
    return f"at step {at} {what}; went back to step {state.step}{ended}"
