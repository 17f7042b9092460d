from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mixtape.errors import AudioError
from mixtape.features import blocks
from mixtape.features.blocks import PATTERNS, BlocksEar
from mixtape.features.stretch import SEGMENT, stretches


def heard(sound: np.ndarray, cuts: list[int] | None = None) -> np.ndarray:
    ear = BlocksEar()
    for stretch in stretches(np.split(sound, cuts or [])):
        ear.hear(stretch)
    return ear.vectors(n_samples=len(sound))["blocks"]


def apart(one: np.ndarray, other: np.ndarray) -> dict[str, float]:
    return {name: float(np.abs(one[part] - other[part]).sum()) for name, part in PATTERNS.items()}


@pytest.fixture(scope="module")
def song(made_up) -> np.ndarray:
    """Tones, a drum and some noise beneath, so that no band ever reaches digital silence."""
    return made_up(30) + np.random.default_rng(3).normal(0, 1e-2, 30 * 44100).astype(np.float32)


def test_the_patterns_lie_side_by_side_and_fill_the_vector(song) -> None:
    vector = heard(song)
    assert vector.dtype == np.float32
    assert vector.shape == (1911,)
    edges = [0, *(part.stop for part in PATTERNS.values())]
    assert [part.start for part in PATTERNS.values()] == edges[:-1]
    assert edges[-1] == len(vector)
    assert list(PATTERNS) == ["spectral", "delta", "variance", "fluctuation", "correlation", "contrast"]


def test_how_the_sound_came_does_not_matter(song) -> None:
    np.testing.assert_array_equal(heard(song, [5, 100_000, SEGMENT + 1]), heard(song))


def test_asking_on_the_way_changes_nothing(song) -> None:
    ear, n = BlocksEar(), 0
    for stretch in stretches([song]):
        ear.hear(stretch)
        n += len(stretch.samples)
        so_far = ear.vectors(n_samples=n)["blocks"]
        np.testing.assert_array_equal(so_far, heard(song[:n]))


@pytest.mark.parametrize("gain", [0.2, 4.0])
def test_a_louder_master_is_the_same_song(song, gain: float) -> None:
    assert max(apart(heard(song * np.float32(gain)), heard(song)).values()) < 0.03


def test_a_slow_fade_hardly_counts_and_another_sound_does(song, made_up) -> None:
    faded = song * np.linspace(1, 0.2, len(song), dtype=np.float32)
    other = np.random.default_rng(1).uniform(-0.5, 0.5, len(song)).astype(np.float32)
    assert sum(apart(heard(faded), heard(song)).values()) < 0.1 * sum(apart(heard(other), heard(song)).values())


@pytest.mark.parametrize("speed_hz", [1.0, 3.0, 8.0])
def test_fluctuation_is_strongest_at_the_speed_of_the_sound(speed_hz: float) -> None:
    t = np.arange(30 * 44100) / 44100
    noise = np.random.default_rng(2).normal(0, 0.1, len(t))
    # Only what is high swells: what swells together is the level, which does not count.
    low, high = np.convolve(noise, np.ones(64) / 8, "same"), np.diff(noise, prepend=0)
    sound = (low + high * 10 ** (0.5 * np.sin(2 * np.pi * speed_hz * t))).astype(np.float32)
    strength = heard(sound)[PATTERNS["fluctuation"]].reshape(24, 37)
    speeds = 0.4 * 30 ** (np.arange(37) / 36)
    assert speeds[strength[-6:].mean(axis=0).argmax()] == pytest.approx(speed_hz, rel=0.1)


def test_bands_that_rise_together_correlate_and_others_do_not() -> None:
    rng = np.random.default_rng(4)
    t = np.arange(30 * 44100) / 44100
    swell = np.repeat(rng.uniform(0.1, 0.9, 75), 4 * 4410)
    against = np.sin(2 * np.pi * 100 * t) * swell + np.sin(2 * np.pi * 3000 * t) * (1 - swell)
    together = (np.sin(2 * np.pi * 100 * t) + np.sin(2 * np.pi * 3000 * t)) * swell
    found = []
    for sound in (together, against):
        pairs = np.zeros((32, 32))
        pairs[np.triu_indices(32, 1)] = (
            heard(sound.astype(np.float32))[PATTERNS["correlation"]] * blocks._USUAL_DISTANCE["correlation"]
        )
        found.append(pairs[2, 24])
        assert np.abs(pairs).max() <= 1.001
    assert found[0] > found[1] + 0.8


SOUNDS: dict[str, Callable[[int], np.ndarray]] = {
    "silence": np.zeros,
    "dc": np.ones,
    "clipping": lambda n: np.sign(np.sin(np.arange(n) / 20)) * 1e5,
    "noise": lambda n: np.random.default_rng(5).uniform(-1, 1, n),
    "faint": lambda n: np.random.default_rng(5).uniform(-1e-12, 1e-12, n),
    "click": lambda n: np.eye(1, n, n // 2)[0],
    "not a number": lambda n: np.full(n, np.nan),
}


@pytest.mark.parametrize("kind", SOUNDS)
@pytest.mark.parametrize("n", [SEGMENT, SEGMENT + 1, 2 * SEGMENT - 1])
def test_any_sound_from_one_segment_on_gives_finite_numbers(kind: str, n: int) -> None:
    assert np.isfinite(heard(SOUNDS[kind](n).astype(np.float32))).all()


def test_silence_has_no_pattern() -> None:
    assert not heard(np.zeros(SEGMENT, np.float32)).any()


def test_a_sound_shorter_than_a_segment_is_refused_with_the_limit() -> None:
    with pytest.raises(AudioError, match=r"2\.00 s .* 5\.94 s"):
        heard(np.zeros(88_200, np.float32))


def test_a_song_of_hours_keeps_every_second_block_and_stays_itself(song, monkeypatch) -> None:
    whole = heard(song)
    monkeypatch.setattr(blocks, "_MOST_BLOCKS", 100)
    ear = BlocksEar()
    for stretch in stretches([song]):
        ear.hear(stretch)
    assert all(len(np.concatenate(kept._rows)) <= 100 for kept in ear._kept)
    thinned = ear.vectors(n_samples=len(song))["blocks"]
    assert sum(apart(thinned, whole).values()) < 0.3
    monkeypatch.setattr(blocks, "_MOST_BLOCKS", 50)
    np.testing.assert_array_equal(heard(song, [70_001]), heard(song))
