"""A small prepared library for tests: eight short songs of made-up sound with covers, built by the real chain."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

from mixtape.build import build
from mixtape.config import Config
from mixtape.library import Library

SONGS = 8
SONG_S = 8.0


def write_music(folder: Path, *, songs: int = SONGS) -> None:
    """FLAC files of plainly different sound, two to an album, each album with a cover.jpg beside them."""
    for number in range(songs):
        album = folder / f"Artist {number // 2}" / f"Album {number // 2}"
        album.mkdir(parents=True, exist_ok=True)
        soundfile.write(album / f"{number + 1:02d} Song {number}.flac", _sound(number), 44100)
        picture = np.random.default_rng(number // 2).integers(0, 256, (5, 5, 3), np.uint8)
        Image.fromarray(picture).resize((200, 200), Image.Resampling.NEAREST).save(album / "cover.jpg")


def write_library(music: Path, folder: Path) -> None:
    """Build the library of that music with the real chain."""
    with Library(folder, create=True) as library, library.building():
        build(music, library, config=Config())


def _sound(number: int) -> np.ndarray:
    rng = np.random.default_rng(number)
    t = np.arange(int(SONG_S * 44100)) / 44100
    beat = np.exp(-12 * np.mod(t, 0.3 + 0.05 * number))
    tone = np.sin(2 * np.pi * 110 * 1.3**number * t)
    return (0.3 * tone * (0.4 + 0.6 * beat) + 0.1 * beat * rng.standard_normal(len(t))).astype(np.float32)
