"""The director: which scene stands, when it makes room for the next one, and how the one becomes the other.

Left to himself he goes through the scenes in order. A scene stays for about `scene_s`: it may go at a boundary between the
music's sections once three quarters of that are over, at a strong onset once all of it is, and goes anyway after one and a half.
Pure: the same bill and cue give the same bill, so a log replays his choices.
"""

from __future__ import annotations

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

_EARLIEST, _LATEST = 0.75, 1.5
_SETTLED_S = 4.0
"""A new song first has its moment: nobody should lose sight of it in a scene change."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What stands on the stage: `scene` since `since_s`, over `from_scene` (which came at `from_since_s`) by `mix` 0..1.

    `change` is how the one becomes the other; one that was taken back half-way runs `backwards`.
    """

    scene: str
    from_scene: str
    mix: float
    since_s: float
    from_since_s: float
    change: str
    backwards: bool = False


@dataclass(frozen=True, slots=True)
class Cue:
    """What the director goes by at a moment: the scenes there are, the wish ("auto" for none), times, and what is heard.

    `boundary` and `strong`: whether a section began or a strong onset sounded since the last moment. `song` is the id of the
    playing song, `song_for_s` how long it has been playing. `still` asks for reduced motion.
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


def direct(bill: Bill, cue: Cue) -> Bill:
    """The bill at the cue: the change that is under way goes on, and the next one begins when it is time or wanted.

    A change that is taken back half-way runs backwards.
    """
    if bill.mix < 1.0:
        bill = replace(bill, mix=min(1.0, bill.mix + cue.dt_s / max(cue.change_s, 1e-6)))
    wanted = _wanted(bill, cue)
    if wanted == bill.scene:
        return bill
    if bill.mix >= 1.0:
        change = FADE if cue.still else change_between(bill.scene, wanted, cue.song)
        return Bill(wanted, bill.scene, 0.0 if cue.change_s > 0 else 1.0, cue.now_s, bill.since_s, change)
    if wanted == bill.from_scene:
        return Bill(wanted, bill.scene, 1.0 - bill.mix, bill.from_since_s, bill.since_s, bill.change, not bill.backwards)
    return bill


def change_between(scene: str, other: str, song: str) -> str:
    """How one scene becomes another: the tiles fly where both have them, else one of `CHANGES`, by the song and the scenes."""
    if scene in TILED and other in TILED:
        return FLY
    return CHANGES[zlib.crc32(f"{scene} {other} {song}".encode()) % len(CHANGES)]


def following(scene: str, scenes: Sequence[str]) -> str:
    """The scene after this one, from the first again after the last; the first where this one is not among them."""
    return scenes[(scenes.index(scene) + 1) % len(scenes)] if scene in scenes else scenes[0]


def _wanted(bill: Bill, cue: Cue) -> str:
    if cue.wish in cue.scenes:
        return cue.wish
    stood_s = cue.now_s - bill.since_s
    at_boundary = cue.boundary and stood_s >= _EARLIEST * cue.stay_s
    due = at_boundary or (cue.strong and stood_s >= cue.stay_s) or stood_s >= _LATEST * cue.stay_s
    return following(bill.scene, cue.scenes) if due and bill.mix >= 1.0 and cue.song_for_s >= _SETTLED_S else bill.scene
