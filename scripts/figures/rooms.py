"""Made-up music and made-up rooms, for tests and figures of what is known again."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt

SAMPLE_RATE_HZ = 44100

FloatArray = npt.NDArray[np.float32]


def song(seed: int, *, seconds: float = 30.0) -> FloatArray:
    """Mono music (n,) at 44.1 kHz: single tones and chords by chance; no two seeds share a bar."""
    rng = np.random.default_rng(seed)
    sound = np.zeros(round(seconds * SAMPLE_RATE_HZ), np.float32)
    at_s, step_s = 0.0, rng.uniform(0.15, 0.3)
    while at_s < seconds - 1.2:
        for pitch in rng.choice(40, rng.integers(1, 4), replace=False):
            tone = _tone(55.0 * 2 ** (int(pitch) / 12), rng)
            start = round(at_s * SAMPLE_RATE_HZ)
            sound[start : start + len(tone)] += tone
        at_s += step_s * rng.choice((1, 1, 2))
    return (0.5 * sound / max(float(np.abs(sound).max()), 1e-9)).astype(np.float32)


def _tone(hz: float, rng: np.random.Generator) -> FloatArray:
    t = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    strength = rng.uniform(0.2, 1.0, 12) / np.arange(1, 13)
    waves = strength[:, None] * np.sin(2 * np.pi * hz * np.arange(1, 13)[:, None] * t)
    return np.asarray(waves.sum(axis=0) * np.exp(-rng.uniform(2, 8) * t), np.float32)


def mp3(sound: FloatArray, *, bits_per_s: int = 128_000) -> FloatArray:
    """Mono sound through an MP3 encoder and back, about 50 ms later than it was."""
    import av

    packed = io.BytesIO()
    out: Any
    with av.open(packed, "w", format="mp3") as out:
        stream = out.add_stream("libmp3lame", rate=SAMPLE_RATE_HZ, layout="mono")
        stream.bit_rate = bits_per_s
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound[None], np.float32), format="fltp", layout="mono")
        frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, 0
        for packet in (*stream.encode(frame), *stream.encode(None)):
            out.mux(packet)
    packed.seek(0)
    file: Any
    with av.open(packed) as file:
        return np.concatenate([frame.to_ndarray()[0] for frame in file.decode(audio=0)]).astype(np.float32)


def in_a_room(
    sound: FloatArray,
    *,
    seed: int = 0,
    echo_s: float = 0.5,
    echo: float = 1.0,
    noise_db: float = -12.0,
    band_hz: tuple[float, float] = (120.0, 7000.0),
) -> FloatArray:
    """Sound as a microphone in a room hears it.

    The echo dies away by 60 dB in `echo_s` and is `echo` times as strong as the sound itself; the microphone hears `band_hz`; the
    room's own noise, most of it low, lies `noise_db` beside all that.
    """
    from scipy.signal import butter, fftconvolve, sosfilt

    rng = np.random.default_rng(seed)
    t = np.arange(round(echo_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    answer = rng.standard_normal(len(t)) * 10 ** (-3 * t / echo_s)
    answer *= echo / np.sqrt(np.square(answer).sum())
    answer[0] += 1.0
    microphone = butter(2, band_hz, "bandpass", fs=SAMPLE_RATE_HZ, output="sos")
    heard = sosfilt(microphone, fftconvolve(sound, answer)[: len(sound)])
    noise = sosfilt(butter(1, 300, fs=SAMPLE_RATE_HZ, output="sos"), rng.standard_normal(len(sound)))
    noise *= np.sqrt(np.square(heard).mean() / np.square(noise).mean()) * 10 ** (noise_db / 20)
    return np.asarray(heard + noise, np.float32)


def heard_as(kind: str, sound: FloatArray, *, seed: int) -> FloatArray:
    """Sound as one of `KINDS`."""
    if kind == "as it is":
        return sound
    if kind == "room":
        return mp3(in_a_room(0.3 * sound, seed=seed))
    return mp3(in_a_room(0.1 * sound, seed=seed, echo_s=0.9, echo=1.4, noise_db=-6.0, band_hz=(200.0, 5000.0)))


KINDS = {
    "as it is": "the recording itself",
    "room": "a third as loud, echo of 0.5 s as strong as the sound, 120 Hz to 7 kHz, noise at -12 dB, then MP3 of 128 kb/s",
    "hard room": "a tenth as loud, echo of 0.9 s and 1.4 times as strong, 200 Hz to 5 kHz, noise at -6 dB, then MP3 of 128 kb/s",
}
"""In what ways a song is heard."""
