"""Which song plays and what comes next: seeds, lines, mixtapes, guests' wishes, the end of a song.

Pure, as `installation.step` is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from installation.changeover import lead_s, leave_s
from installation.choice import upcoming
from installation.heard import heard
from installation.messages import Command, ControlEvent, Play
from installation.points import read_points
from installation.state import COMING, FrameState, complain
from installation.strokes import along, inside, world_points
from installation.tape import PLAIN, Tape, manner_of, read_made
from installation.world import World
from mixtape.types import FloatArray

Answer = tuple[FrameState, list[Command]]
"""The state after a wish, and what the sound is asked to do."""

_SEEK_FADE_S = 0.06
_STUCK_S = 3.0
_MEMORY = 4096
_TURNS = 6


def _seed(state: FrameState, event: ControlEvent, world: World) -> Answer:
    """Play the song of an id, or the one that fits a text best."""
    text = str(event.value if event.value is not None else "").strip()
    if text in world.row:
        return begin_tape(state, (text,), world)
    found = world.find(text) if text else ()
    if not found:
        return complain(state, f"no song like '{text[:80]}' here"), []
    return begin_tape(state, (found[0].id,), world)


def _seed_at(state: FrameState, event: ControlEvent, world: World) -> Answer:
    """Play the song that lies nearest to a place of the map that is shown."""
    places = read_points(event.value)
    if not len(places):
        return complain(state, "seed_at: two numbers are needed, x and y on the map from 0 to 1"), []
    shown = world.maps.laid(state.flights, state.moment.time_s).xy
    row = int(np.argmin(np.hypot(*(shown - places[0]).T)))
    return begin_tape(state, (world.tracks[row].id,), world)


def _drawn(state: FrameState, event: ControlEvent, world: World) -> Answer:
    """Play what somebody drew over the map. A song that plays already goes on where it comes first."""
    points = read_points(event.value)
    songs = drawn_songs(event.knob, points, state, world)
    if not songs or songs == (state.track_id,):
        where = "inside that lasso; draw it around some" if event.knob == "lasso" else "along that line; draw it over some"
        return complain(state, f"no {'other ' if songs else ''}songs {where}"), []
    if songs[0] != state.track_id:
        return begin_tape(state, songs, world)
    tape = Tape(songs[0], manner_of(state.wished)).longer(songs, heard=())
    return with_coming(replace(state, tape=tape), world), []


def drawn_songs(knob: str, points: FloatArray, state: FrameState, world: World) -> tuple[str, ...]:
    """The ids of the songs along a "line" through places (k, 2) of the map, or inside a "lasso", in the order they would play.

    Places count as they are seen: on the map that is shown, where its tiles have settled. The playing song is among them only
    where it comes first.
    """
    xy, drawn = world.maps.laid(state.flights, state.moment.time_s).places.map_xy, world_points(points)
    if len(points) < 2:
        return ()
    if knob == "lasso":
        row = world.row[state.track_id]
        rows = inside(drawn, xy, start=(float(xy[row, 0]), float(xy[row, 1])))
    else:
        about = world.config.playlist

        def artist(row: int) -> str:
            return world.tracks[row].artist.strip().casefold()

        rows = along(drawn, xy, count=about.length, artist=artist, gap=about.artist_gap)
    ids = [world.tracks[row].id for row in rows]
    return tuple(song for place, song in enumerate(ids) if place == 0 or song != state.track_id)


def begin_tape(state: FrameState, songs: Sequence[str], world: World) -> Answer:
    """Play the first of these songs now and the others after it, in place of the mixtape that was running."""
    tape = Tape(songs[0], manner_of(state.wished))
    tape = tape if len(songs) == 1 else tape.longer(songs, heard=())
    return go(replace(state, tape=tape, next_ids=state.next_ids if len(songs) == 1 else ()), songs[0], world)


def _taped(state: FrameState, event: ControlEvent, world: World) -> Answer:
    """Let a mixtape that was made meanwhile come after what is known to come, or in its place when it is of another manner.

    One that was made for another seed, or in a manner that nobody wants any more, comes too late.
    """
    manner, songs = read_made(event.value)
    tape = state.tape if manner == state.tape.manner else Tape(state.track_id, manner)
    made = [song for song in songs if song in world.row]
    if state.room is not None or manner != manner_of(state.wished) or made[:1] != [tape.end]:
        return state, []
    lately = min(world.config.show.no_repeat, len(world.tracks) // 2)
    heard_ids = {state.track_id, *state.history[len(state.history) - lately :]}
    return with_coming(replace(state, tape=tape.longer(made, heard=heard_ids)), world), []


def _queue(state: FrameState, event: ControlEvent, world: World) -> Answer:
    """These songs come next, whatever was to come; no song is cut off for them."""
    return with_coming(state, world, [song for song in str(event.value or "").split() if song in world.row]), []


def _next(state: FrameState, _: ControlEvent, world: World) -> Answer:
    return go(state, state.next_ids[0], world) if state.next_ids else (state, [])


def _back(state: FrameState, _: ControlEvent, world: World) -> Answer:
    if len(state.history) < 2:
        return go(state, state.track_id, world, history=())
    coming = (state.track_id, *state.next_ids)[:COMING]
    state, asked = go(state, state.history[-2], world, history=state.history[:-2])
    return replace(state, next_ids=coming), asked


def _seek(state: FrameState, event: ControlEvent, world: World) -> Answer:
    """Go on at another second of the song, or so many seconds on or back; its end is as far as it goes."""
    if isinstance(event.value, bool) or not isinstance(event.value, int | float) or not math.isfinite(event.value):
        return complain(state, f"{event.knob}: a number of seconds is needed"), []
    wanted_s = float(event.value) + (state.song_s if event.knob == "skip" else 0.0)
    place_s = min(max(wanted_s, 0.0), heard(world.timeline(state.track_id)).duration_s)
    state = replace(state, song_s=place_s, from_s=place_s, sent_s=state.moment.time_s, arrived=False, still_s=0.0)
    return state, [Play(state.track_id, place_s, _SEEK_FADE_S)]


def go(
    state: FrameState,
    track_id: str,
    world: World,
    *,
    history: tuple[str, ...] | None = None,
    fade_s: float = math.inf,
    after_s: float | None = None,
) -> Answer:
    """Let a song begin over `fade_s` or less, now or at second `after_s` of this one.

    What was said to come still comes, when it was this song's turn.
    """
    before = state.history if history is None else history
    played = (*before, track_id)[-_MEMORY:]
    promised = state.next_ids[1:] if state.next_ids[:1] == (track_id,) else ()
    fade_s = min(fade_s, _fade_s(state, track_id, world))
    state = replace(
        state,
        track_id=track_id,
        started_s=state.moment.time_s,
        history=played,
        turns=(*state.turns, (track_id, state.moment.time_s))[-_TURNS:],
        tape=state.tape.begun(track_id),
        song_s=0.0,
        from_s=0.0,
        sent_s=state.moment.time_s,
        arrived=False,
        still_s=0.0,
        from_palette=state.palette,
        audio=heard(world.timeline(track_id)).at(0.0),
    )
    return with_coming(state, world, promised), [Play(track_id, 0.0, fade_s, after_s)]


def with_coming(state: FrameState, world: World, promised: Sequence[str] = ()) -> FrameState:
    """With what comes next worked out anew: first what is `promised`, then the tape, then the walk."""
    known = tuple(dict.fromkeys((*promised, *state.tape.songs)))
    return replace(state, next_ids=upcoming(world, history=state.history, count=COMING, promised=known))


def _fade_s(state: FrameState, track_id: str, world: World) -> float:
    """The crossfade, or a third of a song so short that it would be nothing but fades."""
    return min(float(state.knobs["crossfade_s"]), heard(world.timeline(track_id)).duration_s / 3.0)


def song_end(state: FrameState, world: World) -> Answer:
    """Go on to the next song a little before its time has come, or when the sound has stopped moving by itself."""
    if state.room is not None:
        return state, []
    timeline, fade_s = world.timeline(state.track_id), _fade_s(state, state.track_id, world)
    leaves_s = leave_s(timeline, fade_s=fade_s, boundaries=bool(state.knobs["crossfade_at_sections"]))
    # A song counts from its first heard sample: before that it may still wait for the end of the one before.
    begun = state.song_s > 0.0 and state.moment.time_s - state.started_s > min(1.0, timeline.duration_s)
    ended = state.arrived and begun and state.song_s >= leaves_s - lead_s(fade_s)
    stuck = state.still_s > _STUCK_S
    if state.paused or not state.next_ids or not (ended or stuck):
        return state, []
    after_s = leaves_s if ended and state.song_s < leaves_s else None
    return go(state, state.next_ids[0], world, fade_s=fade_s, after_s=after_s)


def walk_on(state: FrameState, world: World) -> FrameState:
    """Let the walk go on at once when it has been turned to: it needs nobody who makes it."""
    if state.room is not None or manner_of(state.wished) != PLAIN or state.tape.manner == PLAIN:
        return state
    return with_coming(replace(state, tape=Tape(state.track_id)), world)


ANSWERS: Mapping[str, Callable[[FrameState, ControlEvent, World], Answer]] = MappingProxyType(
    {
        "seed": _seed,
        "seed_at": _seed_at,
        "line": _drawn,
        "lasso": _drawn,
        "tape": _taped,
        "queue": _queue,
        "next": _next,
        "previous": _back,
        "seek": _seek,
        "skip": _seek,
    }
)
"""What comes of each trigger that says which song plays, which come, or which second is heard."""
