"""From a song on paper to a song that sounds: the player of its style, looked up in one table."""

from __future__ import annotations

from collections.abc import Callable

from mixtape.demo.plan import Song
from mixtape.demo.styles.breaks import jungle, lofi
from mixtape.demo.styles.club import house, techno, trance
from mixtape.demo.styles.machine import chiptune, synthwave
from mixtape.demo.styles.metal import metal
from mixtape.demo.styles.slow import ambient, dub
from mixtape.demo.styles.strings import baroque, folk
from mixtape.demo.styles.struck import gamelan, minimal, nocturne
from mixtape.demo.styles.trio import bossa, jazz
from mixtape.types import FloatArray

PLAYERS: dict[str, Callable[[Song], FloatArray]] = {
    player.__name__: player
    for player in (
        house, techno, trance, jungle, lofi, dub, ambient, chiptune, synthwave, metal, jazz, bossa, baroque, folk,
        gamelan, nocturne, minimal,
    )
}  # fmt: skip


def perform(song: Song) -> FloatArray:
    """The finished song, stereo (2, n) float32 at `desk.SAMPLE_RATE_HZ`; the same samples every time for the same song."""
    return PLAYERS[song.style](song)
