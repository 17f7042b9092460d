"""The director: which scene stands, when it makes room for the next one, and how the one becomes the other.

Left to himself he goes through the scenes in order. A scene stays for about `scene_s`: it may go at a boundary between the
music's sections once three quarters of that are over, at a strong onset once all of it is, and goes anyway after one and a half.

Somebody may take the change into their own hand, with a fader: at 0 stands the director's scene, at 1 the other one, between them
both are mixed and he rests. Whatever is told meanwhile of scenes in sight waits until only one of them is left.

Pure: the same bill and cue give the same bill, so a log replays his choices.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

SCENES = ("map", "grid", "wall", "chart", "forming", "gallery")
"""The scenes of the house, in the order they are gone through; those of a collection that has no use for one are left out."""

TILED = frozenset({"map", "grid", "chart", "forming"})
"""Scenes of the songs' own tiles: from one of them to another the tiles fly, and none is swapped for a picture of itself."""

FLY = "fly"
"""The change in which the tiles fly."""

FADE = "fade"
"""The change in which nothing moves."""

CHANGES = ("dissolve", "wave", "iris")
"""The other changes: see `installation.gl.transitions`."""

MIX = "mix"
"""The change that the fader makes where the tiles do not fly: at every share it is a picture made of both."""

FADER_S = 0.4
"""How long the fader takes at least from one end to the other, however fast it is moved."""

_EARLIEST, _LATEST = 0.75, 1.5
_SETTLED_S = 4.0
"""A new song first has its moment: nobody should lose sight of it in a scene change."""


@dataclass(frozen=True, slots=True)
class Fader:
    """Where the fader is, 0..1, and when it last moved; what stands `aside` at its end 0, and since when that stood."""

    at: float = 0.0
    rested_s: float = -math.inf
    aside: str = ""
    aside_since_s: float = 0.0

    @property
    def between(self) -> bool:
        """Whether it is off its ends."""
        return 0.0 < self.at < 1.0


AT_REST = Fader()
"""The fader that nobody has touched."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What stands on the stage: `scene` since `since_s`, over `from_scene` (which came at `from_since_s`) by `mix` 0..1.

    `change` is how the one becomes the other; one that was taken back half-way runs `backwards`. While the `fader` is between its
    ends, `scene` is the other scene and `mix` where the fader is.
    """

    scene: str
    from_scene: str
    mix: float
    since_s: float
    from_since_s: float
    change: str
    backwards: bool = False
    fader: Fader = AT_REST


@dataclass(frozen=True, slots=True)
class Cue:
    """What the director goes by at a moment: the scenes there are, the wish ("auto" for none), times, and what is heard.

    `boundary` and `strong`: whether a section began or a strong onset sounded since the last moment. `song` is the id of the
    playing song, `song_for_s` how long it has been playing. `still` asks for reduced motion. `fader` is where the fader shall be,
    `other` the scene at its far end ("auto": the one that would come next).
    """

    now_s: float
    dt_s: float
    scenes: tuple[str, ...]
    wish: str
    stay_s: float
    change_s: float
    song: str
    song_for_s: float
    boundary: bool
    strong: bool
    still: bool = False
    fader: float = 0.0
    other: str = "auto"


def direct(bill: Bill, cue: Cue) -> Bill:
    """The bill at the cue: the change that is under way goes on, and the next one begins when it is time or wanted.

    A change that is taken back half-way runs backwards.
    """
    if bill.fader.between or (bill.mix >= 1.0 and cue.fader != bill.fader.at):
        return _by_hand(bill, cue)
    if bill.mix < 1.0:
        bill = replace(bill, mix=min(1.0, bill.mix + cue.dt_s / max(cue.change_s, 1e-6)))
    wanted = _wanted(bill, cue)
    if wanted == bill.scene:
        return bill
    if bill.mix >= 1.0:
        change = FADE if cue.still else change_between(bill.scene, wanted, cue.song)
        mix = 0.0 if cue.change_s > 0 else 1.0
        return Bill(wanted, bill.scene, mix, cue.now_s, bill.since_s, change, fader=bill.fader)
    if wanted == bill.from_scene:
        turned = bill.from_since_s, bill.since_s, bill.change, not bill.backwards
        return Bill(wanted, bill.scene, 1.0 - bill.mix, *turned, fader=bill.fader)
    return bill


def _by_hand(bill: Bill, cue: Cue) -> Bill:
    """The bill with the fader moved towards where it shall be."""
    if not bill.fader.between:
        bill = _uncovered(bill, cue)
    farthest = cue.dt_s / FADER_S
    at = bill.fader.at + min(max(cue.fader - bill.fader.at, -farthest), farthest)
    at = cue.fader if abs(at - cue.fader) < 1e-6 else at
    if at <= 0.0:
        return Bill(bill.from_scene, bill.scene, 1.0, bill.from_since_s, bill.since_s, bill.change, fader=Fader(0.0, cue.now_s))
    return replace(bill, mix=min(at, 1.0), fader=replace(bill.fader, at=min(at, 1.0), rested_s=cue.now_s))


def _uncovered(bill: Bill, cue: Cue) -> Bill:
    """The bill at the moment the fader leaves an end: one scene stands, and the one that will be seen beside it is settled."""
    if bill.fader.at <= 0.0:
        aside, since_s = bill.scene, bill.since_s
        other = cue.other if cue.other in cue.scenes else following(aside, cue.scenes)
        other_since_s = since_s if other == aside else cue.now_s
    else:
        other, other_since_s = bill.scene, bill.since_s
        aside, since_s = bill.fader.aside, bill.fader.aside_since_s
        if cue.wish in cue.scenes and cue.wish != aside:
            aside, since_s = cue.wish, cue.now_s
        elif aside not in cue.scenes:
            aside, since_s = cue.scenes[0], cue.now_s
    tiled = aside in TILED and other in TILED
    change = FADE if cue.still else FLY if tiled else MIX
    return Bill(
        other, aside, bill.fader.at, other_since_s, since_s, change, fader=replace(bill.fader, aside=aside, aside_since_s=since_s)
    )


def change_between(scene: str, other: str, song: str) -> str:
    """How one scene becomes another: the tiles fly where both have them, else one of `CHANGES`, by the song and the scenes."""
    if scene in TILED and other in TILED:
        return FLY
    return CHANGES[zlib.crc32(f"{scene} {other} {song}".encode()) % len(CHANGES)]


def following(scene: str, scenes: Sequence[str]) -> str:
    """The scene after this one, from the first again after the last; the first where this one is not among them."""
    return scenes[(scenes.index(scene) + 1) % len(scenes)] if scene in scenes else scenes[0]


def _wanted(bill: Bill, cue: Cue) -> str:
    if bill.fader.at > 0.0:
        return cue.other if cue.other in cue.scenes else bill.scene
    if cue.wish in cue.scenes:
        return cue.wish
    stood_s = cue.now_s - max(bill.since_s, bill.fader.rested_s)
    at_boundary = cue.boundary and stood_s >= _EARLIEST * cue.stay_s
    due = at_boundary or (cue.strong and stood_s >= cue.stay_s) or stood_s >= _LATEST * cue.stay_s
    return following(bill.scene, cue.scenes) if due and bill.mix >= 1.0 and cue.song_for_s >= _SETTLED_S else bill.scene
