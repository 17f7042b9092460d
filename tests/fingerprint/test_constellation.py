from __future__ import annotations

import numpy as np

from mixtape.audio import SAMPLE_RATE_HZ
from mixtape.fingerprint.constellation import FIRST_BIN, FRAME_HZ, HOP, WINDOW, constellation
from mixtape.fingerprint.landmarks import landmarks
from mixtape.types import Constellation
from scripts.figures.rooms import song


def test_a_short_tone_is_one_peak_at_its_time_and_pitch() -> None:
    t = np.arange(3 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    sound = np.sin(2 * np.pi * 1000 * t) * np.exp(-(((t - 1.5) / 0.03) ** 2))
    found = constellation([sound.astype(np.float32)])
    loudest = [(f, b) for f, b in zip(found.frames.tolist(), found.bins.tolist(), strict=True) if abs(f / FRAME_HZ - 1.45) < 0.1]
    assert len(loudest) == 1
    frame, pitch = loudest[0]
    assert abs(frame / FRAME_HZ + WINDOW / 2 / SAMPLE_RATE_HZ - 1.5) <= 0.5 / FRAME_HZ + 1e-3
    assert abs((pitch + FIRST_BIN) * SAMPLE_RATE_HZ / WINDOW - 1000) <= 0.5 * SAMPLE_RATE_HZ / WINDOW


def test_the_size_of_blocks_makes_no_difference() -> None:
    sound = song(1, seconds=60)
    whole = constellation([sound])
    assert 5 < len(whole.frames) / 60 < 60
    pieces = constellation(np.split(sound, np.cumsum(np.random.default_rng(0).integers(1, 400_000, 30))))
    assert np.array_equal(whole.frames, pieces.frames)
    assert np.array_equal(whole.bins, pieces.bins)


def test_loudness_makes_hardly_a_difference() -> None:
    loud, quiet = constellation([song(1)]), constellation([0.02 * song(1)])
    there = set(zip(loud.frames.tolist(), loud.bins.tolist(), strict=True))
    assert len(there & set(zip(quiet.frames.tolist(), quiet.bins.tolist(), strict=True))) > 0.9 * len(there)


def test_silence_a_single_sample_and_broken_numbers_have_no_peaks() -> None:
    silent = np.zeros(10 * SAMPLE_RATE_HZ, np.float32)
    for sound in (silent, silent[:1], silent[:0], np.full_like(silent, np.nan)):
        assert len(constellation([sound]).frames) == 0
    assert len(constellation([]).frames) == 0


def test_a_landmark_says_both_pitches_and_the_time_between() -> None:
    peaks = Constellation(np.array([0, 1, 10, 100], np.uint32), np.array([50, 60, 45, 45], np.uint16))
    names, frames = landmarks(peaks, fan=3)
    read = [(int(n) >> 13, (int(n) >> 6 & 127) - 64, int(n) & 63, int(f)) for n, f in zip(names, frames, strict=True)]
    # The first two are too near in time, the last is too far from all.
    assert sorted(read) == [(50, -5, 10, 0), (60, -15, 9, 1)]


def test_no_peak_has_more_landmarks_than_its_fan() -> None:
    peaks = constellation([song(2)])
    _, frames = landmarks(peaks, fan=3)
    assert len(frames) <= 3 * len(peaks.frames)
    assert HOP * FRAME_HZ == SAMPLE_RATE_HZ
