"""The stage: every scene, the change from one to the next, the words over them and the last look."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, TypeAlias, runtime_checkable

import moderngl
import numpy as np

from installation.director import FADE
from installation.displays import Displays
from installation.gl.context import collect
from installation.gl.drawing import Drawing, cover_texture
from installation.gl.dust import speck_at
from installation.gl.post import Post
from installation.gl.projection import dot, project
from installation.gl.stroke import StrokeLight
from installation.gl.targets import Target
from installation.gl.thread import Thread
from installation.gl.tiles import LAYOUTS, TileField, flies, flying, tiles_seen
from installation.gl.transitions import TRANSITIONS
from installation.isf.header import OwnScene
from installation.maps import Flight
from installation.messages import TileSheet
from installation.places import of_map, smooth
from installation.quality import LEVELS, level_of
from installation.scenes.aim import AimRing
from installation.scenes.chart import ChartScene
from installation.scenes.forming import FormingScene
from installation.scenes.gallery import GalleryScene
from installation.scenes.grid import GridScene
from installation.scenes.legend import Legend
from installation.scenes.lit_titles import LitTitles
from installation.scenes.map import MapScene
from installation.scenes.overlay import NOTHING, Overlay, Shown, piece_at, row_at
from installation.scenes.own import OwnSceneDrawer
from installation.scenes.title import TitleCard
from installation.scenes.wall import WallScene
from installation.state import FrameState
from installation.testpicture import draw_test_picture
from installation.world import World
from mixtape.types import ByteArray

LastPass: TypeAlias = Callable[[moderngl.Texture, moderngl.Framebuffer, FrameState], None]
"""What sees the finished picture and puts it on the screen; the flash limiter's place."""


_REHEARSED = 32
"""So many of a user's own scenes are drawn once before the doors open: some take seconds to compile."""


_MAPPED = ("map", "forming")
"""Scenes that show a map."""


class Scene(Protocol):
    """What can stand on the stage: it gets the state and a drawing context, and nothing else."""

    def draw(self, state: FrameState, drawing: Drawing) -> None:
        """Draw into the framebuffer in use."""


@runtime_checkable
class TileScene(Scene, Protocol):
    """A scene of the songs' own tiles: for a flight from one to another its ground is drawn without them."""

    thread: float
    """How bright the thread of light is there."""

    halo: float
    """How bright the light around the playing song's tile is there."""

    def ground(self, state: FrameState, drawing: Drawing) -> None:
        """Draw what lies under the tiles into the framebuffer in use."""


@runtime_checkable
class WordedScene(Scene, Protocol):
    """A scene with words of its own, set over the finished picture, sharp and clear of grain."""

    def words(self, state: FrameState, drawing: Drawing, weight: float) -> None:
        """Set the words, `weight` 0..1 of them, into the framebuffer in use."""


SceneFactory: TypeAlias = Callable[[Drawing], Scene]

SCENES: dict[str, SceneFactory] = {
    "map": MapScene,
    "grid": GridScene,
    "wall": WallScene,
    "chart": ChartScene,
    "forming": FormingScene,
    "gallery": GalleryScene,
}
"""Every scene by name: what makes it. A world's `scenes` says which of them a show has."""


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
        scenes: Mapping[str, SceneFactory] = SCENES,
        displays: Displays | None = None,
        began: datetime.datetime = datetime.datetime(2000, 1, 1),
    ) -> None:
        """Prepare for pictures of `size` pixels. `patient` waits for every cover in sight (export, tests), else few a frame.

        `displays` say how what is drawn `into` a window gets there; without, the picture fills its viewport.
        `level` is how finely to draw, one of `quality.LEVELS`; None: the finest for who is patient, else by what OpenGL runs on.

        `scenes` makes the scenes that the world names; a user's own are made from their files. `began` is the date that those are
        told for the show's second 0: one and the same for every export.
        """
        self._gl = ctx
        self._last_pass, self._displays = last_pass, displays
        self._test: tuple[object, moderngl.Texture] | None = None
        self._copy: Target | None = None
        self._size = size
        self._level = level if level is not None else 0 if patient else level_of("auto", on_processor=on_processor(ctx))
        drawn = LEVELS[self._level]
        self._drawing = Drawing.make(ctx, world, _scaled(size, drawn.scene), patient=patient, light=drawn.light)
        self._scenes = {name: scenes[name](self._drawing) for name in world.scenes if name in scenes}
        self._own: dict[str, OwnSceneDrawer] = {}
        self._covers: dict[str, moderngl.Texture] = {}
        self._began = began
        self._field, self._thread = TileField(self._drawing), Thread(self._drawing)
        self._title, self._legend = TitleCard(self._drawing), Legend(self._drawing)
        self._overlay = Overlay(self._drawing)
        self._titles, self._stroke, self._aim = LitTitles(self._drawing), StrokeLight(self._drawing), AimRing(self._drawing)
        self._make_targets()
        self.offer(world.own)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture in pixels."""
        return self._size

    @property
    def errors(self) -> tuple[str, ...]:
        """What is wrong with shaders at the moment, each as `file:line: complaint` or `file: complaint`.

        Where one does not compile its last good program is in use; in place of a user's own that failed the first scene is drawn.
        """
        own = tuple(drawer.error for drawer in self._own.values() if drawer.error)
        return self._drawing.programs.errors + own

    def offer(self, own: Sequence[OwnScene]) -> None:
        """Take a user's own scenes: new and changed ones are compiled, those that are gone given up."""
        for name in self._own.keys() - {scene.name for scene in own}:
            self._own.pop(name).release()
        for scene in own:
            drawer = self._own.get(scene.name)
            if drawer is None:
                self._own[scene.name] = OwnSceneDrawer(self._drawing, scene, picture=self._picture_for, began=self._began)
            elif drawer.newest is not scene:
                drawer.take(scene)
        self._own = {scene.name: self._own[scene.name] for scene in own}

    @property
    def own(self) -> tuple[OwnScene, ...]:
        """A user's own scenes as they are in use, in the order they were offered: of one that broke, its last good reading."""
        return tuple(drawer.scene for drawer in self._own.values())

    def reload(self) -> tuple[str, ...]:
        """Compile the shaders whose files have changed; the names of those that are new."""
        return self._drawing.programs.reload()

    def rehearse(self, state: FrameState) -> None:
        """Draw every scene and every change once, unseen, so that no shader is compiled while somebody looks."""
        self._drawing.world.maps.prepare(state.map)
        before, after, between = self._targets
        for name in (*self._scenes, *list(self._own)[:_REHEARSED]):
            self._scene(name, replace(state, scene=name, from_scene=name, scene_mix=1.0), before)
            if name in self._own:
                self._own[name].release()
        changing = replace(state, flights=(*state.flights, Flight(state.map, state.moment.time_s, 1.0, state.track_id)))
        self._scene("map", changing, before)
        for change in TRANSITIONS.values():
            between.begin()
            change.draw(state, self._drawing, before.texture, after.texture, share=0.5, song=(0.0, 0.0, 0.05))
        # And what a recording needs when it begins.
        dot(before.framebuffer, self._drawing.screen)
        self._drawing.screen.draw("post/shrink", u_picture=after.texture, u_step=(0.01, 0.01))

    def wait_for_covers(self, patient: bool) -> None:
        """Whether a frame waits for every cover and every word it shows, from now on."""
        self._drawing.atlas.patient = self._drawing.lines.patient = patient

    def put_tiles(self, sheet: TileSheet) -> None:
        """Hand the wall new pictures; they appear with the next draw. A sheet that holds an error is passed over."""
        wall = self._scenes.get("wall")
        if isinstance(wall, WallScene):
            wall.put(sheet)

    @property
    def level(self) -> int:
        """How finely is drawn: a place in `quality.LEVELS`."""
        return self._level

    def resize(self, size: tuple[int, int], *, level: int | None = None) -> None:
        """Draw pictures of another size, or at another level of quality, from now on."""
        level = self._level if level is None else level
        if (size, level) == (self._size, self._level) or min(size) < 1:
            return
        for target in (*self._targets, *self._lent.values(), self._finished, self._safe):
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
        if shown.lit is not self._drawing.lit:
            self._drawing = replace(self._drawing, lit=shown.lit)
        self._drawing.grounds.hold(flight.map for flight in state.flights)
        for own in self._own.values():
            own.rest(state.moment.time_s)
        self._gl.disable(moderngl.BLEND | moderngl.DEPTH_TEST | moderngl.CULL_FACE)
        full_size = replace(self._drawing, size_px=self._finished.texture.size)
        finished = self._finished.framebuffer
        judged = finished if self._last_pass is None else self._safe.framebuffer
        if self._displays is not None and state.knobs["test_picture"]:
            judged.use()
            self._drawing.screen.draw("post/copy", u_picture=self._test_picture(state, self._displays))
        else:
            picture = self._picture(state)
            if shown.stroke is not None:
                picture.begin()
                self._stroke.draw(shown.stroke, state, self._drawing)
            self._post.gather(state, self._drawing, picture)
            self._post.draw(state, self._drawing, picture.texture, judged)
            # Letters are set for the picture's own size, whatever size the scenes are drawn at, and stay clear of grain.
            self._words(state, full_size, alone=not (shown.heading or shown.rows))
            self._titles.draw(state, full_size)
            if shown.aim is not None:
                self._aim.draw(shown.aim, state, full_size)
        if shown.any:
            # Under the limiter too: a search opened and closed again and again is a strobe like any other.
            judged.use()
            self._overlay.draw(shown, state, full_size)
        else:
            self._overlay.rest()
        if self._last_pass is not None:
            self._last_pass(self._safe.texture, finished, state)
        if into is not None:
            outputs = self._displays.outputs(state.knobs) if self._displays is not None else ()
            project(self._finished.texture, into, outputs, self._drawing.screen)
            if shown.dot:
                dot(into, self._drawing.screen)

    def read(self) -> ByteArray:
        """The last frame drawn into the stage's own framebuffer: (h, w, 3) uint8, row 0 at the top; smaller at a low level."""
        width, height = self._finished.texture.size
        pixels = np.frombuffer(self._finished.framebuffer.read(components=3, alignment=1), np.uint8)
        return np.ascontiguousarray(pixels.reshape(height, width, 3)[::-1])

    def look(self, size: tuple[int, int] | None = None) -> Callable[[], ByteArray]:
        """Begin to read the last frame, as `read` does; what is returned has it a frame later, without waiting for the card.

        In another `size` it stands in the middle, as large as it can be whole, on black.
        """
        picture = self._finished if size in (None, self._finished.texture.size) else self._drawn_in(size or self._size)
        width, height = picture.texture.size
        into = self._gl.buffer(reserve=width * height * 3)
        picture.framebuffer.read_into(into, components=3, alignment=1)

        def seen() -> ByteArray:
            pixels = np.frombuffer(into.read(), np.uint8).reshape(height, width, 3)[::-1]
            into.release()
            return pixels

        return seen

    def _drawn_in(self, size: tuple[int, int]) -> Target:
        """The last frame in a picture of another size and shape."""
        if self._copy is None or self._copy.texture.size != size:
            if self._copy is not None:
                self._copy.release()
            self._copy = Target.make(self._gl, size)
        picture, (width, height) = self._finished.texture, size
        share = min(width / self._size[0], height / self._size[1])
        wide, high = (min(round(each * share), room) for each, room in zip(self._size, size, strict=True))
        self._copy.begin()
        self._gl.clear()
        self._gl.viewport = ((width - wide) // 2, (height - high) // 2, wide, high)
        # Where one pixel stands for many, all of them count: thin lines and bright points would flicker.
        shrunk = picture.height > 1.5 * high
        step = {"u_step": (1.0 / wide, 1.0 / high)} if shrunk else {}
        self._drawing.screen.draw("post/shrink" if shrunk else "post/copy", u_picture=picture, **step)
        return self._copy

    def pick(self, x_px: float, y_px: float, state: FrameState) -> str | None:
        """The song whose tile lies foremost under a place of the picture (y down); None beside all, and in scenes without."""
        state = _standing(state)
        if state.scene not in LAYOUTS:
            return None
        x, y = self._on_screen(x_px, y_px)
        tiles = tiles_seen(state, self._drawing)
        hit = (np.abs(tiles.screen[tiles.order] - np.array([x, y], np.float32)) <= tiles.half[tiles.order, None]).all(axis=1)
        rows = tiles.order[hit]
        row = int(rows[-1]) if len(rows) else self._speck(x, y, state)
        return None if row is None else self._drawing.world.tracks[row].id

    def nearest(self, x_px: float, y_px: float, state: FrameState, *, reach: float) -> str | None:
        """The song under a place of the picture, or the one in sight whose tile's middle is nearest, within `reach` (heights)."""
        hit, state = self.pick(x_px, y_px, state), _standing(state)
        if hit is not None or state.scene not in LAYOUTS:
            return hit
        tiles = tiles_seen(state, self._drawing)
        if not len(tiles.order):
            return None
        away = np.hypot(*(tiles.screen[tiles.order] - np.array(self._on_screen(x_px, y_px), np.float32)).T)
        nearest = int(away.argmin())
        return self._drawing.world.tracks[int(tiles.order[nearest])].id if away[nearest] <= reach else None

    def map_place(self, x: float, y: float, state: FrameState) -> tuple[float, float] | None:
        """The place of the map, 0..1 from its left and its near end, that is seen at a place of the picture.

        That is in shares of it from the left and the top. None where the map is not what stands there.
        """
        if _standing(state).scene != "map" or flies(state):
            return None
        world = self._drawing.over_map(state).unproject((x - 0.5) * self._drawing.aspect, 0.5 - y)
        return None if world is None else of_map(*world)

    def _on_screen(self, x_px: float, y_px: float) -> tuple[float, float]:
        """A place of the picture in picture heights from its middle, y up."""
        width, height = self.size
        return (x_px / width - 0.5) * self._drawing.aspect, 0.5 - y_px / height

    def row_at(self, x: float, y: float, shown: Shown) -> int | None:
        """Which row of `shown` lies at a place of the picture, in shares of it from the left and the top; None beside all."""
        return row_at(shown, self._finished.texture.size, x, y)

    def piece_at(self, x: float, y: float, shown: Shown) -> str | None:
        """Which piece of a row of `shown` lies at a place of the picture; None beside all."""
        return piece_at(shown, self._finished.texture.size, x, y)

    def _speck(self, x: float, y: float, state: FrameState) -> int | None:
        """The song under a place of the screen among those that are no more than dust."""
        if flies(state) or state.scene not in ("map", "grid"):
            return None
        if state.scene == "grid":
            return speck_at(x, y, state, self._drawing, self._drawing.before_grid(state), grid=True)
        return speck_at(x, y, state, self._drawing, self._drawing.over_map(state))

    def _picture(self, state: FrameState) -> Target:
        """The scene of a state, or the change between two."""
        if len(state.flights) > 1 and state.flights[-1].still and {state.scene, state.from_scene} & set(_MAPPED):
            return self._fade_of_maps(state)
        if state.scene_mix >= 1.0 or state.scene == state.from_scene:
            return self._scene(state.scene, state, self._targets[0])
        begin, end, share = state.way
        scenes = self._named(begin), self._named(end)
        if flies(state) and isinstance(scenes[0], TileScene) and isinstance(scenes[1], TileScene):
            return self._flight(state, scenes[0], scenes[1], share)
        before, after = self._scene(begin, state, self._targets[0]), self._scene(end, state, self._targets[1])
        self._targets[2].begin()
        song = self._song(state, begin if begin in LAYOUTS else end)
        TRANSITIONS[state.change].draw(state, self._drawing, before.texture, after.texture, share=share, song=song)
        return self._targets[2]

    def _fade_of_maps(self, state: FrameState) -> Target:
        """The picture by the map that goes, and through it the one that comes, where no tile shall fly."""
        *before, last = state.flights
        gone, target = self._lend("map that goes"), self._lend("maps")
        picture = self._picture(replace(state, flights=tuple(before)))
        gone.begin()
        self._drawing.screen.draw("post/copy", u_picture=picture.texture)
        picture = self._picture(replace(state, flights=(last,)))
        target.begin()
        share = last.share(state.moment.time_s)
        TRANSITIONS[FADE].draw(state, self._drawing, gone.texture, picture.texture, share=share, song=(0.0, 0.0, 0.0))
        return target

    def _words(self, state: FrameState, drawing: Drawing, *, alone: bool) -> None:
        """The words of the scenes in sight, those of the one that goes before those of the one that comes, then legend and title.

        The legend makes room where it is not `alone` at the upper left."""
        standing = {state.scene: 1.0}
        if state.scene_mix < 1.0 and state.scene != state.from_scene:
            begin, end, share = state.way
            standing = {begin: 1.0 - float(smooth(2.5 * share)), end: float(smooth(2.5 * share - 1.5))}
        untitled, mapped = 1.0, 0.0
        for name, weight in standing.items():
            scene = self._named(name)
            if isinstance(scene, WordedScene):
                scene.words(state, drawing, weight)
            if getattr(scene, "titled", False):
                untitled = 1.0 - weight
            mapped += weight * (name in _MAPPED)
        self._legend.draw(state, drawing, share=mapped if alone else 0.0)
        self._title.draw(state, drawing, share=untitled)

    def _flight(self, state: FrameState, begin: TileScene, end: TileScene, share: float) -> Target:
        """The grounds one after the other, and over them the tiles on their way."""
        for target, scene in zip(self._targets, (begin, end), strict=False):
            target.begin()
            scene.ground(state, self._drawing)
        self._targets[2].begin()
        grounds = self._targets[0].texture, self._targets[1].texture
        TRANSITIONS["dissolve"].draw(state, self._drawing, *grounds, share=share, song=(0.0, 0.0, 0.0))
        tiles = flying(state, self._drawing)
        come = float(smooth(share))
        weight = begin.thread + (end.thread - begin.thread) * come

        def between() -> None:
            self._thread.draw(state, self._drawing, tiles, weight=weight)

        self._field.draw(state, self._drawing, tiles, between=between, halo=begin.halo + (end.halo - begin.halo) * come)
        return self._targets[2]

    def _song(self, state: FrameState, scene: str) -> tuple[float, float, float]:
        """Where the playing song is in a scene, x, y and half its tile's side: in the middle where it has no tile."""
        if scene not in LAYOUTS:
            return 0.0, 0.0, 0.05
        placed = LAYOUTS[scene](state, self._drawing)
        row = self._drawing.focus(state)
        edge = 0.5 * self._drawing.aspect
        x, y = (float(v) for v in placed.screen[row])
        return min(max(x, -edge), edge), min(max(y, -0.5), 0.5), float(placed.half[row])

    def _test_picture(self, state: FrameState, displays: Displays) -> moderngl.Texture:
        """The picture to set displays up by, drawn anew when they change."""
        outputs = displays.outputs(state.knobs)
        key = (outputs, self._size)
        if self._test is None or self._test[0] != key:
            notes = [str(state.knobs[f"output_{output.number}"]) for output in outputs]
            pixels = np.ascontiguousarray(draw_test_picture(self._size, outputs, notes=notes)[::-1])
            texture = self._gl.texture(self._size, 3, pixels.tobytes(), alignment=1)
            texture.repeat_x = texture.repeat_y = False
            if self._test is not None:
                self._test[1].release()
            self._test = (key, texture)
        return self._test[1]

    def _scene(self, name: str, state: FrameState, target: Target) -> Target:
        target.begin()
        scene = self._named(name)
        scene.draw(state, self._drawing)
        if (instead := self._named(name)) is not scene:
            # One of the user's own has just failed.
            target.begin()
            instead.draw(state, self._drawing)
        return target

    def _named(self, name: str) -> Scene:
        """The scene of a name; the first of the house in place of one that is gone or never compiled."""
        own = self._own.get(name)
        return own if own is not None and own.ready else self._scenes.get(name) or next(iter(self._scenes.values()))

    def _picture_for(self, what: str, state: FrameState) -> moderngl.Texture:
        """What an image input of a user's own scene is given."""
        if what == "before":
            return self._finished.texture
        if what == "cover" or what not in self._scenes:
            return self._cover(state)
        return self._scene(what, state, self._lend(what)).texture

    def _lend(self, what: str) -> Target:
        if what not in self._lent:
            self._lent[what] = Target.make(self._gl, self._drawing.size_px)
        return self._lent[what]

    def _cover(self, state: FrameState) -> moderngl.Texture:
        if state.track_id not in self._covers:
            for texture in self._covers.values():
                texture.release()
            self._covers = {state.track_id: cover_texture(self._drawing, state.track_id)}
        return self._covers[state.track_id]

    def _make_targets(self) -> None:
        self._lent: dict[str, Target] = {}
        self._targets = [Target.make(self._gl, self._drawing.size_px) for _ in range(3)]
        frame_px = _scaled(self._size, LEVELS[self._level].frame)
        self._finished, self._safe = Target.make(self._gl, frame_px), Target.make(self._gl, frame_px)
        self._post = Post(self._drawing)


def _standing(state: FrameState) -> FrameState:
    """The state of what stands for whoever points: of two scenes that are mixed the one that is seen more."""
    if state.scene_mix >= 0.5 or flies(state):
        return state
    return replace(state, scene=state.from_scene, scene_since_s=state.from_since_s, scene_mix=1.0)


def _scaled(size: tuple[int, int], share: float) -> tuple[int, int]:
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))


def on_processor(ctx: moderngl.Context) -> bool:
    """Whether OpenGL is drawn by the processor, where every pixel costs."""
    renderer = str(ctx.info["GL_RENDERER"]).lower()
    return any(name in renderer for name in ("llvmpipe", "softpipe", "swiftshader", "software"))
