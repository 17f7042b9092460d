"""A scene of your own: an ISF file's passes, run by the show's time and its knobs.

A file that remembers nothing is run once a frame. One with persistent buffers is run 60 times a second of the show, several times
a frame or not at all, so that what it builds up is the same at any frame rate; at most four times in a frame.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable
from typing import Any

import moderngl
import numpy as np
from PIL import Image

from installation.gl.drawing import Drawing
from installation.gl.isf import sources, uniform_name
from installation.gl.program import compiled
from installation.gl.targets import Target
from installation.heard import AudioFrame
from installation.isf.header import Input, OwnScene
from installation.isf.sizes import size
from installation.state import FrameState, KnobValue
from mixtape.errors import ShowError
from mixtape.types import FloatArray

PictureOf = Callable[[str, FrameState], moderngl.Texture]
"""Gives one of `header.PICTURES` as it is now."""

TICK_HZ = 60
_MOST_TICKS = 4
_AWAY_S = 0.5
"""A scene that was out of sight for longer begins anew."""

_WAVE_HZ = (1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0)
"""Turns across the wave that is drawn from the bands."""


class OwnSceneDrawer:
    """Draws one ISF file. `error` says what its shaders lack, as `file:line: complaint`; the last good program is in use."""

    def __init__(self, drawing: Drawing, scene: OwnScene, *, picture: PictureOf, began: datetime.datetime) -> None:
        """`picture` gives what image inputs are shown; `began` is the date at the show's second 0."""
        self._gl, self._picture, self._began = drawing.gl, picture, began
        self._program: moderngl.Program | None = None
        self._targets: dict[str, Target] = {}
        self._shown: moderngl.Texture | None = None
        self._last_s, self._begun_s, self._ticks = -math.inf, 0.0, -1
        self.error: str | None = None
        self.take(scene)

    @property
    def ready(self) -> bool:
        """Whether there is anything to draw."""
        return self._program is not None

    def take(self, scene: OwnScene) -> None:
        """Go on with a new reading of the file, if it compiles."""
        self.newest = scene
        try:
            program = compiled(self._gl, *sources(scene))
            imported = {name: _imported(self._gl, path) for name, path in scene.imported.items()}
        except ShowError as error:
            self.error = str(error)
            return
        self.error = None
        self._program, self._scene, self._imported = program, scene, imported
        self._strip = self._gl.vertex_array(program, [])
        self._members: dict[str, Any] = {name: program[name] for name in program}
        self._sound = {each.name: _row(self._gl, each.samples) for each in scene.inputs if each.kind.startswith("audio")}
        self._forget()

    def draw(self, state: FrameState, drawing: Drawing) -> None:
        """Draw into the target in use; nothing where no program ever compiled."""
        if self._program is None:
            return
        whole = drawing.gl.fbo
        pictures = self._pictures(state)
        now_s, last_s = state.moment.time_s, self._last_s
        if not last_s <= now_s < last_s + _AWAY_S:
            self._forget()
            self._begun_s = now_s
        self._last_s = now_s
        drawing.gl.disable(moderngl.BLEND)
        if self._scene.remembers:
            self._run_ticks(state, drawing, pictures)
        else:
            since_s = now_s - self._begun_s
            self._run(state, drawing, pictures, since_s, state.moment.dt_s, int(since_s * TICK_HZ + 1e-6), last_s)
        whole.use()
        if self._shown is not None:
            drawing.screen.draw("scenes/own", u_picture=self._shown)

    def release(self) -> None:
        """Give its buffers back."""
        self._forget()

    # Time ----------------------------------------------------------------------------------------------------------------------

    def _forget(self) -> None:
        for target in self._targets.values():
            target.release()
        self._targets, self._shown = {}, None
        self._last_s, self._begun_s, self._ticks = -math.inf, 0.0, -1

    def _run_ticks(self, state: FrameState, drawing: Drawing, pictures: dict[str, moderngl.Texture]) -> None:
        due = int((state.moment.time_s - self._begun_s) * TICK_HZ + 1e-6)
        # The first frame is always run; of too many that are due the newest are.
        first = max(self._ticks + 1, due - _MOST_TICKS + 1) if self._ticks >= 0 else due
        for tick in range(first, due + 1):
            at_s = tick / TICK_HZ
            last_s = self._begun_s + at_s - 1.0 / TICK_HZ
            self._run(state, drawing, pictures, at_s, 1.0 / TICK_HZ, max(0, tick), last_s)
        self._ticks = max(due, self._ticks)

    # One run of all passes -----------------------------------------------------------------------------------------------------

    def _run(
        self,
        state: FrameState,
        drawing: Drawing,
        pictures: dict[str, moderngl.Texture],
        time_s: float,
        dt_s: float,
        frame: int,
        last_s: float,
    ) -> None:
        now = self._began + datetime.timedelta(seconds=self._begun_s + time_s)
        self._set("TIME", time_s)
        self._set("TIMEDELTA", dt_s)
        self._set("FRAMEINDEX", frame)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        self._set("DATE", (float(now.year), float(now.month), float(now.day), (now - midnight).total_seconds()))
        numbers = self._numbers(state, drawing, last_s)
        sizes = {"WIDTH": float(drawing.size_px[0]), "HEIGHT": float(drawing.size_px[1]), **numbers}
        for index, each in enumerate(self._scene.passes):
            size_px = size(each.width, sizes), size(each.height, sizes)
            name = each.target or ""
            dtype = "f4" if each.floats else "f1"
            # What a pass reads of its own buffer is what it held before: drawing goes into the other of two.
            into = self._target(f"{name}>" if each.persistent else name, size_px, dtype)
            kept = self._target(name, size_px, dtype) if each.persistent else None
            into.begin()
            into.framebuffer.clear()
            self._set("PASSINDEX", index)
            self._set("RENDERSIZE", (float(size_px[0]), float(size_px[1])))
            self._bind(pictures)
            self._strip.render(moderngl.TRIANGLE_STRIP, vertices=4)
            if kept is not None:
                self._targets[name], self._targets[f"{name}>"] = into, kept
            self._shown = into.texture

    def _target(self, name: str, size_px: tuple[int, int], dtype: str) -> Target:
        target = self._targets.get(name)
        if target is None or target.texture.size != size_px:
            if target is not None:
                target.release()
            target = self._targets[name] = Target.make(self._gl, size_px, dtype=dtype)
            target.framebuffer.clear()
        return target

    def _bind(self, pictures: dict[str, moderngl.Texture]) -> None:
        buffers = {each.target: self._targets.get(each.target) for each in self._scene.passes if each.target}
        found = {**pictures, **self._imported, **{name: target.texture for name, target in buffers.items() if target}}
        unit = 0
        for name, texture in found.items():
            if uniform_name(name) in self._members:
                texture.use(unit)
                self._set(uniform_name(name), unit)
                unit += 1

    def _set(self, name: str, value: Any) -> None:
        if name in self._members:
            self._members[name].value = value

    # What it is given ----------------------------------------------------------------------------------------------------------

    def _numbers(self, state: FrameState, drawing: Drawing, last_s: float) -> dict[str, float]:
        """Set the inputs that are numbers, and return those that sizes may ask for."""
        numbers: dict[str, float] = {}
        for each in self._scene.inputs:
            if each.kind == "image" or not each.knobs:
                continue
            value = _value(each, [state.knobs.get(knob.name, knob.default) for knob in each.knobs], state, drawing, last_s)
            self._set(uniform_name(each.name), value)
            if not isinstance(value, tuple):
                numbers[each.name] = float(value)
        return numbers

    def _pictures(self, state: FrameState) -> dict[str, moderngl.Texture]:
        pictures = {}
        for each in self._scene.inputs:
            if each.kind == "image":
                pictures[each.name] = self._picture(str(state.knobs.get(each.knobs[0].name, each.knobs[0].default)), state)
            elif each.kind.startswith("audio"):
                heard = spectrum if each.kind == "audioFFT" else wave
                self._sound[each.name].write(heard(state.audio, each.samples).tobytes())
                pictures[each.name] = self._sound[each.name]
        return pictures


def _value(each: Input, values: list[KnobValue], state: FrameState, drawing: Drawing, last_s: float) -> Any:
    """An input as its uniform takes it."""
    if each.kind == "event":
        return last_s < float(values[0]) <= state.moment.time_s
    if each.kind == "long" and each.values:
        return each.values[each.knobs[0].choices.index(str(values[0]))]
    if each.kind in ("point2D", "color"):
        scale = drawing.size_px if each.in_pixels else (1.0,) * 4
        return tuple(float(value) * side for value, side in zip(values, scale, strict=False))
    return {"bool": bool, "long": int}.get(each.kind, float)(values[0])


def spectrum(audio: AudioFrame, columns: int) -> FloatArray:
    """The eight bands as (columns,) 0..1, from low to high, blended between their middles."""
    middles = (np.arange(len(audio.smoothed)) + 0.5) / len(audio.smoothed)
    return np.interp((np.arange(columns) + 0.5) / columns, middles, audio.smoothed).astype(np.float32)


def wave(audio: AudioFrame, columns: int) -> FloatArray:
    """A wave around 0.5, (columns,), made of the eight bands: what is known of a moment is its bands and not its samples."""
    at = (np.arange(columns) + 0.5) / columns
    turns = 2.0 * np.pi * np.outer(_WAVE_HZ, at) + 6.0 * np.asarray(audio.integrated, np.float64)[:, None]
    swing = (np.asarray(audio.smoothed)[:, None] * np.sin(turns)).sum(axis=0) / len(_WAVE_HZ)
    return np.clip(0.5 + 0.9 * swing, 0.0, 1.0).astype(np.float32)


def _row(gl: moderngl.Context, columns: int) -> moderngl.Texture:
    texture = gl.texture((columns, 1), 1, dtype="f4")
    texture.swizzle = "RRR1"
    texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
    texture.repeat_x = texture.repeat_y = False
    return texture


def _imported(gl: moderngl.Context, path: Any) -> moderngl.Texture:
    try:
        with Image.open(path) as opened:
            image = opened.convert("RGBA")
            image.thumbnail((4096, 4096))
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise ShowError(f"{path.name}: the picture cannot be read ({error})") from error
    texture = gl.texture(image.size, 4, image.transpose(Image.Transpose.FLIP_TOP_BOTTOM).tobytes())
    texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
    return texture
