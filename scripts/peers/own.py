"""mixtape's cover network, without music and without colours, by the recipe as it stands."""

from __future__ import annotations

import time

import numpy as np
import torch

from mixtape.covergan.deck import make_deck
from mixtape.covergan.model import CoverModel, latents
from mixtape.covergan.recipe import TrainSettings
from mixtape.covergan.step import Trainer, advance
from mixtape.covergan.team import Team
from mixtape.covergan.train import begin
from mixtape.covergan.watch import LOOK_EVERY, look
from mixtape.types import ByteArray
from peers.learner import BATCH, PIXELS


class Own:
    """The cover network in training on covers (n, 64, 64, 3) uint8, for `seconds` of CPU time."""

    def __init__(self, covers: ByteArray, *, seconds: float, seed: int = 0) -> None:
        cpu, silence = torch.device("cpu"), [np.zeros((0, 32), np.float32)] * len(covers)
        # Of the colours it would learn something that the others are not told.
        self.settings = TrainSettings(seconds=seconds, threads=1, batch=BATCH, colours_null_share=1.1, seed=seed)
        self.deck = make_deck(covers, silence, pixels=PIXELS, device=cpu)
        self.state = begin(self.settings, self.deck, cpu, Team())
        self.trainer = Trainer.of(self.state, Team())

    def step(self) -> None:
        """One step of the product's training, with its looks at held-out covers."""
        start = time.process_time()
        done = self.state.elapsed_s / (self.settings.seconds or 1.0)
        d_loss, g_loss = advance(self.state, self.deck, self.settings, self.trainer, done=done)
        self.state.step += 1
        if self.state.step % LOOK_EVERY == 0:
            self.state.d_loss, self.state.g_loss = float(d_loss), float(g_loss)
            look(self.state, self.deck, self.settings)
        self.state.elapsed_s += time.process_time() - start

    def draw(self, count: int) -> ByteArray:
        """Pictures by the running average, as the wall draws."""
        model = CoverModel(self.state.ema, None, about={}, precision="float32")
        return model.pictures(latents(count, seed=1, dimensions=model.latent))
