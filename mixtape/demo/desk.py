"""The mixing desk of the made-up collection: sounds go on buses, buses go through room, echo and glue to a stereo song.

Conventions. Audio is float32, (n,) mono or (2, n) stereo, at `SAMPLE_RATE_HZ`. Time is seconds, gain is linear unless it
says `_db`, pan runs from -1 (left) to 1 (right).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from scipy import fft, signal

from mixtape.types import FloatArray

SAMPLE_RATE_HZ = 44_100


@dataclass(frozen=True, slots=True)
class Strip:
    """One channel of the desk: level, filters, what it sends to room and echo, and how deep the kick ducks it (0..1)."""

    gain: float = 1.0
    low_cut_hz: float = 0.0
    high_cut_hz: float = 0.0
    room: float = 0.0
    echo: float = 0.0
    pump: float = 0.0


@dataclass(frozen=True, slots=True)
class Room:
    """A reverberant space: time to -60 dB, the frequency above which its walls swallow sound, and the gap before it answers."""

    decay_s: float = 1.6
    damp_hz: float = 5000.0
    gap_s: float = 0.012


@dataclass(frozen=True, slots=True)
class Echo:
    """A ping-pong delay: each repeat is quieter by `feedback`, changes side, and loses what lies above `damp_hz`."""

    time_s: float = 0.375
    feedback: float = 0.45
    damp_hz: float = 3500.0


@dataclass(frozen=True, slots=True)
class Master:
    """How hot the song leaves the desk: RMS aimed at, peak never passed, and how hard the bus compressor leans in (0..1)."""

    rms_db: float = -16.0
    peak_db: float = -1.0
    glue: float = 0.3
    fade_in_s: float = 0.004
    fade_out_s: float = 1.5


def filtered(sound: FloatArray, kind: Literal["lowpass", "highpass"], cutoff_hz: float, *, order: int = 2) -> FloatArray:
    """Butterworth low- or high-pass along the last axis."""
    sections = signal.butter(order, min(cutoff_hz, 0.48 * SAMPLE_RATE_HZ), kind, fs=SAMPLE_RATE_HZ, output="sos")
    return np.asarray(signal.sosfilt(sections.astype(np.float32), sound), np.float32)


def banded(sound: FloatArray, low_hz: float, high_hz: float) -> FloatArray:
    """What lies between two frequencies, second order on each side."""
    return filtered(filtered(sound, "highpass", low_hz), "lowpass", high_hz)


def boosted(sound: FloatArray, centre_hz: float, *, gain: float, q: float = 1.0) -> FloatArray:
    """`sound` plus `gain` times its resonance at `centre_hz`: a peak in the spectrum, as a cabinet or a body has."""
    b, a = signal.iirpeak(centre_hz, q, fs=SAMPLE_RATE_HZ)
    return np.asarray(sound + gain * signal.lfilter(b, a, sound), np.float32)


@dataclass(eq=False)
class Desk:
    """A song being mixed: `place` lays sounds on named buses, `finish` plays them through the strips into one stereo array.

    The song begins `lead_s` into the file, so that a codec has room to ring before the first stroke.
    """

    duration_s: float
    rng: np.random.Generator
    lead_s: float = 0.06
    kicks_s: list[float] = field(default_factory=list)
    buses: dict[str, FloatArray] = field(default_factory=dict)

    @property
    def length(self) -> int:
        """Samples of the finished song."""
        return round(self.duration_s * SAMPLE_RATE_HZ)

    def bus(self, name: str) -> FloatArray:
        """The (2, n) array behind a bus, made at first use."""
        if name not in self.buses:
            self.buses[name] = np.zeros((2, self.length), np.float32)
        return self.buses[name]

    def place(self, sound: FloatArray, at_s: float, *, bus: str, gain: float = 1.0, pan: float = 0.0) -> None:
        """Add a sound to a bus; what would begin before 0 or end after the song is cut."""
        start = max(round((at_s + self.lead_s) * SAMPLE_RATE_HZ), 0)
        width = min(sound.shape[-1], self.length - start)
        if width <= 0:
            return
        angle = (pan + 1.0) * np.pi / 4.0
        sides = np.array([[np.cos(angle)], [np.sin(angle)]], np.float32) * np.float32(gain * 1.2)
        self.bus(bus)[:, start : start + width] += sides * sound[..., :width]

    def finish(self, strips: dict[str, Strip], *, room: Room, echo: Echo, master: Master) -> FloatArray:
        """Stereo (2, n) float32: every bus through its strip, the sends through room and echo, all through the master.

        Raises:
            KeyError: a bus has no strip.
        """
        mix, to_room, to_echo = (np.zeros((2, self.length), np.float32) for _ in range(3))
        for name in sorted(self.buses):
            strip, sound = strips[name], self._through(strips[name], self.buses[name])
            mix += sound
            if strip.room:
                to_room += np.float32(strip.room) * sound
            if strip.echo:
                to_echo += np.float32(strip.echo) * sound
        if to_echo.any():
            repeats = echoed(to_echo, echo)
            mix += repeats
            to_room += np.float32(0.25) * repeats
        if to_room.any():
            mix += reverberated(to_room, room, self.rng)
        return mastered(mix, master)

    def _through(self, strip: Strip, sound: FloatArray) -> FloatArray:
        if strip.low_cut_hz:
            sound = filtered(sound, "highpass", strip.low_cut_hz)
        if strip.high_cut_hz:
            sound = filtered(sound, "lowpass", strip.high_cut_hz)
        gain: FloatArray | np.float32 = np.float32(strip.gain)
        if strip.pump and self.kicks_s:
            gain = gain * ducking([at_s + self.lead_s for at_s in self.kicks_s], self.length, depth=strip.pump)
        return np.asarray(sound * gain, np.float32)


def ducking(kicks_s: list[float], length: int, *, depth: float, recover_s: float = 0.26) -> FloatArray:
    """Gain (length,) that falls by `depth` at every kick and comes back: the breathing of club music."""
    t = np.arange(round(recover_s * SAMPLE_RATE_HZ), dtype=np.float32) / np.float32(recover_s * SAMPLE_RATE_HZ)
    dip = np.float32(depth) * (1.0 - t) ** 1.5 * np.minimum(1.0, t * 60.0)
    gain = np.ones(length, np.float32)
    for kick_s in kicks_s:
        start = round(kick_s * SAMPLE_RATE_HZ)
        stretch = gain[start : start + len(dip)]
        np.minimum(stretch, 1.0 - dip[: len(stretch)], out=stretch)
    return gain


def echoed(send: FloatArray, echo: Echo) -> FloatArray:
    """The repeats alone, (2, n): each one later, quieter, darker and on the other side.

    A delay line longer than a block can be run block by block: e_k = lowpass(send_(k-1) + feedback * swapped(e_(k-1))).
    """
    step = round(echo.time_s * SAMPLE_RATE_HZ)
    pole = np.float32(np.exp(-2 * np.pi * echo.damp_hz / SAMPLE_RATE_HZ))
    b, a, state = np.array([1 - pole], np.float32), np.array([1, -pole], np.float32), np.zeros((2, 1), np.float32)
    out = np.zeros_like(send)
    for start in range(step, send.shape[1], step):
        stop = min(start + step, send.shape[1])
        line = send[:, start - step : stop - step] + np.float32(echo.feedback) * out[::-1, start - step : stop - step]
        out[:, start:stop], state = signal.lfilter(b, a, line, zi=state)
    return filtered(out, "highpass", 180.0, order=1)


def reverberated(send: FloatArray, room: Room, rng: np.random.Generator) -> FloatArray:
    """The room's answer (2, n): the middle of `send` convolved with decaying noise, a different noise on each side.

    Impulse response h(t) = noise(t) * 10^(-3 t / decay_s), low-passed, its high end dying twice as fast; of unit energy.
    A room is dark: all is worked out below a quarter of the sample rate, and the inverse transform comes back to the full rate.
    """
    n, tail = send.shape[1], _impulse_response(room, rng)
    gap = round(room.gap_s * SAMPLE_RATE_HZ)
    half = fft.next_fast_len((n + 1) // 2 + tail.shape[1], real=True)
    heard = fft.rfft(np.float32(0.5) * (send[0] + send[1]), 2 * half)[: half // 2 + 1]
    answer = fft.irfft(heard * fft.rfft(tail, half), 2 * half)
    out = np.zeros_like(send)
    out[:, gap:] = answer[:, : n - gap]
    return out


def _impulse_response(room: Room, rng: np.random.Generator) -> FloatArray:
    wide = round(room.decay_s * SAMPLE_RATE_HZ / 2)
    t = np.arange(wide, dtype=np.float32) / np.float32(SAMPLE_RATE_HZ / 2)
    noise = filtered(rng.standard_normal((2, wide), dtype=np.float32), "lowpass", min(2 * room.damp_hz, 20_000), order=1)
    low = filtered(noise, "lowpass", 0.7 * room.damp_hz, order=1)
    tail = low * 10 ** (-3.0 * t / room.decay_s) + (noise - low) * 10 ** (-6.0 * t / room.decay_s)
    return (tail / np.sqrt(np.sum(tail**2, axis=1, keepdims=True))).astype(np.float32)


def compressed(mix: FloatArray, amount: float) -> FloatArray:
    """Bus compression: level over 10 ms blocks, gain pulled towards the song's own median, smoothed, applied to both sides."""
    hop = 441
    blocks = mix.shape[1] // hop + 1
    padded = np.zeros((2, blocks * hop), np.float32)
    padded[:, : mix.shape[1]] = mix
    level = np.sqrt(np.mean(padded.reshape(2, blocks, hop) ** 2, axis=(0, 2))) + 1e-5
    loud = np.percentile(level, 60)
    gain = np.minimum(1.0, (loud / level)) ** amount
    smooth = signal.lfilter([0.25], [1, -0.75], gain, zi=[0.75 * gain[0]])[0]
    return mix * np.interp(np.arange(mix.shape[1]) / hop, np.arange(blocks) + 0.5, smooth).astype(np.float32)


def mastered(mix: FloatArray, master: Master) -> FloatArray:
    """Level, glue and a soft ceiling; no offset; the ends faded so that nothing clicks."""
    mix = filtered(mix, "highpass", 22.0)
    mix = compressed(mix, master.glue)
    rms = float(np.sqrt(np.mean(mix**2))) + 1e-9
    ceiling = 10 ** (master.peak_db / 20)
    mix = soft_clipped(mix * np.float32(10 ** (master.rms_db / 20) / rms), ceiling)
    fade_out(mix, master.fade_out_s)
    fade_in(mix, master.fade_in_s)
    return mix


def soft_clipped(mix: FloatArray, ceiling: float) -> FloatArray:
    """Straight up to 60 % of the ceiling, then bent by tanh so that the ceiling is never passed."""
    knee = np.float32(0.6 * ceiling)
    room = np.float32(ceiling) - knee
    loud = np.abs(mix)
    bent = knee + room * np.tanh((loud - knee) / room)
    return np.where(loud > knee, np.sign(mix) * bent, mix).astype(np.float32)


def fade_in(sound: FloatArray, seconds: float) -> None:
    """Raise the start from silence, in place, along a raised cosine."""
    n = min(max(round(seconds * SAMPLE_RATE_HZ), 1), sound.shape[-1])
    sound[..., :n] *= (0.5 - 0.5 * np.cos(np.linspace(0, np.pi, n))).astype(np.float32)


def fade_out(sound: FloatArray, seconds: float) -> None:
    """Lower the end to silence, in place, along a raised cosine."""
    n = min(max(round(seconds * SAMPLE_RATE_HZ), 1), sound.shape[-1])
    sound[..., -n:] *= (0.5 + 0.5 * np.cos(np.linspace(0, np.pi, n))).astype(np.float32)
