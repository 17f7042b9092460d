from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.fft import dct

from mixtape.errors import AudioError, ShapeError
from mixtape.features.stretch import SEGMENT, stretches
from mixtape.features.timbre import REGULAR_DB2, TIMBRE_SIZE, TimbreEar, unpack


def heard(sound: np.ndarray) -> np.ndarray:
    ear = TimbreEar()
    for stretch in stretches([sound]):
        ear.hear(stretch)
    return ear.vectors(n_samples=len(sound))["timbre"]


def divergence(one: np.ndarray, other: np.ndarray) -> float:
    mean, covariance = unpack(np.stack([one, other]))
    inverse = np.linalg.inv(covariance)
    away = mean[0] - mean[1]
    traces = np.trace(inverse[1] @ covariance[0]) + np.trace(inverse[0] @ covariance[1]) - 2 * len(away)
    return float(traces + away @ (inverse[0] + inverse[1]) @ away) / 4


def test_the_vector_is_the_gaussian_of_the_cepstrum(made_up) -> None:
    sound = made_up(14)
    mel = np.concatenate([stretch.mel_db.copy() for stretch in stretches([sound])]).astype(np.float64)
    cepstrum = dct(mel, norm="ortho", axis=1)[:, :25]
    vector = heard(sound)
    assert vector.shape == (TIMBRE_SIZE,)
    assert vector.dtype == np.float32
    mean, covariance = unpack(vector[None])
    np.testing.assert_allclose(mean[0], cepstrum.mean(axis=0), rtol=1e-4, atol=1e-3)
    wanted = np.cov(cepstrum.T, bias=True) + REGULAR_DB2 * np.eye(25)
    np.testing.assert_allclose(covariance[0], wanted, rtol=1e-3, atol=1e-2)


SOUNDS: dict[str, Callable[[int], np.ndarray]] = {
    "silence": np.zeros,
    "dc": np.ones,
    "clipping": lambda n: np.sign(np.sin(np.arange(n) / 20)) * 1e6,
    "noise": lambda n: np.random.default_rng(5).uniform(-1, 1, n),
    "half silent": lambda n: np.where(np.arange(n) < n // 2, 0.0, np.random.default_rng(5).uniform(-1, 1, n)),
    "click": lambda n: np.eye(1, n, n // 2)[0],
    "sine": lambda n: np.sin(np.arange(n) / 20),
}


def test_any_two_sounds_from_one_segment_on_have_a_finite_divergence() -> None:
    vectors = [heard(sound(SEGMENT).astype(np.float32)) for sound in SOUNDS.values()]
    assert np.isfinite(vectors).all()
    between = np.array([[divergence(one, other) for other in vectors] for one in vectors])
    assert np.isfinite(between).all()
    np.testing.assert_allclose(np.diagonal(between), 0, atol=1e-6)
    assert (between + np.eye(len(vectors)) > 0).all()


def test_no_direction_has_less_spread_than_was_added() -> None:
    _, covariance = unpack(np.stack([heard(sound(SEGMENT).astype(np.float32)) for sound in SOUNDS.values()]))
    assert np.linalg.eigvalsh(covariance).min() > 0.9 * REGULAR_DB2


def test_two_parts_of_one_sound_are_nearer_than_two_sounds(made_up) -> None:
    sound = made_up(30)
    first, second = heard(sound[: 14 * 44100]), heard(sound[14 * 44100 :])
    other = heard(np.random.default_rng(0).uniform(-1, 1, 14 * 44100).astype(np.float32))
    assert divergence(first, second) < 0.05 * divergence(first, other)


def test_a_sound_shorter_than_a_segment_is_refused_with_the_limit() -> None:
    with pytest.raises(AudioError, match=r"2\.00 s .* 5\.94 s"):
        heard(np.zeros(88_200, np.float32))


def test_what_is_no_timbre_vector_is_refused_with_its_shape() -> None:
    with pytest.raises(ShapeError, match=r"\(3, 10\).*350"):
        unpack(np.zeros((3, 10), np.float32))
