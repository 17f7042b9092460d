"""What a person sees of the offline commands: what they print, and what they refuse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import prepared
import pytest

from mixtape.commands import collection, covers, playlists
from mixtape.errors import LibraryError
from mixtape.library import Library
from mixtape.types import Track

ROOT = Path(__file__).resolve().parent.parent
STRANGE = b"caf\xe9 \x1b[31m\n.mp3"


@pytest.fixture(scope="module", autouse=True)
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A working folder without a config.toml, so that the defaults hold."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("elsewhere"))
        yield


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of three songs, one of them with a name of odd bytes, and one broken one; and their library in it."""
    music = tmp_path_factory.mktemp("shelf")
    prepared.write_music(music, songs=3)
    odd = music / os.fsdecode(STRANGE)
    next(music.rglob("01 *.flac")).rename(odd)
    (music / os.fsdecode(b"broken " + STRANGE)).write_bytes(b"milk and bread\n" * 99)
    (music / "Artist 1" / "Album 1" / "cover.jpg").write_bytes(b"no picture")
    collection.build(music, library=music / "library", jobs=1)
    return music


def test_a_build_names_what_was_skipped_and_pictures_it_could_not_use(
    shelf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    collection.build(shelf, library=tmp_path, jobs=1)
    said = capsys.readouterr().out
    assert "cover.jpg: no picture of a known format" in said
    assert "3 ready, 0 copies set aside, 1 skipped" in said


def test_names_of_any_bytes_are_shown_without_reaching_the_terminal_as_commands(
    shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    collection.skipped(library=shelf / "library")
    (line,) = capsys.readouterr().out.splitlines()
    assert "caf\\udce9 \\x1b[31m\\x0a.mp3" in line


def test_a_folder_of_music_is_never_made_a_library(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="only read"):
        collection.build(tmp_path, library=tmp_path / "." / "")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_place_of_the_folder_is_said_before_anything_is_made(tmp_path: Path) -> None:
    (tmp_path / "song.mp3").touch()
    with pytest.raises(LibraryError, match="name the folder"):
        collection.build(tmp_path / "song.mp3", library=tmp_path / "library")
    assert not (tmp_path / "library").exists()


def test_a_mixtape_in_json_is_utf8_on_any_terminal_and_keeps_odd_names(shelf: Path) -> None:
    library = shelf / "library"
    with Library(library) as opened:
        ids = {track.id for track in opened.tracks()}
    words = ["playlist", "--random", "--json", "--length", "500", "--library", str(library)]
    done = subprocess.run(
        [sys.executable, "-m", "installation.cli", *words],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONPATH": str(ROOT)},
    )
    made = json.loads(done.stdout.decode("utf-8"))
    assert {song["id"] for song in made["songs"]} == ids
    assert os.fsencode(shelf / os.fsdecode(STRANGE)) in {os.fsencode(song["path"]) for song in made["songs"]}


def test_an_m3u8_leads_back_to_the_songs(shelf: Path, tmp_path: Path) -> None:
    playlists.playlist(random=True, out=tmp_path / "mine.m3u8", library=shelf / "library")
    lines = (tmp_path / "mine.m3u8").read_text(encoding="utf-8").splitlines()
    places = [line for line in lines if not line.startswith("#")]
    assert len(places) == 3 and sum((tmp_path / place).is_file() for place in places) == 2
    assert (shelf / os.fsdecode(STRANGE)).as_uri() in places


@pytest.mark.parametrize("seed", ["\udcff", "   ", '"', "qqqqqqqqqqqq"])
def test_a_seed_that_means_nothing_is_said_with_the_remedy(shelf: Path, seed: str) -> None:
    with pytest.raises(LibraryError, match="mixtape songs WORDS"):
        playlists.playlist(seed=seed, library=shelf / "library")


def test_training_without_any_cover_says_that_there_is_nothing_to_learn(tmp_path: Path) -> None:
    from mixtape.types import Timeline

    quiet = np.zeros(60, np.float32)
    timeline = Timeline(quiet, np.zeros((60, 8), np.float32), quiet, quiet, np.zeros(0, np.float32))
    vectors = {"rp": np.ones(1440, np.float32), "ssd": np.ones(168, np.float32), "rh": np.ones(60, np.float32)}
    with Library(tmp_path, create=True) as library:
        for name in "ab":
            library.put_tracks([Track(name * 32, Path(f"/{name}.mp3"), "", name, "", "", None, 1.0, None)])
            library.put_listening(name * 32, vectors, timeline, versions=dict.fromkeys([*vectors, "timeline"], 1))
    with pytest.raises(LibraryError, match="no song has a cover"):
        covers.train(library=tmp_path)
