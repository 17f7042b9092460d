"""The state of one frame: everything that a scene may know of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from installation.camera import Camera
from installation.director import AT_REST, Fader
from installation.heard import AudioFrame
from installation.maps import Flights
from installation.messages import KnobValue, Moment
from installation.room.told import Room
from installation.tape import Tape
from mixtape.types import Palette


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
    def standing(self) -> Mapping[str, KnobValue]:
        """Where every knob was turned to, and whether what can be switched over (pause, record) is on."""
        return {**self.wished, "pause": self.paused, "record": self.recording}

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


def complain(state: FrameState, words: str) -> FrameState:
    """With a word for whoever steers."""
    return replace(state, error=words, error_since_s=state.moment.time_s)
