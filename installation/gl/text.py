"""Lines of text as textures, kept while they are in use and set beside the loop: a new line costs no frame its time."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import moderngl
import numpy as np

from mixtape.lettering.glyphs import Weight
from mixtape.lettering.typeset import line_image
from mixtape.types import ByteArray

_FORGOTTEN_S = 1.0
"""A line that nobody has asked for in so long is not set any more: words that change quickly must not wait for those before."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line to be set: its words, size, weight, widest width and letter spacing."""

    words: str
    size_px: int
    weight: Weight
    max_width_px: int
    tracking_em: float = 0.0


class Lines:
    """White lines of text by what they say; the least used are dropped.

    A line is set in a thread when it is first asked for and has an empty texture until it is there, some milliseconds later. A
    `patient` one is set at once, so that every frame shows all its words.
    """

    def __init__(self, context: moderngl.Context, *, patient: bool = False, keep: int = 256) -> None:
        """At most `keep` lines at a time."""
        self.patient = patient
        self._context, self._keep = context, keep
        self._textures: OrderedDict[Line, moderngl.Texture] = OrderedDict()
        self._coming: dict[Line, Future[ByteArray | None]] = {}
        self._asked_s: dict[Line, float] = {}
        self._empty = self._texture(np.zeros((1, 1), np.uint8))

    def __getitem__(self, line: Line) -> moderngl.Texture:
        """The line's texture, or an empty one of one pixel."""
        return self._textures[line] if self.ready((line,)) else self._empty

    def ready(self, lines: Iterable[Line]) -> bool:
        """Whether these lines can be drawn; those that cannot are set from now on."""
        missing = [line for line in lines if not self._ready(line)]
        return not missing

    def _ready(self, line: Line) -> bool:
        if line in self._textures:
            self._textures.move_to_end(line)
            return True
        if self.patient:
            self._keep_texture(line, _alpha(line))
            return True
        self._asked_s[line] = time.perf_counter()
        if line not in self._coming:
            self._forget()
            self._coming[line] = _typesetter().submit(self._set, line)
        if not self._coming[line].done():
            return False
        coming = self._coming.pop(line)
        # Words that cannot be set are left out: they must not fail frame after frame.
        alpha = coming.result() if coming.exception() is None else np.zeros((1, 1), np.uint8)
        if alpha is None:
            # It was forgotten, and is asked for once more.
            return self._ready(line)
        del self._asked_s[line]
        self._keep_texture(line, alpha)
        return True

    def _set(self, line: Line) -> ByteArray | None:
        """In the thread: the line's letters, or None when nobody has asked for them lately."""
        return None if time.perf_counter() - self._asked_s.get(line, 0.0) > _FORGOTTEN_S else _alpha(line)

    def _forget(self) -> None:
        """Let go of lines that were set and not fetched."""
        before_s = time.perf_counter() - _FORGOTTEN_S
        for line in [each for each, asked_s in self._asked_s.items() if asked_s < before_s and self._coming[each].done()]:
            del self._coming[line], self._asked_s[line]

    def _keep_texture(self, line: Line, alpha: ByteArray) -> None:
        self._textures[line] = self._texture(alpha)
        if len(self._textures) > self._keep:
            self._textures.popitem(last=False)[1].release()

    def _texture(self, alpha: ByteArray) -> moderngl.Texture:
        texture = self._context.texture((alpha.shape[1], alpha.shape[0]), 1, alpha.tobytes(), alignment=1)
        texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
        texture.repeat_x = texture.repeat_y = False
        return texture


def _alpha(line: Line) -> ByteArray:
    """The line's letters (h, w) uint8."""
    image = line_image(
        line.words, size_px=line.size_px, weight=line.weight, max_width_px=line.max_width_px, tracking_em=line.tracking_em
    )
    return np.ascontiguousarray(image[..., 3])


@lru_cache(maxsize=1)
def _typesetter() -> ThreadPoolExecutor:
    """One thread for all the words there are: fonts are opened once, and letters come in the order they were asked for."""
    return ThreadPoolExecutor(1, thread_name_prefix="typesetter")
