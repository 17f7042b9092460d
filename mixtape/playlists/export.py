"""A mixtape written down: M3U8 for players, JSON for programs, rows for a table.

Tags are strangers' text. In M3U8 one line is one thing, so line breaks and other control characters in titles become spaces, a
path that a player would take for an address gets `./` before it, and a path that cannot be a line of text at all (with a line
break, or not in UTF-8) is written as a file:// address. So is one with a "#" in it: VLC reads a line only as far as that.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from mixtape.errors import LibraryError
from mixtape.types import Playlist, Track

TABLE_HEAD = ("", "Artist", "Title", "Time", "Why")
"""Heads of the columns of `table_rows`."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_NO_LINE = re.compile(r"[#\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|\s$")


def m3u8(playlist: Playlist, tracks: Iterable[Track], *, relative_to: Path | None = None) -> str:
    """The mixtape as an extended M3U8, paths absolute, or relative to the folder the file will lie in.

    Encode it as UTF-8. Songs that `way_from` knows no way to stay absolute. LibraryError when a song is not in `tracks`.
    """
    lines = ["#EXTM3U"]
    for track in songs_of(playlist, tracks):
        seconds = max(round(track.duration_s), 0) or -1
        lines += [f"#EXTINF:{seconds},{one_line(track.label)}", _entry(track.path, relative_to)]
    return "\n".join(lines) + "\n"


def as_json(playlist: Playlist, tracks: Iterable[Track]) -> str:
    """The mixtape as JSON: recipe, seed, variation, and for each song its place, id, path, tags, length and reason."""
    songs = [
        {
            "place": place,
            "id": track.id,
            "path": str(track.path),
            "artist": track.artist,
            "title": track.title,
            "album": track.album,
            "genre": track.genre,
            "year": track.year,
            "duration_s": round(track.duration_s, 3),
            "reason": reason,
        }
        for place, (track, reason) in enumerate(zip(songs_of(playlist, tracks), playlist.reasons, strict=True), start=1)
    ]
    head = {"recipe": playlist.recipe, "seed_id": playlist.seed_id, "variation": playlist.variation}
    text = json.dumps({**head, "songs": songs}, indent=2, ensure_ascii=False)
    # A path that is not UTF-8 holds surrogates, which no encoder takes; escaped, they come back whole.
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def table_rows(playlist: Playlist, tracks: Iterable[Track]) -> list[tuple[str, str, str, str, str]]:
    """The mixtape as rows of a table: place, artist, title, time as m:ss, reason; see `TABLE_HEAD`."""
    songs = zip(songs_of(playlist, tracks), playlist.reasons, strict=True)
    return [
        (str(place), one_line(track.artist), one_line(track.title), clock(track.duration_s), reason)
        for place, (track, reason) in enumerate(songs, start=1)
    ]


def songs_of(playlist: Playlist, tracks: Iterable[Track]) -> list[Track]:
    """The songs of a mixtape in order. LibraryError when one is not in `tracks`."""
    known = {track.id: track for track in tracks}
    if missing := [song for song in playlist.ids if song not in known]:
        raise LibraryError(f"song id '{missing[0]}' of this mixtape is not in the collection; make the mixtape again")
    return [known[song] for song in playlist.ids]


def one_line(text: str) -> str:
    """A text from a stranger as one line of clean Unicode: control characters and surrogates gone, spaces single."""
    kept = "".join(" " if unicodedata.category(each) in {"Cc", "Cs", "Zl", "Zp"} else each for each in text)
    return " ".join(kept.split())


def clock(duration_s: float) -> str:
    """A length as m:ss, from an hour on as h:mm:ss."""
    seconds = max(round(duration_s), 0)
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"


def _entry(path: Path, relative_to: Path | None) -> str:
    # resolve() would follow links, and the place the user knows is wanted.
    absolute = Path(os.path.abspath(path))  # noqa: PTH100
    line = way_from(relative_to, absolute) if relative_to is not None else None
    if _NO_LINE.search(line or str(absolute)):
        return absolute.as_uri()
    if line is None:
        return str(absolute)
    return f"./{line}" if line[0] == " " or ":" in line.split("/")[0] else line


def way_from(folder: Path, absolute: Path) -> str | None:
    """The relative path from a folder to a file, or None where there is none that leads there for every player.

    Where the folder is reached over a link, ".." is for some players the folder the link lies in, for others that of its target.
    """
    here = os.path.abspath(folder)  # noqa: PTH100
    try:
        way = os.path.relpath(absolute, here)
    except ValueError:
        return None
    if way.startswith(os.pardir) and os.path.realpath(os.path.join(here, way)) != os.path.realpath(absolute):  # noqa: PTH118
        return None
    return way.replace(os.sep, "/")
