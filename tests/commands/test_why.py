"""What `mixtape why` and `mixtape features` print, on a small library of made-up numbers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mixtape.commands.features import features
from mixtape.commands.why import why
from mixtape.errors import ConfigError, LibraryError
from mixtape.features.csv import load_csv
from mixtape.features.traits import TRAITS
from mixtape.library import Library
from mixtape.playlists.collection import Collection
from mixtape.playlists.recipe import Request
from mixtape.playlists.registry import RECIPES
from mixtape.similarity.distances import set_distances
from mixtape.similarity.nearest import nearest
from mixtape.types import SongMap, Timeline, Track
from mixtape.why.claims import phrased

SONGS = 40


def made_up_traits(row: int) -> np.ndarray:
    """Songs 0 and 1 in A minor at 94 BPM, 1 the darker; all others at tempi and in keys of their own, or of none."""
    chance = np.random.default_rng(row)
    known = {trait.name: float(chance.uniform(0.3, 0.7)) for trait in TRAITS}
    known |= {"tempo_bpm": 60.0 + 3.3 * row, "tempo_confidence": 0.9, "key": row % 7, "mode": 1.0, "key_confidence": 0.9}
    known |= {
        "loudness_lufs": -14.0,
        "dynamics_db": 8.0,
        "events_per_s": 4.0,
        "bass": 0.4,
        "pulse": 0.4,
        "brightness": 0.3 + 0.01 * row,
    }
    if row < 2:
        known |= {"tempo_bpm": 94.0 + 0.5 * row, "key": 9.0, "mode": 0.0, "brightness": 0.6 - 0.2 * row}
    return np.array([known[trait.name] for trait in TRAITS], np.float32)


def write(folder: Path, *, traits: bool) -> None:
    chance = np.random.default_rng(5)
    quiet = np.zeros(60, np.float32)
    timeline = Timeline(quiet, np.zeros((60, 8), np.float32), quiet, quiet, np.zeros(0, np.float32))
    ids = tuple(f"{row:032d}" for row in range(SONGS))
    rp = chance.normal(size=(SONGS, 6)).astype(np.float32)
    rp[1] = rp[0] + 0.01
    with Library(folder, create=True) as library:
        for row, song in enumerate(ids):
            vectors = {"rp": rp[row]} | ({"traits": made_up_traits(row)} if traits else {})
            path = Path(f"/music/{'album' if row % 2 else 'a, b'}/{row:02d}.mp3")
            library.put_tracks([Track(song, path, f"Artist {row:02d}", f"Title {row:02d}", "", "", None, 60.0, None)])
            library.put_listening(song, vectors, timeline, versions={**dict.fromkeys(vectors, 1), "timeline": 1})
        near = nearest(set_distances("rp", rp), ids, k=10)
        library.put_neighbours("fused", near, made_from="")
        library.put_map(SongMap("fused", ids, chance.random((SONGS, 2)).astype(np.float32), "rp", 30.0, 1), made_from="")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("with traits")
    write(folder, traits=True)
    return folder


@pytest.fixture(scope="module")
def old_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that was made before there were traits."""
    folder = tmp_path_factory.mktemp("without traits")
    write(folder, traits=False)
    return folder


def test_why_says_in_a_sentence_and_a_table_what_two_songs_share(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    why("Title 00", "Title 01", library=library)
    said = capsys.readouterr().out
    line = next(line for line in said.splitlines() if line.startswith("B seen from A"))
    assert line.startswith("B seen from A: nearest by sound: ") and line.endswith(", darker")
    assert "both in A minor" in line or "similar rhythm" in line
    assert "94 BPM" in said and "A minor" in said and "-14.0 LUFS" in said
    assert "1. of 39" in said and "nearer than 100 % of songs" in said


def test_why_in_json_has_ranks_traits_and_nearness_both_ways(library: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    why("Title 00", "Title 01", as_json=True, library=library)
    found = json.loads(capfdbinary.readouterr().out)
    assert found["ranks"] == {"b_from_a": 1, "a_from_b": 1}
    assert found["a"]["label"] == "Artist 00 - Title 00" and found["songs"] == SONGS
    assert found["traits"]["tempo_bpm"] == {"a": 94.0, "b": 94.5}
    assert found["nearer_than_percent"] == {"rp": {"b_from_a": 100, "a_from_b": 100}}
    assert 1 <= len(found["words"]) <= 3 and found["words"][-1] == "darker"


def test_two_words_for_one_song_are_refused(library: Path) -> None:
    with pytest.raises(ConfigError, match="name two songs"):
        why("Title 00", "Artist 00", library=library)


def test_songs_far_apart_are_said_to_be(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Library(library) as opened:
        near = opened.neighbours()
    far = next(row for row in range(SONGS) if row and row not in near.index[0])
    why("Title 00", f"Title {far:02d}", library=library)
    assert "B seen from A: beyond the 10 nearest by sound" in capsys.readouterr().out


def test_a_library_without_traits_compares_by_the_sets_it_has(old_library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    why("Title 00", "Title 01", library=old_library)
    said = capsys.readouterr().out
    assert "nearest by sound: similar rhythm" in said and "BPM" not in said


@pytest.mark.parametrize("recipe", ["nearest_map", "nearest_features", "radio", "tour"])
def test_a_mixtape_tells_what_each_song_shares_with_the_one_before(library: Path, recipe: str) -> None:
    with Library(library) as opened:
        collection = Collection.of(opened)
    made = RECIPES[recipe](Request(f"{0:032d}", length=12), collection)
    assert made.reasons[0] == "the seed song" and all(made.reasons)
    for words, reason in zip(collection.why.along(made.ids), made.reasons[1:], strict=True):
        assert reason == phrased(words) if words else "nearest" in reason or "map" in reason


def test_features_are_listed_and_written_for_rp_extracts_readers(
    library: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    features(library=library)
    assert "rhythm pattern" in capsys.readouterr().out
    features(csv=tmp_path, library=library)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mixtape.rp", "mixtape.traits"]
    back = load_csv(tmp_path / "mixtape.rp")
    assert back.ids[:2] == ("a, b/00.mp3", "album/01.mp3") and back.values.shape == (SONGS, 6)
    with pytest.raises(ConfigError, match="without folders"):
        features(csv=tmp_path, name="../x", library=library)


def test_features_of_nothing_heard_name_the_remedy(tmp_path: Path) -> None:
    with Library(tmp_path, create=True):
        pass
    with pytest.raises(LibraryError, match="run mixtape build"):
        features(library=tmp_path)
