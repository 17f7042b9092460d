"""What comes next: a walk from song to near song that does not come back too soon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from installation.world import World
from mixtape.config import Config
from mixtape.playlists.radio import next_song
from mixtape.types import FloatArray, Neighbours


def upcoming(world: World, *, history: tuple[str, ...], count: int, promised: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The next `count` songs after `history` (the current one last): first those `promised`, then one near song after another."""
    coming = promised[:count]
    return coming + walk(
        (*history, *coming),
        count - len(coming),
        neighbours=world.neighbours,
        xy=world.song_map.xy,
        artists=world.artists,
        config=world.config,
    )


def walk(
    played: Sequence[str],
    count: int,
    *,
    neighbours: Neighbours,
    xy: FloatArray,
    artists: Mapping[str, str],
    config: Config,
    variation: int = 0,
) -> tuple[str, ...]:
    """The `count` songs that follow those `played` (the current one last), from song to near song; `xy` (n, 2) is the map."""
    ids = list(played)
    for _ in range(count):
        ids.append(
            next_song(
                ids[-1],
                recent=tuple(ids),
                neighbours=neighbours,
                xy=xy,
                seed=config.show.seed + _DRAWN_BY * variation,
                no_repeat=config.show.no_repeat,
                artists=artists,
                artist_gap=config.playlist.artist_gap,
            )
        )
    return tuple(ids[len(played) :])


_DRAWN_BY = 7919
"""How far apart the numbers lie that chance starts from in two variations."""
