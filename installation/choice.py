"""What comes next: a walk from song to near song that does not come back too soon."""

from __future__ import annotations

from installation.world import World
from mixtape.playlists.radio import next_song


def upcoming(world: World, *, history: tuple[str, ...], count: int, promised: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The next `count` songs after `history` (the current one last): first those `promised`, then one near song after another."""
    show = world.config.show
    coming = list(promised[:count])
    while len(coming) < count:
        played = (*history, *coming)
        coming.append(
            next_song(
                played[-1],
                recent=played,
                neighbours=world.neighbours,
                xy=world.song_map.xy,
                seed=show.seed,
                no_repeat=show.no_repeat,
                artists=world.artists,
                artist_gap=world.config.playlist.artist_gap,
            )
        )
    return tuple(coming)
