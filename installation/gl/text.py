"""Lines of text as textures, kept while they are in use."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import moderngl

from mixtape.lettering.glyphs import Weight
from mixtape.lettering.typeset import line_image


@dataclass(frozen=True, slots=True)
class Line:
    """A line to be set: its words, size, weight, widest width and letter spacing."""

    words: str
    size_px: int
    weight: Weight
    max_width_px: int
    tracking_em: float = 0.0


class Lines:
    """White lines of text by what they say; the least used are dropped."""

    def __init__(self, context: moderngl.Context, *, keep: int = 64) -> None:
        """At most `keep` lines at a time."""
        self._context = context
        self._keep = keep
        self._textures: OrderedDict[Line, moderngl.Texture] = OrderedDict()

    def __contains__(self, line: Line) -> bool:
        return line in self._textures

    def __getitem__(self, line: Line) -> moderngl.Texture:
        if line not in self._textures:
            self._textures[line] = self._make(line)
            if len(self._textures) > self._keep:
                self._textures.popitem(last=False)[1].release()
        self._textures.move_to_end(line)
        return self._textures[line]

    def _make(self, line: Line) -> moderngl.Texture:
        image = line_image(
            line.words,
            size_px=line.size_px,
            weight=line.weight,
            max_width_px=line.max_width_px,
            tracking_em=line.tracking_em,
        )
        texture = self._context.texture((image.shape[1], image.shape[0]), 1, image[..., 3].tobytes(), alignment=1)
        texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
        texture.repeat_x = texture.repeat_y = False
        return texture
