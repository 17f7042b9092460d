"""What comes after the scenes: light that lingers, the spread of light, the grading and the grain. Each costs nothing at 0."""

from __future__ import annotations

import math

import moderngl
import numpy as np

from installation.colours import light
from installation.gl.drawing import Drawing
from installation.gl.targets import Target
from installation.state import FrameState
from mixtape.types import FloatArray


class Post:
    """Trails at half the size, bloom at a quarter and an eighth, then one pass over everything."""

    def __init__(self, drawing: Drawing) -> None:
        """Make the small targets for this size."""
        width, height = drawing.size_px
        self._quarter = [Target.make(drawing.gl, (width // 4, height // 4)) for _ in range(2)]
        self._trails = Trails()
        self._wide = [Target.make(drawing.gl, (width // 16, height // 16)) for _ in range(2)]

    def gather(self, state: FrameState, drawing: Drawing, picture: Target) -> None:
        """Gather what shines in the picture, and lay over it what shone before.

        What is drawn over it afterwards, such as words, does neither.
        """
        self._trails.draw(state, drawing, picture)
        if float(state.knobs["bloom"]) > 0.0:
            self._gather_light(drawing, picture.texture)

    def _gather_light(self, drawing: Drawing, picture: moderngl.Texture) -> None:
        width, height = picture.size
        self._quarter[0].begin()
        drawing.screen.draw("post/bright", u_picture=picture, u_texel=(1.0 / width, 1.0 / height))
        self._blur(drawing, self._quarter[0].texture, self._quarter)
        if drawing.light:
            return
        self._blur(drawing, self._quarter[0].texture, self._wide)
        self._quarter[1].begin()
        drawing.screen.draw("post/glow", u_near=self._quarter[0].texture, u_far=self._wide[0].texture)

    def draw(self, state: FrameState, drawing: Drawing, picture: moderngl.Texture, into: moderngl.Framebuffer) -> None:
        """Finish `picture` into `into`, with the light gathered last."""
        into.use()
        tints = light(state.palette)
        grading = float(state.knobs["grading"])
        drawing.screen.draw(
            "post/final",
            u_picture=picture,
            u_glow=self._quarter[0 if drawing.light else 1].texture,
            u_stretched=picture.size != into.size,
            u_bloom=1.1 * float(state.knobs["bloom"]),
            u_grain=float(state.knobs["grain"]),
            # Grain is a film's: 24 grains a second, whatever the frame rate.
            u_seed=float(int(state.moment.time_s * 24.0) * 131 % 65536),
            u_aspect=drawing.aspect,
            u_shadow=tuple(0.044 * grading * float(v) for v in tints[1]),
            u_lights=tuple(float(v) for v in _lights(tints[0], grading)),
        )

    def _blur(self, drawing: Drawing, source: moderngl.Texture, pair: list[Target]) -> None:
        width, height = pair[0].texture.size
        pair[1].begin()
        drawing.screen.draw("post/blur", u_picture=source, u_along=(1.0 / width, 0.0))
        pair[0].begin()
        drawing.screen.draw("post/blur", u_picture=pair[1].texture, u_along=(0.0, 1.0 / height))

    def release(self) -> None:
        """Give the targets back."""
        for target in (*self._quarter, *self._wide):
            target.release()
        self._trails.release()


def _lights(tint: FloatArray, grading: float) -> FloatArray:
    """How much of each channel (3,) a white place has: towards `tint`, as light as before."""
    even = tint / max(float(tint @ _LUMA), 1e-3)
    return np.asarray(1.0 + 0.3 * grading**2 * (even - 1.0), np.float32)


class Trails:
    """What shone, fading: after t seconds exp(-t / lasts) of it is left, however many frames were drawn in between."""

    def __init__(self) -> None:
        self._pair: list[Target] = []
        self._time_s = 0.0

    def draw(self, state: FrameState, drawing: Drawing, picture: Target) -> None:
        """Take in the picture, and draw over it what lingers."""
        knob = float(state.knobs["trails"])
        if knob <= 0.0:
            self.release()
            return
        passed_s = state.moment.time_s - self._time_s
        if not self._pair or passed_s < 0.0:
            self._begin(drawing, picture)
        self._time_s = state.moment.time_s
        newest, before = self._pair
        newest.begin()
        left = math.exp(-max(passed_s, 0.0) / (_SHORTEST_S + _LONGEST_S * knob**2))
        drawing.screen.draw("post/linger", u_picture=picture.texture, u_before=before.texture, u_left=left)
        self._pair = [before, newest]
        picture.begin()
        drawing.gl.enable(moderngl.BLEND)
        drawing.gl.blend_equation = moderngl.MAX, moderngl.MAX
        drawing.screen.draw("post/trails", u_trails=newest.texture, u_strength=0.55 + 0.35 * knob)
        drawing.gl.blend_equation = moderngl.FUNC_ADD, moderngl.FUNC_ADD
        drawing.gl.disable(moderngl.BLEND)

    def _begin(self, drawing: Drawing, picture: Target) -> None:
        self.release()
        size = max(1, picture.texture.width // 2), max(1, picture.texture.height // 2)
        self._pair = [Target.make(drawing.gl, size, dtype="f4") for _ in range(2)]
        for target in self._pair:
            target.framebuffer.clear()

    def release(self) -> None:
        """Forget what shone, and give the memory back."""
        for target in self._pair:
            target.release()
        self._pair = []


_SHORTEST_S = 0.12
_LONGEST_S = 2.5
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
