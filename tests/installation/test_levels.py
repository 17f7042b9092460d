import time

import numpy as np
import pytest
import soundfile

from installation.levels import Level, Levels, gain_db, measure
from mixtape.errors import AudioError
from mixtape.features.traits import LoudnessMeter

RATE = 44100


def written(path, samples, rate=RATE):
    soundfile.write(path, samples, rate, subtype="FLOAT")
    return path


def noise(level, *, seconds=4.0, channels=2, seed=1):
    return (np.random.default_rng(seed).standard_normal((int(RATE * seconds), channels)) * level).astype(np.float32)


def test_loudness_is_what_the_ear_for_traits_measures_where_both_speakers_play_the_same(tmp_path):
    mono = noise(0.05, channels=1)
    meter = LoudnessMeter()
    meter.hear(mono[:, 0])
    assert measure(written(tmp_path / "a.wav", mono)).loudness_lufs == pytest.approx(meter.integrated_lufs(), abs=0.1)


def test_the_true_peak_lies_between_the_samples(tmp_path):
    # A sine at a quarter of the rate, sampled half-way up its slopes: no sample exceeds 0.707 of it.
    wave = 0.8 * np.sin(np.pi / 2 * np.arange(2 * RATE) + np.pi / 4)
    wave *= np.minimum(np.arange(2 * RATE), np.arange(2 * RATE)[::-1]).clip(0, 4410) / 4410
    level = measure(written(tmp_path / "a.wav", np.repeat(wave[:, None], 2, axis=1)))
    assert level.peak_db == pytest.approx(20 * np.log10(0.8), abs=0.3)


@pytest.mark.parametrize("level", [0.015, 0.05, 0.15])
def test_songs_come_to_the_same_loudness_where_their_peaks_allow_it(tmp_path, level):
    samples = noise(level)
    path = written(tmp_path / "a.wav", samples)
    gain = Levels(lambda _: path, target_lufs=-23.0, patient=True).gain("a")
    levelled = measure(written(tmp_path / "b.wav", samples * gain))
    assert levelled.loudness_lufs == pytest.approx(-23.0, abs=0.2)


def test_a_song_is_never_lifted_into_its_own_peaks(tmp_path):
    samples = noise(0.004)
    samples[RATE] = 0.9
    path = written(tmp_path / "a.wav", samples)
    gain = Levels(lambda _: path, target_lufs=-18.0, patient=True).gain("a")
    assert measure(written(tmp_path / "b.wav", samples * gain)).peak_db == pytest.approx(-1.0, abs=0.2)


def test_a_song_whose_peak_is_not_known_is_only_made_quieter():
    assert gain_db(Level(-30.0, None), target_lufs=-18.0) == 0.0
    assert gain_db(Level(-9.0, None), target_lufs=-18.0) == -9.0


def test_silence_and_noise_floors_are_left_alone():
    assert gain_db(Level(-70.0, -120.0), target_lufs=-18.0) == 0.0
    assert gain_db(Level(-50.0, -40.0), target_lufs=-18.0) == 15.0


def test_a_song_shorter_than_the_meter_listens_keeps_its_level(tmp_path):
    path = written(tmp_path / "a.wav", noise(0.1, seconds=0.05))
    assert Levels(lambda _: path, target_lufs=-18.0, patient=True).gain("a") == 1.0


def test_songs_to_come_are_measured_in_time_and_others_go_by_what_the_library_knows():
    def measured(path):
        if path == "broken":
            raise AudioError("not music")
        return Level(-24.0, -20.0)

    with Levels(str, target_lufs=-18.0, patient=False, guess=lambda _: -12.0, measure=measured) as levels:
        assert levels.gain("clicked") == pytest.approx(10 ** (-6 / 20))
        levels.songs(("coming", "broken"))
        until = time.perf_counter() + 10
        while len(levels._known) < 2 and time.perf_counter() < until:
            time.sleep(0.01)
        assert levels.gain("coming") == pytest.approx(10 ** (6 / 20))
        assert levels.gain("broken") == pytest.approx(10 ** (-6 / 20))


def test_without_a_target_every_song_stays_as_it_is(tmp_path):
    assert Levels(lambda _: tmp_path / "nowhere", target_lufs=None, patient=True).gain("a") == 1.0
