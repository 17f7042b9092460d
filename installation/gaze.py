"""Where the camera is to look: at the song, at the place of other music, or where a hand has flown it."""

from __future__ import annotations

from installation.camera import LOOKS, aim, aim_at_all, look_of
from installation.maps import weight_of
from installation.places import on_map
from installation.state import FrameState
from installation.world import World


def aim_of(state: FrameState, world: World, since_s: float) -> tuple[float, float, float]:
    """Where the camera is to look: at the song, and while the map changes at all of the land, so that the change is seen."""
    places, history = world.maps.laid(state.flights, state.moment.time_s).places, state.history
    if any(not flight.still for flight in state.flights[1:]):
        return aim_at_all(places.map_xy)
    row, before = world.row[history[-1]], world.row[history[-2]] if len(history) > 1 else None
    last = None if before is None else (float(places.map_xy[before, 0]), float(places.map_xy[before, 1]))
    return aim(song_place(state, world), last, half=float(places.map_half[row]), since_s=since_s)


def song_place(state: FrameState, world: World) -> tuple[float, float]:
    """Where on the map the playing song is, in world units; music of the room that is not in the collection has a place of its
    own on the first map, on others that of the song most like it."""
    row, now_s = world.row[state.track_id], state.moment.time_s
    x, y = (float(v) for v in world.maps.laid(state.flights, now_s).places.map_xy[row])
    if state.room is None or state.room.place is None:
        return x, y
    first = world.maps.first
    own, (song_x, song_y) = on_map(state.room.place), world.maps.places(first).map_xy[row].tolist()
    weight = weight_of(state.flights, first, now_s)
    return x + weight * (own[0] - song_x), y + weight * (own[1] - song_y)


def looking(state: FrameState) -> tuple[float, float, float]:
    """The look (x, y, zoom) the camera is flown to, or has by itself."""
    return tuple(float(state.knobs[name]) for name in LOOKS) if steered(state) else look_of(state.camera)  # type: ignore[return-value]


def steered(state: FrameState) -> bool:
    """Whether somebody has flown the camera a little while ago."""
    return state.moment.time_s - state.flown_s < float(state.knobs["look_s"])
