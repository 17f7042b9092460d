"""The state of one frame, and the step from one frame to the next.

`step` is pure: the same state, events, moment and world give the same next state and the same commands, so a log of events
replays a show, and an export is the same show drawn by another clock. Everything that moves is a function of time and state,
never of the number of frames drawn.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType

import numpy as np

from installation.calm import GLIDE, calmed, reduced
from installation.camera import AT_REST_S, LOOKS, OPENING, Camera, aim, aim_at_all, look_at, look_of
from installation.changeover import lead_s, leave_s
from installation.choice import upcoming
from installation.colours import between, chosen, padded
from installation.director import AT_REST, FLY, Bill, Cue, Fader, direct
from installation.displays import DISPLAY_KNOBS, corners_moved
from installation.heard import AudioFrame, heard
from installation.maps import Flight, Flights, landed, set_out, weight_of
from installation.messages import (
    RECORDER,
    SONG_WISHES,
    Command,
    ControlEvent,
    KnobValue,
    LatentRequest,
    Moment,
    Offset,
    Pause,
    Play,
    Quit,
    Record,
    TileSheet,
    Volume,
)
from installation.places import on_map, smooth
from installation.points import read_points
from installation.room.told import SILENCE, SOURCE, Now, Room, audio_frame, read_place, read_song
from installation.strokes import along, inside, world_points
from installation.tape import CHOOSING, PLAIN, Tape, manner_of, read_made
from installation.world import World
from mixtape.config import Knob, knobs
from mixtape.types import FloatArray, Palette

__all__ = [
    "AudioFrame",
    "Command",
    "ControlEvent",
    "FrameState",
    "KnobValue",
    "LatentRequest",
    "Moment",
    "Offset",
    "Pause",
    "Play",
    "Quit",
    "Record",
    "TileSheet",
    "Volume",
    "first_state",
    "step",
]


@dataclass(frozen=True, slots=True, eq=False)
class FrameState:
    """Everything a scene may know of a frame.

    `scene`, which came at `scene_since_s`, comes over `from_scene` by `scene_mix` 0..1 (1: `scene` alone), as `change` says;
    `backwards`, when it was taken back half-way.
    `next_ids` is what comes, soonest first: what guests wished for, then the songs of the `tape`, then those of the walk;
    `history` what was played, the current song last. Times are show time.

    `flown_s` is when somebody last flew the camera. `flights` bring the tiles to the map that is shown: see `installation.maps`.

    `turns` are the last few of the history, each with when it began, for what still fades from song to song.
    `song_s` is the place in this song: the sound's, once it has `arrived`, until then reckoned from `from_s`, the second that
    the sound was sent to last, at show time `sent_s`.
    `from_palette` is what the palette fades from, `wandered_s` how far the wall's pictures have come, `still_s` how long the
    sound has not moved, `error_since_s` when `error` was said. `knobs` are the knobs as they apply, `wished` as they were set:
    reduced motion holds some of them back, and those of the displays wait. What is wished of the displays waits since `told_s`
    (inf: nothing does), and they last changed at `turned_s`. `room` is what is known of the room where the show follows what
    plays there, else None; then `track_id` is the song that is recognised, or the one most like what is heard, and nothing is
    known to come. `recording` is whether a recording is under way,
    `coloured_s` when other colours were last chosen by hand. Between its ends the `fader` is what `scene_mix` follows.
    """

    moment: Moment
    track_id: str
    started_s: float
    next_ids: tuple[str, ...]
    history: tuple[str, ...]
    turns: tuple[tuple[str, float], ...]
    audio: AudioFrame
    palette: Palette
    scene: str
    from_scene: str
    scene_mix: float
    scene_since_s: float
    from_since_s: float
    change: str
    backwards: bool
    flown_s: float
    knobs: Mapping[str, KnobValue]
    paused: bool
    error: str | None
    song_s: float
    from_s: float
    sent_s: float
    arrived: bool
    still_s: float
    from_palette: Palette
    wandered_s: float
    camera: Camera
    error_since_s: float
    wished: Mapping[str, KnobValue]
    tape: Tape
    flights: Flights
    told_s: float = math.inf
    turned_s: float = -math.inf
    room: Room | None = None
    recording: bool = False
    coloured_s: float = -math.inf
    fader: Fader = AT_REST

    @property
    def way(self) -> tuple[str, str, float]:
        """The scene a change set out from, the one it leads to, and how far 0..1 it is: the same seen from either end."""
        if self.backwards:
            return self.scene, self.from_scene, 1.0 - self.scene_mix
        return self.from_scene, self.scene, self.scene_mix

    @property
    def map(self) -> str:
        """The map that is shown, or that the tiles are on their way to."""
        return self.flights[-1].map

    @property
    def turning(self) -> bool:
        """Whether the displays are about to change, or did within the last second: the picture must hardly flash meanwhile."""
        return math.isfinite(self.told_s) or self.moment.time_s - self.turned_s < TURN_S

    def stood_s(self, scene: str) -> float:
        """How long a scene has been standing; as the one that goes, since it came."""
        return self.moment.time_s - (self.scene_since_s if scene == self.scene else self.from_since_s)


COMING = 5
"""How many of the coming songs a scene may know."""

TURN_S = 1.0
"""Displays change so long after they were told to: once a second at most, and never before the limiter is prepared."""

_DRAG_PER_S = 0.4
"""So much of its view a corner of the test picture may move in a second without waiting. A strip that a corner lays bare
there and back counts from a quarter of a third of the picture on: 2.4 flashes a second at most."""

_SEEK_FADE_S = 0.06
_LATE_S = 3.0
"""So long after a song was sent for, whatever the sound says of it counts, even if the show itself stood still meanwhile."""

_LONGEST_S = 1e6
_PALETTE_S = 3.0
_ERROR_S = 8.0
_STUCK_S = 3.0
_MEMORY = 4096
_TURNS = 6
_REST = 0.15
"""Share of the full speed the wall keeps in silence, so that it never stands still."""


def first_state(world: World, *, seed_id: str | None, seed: int) -> FrameState:
    """The state before the first frame: on the map, at the song `seed_id` or one chosen by `seed`, nothing moving yet."""
    rows = len(world.tracks)
    known = seed_id if seed_id is not None and seed_id in world.row else None
    track_id = known or world.tracks[int(np.random.default_rng(seed).integers(rows))].id
    turned = MappingProxyType({name: world.config.value(knob.name) for name, knob in _live().items()})
    error = None if seed_id is None or known else f"song id '{seed_id}' is not in this collection; another one starts"
    wish = str(turned["scene"])
    for name in (wish, str(turned["scene_other"])):
        if name not in ("auto", *world.scenes):
            error = _no_scene(name, world)
    scene = wish if wish in world.scenes else world.scenes[0]
    if fault := world.maps.fault(str(turned["map"])):
        error, turned = fault, MappingProxyType({**turned, "map": world.maps.first})
    return FrameState(
        moment=Moment(0, 0.0, 0.0, 0.0),
        track_id=track_id,
        started_s=0.0,
        next_ids=upcoming(world, history=(track_id,), count=COMING),
        history=(track_id,),
        turns=((track_id, 0.0),),
        audio=heard(world.timeline(track_id)).at(0.0),
        palette=_colours(track_id, turned, world),
        scene=scene,
        from_scene=scene,
        scene_mix=1.0,
        scene_since_s=0.0,
        from_since_s=0.0,
        change=FLY,
        backwards=False,
        flown_s=-math.inf,
        knobs=calmed(turned),
        paused=False,
        error=error,
        song_s=0.0,
        from_s=0.0,
        sent_s=0.0,
        arrived=True,
        still_s=0.0,
        from_palette=_colours(track_id, turned, world),
        wandered_s=0.0,
        camera=OPENING,
        error_since_s=0.0,
        wished=turned,
        tape=Tape(track_id, manner_of(turned)),
        flights=(Flight(str(turned["map"])),),
    )


def step(
    state: FrameState, events: Sequence[ControlEvent], moment: Moment, world: World
) -> tuple[FrameState, tuple[Command, ...]]:
    """The state at `moment`, after `events`, and what the sound is asked to do. Never raises for any event."""
    moment = _sound(state.moment, moment)
    if state.room is None and any(event.source == SOURCE for event in events):
        state = replace(state, room=Room(), audio=SILENCE, next_ids=())
    last, state = state, _listen(replace(_fitting(state, world), moment=moment), state, world)
    commands: list[Command] = []
    for event in events:
        state, asked = _answer(state, event, world)
        commands += asked
    state = _glide(_turn_displays(state))
    state, asked = _song_end(state, world)
    commands += asked
    state = _fly(_direct(state, last, world), world)
    return _move(state, world), tuple(commands)


# Time and sound ----------------------------------------------------------------------------------------------------------------


def _sound(last: Moment, moment: Moment) -> Moment:
    """The moment with everything in range: time never runs back, and what is no number counts as standing still."""
    time_s = max(moment.time_s, last.time_s) if math.isfinite(moment.time_s) else last.time_s
    dt_s = min(max(moment.dt_s, 0.0), 1.0) if math.isfinite(moment.dt_s) else 0.0
    song_s = max(moment.song_s, 0.0) if math.isfinite(moment.song_s) else last.song_s
    return Moment(moment.frame, time_s, dt_s, song_s)


def _listen(state: FrameState, last: FrameState, world: World) -> FrameState:
    """Take the heard place and what is heard there; a sound still at the song or the place before counts as not arrived yet."""
    moment = state.moment
    if state.room is not None:
        return _listen_to_room(state, state.room)
    reckoned_s = state.from_s + moment.time_s - state.sent_s
    late = moment.time_s - state.sent_s > _LATE_S and moment.song_s < state.from_s + _LONGEST_S
    arrived = state.arrived or late or state.from_s - 1e-3 <= moment.song_s <= reckoned_s + 1.0
    waiting_s = last.song_s if state.paused else min(reckoned_s, last.song_s + moment.dt_s)
    song_s = moment.song_s if arrived else waiting_s
    stands = arrived and not state.paused and song_s == last.song_s
    ear = heard(world.timeline(state.track_id))
    # The level summed over the song, so that the way is the same however many frames it is cut into.
    loud_s = max(0.0, ear.motion_s(song_s) - ear.motion_s(last.song_s))
    wander_s = (loud_s + _REST * moment.dt_s) * float(state.knobs["wall_speed"])
    return replace(
        state,
        song_s=song_s,
        arrived=arrived,
        still_s=state.still_s + moment.dt_s if stands else 0.0,
        audio=ear.at(song_s),
        wandered_s=state.wandered_s + wander_s,
        error=state.error if moment.time_s - state.error_since_s < _ERROR_S else None,
    )


def _listen_to_room(state: FrameState, room: Room) -> FrameState:
    """Go on in the song that is recognised; what is heard comes as events."""
    moment = state.moment
    wander_s = (state.audio.level + _REST) * moment.dt_s * float(state.knobs["wall_speed"])
    return replace(
        state,
        song_s=room.second(moment.time_s),
        wandered_s=state.wandered_s + wander_s,
        error=state.error if moment.time_s - state.error_since_s < _ERROR_S else None,
    )


# Wishes ------------------------------------------------------------------------------------------------------------------------


def _answer(state: FrameState, event: ControlEvent, world: World) -> tuple[FrameState, list[Command]]:
    if event.source == SOURCE:
        return _hear(state, event, world), []
    if state.room is not None and event.knob in SONG_WISHES | {"pause"}:
        return _complain(state, f"{event.knob}: the room chooses the music; start without --listen to choose it here"), []
    if event.knob == "seed":
        return _seed(state, event.value, world)
    if event.knob == "seed_at":
        return _seed_at(state, event.value, world)
    if event.knob in ("line", "lasso"):
        return _drawn(state, event, world)
    if event.knob == "tape":
        return _taped(state, event.value, world), []
    if event.knob == "queue":
        return _queue(state, event.value, world), []
    if event.knob == "next":
        return _go(state, state.next_ids[0], world) if state.next_ids else (state, [])
    if event.knob == "previous":
        return _back(state, world)
    if event.knob == "pause":
        paused = event.value if isinstance(event.value, bool) else not state.paused
        return replace(state, paused=paused), [Pause(paused)]
    if event.knob in ("seek", "skip"):
        return _seek(state, event, world)
    if event.knob == "record":
        return state, [Record(event.value if isinstance(event.value, bool) else not state.recording)]
    if event.knob == "recorded" and event.source == RECORDER:
        return replace(state, recording=bool(event.value)), []
    if event.knob == "quit":
        return state, [Quit()]
    if event.knob in ("scene", "scene_other") and event.value not in ("auto", *world.scenes) and isinstance(event.value, str):
        return _complain(state, _no_scene(event.value, world)), []
    if event.knob == "map" and isinstance(event.value, str) and (fault := world.maps.fault(event.value)):
        return _complain(state, fault), []
    return _turn(state, event, world)


def _seek(state: FrameState, event: ControlEvent, world: World) -> tuple[FrameState, list[Command]]:
    """Go on at another second of the song, or so many seconds on or back; its end is as far as it goes."""
    if isinstance(event.value, bool) or not isinstance(event.value, int | float) or not math.isfinite(event.value):
        return _complain(state, f"{event.knob}: a number of seconds is needed"), []
    wanted_s = float(event.value) + (state.song_s if event.knob == "skip" else 0.0)
    place_s = min(max(wanted_s, 0.0), heard(world.timeline(state.track_id)).duration_s)
    state = replace(state, song_s=place_s, from_s=place_s, sent_s=state.moment.time_s, arrived=False, still_s=0.0)
    return state, [Play(state.track_id, place_s, _SEEK_FADE_S)]


def _hear(state: FrameState, event: ControlEvent, world: World) -> FrameState:
    """Take in what is heard in the room: the numbers of the moment, a song that is recognised, or a place for other music."""
    room, time_s = state.room or Room(), state.moment.time_s
    try:
        if event.knob == "heard":
            now = Now.of(str(event.value))
            audio = audio_frame(now, state.audio, dt_s=state.moment.dt_s)
            return replace(state, room=room.hears(now, time_s=time_s), audio=audio)
        if event.knob == "song":
            track_id, song_s = read_song(str(event.value))
            known = replace(room, recognised=True, place=None, condition=None, song_s=song_s, since_s=time_s)
            fresh = track_id != state.track_id or not room.recognised
            return _turn_to(replace(state, room=known), track_id, world, fresh=fresh)
        if event.knob == "place":
            place, track_id, condition = read_place(str(event.value))
            unknown = replace(room, recognised=False, place=place, condition=condition)
            return _turn_to(replace(state, room=unknown), track_id, world, fresh=track_id != state.track_id)
    except ValueError as error:
        return _complain(state, f"what is heard cannot be read: {error}")
    return _complain(state, f"'{event.knob[:80]}' is nothing that is heard")


def _turn_to(state: FrameState, track_id: str, world: World, *, fresh: bool) -> FrameState:
    """Let the picture go over to a song that the room plays, or to the one most like it; `fresh` where that is news."""
    if track_id not in world.row:
        return _complain(state, f"song id '{track_id[:40]}' is heard, and not in this collection; build it again")
    if fresh:
        audio = state.audio
        state = replace(_go(state, track_id, world)[0], audio=audio, next_ids=(), arrived=True)
    return replace(state, song_s=state.room.second(state.moment.time_s) if state.room else 0.0)


def _no_scene(name: str, world: World) -> str:
    return f"no scene '{name[:40]}' here; there are auto, {', '.join(world.scenes)}"


def _seed(state: FrameState, wish: KnobValue | None, world: World) -> tuple[FrameState, list[Command]]:
    text = str(wish if wish is not None else "").strip()
    if text in world.row:
        return begin_tape(state, (text,), world)
    found = world.find(text) if text else ()
    if not found:
        return _complain(state, f"no song like '{text[:80]}' here"), []
    return begin_tape(state, (found[0].id,), world)


def _seed_at(state: FrameState, wish: KnobValue | None, world: World) -> tuple[FrameState, list[Command]]:
    """Play the song that lies nearest to a place of the map that is shown."""
    places = read_points(wish)
    if not len(places):
        return _complain(state, "seed_at: two numbers are needed, x and y on the map from 0 to 1"), []
    shown = world.maps.laid(state.flights, state.moment.time_s).xy
    row = int(np.argmin(np.hypot(*(shown - places[0]).T)))
    return begin_tape(state, (world.tracks[row].id,), world)


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


def _drawn(state: FrameState, event: ControlEvent, world: World) -> tuple[FrameState, list[Command]]:
    """Play what somebody drew over the map. A song that plays already goes on where it comes first."""
    points = read_points(event.value)
    songs = drawn_songs(event.knob, points, state, world)
    if not songs or songs == (state.track_id,):
        where = "inside that lasso; draw it around some" if event.knob == "lasso" else "along that line; draw it over some"
        return _complain(state, f"no {'other ' if songs else ''}songs {where}"), []
    if songs[0] != state.track_id:
        return begin_tape(state, songs, world)
    tape = Tape(songs[0], manner_of(state.wished)).longer(songs, heard=())
    return _with_coming(replace(state, tape=tape), world), []


def begin_tape(state: FrameState, songs: Sequence[str], world: World) -> tuple[FrameState, list[Command]]:
    """Play the first of these songs now and the others after it, in place of the mixtape that was running."""
    tape = Tape(songs[0], manner_of(state.wished))
    tape = tape if len(songs) == 1 else tape.longer(songs, heard=())
    return _go(replace(state, tape=tape, next_ids=state.next_ids if len(songs) == 1 else ()), songs[0], world)


def _taped(state: FrameState, wish: KnobValue | None, world: World) -> FrameState:
    """Let a mixtape that was made meanwhile come after what is known to come, or in its place when it is of another manner.

    One that was made for another seed, or in a manner that nobody wants any more, comes too late.
    """
    manner, songs = read_made(wish)
    tape = state.tape if manner == state.tape.manner else Tape(state.track_id, manner)
    made = [song for song in songs if song in world.row]
    if state.room is not None or manner != manner_of(state.wished) or made[:1] != [tape.end]:
        return state
    lately = min(world.config.show.no_repeat, len(world.tracks) // 2)
    heard_ids = {state.track_id, *state.history[len(state.history) - lately :]}
    return _with_coming(replace(state, tape=tape.longer(made, heard=heard_ids)), world)


def _with_coming(state: FrameState, world: World, promised: Sequence[str] = ()) -> FrameState:
    """With what comes next worked out anew: first what is `promised`, then the tape, then the walk."""
    known = tuple(dict.fromkeys((*promised, *state.tape.songs)))
    return replace(state, next_ids=upcoming(world, history=state.history, count=COMING, promised=known))


def _queue(state: FrameState, wish: KnobValue | None, world: World) -> FrameState:
    """These songs come next, whatever was to come; no song is cut off for them."""
    return _with_coming(state, world, [song for song in str(wish or "").split() if song in world.row])


def _back(state: FrameState, world: World) -> tuple[FrameState, list[Command]]:
    if len(state.history) < 2:
        return _go(state, state.track_id, world, history=())
    coming = (state.track_id, *state.next_ids)[:COMING]
    state, asked = _go(state, state.history[-2], world, history=state.history[:-2])
    return replace(state, next_ids=coming), asked


_TO_THE_SOUND: Mapping[str, Callable[[float], Command]] = {"volume": Volume, "sound_offset_ms": Offset}


def _turn(state: FrameState, event: ControlEvent, world: World) -> tuple[FrameState, list[Command]]:
    knob = _live().get(event.knob) or world.own_knobs.get(event.knob)
    value = event.value
    if event.knob in world.own_inputs and world.own_inputs[event.knob].kind == "event":
        # A press is remembered by when it was.
        value = state.moment.time_s
    if knob is None or value is None:
        return _complain(state, f"'{event.knob[:80]}' is no knob of the show"), []
    if fault := knob.fault(value):
        return _complain(state, fault[:200]), []
    turned = type(knob.default)(value)
    if event.knob in LOOKS:
        state = _taken(state)
    if event.knob == "palette" and turned != state.wished["palette"]:
        state = replace(state, from_palette=state.palette, coloured_s=state.moment.time_s)
    state = _applied(state, MappingProxyType({**state.wished, event.knob: turned}))
    if event.knob in CHOOSING and state.room is None and manner_of(state.wished) == PLAIN != state.tape.manner:
        # This walk needs nobody who makes it: it goes on at once.
        state = _with_coming(replace(state, tape=Tape(state.track_id)), world)
    tells = _TO_THE_SOUND.get(event.knob)
    return state, [tells(float(turned))] if tells else []


def _fitting(state: FrameState, world: World) -> FrameState:
    """Without what was told to inputs of a user's own scene that are of another kind by now."""
    own = world.own_knobs
    stale = {name for name, value in state.wished.items() if name in own and own[name].fault(value)}
    if not stale:
        return state
    wished = MappingProxyType({name: value for name, value in state.wished.items() if name not in stale})
    return _applied(state, wished)


def _applied(state: FrameState, wished: Mapping[str, KnobValue]) -> FrameState:
    """With knobs as they are wished; those that glide set out for it, and those of the displays apply when it is their time."""
    kept = {name: state.knobs[name] for name in (*DISPLAY_KNOBS, *_gliding())}
    return replace(state, wished=wished, knobs=MappingProxyType({**calmed(wished), **kept}))


def _glide(state: FrameState) -> FrameState:
    """Let the knobs that glide come nearer to what is wished: by the same share in the same time, however it is cut."""
    goals, knobs, moved = calmed(state.wished), state.knobs, {}
    for name, (tau_s, near) in _gliding().items():
        goal, value = float(goals[name]), float(knobs[name])
        if value != goal:
            left = (value - goal) * math.exp(-state.moment.dt_s / tau_s)
            moved[name] = goal if abs(left) < near else goal + left
    return replace(state, knobs=MappingProxyType({**knobs, **moved})) if moved else state


@lru_cache(maxsize=1)
def _gliding() -> Mapping[str, tuple[float, float]]:
    """The knobs that glide: the time constant of each, and how near is there."""
    return {
        name: (knob.glide_s, 1e-3 * ((knob.high or 0.0) - (knob.low or 0.0)))
        for name, knob in _live().items()
        if knob.glide_s > 0
    }


def _turn_displays(state: FrameState) -> FrameState:
    """Let the displays change when it is their time. They lie behind the limiter: turned to and fro they would be a strobe."""
    now_s, wished = state.moment.time_s, {name: state.wished[name] for name in DISPLAY_KNOBS}
    if all(state.knobs[name] == value for name, value in wished.items()):
        return state if math.isinf(state.told_s) else replace(state, told_s=math.inf)
    told_s = min(state.told_s, now_s)
    free = _DRAG_PER_S * min(now_s - state.turned_s, TURN_S) if state.knobs["test_picture"] else 0.0
    if now_s - told_s < TURN_S - 1e-6 and corners_moved(state.knobs, wished) > free:
        return replace(state, told_s=told_s)
    return replace(state, knobs=MappingProxyType({**state.knobs, **wished}), told_s=math.inf, turned_s=now_s)


def _taken(state: FrameState) -> FrameState:
    """The camera in somebody's hand: the look begins at what is seen, so that one knob alone moves nothing else."""
    if not _steered(state):
        look = dict(zip(LOOKS, look_of(state.camera), strict=True))
        state = _applied(state, MappingProxyType({**state.wished, **look}))
    return replace(state, flown_s=state.moment.time_s)


def looking(state: FrameState) -> tuple[float, float, float]:
    """The look (x, y, zoom) the camera is flown to, or has by itself."""
    return tuple(float(state.knobs[name]) for name in LOOKS) if _steered(state) else look_of(state.camera)  # type: ignore[return-value]


def _steered(state: FrameState) -> bool:
    return state.moment.time_s - state.flown_s < float(state.knobs["look_s"])


def _complain(state: FrameState, words: str) -> FrameState:
    return replace(state, error=words, error_since_s=state.moment.time_s)


@lru_cache(maxsize=1)
def _live() -> Mapping[str, Knob]:
    return {knob.name.partition(".")[2]: knob for knob in knobs() if knob.live}


# Songs -------------------------------------------------------------------------------------------------------------------------


def _go(
    state: FrameState,
    track_id: str,
    world: World,
    *,
    history: tuple[str, ...] | None = None,
    fade_s: float = math.inf,
    after_s: float | None = None,
) -> tuple[FrameState, list[Command]]:
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
    return _with_coming(state, world, promised), [Play(track_id, 0.0, fade_s, after_s)]


def _fade_s(state: FrameState, track_id: str, world: World) -> float:
    """The crossfade, or a third of a song so short that it would be nothing but fades."""
    return min(float(state.knobs["crossfade_s"]), heard(world.timeline(track_id)).duration_s / 3.0)


def _song_end(state: FrameState, world: World) -> tuple[FrameState, list[Command]]:
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
    return _go(state, state.next_ids[0], world, fade_s=fade_s, after_s=after_s)


# Scenes ------------------------------------------------------------------------------------------------------------------------


def _direct(state: FrameState, last: FrameState, world: World) -> FrameState:
    """Let the director go on from what has been heard since the frame before."""
    before = Bill(
        state.scene,
        state.from_scene,
        state.scene_mix,
        state.scene_since_s,
        state.from_since_s,
        state.change,
        state.backwards,
        state.fader,
    )
    # Without the song itself nobody knows its sections.
    same = state.track_id == last.track_id and (state.room is None or state.room.recognised)
    ear = heard(world.timeline(state.track_id))
    bill = direct(
        before,
        Cue(
            now_s=state.moment.time_s,
            dt_s=state.moment.dt_s,
            scenes=world.scenes,
            wish=str(state.knobs["scene"]),
            stay_s=float(state.knobs["scene_s"]),
            change_s=float(state.knobs["transition_s"]),
            song=state.track_id,
            song_for_s=state.moment.time_s - state.started_s,
            boundary=same and ear.begins_section(last.song_s, state.song_s),
            strong=same and ear.strikes(last.song_s, state.song_s),
            still=reduced(state.knobs),
            fader=float(state.knobs["scene_mix"]),
            other=str(state.knobs["scene_other"]),
        ),
    )
    if bill == before:
        return state
    return replace(
        state,
        scene=bill.scene,
        from_scene=bill.from_scene,
        scene_mix=bill.mix,
        scene_since_s=bill.since_s,
        from_since_s=bill.from_since_s,
        change=bill.change,
        backwards=bill.backwards,
        fader=bill.fader,
    )


def _fly(state: FrameState, world: World) -> FrameState:
    """Let the tiles set out for the map that is wished for, when it is time for it."""
    now_s, wish = state.moment.time_s, str(state.knobs["map"])
    flights = landed(state.flights, now_s)
    if wish != flights[-1].map and world.maps.fault(wish) is None:
        lasts_s, still = float(state.knobs["map_s"]), reduced(state.knobs)
        flights = set_out(flights, wish, time_s=now_s, lasts_s=lasts_s, focus=state.track_id, still=still)
    return state if flights is state.flights else replace(state, flights=flights)


# What moves --------------------------------------------------------------------------------------------------------------------


def _move(state: FrameState, world: World) -> FrameState:
    share = float(smooth((state.moment.time_s - max(state.started_s, state.coloured_s)) / _PALETTE_S))
    palette = between(state.from_palette, _colours(state.track_id, state.knobs, world), share)
    still = reduced(state.knobs)
    aim = _aim(state, world, AT_REST_S if still else state.moment.time_s - state.started_s)
    dt_s = state.moment.dt_s * (GLIDE if still else 1.0)
    if steered := _steered(state):
        aim = look_at(*(float(state.knobs[name]) for name in LOOKS))
        dt_s = state.moment.dt_s
    return replace(state, palette=palette, camera=state.camera.follow(*aim, dt_s=dt_s, steered=steered))


def _colours(track_id: str, knobs: Mapping[str, KnobValue], world: World) -> Palette:
    """The colours there shall be: those chosen by hand, else those of the song's cover."""
    text = str(knobs["palette"]).strip(" ,")
    return chosen(text) if text else padded(world.palette(track_id))


def _aim(state: FrameState, world: World, since_s: float) -> tuple[float, float, float]:
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
