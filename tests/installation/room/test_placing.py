from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from installation.room.placing import Placer, densest
from installation.room.thinking import Answer, Apart, Question, think
from mixtape.audio import SAMPLE_RATE_HZ
from mixtape.build import build
from mixtape.config import BuildConfig, Config, EarConfig
from mixtape.errors import LibraryError
from mixtape.library import Library
from scripts.figures.rooms import song

CONFIG = Config(build=BuildConfig(jobs=1), ear=EarConfig(net=False))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of six made-up songs, two of each loudness of noise behind them."""
    folder = tmp_path_factory.mktemp("room")
    (folder / "music").mkdir()
    for seed in range(6):
        noise = 0.03 * (seed // 2) * np.random.default_rng(seed).standard_normal(20 * SAMPLE_RATE_HZ)
        soundfile.write(folder / "music" / f"{seed}.flac", song(seed, seconds=20.0) + noise, SAMPLE_RATE_HZ)
    with Library(folder / "library", create=True) as library, library.building():
        build(folder / "music", library, config=CONFIG)
    return folder / "library"


def test_a_song_is_recognised_and_other_music_stands_among_what_sounds_like_it(built: Path) -> None:
    placer = Placer.load(built, CONFIG)
    assert placer.recognises
    recent = song(0, seconds=20.0)[4 * SAMPLE_RATE_HZ : 14 * SAMPLE_RATE_HZ]
    answer = think(placer, Question(recent, recent, 0))
    assert answer.match is not None
    assert answer.placed is None
    assert answer.match.song_s == pytest.approx(4.0, abs=0.02)
    strange = song(77, seconds=12.0) + 0.06 * np.random.default_rng(7).standard_normal(12 * SAMPLE_RATE_HZ).astype(np.float32)
    answer = think(placer, Question(strange, strange, 9))
    assert answer.at == 9
    assert answer.match is None
    assert answer.placed is not None
    with Library(built) as library:
        titles = {track.id: track.title for track in library.tracks()}
        xy = library.map().xy
    assert {titles[track_id] for track_id in answer.placed.ids[:2]} == {"4", "5"}
    assert (xy.min(axis=0) <= answer.placed.xy).all()
    assert (answer.placed.xy <= xy.max(axis=0)).all()


def test_silence_and_a_moment_of_sound_belong_nowhere(built: Path) -> None:
    placer = Placer.load(built, CONFIG)
    assert placer.place(np.zeros(30 * SAMPLE_RATE_HZ, np.float32)) is None
    assert placer.place(song(1, seconds=2.0)) is None
    assert placer.recognise(np.zeros(0, np.float32)) is None


def test_without_fingerprints_music_still_has_its_place(built: Path) -> None:
    with Library(built) as library:
        for path in library.fingerprint_folder.iterdir():
            path.rename(path.with_suffix(path.suffix + ".away"))
    try:
        placer = Placer.load(built, CONFIG)
        assert not placer.recognises
        answer = think(placer, Question(song(0), song(0), 0))
        assert answer.match is None
        assert answer.placed is not None
    finally:
        for path in (built / "fingerprint").iterdir():
            path.rename(path.with_suffix(""))


def test_songs_that_agree_say_the_place_and_one_far_off_does_not_pull_it() -> None:
    cluster = np.array([[0.2, 0.2], [0.22, 0.2], [0.2, 0.22], [0.9, 0.9], [0.21, 0.21]], np.float32)
    assert densest(cluster) == pytest.approx((0.21, 0.21), abs=0.01)
    assert densest(cluster[3:4]) == pytest.approx((0.9, 0.9))


@pytest.mark.slow
def test_a_process_answers_is_started_again_when_it_dies_and_says_so(built: Path) -> None:
    recent = song(0, seconds=20.0)[4 * SAMPLE_RATE_HZ : 14 * SAMPLE_RATE_HZ]
    with Apart(built, CONFIG) as mind:
        answer = _asked(mind, Question(recent, None, 5))
        assert answer.match is not None
        assert answer.at == 5
        assert mind._pool
        for process in mind._pool._processes.values():
            process.kill()
        died = _asked(mind, Question(recent, None, 6))
        assert "died" in died.error
        assert _asked(mind, Question(recent, None, 7)).match == answer.match
    assert mind.ask(Question(recent, None, 8)) is False


@pytest.mark.slow
def test_a_library_that_is_not_built_is_an_error_in_words(tmp_path: Path) -> None:
    with Library(tmp_path, create=True):
        pass
    with pytest.raises(LibraryError):
        Placer.load(tmp_path, CONFIG)
    with Apart(tmp_path, CONFIG) as mind:
        assert "mixtape build" in _asked(mind, Question(song(0), None, 0)).error


def _asked(mind: Apart, question: Question) -> Answer:
    import time

    for _ in range(6000):
        if mind.ask(question):
            break
        time.sleep(0.01)
    for _ in range(6000):
        if answer := mind.answer():
            return answer
        time.sleep(0.01)
    raise AssertionError("no answer came")
