"""The way onto the screen: every output's part of the finished picture, each warped and faded as its projector needs it."""

from __future__ import annotations

from collections.abc import Sequence

import moderngl

from installation.displays import Placed
from installation.gl.targets import Screen

_DOT = 0.014
"""How large it is, of the picture's shorter side."""


def project(picture: moderngl.Texture, target: moderngl.Framebuffer, outputs: Sequence[Placed], screen: Screen) -> None:
    """Draw the outputs into the viewport of `target`. None, or one that is straight, is a copy: the same picture to the bit."""
    target.use()
    if not outputs or (len(outputs) == 1 and outputs[0].straight):
        screen.draw("post/copy", u_picture=picture)
        return
    x_px, y_px, width, height = target.viewport
    target.clear()
    for output in outputs:
        left, top, right, bottom = output.view
        x0, x1 = round(left * width), round(right * width)
        y0, y1 = round((1.0 - bottom) * height), round((1.0 - top) * height)
        target.viewport = (x_px + x0, y_px + y0, x1 - x0, y1 - y0)
        screen.draw(
            "post/warp",
            u_picture=picture,
            u_to_picture=tuple(output.to_picture.T.ravel().tolist()),
            u_part=output.part,
            u_blend=output.blend,
            u_gamma=output.gamma,
        )
    target.viewport = (x_px, y_px, width, height)


def dot(target: moderngl.Framebuffer, screen: Screen) -> None:
    """A small red light in the upper right corner of the viewport of `target`: far too small to count as a flash."""
    x_px, y_px, width, height = target.viewport
    side, margin = max(6, round(_DOT * min(width, height))), round(0.02 * min(width, height))
    gl = target.ctx
    target.use()
    target.viewport = (x_px + width - margin - side, y_px + height - margin - side, side, side)
    gl.enable(moderngl.BLEND)
    gl.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
    screen.draw("post/dot", u_side_px=float(side))
    gl.disable(moderngl.BLEND)
    target.viewport = (x_px, y_px, width, height)
