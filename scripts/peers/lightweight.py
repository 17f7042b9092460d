"""lucidrains' lightweight-gan (MIT; Liu 2021, "Towards Faster and Stabilized GAN Training for High-fidelity Few-shot Image
Synthesis"), as its command line sets it up for 64 pixels.

    pip install --no-deps lightweight-gan einops kornia kornia_rs tqdm

Its networks run beside any torch. Its trainer does not run here: importing it asks for a CUDA card, and torchvision for reading
pictures. So while it is imported torch says that there is one, empty modules stand in for what its networks do not use, and the
loop of its trainer is told again below: hinge loss on two logits, a gradient penalty of 10 every fourth step, an autoencoder's
loss on real pictures, shifts and cuts with the probability that it sets itself for so many pictures. Its running average starts
at step 20,000, so the generator itself draws.
"""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec
from types import ModuleType
from typing import Any
from unittest import mock

import torch
from torch import Tensor
from torch.nn import functional as F

from mixtape.types import ByteArray
from peers.learner import BATCH, PIXELS, a_batch, as_pictures

LATENT = 256
PENALTY, PENALTY_EVERY = 10.0, 4
_UNUSED = ("torchvision", "adabelief_pytorch")


def is_installed() -> bool:
    """Whether its networks can be imported."""
    return all(find_spec(name) is not None for name in ("lightweight_gan", "einops", "kornia", "tqdm"))


class LightweightGan:
    """lightweight-gan in training on pictures (n, 3, 64, 64) uint8."""

    def __init__(self, covers: Tensor, *, seed: int = 0) -> None:
        torch.manual_seed(seed)
        self.covers, self.draws, self.steps = covers, torch.Generator().manual_seed(seed), 0
        with mock.patch.object(torch.nn.Module, "cuda", lambda module, *_: module):
            self.gan = _module().LightweightGAN(
                latent_dim=LATENT, image_size=PIXELS, attn_res_layers=[32], disc_output_size=1, rank=0
            )
        chance = min(0.5, (1e5 - len(covers)) * 3e-6)
        self.asked = {"prob": chance, "types": ["cutout", "translation"]}

    def step(self) -> None:
        """D learns, then G."""
        self._look(steep=self.steps % PENALTY_EVERY == 0)
        fine, coarse, _ = self.gan.D_aug(self.gan.G(torch.randn((BATCH, LATENT), generator=self.draws)), **self.asked)
        self.gan.G_opt.zero_grad()
        (fine.mean() + coarse.mean()).backward()
        self.gan.G_opt.step()
        self.steps += 1

    def _look(self, *, steep: bool) -> None:
        real = a_batch(self.covers, self.draws).requires_grad_(steep)
        with torch.no_grad():
            drawn = self.gan.G(torch.randn((BATCH, LATENT), generator=self.draws))
        seen, (fine, coarse, _) = self.gan.D_aug(
            drawn, detach=True, input_requires_grad=steep, return_discr_input=True, **self.asked
        )
        real_fine, real_coarse, rebuilt = self.gan.D_aug(real, calc_aux_loss=True, **self.asked)
        loss = _hinge(real_fine, fine) + _hinge(real_coarse, coarse) + rebuilt
        if steep:
            slopes = torch.cat([_slope((real_fine, real_coarse), real), _slope((fine, coarse), seen)])
            loss = loss + PENALTY * slopes.flatten(1).square().sum(dim=1).mean()
        self.gan.D_opt.zero_grad()
        loss.backward()
        self.gan.D_opt.step()

    @torch.no_grad()
    def draw(self, count: int) -> ByteArray:
        """Pictures by the generator itself."""
        self.gan.eval()
        z = torch.randn((count, LATENT), generator=torch.Generator().manual_seed(1))
        drawn = torch.cat([self.gan.G(part) for part in z.split(BATCH)])
        self.gan.train()
        return as_pictures(drawn)


def _hinge(real: Tensor, drawn: Tensor) -> Tensor:
    """Its sign: real pictures are pushed below -1, drawn ones above 1."""
    return (F.relu(1 + real) + F.relu(1 - drawn)).mean()


def _slope(outputs: tuple[Tensor, ...], inputs: Tensor) -> Tensor:
    ones = [torch.ones_like(each) for each in outputs]
    return torch.autograd.grad(outputs, inputs, grad_outputs=ones, create_graph=True)[0]


def _module() -> Any:
    empty = {name: ModuleType(name) for name in _UNUSED}
    for name, module in empty.items():
        for part in ("transforms", "AdaBelief"):
            setattr(module, part, ModuleType(f"{name}.{part}"))
    with mock.patch.dict(sys.modules, empty), mock.patch.object(torch.cuda, "is_available", lambda: True):
        return importlib.import_module("lightweight_gan.lightweight_gan")
