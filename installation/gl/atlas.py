"""Every cover in a few large textures, so that thousands of tiles are one draw call.

A slot holds a cover in several sizes (32, 16, 8, 4 px; near slots 128, 64, 32): a tile takes the copy that suits its size, and
no slot bleeds into the next.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import moderngl
import numpy as np

from mixtape.types import ByteArray, FloatArray

FAR_PX = (32, 16, 8, 4)
NEAR_PX = (128, 64, 32)
LARGE_PX = (512, 256, 128)

_SHEET_PX = 4096


class Sheets:
    """Slots of one kind over some layers of an array texture.

    In a layer the largest copies come first and the smaller ones lie below, each size together: a picture of thousands of tiny
    tiles reads a small part of the memory.
    """

    def __init__(self, texture: moderngl.TextureArray, sides_px: tuple[int, ...], layers: range) -> None:
        """Slots for covers in copies of `sides_px`, each half the one before."""
        self.texture, self.sides_px = texture, sides_px
        self.size_px: tuple[int, int] = texture.size[:2]
        self._first, self._across, self._down = layers.start, *_slots_in(self.size_px, sides_px[0])
        self.slots = len(layers) * self._across * self._down
        self._places = self._table()

    def put(self, slot: int, cover: ByteArray) -> None:
        """Upload a cover (s, s, 3), s at least the largest copy's side, into a slot."""
        copy = cover
        for side, (left, top, _, layer) in zip(self.sides_px, self._places[:, slot].astype(int).tolist(), strict=True):
            copy = shrunk(copy, side)
            block = np.full((side, side, 4), 255, np.uint8)
            block[..., :3] = copy
            self.texture.write(block.tobytes(), viewport=(left, top, layer, side, side, 1))

    def rectangles(self, slots: np.ndarray, side_px: FloatArray) -> FloatArray:
        """Where to read (m, 4) as left, top, side, layer for tiles drawn `side_px` (m,) wide, in texels."""
        # A copy up to 1.35 times too large still looks crisper than one too small, and bilinear reading bears it.
        level = np.zeros(len(slots), np.intp)
        for side in self.sides_px[:-1]:
            level += side > 1.35 * side_px
        return self._places[level, slots]

    def _table(self) -> FloatArray:
        """What `rectangles` answers for every copy of every slot: (copies, slots, 4)."""
        layer, place = np.divmod(np.arange(self.slots), self._across * self._down)
        down, across = np.divmod(place, self._across)
        table = np.empty((len(self.sides_px), self.slots, 4), np.float32)
        left = top = 0
        for level, side in enumerate(self.sides_px):
            table[level] = np.stack(
                [left + across * side, top + down * side, np.full_like(place, side), self._first + layer], axis=1
            )
            left, top = (0, self._down * side) if level == 0 else (left + self._across * side, top)
        return table


def _slots_in(size_px: tuple[int, int], side_px: int) -> tuple[int, int]:
    """How many covers with all their copies a layer holds across and down: the copies take half as much again below."""
    return size_px[0] // side_px, size_px[1] * 2 // (3 * side_px)


def sheets(context: moderngl.Context, *kinds: tuple[tuple[int, ...], int]) -> list[Sheets]:
    """Sheets of several kinds, (sides of the copies, slots) each, in one texture: a shader reads any of them in one reading."""
    width, height, layers = 1, 1, 0
    for sides, slots in kinds:
        most_across, most_down = _slots_in((_SHEET_PX, _SHEET_PX), sides[0])
        across = min(most_across, max(1, int(np.ceil((1.5 * slots) ** 0.5))))
        down = min(most_down, -(-slots // across))
        width, height = max(width, across * sides[0]), max(height, -(-down * sides[0] * 3 // 2))
    spans = []
    for sides, slots in kinds:
        across, down = _slots_in((width, height), sides[0])
        spans.append(range(layers, layers - (-slots // (across * down))))
        layers = spans[-1].stop
    texture = context.texture_array((width, height, layers), 4)
    texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
    texture.repeat_x = texture.repeat_y = False
    return [Sheets(texture, sides, span) for (sides, _), span in zip(kinds, spans, strict=True)]


class Atlas:
    """The covers of the collection on the GPU; a few arrive each frame, the nearest first."""

    def __init__(
        self,
        context: moderngl.Context,
        count: int,
        cover: Callable[[int], ByteArray],
        large: Callable[[int], ByteArray | None],
        *,
        near: int = 640,
        far: int = 20_000,
        patient: bool = False,
    ) -> None:
        """Covers 0..count-1 from `cover`; at most `far` of them, and `near` larger ones, at a time: the last to be asked for.

        `patient` waits for every cover a frame needs.

        `large` is asked for the pictures, 512 px wide, of songs that play; None where there is none.
        """
        self._cover, self._read_large = cover, large
        (self.large,) = sheets(context, (LARGE_PX, 2))
        self._raised: OrderedDict[int, tuple[int, bool]] = OrderedDict()
        self.patient = patient
        self.far, self.near = sheets(context, (FAR_PX, min(count, far)), (NEAR_PX, min(count, near)))
        self.far_slot = np.full(count, -1, np.int32)
        self.near_slot = np.full(count, -1, np.int32)
        self._far_row = np.full(self.far.slots, -1, np.int32)
        self._far_seen = np.zeros(self.far.slots, np.int64)
        self._asked = 0
        self._newest: OrderedDict[int, int] = OrderedDict()
        self._pixels: OrderedDict[int, ByteArray] = OrderedDict()

    def ask(self, wanted: np.ndarray, near: np.ndarray, *, at_once: int = 3) -> None:
        """Upload what is missing of `wanted` and, larger, of `near` (rows, most wanted first): `at_once` covers, or all."""
        limit = len(wanted) + len(near) if self.patient else at_once
        near = near[: self.near.slots]
        for row in near:
            if self.near_slot[row] >= 0:
                self._newest.move_to_end(int(row))
        missing_near = near[self.near_slot[near] < 0][:limit]
        for row in missing_near:
            self._put_near(int(row))
        self._asked += 1
        here = self.far_slot[wanted]
        self._far_seen[here[here >= 0]] = self._asked
        for row in wanted[here < 0][: max(0, limit - len(missing_near))]:
            self._put_far(int(row))

    def large_slot(self, row: int) -> int:
        """The slot of the large cover of a song that plays or played just before, -1 when there is none."""
        if row not in self._raised:
            slot = len(self._raised)
            if slot == self.large.slots:
                slot = self._raised.popitem(last=False)[1][0]
            picture = self._read_large(row)
            if picture is not None:
                self.large.put(slot, picture)
            self._raised[row] = (slot, picture is not None)
        slot, there = self._raised[row]
        return slot if there else -1

    def _put_far(self, row: int) -> None:
        slot = int(np.argmin(self._far_seen))
        if self._far_seen[slot] == self._asked:
            # Every cover that is there is in sight as well.
            return
        if (gone := self._far_row[slot]) >= 0:
            self.far_slot[gone] = -1
        self.far.put(slot, self._read(row))
        self._far_row[slot], self.far_slot[row], self._far_seen[slot] = row, slot, self._asked

    def _put_near(self, row: int) -> None:
        slot = len(self._newest)
        if slot >= self.near.slots:
            gone, slot = self._newest.popitem(last=False)
            self.near_slot[gone] = -1
        self.near.put(slot, self._read(row))
        self._newest[row] = slot
        self.near_slot[row] = slot

    def _read(self, row: int) -> ByteArray:
        if row not in self._pixels:
            self._pixels[row] = self._cover(row)
            if len(self._pixels) > 64:
                self._pixels.popitem(last=False)
        return self._pixels[row]


def shrunk(cover: ByteArray, side: int) -> ByteArray:
    """A square picture (s, s, 3) at `side` pixels, halved again and again by averaging; s is `side` times a power of two."""
    while cover.shape[0] > side:
        wide = cover.astype(np.uint16)
        rows = wide[0::2] + wide[1::2]
        cover = ((rows[:, 0::2] + rows[:, 1::2] + 2) // 4).astype(np.uint8)
    return cover
