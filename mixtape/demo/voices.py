"""Instruments with a pitch: each function renders one note as float32 at `SAMPLE_RATE_HZ`, mono (n,) or stereo (2, n).

Three ways of making sound cover them all: sums of decaying partials (bells, pianos, plucked synthesisers), a plucked string
(Karplus and Strong 1983), and noise shaped in the frequency domain into thick, wide tones (after Nasca's PADsynth, 2011).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import fft

from mixtape.demo.desk import SAMPLE_RATE_HZ, fade_in, fade_out, filtered
from mixtape.types import FloatArray

_STEP = 256
Floats = npt.NDArray[np.float64]


def seconds(duration_s: float) -> Floats:
    """Sample times of a note, (n,) in seconds."""
    return np.arange(max(round(duration_s * SAMPLE_RATE_HZ), 64)) / SAMPLE_RATE_HZ


def shaped(sound: FloatArray, attack_s: float, release_s: float) -> FloatArray:
    """The same array with its start and end faded."""
    fade_in(sound, attack_s)
    fade_out(sound, release_s)
    return sound


def partials(freqs_hz: npt.ArrayLike, gains: npt.ArrayLike, decays_per_s: npt.ArrayLike, duration_s: float) -> FloatArray:
    """A sum of decaying sines, sum_p g_p exp(-d_p t) sin(2 pi f_p t), all three given as (p,).

    exp(c (256 i + j)) = exp(256 c i) exp(c j) makes each partial the outer product of two short vectors.
    """
    freqs, level, decay = (np.atleast_1d(np.asarray(a, np.float64)) for a in (freqs_hz, gains, decays_per_s))
    heard = freqs < 0.45 * SAMPLE_RATE_HZ
    rate = (-decay[heard] + 2j * np.pi * freqs[heard]) / SAMPLE_RATE_HZ
    n = max(round(duration_s * SAMPLE_RATE_HZ), 64)
    coarse = np.exp(rate[:, None] * _STEP * np.arange(-(-n // _STEP))) * level[heard][:, None]
    fine = np.exp(rate[:, None] * np.arange(_STEP))
    out = np.zeros((coarse.shape[1], _STEP), np.float32)
    for a, b in zip(coarse.astype(np.complex64), fine.astype(np.complex64), strict=True):
        out += a.real[:, None] * b.imag[None, :]
        out += a.imag[:, None] * b.real[None, :]
    return out.reshape(-1)[:n]


def pluck(
    freq_hz: float, duration_s: float, rng: np.random.Generator, *, bright: float = 0.6, ring_s: float = 2.0, pick: float = 0.18
) -> FloatArray:
    """A plucked string: a burst of noise in a delay line of one period, smoothed a little each time round.

    bright 0..1 opens the burst and the loop, ring_s is the time to -60 dB, pick is where it is plucked (share of its length).
    """
    period = SAMPLE_RATE_HZ / freq_hz
    whole, n = int(period), max(round(duration_s * SAMPLE_RATE_HZ), 64)
    smooth = 0.25 * (1.0 - bright) + 0.01
    kernel = np.convolve([smooth, 1 - 2 * smooth, smooth], [1 - (period - whole), period - whole])
    kernel *= 10 ** (-3.0 / (ring_s * freq_hz))
    line = np.zeros(n + 2 * whole + 8)
    start = whole + 4
    line[start : start + whole] = _pick_burst(whole, rng, bright, pick)
    for left in range(start + whole, len(line), whole - 1):
        right = min(left + whole - 1, len(line))
        line[left:right] = np.convolve(line[left - whole - 2 : right - whole + 1], kernel, "valid")
    return shaped(line[start : start + n].astype(np.float32), 0.001, min(0.08, duration_s * 0.3))


def _pick_burst(width: int, rng: np.random.Generator, bright: float, pick: float) -> Floats:
    spectrum = fft.rfft(rng.uniform(-1, 1, width))
    h = np.arange(len(spectrum))
    spectrum *= np.abs(np.sin(np.pi * pick * h)) / (1.0 + (h / (2.0 + 40.0 * bright**2)) ** 2)
    spectrum[0] = 0
    burst = fft.irfft(spectrum, width)
    return np.asarray(burst / (np.abs(burst).max() + 1e-9))


def piano(freq_hz: float, duration_s: float, velocity: float = 0.7) -> FloatArray:
    """A struck string: stiff, stretched partials f_h = h f sqrt(1 + B h^2), three near-unisons, louder strokes brighter."""
    h = np.arange(1, 15)
    stretched = h * freq_hz * np.sqrt(1 + 0.0004 * h**2)
    gains = h ** (-2.1 + 0.9 * velocity) * np.abs(np.sin(np.pi * h * 0.13)) * np.exp(-freq_hz * h / (2500 + 4500 * velocity))
    decays = 0.5 + 0.35 * h * (freq_hz / 220.0) ** 0.6
    freqs = np.concatenate([stretched, stretched * 1.0005, stretched])
    both = np.concatenate([0.6 * gains, 0.4 * gains, 0.5 * gains])
    out = partials(freqs, both, np.concatenate([decays, decays, decays * 5]), duration_s)
    return shaped(out * np.float32(velocity * 1.6), 0.0025, min(0.15, duration_s * 0.3))


def electric_piano(freq_hz: float, duration_s: float, velocity: float = 0.7) -> FloatArray:
    """A tine: two-operator frequency modulation whose index dies away, with a bell-like partial at the stroke."""
    t = seconds(duration_s)
    index = 1.9 * velocity * np.exp(-3.2 * t)
    body = np.sin(2 * np.pi * freq_hz * t + index * np.sin(2 * np.pi * freq_hz * t)) * np.exp(-1.1 * t)
    tine = 0.13 * velocity * np.sin(2 * np.pi * freq_hz * 7.02 * t) * np.exp(-14 * t)
    return shaped(((body + tine) * velocity).astype(np.float32), 0.003, min(0.12, duration_s * 0.3))


def bronze(freq_hz: float, duration_s: float, velocity: float = 0.8, *, beat_hz: float = 5.0) -> FloatArray:
    """A pair of bronze keys tuned `beat_hz` apart, so that the tone shimmers as in a gamelan."""
    ratios = np.array([1.0, 2.01, 2.74, 3.94, 5.31, 7.2])
    gains = np.array([1.0, 0.45, 0.7, 0.45, 0.35, 0.25]) * velocity ** (0.6 * np.arange(6))
    decays = np.array([0.8, 1.7, 2.2, 4.0, 6.5, 9.0])
    freqs = np.concatenate([freq_hz * ratios, freq_hz * ratios + beat_hz])
    out = partials(freqs, np.tile(gains, 2), np.tile(decays, 2), duration_s)
    return shaped(out * np.float32(0.45 * velocity), 0.001, min(0.4, duration_s * 0.4))


def gong(freq_hz: float, duration_s: float = 6.0) -> FloatArray:
    """A great hanging gong: a low wave that beats slowly under a cloud of quiet inharmonic partials."""
    ratios = np.array([1.0, 1.013, 1.5, 2.02, 2.41, 2.98, 3.7, 4.4])
    gains = np.array([1.0, 0.7, 0.3, 0.35, 0.16, 0.15, 0.09, 0.06])
    return shaped(partials(freq_hz * ratios, gains * 0.6, 0.45 + 0.4 * np.arange(8), duration_s), 0.012, 1.0)


def mallet(freq_hz: float, duration_s: float, velocity: float = 0.7, *, wood: float = 0.6) -> FloatArray:
    """A bar struck with a soft stick: partials at 1, 3.93 and 9.2; `wood` 0..1 runs from vibraphone to marimba."""
    decays = np.array([1.4, 5.0, 16.0]) * (1 + 3.5 * wood) * (freq_hz / 440) ** 0.4
    gains = np.array([1.0, 0.28 * velocity, 0.16 * velocity**2])
    return shaped(
        partials(freq_hz * np.array([1, 3.93, 9.2]), gains * velocity, decays, duration_s), 0.0015, min(0.06, duration_s / 3)
    )


def closing(freq_hz: float, duration_s: float, *, bright: float = 0.6, close_per_s: float = 9.0, odd: bool = False) -> FloatArray:
    """A synthesiser note behind a closing filter: saw (or square) partials, each dying faster the higher it lies."""
    h = np.arange(1, min(64, int(12_000 / freq_hz)) + 1, 2 if odd else 1)
    cutoff = 1.0 + 28.0 * bright
    gains = (1.0 / h) / (1.0 + (h / cutoff) ** 4)
    out = partials(freq_hz * h, gains, 0.6 + close_per_s * (h / cutoff) ** 0.8, duration_s)
    return shaped(out * np.float32(0.7), 0.002, min(0.03, duration_s * 0.3))


def acid(freq_hz: float, duration_s: float, *, cutoff_hz: float, resonance: float = 3.0, accent: float = 0.5) -> FloatArray:
    """A squelching bass note: saw partials under a resonant peak that sweeps down from `cutoff_hz`."""
    t = seconds(duration_s)
    h = np.arange(1, min(48, int(9000 / freq_hz)) + 1)
    sweep = np.log2(120.0 + cutoff_hz * np.exp(-t[:: _STEP // 4] * (14 - 8 * accent)))
    distance = np.log2(h * freq_hz)[:, None] - sweep[None, :]
    gains = (1.0 / h)[:, None] * (1.0 / (1.0 + np.exp(9.0 * distance)) + resonance * np.exp(-22.0 * distance**2))
    out = np.zeros(len(t), np.float32)
    at = np.arange(len(t)) * 4 / _STEP
    for number, gain in zip(h, gains, strict=True):
        out += (np.sin(2 * np.pi * freq_hz * number * t) * np.interp(at, np.arange(len(gain)), gain)).astype(np.float32)
    return shaped(np.tanh(out * 1.4) * np.float32(0.5 + 0.4 * accent), 0.003, min(0.02, duration_s / 4))


@lru_cache(maxsize=128)
def saw_table(harmonics: int, *, odd: bool = False) -> FloatArray:
    """One period (2049,) of a saw (or square) wave with so many harmonics; the last sample repeats the first."""
    spectrum = np.zeros(1025, np.complex128)
    h = np.arange(1, min(harmonics, 1000) + 1, 2 if odd else 1)
    spectrum[h] = -1j / h
    wave = fft.irfft(spectrum, 2048)
    return np.append(wave, wave[0]).astype(np.float32) / np.float32(np.abs(wave).max())


def reeds(
    freq_hz: float,
    duration_s: float,
    *,
    detune: tuple[float, ...] = (0.0,),
    vibrato: float = 0.0,
    odd: bool = False,
    top_hz: float = 9000,
) -> FloatArray:
    """Sustained saw or square tones, one per entry of `detune` (in cents), with a vibrato (in cents) that sets in late."""
    t = seconds(duration_s)
    table = saw_table(max(1, int(top_hz / freq_hz)), odd=odd)
    sway = vibrato * np.sin(2 * np.pi * 5.3 * t) * np.clip((t - 0.12) * 5, 0, 1) if vibrato else 0.0
    out = np.zeros(len(t), np.float32)
    for number, cents in enumerate(detune):
        turns = np.cumsum(np.broadcast_to(freq_hz / SAMPLE_RATE_HZ * 2 ** ((cents + sway) / 1200), t.shape)) + 0.37 * number
        out += table[((turns % 1.0) * 2048).astype(np.intp)]
    return shaped(out / np.float32(len(detune)), 0.004, min(0.04, duration_s * 0.3))


def pulse(freq_hz: float, duration_s: float, *, duty: float = 0.5) -> FloatArray:
    """The rectangular wave of an old games console, with its edges softened just enough not to alias badly."""
    turns = (freq_hz * seconds(duration_s)) % 1.0
    edge = 1.2 * freq_hz / SAMPLE_RATE_HZ
    wave = np.tanh((duty - turns) / edge) * np.tanh(turns / edge)
    return shaped((wave - (2 * duty - 1)).astype(np.float32) * np.float32(0.5), 0.001, 0.004)


def staircase(freq_hz: float, duration_s: float) -> FloatArray:
    """The sixteen-step triangle that plays the bass on an old games console."""
    turns = (freq_hz * seconds(duration_s)) % 1.0
    return shaped((np.round(np.abs(turns * 2 - 1) * 15) / 7.5 - 1).astype(np.float32), 0.001, 0.004)


def thick(
    freq_hz: float,
    duration_s: float,
    rng: np.random.Generator,
    *,
    tilt: float = 1.0,
    width_cents: float = 28.0,
    formants_hz: tuple[float, ...] = (),
    top_hz: float = 9000.0,
) -> FloatArray:
    """A wide stereo tone (2, n): every harmonic is a small hill of noise, so that it sounds like many players.

    Harmonic h has gain h^-tilt (lifted near the formants) and a Gaussian width that grows with h; one inverse transform per side.
    """
    size = fft.next_fast_len(max(round(duration_s * SAMPLE_RATE_HZ), 8192), real=True)
    bins = np.arange(size // 2 + 1) * (SAMPLE_RATE_HZ / size)
    envelope = np.zeros(len(bins), np.float32)
    for h in range(1, max(2, int(top_hz / freq_hz)) + 1):
        centre = freq_hz * h
        spread = max((2 ** (width_cents / 1200) - 1) * centre, 0.4)
        lo, hi = np.searchsorted(bins, (centre - 4 * spread, centre + 4 * spread))
        lift = 1.0 + 4.0 * sum(np.exp(-(((centre - f) / (0.16 * f)) ** 2)) for f in formants_hz)
        hill = np.exp(-0.5 * ((bins[lo:hi] - centre) / spread) ** 2)
        envelope[lo:hi] += h**-tilt * lift * np.sqrt(hill / (hill.sum() + 1e-9))
    turn = np.exp(2j * np.pi * rng.random((2, len(bins)), dtype=np.float32)).astype(np.complex64)
    wave = fft.irfft(envelope * turn, size)[:, : max(round(duration_s * SAMPLE_RATE_HZ), 64)]
    return np.asarray(wave * (0.25 / (np.sqrt(np.mean(wave**2)) + 1e-9)), np.float32)


def breath(freq_hz: float, duration_s: float, rng: np.random.Generator, *, velocity: float = 0.7) -> FloatArray:
    """A flute-like tone: three soft partials with a late vibrato, and a band of breath around the note."""
    t = seconds(duration_s)
    phase = 2 * np.pi * freq_hz * t + 0.09 * freq_hz / 5.0 * 0.05 * np.sin(2 * np.pi * 5 * t) * np.clip(t * 3, 0, 1)
    tone = np.sin(phase) + 0.22 * np.sin(2 * phase) + 0.08 * np.sin(3 * phase)
    air = filtered(rng.standard_normal(len(t), dtype=np.float32), "lowpass", min(freq_hz * 3, 9000)) * (
        0.04 + 0.25 * np.exp(-t * 22)
    )
    return shaped(((tone + air) * velocity * 0.6).astype(np.float32), 0.05, min(0.12, duration_s * 0.3))


def organ(freq_hz: float, duration_s: float) -> FloatArray:
    """Drawbars: sub-octave, unison, fifth, octave and twelfth, with the click of the key."""
    t = seconds(duration_s)
    bars = ((0.5, 0.5), (1.0, 1.0), (1.5, 0.3), (2.0, 0.55), (3.0, 0.25), (4.0, 0.15))
    tone = np.sum([gain * np.sin(2 * np.pi * freq_hz * ratio * t) for ratio, gain in bars], axis=0)
    return shaped((tone * 0.3).astype(np.float32), 0.004, min(0.03, duration_s / 3))
