"""Which files of a folder count as music."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from mixtape.collection.scan import scan


def _put(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * len(name))


def _names(root: Path) -> list[str]:
    return [file.path.relative_to(root).as_posix() for file in scan(root).files]


def test_music_is_found_in_path_order_whatever_the_case_of_its_ending(tmp_path: Path) -> None:
    _put(tmp_path, "b/2.MP3", "b/1.flac", "a.Opus", "c/d/e/f.m4a", "cover.jpg", "notes.txt", "mp3", "list.m3u")
    assert _names(tmp_path) == ["a.Opus", "b/1.flac", "b/2.MP3", "c/d/e/f.m4a"]
    assert all(file.path.is_absolute() for file in scan(tmp_path).files)


def test_what_systems_leave_behind_is_passed_over_but_names_with_dots_are_music(tmp_path: Path) -> None:
    _put(tmp_path, "._song.mp3", ".hidden/song.mp3", "@eaDir/song.mp3", "__MACOSX/song.mp3", ".DS_Store", "$RECYCLE.BIN/x.mp3")
    _put(tmp_path, "...And Then/...Silence.mp3", ".38 Calibre/1.mp3")
    assert _names(tmp_path) == ["...And Then/...Silence.mp3", ".38 Calibre/1.mp3"]


def test_the_library_inside_the_folder_is_left_out(tmp_path: Path) -> None:
    _put(tmp_path, "song.mp3", "library/covers/x.mp3")
    assert [file.path.name for file in scan(tmp_path, leave_out=tmp_path / "library").files] == ["song.mp3"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights on Windows")
def test_a_link_that_goes_round_or_up_ends_and_a_linked_folder_is_visited_under_its_own_name_first(tmp_path: Path) -> None:
    _put(tmp_path, "stranger.mp3", "music/z/song.mp3", "elsewhere/other.mp3")
    root = tmp_path / "music"
    (root / "z" / "loop").symlink_to("..")
    (root / "a").symlink_to("z")
    (root / "up").symlink_to(tmp_path)
    (root / "to itself").symlink_to("to itself")
    (root / "linked").symlink_to(tmp_path / "elsewhere")
    (root / "gone.mp3").symlink_to("nowhere.mp3")
    assert _names(root) == ["linked/other.mp3", "z/song.mp3"]


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are Unicode there")
def test_names_that_are_no_utf8_are_found_and_can_be_opened(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/caf\xe9 \xff.mp3"
    Path(os.fsdecode(raw)).write_bytes(b"sound")
    (found,) = (file.path for file in scan(tmp_path).files)
    assert os.fsencode(found) == raw and found.read_bytes() == b"sound"


def test_a_folder_that_cannot_be_read_is_noted_and_the_others_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _put(tmp_path, "open/song.mp3", "shut/song.mp3")
    real = os.scandir

    def refusing(path: str | os.PathLike[str]) -> object:
        if Path(path).name == "shut":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refusing)
    seen = scan(tmp_path)
    assert [file.path.parent.name for file in seen.files] == ["open"]
    assert [(each.path.name, "Permission denied" in each.reason) for each in seen.unreadable] == [("shut", True)]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_named_like_a_song_is_not_opened_for_ever(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "song.mp3")
    assert _names(tmp_path) == []


def test_sizes_times_and_cover_files_are_seen(tmp_path: Path) -> None:
    _put(tmp_path, "a/song.mp3", "a/Cover.JPG", "a/back.jpg")
    seen = scan(tmp_path)
    about = (tmp_path / "a" / "song.mp3").stat()
    assert [(f.size_bytes, f.mtime_ns) for f in seen.files] == [(about.st_size, about.st_mtime_ns)]
    assert [picture.path.name for picture in seen.pictures] == ["Cover.JPG"]
