from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mixtape.audio import SAMPLE_RATE_HZ
from mixtape.errors import LibraryError
from mixtape.fingerprint.constellation import constellation
from mixtape.fingerprint.index import FEWEST, Index, gathered, kept
from mixtape.types import Constellation, FloatArray
from scripts.figures.rooms import heard_as, song

SONGS = {f"{seed:02x}song": song(seed) for seed in range(12)}
STARTS_S = np.random.default_rng(3).uniform(0, 18, len(SONGS))


@pytest.fixture(scope="module")
def peaks() -> dict[str, Constellation]:
    return {name: constellation([sound]) for name, sound in SONGS.items()}


@pytest.fixture(scope="module")
def index(peaks: dict[str, Constellation]) -> Index:
    return Index.of(peaks)


def _ten_seconds(name: str, start_s: float) -> FloatArray:
    begin = round(start_s * SAMPLE_RATE_HZ)
    return SONGS[name][begin : begin + 10 * SAMPLE_RATE_HZ]


def test_ten_seconds_from_anywhere_say_the_song_and_the_place_in_it(index: Index) -> None:
    for (name, _), start_s in zip(SONGS.items(), STARTS_S, strict=True):
        match = index.recognise(_ten_seconds(name, start_s))
        assert match is not None
        assert match.track_id == name
        assert abs(match.song_s - start_s) < 0.015


def test_a_song_is_known_after_an_encoder_a_quiet_gain_and_a_room(index: Index) -> None:
    right = 0
    for seed, ((name, _), start_s) in enumerate(zip(SONGS.items(), STARTS_S, strict=True)):
        match = index.recognise(heard_as("room", _ten_seconds(name, start_s), seed=seed))
        assert match is None or match.track_id == name
        # An encoder's own delay is part of what is heard.
        right += match is not None and abs(match.song_s - start_s) < 0.08
    assert right >= 11


def test_music_that_is_not_here_silence_and_noise_are_nobody(index: Index) -> None:
    rng = np.random.default_rng(0)
    strange = [song(seed, seconds=11) for seed in range(100, 112)]
    strange += [np.zeros(441_000, np.float32), rng.standard_normal(441_000).astype(np.float32), np.zeros(0, np.float32)]
    for sound in strange:
        assert index.recognise(sound) is None
        assert all(match.score < FEWEST for match in index.candidates(sound))


def test_an_empty_collection_recognises_nothing() -> None:
    assert Index.of({}).recognise(song(1)) is None
    assert Index(()).recognise(song(1)) is None


def test_more_songs_ask_for_more_agreement() -> None:
    nothing = Constellation(np.zeros(0, np.uint32), np.zeros(0, np.uint16))
    assert Index.of({str(k): nothing for k in range(100)}).fewest == FEWEST
    assert Index.of({str(k): nothing for k in range(800)}).fewest == FEWEST + 2


def test_an_index_on_the_disk_answers_as_one_in_memory_and_is_mapped(
    index: Index, peaks: dict[str, Constellation], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mixtape.fingerprint.index.SEGMENT_SONGS", 3)
    made = gathered(tmp_path, tuple(peaks), [1] * len(peaks), peaks.__getitem__)
    assert sorted(made.ids) == sorted(peaks)
    assert all(isinstance(segment.places, np.memmap) for segment in made.segments)
    sound = _ten_seconds("05song", 4.0)
    assert made.recognise(sound) == index.recognise(sound) == kept(tmp_path).recognise(sound)


def test_only_what_changed_is_gathered_anew(
    peaks: dict[str, Constellation], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mixtape.fingerprint.index.SEGMENT_SONGS", 3)
    asked: list[str] = []

    def constellation_of(name: str) -> Constellation:
        asked.append(name)
        return peaks[name]

    made = gathered(tmp_path, list(peaks), [1] * 12, constellation_of)
    assert sorted(asked) == sorted(peaks)
    asked.clear()
    gathered(tmp_path, list(peaks), [1] * 12, constellation_of)
    assert asked == []
    home = next(segment for segment in made.segments if "03song" in segment.ids)
    gathered(tmp_path, list(peaks), [2 if name == "03song" else 1 for name in peaks], constellation_of)
    assert sorted(asked) == sorted(home.ids)
    asked.clear()
    left = [name for name in peaks if name != "03song"]
    made = gathered(tmp_path, left, [1] * 11, constellation_of)
    assert set(asked) == set(home.ids) - {"03song"}
    assert sorted(made.ids) == left
    assert made.recognise(_ten_seconds("03song", 5.0)) is None


def test_a_broken_index_is_an_error_in_words_and_is_made_anew(peaks: dict[str, Constellation], tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="mixtape build"):
        kept(tmp_path)
    gathered(tmp_path, tuple(peaks), [1] * len(peaks), peaks.__getitem__)
    broken = next(tmp_path.glob("*.places.npy"))
    broken.write_bytes(b"")
    with pytest.raises(LibraryError, match="mixtape build"):
        kept(tmp_path)
    assert gathered(tmp_path, tuple(peaks), [1] * len(peaks), peaks.__getitem__).recognise(_ten_seconds("03song", 2.0))
