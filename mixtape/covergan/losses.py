"""The objective. D and G look at pairs of a real picture x and a drawn one G(z, c), both for the same c, music and colours:

    L_D = E softplus(D(G(z, c), c) - D(x, c))  +  gamma / 2 (R1 + R2)  +  L_mismatch
    L_G = E softplus(D(x, c) - D(G(z, c), c))
    R1  = E |grad_x D(x, c)|^2            R2 = E |grad_x D(G(z, c), c)|^2

The pairing loss is from Jolicoeur-Martineau 2018 (relativistic GAN), the penalties from Mescheder 2018 and Roth 2017; that the
three together converge is shown by Huang 2024 ("The GAN is dead; long live the GAN!"). To teach D that music and colours matter,
it also sees real pictures with another cover's as the worse of a pair (the a-contrario pairs of Boulahbal 2021), for each alone:

    L_mismatch = E softplus(D(x, c') - D(x, c))

Logits are taken to fp32 before any of it; the penalties are computed in fp32 throughout. Both losses are modules, so that one
forward pass is one loss and several processes can share the work.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mixtape.covergan.networks import Asked, Discriminator


def pairing(better: Tensor, worse: Tensor) -> Tensor:
    """E softplus(worse - better) over logits (n,): small when every first is rated above its second."""
    return F.softplus(worse.float() - better.float()).mean()


def slope_penalty(d: nn.Module, pictures: Tensor, asked: Asked) -> Tensor:
    """E |grad_x D(x, c)|^2: R1 on real pictures, R2 on drawn ones."""
    pictures = pictures.detach().float().requires_grad_(True)
    (slope,) = torch.autograd.grad(d(pictures, asked).sum(), pictures, create_graph=True)
    return slope.square().sum(dim=(1, 2, 3)).mean()


def mismatch(d: Discriminator, seen: Tensor, rated: Tensor, asked: Asked) -> Tensor:
    """L_mismatch from features h (n, style) and logits (n,) of real pictures: each one's own against its neighbour's."""
    other_music = asked._replace(music=asked.music.roll(1, dims=0))
    other_colours = asked._replace(colours=asked.colours.roll(1, dims=0))
    return pairing(rated, d.verdict(seen, other_music)) + pairing(rated, d.verdict(seen, other_colours))


class DiscriminatorLoss(nn.Module):
    """L_D as a module over D."""

    def __init__(self, d: Discriminator) -> None:
        super().__init__()
        self.d = d

    def forward(self, real: Tensor, drawn: Tensor, asked: Asked, gamma: float) -> tuple[Tensor, Tensor]:
        """L_D, and the pairing loss alone, of pictures (n, 3, s, s).

        A `gamma` of 0 leaves the penalties out; they are taken on half the batch.
        """
        seen = self.d.features(real)
        rated = self.d.verdict(seen, asked)
        paired = pairing(rated, self.d(drawn, asked))
        loss = paired + mismatch(self.d, seen, rated, asked)
        if gamma:
            half = slice(0, max(4, len(real) // 2))
            with torch.autocast(real.device.type, enabled=False):
                steep = sum(slope_penalty(self.d, pictures[half], asked.rows(half)) for pictures in (real, drawn))
            loss = loss + gamma / 2 * steep
        return loss, paired.detach()


def generator_loss(d: Discriminator, real: Tensor, drawn: Tensor, asked: Asked) -> Tensor:
    """L_G of pictures (n, 3, s, s); D's own weights must not ask for gradients."""
    with torch.no_grad():
        rated = d(real, asked)
    return pairing(d(drawn, asked), rated)
