from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mixtape.config import EarConfig
from mixtape.ear.learn import ENOUGH, learn, outgrown
from mixtape.errors import LibraryError
from mixtape.library import Library
from mixtape.types import Timeline, Track

QUICK = EarConfig(net=True, minutes=0.01, threads=1)
LINEAR = replace(QUICK, net=False)
STILL = Timeline(*(np.zeros(shape, np.float32) for shape in ((60,), (60, 8), (60,), (60,), (0,), (0,))))


@pytest.fixture
def library(tmp_path):
    with Library(tmp_path / "library", create=True) as opened:
        yield opened


def add(library, numbers, sketch_of):
    for number in numbers:
        name = f"{number:032x}"
        library.put_tracks([Track(name, Path(f"/music/{number}.flac"), "", str(number), "", "", None, 8.0, None)])
        library.put_listening(name, {}, STILL, versions={"sketch": 1}, sketch=sketch_of(number))


def vectors(library, name):
    features = library.features(name)
    return dict(zip(features.ids, features.values, strict=True))


def no_work(stage, done, total):
    raise AssertionError(f"{stage} {done}/{total}: there is nothing to do")


def test_a_small_collection_does_without(library, sketch_of):
    add(library, range(ENOUGH - 1), sketch_of)
    assert learn(library, QUICK) == ()
    assert library.learned() == ()


def test_both_ears_hear_every_song_and_a_second_run_does_nothing(library, sketch_of):
    add(library, range(ENOUGH), sketch_of)
    assert learn(library, QUICK) == ("ear_linear", "ear_net")
    assert library.features("ear_linear").values.shape == (ENOUGH, 64)
    assert library.features("ear_net").values.shape == (ENOUGH, 128)
    assert learn(library, QUICK, progress=no_work) == ("ear_linear", "ear_net")
    assert not (library.ear_folder / "training.pt").exists()


def test_without_the_network_there_is_the_linear_ear_alone(library, sketch_of):
    add(library, range(ENOUGH), sketch_of)
    assert learn(library, LINEAR) == ("ear_linear",)
    assert library.learned() == ("ear_linear",)


def test_a_new_song_is_heard_and_changes_nobody_elses_vector(library, sketch_of):
    add(library, range(ENOUGH), sketch_of)
    learn(library, LINEAR)
    before = vectors(library, "ear_linear")
    add(library, [900], sketch_of)
    learn(library, LINEAR)
    after = vectors(library, "ear_linear")
    assert len(after) == ENOUGH + 1
    assert all(np.array_equal(after[song], before[song]) for song in before)


def test_an_ear_learns_anew_when_the_collection_grew_by_a_fifth(library, sketch_of):
    add(library, range(ENOUGH), sketch_of)
    learn(library, LINEAR)
    before = vectors(library, "ear_linear")
    add(library, range(900, 905), sketch_of)
    learn(library, LINEAR)
    assert all(np.array_equal(vectors(library, "ear_linear")[song], before[song]) for song in before)
    add(library, [905], sketch_of)
    learn(library, LINEAR)
    assert not any(np.array_equal(vectors(library, "ear_linear")[song], before[song]) for song in before)


def test_growth_counts_songs_the_ear_never_met():
    taught = [str(number) for number in range(100)]
    assert not outgrown(taught, taught)
    assert not outgrown([*taught, *map(str, range(100, 119))], taught)
    assert outgrown([*taught, *map(str, range(100, 120))], taught)
    assert outgrown([str(number) for number in range(20, 120)], taught)
    assert not outgrown(taught[:40], taught)
    assert outgrown(taught, [])


def test_songs_that_leave_leave_the_others_as_they_are(library, sketch_of):
    add(library, range(ENOUGH + 5), sketch_of)
    learn(library, LINEAR)
    before = vectors(library, "ear_linear")
    library.forget_files([])
    learn(library, LINEAR)
    assert all(np.array_equal(now, before[song]) for song, now in vectors(library, "ear_linear").items())


def test_another_kind_of_sketch_makes_the_ear_learn_anew(library, sketch_of, monkeypatch):
    add(library, range(ENOUGH), sketch_of)
    learn(library, LINEAR)
    monkeypatch.setattr("mixtape.ear.learn.SKETCH_VERSION", 99)
    with pytest.raises(AssertionError, match="linear ear learns"):
        learn(library, LINEAR, progress=no_work)


def test_more_minutes_make_the_network_learn_anew(library, sketch_of):
    add(library, range(ENOUGH), sketch_of)
    learn(library, QUICK)
    before = vectors(library, "ear_net")
    learn(library, replace(QUICK, minutes=0.02))
    assert not any(np.array_equal(now, before[song]) for song, now in vectors(library, "ear_net").items())


def test_a_run_cut_off_in_training_goes_on_with_the_songs_it_had_begun_with(library, sketch_of):
    add(library, range(ENOUGH), sketch_of)

    def cut(stage, done, total):
        if stage == "own ear" and done == total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn(library, QUICK, progress=cut)
    add(library, [900], sketch_of)
    trained = []
    learn(library, QUICK, progress=lambda stage, done, total: trained.append(done) if stage == "own ear" else None)
    assert min(trained) > 0
    assert len(vectors(library, "ear_net")) == ENOUGH + 1


def test_a_broken_ear_is_learned_again(library, sketch_of):
    add(library, range(ENOUGH), sketch_of)
    learn(library, LINEAR)
    before = vectors(library, "ear_linear")
    (library.ear_folder / "ear_linear.npz").write_bytes(b"torn")
    learn(library, LINEAR)
    assert all(np.array_equal(now, before[song]) for song, now in vectors(library, "ear_linear").items())


def test_a_collection_of_silences_does_without(library):
    add(library, range(ENOUGH), lambda number: np.zeros((300, 64), np.uint8))
    assert learn(library, QUICK) == ()


def test_a_song_without_a_sketch_is_told(library, sketch_of):
    add(library, range(ENOUGH), sketch_of)
    library.put_tracks([Track("f" * 32, Path("/music/x.flac"), "", "x", "", "", None, 8.0, None)])
    with pytest.raises(LibraryError, match="run mixtape build"):
        learn(library, LINEAR)
