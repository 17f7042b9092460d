"""How one finished picture becomes another. Each is a shader over both and a share; the director chooses which, by name.

At share 0 and 1 the pictures stand alone, untouched.
"""

from __future__ import annotations

from dataclasses import dataclass

import moderngl

from installation.colours import light
from installation.gl.drawing import Drawing
from installation.places import smooth
from installation.state import FrameState


@dataclass(frozen=True, slots=True)
class Transition:
    """A change from picture to picture by `shader`.

    Every shader may read u_from, u_to, u_mix 0..1, u_aspect, u_height_px, u_light (the song's colour), and where the playing
    song is: u_focus, on the screen, and u_half, half the side of its tile. Those that run by themselves are `eased`; one in
    somebody's hand answers evenly all the way.
    """

    shader: str
    eased: bool = True

    def draw(
        self,
        state: FrameState,
        drawing: Drawing,
        before: moderngl.Texture,
        after: moderngl.Texture,
        *,
        share: float,
        song: tuple[float, float, float],
    ) -> None:
        """Draw into the target in use: `share` 0..1 of the way from `before` to `after`; `song` is its x, y and half side."""
        drawing.screen.draw(
            self.shader,
            u_from=before,
            u_to=after,
            u_mix=float(smooth(share)) if self.eased else share,
            u_aspect=drawing.aspect,
            u_height_px=float(drawing.size_px[1]),
            u_focus=song[:2],
            u_half=song[2],
            u_light=tuple(float(v) for v in light(state.palette)[0]),
        )


TRANSITIONS = {
    "fade": Transition("transitions/fade"),
    "dissolve": Transition("transitions/dissolve"),
    "mix": Transition("transitions/dissolve", eased=False),
    "wave": Transition("transitions/wave"),
    "iris": Transition("transitions/iris"),
}
"""By the names of `installation.director.CHANGES`, `FADE` and `MIX`."""
