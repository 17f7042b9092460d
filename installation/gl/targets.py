"""What is drawn into, and the two ways of drawing: over the whole target, or many quads at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import moderngl
import numpy as np

from installation.gl.context import let_go
from installation.gl.program import Programs, Shader


@dataclass(frozen=True, slots=True)
class Target:
    """A picture that can be drawn into and then read by a shader."""

    texture: moderngl.Texture
    framebuffer: moderngl.Framebuffer

    @classmethod
    def make(cls, context: moderngl.Context, size: tuple[int, int], *, dtype: str = "f1") -> Target:
        """An sRGB-valued target of 8 bits a channel; every pass that writes dark gradients adds its own dither.

        `dtype` "f2" or "f4" makes it one of floats, for what is read again and again.
        """
        texture = context.texture((max(1, size[0]), max(1, size[1])), 4, dtype=dtype)
        texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
        texture.repeat_x = texture.repeat_y = False
        return cls(texture, context.framebuffer([texture]))

    def begin(self) -> None:
        """Draw here from now on. What was here stays until it is drawn over."""
        self.framebuffer.use()

    def release(self) -> None:
        """Give the memory back."""
        let_go(self.framebuffer.ctx)
        self.framebuffer.release()
        self.texture.release()


class Screen:
    """Draws a shader over the whole of whatever is drawn into."""

    def __init__(self, context: moderngl.Context, programs: Programs) -> None:
        """One triangle that covers everything, made from the vertex number alone."""
        self._context = context
        self._programs = programs
        self._arrays: dict[str, tuple[int, moderngl.VertexArray]] = {}

    def draw(self, name: str, **uniforms: Any) -> None:
        """Run the pass `name`. Textures among the uniforms are bound in the order they are given."""
        shader = self._programs[name]
        made = self._arrays.get(name)
        if made is None or made[0] != shader.generation:
            made = (shader.generation, self._context.vertex_array(shader.program, []))
            self._arrays[name] = made
        bind(shader, uniforms)
        made[1].render(moderngl.TRIANGLES, vertices=3)


class Quads:
    """Draws many squares at once; `layout` names the float attributes of one square and how many numbers each has.

    With `points` each is a point sprite: a fraction of the work, but upright, square and gone when its centre leaves the picture.
    """

    def __init__(
        self, context: moderngl.Context, programs: Programs, name: str, layout: dict[str, int], *, points: bool = False
    ) -> None:
        """Squares drawn by the pass `name`."""
        self._context = context
        self._shader = programs[name]
        self._layout = layout
        self._points = points
        self.width = sum(layout.values())
        self._generation = -1
        self._buffer = context.buffer(reserve=self.width * 4 * 256, dynamic=True)
        self._array: moderngl.VertexArray | None = None

    def draw(self, rows: np.ndarray[Any, Any], **uniforms: Any) -> None:
        """Draw `rows` (m, width) float32, later rows over earlier ones."""
        if not len(rows):
            return
        self._make_room(rows.nbytes)
        self._buffer.write(np.ascontiguousarray(rows, np.float32))
        array = self._fitting()
        bind(self._shader, uniforms)
        if self._points:
            self._context.enable_only(moderngl.PROGRAM_POINT_SIZE)
            array.render(moderngl.POINTS, vertices=len(rows))
        else:
            array.render(moderngl.TRIANGLE_STRIP, vertices=4, instances=len(rows))

    def _fitting(self) -> moderngl.VertexArray:
        """The vertex array for the program in use. What its compiler dropped is stepped over in the buffer."""
        if self._array is None or self._generation != self._shader.generation:
            program = self._shader.program
            used = [name for name in self._layout if name in program]
            formats = " ".join(f"{n}f" if name in used else f"{4 * n}x" for name, n in self._layout.items())
            content = [(self._buffer, formats + (" /v" if self._points else " /i"), *used)]
            self._array = self._context.vertex_array(program, content)
            self._generation = self._shader.generation
        return self._array

    def _make_room(self, size: int) -> None:
        if size > self._buffer.size:
            self._buffer = self._context.buffer(reserve=size * 3 // 2, dynamic=True)
            self._array = None


def bind(shader: Shader, uniforms: dict[str, Any]) -> None:
    """Set uniforms, textures to units counted from 0."""
    unit = 0
    for name, value in uniforms.items():
        if isinstance(value, moderngl.Texture | moderngl.TextureArray):
            value.use(unit)
            uniforms[name] = unit
            unit += 1
    shader.set(**uniforms)
