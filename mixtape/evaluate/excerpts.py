"""A few seconds from the middle of each song of a list, one after another, on the default sound output."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Sequence

import numpy as np

from mixtape.audio import SAMPLE_RATE_HZ, decode
from mixtape.errors import AudioError
from mixtape.types import FloatArray, Track

EXCERPT_S = 6.0
"""How much of each song is played."""

_FADE_S = 0.3


def play(tracks: Sequence[Track], *, silent: bool = False) -> bool:
    """Play excerpts of songs and wait until they are over; False, at once, where there is no sound output.

    `silent` plays to a device that keeps time and makes no sound.
    """
    import miniaudio

    sound = joined(tracks)
    real = [backend for backend in miniaudio.get_enabled_backends() if backend is not miniaudio.Backend.NULL]
    try:
        device = miniaudio.PlaybackDevice(
            output_format=miniaudio.SampleFormat.FLOAT32,
            nchannels=2,
            sample_rate=SAMPLE_RATE_HZ,
            backends=[miniaudio.Backend.NULL] if silent else real,
        )
    except miniaudio.MiniaudioError:
        return False
    source = _served(sound)
    next(source)
    with device:
        device.start(source)
        time.sleep(len(sound) / SAMPLE_RATE_HZ + device.buffersize_msec / 1000)
    return True


def joined(tracks: Iterable[Track]) -> FloatArray:
    """Excerpts (n, 2) at 44.1 kHz, each from the middle of its song, faded in and out; a song that cannot be read is silent."""
    return np.concatenate([np.zeros((0, 2), np.float32), *(_excerpt(track) for track in tracks)])


def _excerpt(track: Track) -> FloatArray:
    try:
        sound = decode(track.path, channels=2, start_s=max(track.duration_s - EXCERPT_S, 0.0) / 2, length_s=EXCERPT_S)
    except AudioError:
        return np.zeros((SAMPLE_RATE_HZ, 2), np.float32)
    fade = np.minimum(np.arange(len(sound)) / (_FADE_S * SAMPLE_RATE_HZ), 1.0).astype(np.float32)[:, None]
    return sound * fade * fade[::-1]


def _served(sound: FloatArray) -> Generator[bytes, int, None]:
    """The sound in the pieces a device asks for, then silence."""
    frames = yield b""
    place = 0
    while True:
        piece = sound[place : place + frames]
        place += frames
        frames = yield np.vstack([piece, np.zeros((frames - len(piece), 2), np.float32)]).tobytes()
