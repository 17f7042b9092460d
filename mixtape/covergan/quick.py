"""The generator in the form that draws fastest: doubling, 3 x 3 convolution and blur folded into one convolution.

On a doubled picture, convolution and blur together reach 5 x 5 pixels, which show 3 x 3 different ones of the small picture. So
each of the four places in a doubled pixel has a 3 x 3 kernel of its own, and all four run as one plain convolution over the small
picture. The weights are worked out once and kept in the number format that is drawn in: nothing is converted while drawing.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from mixtape.covergan.networks import SLOPE, Generator, Stage


@dataclass(frozen=True, slots=True, eq=False)
class QuickStage:
    """A `Stage` with its weights folded: `kernel` (o or 4 o, i, 3, 3)."""

    scale_weight: Tensor
    scale_bias: Tensor
    kernel: Tensor
    bias: Tensor
    grow: bool

    @classmethod
    def of(cls, stage: Stage, dtype: torch.dtype) -> QuickStage:
        """Fold a stage."""
        kernel, bias = stage.conv.weight.detach(), stage.conv.bias
        assert bias is not None
        bias = bias.detach()
        if stage.grow:
            kernel, bias = folded(kernel), bias.repeat_interleave(4)
        return cls(
            stage.scale.weight.detach(),
            stage.scale.bias.detach(),
            kernel.to(dtype).contiguous(memory_format=torch.channels_last),
            bias.to(dtype),
            stage.grow,
        )

    def __call__(self, x: Tensor, style: Tensor) -> Tensor:
        """Pictures (n, i, s, s) and styles (n, style) -> (n, o, s, s), or 2 s where it grows."""
        x = x * (1 + F.linear(style, self.scale_weight, self.scale_bias)).to(x.dtype)[:, :, None, None]
        if not self.grow:
            return F.conv2d(x, self.kernel, self.bias, padding=1)
        x = F.pad(x, (1, 1, 1, 1), mode="replicate")
        return F.pixel_shuffle(F.conv2d(x, self.kernel, self.bias), 2)


class QuickGenerator:
    """What `Generator.draw` does, in one number format."""

    def __init__(self, generator: Generator, dtype: torch.dtype) -> None:
        self._start, self._dtype = generator.start, dtype
        stages = [stage for stage in (*generator.stages, generator.picture) if isinstance(stage, Stage)]
        *self._stages, self._picture = (QuickStage.of(stage, dtype) for stage in stages)

    def draw(self, style: Tensor) -> Tensor:
        """Styles (n, style) float32 -> pictures (n, 3, s, s) of the number format, about -1..1."""
        x = F.leaky_relu(self._start(style), SLOPE).to(self._dtype).view(len(style), -1, 4, 4)
        x = x.contiguous(memory_format=torch.channels_last)
        for stage in self._stages:
            x = F.leaky_relu_(stage(x, style), SLOPE)
        return self._picture(x, style)


def folded(weight: Tensor) -> Tensor:
    """Kernels (o, i, 3, 3) between doubling and blur -> (4 o, i, 3, 3) over the small picture, for pixel_shuffle."""
    blur = torch.tensor([1.0, 2.0, 1.0], dtype=weight.dtype, device=weight.device) / 4
    wide = torch.zeros((*weight.shape[:2], 5, 5), dtype=weight.dtype, device=weight.device)
    for row in range(3):
        for col in range(3):
            wide[:, :, row : row + 3, col : col + 3] += blur[row] * blur[col] * weight
    both = _halves(_halves(wide, 2), 4)
    return both.transpose(0, 1).permute(2, 0, 1, 3, 4, 5).reshape(4 * len(weight), weight.shape[1], 3, 3)


def _halves(kernel: Tensor, axis: int) -> Tensor:
    """Five taps along `axis` of a doubled picture -> three of the small one (2, ...), for both halves of a pixel."""
    a, b, c, d, e = kernel.unbind(axis)
    return torch.stack([torch.stack([a + b, c + d, e], axis), torch.stack([a, b + c, d + e], axis)])
