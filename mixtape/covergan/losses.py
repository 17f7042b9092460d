"""The objective. D and G look at pairs of a real picture x and a drawn one G(z, c), both for the same music c:

    L_D = E softplus(D(G(z, c), c) - D(x, c))  +  gamma / 2 (R1 + R2)
    L_G = E softplus(D(x, c) - D(G(z, c), c))
    R1  = E |grad_x D(x, c)|^2            R2 = E |grad_x D(G(z, c), c)|^2

The pairing loss is from Jolicoeur-Martineau 2018 (relativistic GAN), the penalties from Mescheder 2018 and Roth 2017;
that the three together
converge is shown by Huang 2024 ("The GAN is dead; long live the GAN!"). To teach D that the music matters, it also
sees real pictures with another song's music as the worse of a pair (the a-contrario pairs of Boulahbal 2021):

    L_mismatch = E softplus(D(x, c') - D(x, c))

Logits are taken to fp32 before any of it; the penalties are computed in fp32 throughout.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from mixtape.covergan.networks import Discriminator


def pairing(better: Tensor, worse: Tensor) -> Tensor:
    """E softplus(worse - better) over logits (n,): small when every first is rated above its second."""
    return F.softplus(worse.float() - better.float()).mean()


def slope_penalty(d: Discriminator, pictures: Tensor, condition: Tensor, strength: Tensor) -> Tensor:
    """E |grad_x D(x, c)|^2: R1 on real pictures, R2 on drawn ones."""
    pictures = pictures.detach().float().requires_grad_(True)
    logits = d(pictures, condition, strength)
    (slope,) = torch.autograd.grad(logits.sum(), pictures, create_graph=True)
    return slope.square().sum(dim=(1, 2, 3)).mean()


def mismatch(d: Discriminator, seen: Tensor, condition: Tensor, strength: Tensor) -> Tensor:
    """L_mismatch from features h (n, style) of real pictures: each one's own music against its neighbour's."""
    other = condition.roll(1, dims=0)
    return pairing(better=d.verdict(seen, condition, strength), worse=d.verdict(seen, other, strength))
