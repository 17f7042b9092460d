"""A plain DCGAN (Radford, Metz and Chintala 2016, "Unsupervised Representation Learning with Deep Convolutional GANs").

Transposed convolutions, batch normalisation everywhere but at D's entrance and G's exit, ReLU and tanh in G, leaky ReLU in D,
weights from N(0, 0.02), 100 uniform latents, Adam with 2e-4 and beta1 0.5, the loss of Goodfellow 2014 that never saturates:

    L_D = -E log D(x) - E log(1 - D(G(z)))        L_G = -E log D(G(z))

The paper's widest layer has 1024 channels, which takes seconds a step here; 512, half of it everywhere, is the width that the
method is mostly used with, at 4 x 4 kernels, and gives it four times as many steps for the same budget.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mixtape.types import ByteArray
from peers.learner import BATCH, a_batch, as_pictures

LATENT = 100
WIDTHS = (512, 256, 128, 64)


def drawing() -> nn.Sequential:
    """G: latents (n, 100, 1, 1) -> pictures (n, 3, 64, 64), -1..1."""
    layers: list[nn.Module] = [nn.ConvTranspose2d(LATENT, WIDTHS[0], 4, bias=False)]
    for wide, narrow in pairwise(WIDTHS):
        layers += [nn.BatchNorm2d(wide), nn.ReLU(), nn.ConvTranspose2d(wide, narrow, 4, stride=2, padding=1, bias=False)]
    layers += [nn.BatchNorm2d(WIDTHS[-1]), nn.ReLU(), nn.ConvTranspose2d(WIDTHS[-1], 3, 4, stride=2, padding=1), nn.Tanh()]
    return nn.Sequential(*layers)


def looking() -> nn.Sequential:
    """D: pictures (n, 3, 64, 64) -> logits (n, 1, 1, 1)."""
    widths = WIDTHS[::-1]
    layers: list[nn.Module] = [nn.Conv2d(3, widths[0], 4, stride=2, padding=1), nn.LeakyReLU(0.2)]
    for narrow, wide in pairwise(widths):
        layers += [nn.Conv2d(narrow, wide, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(wide), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Conv2d(widths[-1], 1, 4))


class Dcgan:
    """DCGAN in training on pictures (n, 3, 64, 64) uint8."""

    def __init__(self, covers: Tensor, *, seed: int = 0) -> None:
        torch.manual_seed(seed)
        self.covers, self.draws = covers, torch.Generator().manual_seed(seed)
        self.g, self.d = drawing().apply(_begin), looking().apply(_begin)
        self.g_step, self.d_step = (torch.optim.Adam(part.parameters(), lr=2e-4, betas=(0.5, 0.999)) for part in (self.g, self.d))

    def step(self) -> None:
        """D learns from real and drawn pictures, each normalised among themselves, then G does."""
        real, drawn = 2 * a_batch(self.covers, self.draws) - 1, self.g(self._latents(BATCH, self.draws))
        loss = F.softplus(-self.d(real)).mean() + F.softplus(self.d(drawn.detach())).mean()
        self.d_step.zero_grad()
        loss.backward()
        self.d_step.step()
        self.g_step.zero_grad()
        F.softplus(-self.d(drawn)).mean().backward()
        self.g_step.step()

    @torch.no_grad()
    def draw(self, count: int) -> ByteArray:
        """Pictures by the running statistics, as a trained DCGAN draws."""
        self.g.eval()
        z = self._latents(count, torch.Generator().manual_seed(1))
        drawn = torch.cat([self.g(part) for part in z.split(BATCH)])
        self.g.train()
        return as_pictures((drawn + 1) / 2)

    @staticmethod
    def _latents(count: int, draws: torch.Generator) -> Tensor:
        return 2 * torch.rand((count, LATENT, 1, 1), generator=draws) - 1


def _begin(part: nn.Module) -> None:
    if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(part.weight, 0.0, 0.02)
    elif isinstance(part, nn.BatchNorm2d):
        nn.init.normal_(part.weight, 1.0, 0.02)
