"""What songs are called, with tags and without."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import numpy as np
import pytest

from mixtape.collection.tags import Tags, clean, read_tags, year_of

ROOT = Path("/music")


def _named(path: str) -> Tags:
    return read_tags(ROOT / path, root=ROOT)


def _id3(frames: dict[str, str]) -> bytes:
    body = b""
    for name, text in frames.items():
        content = b"\x01" + text.encode("utf-16")
        body += name.encode() + struct.pack(">IH", len(content), 0) + content
    size = len(body)
    return b"ID3\x03\x00\x00" + bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0)) + body + bytes(64)


@pytest.mark.parametrize(
    ("name", "artist", "title"),
    [
        ("07 Title.mp3", "", "Title"),
        ("07 - Title.mp3", "", "Title"),
        ("7. Title.mp3", "", "Title"),
        ("1-03 Title.mp3", "", "Title"),
        ("01_over_the_hills.mp3", "", "over the hills"),
        ("Someone - Title.mp3", "Someone", "Title"),
        ("07 - Someone - Title.mp3", "Someone", "Title"),
        ("Someone - First Album - 07 - Title.mp3", "Someone", "Title"),
        ("99 Luftballons.mp3", "", "99 Luftballons"),
        ("7 Seconds.mp3", "", "7 Seconds"),
        ("2112.flac", "", "2112"),
        ("3 Doors Down - Title.mp3", "3 Doors Down", "Title"),
        ("01.mp3", "", "01"),
        ("01 title.mp3.ogg", "", "title"),
        ("noise", "", "noise"),
    ],
)
def test_a_file_name_is_read_the_way_people_write_them(name: str, artist: str, title: str) -> None:
    tags = _named(name)
    assert (tags.artist, tags.title, tags.filled) == (artist, title, 0)


@pytest.mark.parametrize(
    ("folder", "artist", "album", "year"),
    [
        ("Someone/First", "Someone", "First", None),
        ("Someone/First/CD2", "Someone", "First", None),
        ("Someone/1979 - First", "Someone", "First", 1979),
        ("Someone/First (1979)", "Someone", "First", 1979),
        ("Someone - First", "Someone", "First", None),
        ("Someone/Someone - [1979] First", "Someone", "First", 1979),
        ("First", "", "First", None),
        ("Downloads", "", "", None),
        ("Various Artists/Party", "", "Party", None),
    ],
)
def test_folders_tell_artist_and_album_where_tags_do_not(folder: str, artist: str, album: str, year: int | None) -> None:
    tags = _named(f"{folder}/01 Title.mp3")
    assert (tags.artist, tags.album, tags.year) == (artist, album, year)


def test_folders_above_the_collection_are_nobody_s_name(tmp_path: Path) -> None:
    assert read_tags(tmp_path / "song.mp3", root=tmp_path) == Tags("", "song", "", "", None, 0)


def test_tags_win_over_names_and_are_cleaned(tmp_path: Path) -> None:
    path = tmp_path / "Someone" / "First" / "01 x.mp3"
    path.parent.mkdir(parents=True)
    frames = {"TIT2": "  Cafe\u0301\t\x07 del   Mar.mp3 ", "TPE1": "Someone", "TALB": "non", "TCON": "(17)", "TYER": "1979-03-02"}
    path.write_bytes(_id3(frames))
    assert read_tags(path, root=tmp_path) == Tags("Someone", "Café del Mar", "First", "Rock", 1979, 4)


def test_tags_are_read_from_formats_that_few_programs_know(tmp_path: Path) -> None:
    path = tmp_path / "x.mka"
    with av.open(str(path), "w", format="matroska") as out:
        out.metadata.update({"title": "Song", "artist": "Someone", "date": "1979"})
        stream = out.add_stream("flac", rate=44100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.int16), "s16", "mono")
        frame.sample_rate = 44100
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    assert read_tags(path, root=tmp_path) == Tags("Someone", "Song", "", "", 1979, 3)


def test_a_tagged_song_in_a_stranger_s_folder_is_no_part_of_that_album(tmp_path: Path) -> None:
    path = tmp_path / "Old Laptop" / "rips" / "x.mp3"
    path.parent.mkdir(parents=True)
    path.write_bytes(_id3({"TPE1": "Someone", "TIT2": "Song"}))
    assert read_tags(path, root=tmp_path) == Tags("Someone", "Song", "", "", None, 2)


def test_a_file_name_repeats_the_artist_no_more_than_needed(tmp_path: Path) -> None:
    (tmp_path / "SOMEONE - Song.mp3").write_bytes(_id3({"TPE1": "Someone"}))
    (tmp_path / "Remix - Song.mp3").write_bytes(_id3({"TPE1": "Someone"}))
    assert read_tags(tmp_path / "SOMEONE - Song.mp3").title == "Song"
    assert read_tags(tmp_path / "Remix - Song.mp3").title == "Remix - Song"


@pytest.mark.parametrize("content", [b"", b"ID3", b"ID3\x03\x00\x00\x7f\x7f\x7f\x7fTIT2", b"fLaC" + bytes(40), b"\x00" * 500])
def test_broken_files_are_called_by_their_names_and_nothing_is_raised(tmp_path: Path, content: bytes) -> None:
    for name in ("song.mp3", "song.flac", "song.m4a", "song.ogg", "song.wav", "song.wv"):
        (tmp_path / name).write_bytes(content)
        assert read_tags(tmp_path / name).title == "song"
    assert read_tags(tmp_path / "not there.mp3").title == "not there"


def test_a_name_that_is_no_utf8_becomes_text_that_can_be_shown(tmp_path: Path) -> None:
    tags = read_tags(Path("/music/" + b"01 caf\xe9.mp3".decode("utf-8", "surrogateescape")))
    assert tags.title == "café" and tags.title.encode("utf-8")


def test_texts_are_one_line_of_visible_characters_and_not_endless() -> None:
    assert clean("a\r\n b\0c") == "a b"
    assert clean("\u202eevil\u202c\ufeff") == "evil"
    assert clean("\ud800x") == "x"
    assert clean("👩\u200d🎤") == "👩\u200d🎤"
    assert len(clean("Exceedingly " * 60)) == 299 and clean("y" * 900) == "y" * 300
    assert clean(None) == clean("<Unknown>") == clean("Unknown Artist") == clean(" ? ") == ""


@pytest.mark.parametrize(
    ("date", "year"),
    [
        ("1979", 1979),
        ("1979-03-02", 1979),
        ("19790302", 1979),
        ("02/03/1979", 1979),
        ("0", None),
        ("79", None),
        ("2101", None),
        (None, None),
    ],
)
def test_a_year_is_found_in_a_date_of_any_writing(date: str | None, year: int | None) -> None:
    assert year_of(date) == year
