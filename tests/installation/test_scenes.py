from __future__ import annotations

import io
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from installation.camera import Camera
from installation.director import CHANGES, FADE, MIX, SCENES, TILED, change_between
from installation.gl.atlas import Atlas, sheets
from installation.gl.program import SHADERS, Shader, flatten
from installation.gl.targets import Screen, Target
from installation.gl.tiles import LAYOUTS, flying, tiles_of
from installation.gl.transitions import TRANSITIONS
from installation.lastpass import LastPass
from installation.messages import TileSheet
from installation.quality import LEVELS
from installation.stage import Stage
from mixtape.errors import ShowError

GOLDEN = Path(__file__).parents[1] / "golden"


def on_mesa(gl) -> bool:
    return "llvmpipe" in gl.info["GL_RENDERER"]


@pytest.fixture
def stage(gl, small_world):
    return Stage(gl, small_world, size=(160, 90), patient=True)


@pytest.mark.parametrize("name", [*SCENES, "map_change"])
def test_three_moments_of_a_scene_look_as_they_did_in_every_shape_of_picture(
    name, gl, small_world, play, golden_scenes, tmp_path
):
    # Packed as what is kept is, so that only what was drawn can differ.
    got = np.asarray(Image.open(io.BytesIO(golden_scenes.packed(golden_scenes.sheet(name, gl, small_world, play)))))
    want = np.asarray(Image.open(GOLDEN / f"scene_{name}.jpg").convert("RGB"))
    apart = np.abs(got.astype(int) - want)
    if apart.mean() > 2.0 or (apart.max(axis=2) <= 12).mean() < 0.999:
        folder = Path(os.environ.get("SCENE_DIFFERENCES", tmp_path))
        Image.fromarray(got).save(folder / f"scene_{name}_got.png")
        Image.fromarray((apart * 8).clip(0, 255).astype(np.uint8)).save(folder / f"scene_{name}_diff.png")
        pytest.fail(f"{name}: differs by {apart.mean():.2f} levels; see {folder}, and regenerate_scenes.py when it is meant")


@pytest.mark.parametrize("name", ["map", "gallery"])
def test_the_same_states_give_the_same_bytes(name, gl, small_world, play, golden_scenes):
    once = golden_scenes.sheet(name, gl, small_world, play)
    again = golden_scenes.sheet(name, gl, small_world, play)
    assert once.tobytes() == again.tobytes()


def test_a_frame_does_not_depend_on_the_frames_drawn_before_it(stage, small_world, play):
    state = play(small_world, 9.0, (0.0, "scene", "map"))
    stage.draw(state)
    alone = stage.read()
    for seconds in (1.0, 4.0, 7.0):
        stage.draw(play(small_world, seconds, (0.0, "scene", "map")))
    stage.draw(state)
    assert np.array_equal(stage.read(), alone)


def test_the_flight_begins_on_the_map_and_ends_in_the_grid(stage, small_world, play):
    state = play(small_world, 14.0, (0.0, "scene", "map"))
    stage.draw(state)
    on_map = stage.read()
    flight = replace(state, scene="grid", from_scene="map", change="fly")
    stage.draw(replace(flight, scene_mix=1e-9))
    assert np.abs(stage.read().astype(int) - on_map).max() <= 2
    stage.draw(replace(flight, scene_mix=1.0))
    in_grid = stage.read()
    stage.draw(replace(flight, scene_mix=0.999999))
    assert np.abs(stage.read().astype(int) - in_grid).max() <= 2
    there = flying(replace(flight, scene_mix=1 - 1e-9), stage._drawing)
    assert np.allclose(there.screen, tiles_of(replace(flight, scene_mix=1.0), stage._drawing, "grid").screen, atol=1e-5)


@pytest.mark.parametrize("change", (*CHANGES, FADE))
def test_a_change_begins_and_ends_with_the_scenes_themselves(change, stage, small_world, play):
    state = play(small_world, 14.0, (0.0, "scene", "map"))
    stage.draw(state)
    before = stage.read()
    stage.draw(replace(state, scene="wall", from_scene="wall"))
    after = stage.read()
    change_at = replace(state, scene="wall", from_scene="map", change=change)
    stage.draw(replace(change_at, scene_mix=1e-6))
    assert np.abs(stage.read().astype(int) - before).mean() < 0.1
    stage.draw(replace(change_at, scene_mix=1 - 1e-6))
    assert np.abs(stage.read().astype(int) - after).mean() < 0.1
    stage.draw(replace(change_at, scene_mix=0.5))
    halfway = stage.read().astype(int)
    assert np.abs(halfway - before).mean() > 1.0
    assert np.abs(halfway - after).mean() > 1.0
    stage.draw(replace(state, scene="map", from_scene="wall", change=change, scene_mix=0.5, backwards=True))
    assert np.array_equal(stage.read(), halfway)


def test_the_songs_own_tiles_fly_wherever_both_scenes_have_them():
    assert set(LAYOUTS) == TILED
    assert {*CHANGES, FADE, MIX} == set(TRANSITIONS)
    assert change_between("map", "grid", "x") == "fly"
    assert {change_between("map", "wall", str(song)) for song in range(40)} == set(CHANGES)


@pytest.mark.parametrize("scene", ["map", "grid"])
def test_a_click_on_a_tile_finds_its_song(scene, stage, small_world, play):
    state = play(small_world, 9.0, (0.0, "scene", scene))
    tiles = tiles_of(state, stage._drawing, scene)
    hidden = 0
    for row in tiles.order:
        x = (tiles.screen[row, 0] / (160 / 90) + 0.5) * 160
        y = (0.5 - tiles.screen[row, 1]) * 90
        covered = [
            other
            for other in tiles.order[list(tiles.order).index(row) + 1 :]
            if (np.abs(tiles.screen[other] - tiles.screen[row]) <= tiles.half[other]).all()
        ]
        hidden += bool(covered)
        expected = covered[-1] if covered else row
        assert stage.pick(x, y, state) == small_world.tracks[expected].id
    assert hidden < len(tiles.order) / 3
    focus = small_world.row[state.track_id]
    x, y = (tiles.screen[focus, 0] / (160 / 90) + 0.5) * 160, (0.5 - tiles.screen[focus, 1]) * 90
    assert stage.pick(x, y, state) == state.track_id


def test_a_click_beside_all_tiles_or_on_the_wall_finds_nothing(stage, small_world, play):
    assert stage.pick(1.0, 1.0, play(small_world, 9.0, (0.0, "scene", "grid"))) is None
    assert stage.pick(80.0, 45.0, play(small_world, 9.0, (0.0, "scene", "wall"))) is None


def test_the_wall_blends_from_the_last_picture_to_the_next_by_time(stage, small_world, play):
    state = play(small_world, 20.0, (0.0, "scene", "wall"), (0.0, "energy", 0.0), (0.0, "grain", 0.0), (0.0, "bloom", 0.0))
    count = int(state.knobs["wall_rows"]) * int(state.knobs["wall_cols"])
    tiles = np.arange(count, dtype=np.int32)

    def shown(time_s: float) -> float:
        stage.draw(replace(state, moment=replace(state.moment, time_s=time_s)))
        return float(stage.read()[40:50, 70:90].mean())

    def put(level: int, time_s: float) -> None:
        stage.put_tiles(TileSheet(0, time_s, tiles, np.full((count, 16, 16, 3), level, np.uint8)))
        shown(time_s)

    put(40, 20.0)
    put(40, 21.0)
    put(200, 22.0)
    dark, middle, bright = shown(22.0), shown(22.5), shown(23.5)
    assert dark < middle < bright
    assert abs(middle - (dark + bright) / 2) < 0.1 * (bright - dark)


def test_a_rehearsed_stage_compiles_nothing_while_somebody_looks(gl, small_world, play):
    stage = Stage(gl, small_world, size=(160, 90))
    state = play(small_world, 9.0)
    stage.draw(state)
    stage.rehearse(state)
    known = set(stage._drawing.programs._shaders)
    for scene in small_world.scenes:
        for mix in (0.3, 1.0):
            stage.draw(replace(state, scene=scene, scene_mix=mix, change="dissolve"))
    assert set(stage._drawing.programs._shaders) == known


def test_pictures_that_nobody_looks_at_do_not_pile_up_and_come_a_few_a_frame(gl, small_world, play, golden_scenes):
    state = play(small_world, 9.0, (0.0, "scene", "wall"))
    stage, patient = (Stage(gl, small_world, size=(160, 90), patient=True) for _ in range(2))
    scene = stage._scenes["wall"]
    for shift in range(50):
        stage.put_tiles(golden_scenes.wall_sheet(state, shift=shift))
    assert len(scene._waiting) == 8 * 14
    stage.wait_for_covers(False)
    stage.draw(state)
    assert 0 < 8 * 14 - len(scene._waiting) < 8 * 14
    for _ in range(3):
        stage.draw(state)
    assert not scene._waiting
    patient.put_tiles(golden_scenes.wall_sheet(state, shift=49))
    patient.draw(state)
    stage.draw(state)
    assert np.array_equal(stage.read(), patient.read())


def test_a_sheet_with_an_error_or_of_another_wall_is_passed_over(stage, small_world, play):
    state = play(small_world, 9.0, (0.0, "scene", "wall"))
    stage.draw(state)
    before = stage.read()
    stage.put_tiles(TileSheet(1, 0.0, np.arange(3, dtype=np.int32), np.zeros((0, 8, 8, 3), np.uint8), error="no model"))
    stage.put_tiles(TileSheet(1, 0.0, np.array([5000], np.int32), np.zeros((1, 8, 8, 3), np.uint8)))
    stage.draw(state)
    assert np.array_equal(stage.read(), before)


def test_the_picture_takes_another_size(stage, small_world, play):
    state = play(small_world, 9.0)
    stage.resize((90, 120))
    stage.draw(state)
    assert stage.read().shape == (120, 90, 3)
    assert stage.read().max() > 40


def from_afar(picture):
    return np.asarray(Image.fromarray(picture).resize((64, 36), Image.Resampling.BOX), int)


def test_a_coarser_level_shows_the_same_picture_and_the_finest_comes_back_to_the_bit(gl, small_world, play):
    stage, state = Stage(gl, small_world, size=(320, 180), patient=True), play(small_world, 12.0)
    stage.draw(state)
    finest = stage.read()
    for level in range(1, len(LEVELS)):
        stage.resize((320, 180), level=level)
        stage.draw(state)
        drawn = stage.read()
        assert drawn.shape[:2] == (round(180 * LEVELS[level].frame), round(320 * LEVELS[level].frame))
        assert np.abs(from_afar(drawn) - from_afar(finest)).mean() < 0.4 * from_afar(finest).mean()
    stage.resize((320, 180), level=0)
    stage.draw(state)
    assert np.array_equal(stage.read(), finest)


@pytest.mark.parametrize("songs", [1, 2, 5])
def test_the_smallest_collections_are_drawn(songs, gl, make_world, play):
    world = make_world(songs)
    stage = Stage(gl, world, size=(160, 90), patient=True)
    for scene in ("map", "grid", "wall"):
        stage.draw(play(world, 3.0, (0.0, "scene", scene), (2.0, "next", None)))
        assert stage.read().max() > 30


def test_covers_arrive_a_few_a_frame_when_nobody_is_patient(gl, small_world, play):
    stage = Stage(gl, small_world, size=(160, 90))
    state = play(small_world, 14.0, (0.0, "scene", "grid"))
    seen = []
    for _ in range(40):
        stage.draw(state)
        seen.append(int((stage._drawing.atlas.far_slot >= 0).sum()))
    assert 0 < seen[0] <= 4
    assert max(np.diff(seen)) <= 4
    assert seen[-1] == len(small_world.tracks)


def test_no_moment_of_the_show_flashes(stage, small_world, play):
    """General flash threshold: a change of 10 % of relative luminance over a quarter of the picture, between two frames."""
    wishes = ((0.0, "energy", 1.0), (0.0, "scene", "wall"), (1.0, "next", None))
    before = None
    for frame in range(40):
        stage.draw(play(small_world, 1.0 + frame / 30, *wishes))
        light = (stage.read() / 255.0) ** 2.2 @ np.array([0.2126, 0.7152, 0.0722])
        if before is not None:
            assert (np.abs(light - before) > 0.1).mean() < 0.25
        before = light


def test_nobody_sees_whether_the_limiter_watches_a_calm_show(stage, gl, small_world, play):
    watched = Stage(gl, small_world, size=(160, 90), patient=True, last_pass=LastPass(gl))
    for frame in range(20):
        state = play(small_world, 9.0 + frame / 30, (0.0, "scene", "map"))
        stage.draw(state)
        watched.draw(state)
        assert np.array_equal(stage.read(), watched.read())


def test_the_playing_song_hides_no_neighbour_on_the_map(stage, small_world, play):
    for row in range(0, 40, 7):
        state = play(small_world, 12.0, (0.0, "scene", "map"), seed_row=row)
        tiles, focus = tiles_of(state, stage._drawing, "map"), small_world.row[state.track_id]
        away = np.abs(tiles.screen - tiles.screen[focus]).max(axis=1)
        away[focus] = np.inf
        assert (away > 0.8 * tiles.half[focus]).all()


@pytest.mark.parametrize("size", [(160, 90), (90, 160)])
def test_the_grid_lies_or_stands_as_the_picture_does_and_all_of_it_is_seen(size, gl, small_world, play):
    stage = Stage(gl, small_world, size=size, patient=True)
    for row in range(0, 40, 6):
        state = play(small_world, 9.0, (0.0, "scene", "grid"), seed_row=row)
        tiles = tiles_of(state, stage._drawing, "grid")
        assert (np.abs(tiles.screen) + tiles.half[:, None] <= [0.5 * size[0] / size[1], 0.5]).all()
        assert np.ptp(tiles.screen[:, 0]) > 0.6 * size[0] / size[1]


def test_the_playing_song_is_drawn_from_its_large_cover(gl, small_world, play):
    x = np.mgrid[0:512, 0:512][1]
    stripes = np.repeat(np.where(x // 4 % 2, 255, 0).astype(np.uint8)[..., None], 3, axis=2)
    plain = replace(small_world, cover_pixels=lambda _: np.full((128, 128, 3), 128, np.uint8))
    state = play(small_world, 9.0, (0.0, "scene", "map"), (0.0, "bloom", 0.0), (0.0, "grain", 0.0))

    def contrast(world):
        stage = Stage(gl, world, size=(1280, 720), patient=True)
        stage.draw(state)
        tiles, focus = tiles_of(state, stage._drawing, "map"), world.row[state.track_id]
        middle = np.round((tiles.screen[focus] * [1, -1] + [0.5 * 1280 / 720, 0.5]) * 720).astype(int)
        return stage.read()[middle[1] - 20 : middle[1] + 20, middle[0] - 20 : middle[0] + 20].std()

    assert contrast(replace(plain, cover_large=lambda _: stripes)) > 5 * contrast(plain)


def test_every_copy_of_every_cover_lies_where_it_is_looked_for(gl):
    near, far = sheets(gl, ((64, 32, 16), 20), ((16, 8, 4), 300))
    for kind in (near, far):
        for slot in (0, 7, kind.slots - 1):
            kind.put(slot, np.full((64, 64, 3), 10 + slot % 200, np.uint8))
    pixels = np.frombuffer(near.texture.read(), np.uint8).reshape(near.texture.layers, near.size_px[1], near.size_px[0], 4)
    for kind in (near, far):
        for side in kind.sides_px:
            for slot in (0, 7, kind.slots - 1):
                left, top, wide, layer = kind.rectangles(np.array([slot]), np.array([side], np.float32))[0].astype(int)
                assert wide == side
                assert (pixels[layer, top : top + wide, left : left + wide, 0] == 10 + slot % 200).all()


# Shaders -----------------------------------------------------------------------------------------------------------------------


def _write(path: Path, text: str, *, later: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, ns=(later, later))


PLAIN = "#version 330\nout vec4 o_colour;\nvoid main() {{\n    o_colour = vec4({});\n}}\n"


def test_a_broken_shader_keeps_the_last_good_program_and_says_file_and_line(gl, tmp_path):
    _write(tmp_path / "look.frag", PLAIN.format("1.0, 0.0, 0.0, 1.0"), later=10**9)
    shader = Shader(gl, "look", folder=tmp_path)
    good = shader.program
    _write(tmp_path / "look.frag", PLAIN.format("mystery"), later=2 * 10**9)
    assert not shader.reload()
    assert shader.program is good
    assert shader.error is not None
    assert "look.frag:4" in shader.error
    assert "mystery" in shader.error
    _write(tmp_path / "look.frag", PLAIN.format("0.0, 1.0, 0.0, 1.0"), later=3 * 10**9)
    assert shader.reload()
    assert shader.error is None


def test_an_error_in_an_included_file_names_that_file(gl, tmp_path):
    _write(tmp_path / "lib/part.glsl", "// a comment\nfloat part() {\n    return lost;\n}\n")
    _write(tmp_path / "look.frag", '#version 330\n#include "lib/part.glsl"\nout vec4 o;\nvoid main() { o = vec4(part()); }\n')
    shader = Shader(gl, "look", folder=tmp_path)
    assert shader.error is not None
    assert "part.glsl:3" in shader.error


def test_a_changed_include_is_noticed(gl, tmp_path):
    _write(tmp_path / "lib/part.glsl", "float part() { return 1.0; }\n", later=10**9)
    _write(tmp_path / "look.frag", '#version 330\n#include "lib/part.glsl"\nout vec4 o;\nvoid main() { o = vec4(part()); }\n')
    shader = Shader(gl, "look", folder=tmp_path)
    assert not shader.reload()
    _write(tmp_path / "lib/part.glsl", "float part() { return 0.5; }\n", later=2 * 10**9)
    assert shader.reload()


def test_a_shader_that_never_compiled_is_drawn_by_the_fallback(gl, tmp_path, small_world):
    from installation.gl.program import Programs

    _write(tmp_path / "look.frag", "#version 330\nnonsense\n")
    target = Target.make(gl, (16, 16))
    target.begin()
    Screen(gl, Programs(gl, folder=tmp_path)).draw("look", u_absent=1.0)
    pixels = np.frombuffer(target.framebuffer.read(), np.uint8)
    assert 0 < pixels.max() < 30
    target.release()


def test_an_include_that_is_not_there_says_who_asked(tmp_path):
    _write(tmp_path / "look.frag", '#version 330\n\n#include "lib/gone.glsl"\n')
    with pytest.raises(ShowError, match=r"look\.frag:3.*gone\.glsl"):
        flatten(tmp_path / "look.frag", folder=tmp_path)


def test_every_shader_of_the_project_compiles(gl):
    for path in sorted(SHADERS.rglob("*.frag")):
        name = str(path.relative_to(SHADERS).with_suffix(""))
        assert Shader(gl, name).error is None


def test_of_many_songs_only_those_that_can_be_told_apart_are_tiles_and_the_others_are_dust(gl, make_world, play):
    world = make_world(2500)
    stage = Stage(gl, world, size=(160, 90), patient=True)
    state = play(world, 0.1, (0.0, "scene", "map"))
    far = replace(state, camera=Camera(zoom_log2=-0.2), knobs={**state.knobs, "grain": 0.0})
    stage.draw(far)
    own = {world.row[song] for song in (*far.history, *far.next_ids)}
    assert set(tiles_of(far, stage._drawing, "map").order) <= own
    songs = stage._drawing.over_map(far).project(stage._drawing.places(far).map_xy)[0]
    x, y = ((songs / [160 / 90, 1.0] + 0.5) * [160, 90]).astype(int).clip(0, [159, 89]).T
    lit = stage.read()[::-1].max(axis=2)
    assert np.median(lit[y, x]) > 1.5 * np.median(lit)
    x, y = ((songs[1000] / [160 / 90, -1.0] + 0.5) * [160, 90]).tolist()
    picked = songs[world.row[stage.pick(x, y, far)]]
    assert np.abs(picked - songs[1000]).max() * 90 < 3.0
    x, y = stage._drawing.places(far).map_xy[stage._drawing.focus(far)]
    near = replace(far, camera=Camera(float(x), float(y), 3.5))
    shown = tiles_of(near, stage._drawing, "map")
    assert 5 < len(shown.order) < 1000
    assert (2 * shown.half[shown.order[:-1]] * 90 >= 2.6).all()


def test_far_covers_make_room_for_those_in_sight(gl):
    cover = np.zeros((128, 128, 3), np.uint8)
    atlas = Atlas(gl, 400, lambda _: cover, lambda _: None, far=100, near=4)
    most = atlas.far.slots
    assert 100 <= most < 400
    none = np.zeros(0, np.int32)
    for first in (0, 200, 0):
        rows = np.arange(first, first + 100, dtype=np.int32)
        while (atlas.far_slot[rows] < 0).any():
            atlas.ask(rows, none)
        assert (atlas.far_slot >= 0).sum() <= most
        taken = atlas.far_slot[atlas.far_slot >= 0]
        assert len(set(taken)) == len(taken)
    atlas.ask(np.arange(400, dtype=np.int32), none, at_once=400)
    assert (atlas.far_slot >= 0).sum() == most


def test_a_lying_wall_is_turned_in_an_upright_picture_and_fills_it(gl, small_world, play, golden_scenes):
    state = play(small_world, 9.0, (0.0, "scene", "wall"), (0.0, "grain", 0.0))
    shares = []
    for size in ((160, 90), (90, 160)):
        stage = Stage(gl, small_world, size=size, patient=True)
        for shift in (0, 1):
            stage.put_tiles(golden_scenes.wall_sheet(state, shift=shift))
            stage.draw(state)
        shares.append((stage.read().max(axis=2) > 25).mean())
    assert min(shares) > 0.8
    assert abs(shares[0] - shares[1]) < 0.1
