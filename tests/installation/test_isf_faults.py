"""What a fragment shader of somebody's own can do wrong: it is said in words, the map stands in, and the show goes on."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from installation.isf.header import MOST_PASSES, read
from installation.isf.shelf import Shelf
from installation.messages import ControlEvent, Moment
from installation.scenes import own as drawers
from installation.scenes.own import spectrum, stilled, wave
from installation.show import Show
from installation.stage import Stage
from tests.installation.test_live import Nothing, QuietSound

BARE = {"bloom": 0.0, "grain": 0.0, "grading": 0.0, "trails": 0.0, "title_s": 0.0, "transition_s": 0.0}
GREEN = "void main() { gl_FragColor = vec4(0.0, 1.0, 0.0, 1.0); }"
BY_L = "void main() { gl_FragColor = vec4(float(l), 0.0, 0.0, 1.0); }"
RED_GREEN = {"NAME": "l", "TYPE": "long", "VALUES": [0, 1], "LABELS": ["red", "green"]}


class Evening:
    """A show of one file that may be rewritten between frames; `said` is what was complained of, each thing once."""

    def __init__(self, gl, world, path: Path, size=(160, 90)) -> None:
        self.path, self.said, self._written, self.time_s = path, [], 1, 0.0
        self.stage = Stage(gl, world, size=size, patient=True)
        self.show = Show(world, self.stage, QuietSound(), Nothing(), say=self.said.append)
        self.shelf = Shelf(path.parent)

    def write(self, body: str, **header) -> None:
        self.path.write_text(f"/*{json.dumps(header)}*/\n{body}\n")
        self._written += 1
        os.utime(self.path, ns=(self._written * 10**9, self._written * 10**9))
        self.shelf.look()
        self.show.offer(self.shelf.scenes)

    def frame(self, **told) -> np.ndarray:
        """The middle's colour (3,) after what was told."""
        self.time_s += 0.1
        events = [ControlEvent("t", key.replace("__", "/"), value, self.time_s) for key, value in told.items()]
        self.show.frame(Moment(0, self.time_s, 0.1, self.time_s), events)
        return self.stage.read()[45, 80].astype(int)

    def own(self, **told) -> np.ndarray:
        return self.frame(**{f"scene__own__{key}": value for key, value in told.items()})


@pytest.fixture
def evening(tmp_path, gl, small_world):
    def begun(body: str = GREEN, *, size=(160, 90), **header) -> Evening:
        made = Evening(gl, small_world, tmp_path / "own.fs", size)
        made.write(body, **header)
        made.frame(scene="own", **BARE)
        return made

    return begun


# While it is drawn -------------------------------------------------------------------------------------------------------------


def test_a_scene_that_fails_is_said_once_and_the_map_stands_in_until_its_file_changes(evening):
    knob = {"NAME": "k", "TYPE": "float", "DEFAULT": 1.0}
    show = evening(INPUTS=[knob], PASSES=[{"TARGET": "a", "WIDTH": "$WIDTH/$k"}, {}])
    assert show.own(k=0.5)[1] > 200
    for _ in range(3):
        show.own(k=0.0)
        failed = show.stage.read()
    (words,) = [words for words in show.said if "own.fs" in words]
    assert "$WIDTH/$k" in words and "until the file changes" in words
    on_map = show.show.state
    show.stage.draw(replace(on_map, scene="map", from_scene="map", scene_mix=1.0))
    assert np.array_equal(show.stage.read(), failed)
    show.write(GREEN, INPUTS=[knob], PASSES=[{"TARGET": "a", "WIDTH": "$WIDTH/max($k, 0.1)"}, {}])
    assert show.frame()[1] > 200 and not show.stage.errors


def test_the_frame_a_scene_fails_in_is_the_map_already(evening, monkeypatch):
    show = evening()

    def fails(*_):
        raise RuntimeError("the driver is gone")

    monkeypatch.setattr(drawers.OwnSceneDrawer, "_run", fails)
    show.frame()
    first = show.stage.read()
    show.stage.draw(replace(show.show.state, scene="map", from_scene="map"))
    assert np.array_equal(show.stage.read(), first)
    assert any("the driver is gone" in words and "own.fs" in words for words in show.stage.errors)


def test_what_opengl_flags_is_the_scenes_fault_and_not_the_shows(evening, gl, monkeypatch):
    show = evening()
    run = drawers.OwnSceneDrawer._run

    def flagging(self, *args):
        run(self, *args)
        gl.point_size = -1.0  # GL_INVALID_VALUE

    monkeypatch.setattr(drawers.OwnSceneDrawer, "_run", flagging)
    show.frame()
    assert any("GL_INVALID_VALUE" in words for words in show.stage.errors)
    assert gl.error == "GL_NO_ERROR"
    gl.point_size = 1.0


# Files changed while they are played -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "body"),
    [
        ({**RED_GREEN, "LABELS": ["rot", "gruen"]}, BY_L),
        ({"NAME": "l", "TYPE": "float"}, BY_L),
        ({"NAME": "l", "TYPE": "bool"}, BY_L),
        ({"NAME": "l", "TYPE": "long", "MAX": 3}, BY_L),
        ({"NAME": "l", "TYPE": "image"}, "void main() { gl_FragColor = vec4(0.0 * IMG_THIS_PIXEL(l).rgb, 1.0); }"),
    ],
)
def test_what_was_told_an_input_of_another_kind_is_forgotten(after, body, evening):
    show = evening(BY_L, INPUTS=[RED_GREEN])
    assert show.own(l="green")[0] > 200
    show.write(body, INPUTS=[after])
    assert show.frame()[0] < 5
    assert "scene/own/l" not in show.show.state.wished and "scene/own/l" not in show.show.state.knobs
    assert not show.stage.errors and not show.said


def test_what_still_fits_is_kept(evening):
    show = evening(BY_L, INPUTS=[RED_GREEN])
    show.own(l="green")
    show.write(BY_L + "// louder", INPUTS=[{**RED_GREEN, "LABELS": ["green", "blue"], "VALUES": [1, 0]}])
    assert show.frame()[0] > 200


def test_a_file_that_does_not_compile_leaves_the_last_good_one_with_its_inputs(evening):
    show = evening(BY_L, INPUTS=[RED_GREEN])
    show.write("void main() { oops }", INPUTS=[{**RED_GREEN, "LABELS": ["rot", "gruen"]}, {"NAME": "new", "TYPE": "float"}])
    assert show.own(l="green")[0] > 200
    assert [each.name for each in show.show.own[0].inputs] == ["l"]
    assert show.show.own[0].inputs[0].knobs[0].choices == ("red", "green")
    assert any("own.fs:2" in words for words in show.stage.errors)
    show.own(l="gruen")
    assert show.show.state.error and "gruen" in show.show.state.error
    show.write(BY_L, INPUTS=[{**RED_GREEN, "LABELS": ["rot", "gruen"]}])
    assert show.own(l="gruen")[0] > 200 and not show.stage.errors


# Headers -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ('{"PERSISTENT_BUFFERS": 5}', "PERSISTENT_BUFFERS"),
        ('{"INPUTS": [{"NAME": "a", "TYPE": "float", "MAX": 1' + "0" * 400 + "}]}", "input a"),
        ('{"INPUTS": [{"NAME": "a", "TYPE": "float", "MAX": 1' + "0" * 5000 + "}]}", "no JSON"),
        ('{"INPUTS": [{"NAME": "a", "TYPE": "float", "MAX": 1e39}]}', "input a"),
        ('{"INPUTS": [{"NAME": "a", "TYPE": "color", "DEFAULT": [1' + "0" * 400 + ", 0, 0, 1]}]}", "input a"),
        ('{"INPUTS": [{"NAME": "a", "TYPE": "long", "VALUES": [1e12, 2]}]}', "1000000000000"),
        ('{"INPUTS": [{"NAME": "a", "TYPE": "long", "MAX": 4294967295}]}', "4294967295"),
        ('{"INPUTS": [{"NAME": "a", "TYPE": "audio", "MAX": NaN}]}', "NaN"),
        ('{"INPUTS": [{"NAME": "a", "TYPE": "image"}], "PASSES": [{"WIDTH": "$a"}]}', "$a is not known"),
        ('{"INPUTS": [{"NAME": "a", "TYPE": "point2D"}], "PASSES": [{"WIDTH": "$a"}]}', "$a is not known"),
        ('{"INPUTS": [{"NAME": "a", "TYPE": "float"}], "PASSES": [{"WIDTH": "$WIDTH/$a"}]}', "$WIDTH/$a"),
        ('{"IMPORTED": {"a": {"PATH": "' + "x" * 5000 + '"}}}', "IMPORTED a"),
        ('{"IMPORTED": {"a": {"PATH": "a\\u0000b"}}}', "IMPORTED a"),
        ('{"PASSES": [' + ", ".join(["{}"] * (MOST_PASSES + 1)) + "]}", f"{MOST_PASSES + 1} PASSES; at most {MOST_PASSES}"),
        ("[" * 100_000, "no JSON"),
    ],
)
def test_any_header_is_read_or_refused_in_words_that_name_the_file(header, words, tmp_path):
    (tmp_path / "own.fs").write_text(f"/*{header}*/\n{GREEN}")
    (tmp_path / "good.fs").write_text("/*{}*/\n" + GREEN)
    shelf = Shelf(tmp_path)
    assert shelf.look()
    assert [scene.name for scene in shelf.scenes] == ["good"]
    (fault,) = shelf.faults
    assert fault.startswith("own.fs:") and words in fault and len(fault) < 500


def test_what_nobody_thought_of_is_words_too(tmp_path, monkeypatch):
    (tmp_path / "own.fs").write_text("/*{}*/\n" + GREEN)

    def fails(path, *, name):
        raise LookupError("unheard of")

    monkeypatch.setattr("installation.isf.shelf.read", fails)
    shelf = Shelf(tmp_path)
    assert shelf.look() and shelf.scenes == ()
    assert shelf.faults == ("own.fs: cannot be used (LookupError: unheard of)",)


def test_halves_of_characters_in_a_header_can_be_written_down(tmp_path):
    (tmp_path / "own.fs").write_text('/*{"DESCRIPTION": "a\\ud800b", "CREDIT": "\\ud83c\\udf19"}*/\n' + GREEN)
    scene = read(tmp_path / "own.fs")
    assert scene.description.encode() == b"a?b" and scene.credit == "\N{CRESCENT MOON}"


def test_formulas_are_tried_with_the_numbers_inputs_begin_with(tmp_path):
    inputs = [{"NAME": "l", "TYPE": "long", "VALUES": [0, 4], "LABELS": ["a", "b"], "DEFAULT": 4}, {"NAME": "e", "TYPE": "event"}]
    header = {"INPUTS": inputs, "PASSES": [{"WIDTH": "$WIDTH / $l + $e"}]}
    (tmp_path / "own.fs").write_text(f"/*{json.dumps(header)}*/\n{GREEN}")
    assert read(tmp_path / "own.fs").passes[0].width == "$WIDTH / $l + $e"


# What it may cost --------------------------------------------------------------------------------------------------------------


def test_more_pixels_than_can_be_drawn_in_time_are_refused_before_they_are_made(evening):
    big = [{"TARGET": "a", "WIDTH": "8192", "HEIGHT": "4096"}, {}]
    show = evening(PASSES=big)
    (words,) = show.stage.errors
    assert "own.fs: its passes draw 33.6 million pixels a run at 160 x 90, at most 33.2 can be; make WIDTH" in words
    show.write(GREEN, PASSES=[{"TARGET": "a", "WIDTH": "4000", "HEIGHT": "4096"}, {}])
    assert show.frame()[1] > 200 and not show.stage.errors


@pytest.mark.parametrize(
    ("kind", "bytes_a_pixel"), [({}, 4), ({"FLOAT": True}, 16), ({"PERSISTENT": True}, 8), ({"FLOAT": 1, "PERSISTENT": 1}, 32)]
)
def test_memory_is_counted_with_float_and_persistent(kind, bytes_a_pixel, evening, monkeypatch):
    passes = [{"TARGET": "a", "WIDTH": "512", "HEIGHT": "512", **kind}, {}]
    held = 512 * 512 * bytes_a_pixel + 160 * 90 * 4
    monkeypatch.setattr(drawers, "MOST_BYTES", held)
    assert not evening(PASSES=passes).stage.errors
    monkeypatch.setattr(drawers, "MOST_BYTES", held - 1)
    (words,) = evening(PASSES=passes).stage.errors
    assert f"own.fs: its buffers take {held / 2**20:.0f} MB at 160 x 90, at most {(held - 1) // 2**20} MB" in words
    assert "make WIDTH and HEIGHT smaller" in words


def test_a_scene_of_a_gigabyte_and_a_half_is_refused(evening):
    passes = [{"TARGET": "a", "FLOAT": True, "PERSISTENT": True, "WIDTH": "6800", "HEIGHT": "6800"}, {}]
    (words,) = evening(PASSES=passes, size=(2560, 1440)).stage.errors
    assert "its buffers take 1425 MB at 2560 x 1440, at most 1280 MB" in words


def test_pictures_that_are_brought_along_count_as_memory(evening, tmp_path, monkeypatch):
    for name in "ab":
        Image.new("RGB", (64, 64)).save(tmp_path / f"{name}.png")
    brought = {name: {"PATH": f"{name}.png"} for name in "ab"}
    monkeypatch.setattr(drawers, "MOST_BYTES", 2**17)
    assert not evening(IMPORTED={"a": brought["a"]}).stage.errors
    monkeypatch.setattr(drawers, "MOST_BYTES", 2**15 - 1)
    (words,) = evening(IMPORTED=brought).stage.errors
    assert words.startswith("own.fs: its pictures take more than")


def test_a_scene_out_of_sight_holds_no_buffers(evening):
    show = evening(PASSES=[{"TARGET": "a", "PERSISTENT": True}, {}])
    (drawer,) = show.stage._own.values()
    assert drawer._targets
    show.frame(scene="map")
    for _ in range(8):
        show.frame()
    assert not drawer._targets
    assert show.frame(scene="own")[1] > 200 and drawer._targets


# Reduced motion ----------------------------------------------------------------------------------------------------------------


def test_in_reduced_motion_it_is_quiet_to_a_scene(evening, small_world, play):
    audio = play(small_world, 9.0).audio
    assert spectrum(audio, 8).max() > 0.05 and spectrum(stilled(audio), 8).max() == 0.0
    assert wave(stilled(audio), 32) == pytest.approx(np.full(32, 0.5))
    body = "void main() { gl_FragColor = vec4(step(0.002, IMG_NORM_PIXEL(fft, vec2(0.2, 0.5)).r), 0.0, 0.0, 1.0); }"
    show = evening(body, INPUTS=[{"NAME": "fft", "TYPE": "audioFFT"}])
    assert max(show.frame()[0] for _ in range(20)) > 200
    show.frame(reduced_motion=True)
    assert max(show.frame()[0] for _ in range(20)) < 5
