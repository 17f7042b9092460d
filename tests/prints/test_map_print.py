"""What hangs on the wall: map prints, their names, walls of pictures, and the command that writes them."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path

import numpy as np
import prepared
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mixtape.commands import maps as command
from mixtape.errors import ConfigError, LibraryError, ShapeError
from mixtape.lettering.typeset import measure
from mixtape.library import Library
from mixtape.maps.labels import lay_labels
from mixtape.palette import dominant_colours, palette_numbers
from mixtape.prints.map_print import MapSheet, labels, map_print, save_map
from mixtape.prints.wall import cover_wall, forming_sheet, gallery_pictures, wall_shape
from mixtape.types import Palette, Region, SongMap

GOLDEN_FOLDER = Path(__file__).parent.parent / "golden"
_spec = importlib.util.spec_from_file_location("regenerate_maps", GOLDEN_FOLDER / "regenerate_maps.py")
assert _spec is not None and _spec.loader is not None
golden = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(golden)

NAMES = ("Dub Techno", "Ночная музыка", "Ambient, slow", "A very long name for an island in a sea", "日本の音楽", "i", "שקט")


def apart(boxes) -> bool:
    pairs = [(a, b) for k, a in enumerate(boxes) for b in boxes[:k]]
    return all(a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1] for a, b in pairs)


def test_the_map_looks_like_its_golden_picture(tmp_path):
    got = np.asarray(map_print(golden.sheet(), size_px=golden.SIZE_PX))
    with Image.open(io.BytesIO((GOLDEN_FOLDER / "map.png").read_bytes())) as picture:
        expected = np.asarray(picture.convert("RGB"))
    difference = np.abs(got.astype(int) - expected)
    if difference.mean() >= 2 or np.percentile(difference, 99.9) > 90:
        Image.fromarray(got).save(tmp_path / "got_map.png")
        pytest.fail(
            f"mean difference {difference.mean():.2f}; look at {tmp_path}; tests/golden/regenerate_maps.py takes the new one"
        )


def test_the_same_map_is_the_same_file(tmp_path):
    for name in ("a.png", "b.png"):
        save_map(tmp_path / name, golden.sheet(40), size_px=(480, 330))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.size == (480, 330) and picture.info["dpi"][0] == pytest.approx(300, abs=0.1)


@pytest.mark.parametrize("size_px", [(480, 330), (960, 660), (2480, 3508)])
def test_no_two_names_touch_at_any_size_and_the_large_ones_are_there(size_px):
    sheet = golden.sheet()
    shown = labels(sheet, size_px=size_px)
    assert apart([label.box for label in shown])
    assert {label.region.label for label in shown} >= {region.label for region in sheet.regions if region.level == 0}
    for label in shown:
        left, top, right, bottom = label.box
        assert 0 <= left < right <= size_px[0] and 0 <= top < bottom <= size_px[1]
        assert right - left == pytest.approx(measure(label.region.label, size_px=label.size_px, weight="semibold"))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 2), st.floats(0, 1), st.floats(0, 1)), max_size=24),
    st.floats(0.3, 4.0),
)
def test_at_any_zoom_names_stay_on_the_page_and_off_each_other(found, zoom):
    islands = [Region(f"{name} {k}", level, ("a",), (x, y)) for k, (name, level, x, y) in enumerate(found)]
    shown = lay_labels(
        sorted(islands, key=lambda region: region.level),
        at=lambda place: (400 + (place[0] - 0.5) * 800 * zoom, 300 - (place[1] - 0.5) * 600 * zoom),
        width_of=lambda text, size: float(measure(text, size_px=size, weight="semibold")),
        sizes_px=(26.0, 15.0, 10.0),
        page_px=(0.0, 0.0, 800.0, 600.0),
    )
    assert apart([label.box for label in shown])
    assert all(label.box[0] >= 0 and label.box[1] >= 0 and label.box[2] <= 800 and label.box[3] <= 600 for label in shown)


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_a_collection_of_few_songs_has_a_print_too(n):
    xy = np.linspace(0.2, 0.8, 2 * n, dtype=np.float32).reshape(n, 2)
    song_map = SongMap("fused", tuple(f"s{k}" for k in range(n)), xy, "fused", 1.0, 1)
    drawn = np.asarray(map_print(MapSheet(song_map, (None,) * n, (None,) * n, (), "By everything heard"), size_px=(320, 240)))
    assert drawn.shape == (240, 320, 3) and drawn.max() > 150


def test_what_cannot_be_drawn_is_said():
    song_map = SongMap("fused", ("a",), np.zeros((1, 2), np.float32), "fused", 1.0, 1)
    with pytest.raises(ShapeError, match="0 covers"):
        MapSheet(song_map, (), (None,), (), "")
    with pytest.raises(ConfigError, match="240"):
        map_print(golden.sheet(20), size_px=(100, 4000))
    with pytest.raises(LibraryError, match="no pictures"):
        cover_wall(lambda k: np.zeros((8, 8, 3), np.uint8), [], size_px=(400, 400))


@settings(deadline=None)
@given(st.integers(1, 3000), st.floats(0.6, 1.9))
def test_a_wall_of_any_number_of_pictures_is_nearly_full(n, aspect):
    rows, cols = wall_shape(n, aspect=aspect)
    assert min(n, rows * cols) >= 0.95 * n
    assert rows * cols <= 1.2 * n + 2
    if n >= 50:
        assert 0.45 < cols / rows / aspect < 2.2


def test_a_wall_shows_every_picture_with_light_ones_above_dark_ones():
    shades = np.linspace(10, 245, 36).astype(np.uint8)
    palettes = [Palette(np.full((1, 3), shade, np.uint8), np.ones(1, np.float32)) for shade in shades]
    drawn = np.asarray(
        cover_wall(lambda k: np.full((8, 8, 3), shades[k], np.uint8), palettes, size_px=(400, 400)), dtype=np.float64
    ).mean(axis=2)
    assert set(shades) <= set(np.unique(drawn).astype(int))
    assert drawn[30:190].mean() > drawn[210:370].mean() + 60


def test_the_gallery_wall_takes_the_latest_pictures(tmp_path):
    (tmp_path / "gallery").mkdir()
    for shard in range(3):
        grey = np.full((4, 8, 8, 3), 80 * shard, np.uint8)
        np.save(tmp_path / "gallery" / f"pictures-{shard:05d}.npy", grey)
        np.save(tmp_path / "gallery" / f"palettes-{shard:05d}.npy", [palette_numbers(dominant_colours(one)) for one in grey])
    pictures, palettes = gallery_pictures(tmp_path, count=6)
    assert [int(picture[0, 0, 0]) for picture in pictures] == [80, 80, 160, 160, 160, 160]
    assert [int(palette.srgb[0, 0]) for palette in palettes] == [80, 80, 160, 160, 160, 160]
    with pytest.raises(LibraryError, match="mixtape gallery"):
        gallery_pictures(tmp_path / "nowhere", count=6)


def test_the_stages_of_a_map_stand_beside_each_other():
    stages = np.random.default_rng(0).random((6, 30, 2)).astype(np.float32)
    drawn = np.asarray(forming_sheet(stages, np.full((30, 3), 0.8, np.float32) * [1, 0, 0], size_px=(300, 250)))
    assert drawn.shape == (250, 300, 3) and (drawn.max(axis=2) > 100).mean() > 0.005


@pytest.fixture(scope="module")
def shelf(tmp_path_factory) -> Path:
    music, folder = tmp_path_factory.mktemp("music"), tmp_path_factory.mktemp("shelf") / "library"
    prepared.write_music(music)
    prepared.write_library(music, folder)
    return folder


def test_the_command_lists_and_draws(shelf, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    command.map(library=shelf)
    assert "fused" in capsys.readouterr().out
    for name, wanted in (("map", {}), ("wall", {"covers": True}), ("forming", {"forming": True})):
        command.map(library=shelf, out=tmp_path / f"{name}.png", size="400x300", **wanted)
        with Image.open(tmp_path / f"{name}.png") as picture:
            assert picture.size == (400, 300) and np.asarray(picture).std() > 5


def test_the_command_says_what_it_cannot_do(shelf, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "x.png"
    for wanted, told in (({"name": "polka-30"}, "there is fused"), ({"size": "wide"}, "3508x2480"), ({"size": "9x9"}, "240")):
        with pytest.raises(ConfigError, match=told):
            command.map(library=shelf, out=out, **wanted)
    with pytest.raises(ConfigError, match="--out"):
        command.map(library=shelf, covers=True)
    with Library(shelf) as library:
        assert library.names("ways") == ("forming",)
