"""Who plays what: the tags of a file, cleaned, and what its name and folders say where tags are silent.

Names are read the way people write them: `07 Title`, `Artist - Title`, `07 - Artist - Title`, in `Artist/Album/` with `CD1/` or
`1979 - Album` where there is such a thing. A word that only fills the field ("Unknown Artist", "non") counts as empty.
"""

from __future__ import annotations

import os
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mixtape.collection.covers import is_disc
from mixtape.collection.scan import is_audio

LONGEST = 300
"""Characters kept of any one tag."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split(","))


_EMPTY_WORDS = _words(
    "non,none,null,n/a,-,?,unknown,unknown artist,unknown album,unknown title,unknown genre,<unknown>,no artist,no album,"
    "no title,new artist,new album,new title,unbekannt,unbekannter interpret,unbekanntes album,artiste inconnu,album inconnu"
)
_PLAIN_FOLDERS = _words(
    "music,my music,musik,musique,música,audio,sounds,songs,mp3,mp3s,flac,ogg,wav,m4a,downloads,download,incoming,desktop,"
    "documents,misc,miscellaneous,various,various artists,va,compilations,soundtracks,unsorted,new,new folder,loose,temp,tmp,"
    "singles,itunes,itunes media,media,shared,public,home,albums,artists,collection,other,others,rips,backup"
)
"""Folders that say where music lies rather than whose it is."""

_NUMBER = re.compile(
    r"[(\[]?(?:\d[-.](?=\d\d\b))?"  # the disc, as in 1-07
    r"(?:\d{1,3}[\s_]*(?:[.)\]]+|[-–])(?!\d)[\s_]*|(?:0\d|[1-3]\d|40)[\s_]+)(?=\S)"
)
"""A track number. Without a mark behind it only two digits up to 40 count: "99 Luftballons" and "7 Seconds" are titles."""

_DASH = re.compile(r"\s+[-–—]\s+")
_YEAR = re.compile(r"(?<!\d)(1\d{3}|20\d{2}|2100)(?!\d)")
_COMPACT_DATE = re.compile(r"\s*(\d{4})(?:0[1-9]|1[0-2])\d{2}\s*$")
_YEAR_BEFORE = re.compile(r"(?:[(\[](?:1[89]\d{2}|20\d{2})[)\]]\s*[-–—]?|(?:1[89]\d{2}|20\d{2})\s*[-–—.])\s+(?=\S)")
_YEAR_AFTER = re.compile(r"(?<=\S)\s*[(\[](1[89]\d{2}|20\d{2})[)\]]\s*$")
_GENRE_NUMBER = re.compile(r"^\s*(?:\(\d{1,3}\))+|^\s*\d{1,3}\s*$")
_SPACE = re.compile(r"\s+")
# Marks that turn the writing direction or carry no width: they let one name pass for another and break a poster's setting.
_UNSEEN = dict.fromkeys([0xFEFF, 0x200B, 0x2060, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])


@dataclass(frozen=True, slots=True)
class Tags:
    """What a song is called. `title` is never empty; `filled` is how many of the five fields the file's own tags hold."""

    artist: str
    title: str
    album: str
    genre: str
    year: int | None
    filled: int


@dataclass(frozen=True, slots=True)
class _Named:
    """What the path alone says; empty where it says nothing."""

    title: str
    artist: str
    folder_artist: str
    album: str
    year: int | None


def read_tags(song: Path, *, root: Path | None = None) -> Tags:
    """The tags of a file, with gaps filled from its name and its folders below `root` (the collection). Never raises.

    The artist and album folders fill a gap only where the tags do not name another artist: a tagged song in a stranger's folder
    is no part of that album.
    """
    own = _own_tags(song)
    named = _from_path(song, root)
    filled = sum(bool(value) for value in own.values())
    artist = str(own["artist"] or named.artist or named.folder_artist)
    at_home = not own["artist"] or _same(artist, named.folder_artist)
    return Tags(
        artist=artist,
        title=str(own["title"]) or _without_artist(named, artist),
        album=str(own["album"]) or (named.album if at_home else ""),
        genre=str(own["genre"]),
        year=own["year"] if isinstance(own["year"], int) else named.year if at_home else None,
        filled=filled,
    )


def clean(text: str | None) -> str:
    """One line of text as it can be shown: NFC, no control characters, single spaces, at most 300 characters, "" for filler."""
    plain = unicodedata.normalize("NFC", (text or "").partition("\0")[0].translate(_UNSEEN))
    seen = (c for c in plain if c.isspace() or unicodedata.category(c) not in ("Cc", "Cs", "Cn", "Co"))
    shown = _SPACE.sub(" ", "".join(seen)).strip()
    return "" if shown.casefold() in _EMPTY_WORDS else shown[:LONGEST].rstrip()


def year_of(date: str | None) -> int | None:
    """The year in a date of any writing, 1000 to 2100, or None."""
    text = date or ""
    found = _COMPACT_DATE.match(text) or _YEAR.search(text)
    year = int(found[1]) if found else 0
    return year if 1000 <= year <= 2100 else None


def name_of(path: Path) -> str:
    """A file or folder name as text; bytes that are no UTF-8 are read as Windows did (cp1252)."""
    raw = os.fsencode(path.name)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def is_plain_folder(folder: Path) -> bool:
    """Whether a folder's name says where music lies (Downloads, Music) rather than whose it is."""
    return name_of(folder).casefold() in _PLAIN_FOLDERS


def _own_tags(song: Path) -> dict[str, str | int | None]:
    from tinytag import TinyTag, UnsupportedFormatError

    found: Any = None
    try:
        found = TinyTag.get(song, duration=False)
        if not (found.title or found.artist):
            # The name may lie about the format: asked without it, tinytag looks at the first bytes.
            with song.open("rb") as file:
                found = TinyTag.get(file_obj=file, duration=False)
    except UnsupportedFormatError:
        found = found or _Container(**_container_tags(song))
    except Exception:  # Broken tags are no tags; tinytag may raise anything from inside.
        found = found or _Container()
    return {
        "artist": clean(found.artist) or clean(found.albumartist),
        "title": _without_suffix(clean(found.title)),
        "album": clean(found.album),
        "genre": clean(_GENRE_NUMBER.sub("", found.genre or "")),
        "year": year_of(found.year),
    }


@dataclass(frozen=True, slots=True)
class _Container:
    """Tags of a format that tinytag does not know (APE, WavPack, Musepack, Matroska, ...), as FFmpeg tells them."""

    artist: str = ""
    albumartist: str = ""
    title: str = ""
    album: str = ""
    genre: str = ""
    year: str = ""


def _container_tags(song: Path) -> dict[str, str]:
    import av

    try:
        with (
            song.open("rb") as file,
            av.open(file, container_options={"protocol_whitelist": "file"}, metadata_errors="replace") as found,
        ):
            told = {key.lower(): value for key, value in found.metadata.items()}
    except Exception:  # The same holds for FFmpeg: without tags the name has to do.
        return {}
    names = {"albumartist": "album_artist", "year": "date"}
    return {key: told.get(names.get(key, key), "") for key in _Container.__slots__}


def _from_path(song: Path, root: Path | None) -> _Named:
    stem = _spaced(clean(_without_suffix(name_of(song))))
    parts = [part for part in _DASH.split(_without(_NUMBER, stem)) if part]
    while len(parts) > 1 and parts[-2].isdecimal():
        del parts[-2]
    title = parts[-1] if parts else stem
    artist = parts[0] if len(parts) > 1 and not parts[0].isdecimal() else ""
    album, folder_artist, year = _from_folders(song.parent, root)
    return _Named(clean(title) or stem or "?", clean(artist), folder_artist, album, year)


def _from_folders(folder: Path, root: Path | None) -> tuple[str, str, int | None]:
    """(album, artist, year) that the folders say."""
    above = [part for part in (folder, *folder.parents) if _below(part, root) and not is_disc(name_of(part))][:2]
    names = ["" if is_plain_folder(part) else _spaced(clean(name_of(part))) for part in above]
    album, artist = [*names, "", ""][:2]
    pieces = _DASH.split(album, maxsplit=1)
    if len(pieces) == 2 and not pieces[0].isdecimal() and (not artist or _same(pieces[0], artist)):
        artist, album = pieces
    before, after = _YEAR_BEFORE.match(album), _YEAR_AFTER.search(album)
    year = year_of((before or after or [""])[0])
    return clean(_YEAR_AFTER.sub("", _without(_YEAR_BEFORE, album))), clean(artist), year


def _without(beginning: re.Pattern[str], text: str) -> str:
    found = beginning.match(text)
    return text[found.end() :] if found else text


def _below(folder: Path, root: Path | None) -> bool:
    return folder.name != "" if root is None else folder != root and folder.is_relative_to(root)


def _without_artist(named: _Named, artist: str) -> str:
    """The title that the file name says: all of it when what stands before the dash is not the artist."""
    return named.title if not named.artist or _same(named.artist, artist) else f"{named.artist} - {named.title}"


def _without_suffix(name: str) -> str:
    """A name without its endings, `.mp3.ogg` too; what is left may be empty."""
    while is_audio(name):
        name = os.path.splitext(name)[0].rstrip()  # noqa: PTH122
    return name


def _spaced(name: str) -> str:
    return _SPACE.sub(" ", name.replace("_", " ")).strip() if " " not in name else name


def _same(one: str, other: str) -> bool:
    return "".join(one.casefold().split()) == "".join(other.casefold().split())
