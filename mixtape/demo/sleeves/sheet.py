"""The print shop: a square sheet, inks and masks, noise, halftone, grain and paper.

Conventions. A sheet is (n, n, 3) float32 sRGB in 0..1. Places are in the unit square, x to the right, y down. A mask is
(n, n) in 0..1, its edges one pixel soft. Painters work in
shares of the sheet, so that the same seed gives the same picture at every size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from mixtape.types import FloatArray

Colour: TypeAlias = tuple[float, float, float]
Point: TypeAlias = tuple[float, float]
Mask: TypeAlias = npt.NDArray[np.floating[Any]]
Blend: TypeAlias = Literal["over", "multiply", "screen", "add"]


def oklch(lightness: float, chroma: float, hue_deg: float) -> Colour:
    """A colour by how light, how colourful and which hue, in OKLCH (Ottosson 2020), as sRGB 0..1, clipped to the screen."""
    a, b = chroma * np.cos(np.radians(hue_deg)), chroma * np.sin(np.radians(hue_deg))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = np.array(
        [
            4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
            -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
            -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
        ]
    ).clip(0, 1)
    r, g, blue = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return float(r), float(g), float(blue)


def smooth(low: float, high: float, value: Mask) -> FloatArray:
    """0 below `low`, 1 above `high`, an S between."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


@dataclass(eq=False)
class Sheet:
    """A sheet of `n` by `n` pixels being printed; `lettering` says whether names will be set on it."""

    n: int
    rng: np.random.Generator
    lettering: bool = True
    pixels: FloatArray = field(init=False)
    x: FloatArray = field(init=False)
    y: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        at = ((np.arange(self.n) + 0.5) / self.n).astype(np.float32)
        self.x, self.y = at[None, :], at[:, None]
        self.pixels = np.zeros((self.n, self.n, 3), np.float32)

    def pick(self, low: float, high: float) -> float:
        """A number from the sheet's own seed."""
        return float(self.rng.uniform(low, high))

    def one_of(self, *choices: float) -> float:
        """One of these, by the sheet's own seed."""
        return choices[int(self.rng.integers(len(choices)))]

    def fill(self, colour: Colour) -> None:
        """Cover the whole sheet."""
        self.pixels[:] = colour

    def wash(self, t: Mask, colours: Sequence[Colour]) -> None:
        """Cover the sheet with a gradient: t (broadcast to (n, n)) runs from 0, the first colour, to 1, the last."""
        stops = np.linspace(0, 1, len(colours))
        t = np.broadcast_to(np.clip(t, 0, 1), (self.n, self.n))
        for channel in range(3):
            self.pixels[..., channel] = np.interp(t, stops, [c[channel] for c in colours])

    def ink(self, mask: Mask, colour: Colour, *, blend: Blend = "over", strength: float = 1.0) -> None:
        """Print a colour through a mask; `multiply` lets the inks below shine through as overprinting does."""
        cover = (np.broadcast_to(mask, (self.n, self.n)) * np.float32(strength))[..., None]
        tone = np.asarray(colour, np.float32)
        target = {
            "over": tone,
            "multiply": self.pixels * tone,
            "screen": 1 - (1 - self.pixels) * (1 - tone),
            "add": np.minimum(self.pixels + tone, 1.0),
        }[blend]
        self.pixels += cover * (target - self.pixels)

    def disc(self, centre: Point, radius: float, *, edge: float = 0.0) -> FloatArray:
        """A filled circle; `edge` softens it over that share of the sheet."""
        distance = np.hypot(self.x - centre[0], self.y - centre[1])
        return np.clip(0.5 - (distance - radius) / max(edge, 1.0 / self.n), 0, 1).astype(np.float32)

    def ring(self, centre: Point, radius: float, width: float) -> FloatArray:
        """A circle drawn with a pen of that width."""
        distance = np.abs(np.hypot(self.x - centre[0], self.y - centre[1]) - radius)
        return np.clip(0.5 - (distance - width / 2) * self.n, 0, 1).astype(np.float32)

    def box(self, left: float, top: float, right: float, bottom: float) -> FloatArray:
        """A filled rectangle along the edges of the sheet."""
        across = np.clip((self.x - left) * self.n + 0.5, 0, 1) * np.clip((right - self.x) * self.n + 0.5, 0, 1)
        return np.asarray(
            across * np.clip((self.y - top) * self.n + 0.5, 0, 1) * np.clip((bottom - self.y) * self.n + 0.5, 0, 1), np.float32
        )

    def below(self, line: Mask) -> FloatArray:
        """Everything under a curve y(x), given as (n,) or (1, n)."""
        return np.clip((self.y - np.reshape(line, (1, -1))) * self.n + 0.5, 0, 1).astype(np.float32)

    def shapes(self, polygons: Sequence[Sequence[Point]]) -> FloatArray:
        """Filled polygons, one mask for all."""
        return self._drawn(lambda pen, k: [pen.polygon([(x * k, y * k) for x, y in shape], fill=255) for shape in polygons])

    def strokes(self, lines: Sequence[Sequence[Point]], width: float) -> FloatArray:
        """Open lines drawn with one pen, `width` as a share of the sheet."""

        def draw(pen: ImageDraw.ImageDraw, k: int) -> None:
            for line in lines:
                pen.line([(x * k, y * k) for x, y in line], fill=255, width=max(1, round(width * k)), joint="curve")

        return self._drawn(draw)

    def _drawn(self, draw: object) -> FloatArray:
        canvas = Image.new("L", (2 * self.n, 2 * self.n))
        draw(ImageDraw.Draw(canvas), 2 * self.n)  # type: ignore[operator]
        fine = np.asarray(canvas, np.float32) / 255.0
        return fine.reshape(self.n, 2, self.n, 2).mean(axis=(1, 3))

    def noise(self, cells: float, *, octaves: int = 4, stretch: float = 1.0, rough: float = 0.5) -> FloatArray:
        """Cloudy noise (n, n) in 0..1: random grids of growing fineness, summed; `stretch` > 1 lays it out along x."""
        total, weight, share = np.zeros((self.n, self.n), np.float32), 0.0, 1.0
        for octave in range(octaves):
            across = max(2, round(cells / stretch * 2**octave) + 1)
            down = max(2, round(cells * 2**octave) + 1)
            grid = self.rng.random((min(down, 512), min(across, 512)), dtype=np.float32)
            total += share * np.asarray(Image.fromarray(grid).resize((self.n, self.n), Image.Resampling.BICUBIC))
            weight, share = weight + share, share * rough
        return np.clip((total / weight - 0.5) * 1.6 + 0.5, 0, 1)

    def ridge(self, cells: int, *, octaves: int = 4, rough: float = 0.5) -> FloatArray:
        """A rugged line (n,) in -1..1, as a range of hills has."""
        total, share, at = np.zeros(self.n), 1.0, np.linspace(0, 1, self.n)
        for octave in range(octaves):
            knots = cells * 2**octave + 1
            total += share * np.interp(at, np.linspace(0, 1, knots), self.rng.uniform(-1, 1, knots))
            share *= rough
        return total.astype(np.float32)

    def halftone(self, tone: Mask, *, cells: int = 60, angle_deg: float = 20.0) -> FloatArray:
        """Dots on a turned grid, each as large as `tone` (0..1) is dark there: a photograph as newspapers print it."""
        turn = np.radians(angle_deg)
        u = (self.x * np.cos(turn) + self.y * np.sin(turn)) * cells
        v = (self.y * np.cos(turn) - self.x * np.sin(turn)) * cells
        distance = np.hypot(u % 1 - 0.5, v % 1 - 0.5)
        radius = 0.72 * np.sqrt(np.clip(tone, 0, 1))
        return np.clip(0.5 + (radius - distance) * self.n / cells, 0, 1).astype(np.float32)

    def shifted(self, mask: FloatArray, dx: float, dy: float) -> FloatArray:
        """The mask out of register by that share of the sheet."""
        return np.roll(mask, (round(dy * self.n), round(dx * self.n)), (0, 1))

    def grain(self, amount: float) -> None:
        """Film grain: grey noise, strongest in the middle tones."""
        speck = self.rng.standard_normal((self.n, self.n, 1), dtype=np.float32)
        middle = 1.0 - 0.7 * np.abs(2 * self.pixels.mean(axis=2, keepdims=True) - 1)
        self.pixels += np.float32(amount) * speck * middle

    def paper(self, strength: float = 0.06) -> None:
        """Uncoated stock: fibres and a faint unevenness in how it took the ink."""
        fibre = self.noise(90, octaves=2) - 0.5 + (self.noise(6, octaves=2) - 0.5)
        self.pixels *= (1.0 + strength * fibre)[..., None]

    def worn(self, strength: float = 0.25) -> None:
        """The ring of the record and the rubbed edges of a sleeve that was loved."""
        rub = self.noise(24, octaves=3)
        distance = np.abs(np.hypot(self.x - 0.5, self.y - 0.5) - 0.46)
        ring = np.exp(-((distance / 0.008) ** 2)) * smooth(0.55, 0.8, rub)
        edge = np.maximum(np.abs(self.x - 0.5), np.abs(self.y - 0.5))
        rubbed = smooth(0.485, 0.5, edge) * smooth(0.35, 0.7, rub)
        self.ink(np.maximum(0.5 * ring, rubbed).astype(np.float32), (0.93, 0.9, 0.84), strength=strength)

    def vignette(self, strength: float = 0.3) -> None:
        """Darker towards the corners, as a lens draws."""
        away = np.hypot(self.x - 0.5, self.y - 0.5)
        self.pixels *= (1.0 - strength * smooth(0.35, 0.75, away))[..., None]

    def image(self) -> Image.Image:
        """The finished print as an RGB picture."""
        return Image.fromarray((np.clip(self.pixels, 0, 1) * 255 + 0.5).astype(np.uint8))
