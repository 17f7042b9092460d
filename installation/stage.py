"""The stage: every scene, the change from one to the next, the words over them and the last look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, TypeAlias

import moderngl
import numpy as np

from installation.calm import reduced
from installation.gl.context import collect
from installation.gl.drawing import Drawing
from installation.gl.post import Post
from installation.gl.targets import Target
from installation.gl.tiles import TileField, tiles_of
from installation.places import smooth
from installation.quality import LEVELS, level_of
from installation.scenes.grid import GridScene
from installation.scenes.map import MapScene
from installation.scenes.overlay import NOTHING, Overlay, Shown
from installation.scenes.title import TitleCard
from installation.scenes.wall import WallScene
from installation.state import FrameState, TileSheet
from installation.world import World
from mixtape.types import ByteArray

LastPass: TypeAlias = Callable[[moderngl.Texture, moderngl.Framebuffer, FrameState], None]
"""What sees the finished picture and puts it on the screen; the flash limiter's place."""


class Scene(Protocol):
    """What can stand on the stage: it gets the state and a drawing context, and nothing else."""

    def draw(self, state: FrameState, drawing: Drawing) -> None:
        """Draw into the framebuffer in use."""


class Stage:
    """Draws states. The same states and tile sheets in the same order give the same pixels in the same GL."""

    def __init__(
        self,
        ctx: moderngl.Context,
        world: World,
        *,
        size: tuple[int, int],
        patient: bool = False,
        level: int | None = None,
        last_pass: LastPass | None = None,
    ) -> None:
        """Prepare for pictures of `size` pixels. `patient` waits for every cover in sight (export, tests), else few a frame.

        `level` is how finely to draw, one of `quality.LEVELS`; None: the finest for who is patient, else by what OpenGL runs on.
        """
        self._gl = ctx
        self._last_pass = last_pass
        self._size = size
        self._level = level if level is not None else 0 if patient else level_of("auto", on_processor=on_processor(ctx))
        drawn = LEVELS[self._level]
        self._drawing = Drawing.make(ctx, world, _scaled(size, drawn.scene), patient=patient, light=drawn.light)
        field = TileField(self._drawing)
        self._wall = WallScene(self._drawing)
        self._scenes: dict[str, Scene] = {
            "map": MapScene(self._drawing, field),
            "grid": GridScene(self._drawing, field),
            "wall": self._wall,
        }
        self._title = TitleCard(self._drawing)
        self._overlay = Overlay(self._drawing)
        self._make_targets()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture in pixels."""
        return self._size

    @property
    def errors(self) -> tuple[str, ...]:
        """Shaders that do not compile at the moment, each as `file:line: complaint`; their last good programs are in use."""
        return self._drawing.programs.errors

    def reload(self) -> tuple[str, ...]:
        """Compile the shaders whose files have changed; the names of those that are new."""
        return self._drawing.programs.reload()

    def wait_for_covers(self, patient: bool) -> None:
        """Whether a frame waits for every cover and every word it shows, from now on."""
        self._drawing.atlas.patient = self._drawing.lines.patient = patient

    def put_tiles(self, sheet: TileSheet) -> None:
        """Hand the wall new pictures; they appear with the next draw. A sheet that holds an error is passed over."""
        self._wall.put(sheet)

    @property
    def level(self) -> int:
        """How finely is drawn: a place in `quality.LEVELS`."""
        return self._level

    def resize(self, size: tuple[int, int], *, level: int | None = None) -> None:
        """Draw pictures of another size, or at another level of quality, from now on."""
        level = self._level if level is None else level
        if (size, level) == (self._size, self._level) or min(size) < 1:
            return
        for target in (*self._targets, self._finished, self._safe):
            target.release()
        self._post.release()
        self._size, self._level = size, level
        drawn = LEVELS[level]
        self._drawing = replace(self._drawing, size_px=_scaled(size, drawn.scene), light=drawn.light)
        self._make_targets()

    def draw(self, state: FrameState, into: moderngl.Framebuffer | None = None, *, shown: Shown = NOTHING) -> None:
        """Draw a frame into the stage's own framebuffer, which `read` reads, and from there `into` the viewport of another.

        `shown` are words for whoever steers, over everything else.
        """
        collect(self._gl)
        self._gl.disable(moderngl.BLEND | moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        picture = self._picture(state)
        self._post.gather(self._drawing, picture.texture)
        full_size = replace(self._drawing, size_px=self._finished.texture.size)
        finished = self._finished.framebuffer
        judged = finished if self._last_pass is None else self._safe.framebuffer
        self._post.draw(state, self._drawing, picture.texture, judged)
        # Letters are set for the picture's own size, whatever size the scenes are drawn at, and stay clear of grain.
        self._title.draw(state, full_size)
        if shown.any:
            # Under the limiter too: a search opened and closed again and again is a strobe like any other.
            judged.use()
            self._overlay.draw(shown, state, full_size)
        if self._last_pass is not None:
            self._last_pass(self._safe.texture, finished, state)
        if into is not None:
            into.use()
            self._drawing.screen.draw("post/copy", u_picture=self._finished.texture)

    def read(self) -> ByteArray:
        """The last frame drawn into the stage's own framebuffer: (h, w, 3) uint8, row 0 at the top; smaller at a low level."""
        width, height = self._finished.texture.size
        pixels = np.frombuffer(self._finished.framebuffer.read(components=3, alignment=1), np.uint8)
        return np.ascontiguousarray(pixels.reshape(height, width, 3)[::-1])

    def pick(self, x_px: float, y_px: float, state: FrameState) -> str | None:
        """The song whose tile lies under a place of the picture (y down), the foremost one; None beside all, and on the wall."""
        if state.scene == "wall":
            return None
        width, height = self.size
        at = np.array([(x_px / width - 0.5) * self._drawing.aspect, 0.5 - y_px / height], np.float32)
        tiles = tiles_of(state, self._drawing)
        hit = (np.abs(tiles.screen[tiles.order] - at) <= tiles.half[tiles.order, None]).all(axis=1)
        rows = tiles.order[hit]
        return self._drawing.world.tracks[rows[-1]].id if len(rows) else None

    def _picture(self, state: FrameState) -> Target:
        """The scene of a state, or both with the transition over them. Map and grid are one: their tiles fly."""
        names = {state.scene, state.from_scene}
        if state.scene_mix >= 1.0 or len(names) == 1:
            return self._scene(state.scene, state, self._targets[0])
        if reduced(state.knobs):
            return self._fade(state)
        if names == {"map", "grid"}:
            return self._scene("map", state, self._targets[0])
        before = self._scene(state.from_scene, state, self._targets[0])
        after = self._scene(state.scene, state, self._targets[1])
        self._targets[2].begin()
        self._drawing.screen.draw(
            "post/transition",
            u_from=before.texture,
            u_to=after.texture,
            u_mix=float(smooth(state.scene_mix)),
            u_aspect=self._drawing.aspect,
            u_focus=(0.0, 0.0),
        )
        return self._targets[2]

    def _fade(self, state: FrameState) -> Target:
        """Both scenes as they stand by themselves, one through the other: nothing flies and nothing drifts."""
        for target, name in enumerate((state.from_scene, state.scene)):
            alone = replace(state, morph=1.0 if name == "grid" else 0.0)
            self._scene(name, alone, self._targets[target])
        self._targets[2].begin()
        before, after = self._targets[:2]
        mix = float(smooth(state.scene_mix))
        self._drawing.screen.draw("post/fade", u_from=before.texture, u_to=after.texture, u_mix=mix)
        return self._targets[2]

    def _scene(self, name: str, state: FrameState, target: Target) -> Target:
        target.begin()
        self._scenes[name].draw(state, self._drawing)
        return target

    def _make_targets(self) -> None:
        self._targets = [Target.make(self._gl, self._drawing.size_px) for _ in range(3)]
        frame_px = _scaled(self._size, LEVELS[self._level].frame)
        self._finished, self._safe = Target.make(self._gl, frame_px), Target.make(self._gl, frame_px)
        self._post = Post(self._drawing)


def _scaled(size: tuple[int, int], share: float) -> tuple[int, int]:
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))


def on_processor(ctx: moderngl.Context) -> bool:
    """Whether OpenGL is drawn by the processor, where every pixel costs."""
    renderer = str(ctx.info["GL_RENDERER"]).lower()
    return any(name in renderer for name in ("llvmpipe", "softpipe", "swiftshader", "software"))
