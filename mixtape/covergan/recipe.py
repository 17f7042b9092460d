"""The recipe of training: one for every size of picture and every computer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mixtape.covergan.model import Precision
from mixtape.covergan.networks import SIZES, Size

GAMMA: Mapping[int, float] = MappingProxyType({16: 1.0, 64: 1.0, 128: 4.0, 256: 16.0})
"""Weight of the slope penalties by side of the picture: it grows with the number of pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSettings:
    """How to train. The budget is `steps`, `seconds` of training over all starts together, or both: whichever ends first.

    The music is faded in while `fade` of the budget passes: a network that hears it from the first step tends to collapse
    (Shahbazi 2022). `batch` pictures are looked at in a step, by all processes together. Songs are left out of `null_share` of
    the pictures and colours of `colours_null_share`, so that a network learns each without the other. `gamma` None goes by
    the size.
    """

    size: Size = SIZES[64]
    batch: int = 32
    lr: float = 1e-3
    betas: tuple[float, float] = (0.0, 0.99)
    gamma: float | None = None
    lazy: int = 8
    null_share: float = 0.12
    colours_null_share: float = 0.5
    fade: tuple[float, float] = (0.1, 0.4)
    noise: float = 0.2
    ema_images: int = 10_000
    judge_every: int = 512
    steps: int | None = None
    seconds: float | None = None
    save_every_s: float = 10.0
    seed: int = 0
    device: str = "auto"
    threads: int = 0
    precision: Precision = "auto"

    @property
    def penalty(self) -> float:
        """The weight of the slope penalties."""
        return GAMMA.get(self.size.pixels, 1.0) if self.gamma is None else self.gamma

    def heed(self, done: float) -> float:
        """How much music and colours count when `done` 0..1 of the budget is spent: 0 before the fade, 1 after it."""
        begin, end = self.fade
        return min(max((done - begin) / max(end - begin, 1e-9), 0.0), 1.0) if end else 1.0
