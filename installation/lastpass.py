"""The last pass: the finished picture goes to the screen, held back where it would flash."""

from __future__ import annotations

import moderngl
import numpy as np

from installation.gl.program import Programs
from installation.gl.targets import Screen, Target
from installation.safety import SWINGS_LIMIT, TURNING_SWINGS, FlashLimiter
from installation.state import FrameState
from mixtape.errors import ShowError
from mixtape.types import ByteArray

JUDGED_PX = (160, 90)
"""Size of the picture the limiter judges; a flash that matters fills far more than a pixel of it.

It is no other for other sizes and shapes, upright ones too: windows are shares of the picture, whatever its shape, and with
another size the limiter would lose what it has counted.
"""


_SHADERS = ("post/hold", "post/shrink", "post/shrink_small", "post/shrink_large", "post/copy")


class LastPass:
    """Put on a stage as its last pass. Keeps what was shown before, and how fast it changed."""

    def __init__(self, ctx: moderngl.Context, *, profile: str = "window") -> None:
        """The limiter's `profile`, "window" or "broadcast". ShowError when its own shaders do not compile: without them it sees
        nothing, so they are taken in once and are not reloaded during the show."""
        self._gl = ctx
        programs = Programs(ctx)
        broken = [error for name in _SHADERS if (error := programs[name].error)]
        if broken:
            raise ShowError(f"the flash limiter cannot work: {'; '.join(broken)}; put this file back as it was")
        self._screen = Screen(ctx, programs)
        self._small = Target.make(ctx, JUDGED_PX)
        self._before: Target | None = None
        self._source: tuple[moderngl.Texture, moderngl.Framebuffer] | None = None
        self._limiter = FlashLimiter(profile=profile)

    def __call__(self, picture: moderngl.Texture, target: moderngl.Framebuffer, state: FrameState) -> None:
        """Show `picture` in `target`, blended with what was shown before as far as the limiter asks."""
        swings = TURNING_SWINGS if state.turning else SWINGS_LIMIT
        blend = self._limiter.limit(self._judged(picture), time_s=state.moment.time_s, swings=swings)
        before = self._kept(picture.size)
        if blend == 0.0:
            # A calm picture is handed on by copies: it stays what it is to the bit, and a copy costs next to nothing.
            source = self._framebuffer_of(picture)
            self._gl.copy_framebuffer(target, source)
            self._gl.copy_framebuffer(before.framebuffer, source)
            return
        target.use()
        self._screen.draw("post/hold", u_picture=picture, u_before=before.texture, u_blend=blend)
        self._gl.copy_framebuffer(before.texture, target)

    def _judged(self, picture: moderngl.Texture) -> ByteArray:
        """The picture as the limiter sees it, (90, 160, 3), drawn out or in to that shape."""
        width, height = JUDGED_PX
        ratio = max(picture.width / width, picture.height / height)
        kind = "_small" if ratio <= 4 else "" if ratio <= 12 else "_large"
        self._small.begin()
        self._screen.draw(f"post/shrink{kind}", u_picture=picture, u_step=(1.0 / width, 1.0 / height))
        pixels = np.frombuffer(self._small.framebuffer.read(components=3, alignment=1), np.uint8)
        return pixels.reshape(height, width, 3)

    def _framebuffer_of(self, picture: moderngl.Texture) -> moderngl.Framebuffer:
        if self._source is None or self._source[0] is not picture:
            self._source = (picture, self._gl.framebuffer([picture]))
        return self._source[1]

    def _kept(self, size: tuple[int, int]) -> Target:
        if self._before is None or self._before.texture.size != size:
            before, self._before = self._before, Target.make(self._gl, size)
            if before is not None:
                # A window of another size holds on to what was shown, and not to black.
                self._before.begin()
                self._screen.draw("post/copy", u_picture=before.texture)
                before.release()
        return self._before
