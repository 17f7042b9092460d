"""The lands under the maps on the graphics card: made when a map is first shown, those of the last few maps kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

import moderngl

from installation.maps import MOST_FLIGHTS, Family

_KEPT = MOST_FLIGHTS + 2
"""As many lands as can be seen at once, and one to come back to."""

Ground = tuple[moderngl.Texture, moderngl.Texture]
"""Height and slopes; colours."""


class Grounds:
    """Lands by the name of their map."""

    def __init__(self, gl: moderngl.Context, maps: Family) -> None:
        """Nothing is made yet."""
        self._gl, self._maps = gl, maps
        self._kept: OrderedDict[str, Ground] = OrderedDict()

    def __getitem__(self, name: str) -> Ground:
        """The land under a map."""
        if name not in self._kept:
            self._kept[name] = self._made(name)
            if len(self._kept) > _KEPT:
                for texture in self._kept.popitem(last=False)[1]:
                    texture.release()
        self._kept.move_to_end(name)
        return self._kept[name]

    def hold(self, names: Iterable[str]) -> None:
        """Have these ready, whether they are seen just now or not."""
        for name in names:
            self[name]

    def _made(self, name: str) -> Ground:
        ground = self._maps.ground(name)
        relief = self._gl.texture(ground.relief.shape[1::-1], 4, ground.relief, dtype="f2")
        colour = self._gl.texture(ground.colour.shape[1::-1], 4, ground.colour)
        for texture in (relief, colour):
            texture.repeat_x = texture.repeat_y = False
        return relief, colour
