"""Reduced motion: what the knobs come to for people whom moving pictures make ill.

Nothing answers onsets (`energy` 0 stills shakes, pulses and rings), pictures wander at half speed at most, scenes stay for a
minute or longer and fade for six seconds or longer. What else moves asks `reduced`: the camera glides slowly at one height, the
wall has no ripple, map and grid fade where else their tiles would fly, and so does one map into the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from installation.messages import KnobValue

GLIDE = 0.25
"""How fast the camera's time runs in reduced motion."""

_MOST = {"energy": 0.0, "wall_speed": 0.5}
_LEAST = {"transition_s": 6.0, "scene_s": 60.0, "map_s": 6.0}


def reduced(knobs: Mapping[str, KnobValue]) -> bool:
    """Whether motion is reduced."""
    return bool(knobs["reduced_motion"])


def calmed(wished: Mapping[str, KnobValue]) -> Mapping[str, KnobValue]:
    """The knobs as they apply: as they were `wished`, or held within what reduced motion allows."""
    if not reduced(wished):
        return wished
    held = {name: min(float(wished[name]), most) for name, most in _MOST.items()}
    held |= {name: max(float(wished[name]), least) for name, least in _LEAST.items()}
    return MappingProxyType({**wished, **held})
