"""One step of training: deal, draw, let D learn, let G learn, let the average follow."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from mixtape.covergan.augment import augment
from mixtape.covergan.deck import Deck, deal
from mixtape.covergan.losses import DiscriminatorLoss, generator_loss
from mixtape.covergan.networks import Generator
from mixtape.covergan.recipe import TrainSettings
from mixtape.covergan.state import State, draws_for
from mixtape.covergan.team import Team


@dataclass(frozen=True, slots=True)
class Trainer:
    """The two networks as their gradients are made: shared with the other processes where there are any."""

    drawing: nn.Module
    judging: nn.Module
    team: Team

    @classmethod
    def of(cls, state: State, team: Team) -> Trainer:
        """For the networks of a state."""
        state.d.requires_grad_(True)
        return cls(team.shared(state.g), team.shared(DiscriminatorLoss(state.d)), team)


def advance(state: State, deck: Deck, settings: TrainSettings, trainer: Trainer, *, done: float) -> tuple[Tensor, Tensor]:
    """One step of both networks; `done` 0..1 is how much of the budget is spent. Returns both pairing losses."""
    share = trainer.team.share(state.batch)
    draws = draws_for(settings.seed, state.step, setbacks=state.setbacks, rank=trainer.team.rank)
    # A longer budget puts the moment back, but what the networks have learned to hear stays in their ears.
    state.heed = max(state.heed, settings.heed(done))
    hand = deal(
        deck,
        batch=share.stop - share.start,
        null_share=settings.null_share,
        colours_null_share=settings.colours_null_share,
        noise=settings.noise,
        ramp=state.heed,
        draws=draws,
    )
    _set_lr(state, settings, done)
    latent = torch.randn((len(hand.pictures), settings.size.latent), generator=draws).to(hand.pictures.device)
    real = augment(hand.pictures, p=state.p, draws=draws)
    with _autocast(state, real):
        drawn = augment(trainer.drawing(latent, hand.asked), p=state.p, draws=draws)

    gamma = settings.lazy * settings.penalty if state.step % settings.lazy == 0 else 0.0
    state.d.requires_grad_(True)
    with _autocast(state, real):
        d_loss, paired = trainer.judging(real, drawn.detach(), hand.asked, gamma)
    _descend(state.d_step, d_loss)

    state.d.requires_grad_(False)
    with _autocast(state, real):
        g_loss = generator_loss(state.d, real, drawn, hand.asked)
    _descend(state.g_step, g_loss)
    _follow(state.ema, state.g, images=(state.step + 1) * state.batch, batch=state.batch, longest=settings.ema_images)
    return paired, g_loss.detach()


def _descend(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()


@torch.no_grad()
def _follow(ema: Generator, g: Generator, *, images: int, batch: int, longest: int) -> None:
    """Running average whose half-life is a twentieth of the images seen, at most `longest`."""
    keep = 0.5 ** (batch / min(longest, images / 20))
    torch._foreach_lerp_(list(ema.parameters()), list(g.parameters()), 1 - keep)


def _set_lr(state: State, settings: TrainSettings, done: float) -> None:
    """Down a cosine to a tenth, after a start of 50 growing steps."""
    falling = 0.1 + 0.45 * (1 + math.cos(math.pi * min(done, 1.0)))
    for optimiser in (state.g_step, state.d_step):
        for group in optimiser.param_groups:
            group["lr"] = settings.lr * falling * state.lr_scale * min(1.0, (state.step + 1) / 50)


def _autocast(state: State, like: Tensor) -> torch.autocast:
    return torch.autocast(like.device.type, torch.bfloat16, enabled=state.precision == "bfloat16")
