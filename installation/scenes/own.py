"""A scene of your own: an ISF file's passes, run by the show's time and its knobs.

A file that remembers nothing is run once a frame. One with persistent buffers is run 60 times a second of the show, several times
a frame or not at all, so that what it builds up is the same at any frame rate; at most four times in a frame.

Whatever goes wrong while one is drawn stays in its drawer: it is said, and the scene is out of use until its file changes.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import moderngl
import numpy as np
from PIL import Image

from installation.calm import reduced
from installation.gl.drawing import Drawing
from installation.gl.isf import sources, uniform_name
from installation.gl.program import compiled
from installation.gl.targets import Target
from installation.heard import AudioFrame
from installation.isf.header import Input, OwnScene
from installation.isf.sizes import size
from installation.messages import KnobValue
from installation.state import FrameState
from mixtape.config import Knob
from mixtape.errors import ShowError
from mixtape.types import FloatArray

PictureOf = Callable[[str, FrameState], moderngl.Texture]
"""Gives one of `header.PICTURES` as it is now."""

TICK_HZ = 60
_MOST_TICKS = 4
_AWAY_S = 0.5
"""A scene that was out of sight for longer begins anew."""

MOST_BYTES = 1280 * 2**20
"""Memory of the graphics card that one scene's buffers and pictures may take: fluids in floats take 1,044 MB at 3840 x 2160."""

MOST_PICTURES = 16
_PICTURE_PX = 1920 * 1080
"""In one run the passes may draw so many times the picture's pixels, or this many pixels if the picture has fewer."""

_WAVE_HZ = (1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0)
"""Turns across the wave that is drawn from the bands."""


class OwnSceneDrawer:
    """Draws one ISF file. `error` says what is wrong with it: `file:line: complaint` where its newest reading does not compile
    and the last good one, inputs and all, is in use; `file: complaint` where it failed while it was drawn."""

    def __init__(self, drawing: Drawing, scene: OwnScene, *, picture: PictureOf, began: datetime.datetime) -> None:
        """`picture` gives what image inputs are shown; `began` is the date at the show's second 0."""
        self._gl, self._picture, self._began = drawing.gl, picture, began
        self._program: moderngl.Program | None = None
        self._targets: dict[str, Target] = {}
        self._shown: moderngl.Texture | None = None
        self._last_s, self._begun_s, self._ticks = -math.inf, 0.0, -1
        self._scene, self._failed = scene, False
        self.error: str | None = None
        self.take(scene)

    @property
    def ready(self) -> bool:
        """Whether there is anything to draw: it compiled, and has not failed since."""
        return self._program is not None and not self._failed

    @property
    def scene(self) -> OwnScene:
        """The reading of the file that is in use; the newest where none ever compiled."""
        return self._scene

    def take(self, scene: OwnScene) -> None:
        """Go on with a new reading of the file, if it compiles."""
        self.newest = scene
        try:
            program = compiled(self._gl, *sources(scene))
            imported = _imported(self._gl, scene)
            strip = self._gl.vertex_array(program, [])
            members: dict[str, Any] = {name: program[name] for name in program}
            sound = {each.name: _row(self._gl, each.samples) for each in scene.inputs if each.kind.startswith("audio")}
        except Exception as error:  # what a file of somebody's asks of a driver must not end an evening
            self.error = str(error) if isinstance(error, ShowError) else _words(scene, error)
            if self._program is None:
                self._scene = scene
            return
        self.error, self._failed = None, False
        self._program, self._scene, self._imported = program, scene, imported
        self._strip, self._members, self._sound = strip, members, sound
        self._forget()

    def draw(self, state: FrameState, drawing: Drawing) -> None:
        """Draw into the target in use; nothing where it is not `ready`. Never raises: what fails is told in `error`."""
        if not self.ready:
            return
        whole = drawing.gl.fbo
        try:
            self._draw(state, drawing, whole)
        except Exception as error:  # a scene that fails must not take the show with it
            self.error, self._failed = _words(self._scene, error), True
            self._forget()
            whole.use()

    def rest(self, now_s: float) -> None:
        """Give its buffers back when it has been out of sight for so long, at show time `now_s`, that it will begin anew."""
        if self._targets and not self._goes_on(now_s):
            self._forget()

    def release(self) -> None:
        """Give its buffers back."""
        self._forget()

    def _draw(self, state: FrameState, drawing: Drawing, whole: moderngl.Framebuffer) -> None:
        pictures = self._pictures(state)
        now_s, last_s = state.moment.time_s, self._last_s
        if not self._goes_on(now_s):
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
        if (flag := drawing.gl.error) != "GL_NO_ERROR":
            raise ShowError(f"OpenGL says {flag}")

    # Time ----------------------------------------------------------------------------------------------------------------------

    def _goes_on(self, now_s: float) -> bool:
        return self._last_s <= now_s < self._last_s + _AWAY_S

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
        sizes_px = [(size(each.width, sizes), size(each.height, sizes)) for each in self._scene.passes]
        self._afford(sizes_px, drawing.size_px)
        for index, (each, size_px) in enumerate(zip(self._scene.passes, sizes_px, strict=True)):
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

    def _afford(self, sizes_px: list[tuple[int, int]], picture_px: tuple[int, int]) -> None:
        """ShowError when the passes at these sizes would draw too much in a run, or hold too much memory."""
        drawn_px = sum(width * height for width, height in sizes_px)
        most_px = MOST_PICTURES * max(picture_px[0] * picture_px[1], _PICTURE_PX)
        if drawn_px > most_px:
            raise ShowError(
                f"its passes draw {drawn_px / 1e6:.1f} million pixels a run at {picture_px[0]} x {picture_px[1]}, "
                f"at most {most_px / 1e6:.1f} can be; make WIDTH and HEIGHT smaller or the passes fewer"
            )
        buffers: dict[str, int] = {}
        for each, (width, height) in zip(self._scene.passes, sizes_px, strict=True):
            held = width * height * 4 * (4 if each.floats else 1) * (2 if each.persistent else 1)
            buffers[each.target] = max(held, buffers.get(each.target, 0))
        held = sum(buffers.values()) + sum(4 * picture.width * picture.height for picture in self._imported.values())
        if held > MOST_BYTES:
            raise ShowError(
                f"its buffers take {held / 2**20:.0f} MB at {picture_px[0]} x {picture_px[1]}, at most {MOST_BYTES // 2**20} MB "
                "are there for one scene; make WIDTH and HEIGHT smaller, or do without FLOAT or PERSISTENT"
            )

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
            value = _value(each, [_told(knob, state) for knob in each.knobs], state, drawing, last_s)
            self._set(uniform_name(each.name), value)
            if not isinstance(value, tuple):
                numbers[each.name] = float(value)
        return numbers

    def _pictures(self, state: FrameState) -> dict[str, moderngl.Texture]:
        pictures = {}
        # In reduced motion nothing answers what is heard: to the scene it is quiet.
        audio = stilled(state.audio) if reduced(state.knobs) else state.audio
        for each in self._scene.inputs:
            if each.kind == "image":
                pictures[each.name] = self._picture(str(_told(each.knobs[0], state)), state)
            elif each.kind.startswith("audio"):
                heard = spectrum if each.kind == "audioFFT" else wave
                self._sound[each.name].write(heard(audio, each.samples).tobytes())
                pictures[each.name] = self._sound[each.name]
        return pictures


def _words(scene: OwnScene, error: Exception) -> str:
    why = str(error) if isinstance(error, ShowError | ValueError) else f"{type(error).__name__}: {error}"
    return f"{scene.path.name}: {why[:400]}; it is out of use until the file changes"


def _told(knob: Knob, state: FrameState) -> KnobValue:
    """Where a knob stands; its default where what was told was meant for an earlier or later reading of the file."""
    value = state.knobs.get(knob.name, knob.default)
    return knob.default if knob.fault(value) else value  # type: ignore[no-any-return]


def stilled(audio: AudioFrame) -> AudioFrame:
    """The same moment with nothing to be heard: bands, level, onset and beat at rest."""
    quiet = np.zeros_like(audio.bands)
    return replace(audio, level=0.0, bands=quiet, smoothed=quiet, onset=0.0, beat_phase=0.0, pulse=0.0)


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


def _imported(gl: moderngl.Context, scene: OwnScene) -> dict[str, moderngl.Texture]:
    """The pictures a scene brings along. ShowError when one cannot be read, or they are too many."""
    pictures: dict[str, moderngl.Texture] = {}
    held = 0
    for name, path in scene.imported.items():
        pictures[name] = _picture(gl, path)
        held += 4 * pictures[name].width * pictures[name].height
        if held > MOST_BYTES:
            raise ShowError(
                f"{scene.path.name}: its pictures take more than {MOST_BYTES // 2**20} MB, the most for one scene; "
                "use fewer or smaller ones"
            )
    return pictures


def _picture(gl: moderngl.Context, path: Path) -> moderngl.Texture:
    try:
        with Image.open(path) as opened:
            image = opened.convert("RGBA")
            image.thumbnail((4096, 4096))
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise ShowError(f"{path.name}: the picture cannot be read ({error})") from error
    texture = gl.texture(image.size, 4, image.transpose(Image.Transpose.FLIP_TOP_BOTTOM).tobytes())
    texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
    return texture
