from __future__ import annotations

import os
import time
from multiprocessing import active_children
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mixtape.errors import AudioError, MixtapeError
from mixtape.features.listen import SETS, Listening, listen, listen_all
from mixtape.features.rhythm import rhythm_features
from mixtape.features.workers import Lost, answers
from mixtape.types import Skipped


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, made_up) -> Path:
    """Three songs, a jingle and a file that is no music."""
    place = tmp_path_factory.mktemp("music")
    for k, name in enumerate(("one.flac", "two.ogg", "three.wav")):
        sound = np.roll(made_up(14), 5000 * k)
        soundfile.write(place / name, np.stack([sound, sound * 0.5], axis=1), 44100)
    soundfile.write(place / "jingle.wav", made_up(2), 44100)
    (place / "noise.mp3").write_bytes(np.random.default_rng(0).bytes(30_000))
    return place


def test_one_pass_gives_every_set_the_timeline_and_the_length(folder: Path) -> None:
    heard = listen(folder / "one.flac")
    assert set(heard.vectors) == set(SETS)
    sound, rate_hz = soundfile.read(folder / "one.flac")
    wanted = rhythm_features(sound, sample_rate_hz=rate_hz)
    np.testing.assert_allclose(heard.rp, wanted.rp, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(heard.ssd, wanted.ssd, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(heard.rh, wanted.rh, rtol=1e-4, atol=1e-7)
    assert heard.duration_s == pytest.approx(14)
    assert len(heard.timeline.level) == 14 * 60
    assert heard.decoder == "pyav"


def test_a_jingle_is_an_error_that_names_file_length_and_limit(folder: Path) -> None:
    with pytest.raises(AudioError, match=r"jingle\.wav: 2\.00 s .* 5\.94 s"):
        listen(folder / "jingle.wav")


@pytest.mark.parametrize("jobs", [1, 2])
def test_every_file_is_heard_or_skipped_with_its_reason(folder: Path, jobs: int) -> None:
    paths = [*sorted(folder.iterdir()), folder / "nobody.mp3"]
    heard = dict(listen_all(paths, jobs=jobs))
    assert set(heard) == set(paths)
    assert {path.name for path, found in heard.items() if isinstance(found, Listening)} == {"one.flac", "two.ogg", "three.wav"}
    reasons = {path.name: found.reason for path, found in heard.items() if isinstance(found, Skipped)}
    assert "too short" in reasons["jingle.wav"]
    assert "no sound can be read" in reasons["noise.mp3"]
    assert "no such file" in reasons["nobody.mp3"]
    assert not any(str(folder) in reason for reason in reasons.values())


def test_one_process_and_two_hear_the_same_bytes(folder: Path) -> None:
    paths = [folder / name for name in ("one.flac", "two.ogg", "three.wav")]
    alone, together = dict(listen_all(paths, jobs=1)), dict(listen_all(paths, jobs=2))
    for path in paths:
        for name in SETS:
            np.testing.assert_array_equal(alone[path].vectors[name], together[path].vectors[name])
        np.testing.assert_array_equal(alone[path].timeline.bands, together[path].timeline.bands)
        np.testing.assert_array_equal(alone[path].timeline.beats_s, together[path].timeline.beats_s)


def dies_hangs_or_answers(path: Path) -> str:
    if path.name == "dies":
        os._exit(9)
    if path.name == "hangs":
        time.sleep(600)
    return path.name.upper()


def test_a_worker_that_dies_or_hangs_costs_its_file_only() -> None:
    paths = [Path(name) for name in ("a", "dies", "b", "hangs", "c", "dies", "d")]
    came = list(answers(dies_hangs_or_answers, paths, jobs=2, limit_s=lambda path: 0.5 if path.name == "hangs" else 60))
    assert sorted(found for _, found in came if isinstance(found, str)) == ["A", "B", "C", "D"]
    lost = sorted((path.name, found.reason) for path, found in came if isinstance(found, Lost))
    assert [name for name, _ in lost] == ["dies", "dies", "hangs"]
    assert "brought the decoder down" in lost[0][1]
    assert "took longer" in lost[2][1]


class CannotBeUnpacked:
    """A task that breaks every process it is sent to."""

    def __reduce__(self) -> tuple:
        return (os._exit, (3,))

    def __call__(self, path: Path) -> str:
        return path.name


def test_processes_that_cannot_start_are_said_so_and_no_file_is_blamed() -> None:
    with pytest.raises(MixtapeError, match="could not start"):
        list(answers(CannotBeUnpacked(), [Path("a"), Path("b")], jobs=2, limit_s=lambda _: 60))


def test_nobody_listens_on_when_the_listener_has_had_enough(folder: Path) -> None:
    some = listen_all(sorted(folder.iterdir()), jobs=2)
    next(some)
    assert active_children()
    some.close()
    assert not active_children()


def test_nothing_to_listen_to_is_nothing_heard() -> None:
    assert list(listen_all([], jobs=2)) == []


SOUNDS = {
    "silence": lambda t, rng: np.zeros_like(t),
    "nothing but DC": lambda t, rng: np.full_like(t, 0.7),
    "clipped": lambda t, rng: np.clip(9 * np.sin(2 * np.pi * 220 * t), -1, 1),
    "noise": lambda t, rng: rng.uniform(-1, 1, len(t)),
    "one click": lambda t, rng: (np.arange(len(t)) == len(t) // 2).astype(float),
    "the last bit": lambda t, rng: rng.integers(-1, 2, len(t)) / 2**15,
}


@pytest.mark.parametrize("rate_hz", [8000, 22050, 44100, 96000])
@pytest.mark.parametrize("kind", SOUNDS)
def test_whatever_the_sound_every_ear_hears_finite_numbers_or_says_it_is_too_short(tmp_path, kind: str, rate_hz: int) -> None:
    rng = np.random.default_rng(5)
    for seconds, channels in ((5.9, 1), (262144 / 44100 + 0.03, 2), (13.0, 1)):
        sound = SOUNDS[kind](np.arange(round(seconds * rate_hz)) / rate_hz, rng)
        soundfile.write(tmp_path / "song.wav", np.stack([sound] * channels, axis=1), rate_hz, subtype="FLOAT")
        (found,) = (found for _, found in listen_all([tmp_path / "song.wav"], jobs=1))
        if seconds < 5.94:
            assert isinstance(found, Skipped)
            assert "too short" in found.reason
            continue
        assert isinstance(found, Listening)
        assert set(found.vectors) == set(SETS)
        for name, vector in found.vectors.items():
            assert np.isfinite(vector).all(), name
        timeline = found.timeline
        for curve in (timeline.level, timeline.bands, timeline.onset, timeline.beat_phase):
            assert len(curve) == len(timeline.level)
            assert curve.min() >= 0
            assert curve.max() <= 1
        assert found.sketch.shape[1] == 64


def test_left_and_right_alike_are_as_good_as_one_channel(tmp_path, made_up) -> None:
    sound = made_up(14)
    soundfile.write(tmp_path / "mono.wav", sound, 44100, subtype="FLOAT")
    soundfile.write(tmp_path / "stereo.wav", np.stack([sound, sound], axis=1), 44100, subtype="FLOAT")
    one, both = listen(tmp_path / "mono.wav"), listen(tmp_path / "stereo.wav")
    for name in SETS:
        np.testing.assert_allclose(one.vectors[name], both.vectors[name], rtol=2e-3, atol=2e-3, err_msg=name)
