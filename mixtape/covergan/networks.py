"""The two networks: a generator that music and colours steer by scaling channels, and a discriminator with a projection head.

Neither holds a normalisation layer, so no picture depends on its neighbours in the batch when it is drawn. Convolutions are
plain 3 x 3 ones and the picture grows by nearest-neighbour upsampling: both are what a CPU does fastest. A small blur after
each doubling keeps its grid out of the pictures. Pictures are (n, 3, s, s) in -1..1, latents (n, latent); what is asked of
them, music and colours, is an `Asked`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SLOPE = 0.2
"""Leak of the rectifiers, in both networks."""

MUSIC = 32
"""Numbers that stand for a song, see `condition`."""

COLOURS = 32
"""Numbers that stand for a palette, see `colours`."""


class Asked(NamedTuple):
    """What pictures are to fit: music (n, 32), colours (n, 32), and how much each counts, strength (n, 2).

    A strength of 0 is "not known", 1 is the thing as it is; music and colours have each their own, so either can be asked alone.
    """

    music: Tensor
    colours: Tensor
    strength: Tensor

    def rows(self, part: slice) -> Asked:
        """Some of them."""
        return Asked(self.music[part], self.colours[part], self.strength[part])


@dataclass(frozen=True, slots=True)
class Size:
    """How large the networks are. `drawing` holds channels from 4 x 4 pixels up to half the picture, `looking` from
    half down to 4 x 4."""

    pixels: int
    drawing: tuple[int, ...]
    looking: tuple[int, ...]
    latent: int = 64
    style: int = 128


SIZES = {
    16: Size(pixels=16, drawing=(16, 12), looking=(12, 16), latent=16, style=32),
    64: Size(pixels=64, drawing=(160, 96, 64, 32), looking=(32, 72, 112, 160)),
    128: Size(pixels=128, drawing=(192, 160, 96, 64, 32), looking=(32, 64, 96, 144, 192)),
    256: Size(pixels=256, drawing=(256, 192, 128, 80, 48, 24), looking=(24, 48, 80, 128, 160, 224)),
}
"""The networks by side of the picture in pixels; 16 is for tests."""


Network = TypeVar("Network", bound=nn.Module)


def laid_out(network: Network, device: torch.device | str) -> Network:
    """The network on `device`, channels innermost: convolutions run up to twice as fast that way on a CPU."""
    return cast(Network, cast(Any, network).to(device, memory_format=torch.channels_last))


def leaky(x: Tensor) -> Tensor:
    """Leaky rectifier."""
    return F.leaky_relu(x, SLOPE)


def convolution(inputs: int, outputs: int, *, stride: int = 1, gain: float = 1.0) -> nn.Conv2d:
    """A 3 x 3 convolution whose start keeps the size of the signal (He 2015), times `gain`."""
    layer = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1)
    nn.init.kaiming_normal_(layer.weight, a=SLOPE)
    with torch.no_grad():
        layer.weight *= gain
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layer


def dense(inputs: int, outputs: int, *, gain: float = 1.0) -> nn.Linear:
    """A fully connected layer whose start keeps the size of the signal, times `gain`."""
    layer = nn.Linear(inputs, outputs)
    nn.init.normal_(layer.weight, std=gain / inputs**0.5)
    nn.init.zeros_(layer.bias)
    return layer


class Conditioner(nn.Module):
    """e = null + strength (Linear(c) - null): what is asked for, a learned stand-in for nothing, and all between and beyond."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.linear = dense(inputs, width)
        self.null = nn.Parameter(torch.zeros(width))

    def forward(self, condition: Tensor, strength: Tensor) -> Tensor:
        """Conditions (n, inputs) and strengths (n,) -> (n, width)."""
        return self.null + strength[:, None] * (self.linear(condition) - self.null)


def _even(latent: Tensor) -> Tensor:
    """Latents (n, latent) on one sphere: only their direction counts."""
    return latent * torch.rsqrt(latent.square().mean(dim=1, keepdim=True) + 1e-8)


class Mapping(nn.Module):
    """w = MLP2([z normalised, e(music), e(colours)]): latent, music and colours become one style."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.music = Conditioner(MUSIC, size.latent)
        self.colours = Conditioner(COLOURS, size.latent)
        self.first = dense(3 * size.latent, size.style, gain=1.4)
        self.second = dense(size.style, size.style, gain=1.4)

    def forward(self, latent: Tensor, asked: Asked) -> Tensor:
        """Latents (n, latent) and what is asked of them -> styles (n, style)."""
        return leaky(self.second(leaky(self.first(torch.cat([_even(latent), self._heard(asked)], dim=1)))))

    def usual(self, latent: Tensor, asked: Asked) -> Tensor:
        """Mean style (n, style) over latents (k, latent) for each of n things asked.

        The first layer's share of each latent and of each thing is worked out once, not n k times.
        """
        from_latent, from_asked = self.first.weight.split([latent.shape[1], 2 * latent.shape[1]], dim=1)
        drawn, heard = F.linear(_even(latent), from_latent), F.linear(self._heard(asked), from_asked, self.first.bias)
        return leaky(self.second(leaky(drawn + heard[:, None]))).mean(dim=1)

    def _heard(self, asked: Asked) -> Tensor:
        return torch.cat(
            [self.music(asked.music, asked.strength[:, 0]), self.colours(asked.colours, asked.strength[:, 1])], dim=1
        )


def upsampled_convolution(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """conv3x3(nearest_upsample(x)) of pictures (n, i, s, s) -> (n, o, 2 s, 2 s), at 16/36 of the multiplications.

    The border is repeated outwards: with zeros around it, a young network draws a grey frame.

    After doubling, three neighbouring pixels show only two different ones, so each of the four places in a doubled
    pixel has its own
    2 x 2 kernel, made of sums of the 3 x 3 one's rows and columns. All four run as one convolution over the small picture.
    """
    (n, inputs, side, _), outputs = x.shape, len(weight)
    small = paired(weight).reshape(4 * outputs, inputs, 2, 2).contiguous(memory_format=torch.channels_last)
    y = F.conv2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), small, None if bias is None else bias.repeat(4))
    y = y.permute(0, 2, 3, 1).reshape(n, side + 1, side + 1, 4, outputs)
    upper = torch.stack([y[:, :-1, :-1, 0], y[:, :-1, 1:, 1]], dim=3)
    lower = torch.stack([y[:, 1:, :-1, 2], y[:, 1:, 1:, 3]], dim=3)
    return torch.stack([upper, lower], dim=2).reshape(n, 2 * side, 2 * side, outputs).permute(0, 3, 1, 2)


def blurred(x: Tensor) -> Tensor:
    """Smooth pictures (n, c, s, s) by [1, 2, 1] / 4 both ways, border repeated: that erases the grid which doubling leaves."""
    x = F.pad(x, (1, 1, 1, 1), mode="replicate")
    x = torch.add(x[..., :-2] + x[..., 2:], x[..., 1:-1], alpha=2)
    return torch.add(x[:, :, :-2] + x[:, :, 2:], x[:, :, 1:-1], alpha=2) / 16


def paired(weight: Tensor) -> Tensor:
    """Kernels (o, i, 3, 3) over a doubled picture -> (2, 2, o, i, 2, 2) over the small one, for each half of rows and columns."""
    return _folded(_folded(weight, 2), 4).transpose(0, 1)


def _folded(kernel: Tensor, axis: int) -> Tensor:
    """Three taps along `axis` -> two pairs (2, ...): what the first and the second half of a doubled pixel see."""
    before, here, after = kernel.unbind(axis)
    return torch.stack([torch.stack([before, here + after], axis), torch.stack([before + here, after], axis)])


class Stage(nn.Module):
    """One convolution whose input channels the style scales, conv(x (1 + A(w))), after a doubling where `grow` says so."""

    def __init__(self, inputs: int, outputs: int, style: int, *, grow: bool, gain: float = 1.0) -> None:
        super().__init__()
        self.grow = grow
        self.scale = dense(style, inputs, gain=0.5)
        self.conv = convolution(inputs, outputs, gain=gain)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """Pictures (n, inputs, s, s) and styles (n, style) -> (n, outputs, s, s), or 2 s."""
        x = x * (1 + self.scale(style))[:, :, None, None]
        if self.grow:
            return blurred(upsampled_convolution(x, self.conv.weight, self.conv.bias))
        return self.conv(x)


class Generator(nn.Module):
    """Latent and music -> picture."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        self.mapping = Mapping(size)
        widths = (size.drawing[0] // 2, *size.drawing)
        self.start = dense(size.style, widths[0] * 16)
        pairs = pairwise(widths)
        self.stages = nn.ModuleList(Stage(i, o, size.style, grow=k > 0) for k, (i, o) in enumerate(pairs))
        # A small last layer: the first pictures are a quiet grey, not a scream of clipped colours.
        self.picture = Stage(widths[-1], 3, size.style, grow=True, gain=0.3)

    def draw(self, style: Tensor) -> Tensor:
        """Styles (n, style) -> pictures (n, 3, s, s), about -1..1."""
        x = leaky(self.start(style)).view(len(style), -1, 4, 4)
        x = x.contiguous(memory_format=torch.channels_last)
        for stage in self.stages:
            x = leaky(stage(x, style))
        return self.picture(x, style)

    def forward(self, latent: Tensor, asked: Asked) -> Tensor:
        """Latents (n, latent) and what is asked of them -> pictures (n, 3, s, s)."""
        return self.draw(self.mapping(latent, asked))


class Discriminator(nn.Module):
    """How real a picture looks for what was asked: u(h) + <h, e(music) + e(colours)> / sqrt(d) (Miyato and Koyama 2018)."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        widths = size.looking
        self.first = convolution(12, widths[0])
        pairs = pairwise(widths)
        self.trunk = nn.ModuleList(convolution(i, o, stride=2) for i, o in pairs)
        self.last = convolution(widths[-1] + 1, size.style)
        self.read = dense(size.style * 16, size.style, gain=1.4)
        self.judge = dense(size.style, 1)
        self.music = Conditioner(MUSIC, size.style)
        self.colours = Conditioner(COLOURS, size.style)

    def features(self, pictures: Tensor) -> Tensor:
        """Pictures (n, 3, s, s) -> h (n, style)."""
        x = F.pixel_unshuffle(pictures, 2).contiguous(memory_format=torch.channels_last)
        x = leaky(self.first(x))
        for layer in self.trunk:
            x = leaky(layer(x))
        x = leaky(self.last(torch.cat([x, _spread_in_batch(x)], dim=1)))
        return leaky(self.read(x.flatten(1)))

    def verdict(self, seen: Tensor, asked: Asked) -> Tensor:
        """Features h (n, style) and what was asked -> logits (n,)."""
        wanted = self.music(asked.music, asked.strength[:, 0]) + self.colours(asked.colours, asked.strength[:, 1])
        return self.judge(seen).squeeze(1) + (seen * wanted).sum(dim=1) / seen.shape[1] ** 0.5

    def forward(self, pictures: Tensor, asked: Asked) -> Tensor:
        """Pictures (n, 3, s, s) and what was asked -> logits (n,)."""
        return self.verdict(self.features(pictures), asked)


def _spread_in_batch(x: Tensor, *, group: int = 4) -> Tensor:
    """How much the pictures of a group differ, as one more channel (Karras 2018): a generator that repeats itself is
    found out."""
    n = len(x)
    size = group if n % group == 0 else n
    y = x.float().view(size, n // size, *x.shape[1:])
    spread = torch.sqrt((y - y.mean(dim=0)).square().mean(dim=0) + 1e-8).mean(dim=(1, 2, 3))
    return spread.repeat(size).view(n, 1, 1, 1).expand(n, 1, *x.shape[2:]).to(x.dtype)
