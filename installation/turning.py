"""Knobs that are turned: checked, held back by reduced motion, gliding to where they are to be, displays in their own time.

Pure, as `installation.step` is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType

from installation.calm import calmed
from installation.camera import LOOKS, look_of
from installation.displays import DISPLAY_KNOBS, corners_moved
from installation.gaze import steered
from installation.messages import Command, ControlEvent, KnobValue, Offset, Volume
from installation.state import TURN_S, FrameState, complain
from installation.world import World
from mixtape.config import Knob, knobs

_DRAG_PER_S = 0.4
"""So much of its view a corner of the test picture may move in a second without waiting. A strip that a corner lays bare
there and back counts from a quarter of a third of the picture on: 2.4 flashes a second at most."""
_TO_THE_SOUND: Mapping[str, Callable[[float], Command]] = {"volume": Volume, "sound_offset_ms": Offset}


def turn(state: FrameState, event: ControlEvent, world: World) -> tuple[FrameState, list[Command]]:
    """With a knob turned as an event wishes, or a word why not."""
    knob = live_knobs().get(event.knob) or world.own_knobs.get(event.knob)
    value = event.value
    if event.knob in world.own_inputs and world.own_inputs[event.knob].kind == "event":
        # A press is remembered by when it was.
        value = state.moment.time_s
    if knob is None or value is None:
        return complain(state, f"'{event.knob[:80]}' is no knob of the show"), []
    if fault := knob.fault(value):
        return complain(state, fault[:200]), []
    turned = type(knob.default)(value)
    if event.knob in LOOKS:
        state = _taken(state)
    if event.knob == "palette" and turned != state.wished["palette"]:
        state = replace(state, from_palette=state.palette, coloured_s=state.moment.time_s)
    state = applied(state, MappingProxyType({**state.wished, event.knob: turned}))
    tells = _TO_THE_SOUND.get(event.knob)
    return state, [tells(float(turned))] if tells else []


def fitting(state: FrameState, world: World) -> FrameState:
    """Without what was told to inputs of a user's own scene that are of another kind by now."""
    own = world.own_knobs
    stale = {name for name, value in state.wished.items() if name in own and own[name].fault(value)}
    if not stale:
        return state
    wished = MappingProxyType({name: value for name, value in state.wished.items() if name not in stale})
    return applied(state, wished)


def applied(state: FrameState, wished: Mapping[str, KnobValue]) -> FrameState:
    """With knobs as they are wished; those that glide set out for it, and those of the displays apply when it is their time."""
    kept = {name: state.knobs[name] for name in (*DISPLAY_KNOBS, *_gliding())}
    return replace(state, wished=wished, knobs=MappingProxyType({**calmed(wished), **kept}))


def glide(state: FrameState) -> FrameState:
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
        for name, knob in live_knobs().items()
        if knob.glide_s > 0
    }


def turn_displays(state: FrameState) -> FrameState:
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
    if not steered(state):
        look = dict(zip(LOOKS, look_of(state.camera), strict=True))
        state = applied(state, MappingProxyType({**state.wished, **look}))
    return replace(state, flown_s=state.moment.time_s)


@lru_cache(maxsize=1)
def live_knobs() -> Mapping[str, Knob]:
    """The knobs that turn during the show, by their names without the section."""
    return {knob.name.partition(".")[2]: knob for knob in knobs() if knob.live}
