"""A mixtape for other programs: XSPF (XML) and JSPF (the same as JSON), the open formats that players and catalogues share.

Places are addresses: file:// ones, or relative ones that a player reads from where the list lies (RFC 3986). Bytes of a path that
are no UTF-8 are percent-encoded as they are. Format: xspf.org, version 1.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from mixtape.playlists.export import m3u8, one_line, songs_of, way_from
from mixtape.types import Playlist, Track

NAMESPACE = "http://xspf.org/ns/0/"

# What XML 1.0 cannot hold, not even escaped, beyond the control characters that `one_line` takes away.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def written(playlist: Playlist, tracks: Iterable[Track], suffix: str, *, relative_to: Path | None = None) -> str | None:
    """The mixtape in the format of a file's suffix (.m3u8, .m3u, .xspf, .jspf), or None when there is no such format."""
    makers = {".m3u8": m3u8, ".m3u": m3u8, ".xspf": xspf, ".jspf": jspf}
    maker = makers.get(suffix.lower())
    return None if maker is None else maker(playlist, tracks, relative_to=relative_to)


def xspf(playlist: Playlist, tracks: Iterable[Track], *, relative_to: Path | None = None) -> str:
    """The mixtape as XSPF. Encode it as UTF-8. LibraryError when a song is not in `tracks`."""
    tracks = tuple(tracks)
    ElementTree.register_namespace("", NAMESPACE)
    root = ElementTree.Element(f"{{{NAMESPACE}}}playlist", {"version": "1"})
    _add(root, "title", _title(playlist, tracks))
    listed = ElementTree.SubElement(root, f"{{{NAMESPACE}}}trackList")
    for song in _songs(playlist, tracks, relative_to):
        one = ElementTree.SubElement(listed, f"{{{NAMESPACE}}}track")
        for name, value in song.items():
            _add(one, name, str(value))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def jspf(playlist: Playlist, tracks: Iterable[Track], *, relative_to: Path | None = None) -> str:
    """The mixtape as JSPF. Encode it as UTF-8. LibraryError when a song is not in `tracks`."""
    tracks = tuple(tracks)
    songs = [{**song, "location": [song["location"]]} for song in _songs(playlist, tracks, relative_to)]
    return json.dumps({"playlist": {"title": _title(playlist, tracks), "track": songs}}, indent=2, ensure_ascii=False) + "\n"


def _songs(playlist: Playlist, tracks: Iterable[Track], relative_to: Path | None) -> list[dict[str, Any]]:
    songs = zip(songs_of(playlist, tracks), playlist.reasons, strict=True)
    return [dict(_about(track, reason, relative_to)) for track, reason in songs]


def _about(track: Track, reason: str, relative_to: Path | None) -> Iterator[tuple[str, Any]]:
    """What is said of a song, in the order the format asks for; what is not known is left out."""
    yield "location", address(track.path, relative_to=relative_to)
    for name, text in (("title", track.title), ("creator", track.artist), ("annotation", reason), ("album", track.album)):
        if clean := _NO_XML.sub("", one_line(text)):
            yield name, clean
    if track.duration_s > 0:
        yield "duration", round(track.duration_s * 1000)


def address(path: Path, *, relative_to: Path | None = None) -> str:
    """A path as an address: file://, or relative to a folder where there is a way from there."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - links the user knows stay as they are
    way = way_from(relative_to, absolute) if relative_to is not None else None
    return absolute.as_uri() if way is None else quote(os.fsencode(way), safe="/")


def _title(playlist: Playlist, tracks: Iterable[Track]) -> str:
    seed = next((track for track in tracks if track.id == playlist.seed_id), None)
    return _NO_XML.sub("", one_line(f"{playlist.recipe.replace('_', ' ')}: {seed.label}" if seed else playlist.recipe))


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, f"{{{NAMESPACE}}}{name}").text = text
