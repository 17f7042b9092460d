"""Instruments without a pitch: kicks, snares, cymbals, brushes and shakers, one stroke each, mono float32 at `SAMPLE_RATE_HZ`."""

from __future__ import annotations

import numpy as np

from mixtape.demo.desk import banded, fade_out, filtered
from mixtape.demo.voices import seconds, shaped
from mixtape.types import FloatArray


def hiss(duration_s: float, rng: np.random.Generator) -> FloatArray:
    """White noise of unit variance."""
    return rng.standard_normal(len(seconds(duration_s)), dtype=np.float32)


def kick(
    *, low_hz: float = 48.0, sweep_hz: float = 160.0, fall: float = 34.0, length_s: float = 0.34, click: float = 0.4
) -> FloatArray:
    """A sine that falls from low + sweep to low while it dies, with a click at the front; driven a little."""
    t = seconds(length_s)
    phase = 2 * np.pi * (low_hz * t + sweep_hz / fall * (1 - np.exp(-fall * t)))
    body = np.sin(phase) * np.exp(-((t / (length_s * 0.45)) ** 1.6))
    snap = click * np.sin(2 * np.pi * 1900 * t) * np.exp(-t * 420)
    return shaped(np.tanh(1.5 * (body + snap)).astype(np.float32), 0.0006, 0.03)


def snare(
    rng: np.random.Generator, *, tone_hz: float = 185.0, length_s: float = 0.24, wires: float = 0.7, bright_hz: float = 9000
) -> FloatArray:
    """A drum head with two modes and a rattle of noise under it."""
    t = seconds(length_s)
    head = (np.sin(2 * np.pi * tone_hz * t) + 0.6 * np.sin(2 * np.pi * tone_hz * 1.78 * t)) * np.exp(-t * 26)
    rattle = banded(hiss(length_s, rng), 900, bright_hz) * np.exp(-t * (5.5 / length_s) * 0.8)
    return shaped(np.tanh(head * 0.7 + wires * 1.1 * rattle).astype(np.float32), 0.0006, 0.02)


def clap(rng: np.random.Generator, *, length_s: float = 0.26) -> FloatArray:
    """Several hands a few milliseconds apart, then the hall behind them."""
    t = seconds(length_s)
    bursts = sum(np.where(t >= d, np.exp(-(t - d) * 170), 0) for d in (0.0, 0.011, 0.021)) + 0.6 * np.where(
        t >= 0.03, np.exp(-(t - 0.03) * 22), 0
    )
    return shaped((banded(hiss(length_s, rng), 700, 5200) * bursts * 0.8).astype(np.float32), 0.0006, 0.03)


def hat(rng: np.random.Generator, *, length_s: float = 0.06, low_hz: float = 7000.0) -> FloatArray:
    """A cymbal pair: high noise with a few ringing squares; long for open, short for closed."""
    t = seconds(length_s)
    ring = sum(np.sign(np.sin(2 * np.pi * f * t)) for f in (3170.0, 4513.0, 5870.0, 7411.0))
    sound = filtered((hiss(length_s, rng) + 0.35 * ring).astype(np.float32), "highpass", low_hz) * np.exp(-t * 4.2 / length_s)
    return shaped((sound * 0.6).astype(np.float32), 0.0006, length_s * 0.2)


def ride(rng: np.random.Generator, *, length_s: float = 0.9, ping: float = 0.5) -> FloatArray:
    """A ride cymbal: inharmonic shimmer with the ping of the stick."""
    t = seconds(length_s)
    freqs = 2600.0 * np.cumprod(np.r_[1.0, rng.uniform(1.05, 1.2, 11)])
    ring = sum(np.sin(2 * np.pi * f * t + k) for k, f in enumerate(freqs)) / 6.0
    wash = filtered(hiss(length_s, rng), "highpass", 5200) * 0.5
    bell = ping * np.sin(2 * np.pi * 1180 * t) * np.exp(-t * 30)
    return shaped(((ring * np.exp(-t * 7) + wash * np.exp(-t * 6) + bell) * 0.4).astype(np.float32), 0.001, 0.2)


def crash(rng: np.random.Generator, *, length_s: float = 2.2) -> FloatArray:
    """A crash cymbal: a burst of high noise that takes seconds to leave."""
    t = seconds(length_s)
    wide = filtered(hiss(length_s, rng), "highpass", 2400) * (np.exp(-t * 2.0) + 0.6 * np.exp(-t * 12))
    return shaped((wide * 0.45).astype(np.float32), 0.002, 0.5)


def tom(*, freq_hz: float = 110.0, length_s: float = 0.4) -> FloatArray:
    """A tom: a tone that falls by a third."""
    return kick(low_hz=freq_hz, sweep_hz=freq_hz * 0.7, fall=18, length_s=length_s, click=0.25)


def rim(*, length_s: float = 0.07) -> FloatArray:
    """A stick across the rim."""
    t = seconds(length_s)
    wood = np.sin(2 * np.pi * 1720 * t) + 0.7 * np.sin(2 * np.pi * 920 * t)
    return shaped((wood * np.exp(-t * 75) * 0.6).astype(np.float32), 0.0006, 0.01)


def shaker(rng: np.random.Generator, *, length_s: float = 0.09) -> FloatArray:
    """Seeds in a gourd: noise that swells and stops."""
    t = seconds(length_s)
    swell = np.sin(np.pi * np.minimum(t / length_s, 1.0)) ** 1.5
    return (banded(hiss(length_s, rng), 4200, 12_000) * swell * 0.5).astype(np.float32)


def brush(rng: np.random.Generator, *, length_s: float = 0.3) -> FloatArray:
    """A wire brush drawn over the snare."""
    t = seconds(length_s)
    swell = np.minimum(t * 14, 1.0) * np.exp(-t * 7)
    return shaped((banded(hiss(length_s, rng), 1200, 8500) * swell * 0.7).astype(np.float32), 0.004, 0.05)


def bongo(*, freq_hz: float = 320.0, length_s: float = 0.2) -> FloatArray:
    """A hand drum: a short tone with a slap."""
    t = seconds(length_s)
    body = np.sin(2 * np.pi * freq_hz * t * (1 + 0.05 * np.exp(-t * 60))) * np.exp(-t * 24)
    return shaped((body + 0.2 * np.sin(2 * np.pi * freq_hz * 2.3 * t) * np.exp(-t * 70)).astype(np.float32), 0.001, 0.02)


def crackle(duration_s: float, rng: np.random.Generator, *, clicks_per_s: float = 9.0) -> FloatArray:
    """The surface of an old record: sparse clicks of all sizes over a faint rumbling hiss."""
    n = len(seconds(duration_s))
    surface = filtered(hiss(duration_s, rng), "lowpass", 2600, order=1) * np.float32(0.012)
    at = rng.integers(0, n, int(duration_s * clicks_per_s))
    surface[at] += (rng.exponential(0.16, len(at)) * rng.choice([-1, 1], len(at))).astype(np.float32)
    return filtered(surface, "lowpass", 6500, order=1)


def riser(duration_s: float, rng: np.random.Generator) -> FloatArray:
    """Noise that opens and swells towards a drop: three bands that enter one after another."""
    t = np.linspace(0, 1, len(seconds(duration_s)), dtype=np.float32)
    noise = hiss(duration_s, rng)
    swell = banded(noise, 300, 1200) * t + banded(noise, 1200, 4000) * t**2 + filtered(noise, "highpass", 4000) * t**3
    out = (swell * 0.3).astype(np.float32)
    fade_out(out, 0.02)
    return out
