"""How varied the pictures are, and whether they fit the music: measured by a judge that never saw the network train.

The judge (`Matcher`) is a small pair of networks, trained on real covers and their music to tell which belong together
(InfoNCE, van den
Oord 2018). It looks at 8 x 8 thumbnails only: palette and layout are what music can ask for, and fine texture would
give a young network away rather than its hearing. It is fitted on some covers and asked about others.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mixtape.covergan.model import CoverModel, latents
from mixtape.errors import ShapeError
from mixtape.types import ByteArray, FloatArray

LINE_UP = 32
"""Songs among which the judge must find the right one."""


@dataclass(frozen=True, slots=True)
class Diversity:
    """Mean pixel deviation relative to real covers (1 is as varied): over latents at one music, over music at one latent."""

    over_latents: float
    over_music: float


@dataclass(frozen=True, slots=True)
class Conditioning:
    """How often the judge finds the true song among `LINE_UP`, 0..1: for pictures drawn to it, to another song, to
    none, and real covers."""

    matched: float
    mismatched: float
    null: float
    real: float
    chance: float

    @property
    def share_of_possible(self) -> float:
        """(matched - chance) / (real - chance): 1 when drawn pictures say as much about their music as real covers do."""
        return (self.matched - self.chance) / max(self.real - self.chance, 1e-6)


def diversity(model: CoverModel, covers: ByteArray, conditions: FloatArray, *, seed: int = 0) -> Diversity:
    """Compare the model's variety with that of real covers (n, s, s, 3) whose conditions are (n, 32)."""
    real = max(_deviation(covers), 1e-6)
    rows = np.random.default_rng(seed).integers(0, len(conditions), 36)
    z = latents(36, seed=seed, dimensions=model.latent)
    per_music = [_deviation(model.pictures(z, np.repeat(conditions[row : row + 1], 36, axis=0))) for row in rows[:4]]
    per_latent = [_deviation(model.pictures(np.repeat(z[k : k + 1], 36, axis=0), conditions[rows])) for k in range(4)]
    return Diversity(over_latents=float(np.mean(per_music)) / real, over_music=float(np.mean(per_latent)) / real)


def conditioning(
    model: CoverModel, matcher: Matcher, covers: ByteArray, conditions: FloatArray, *, seed: int = 0
) -> Conditioning:
    """Let the judge look at pictures drawn to the music of covers (n, s, s, 3), (n, 32) that it was not fitted on; n
    of 64 or more."""
    z = latents(len(conditions), seed=seed, dimensions=model.latent)
    drawn = model.pictures(z, conditions)
    elsewhere = model.pictures(z, np.roll(conditions, len(conditions) // 2, axis=0))
    return Conditioning(
        matched=matcher.finds(drawn, conditions, seed=seed),
        mismatched=matcher.finds(elsewhere, conditions, seed=seed),
        null=matcher.finds(model.pictures(z), conditions, seed=seed),
        real=matcher.finds(covers, conditions, seed=seed),
        chance=1 / min(LINE_UP, len(conditions)),
    )


class Matcher(nn.Module):
    """Two small networks that lay pictures and music into one space, where what belongs together is close."""

    def __init__(self, *, seed: int = 0) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.eye = nn.Sequential(nn.Linear(192, 192), nn.LeakyReLU(0.2), nn.Linear(192, 48))
            self.ear = nn.Sequential(nn.Linear(32, 192), nn.LeakyReLU(0.2), nn.Linear(192, 48))
            self.sharpness = nn.Parameter(torch.tensor(2.0))

    def forward(self, thumbs: Tensor, conditions: Tensor) -> Tensor:
        """Closeness (n, m) of thumbnails (n, 192) and conditions (m, 32)."""
        eye, ear = F.normalize(self.eye(thumbs), dim=1), F.normalize(self.ear(conditions), dim=1)
        return self.sharpness.exp() * eye @ ear.T

    @torch.no_grad()
    def finds(self, pictures: ByteArray, conditions: FloatArray, *, of: int = LINE_UP, seed: int = 0) -> float:
        """Share 0..1 of pictures (n, s, s, 3) whose own condition (n, 32) is the closest among `of`, the others drawn
        at random."""
        n = len(pictures)
        close = self(thumbnails(pictures), torch.from_numpy(conditions)).numpy()
        rng = np.random.default_rng(seed)
        others = np.stack([rng.choice(n - 1, min(of, n) - 1, replace=False) for _ in range(n)])
        others += others >= np.arange(n)[:, None]
        best_other = np.take_along_axis(close, others, axis=1).max(axis=1)
        return float((close.diagonal() > best_other).mean())


def fit_matcher(
    covers: ByteArray, conditions: FloatArray, *, steps: int = 1500, batch: int = 128, noise: float = 0.1, seed: int = 0
) -> Matcher:
    """Fit a judge on real covers (n, s, s, 3) and a condition (32,) for each: (n, 32). About five core-seconds."""
    if len(covers) != len(conditions) or len(covers) < 16:
        raise ShapeError(f"matcher: {len(covers)} covers, {len(conditions)} conditions; as many of both, 16 at least, are needed")
    matcher = Matcher(seed=seed)
    optimiser = torch.optim.AdamW(matcher.parameters(), lr=2e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    draws = torch.Generator().manual_seed(seed)
    thumbs, music = thumbnails(covers), torch.from_numpy(conditions)
    target = torch.arange(min(batch, len(covers)))
    for _ in range(steps):
        rows = torch.randperm(len(thumbs), generator=draws)[:batch]
        seen = thumbs[rows] + noise * torch.randn(len(rows), 192, generator=draws)
        close = matcher(seen, music[rows] + noise * torch.randn(len(rows), 32, generator=draws))
        loss = F.cross_entropy(close, target) + F.cross_entropy(close.T, target)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()
    return matcher.eval()


def thumbnails(pictures: ByteArray) -> Tensor:
    """Pictures (n, s, s, 3) uint8 -> 8 x 8 means (n, 192), 0..1."""
    n, side = pictures.shape[:2]
    cell = side // 8
    means = pictures.reshape(n, 8, cell, 8, cell, 3).mean(axis=(2, 4), dtype=np.float32)
    return torch.from_numpy(means.reshape(n, 192) / 255.0)


def _deviation(pictures: npt.NDArray[np.uint8]) -> float:
    return float(pictures.astype(np.float32).std(axis=0).mean())
