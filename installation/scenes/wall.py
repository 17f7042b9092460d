"""The wall: pictures the network dreams from the covers, each on its way from the last to the next."""

from __future__ import annotations

import moderngl
import numpy as np

from installation.calm import reduced
from installation.colours import light
from installation.gl.drawing import Drawing
from installation.gl.targets import Quads
from installation.messages import TileSheet
from installation.places import smooth
from installation.state import FrameState
from installation.wall import pulses, tile_distance
from mixtape.types import BANDS, ByteArray, FloatArray, IntArray

_GAP = 0.018
_RIPPLE_S = 3.5
_AT_ONCE = 48
"""Pictures that one frame brings to the graphics card: more than come in, too few to be felt."""

_LAYOUT = {"a_place": 4, "a_images": 4, "a_tint": 4, "a_style": 4}


class WallScene:
    """Keeps the last two pictures of every tile and blends them over the time between two refreshes."""

    def __init__(self, drawing: Drawing) -> None:
        """An empty wall: until pictures come, tiles show the song's colours."""
        self._gl = drawing.gl
        self._tiles = Quads(drawing.gl, drawing.programs, "scenes/wall", _LAYOUT)
        self._waiting: dict[int, ByteArray] = {}
        self._shape = (0, 0, 0)
        self._sheets: list[moderngl.Texture] = []

    def put(self, sheet: TileSheet) -> None:
        """Take pictures; they begin to appear with the next frames drawn. Of every tile only the newest one waits."""
        if sheet.error is None and len(sheet.images) and sheet.images.shape[1] == sheet.images.shape[2]:
            # Copied, or one picture that waits would keep its whole sheet.
            self._waiting.update((tile, image.copy()) for tile, image in zip(sheet.tiles.tolist(), sheet.images, strict=True))

    def draw(self, state: FrameState, drawing: Drawing) -> None:
        """Draw into the target in use."""
        rows, cols = int(state.knobs["wall_rows"]), int(state.knobs["wall_cols"])
        self._take_in(state.moment.time_s, rows, cols, most=None if drawing.atlas.patient else _AT_ONCE)
        gl = drawing.gl
        gl.fbo.clear(0.0, 0.0, 0.0, 1.0)
        gl.enable(moderngl.BLEND)
        gl.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        self._tiles.draw(
            self._rows(state, drawing, rows, cols),
            u_even=self._sheets[0],
            u_odd=self._sheets[1],
            u_tiles=(float(cols), float(rows)),
            u_image_px=float(self._shape[2]),
        )
        gl.disable(moderngl.BLEND)

    # Pictures ------------------------------------------------------------------------------------------------------------------

    def _take_in(self, time_s: float, rows: int, cols: int, *, most: int | None) -> None:
        """Bring what waits to the graphics card, `most` pictures of it, those that have waited longest first."""
        side = len(next(reversed(self._waiting.values()))) if self._waiting else self._shape[2] or 8
        if self._shape != (rows, cols, side):
            self._make_room(rows, cols, side)
        fit = [tile for tile, image in self._waiting.items() if 0 <= tile < rows * cols and len(image) == side]
        if len(fit) < len(self._waiting):
            self._waiting = {tile: self._waiting[tile] for tile in fit}
        if fit := fit[:most]:
            self._put(np.array(fit, np.int32), np.stack([self._waiting.pop(tile) for tile in fit]), time_s)

    def _make_room(self, rows: int, cols: int, side: int) -> None:
        for sheet in self._sheets:
            sheet.release()
        blank = bytes(cols * side * rows * side * 4)
        self._sheets = [self._gl.texture((cols * side, rows * side), 4, blank) for _ in range(2)]
        for sheet in self._sheets:
            sheet.repeat_x = sheet.repeat_y = False
        self._shape = (rows, cols, side)
        self._pixels = np.full((2, rows, side, cols, side, 4), 255, np.uint8)
        self._newer = np.zeros(rows * cols, np.int32)
        self._seen = np.zeros(rows * cols, np.int32)
        self._since_s = np.full(rows * cols, -1e3)
        self._lasts_s = np.full(rows * cols, 0.8)

    def _put(self, tiles: IntArray, images: ByteArray, time_s: float) -> None:
        side = self._shape[2]
        self._newer[tiles] = 1 - self._newer[tiles]
        for newer, sheet in enumerate(self._sheets):
            mine = self._newer[tiles] == newer
            down, across = np.divmod(tiles[mine], self._shape[1])
            pixels = self._pixels[newer]
            pixels[down, :, across, :, :3] = images[mine, :, :, :3]
            if 4 * mine.sum() > len(self._newer):
                # One upload of everything is less work than many of a little.
                sheet.write(pixels.tobytes())
                continue
            for row, col in zip(down.tolist(), across.tolist(), strict=True):
                sheet.write(pixels[row, :, col].tobytes(), viewport=(col * side, row * side, side, side))
        # The next picture is expected after as long as this one took to come.
        self._lasts_s[tiles] = np.clip(time_s - self._since_s[tiles], 1 / 30, 1.2)
        self._since_s[tiles] = time_s
        self._seen[tiles] = np.minimum(self._seen[tiles] + 1, 2)

    # Tiles ---------------------------------------------------------------------------------------------------------------------

    def _rows(self, state: FrameState, drawing: Drawing, rows: int, cols: int) -> FloatArray:
        count = rows * cols
        down, across = np.divmod(np.arange(count), cols)
        # In an upright picture a lying wall is turned as the grid is: its left column is the top row.
        turned_wall = (drawing.aspect < 1.0) != (rows > cols) and rows != cols
        high, wide = (cols, rows) if turned_wall else (rows, cols)
        at_row, at_col = (across, down) if turned_wall else (down, across)
        side, corner = _fit(drawing.aspect, high, wide)
        away = tile_distance(state, drawing.world, rows=rows, cols=cols)
        swell, turned, shine, lit = _life(state, drawing, away)
        centre = np.stack([corner[0] + (at_col + 0.5) * side, corner[1] - (at_row + 0.5) * side], axis=1)
        half = 0.5 * side * (1.0 - _GAP) * swell
        share = np.clip((state.moment.time_s - self._since_s) / self._lasts_s, 0.0, 1.0)
        share = np.where(self._seen == 1, 1.0, share)
        first = smooth((state.moment.time_s - self._since_s) / 1.2)
        out = np.zeros((count, 16), np.float32)
        out[:, 0:2] = centre * [2.0 / drawing.aspect, 2.0]
        out[:, 2] = half * turned * 2.0 / drawing.aspect
        out[:, 3] = half * 2.0
        out[:, 4], out[:, 5], out[:, 6], out[:, 7] = across, down, share, self._newer
        colours = light(state.palette)
        out[:, 8:11] = colours[(down * 7 + across * 3 + down * across) % len(colours)]
        out[:, 11] = lit
        out[:, 12] = np.where(self._seen > 1, 1.0, np.where(self._seen == 1, first, 0.0))
        out[:, 13] = 2.0 * half * drawing.size_px[1]
        out[:, 14] = shine
        return out


def _fit(aspect: float, rows: int, cols: int) -> tuple[float, tuple[float, float]]:
    """Side of a tile and the wall's upper left corner, in picture heights: the wall fills the picture where it nearly can."""
    fills = cols / rows
    inside = min(1.0 / rows, aspect / cols)
    over = max(1.0 / rows, aspect / cols)
    side = over * 1.01 if max(fills / aspect, aspect / fills) < 1.15 else inside * 0.94
    return side, (-0.5 * cols * side, 0.5 * rows * side)


def _life(state: FrameState, drawing: Drawing, away: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """How much each tile swells, is turned aside, shines and is lit: a new song's ripple, onsets running outwards, band, beat."""
    energy, audio = float(state.knobs["energy"]), state.audio
    since_s = state.moment.time_s - state.started_s
    front = since_s / _RIPPLE_S * 1.3 - away
    there = len(state.history) > 1 and since_s < _RIPPLE_S * 1.6 and not reduced(state.knobs)
    ripple = np.exp(-np.square(front / 0.075)) * (1.0 if there else 0.0)
    pulse = energy * pulses(state, drawing.world, away)
    band = np.clip((away * 1.4 * BANDS).astype(np.int32), 0, BANDS - 1)
    loud = audio.smoothed[band]
    beat = energy * (1.0 - audio.beat_phase) ** 2 * min(1.0, 2.0 * audio.level)
    swell = 1.0 - 0.012 * energy + 0.012 * beat - 0.05 * ripple - 0.03 * pulse
    lit = 0.84 + 0.14 * energy * loud + 0.10 * pulse
    # A new song goes over the wall like a hand over cards: each tile turns once.
    turned = 1.0 - 0.9 * ripple
    return swell.astype(np.float32), turned.astype(np.float32), (0.20 * ripple).astype(np.float32), lit.astype(np.float32)
