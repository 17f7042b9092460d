"""Scenes of your own: what somebody relies on who drops a fragment shader in ISF form into the folder."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from PIL import Image

from installation.control.knobs import Refusal, event, events, find, own_knobs
from installation.control.osc import OscInbox
from installation.control.oscquery import knob_node
from installation.gl.isf import sources
from installation.isf.header import read
from installation.isf.shelf import Shelf
from installation.isf.sizes import size
from installation.lastpass import LastPass
from installation.messages import ControlEvent, Moment
from installation.safety import FlashMeter, linear
from installation.scenes.own import spectrum, wave
from installation.stage import Stage
from installation.step import step
from mixtape.errors import ShowError

PLAIN = {"bloom": 0.0, "grain": 0.0, "grading": 0.0, "trails": 0.0, "title_s": 0.0}
RED = "void main() { gl_FragColor = vec4(1.0, 0.0, 0.0, 1.0); }"


def write(folder: Path, body: str, *, name: str = "own.fs", vertex: str | None = None, later: int = 1, **header) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"/*{json.dumps({'ISFVSN': '2', **header}, indent=1)}*/\n{body}\n")
    os.utime(path, ns=(later * 10**9, later * 10**9))
    if vertex is not None:
        path.with_suffix(".vs").write_text(vertex)
    return path


@pytest.fixture
def draw(gl, small_world, play):
    """Draws a file at times, by knobs; the middle's colours (n, 3), or whole pictures."""
    state = play(small_world, 9.0, (0.0, "scene", "map"))
    state = replace(state, scene="own", from_scene="own", scene_mix=1.0, scene_since_s=9.0)

    def drawn(path: Path, times=(9.0,), *, whole: bool = False, stage: Stage | None = None, **knobs):
        scene = read(path)
        stage = stage or Stage(gl, small_world.with_own((scene,)), size=(160, 90), patient=True)
        turned = MappingProxyType({**state.knobs, **PLAIN, **{f"scene/own/{key}": value for key, value in knobs.items()}})
        seen, last_s = [], times[0]
        for time_s in times:
            moment = Moment(0, float(time_s), float(time_s - last_s), 0.0)
            stage.draw(replace(state, knobs=turned, moment=moment))
            last_s = time_s
            assert stage.errors == ()
            seen.append(stage.read().astype(int))
        return np.array(seen) if whole else np.array([picture[45, 80] for picture in seen])

    return drawn


# What the shader is told -------------------------------------------------------------------------------------------------------


def test_a_file_becomes_a_scene_with_its_defaults_and_its_inputs_are_knobs(tmp_path, draw):
    inputs = [
        {"NAME": "share", "TYPE": "float", "DEFAULT": 0.25, "MIN": 0.0, "MAX": 1.0},
        {"NAME": "kind", "TYPE": "long", "VALUES": [0, 5], "LABELS": ["Off", "On"], "DEFAULT": 5},
        {"NAME": "also", "TYPE": "bool", "DEFAULT": True},
        {"NAME": "ink", "TYPE": "color", "DEFAULT": [0.0, 0.0, 1.0, 1.0]},
    ]
    body = """void main() {
        float green = kind == 5 && also ? share : 0.0;
        gl_FragColor = vec4(0.0, green, ink.b, 1.0);
    }"""
    path = write(tmp_path, body, INPUTS=inputs)
    near = np.array([2, 2, 2])
    assert (np.abs(draw(path)[0] - [0, 64, 255]) <= near).all()
    assert (np.abs(draw(path, share=0.5)[0] - [0, 128, 255]) <= near).all()
    assert draw(path, kind="off")[0][1] <= 2 and draw(path, also=False)[0][1] <= 2
    assert draw(path, **{"ink/b": 0.0})[0][2] <= 2


def test_a_point_without_bounds_is_in_pixels_of_the_picture(tmp_path, draw):
    inputs = [{"NAME": "at", "TYPE": "point2D"}, {"NAME": "share", "TYPE": "point2D", "MIN": [0, 0], "MAX": [1, 1]}]
    body = "void main() { gl_FragColor = vec4(at.x / 160.0, at.y / 90.0, share.x, 1.0); }"
    seen = draw(write(tmp_path, body, INPUTS=inputs), **{"at/x": 0.25, "at/y": 1.0, "share/x": 0.5})[0]
    assert (np.abs(seen - [64, 255, 128]) <= 2).all()


def test_size_place_pass_and_time_are_those_of_the_show(tmp_path, draw):
    body = "void main() { gl_FragColor = vec4(isf_FragNormCoord.x, RENDERSIZE.x / 320.0, TIME / 4.0, 1.0); }"
    picture = draw(write(tmp_path, body), [9.0, 9.4, 9.7, 10.0], whole=True)[-1]
    assert abs(picture[45, 40, 0] - 255 * 40.5 / 160) <= 8 and abs(picture[45, 100, 0] - 255 * 100.5 / 160) <= 4
    assert abs(picture[45, 80, 1] - 128) <= 2
    assert abs(picture[45, 80, 2] - 64) <= 2
    # y is up, as in GL.
    up = draw(write(tmp_path, "void main() { gl_FragColor = vec4(vec3(vv_FragNormCoord.y), 1.0); }"), whole=True)[0]
    assert up[20, 80, 0] > up[70, 80, 0] + 100


def test_the_date_of_an_export_is_always_the_same(tmp_path, draw):
    body = "void main() { gl_FragColor = vec4((DATE.x - 1990.0) / 20.0, DATE.y / 4.0, DATE.w / 20.0, 1.0); }"
    seen = draw(write(tmp_path, body), [9.0, 10.0])[-1]
    assert (np.abs(seen - [128, 64, 128]) <= 2).all()


def test_an_event_lasts_for_one_frame(tmp_path, draw):
    body = "void main() { gl_FragColor = vec4(bang ? 1.0 : 0.0); gl_FragColor.a = 1.0; }"
    path = write(tmp_path, body, INPUTS=[{"NAME": "bang", "TYPE": "event"}])
    seen = draw(path, [9.0, 9.1, 9.2, 9.3], bang=9.15)[:, 0]
    assert [value > 200 for value in seen] == [False, False, True, False]


def test_image_inputs_are_given_scenes_covers_and_the_picture_before(tmp_path, draw, small_world, gl):
    body = "void main() { gl_FragColor = vec4(IMG_THIS_PIXEL(inputImage).rgb, 1.0); }"
    path = write(tmp_path, body, INPUTS=[{"NAME": "inputImage", "TYPE": "image"}])
    shown = {what: draw(path, inputImage=what, whole=True)[0] for what in ("map", "grid", "wall", "cover")}
    apart = [np.abs(a - b).mean() for a in shown.values() for b in shown.values() if a is not b]
    assert min(apart) > 2.0
    stage = Stage(gl, small_world.with_own((read(path),)), size=(160, 90), patient=True)
    lasting = "void main() { gl_FragColor = vec4(IMG_THIS_PIXEL(inputImage).rgb * 0.5 + 0.25, 1.0); }"
    path = write(tmp_path, lasting, INPUTS=[{"NAME": "inputImage", "TYPE": "image"}], later=2)
    stage.offer((read(path),))
    values = draw(path, [9.0, 9.1, 9.2, 9.3, 9.4], inputImage="before", stage=stage)[:, 0]
    assert all(np.diff(values) > 0)


def test_pictures_and_their_sizes_are_read_by_pixel_and_by_share(tmp_path, draw):
    image = np.zeros((2, 4, 3), np.uint8)
    image[0, 3] = (255, 0, 0)
    Image.fromarray(image).save(tmp_path / "dot.png")
    body = """void main() {
        vec4 upper = IMG_PIXEL(dot, vec2(3.5, 1.5));
        vec4 same = IMG_NORM_PIXEL(dot, vec2(3.5 / 4.0, 0.75));
        gl_FragColor = vec4(upper.r, same.r, IMG_SIZE(dot).x / 8.0, 1.0);
    }"""
    seen = draw(write(tmp_path, body, IMPORTED={"dot": {"PATH": "dot.png"}}))[0]
    assert (np.abs(seen - [255, 255, 128]) <= 2).all()


def test_sound_comes_as_bands_and_as_a_wave_made_of_them(tmp_path, draw, small_world, play):
    audio = play(small_world, 9.0).audio
    assert spectrum(audio, 8) == pytest.approx(audio.smoothed)
    assert abs(float(wave(audio, 256).mean()) - 0.5) < 0.1 and np.ptp(wave(audio, 256)) > 0.01
    assert wave(replace(audio, smoothed=np.zeros(8, np.float32)), 64) == pytest.approx(np.full(64, 0.5))
    inputs = [{"NAME": "fft", "TYPE": "audioFFT", "MAX": 8}, {"NAME": "sound", "TYPE": "audio"}]
    body = """void main() {
        float low = IMG_NORM_PIXEL(fft, vec2(0.0625, 0.5)).r;
        gl_FragColor = vec4(low, IMG_NORM_PIXEL(sound, vec2(0.5)).g, IMG_SIZE(fft).x / 16.0, 1.0);
    }"""
    seen = draw(write(tmp_path, body, INPUTS=inputs))[0]
    assert seen[2] == pytest.approx(128, abs=2) and 0 < seen[1] < 255
    assert seen[0] == pytest.approx(255 * audio.smoothed[0], abs=4)


def test_a_vertex_shader_beside_it_is_used(tmp_path, draw):
    vertex = "varying vec2 twice;\nvoid main() { vv_vertShaderInit(); twice = isf_FragNormCoord * 2.0; }\n"
    body = "varying vec2 twice;\nvoid main() { gl_FragColor = vec4(twice.x * 0.25, 0.0, 0.0, 1.0); }"
    seen = draw(write(tmp_path, body, vertex=vertex))[0]
    assert seen[0] == pytest.approx(64, abs=3)


# Passes ------------------------------------------------------------------------------------------------------------------------


def test_passes_draw_into_buffers_of_sizes_by_formulas(tmp_path, draw):
    body = """void main() {
        if (PASSINDEX == 0) gl_FragColor = vec4(RENDERSIZE.x / 160.0, RENDERSIZE.y / 90.0, 0.0, 1.0);
        else gl_FragColor = vec4(IMG_THIS_PIXEL(small).rg, IMG_SIZE(small).x / 160.0, 1.0);
    }"""
    passes = [{"TARGET": "small", "WIDTH": "floor($WIDTH / 4.0)", "HEIGHT": "max($HEIGHT * $part, 1.0)"}, {}]
    inputs = [{"NAME": "part", "TYPE": "float", "DEFAULT": 0.5}]
    seen = draw(write(tmp_path, body, PASSES=passes, INPUTS=inputs))[0]
    assert (np.abs(seen - [64, 128, 64]) <= 2).all()


GROWING = """void main() {
    vec4 last = IMG_THIS_PIXEL(kept);
    if (PASSINDEX == 0) gl_FragColor = FRAMEINDEX == 0 ? vec4(0.0, 0.0, 0.0, 1.0) : vec4(last.r + 0.004, 0.0, 0.0, 1.0);
    else gl_FragColor = vec4(last.rgb, 1.0);
}"""


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("fps", [20, 60, 90, 144])
def test_what_a_persistent_buffer_builds_up_is_the_same_at_any_frame_rate(version, fps, tmp_path, draw):
    first = {"PERSISTENT_BUFFERS": {"kept": {"FLOAT": True}}, "PASSES": [{"TARGET": "kept"}, {}]}
    second = {"PASSES": [{"TARGET": "kept", "PERSISTENT": True, "FLOAT": True}, {}]}
    path = write(tmp_path, GROWING, **(first if version == 1 else second))
    seen = draw(path, [9.0 + frame / fps for frame in range(fps + 1)])[-1]
    assert seen[0] == pytest.approx(60 * 0.004 * 255, abs=2.5)


def test_a_scene_that_was_out_of_sight_begins_anew(tmp_path, draw):
    path = write(tmp_path, GROWING, PASSES=[{"TARGET": "kept", "PERSISTENT": 1, "FLOAT": 1}, {}])
    times = [*np.arange(9.0, 10.0, 0.05), 12.0]
    seen = draw(path, times)[:, 0]
    assert seen[-2] > 40 and seen[-1] <= 2


@pytest.mark.parametrize(
    ("formula", "pixels"),
    [("$WIDTH", 640), ("floor($WIDTH/3.0)", 213), ("16", 16), ("$WIDTH*min(0.5, $a)", 160), ("-4", 1), ("$WIDTH ** 2", 8192)],
)
def test_sizes_are_worked_out(formula, pixels):
    assert size(formula, {"WIDTH": 640.0, "a": 0.25}) == pixels


@pytest.mark.parametrize(
    "formula", ["$b", "__import__('os')", "$WIDTH.real", "[1]", "1 +", "1 / 0", "(lambda: 1)()", "9 ** 9 ** 9"]
)
def test_what_is_no_formula_is_refused_and_never_run(formula):
    with pytest.raises(ValueError, match=r"formula|known"):
        size(formula, {"WIDTH": 640.0})


# Bad files ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("void main() {}", "own.fs:1: no header"),
        ('/*{\n "INPUTS": [\n  oops\n ]}*/\n' + RED, "own.fs:3: the header is no JSON"),
        ('/*{"INPUTS": [{"NAME": "a b", "TYPE": "float"}]}*/\n' + RED, "'a b'"),
        ('/*{"INPUTS": [{"NAME": "a", "TYPE": "cube"}]}*/\n' + RED, "type 'cube'"),
        ('/*{"INPUTS": [{"NAME": "a", "TYPE": "float", "MAX": "high"}]}*/\n' + RED, "no number"),
        ('/*{"PASSES": [{"TARGET": "a", "WIDTH": "$lost"}]}*/\n' + RED, "$lost is not known"),
        ('/*{"IMPORTED": {"a": {"PATH": "gone.png"}}}*/\n' + RED, "no gone.png"),
        ("/*[1, 2]*/\n" + RED, "no JSON object"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_its_name_and_where(text, words, tmp_path):
    (tmp_path / "own.fs").write_text(text)
    with pytest.raises(ShowError) as told:
        read(tmp_path / "own.fs")
    assert words in str(told.value) and "own.fs" in str(told.value)


def test_careless_files_are_read_all_the_same(tmp_path):
    header = '/*{\n "INPUTS": [{"NAME": "a", "TYPE": "float", "DEFAULT": 7.0, "MAX": 2.0,},],\n}*/'
    (tmp_path / "own.fs").write_bytes(("\ufeff" + header + "\r\n" + RED + " // caf").encode() + b"\xe9")
    knob = read(tmp_path / "own.fs").inputs[0].knobs[0]
    assert knob.low <= knob.default <= knob.high


def test_a_shader_that_does_not_compile_is_told_with_its_line_and_the_last_good_one_goes_on(tmp_path, gl, small_world, play):
    path = write(tmp_path, RED)
    stage = Stage(gl, small_world.with_own((read(path),)), size=(160, 90), patient=True)
    state = replace(play(small_world, 9.0), scene="own", from_scene="own", scene_mix=1.0)
    stage.draw(state)
    assert stage.read()[45, 80, 0] > 200
    write(tmp_path, "void main() {\n    gl_FragColor = mystery;\n}", later=2)
    stage.offer((read(path),))
    (told,) = stage.errors
    assert "own.fs:5" in told and "mystery" in told
    stage.draw(state)
    assert stage.read()[45, 80, 0] > 200
    stage.offer((read(write(tmp_path, RED.replace("1.0, 0.0, 0.0", "0.0, 1.0, 0.0"), later=3)),))
    stage.draw(state)
    assert stage.errors == () and stage.read()[45, 80, 1] > 200


def test_a_scene_that_never_compiled_or_is_gone_is_the_map(tmp_path, gl, small_world, play):
    broken = read(write(tmp_path, "void main() { gl_FragColor = mystery; }"))
    stage = Stage(gl, small_world.with_own((broken,)), size=(160, 90), patient=True)
    state = replace(play(small_world, 9.0, (0.0, "scene", "map")), from_scene="map")
    stage.draw(state)
    on_map = stage.read()
    for scenes in ((broken,), ()):
        stage.offer(scenes)
        stage.draw(replace(state, scene="own", from_scene="own"))
        assert np.array_equal(stage.read(), on_map)


# The folder, and what steers ---------------------------------------------------------------------------------------------------


def test_the_folder_is_read_again_when_files_come_change_break_and_go(tmp_path):
    shelf = Shelf(tmp_path / "scenes")
    assert not shelf.look() and shelf.scenes == ()
    write(tmp_path / "scenes", RED, name="Night Rain!.fs", DESCRIPTION="first")
    assert shelf.look() and not shelf.look()
    assert [scene.name for scene in shelf.scenes] == ["night-rain"]
    write(tmp_path / "scenes", RED, name="map.fs")
    assert shelf.look() and {scene.name for scene in shelf.scenes} == {"night-rain", "map-2"}
    (tmp_path / "scenes" / "Night Rain!.fs").write_text("no header")
    assert shelf.look() and len(shelf.scenes) == 2
    assert any("Night Rain!.fs:1" in fault for fault in shelf.faults)
    (tmp_path / "scenes" / "Night Rain!.fs").unlink()
    assert shelf.look() and [scene.name for scene in shelf.scenes] == ["map-2"] and not shelf.faults


INPUTS = [
    {"NAME": "speed", "TYPE": "float", "DEFAULT": 1.0, "MAX": 4.0},
    {"NAME": "bang", "TYPE": "event"},
    {"NAME": "ink", "TYPE": "color"},
    {"NAME": "kind", "TYPE": "long", "VALUES": [3, 4], "LABELS": ["Soft", "Hard"]},
]


def test_inputs_are_told_by_osc_within_their_ranges(tmp_path):
    own = own_knobs([read(write(tmp_path, RED, INPUTS=INPUTS))])

    def told(address, *args):
        return events("osc", f"/mixtape/scene/own/{address}", args, time_s=0.0, own=own)

    (speed,) = told("speed", 9.0)
    assert (speed.knob, speed.value) == ("scene/own/speed", 4.0)
    assert [(each.knob, each.value) for each in told("ink", 0.5, 2.0, 0.0)] == [
        ("scene/own/ink/r", 0.5),
        ("scene/own/ink/g", 1.0),
        ("scene/own/ink/b", 0.0),
    ]
    assert told("kind", "Hard")[0].value == "hard" and told("kind", 0)[0].value == "soft"
    assert told("bang")[0].value is None and told("bang", 0) == [None]
    assert isinstance(told("speed", float("nan"))[0], Refusal) and isinstance(told("lost", 1.0)[0], Refusal)
    assert isinstance(event("osc", "/mixtape/scene/own/speed", (1.0,), time_s=0.0), Refusal)


def test_an_own_scene_is_chosen_by_its_place_after_those_of_the_house_and_listed_to_who_asks(tmp_path):
    own = own_knobs([read(write(tmp_path, RED, INPUTS=INPUTS))])
    house = len(find("scene").choices)
    for name in ("scene", "scene_other"):
        assert event("osc", name, (house,), time_s=0.0, own=own).value == "own"
        assert knob_node(find(name, own), "own")["RANGE"] == [{"VALS": [*find(name).choices, "own"]}]


def test_a_message_reaches_the_state_and_only_while_the_scene_is_there(tmp_path, small_world, play):
    from pythonosc.osc_message_builder import OscMessageBuilder

    scene = read(write(tmp_path, RED, INPUTS=INPUTS))
    world, inbox = small_world.with_own((scene,)), OscInbox()
    inbox.own = own_knobs(world.own)
    for address, value in (("speed", 2.5), ("bang", 1)):
        builder = OscMessageBuilder(f"/mixtape/scene/own/{address}")
        builder.add_arg(value)
        inbox.put(builder.build().dgram, "127.0.0.1")
    state = play(world, 3.0)
    after, _ = step(state, inbox.drain(3.0), Moment(1, 3.5, 0.5, 3.5), world)
    assert after.knobs["scene/own/speed"] == 2.5 and after.knobs["scene/own/bang"] == 3.5
    assert after.error is None
    gone, _ = step(state, [ControlEvent("t", "scene/own/speed", 2.5, 3.0)], Moment(1, 3.5, 0.5, 3.5), small_world)
    assert "scene/own/speed" not in gone.knobs and gone.error


def test_the_director_and_a_wish_bring_it_on(tmp_path, small_world, play):
    world = small_world.with_own((read(write(tmp_path, RED)),))
    assert play(world, 8.0, (0.0, "scene", "own"), fps=10.0).scene == "own"
    assert "own" in {play(world, seconds, (0.0, "scene_s", 6.0), fps=5.0).scene for seconds in range(4, 60, 4)}


def test_the_fader_mixes_it_with_a_scene_of_the_house(tmp_path, gl, small_world, play):
    world = small_world.with_own((read(write(tmp_path, RED)),))
    stage = Stage(gl, world, size=(160, 90), patient=True)
    told = ((0.0, "scene", "map"), (0.0, "scene_other", "own"), *((0.0, name, value) for name, value in PLAIN.items()))

    def green_and_red(mix):
        stage.draw(play(world, 8.0, *told, (1.0, "scene_mix", mix)))
        picture = stage.read().astype(float)
        return picture[..., 1].mean(), picture[..., 0].mean()

    (house, _), (mixed, glow), (none, red) = (green_and_red(mix) for mix in (0.0, 0.5, 1.0))
    assert none < 1.0 and red > 200.0
    assert 0.1 * house < mixed < house and 20.0 < glow < 200.0


def test_a_strobe_of_your_own_is_held_like_any_other(tmp_path, gl, small_world, play):
    path = write(tmp_path, "void main() { gl_FragColor = vec4(vec3(step(0.5, fract(TIME * 8.0))), 1.0); }")
    world = small_world.with_own((read(path),))
    state = replace(play(world, 9.0), scene="own", from_scene="own", scene_mix=1.0)

    def fails(last_pass):
        stage, meter, worst = Stage(gl, world, size=(160, 90), patient=True, last_pass=last_pass), FlashMeter(), False
        for frame in range(60):
            time_s = 9.0 + frame / 30
            stage.draw(replace(state, moment=replace(state.moment, time_s=time_s)))
            worst = worst or meter.judge(linear(stage.read()), time_s=time_s).fails
        return worst

    assert fails(None)
    assert not fails(LastPass(gl))


def test_lines_of_a_shader_stay_those_of_its_file(tmp_path):
    path = write(tmp_path, "\n\nvoid main() { gl_FragColor = vec4(1.0); }", DESCRIPTION="two\nlines")
    _, fragment = sources(read(path))
    numbers = [
        number for line, (_, number) in zip(fragment.text.split("\n"), fragment.lines, strict=False) if "void main" in line
    ]
    assert numbers == [1 + path.read_text().split("\n").index("void main() { gl_FragColor = vec4(1.0); }")]
