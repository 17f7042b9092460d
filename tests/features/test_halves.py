"""The halves of a song: what one hears in them, that it is heard once, and what songs without two halves come to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from mixtape.errors import AudioError, LibraryError
from mixtape.features import halves as room
from mixtape.features.halves import half_sketches, halves_of, kept_halves, listen_to_halves
from mixtape.features.listen import SETS, listen
from mixtape.types import Track

RATE = 44100


def sound(seconds: float, seed: int) -> np.ndarray:
    return 0.2 * np.random.default_rng(seed).standard_normal(round(seconds * RATE)).astype(np.float32)


def written(path: Path, samples: np.ndarray) -> Track:
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    return Track(
        f"{len(path.name):04x}{path.stem.encode().hex():0>28}"[:32], path, "", "", "", "", None, len(samples) / RATE, None
    )


def test_each_half_is_heard_as_if_it_were_a_file_of_its_own(tmp_path: Path) -> None:
    first, second = sound(7.0, 1), 0.3 * np.cumsum(sound(7.0, 2)).clip(-1, 1)
    whole = written(tmp_path / "whole.wav", np.concatenate([first, second]))
    heard = listen_to_halves(whole.path, n_samples=len(first) * 2)
    for half, samples in zip(heard, (first, second), strict=True):
        alone = listen(written(tmp_path / "half.wav", samples).path)
        for name in SETS:
            np.testing.assert_array_equal(half.vectors[name], alone.vectors[name], err_msg=name)


def test_songs_are_decoded_once_and_then_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    song = written(tmp_path / "song.wav", sound(13.0, 3))
    told: list[tuple[str, int, int]] = []
    found, skipped = halves_of([song], tmp_path / "halves", jobs=1, progress=lambda *step: told.append(step))
    assert skipped == []
    assert told == [(room.STAGE, 1, 1)]
    song.path.unlink()
    again, skipped = halves_of([song], tmp_path / "halves", jobs=1)
    assert skipped == []
    for name in SETS:
        np.testing.assert_array_equal(again[song.id].second[name], found[song.id].second[name])
    assert all(sketch.shape[0] > 200 and sketch.shape[1] == 64 for sketch in half_sketches(tmp_path / "halves", song.id))
    # A new version of an ear hears again.
    monkeypatch.setattr(room, "SKETCH_VERSION", -1)
    assert kept_halves(tmp_path / "halves", song.id) is None


def test_a_song_too_short_for_two_halves_is_named_with_the_reason_and_not_decoded(tmp_path: Path) -> None:
    short = written(tmp_path / "short.wav", sound(11.8, 4))
    gone = Track("b" * 32, tmp_path / "gone.wav", "", "", "", "", None, 60.0, None)
    just = written(tmp_path / "just.wav", sound(11.9, 5))
    found, skipped = halves_of([short, gone, just], tmp_path / "halves", jobs=1)
    assert set(found) == {just.id}
    assert {each.path.name: each.reason for each in skipped}.keys() == {"short.wav", "gone.wav"}
    assert any("two halves of 5.94 s are needed" in each.reason for each in skipped)
    with pytest.raises(AudioError, match="two halves"):
        listen_to_halves(short.path, n_samples=round(11.8 * RATE))
    with pytest.raises(LibraryError):
        half_sketches(tmp_path / "halves", short.id)


def test_a_file_that_ends_before_its_stated_length_is_skipped(tmp_path: Path) -> None:
    song = written(tmp_path / "cut.wav", sound(8.0, 6))
    with pytest.raises(AudioError, match="cut"):
        listen_to_halves(song.path, n_samples=30 * RATE)


def test_halves_do_not_depend_on_how_many_processes_listen(tmp_path: Path) -> None:
    songs = [written(tmp_path / f"{number}.wav", sound(12.5, number)) for number in range(2)]
    one, _ = halves_of(songs, tmp_path / "one", jobs=1)
    two, _ = halves_of(songs, tmp_path / "two", jobs=2)
    assert set(one) == set(two)
    for song in songs:
        for name in SETS:
            np.testing.assert_array_equal(one[song.id].first[name], two[song.id].first[name])
