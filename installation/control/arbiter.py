"""Who is heard when several people steer: one pure function that every event passes through before the step.

- Whoever runs the show (keys, mouse, OSC, the operator's page) acts at once; of several the last touch wins.
- Guests (phones) wish. A song never cuts another off: it comes in turn (`installation.control.turns`) and stands in the show's
  `queue`. A vote skips when more than half of the phones that are here agree. A mood dial moves a knob a little around where the
  operator left it, slowly, the last touch counting; for `HOLD_S` after the operator's own touch it moves nothing.

What comes out are plain events, which the log keeps with their source and the step answers; the step knows of no guests.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from installation.control.turns import Turns, needed, place_words
from installation.messages import BEGINS, ControlEvent
from installation.state import COMING, FrameState
from installation.tape import CHOOSING
from installation.world import World
from mixtape.config import knobs
from mixtape.types import Track

GUEST = "phone:"
"""What a guest's source begins with."""

MOODS: Mapping[str, float] = MappingProxyType({"energy": 0.3, "wall_strength": 0.5})
"""The knobs with a mood dial, and how far (in the knob's units) guests may bring each from where the operator left it."""

HOLD_S = 60.0
"""So long after the operator's touch a dial of the guests moves nothing."""

SLEW_S = 4.0
"""How long a dial takes from one end of its reach to the other."""

LATELY = 10
"""Of so many songs heard last none can be wished for, or of half the collection."""

HEARD_S = 15.0
"""A song is heard so long before it can be voted away."""

_STEP_S = 0.1


@dataclass(frozen=True, slots=True)
class Mood:
    """A dial: the knob's value as the operator left it, the last guest who touched it and what that guest wants, -1 to 1."""

    base: float
    phone: str = ""
    wish: float = 0.0
    turned_s: float = -math.inf
    held_s: float = -math.inf


@dataclass(frozen=True, slots=True)
class Standing:
    """What the guests have wished so far. `told` is the queue as the show knows it; `asked_by` who changed it last."""

    turns: Turns = field(default_factory=Turns)
    song: tuple[str, float] = ("", 0.0)
    voters: frozenset[str] = frozenset()
    moods: Mapping[str, Mood] = field(default_factory=lambda: MappingProxyType({}))
    told: tuple[str, ...] = ()
    asked_by: str = "guests"


@dataclass(frozen=True, slots=True)
class Ruling:
    """What is to be done: `events` for the step; `wishes` of guests for the log; `answers` (phone's source, words)."""

    events: tuple[ControlEvent, ...]
    wishes: tuple[ControlEvent, ...] = ()
    answers: tuple[tuple[str, str], ...] = ()


def rule(
    standing: Standing, events: Sequence[ControlEvent], state: FrameState, world: World, *, present: Set[str], now_s: float
) -> tuple[Standing, Ruling]:
    """What comes of this frame's `events`, given the `state` before them and which phones (sources) are `present`.

    Guests may send "seed" and "like" (a song's id), "withdraw" and "vote" (an id), and a dial's name with -1 to 1.
    """
    standing = _heard(standing, state)
    passed: list[ControlEvent] = []
    wishes: list[ControlEvent] = []
    answers: list[tuple[str, str]] = []
    for event in events:
        if event.source.startswith(GUEST):
            wishes.append(event)
            standing, words = _wish(standing, event, state, world)
            answers += [(event.source, words)] if words else []
        else:
            passed.append(event)
            standing = _operated(standing, event, now_s)
    standing, skipped = _counted(standing, state, present, now_s)
    standing, moved = _moods(standing, state, now_s)
    standing, queued = _queued(standing, state, passed, now_s)
    return standing, Ruling((*passed, *queued, *skipped, *moved), tuple(wishes), tuple(answers))


def title_of(track: Track) -> str:
    """A song's name for a stranger: never its file's."""
    return track.title.strip() or "a song without a title"


# Songs ----------------------------------------------------------------------------------------------------------------------


def _heard(standing: Standing, state: FrameState) -> Standing:
    """When another song has begun, its wish is fulfilled and votes begin anew."""
    song = state.track_id, state.started_s
    if song == standing.song:
        return standing
    turns = standing.turns.played(state.track_id)
    # What was to come after it still is: the show keeps its word by itself.
    told = turns.songs[:COMING] if standing.told[:1] == (state.track_id,) else standing.told
    return replace(standing, turns=turns, song=song, voters=frozenset(), told=told)


def _wish(standing: Standing, event: ControlEvent, state: FrameState, world: World) -> tuple[Standing, str]:
    """After a guest's wish, and what the guest is told."""
    if event.knob == "vote":
        if event.value != state.track_id:
            return standing, "that song is over"
        return replace(standing, voters=standing.voters | {event.source}), ""
    if event.knob in MOODS:
        return _touched(standing, event, state), ""
    song = str(event.value)
    if event.knob == "withdraw":
        turns = standing.turns.withdrawn(event.source, song)
        return replace(standing, turns=turns, asked_by=event.source), "" if turns != standing.turns else "it is not waiting"
    if song not in world.row or event.knob not in ("seed", "like"):
        return standing, "there is no such song here"
    found = song if event.knob == "seed" else _alike(song, standing, state, world)
    why = _heard_lately(found, state, world) or standing.turns.refusal(event.source, found)
    if why:
        return standing, why
    turns = standing.turns.asked(event.source, found)
    words = f"{title_of(world.track(found))} comes {place_words(turns.songs.index(found))}"
    return replace(standing, turns=turns, asked_by=event.source), words


def _alike(song: str, standing: Standing, state: FrameState, world: World) -> str:
    """The nearest song that may be wished for; the nearest of all when none may."""
    near = [world.tracks[row].id for row in world.neighbours.index[world.row[song]]]
    free = (each for each in near if each not in standing.turns.songs and not _heard_lately(each, state, world))
    return next(free, near[0] if near else song)


def _heard_lately(song: str, state: FrameState, world: World) -> str:
    if song == state.track_id:
        return "it plays just now"
    lately = min(LATELY, len(world.tracks) // 2)
    return "it was heard a little while ago; try it later" if song in state.history[-lately:] else ""


def _queued(
    standing: Standing, state: FrameState, passed: Iterable[ControlEvent], now_s: float
) -> tuple[Standing, tuple[ControlEvent, ...]]:
    """The event that lets the wishes come next, where the show has anything else in mind."""
    wanted = standing.turns.songs[:COMING]
    turned = any(event.knob in BEGINS for event in passed)
    # A mixtape that comes with these events, or the walk, would take the place of what guests wished for until the next frame.
    recast = bool(wanted) and any(event.knob == "tape" or event.knob in CHOOSING for event in passed)
    if turned or (not recast and wanted == standing.told and state.next_ids[: len(wanted)] == wanted):
        # What comes after a song that somebody has just chosen is known with the next frame.
        return standing, ()
    event = ControlEvent(standing.asked_by, "queue", " ".join(wanted), now_s)
    return replace(standing, told=wanted), (event,)


def _counted(standing: Standing, state: FrameState, present: Set[str], now_s: float) -> tuple[Standing, tuple[ControlEvent, ...]]:
    """The skip, when enough have voted for it and the song has been heard for a while."""
    voters = standing.voters
    if not voters or now_s - state.started_s < HEARD_S or len(voters) < needed(voters, present):
        return standing, ()
    return replace(standing, voters=frozenset()), (ControlEvent("phones", "next", None, now_s),)


# Moods ----------------------------------------------------------------------------------------------------------------------


def _touched(standing: Standing, event: ControlEvent, state: FrameState) -> Standing:
    base = float(state.wished[event.knob])
    mood = standing.moods.get(event.knob, Mood(base))
    wish = min(max(float(event.value or 0.0), -1.0), 1.0)
    return _with(standing, event.knob, replace(mood, phone=event.source, wish=wish))


def _operated(standing: Standing, event: ControlEvent, now_s: float) -> Standing:
    """The operator's touch of a dial's knob: guests start anew from there, later."""
    if event.knob not in MOODS or isinstance(event.value, str) or event.value is None:
        return standing
    return _with(standing, event.knob, Mood(float(event.value), held_s=now_s))


def _with(standing: Standing, knob: str, mood: Mood) -> Standing:
    return replace(standing, moods=MappingProxyType({**standing.moods, knob: mood}))


def _moods(standing: Standing, state: FrameState, now_s: float) -> tuple[Standing, tuple[ControlEvent, ...]]:
    """A step of each dial towards what is wished, ten a second at most, so that a log of an evening stays short."""
    moved: list[ControlEvent] = []
    for knob, mood in standing.moods.items():
        if not mood.phone or now_s - mood.held_s < HOLD_S or now_s - mood.turned_s < _STEP_S:
            continue
        reach, value = MOODS[knob], float(state.wished[knob])
        goal = _within(knob, mood.base + mood.wish * reach)
        farthest = 2 * reach / SLEW_S * min(now_s - mood.turned_s, 2 * _STEP_S)
        near = goal if abs(goal - value) <= farthest else value + math.copysign(farthest, goal - value)
        if near != value:
            moved.append(ControlEvent(mood.phone, knob, near, now_s))
            standing = _with(standing, knob, replace(mood, turned_s=now_s))
    return standing, tuple(moved)


def _within(knob: str, value: float) -> float:
    low, high = next((each.low, each.high) for each in knobs() if each.name == f"show.{knob}")
    return min(max(value, low or 0.0), value if high is None else high)
