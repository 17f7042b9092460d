"""The signals of the reference vectors and a few that everybody can imagine, all from formulas."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

Signal = Callable[[], np.ndarray]


def hash01(n: int, seed: int) -> np.ndarray:
    """Numbers in 0..1 from a hash of their index."""
    with np.errstate(over="ignore"):
        z = (np.arange(n, dtype=np.uint64) + np.uint64(seed * 1000003 + 1)) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((z ^ (z >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) / 2**53


def q16(x: np.ndarray) -> np.ndarray:
    """Rounded to what 16 bits hold."""
    return np.round(np.clip(x, -1, 1) * 32767) / 32768


def tones(rate_hz: int, seconds: float) -> np.ndarray:
    """Ten tones, each swelling at its own speed, a drum twice a second and a rustle between."""
    t = np.arange(int(rate_hz * seconds)) / rate_hz
    pitches_hz = (82.41, 146.83, 261.63, 440, 740, 1318.5, 2489, 4186, 7040, 10548)
    speeds_hz = (0.5, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
    sound = 0.25 * np.exp(-30 * np.mod(t, 0.5)) * np.sin(2 * np.pi * 60 * t)
    sound += 0.02 * (2 * hash01(len(t), 7) - 1) * np.exp(-8 * np.mod(t + 0.25, 0.5))
    for k, (pitch_hz, speed_hz) in enumerate(zip(pitches_hz, speeds_hz, strict=True)):
        swell = 0.5 * (1 - np.cos(2 * np.pi * speed_hz * t + 0.3 * k))
        sound += 0.09 * np.sin(2 * np.pi * pitch_hz * t + 0.7 * k) * swell
    return sound


def clicks(times_s: np.ndarray, *, seconds: float) -> np.ndarray:
    """A 10 ms burst of noise at each moment, in silence."""
    sound = np.zeros(round(seconds * 44100), np.float32)
    burst = (0.5 * (2 * hash01(441, 3) - 1)).astype(np.float32)
    for moment_s in times_s:
        first = round(moment_s * 44100)
        sound[first : first + 441] += burst[: len(sound) - first]
    return sound


@pytest.fixture(scope="session")
def signals() -> dict[str, Signal]:
    """The made-up signals of the reference vectors by their key."""
    return {
        "A_tones_44k_60s": lambda: q16(tones(44100, 60)),
        "E_silence_44k_20s": lambda: np.zeros(882000),
        "F_noise_44k_20s": lambda: q16(0.95 * (2 * hash01(882000, 1) - 1)),
    }


@pytest.fixture(scope="session")
def reference() -> dict[str, np.ndarray]:
    """What the reference extractor gave for them."""
    with np.load(Path(__file__).parent / "rp_reference.npz") as stored:
        return dict(stored)


@pytest.fixture(scope="session")
def made_up() -> Callable[[float], np.ndarray]:
    """Ten tones and a drum, so many seconds of them at 44.1 kHz, float32."""
    return lambda seconds: tones(44100, seconds).astype(np.float32)


@pytest.fixture(scope="session")
def click_track() -> Callable[..., np.ndarray]:
    """Bursts at given moments."""
    return clicks
