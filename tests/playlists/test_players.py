"""Lists as players and other readers open them: exactly these files, in this order.

M3U8 and XSPF are read by a library each, and played by mpv and VLC where they are installed (`apt-get install
--no-install-recommends mpv vlc-bin vlc-plugin-base`). No player and no library reads JSPF: the rules of its page (xspf.org/jspf)
are asked for instead.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import tempfile
import wave
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote_to_bytes, urljoin, urlparse

import m3u8 as m3u8_reader
import pytest
import xspf_lib

from mixtape.playlists.spiff import written
from mixtape.types import Playlist, Track

NAMES = (
    b"plain.wav",
    "a folder/Ma\u0308rz & S\u00fc\u00df.wav".encode(),
    b"No. #1 (a #hit).wav",
    b"#EXTM3U.wav",
    b"100% %20 50%.wav",
    b"what? [1] {2}; 'x' | @y = \"z\" <b> $HOME ~ * !.wav",
    b" space first.wav",
    b"http: x.wav",
    b"-dash.wav",
    "\u591c\u306e\u6e21\u3057\u821f \u05e9\u05dc\u05d5\u05dd.wav".encode(),
    b"latin \xe9 \xff.wav",
    b"back\\slash.wav",
)
FOLDERS = ("relative", "absolute")

pytestmark = pytest.mark.skipif(os.name == "nt", reason="names such as these cannot be made there")


@pytest.fixture(scope="module")
def music() -> Iterator[Path]:
    """A folder that anybody may read: VLC does not run as root, and another user may not look into pytest's folders."""
    said = io.BytesIO()
    with wave.open(said, "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(800))
    with tempfile.TemporaryDirectory(prefix="mixtape ") as made:
        folder = Path(made)
        folder.chmod(0o755)
        (folder / "a folder").mkdir()
        for name in NAMES:
            (folder / os.fsdecode(name)).write_bytes(said.getvalue())
        yield folder


def listed(music: Path, suffix: str, where: str) -> Path:
    """The list of all the songs, the last first, as a file beside them."""
    tracks = [
        Track(f"{row}", music / os.fsdecode(name), "An, artist", f"Title #{row}", "", "", None, 0.1, None)
        for row, name in enumerate(NAMES)
    ]
    ids = tuple(track.id for track in reversed(tracks))
    text = written(
        Playlist("r", "0", 0, ids, ("",) * len(ids)), tracks, suffix, relative_to=music if where == "relative" else None
    )
    assert text is not None
    file = music / f"{where}{suffix}"
    file.write_text(text, encoding="utf-8")
    return file


def wanted(music: Path) -> list[str]:
    return [str(music / os.fsdecode(name)) for name in reversed(NAMES)]


def led_to(addresses: Sequence[str], file: Path) -> list[str]:
    """Where addresses (RFC 3986) lead from a list."""
    found = [urlparse(urljoin(file.as_uri(), address)) for address in addresses]
    assert all(each.scheme == "file" and not each.query and not each.fragment for each in found)
    return [os.path.normpath(os.fsdecode(unquote_to_bytes(each.path))) for each in found]


@pytest.mark.parametrize("where", FOLDERS)
def test_a_reader_of_m3u8_finds_every_song_and_its_title(music: Path, where: str):
    file = listed(music, ".m3u8", where)
    segments = m3u8_reader.loads(file.read_text(encoding="utf-8")).segments
    paths = [
        os.fsdecode(unquote_to_bytes(urlparse(each.uri).path))
        if each.uri.startswith("file://")
        else os.path.normpath(music / each.uri)
        for each in segments
    ]
    assert paths == wanted(music)
    assert [each.title for each in segments] == [f"An, artist - Title #{row}" for row in reversed(range(len(NAMES)))]


@pytest.mark.parametrize("where", FOLDERS)
def test_a_reader_of_xspf_finds_every_song_and_its_title(music: Path, where: str):
    file = listed(music, ".xspf", where)
    read = xspf_lib.Playlist.parse(str(file))
    # It takes the percent signs away itself, and what is no UTF-8 is a question mark then.
    paths = [str(music / each.location[0].removeprefix("file://")) for each in read]
    assert paths == [os.fsencode(path).decode("utf-8", "replace") for path in wanted(music)]
    assert (read[0].creator, read[0].title) == ("An, artist", f"Title #{len(NAMES) - 1}")


@pytest.mark.parametrize("where", FOLDERS)
def test_a_jspf_keeps_to_the_rules_of_its_format(music: Path, where: str):
    file = listed(music, ".jspf", where)
    whole = json.loads(file.read_text(encoding="utf-8"))
    assert set(whole) == {"playlist"}
    assert set(whole["playlist"]) <= {
        "title",
        "creator",
        "annotation",
        "info",
        "location",
        "identifier",
        "image",
        "date",
        "track",
    }
    for track in whole["playlist"]["track"]:
        assert set(track) <= {"location", "identifier", "title", "creator", "annotation", "album", "trackNum", "duration"}
        assert isinstance(track["location"], list) and isinstance(track["duration"], int)
    assert led_to([track["location"][0] for track in whole["playlist"]["track"]], file) == wanted(music)


@pytest.mark.parametrize("suffix", [".m3u8", ".xspf", ".jspf"])
def test_a_list_in_a_folder_behind_a_link_leads_to_its_songs_whoever_reads_it(tmp_path: Path, suffix: str):
    song = tmp_path / "music" / "song.ogg"
    (tmp_path / "far" / "away" / "lists").mkdir(parents=True)
    (tmp_path / "lists").symlink_to(tmp_path / "far" / "away" / "lists")
    track = Track("0", song, "A", "B", "", "", None, 1.0, None)
    text = written(Playlist("r", "0", 0, ("0",), ("",)), [track], suffix, relative_to=tmp_path / "lists")
    # "../music" is one place for those who take the link away with the "..", another for those who follow it.
    assert text is not None and str(song) in text and "../" not in text


@pytest.mark.skipif(not shutil.which("mpv"), reason="no mpv here to play a list with")
@pytest.mark.parametrize("where", FOLDERS)
def test_mpv_plays_every_song_of_an_m3u8(music: Path, where: str):
    file = listed(music, ".m3u8", where)
    # Played as fast as it can be, and told where each file really is.
    command = ["mpv", "--no-config", "--ao=null", "--ao-null-untimed", "--vo=null", "--term-playing-msg=at ${path}", str(file)]
    said = subprocess.run(command, capture_output=True, timeout=60, check=True, cwd="/").stdout
    played = [os.fsdecode(path) for path in re.findall(rb"^at (.*)$", said, re.MULTILINE)]
    assert [os.path.normpath(path.removeprefix("file://")) for path in played] == wanted(music)


@pytest.mark.skipif(not shutil.which("cvlc"), reason="no VLC here to play a list with")
@pytest.mark.parametrize("suffix", [".m3u8", ".xspf"])
@pytest.mark.parametrize("where", FOLDERS)
def test_vlc_plays_every_song_of_a_list(music: Path, suffix: str, where: str):
    file = listed(music, suffix, where)
    command = ["cvlc", "-I", "dummy", "--aout", "dummy", "--no-video", "--no-interact", "--play-and-exit", "-vv", str(file)]
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}
    user = "nobody" if os.geteuid() == 0 else None
    done = subprocess.run(command, capture_output=True, timeout=60, user=user, env=environment, check=True)
    opened = re.findall(rb"creating access: file://(\S+)", done.stdout + done.stderr)
    paths = dict.fromkeys(os.fsdecode(unquote_to_bytes(path)) for path in opened)
    assert [path for path in paths if path != str(file)] == wanted(music)
