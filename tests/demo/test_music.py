"""The made-up songs are music: sound without faults, and styles that measurably differ."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from mixtape.demo.desk import SAMPLE_RATE_HZ
from mixtape.demo.perform import PLAYERS, perform
from mixtape.demo.plan import STYLES, albums


@lru_cache(maxsize=4)
def _played(style):
    """The first song of a style, cut to about ten seconds of bars so that the tests stay quick."""
    song = next(s for a in albums(1) for s in a.songs if s.style == style)
    bar_s = song.beats * 60 / song.bpm
    return perform(replace(song, bars=max(6, 2 * round(9 / bar_s / 2))))


def _level_db(sound):
    return 10 * np.log10(float(np.mean(sound**2)))


def _centroid_hz(sound):
    power = np.abs(np.fft.rfft(sound.mean(axis=0))) ** 2
    return float((power * np.fft.rfftfreq(sound.shape[1], 1 / SAMPLE_RATE_HZ)).sum() / power.sum())


def test_every_style_of_the_plan_has_a_player():
    assert set(PLAYERS) == set(STYLES)


@pytest.mark.parametrize("style", sorted(STYLES))
def test_a_song_is_clean_stereo_and_never_silent_for_a_second_before_its_end(style):
    sound = _played(style)
    assert sound.dtype == np.float32 and sound.shape[0] == 2
    assert np.isfinite(sound).all()
    assert 0.1 < np.abs(sound).max() < 0.95
    assert abs(float(sound.mean())) < 1e-3
    assert np.abs(sound[:, [0, -1]]).max() < 1e-3
    assert np.abs(sound[0] - sound[1]).max() > 0.01
    blocks = sound[:, : sound.shape[1] // 4410 * 4410].mean(axis=0).reshape(-1, 4410)[5:-50]
    quiet = np.sqrt((blocks**2).mean(axis=1)) < 10 ** (-60 / 20)
    assert max((len(run) for run in "".join("q" if q else " " for q in quiet).split()), default=0) < 10


def test_the_same_song_is_the_same_samples():
    song = replace(albums(1)[4].songs[0], bars=6)
    assert np.array_equal(perform(song), perform(song))


def test_metal_is_loud_and_bright_and_flat_while_a_nocturne_is_quiet_and_breathes():
    loud, quiet = _played("metal"), _played("nocturne")
    assert _level_db(loud) > _level_db(quiet) + 9
    crest = [20 * np.log10(np.abs(s).max()) - _level_db(s) for s in (loud, quiet)]
    assert crest[1] > crest[0] + 5


def test_dub_lies_low_and_a_harpsichord_high():
    assert _centroid_hz(_played("baroque")) > 4 * _centroid_hz(_played("dub"))


def test_styles_spread_from_a_slow_pulse_to_a_very_fast_one():
    tempos = [np.mean(style.bpm) for style in STYLES.values()]
    assert min(tempos) < 75 and max(tempos) > 165
