"""The gallery: what the network drew from its first noise to its last step, by time and then by colour."""

from __future__ import annotations

import moderngl
import numpy as np

from installation.colours import light
from installation.gallery import Gallery, come, hung, order_share
from installation.gl.drawing import Drawing
from installation.gl.targets import Quads
from installation.gl.text import Line
from installation.gl.words import Words, ink
from installation.places import flown
from installation.pulses import recent_pulses
from installation.state import FrameState
from mixtape.types import FloatArray

_GAP = 0.06
_SOUND_SPEED = 0.8
_LAYOUT = {"a_place": 4, "a_picture": 4}


class GalleryScene:
    """All pictures in one texture, each a square that hangs, flies and answers the music."""

    def __init__(self, drawing: Drawing) -> None:
        """Bring the pictures of the collection's gallery to the graphics card."""
        gallery = drawing.world.gallery
        self._gallery = gallery if gallery is not None else Gallery(*_NOTHING)
        self._words = Words(drawing)
        self._quads = Quads(drawing.gl, drawing.programs, "scenes/gallery", _LAYOUT)
        self._across, self._sheet = _sheet(drawing.gl, self._gallery)
        hung(self._gallery, *self._gallery.shape(drawing.aspect))

    def draw(self, state: FrameState, drawing: Drawing) -> None:
        """Draw into the target in use."""
        colours = light(state.palette)
        drawing.screen.draw(
            "scenes/grid",
            u_aspect=drawing.aspect,
            u_song=(0.0, -0.2),
            u_light=tuple(float(v) for v in colours[0]),
            u_level=state.audio.level,
        )
        self._quads.draw(
            self._rows(state, drawing),
            u_pictures=self._sheet,
            u_side=float(self._gallery.pictures.shape[1]),
        )

    def words(self, state: FrameState, drawing: Drawing, weight: float) -> None:
        """Say over the pictures, while they hang by age, from which step to which they were drawn."""
        since_s, scene_s = state.stood_s("gallery"), float(state.knobs["scene_s"])
        shown = weight * (1.0 - 2.0 * order_share(since_s, scene_s))
        if shown <= 0.0:
            return
        height = drawing.size_px[1]
        rows, cols = self._gallery.shape(drawing.aspect)
        cell = _cell(drawing.aspect, rows, cols)
        size = max(7, round(0.021 * height))
        tint = light(state.palette)[0]
        colour = 0.55 + 0.25 * tint
        steps = self._gallery.steps
        left, right = (0.5 * drawing.size_px[0] + side * (0.5 * cols - 0.03) * cell * height for side in (-1, 1))
        top = (0.5 - 0.5 * rows * cell) * height - 1.5 * size
        first, last = (Line(f"step {int(step):,}".replace(",", " "), size, "regular", 40 * size, 0.01) for step in steps[[0, -1]])
        self._words.draw(drawing, first, left=left, top=top, ink=ink(colour, shown))
        wide = drawing.lines[last].width
        grown = float(come(since_s, scene_s, np.ones(1, np.float32))[0])
        self._words.draw(drawing, last, left=right - wide, top=top, ink=ink(colour, shown * grown))

    def _rows(self, state: FrameState, drawing: Drawing) -> FloatArray:
        gallery, since_s, scene_s = self._gallery, state.stood_s("gallery"), float(state.knobs["scene_s"])
        rows, cols = gallery.shape(drawing.aspect)
        shown, by_age, by_colour = hung(gallery, rows, cols)
        cell = _cell(drawing.aspect, rows, cols)
        places = [_places(cells, rows, cols, cell) for cells in (by_age, by_colour)]
        half = np.full(len(shown), 0.5 * cell * (1.0 - _GAP), np.float32)
        share = order_share(since_s, scene_s)
        xy, half = flown((places[0], half), (places[1], half), share=share, focus=len(shown) // 2)
        ages = np.linspace(0.0, 1.0, len(shown), dtype=np.float32)
        there = come(since_s, scene_s, ages)
        energy = np.float32(state.knobs["energy"])
        # Onsets run through the pictures from the middle outwards.
        away = np.hypot(*xy.T)
        pulse = energy * recent_pulses(state, drawing.world, away / _SOUND_SPEED) * np.exp(-1.5 * away)
        out = np.zeros((len(shown), 8), np.float32)
        out[:, 0:2] = xy * [2.0 / drawing.aspect, 2.0]
        half = half * (0.80 + 0.20 * there) * (1.0 - 0.06 * pulse)
        out[:, 2], out[:, 3] = half * 2.0 / drawing.aspect, half * 2.0
        out[:, 4], out[:, 5] = shown % self._across, shown // self._across
        out[:, 6] = there * (0.86 + 0.22 * pulse + 0.06 * energy * state.audio.level)
        # What flies lies over what has landed.
        return out[np.argsort(half, kind="stable")]


_NOTHING = (np.zeros((2, 8, 8, 3), np.uint8), np.zeros(2, np.int32), np.zeros((2, 3), np.float32))


def _cell(aspect: float, rows: int, cols: int) -> float:
    """Side of a cell in picture heights, with room for a line of words above."""
    return min(0.90 / rows, (aspect - 0.08) / cols)


def _places(cells: np.ndarray, rows: int, cols: int, cell: float) -> FloatArray:
    down, across = np.divmod(cells, cols)
    xy = np.stack([(across + 0.5 - 0.5 * cols) * cell, (0.5 * rows - down - 0.5) * cell], axis=1)
    return np.asarray(xy, np.float32)


def _sheet(gl: moderngl.Context, gallery: Gallery) -> tuple[int, moderngl.Texture]:
    """How many pictures lie side by side in the texture, and the texture."""
    count, side = gallery.pictures.shape[:2]
    across = int(np.ceil(count**0.5))
    down = -(-count // across)
    sheet = np.zeros((across * down, side, side, 3), np.uint8)
    sheet[:count] = gallery.pictures
    pixels = sheet.reshape(down, across, side, side, 3).swapaxes(1, 2).reshape(down * side, across * side, 3)
    texture = gl.texture((across * side, down * side), 3, np.ascontiguousarray(pixels).tobytes(), alignment=1)
    texture.repeat_x = texture.repeat_y = False
    texture.build_mipmaps(max_level=3)
    texture.filter = (moderngl.LINEAR_MIPMAP_NEAREST, moderngl.LINEAR)
    return across, texture
