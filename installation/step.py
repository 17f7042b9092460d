"""The step from one frame to the next.

`step` is pure: the same state, events, moment and world give the same next state and the same commands, so a log of events
replays a show, and an export is the same show drawn by another clock. Everything that moves is a function of time and state,
never of the number of frames drawn.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from installation.calm import GLIDE, calmed, reduced
from installation.camera import AT_REST_S, LOOKS, OPENING, look_at
from installation.choice import upcoming
from installation.colours import between, chosen, padded
from installation.director import FLY, Bill, Cue, direct
from installation.gaze import aim_of, steered
from installation.heard import heard
from installation.maps import Flight, landed, set_out
from installation.messages import RECORDER, SONG_WISHES, Command, ControlEvent, KnobValue, Moment, Pause, Quit, Record
from installation.places import smooth
from installation.room.told import SILENCE, SOURCE, Now, Room, audio_frame, read_place, read_song
from installation.songs import ANSWERS, Answer, go, song_end, walk_on
from installation.state import COMING, FrameState, complain
from installation.tape import CHOOSING, Tape, manner_of
from installation.turning import fitting, glide, live_knobs, turn, turn_displays
from installation.world import World
from mixtape.types import Palette

_LATE_S = 3.0
"""So long after a song was sent for, whatever the sound says of it counts, even if the show itself stood still meanwhile."""
_LONGEST_S = 1e6
_PALETTE_S = 3.0
_ERROR_S = 8.0
_REST = 0.15
"""Share of the full speed the wall keeps in silence, so that it never stands still."""


def first_state(world: World, *, seed_id: str | None, seed: int) -> FrameState:
    """The state before the first frame: on the map, at the song `seed_id` or one chosen by `seed`, nothing moving yet."""
    rows = len(world.tracks)
    known = seed_id if seed_id is not None and seed_id in world.row else None
    track_id = known or world.tracks[int(np.random.default_rng(seed).integers(rows))].id
    turned = MappingProxyType({name: world.config.value(knob.name) for name, knob in live_knobs().items()})
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
    last, state = state, _listen(replace(fitting(state, world), moment=moment), state, world)
    commands: list[Command] = []
    for event in events:
        state, asked = _answer(state, event, world)
        commands += asked
    state = glide(turn_displays(state))
    state, asked = song_end(state, world)
    commands += asked
    state = _fly(_direct(state, last, world), world)
    return _move(state, world), tuple(commands)


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


def _answer(state: FrameState, event: ControlEvent, world: World) -> Answer:
    """What comes of one event."""
    if event.source == SOURCE:
        return _hear(state, event, world), []
    if state.room is not None and event.knob in SONG_WISHES | {"pause"}:
        return complain(state, f"{event.knob}: the room chooses the music; start without --listen to choose it here"), []
    if event.knob in ANSWERS:
        return ANSWERS[event.knob](state, event, world)
    if event.knob == "pause":
        paused = event.value if isinstance(event.value, bool) else not state.paused
        return replace(state, paused=paused), [Pause(paused)]
    if event.knob == "record":
        return state, [Record(event.value if isinstance(event.value, bool) else not state.recording)]
    if event.knob == "recorded" and event.source == RECORDER:
        return replace(state, recording=bool(event.value)), []
    if event.knob == "quit":
        return state, [Quit()]
    if event.knob in ("scene", "scene_other") and event.value not in ("auto", *world.scenes) and isinstance(event.value, str):
        return complain(state, _no_scene(event.value, world)), []
    if event.knob == "map" and isinstance(event.value, str) and (fault := _no_map(event.value, world)):
        return complain(state, fault), []
    state, asked = turn(state, event, world)
    return (walk_on(state, world) if event.knob in CHOOSING else state), asked


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
        return complain(state, f"what is heard cannot be read: {error}")
    return complain(state, f"'{event.knob[:80]}' is nothing that is heard")


def _turn_to(state: FrameState, track_id: str, world: World, *, fresh: bool) -> FrameState:
    """Let the picture go over to a song that the room plays, or to the one most like it; `fresh` where that is news."""
    if track_id not in world.row:
        return complain(state, f"song id '{track_id[:40]}' is heard, and not in this collection; build it again")
    if fresh:
        audio = state.audio
        state = replace(go(state, track_id, world)[0], audio=audio, next_ids=(), arrived=True)
    return replace(state, song_s=state.room.second(state.moment.time_s) if state.room else 0.0)


def _no_map(name: str, world: World) -> str | None:
    """Why there is nothing to go to, or None where there is."""
    if world.maps.names == (name,):
        return f"'{name}' is the only map here; mixtape map makes the others, for collections of 12 to 5,000 songs"
    return world.maps.fault(name)


def _no_scene(name: str, world: World) -> str:
    return f"no scene '{name[:40]}' here; there are auto, {', '.join(world.scenes)}"


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


def _move(state: FrameState, world: World) -> FrameState:
    share = float(smooth((state.moment.time_s - max(state.started_s, state.coloured_s)) / _PALETTE_S))
    palette = between(state.from_palette, _colours(state.track_id, state.knobs, world), share)
    still = reduced(state.knobs)
    aim = aim_of(state, world, AT_REST_S if still else state.moment.time_s - state.started_s)
    dt_s = state.moment.dt_s * (GLIDE if still else 1.0)
    if flown := steered(state):
        aim = look_at(*(float(state.knobs[name]) for name in LOOKS))
        dt_s = state.moment.dt_s
    return replace(state, palette=palette, camera=state.camera.follow(*aim, dt_s=dt_s, steered=flown))


def _colours(track_id: str, knobs: Mapping[str, KnobValue], world: World) -> Palette:
    """The colours there shall be: those chosen by hand, else those of the song's cover."""
    text = str(knobs["palette"]).strip(" ,")
    return chosen(text) if text else padded(world.palette(track_id))
