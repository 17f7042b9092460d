from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlparse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixtape.errors import LibraryError
from mixtape.playlists.export import TABLE_HEAD, as_json, m3u8, one_line, table_rows
from mixtape.types import Playlist, Track

TRACK = Track("a", Path("/music/Björk/01 Jóga.mp3"), "Björk", "Jóga", "Homogenic", "Electronic", 1997, 304.6, None)


def one_song(**changed) -> tuple[Playlist, list[Track]]:
    track = dataclasses.replace(TRACK, **changed)
    return Playlist("nearest_map", track.id, 0, (track.id,), ("the seed song",)), [track]


def entries(text: str) -> list[str]:
    return [line for line in text.split("\n") if line and not line.startswith("#")]


def test_a_player_gets_title_length_and_path():
    assert m3u8(*one_song()) == "#EXTM3U\n#EXTINF:305,Björk - Jóga\n/music/Björk/01 Jóga.mp3\n"


def test_paths_are_relative_to_where_the_file_will_lie():
    assert entries(m3u8(*one_song(), relative_to=Path("/music"))) == ["Björk/01 Jóga.mp3"]
    assert entries(m3u8(*one_song(), relative_to=Path("/lists/mine"))) == ["../../music/Björk/01 Jóga.mp3"]


def test_songs_stand_in_the_order_of_the_mixtape():
    tracks = [dataclasses.replace(TRACK, id=song, path=Path(f"/m/{song}.mp3")) for song in "abc"]
    playlist = Playlist("r", "c", 0, ("c", "a", "b"), ("", "", ""))
    assert entries(m3u8(playlist, tracks)) == ["/m/c.mp3", "/m/a.mp3", "/m/b.mp3"]


@given(artist=st.text(), title=st.text())
def test_no_tag_can_add_a_line(artist: str, title: str):
    text = m3u8(*one_song(artist=artist, title=title))
    assert len(text.splitlines()) == 3
    assert text.encode("utf-8").decode("utf-8") == text


@pytest.mark.parametrize("name", [" first space.mp3", "http:.mp3"])
def test_a_file_name_is_never_taken_for_an_address(name: str):
    assert entries(m3u8(*one_song(path=Path("/m") / name), relative_to=Path("/m"))) == [f"./{name}"]


@pytest.mark.parametrize(
    "name",
    [
        b"two\nlines.mp3",
        b"#EXTM3U.mp3",
        b"No. #1.mp3",
        b"latin \xe9.mp3",
        b"last space ",
        b"\x1bcolour.mp3",
        "next\u2028line".encode(),
    ],
)
@pytest.mark.parametrize("folder", [None, Path("/m")])
def test_a_path_that_is_no_line_of_text_becomes_an_address_that_leads_there(name: bytes, folder: Path | None):
    text = m3u8(*one_song(path=Path("/m") / os.fsdecode(name)), relative_to=folder)
    (entry,) = entries(text)
    assert urlparse(entry).scheme == "file"
    assert unquote_to_bytes(urlparse(entry).path) == b"/m/" + name
    assert len(text.splitlines()) == 3


def test_an_unknown_length_is_minus_one_and_an_unknown_artist_leaves_the_title():
    assert "#EXTINF:-1,Jóga\n" in m3u8(*one_song(duration_s=0.0, artist=""))


def test_json_says_all_there_is_and_survives_odd_paths():
    odd = Path("/m") / os.fsdecode(b"\xff.mp3")
    text = as_json(*one_song(path=odd, title="音楽"))
    assert "音楽" in text
    loaded = json.loads(text.encode("utf-8"))
    assert (loaded["recipe"], loaded["seed_id"], loaded["variation"]) == ("nearest_map", "a", 0)
    (song,) = loaded["songs"]
    assert (song["place"], song["id"], song["artist"], song["reason"]) == (1, "a", "Björk", "the seed song")
    assert Path(song["path"]) == odd


def test_a_table_has_a_row_for_each_song_under_its_heads():
    (row,) = table_rows(*one_song(title="two\nlines", duration_s=3723.0))
    assert row == ("1", "Björk", "two lines", "1:02:03", "the seed song")
    assert len(row) == len(TABLE_HEAD)
    assert table_rows(*one_song())[0][3] == "5:05"


def test_lines_are_made_of_printable_text():
    assert one_line("a\r\n\tb\x00 \x1b[31mc\udcff d\u2028e") == "a b [31mc d e"


def test_a_song_the_collection_lost_is_named():
    playlist, _ = one_song()
    with pytest.raises(LibraryError, match="'a'"):
        m3u8(playlist, [])
