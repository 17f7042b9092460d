"""The onsets that were heard a little while ago, for what runs outwards from them: of the song's timeline, or of the room."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from installation.heard import heard
from installation.room.told import pulses_ago
from installation.state import FrameState
from installation.world import World
from mixtape.types import FloatArray


def recent_pulses(state: FrameState, world: World, ago_s: npt.NDArray[np.floating]) -> FloatArray:
    """The pulse 0..1 that was heard so many seconds ago, at many moments at once; nothing before the music began."""
    if state.room is not None:
        return pulses_ago(state.room, state.moment.time_s, ago_s)
    return heard(world.timeline(state.track_id)).pulses(state.song_s - ago_s)
