"""What comes after the scenes: the spread of light, the grading and the grain."""

from __future__ import annotations

import moderngl

from installation.colours import light
from installation.gl.drawing import Drawing
from installation.gl.targets import Target
from installation.state import FrameState


class Post:
    """Bloom at a quarter and an eighth of the size, then one pass over everything."""

    def __init__(self, drawing: Drawing) -> None:
        """Make the small targets for this size."""
        width, height = drawing.size_px
        self._quarter = [Target.make(drawing.gl, (width // 4, height // 4)) for _ in range(2)]
        self._wide = [Target.make(drawing.gl, (width // 16, height // 16)) for _ in range(2)]

    def gather(self, drawing: Drawing, picture: moderngl.Texture) -> None:
        """Gather what shines in the picture. What is drawn over it afterwards, such as words, does not shine."""
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
        tint = light(state.palette)[1]
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
            u_shadow=tuple(float(v) for v in tint),
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
