"""XSPF and JSPF as another program reads them."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from urllib.parse import unquote_to_bytes, urljoin, urlparse
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixtape.errors import LibraryError
from mixtape.playlists.spiff import NAMESPACE, address, jspf, written, xspf
from mixtape.types import Playlist, Track

TRACK = Track("a", Path("/music/Björk/01 Jóga.mp3"), "Björk", "Jóga", "Homogenic", "Electronic", 1997, 304.6, None)


def one_song(**changed) -> tuple[Playlist, list[Track]]:
    track = dataclasses.replace(TRACK, **changed)
    return Playlist("nearest_map", track.id, 0, (track.id,), ("the seed song",)), [track]


def songs_in(text: str) -> list[dict[str, str]]:
    root = ElementTree.fromstring(text.encode())
    assert (root.tag, root.get("version")) == (f"{{{NAMESPACE}}}playlist", "1")
    tracks = root.findall(f"{{{NAMESPACE}}}trackList/{{{NAMESPACE}}}track")
    return [{each.tag.partition("}")[2]: each.text or "" for each in track} for track in tracks]


def test_an_xspf_tells_a_player_what_to_play_and_a_person_why():
    (song,) = songs_in(xspf(*one_song()))
    assert song == {
        "location": "file:///music/Bj%C3%B6rk/01%20J%C3%B3ga.mp3",
        "title": "Jóga",
        "creator": "Björk",
        "annotation": "the seed song",
        "album": "Homogenic",
        "duration": "304600",
    }


def test_a_jspf_says_the_same():
    (track,) = json.loads(jspf(*one_song()))["playlist"]["track"]
    (song,) = songs_in(xspf(*one_song()))
    assert track.pop("location") == [song.pop("location")]
    assert {name: str(value) for name, value in track.items()} == song


def test_what_is_not_known_is_left_out():
    (song,) = songs_in(xspf(*one_song(artist="", album="", duration_s=0.0)))
    assert set(song) == {"location", "title", "annotation"}


@given(title=st.text(), artist=st.text())
def test_whatever_a_tag_holds_the_list_can_be_read(title, artist):
    (song,) = songs_in(xspf(*one_song(title=title, artist=artist)))
    assert song["location"]
    assert json.loads(jspf(*one_song(title=title, artist=artist)).encode())


@given(st.binary(min_size=1).filter(lambda name: not set(name) & set(b"\0/") and name not in (b".", b"..")))
def test_whatever_a_file_is_called_its_address_leads_back_to_it(name):
    path = Path("/music/a b") / os.fsdecode(name)
    for folder in (None, Path("/music"), Path("/lists/mine")):
        base = f"{folder.as_uri()}/list.xspf" if folder else ""
        found = urlparse(urljoin(base, address(path, relative_to=folder)))
        assert found.scheme == "file"
        assert os.path.normpath(os.fsdecode(unquote_to_bytes(found.path))) == str(path)


@pytest.mark.parametrize(("suffix", "begins"), [(".m3u8", "#EXTM3U"), (".XSPF", "<?xml"), (".jspf", "{"), (".m3u", "#EXTM3U")])
def test_the_suffix_names_the_format(suffix, begins):
    text = written(*one_song(), suffix)
    assert text is not None
    assert text.startswith(begins)


def test_another_suffix_is_no_format():
    assert written(*one_song(), ".pdf") is None


def test_a_song_that_is_not_there_is_said():
    playlist, _ = one_song()
    with pytest.raises(LibraryError):
        xspf(playlist, [])
