"""Who plays what in the made-up collection: artists, albums, songs, all of them invented, and what a seed decides about them.

The names, years and titles are fixed; the seed draws key, tempo and length of every song; music and sleeves follow it.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mixtape.demo.harmony import SCALES
from mixtape.errors import ConfigError

CoverPlace = Literal["embedded", "cover.jpg", "folder.jpg", "front.png"]
KEYS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


@dataclass(frozen=True, slots=True)
class Style:
    """What all songs of a style share: genre tag, beats a minute, scales, beats in a bar, seconds that ring on at the end."""

    genre: str
    bpm: tuple[int, int]
    scales: tuple[str, ...]
    beats: int = 4
    tail_s: float = 2.0


@dataclass(frozen=True, slots=True)
class Song:
    """One song before it is played: its tags, where it stands on the album, and what it is made of."""

    artist: str
    album: str
    title: str
    genre: str
    style: str
    year: int
    track: int
    tracks: int
    bpm: float
    tonic: int
    scale: str
    beats: int
    bars: int
    tail_s: float
    seed: int

    @property
    def duration_s(self) -> float:
        """Length of the music with what rings on after the last bar."""
        return self.bars * self.beats * 60.0 / self.bpm + self.tail_s

    @property
    def key(self) -> str:
        """The key in words, such as `Eb dorian`."""
        return f"{KEYS[self.tonic % 12]} {self.scale}"


@dataclass(frozen=True, slots=True)
class Album:
    """One record: its names, how its files are written, where its sleeve lives, and its songs."""

    artist: str
    title: str
    year: int
    style: str
    suffix: str
    cover: CoverPlace
    seed: int
    songs: tuple[Song, ...]


STYLES: dict[str, Style] = {
    "house": Style("House", (120, 126), ("minor", "dorian")),
    "techno": Style("Techno", (132, 140), ("phrygian", "minor")),
    "trance": Style("Trance", (136, 142), ("minor",)),
    "jungle": Style("Drum and Bass", (168, 174), ("minor", "dorian")),
    "dub": Style("Dub", (70, 78), ("minor", "dorian"), tail_s=3.5),
    "ambient": Style("Ambient", (56, 66), ("lydian", "major", "dorian"), tail_s=5.0),
    "chiptune": Style("Chiptune", (138, 168), ("major", "minor", "mixolydian"), tail_s=0.9),
    "metal": Style("Metal", (176, 204), ("phrygian", "harmonic"), tail_s=2.6),
    "jazz": Style("Jazz", (132, 190), ("dorian", "major"), tail_s=2.4),
    "bossa": Style("Bossa Nova", (124, 140), ("major", "dorian"), tail_s=2.4),
    "baroque": Style("Baroque", (84, 104), ("minor", "major"), tail_s=3.0),
    "folk": Style("Folk", (92, 112), ("major", "mixolydian"), tail_s=3.0),
    "synthwave": Style("Synthwave", (96, 112), ("minor",), tail_s=2.5),
    "lofi": Style("Lo-Fi Hip Hop", (72, 84), ("dorian", "major"), tail_s=2.0),
    "gamelan": Style("Gamelan", (100, 128), ("pelog", "slendro"), tail_s=5.0),
    "nocturne": Style("Classical", (58, 72), ("minor", "major"), tail_s=4.0),
    "minimal": Style("Minimalism", (150, 176), ("dorian", "lydian", "major"), tail_s=2.5),
}

_RECORDS: tuple[tuple[str, str, int, str, str, CoverPlace, tuple[str, ...]], ...] = (
    ("Parquet Republic", "Slow Elevators", 2014, "house", "mp3", "embedded", ("Mezzanine", "Doors Closing", "Penthouse Dust")),
    ("Kessel Neun", "Förderband", 1996, "techno", "flac", "embedded", ("Nachtschicht", "Überdruck", "Leerlauf")),
    ("Knochenforst", "Schwärze über den Wäldern", 1994, "metal", "mp3", "embedded", ("Wurzelgrab", "Frostgeläut", "Rabenmühle")),
    (
        "The Odell Marrow Trio",
        "Half Past Blue",
        1969,
        "jazz",
        "flac",
        "folder.jpg",
        ("Ladder Street", "Second Coffee", "Odd Socks"),
    ),
    (
        "Pixel Kestrel",
        "Continue? 10… 9… 8…",
        2009,
        "chiptune",
        "ogg",
        "embedded",
        ("Cloud Stage", "Boss of the Vending Machine", "Warp Whistle"),
    ),
    ("Nimbus Archive", "静かな海", 1986, "ambient", "opus", "embedded", ("潮", "灯台")),
    (
        "Tidewater Hi-Power",
        "Low Water Dub",
        1978,
        "dub",
        "mp3",
        "embedded",
        ("Estuary Version", "Mudflat Rockers", "Ferryman Echo"),
    ),
    (
        "Collegium Fontanelle",
        "Deux Fantaisies pour clavecin",
        1983,
        "baroque",
        "flac",
        "embedded",
        ("Prélude non mesuré", "Gigue"),
    ),
    (
        "Copper Sparrow Unit",
        "Seventeen Stairs",
        1997,
        "jungle",
        "mp3",
        "embedded",
        ("Fire Exit", "Concrete Nightjar", "Roller Shutter"),
    ),
    (
        "Sleepy Tramline",
        "Rainy Desk Tapes",
        2021,
        "lofi",
        "m4a",
        "embedded",
        ("Terminus Nap", "Umbrella Stand", "Line 9, No Hurry"),
    ),
    (
        "Hazel & Barrow",
        "The Long Hedge",
        1973,
        "folk",
        "ogg",
        "cover.jpg",
        ("Wren in the Thorn", "Barley Mile", "Tinker's Kettle"),
    ),
    (
        "Neon Perimeter",
        "Coupé",
        2017,
        "synthwave",
        "m4a",
        "embedded",
        ("Toll Booth Sunset", "Velvet Dashboard", "Last Exit 1987"),
    ),
    ("Sekar Perunggu", "Lingkaran", 1992, "gamelan", "opus", "embedded", ("Hujan Pagi", "Bulan Tembaga")),
    (
        "Ilse Marander",
        "Nachtstücke",
        2005,
        "nocturne",
        "flac",
        "embedded",
        ("Nr. 1 – Fensterlicht", "Nr. 2 – Schnee auf Gleisen"),
    ),
    ("Aurelia Station", "Perihelion", 2001, "trance", "mp3", "embedded", ("Solar Ferry", "Ninth Orbit")),
    ("Lúcia e os Guarda-Sóis", "Chuva de Café", 1971, "bossa", "m4a", "embedded", ("Guarda-Sol Amarelo", "Devagarinho")),
    ("Ensemble Nine Bars", "Επτά", 1976, "minimal", "ogg", "front.png", ("Seven Against Twelve", "Slow Phase")),
    ("Parquet Republic", "Fast Stairs", 2016, "house", "opus", "embedded", ("Banister", "Two at a Time")),
    ("Nimbus Archive", "Öland in Fog", 2025, "ambient", "m4a", "embedded", ("Alvar", "Long Erik")),
)

SONGS = sum(len(record[-1]) for record in _RECORDS)
"""Songs in the whole collection."""


def albums(seed: int = 1) -> tuple[Album, ...]:
    """Every record of the collection, as this seed has it."""
    return tuple(_album(seed, record) for record in _RECORDS)


def chosen(seed: int, songs: int) -> list[tuple[Album, Song]]:
    """The first `songs` songs, taken in turn from every album so that a small collection is as varied as it can be.

    Raises:
        ConfigError: fewer than 1 or more than `SONGS` are asked for.
    """
    if not 1 <= songs <= SONGS:
        raise ConfigError(f"songs is {songs}; the made-up collection has 1 to {SONGS}. Ask for a number in that range.")
    everything = [(album, song) for album in albums(seed) for song in album.songs]
    return sorted(everything, key=lambda pair: pair[1].track)[:songs]


def seed_of(*parts: object) -> int:
    """A 32-bit seed from words and numbers, the same on every machine."""
    return zlib.crc32("\0".join(str(part) for part in parts).encode())


def file_stem(name: str) -> str:
    """A name as a file or folder name that every file system takes."""
    return re.sub(r'[<>:"/\\|?*\x00-\x1f]', "", name).strip(" .") or "Untitled"


def _album(seed: int, record: tuple[str, str, int, str, str, CoverPlace, tuple[str, ...]]) -> Album:
    artist, title, year, style, suffix, cover, names = record
    songs = tuple(_song(seed, artist, title, year, style, number, names) for number in range(1, len(names) + 1))
    return Album(artist, title, year, style, suffix, cover, seed_of(seed, artist, title), songs)


def _song(seed: int, artist: str, album: str, year: int, style: str, track: int, names: tuple[str, ...]) -> Song:
    own = seed_of(seed, artist, album, track)
    rng, plan = np.random.default_rng(own), STYLES[style]
    bpm = float(rng.integers(plan.bpm[0], plan.bpm[1] + 1))
    scale = plan.scales[(track - 1) % len(plan.scales)]
    bar_s = plan.beats * 60.0 / bpm
    bars = 2 * round((rng.uniform(28.0, 44.0) - plan.tail_s) / bar_s / 2)
    tonic = int(rng.integers(0, 12))
    assert scale in SCALES
    return Song(
        artist,
        album,
        names[track - 1],
        plan.genre,
        style,
        year,
        track,
        len(names),
        bpm,
        tonic,
        scale,
        plan.beats,
        bars,
        plan.tail_s,
        own,
    )
