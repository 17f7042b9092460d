"""A poster must be whole for any mixtape: nothing cut, nothing overlapping, the same bytes every time."""

from __future__ import annotations

import dataclasses
import importlib.util
import io
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from mixtape.errors import ConfigError, LibraryError, ShapeError
from mixtape.lettering import typeset
from mixtape.poster.curve import tempo_range
from mixtape.poster.draw import poster, save_poster
from mixtape.poster.layout import LAYOUTS, clock, layout, size_named
from mixtape.poster.sheet import Box
from mixtape.types import Palette, Playlist, SongMap

GOLDEN_FOLDER = Path(__file__).parent / "golden"
spec = importlib.util.spec_from_file_location("regenerate_posters", GOLDEN_FOLDER / "regenerate_posters.py")
golden = importlib.util.module_from_spec(spec)
spec.loader.exec_module(golden)

SMALL_PX = (360, 510)
LONG = "The Incredibly Long and Winding Title of a Song That Nobody Ever Managed to Print (Remastered 2011) [Live]"
TEXTS = st.one_of(
    st.text(max_size=80),
    st.sampled_from(
        ["", LONG, LONG.replace(" ", ""), "A", "שלום עולם (Live 1999)", "مرحبا", "日本語のタイトル", "W" * 200, "\x00\n"]
    ),
)
SIZES = st.sampled_from([(1240, 1754), (500, 707), (900, 600), (800, 800), (1200, 400), (400, 1500)])


def pixels(sheet, size_px=SMALL_PX):
    return np.asarray(poster(sheet, size_px=size_px))


def with_texts(sheet, texts):
    turn = iter(texts * (3 * len(sheet.tracks)))
    tracks = tuple(dataclasses.replace(track, title=next(turn), artist=next(turn)) for track in sheet.tracks)
    playlist = dataclasses.replace(sheet.playlist, reasons=tuple(next(turn) for _ in sheet.tracks))
    return dataclasses.replace(sheet, tracks=tracks, playlist=playlist, recipe=next(turn), date=next(turn)[:40])


# What everybody can rely on about where things stand ---------------------------------------------------------------------------


def test_of_a_long_reason_as_many_things_stand_on_the_poster_as_fit():
    sheet = golden.sheet(12, seed=1, pictures=0, songs=60)
    told = ", ".join(["same pulse at 94 BPM", "similar rhythm and sound", "darker", *(["and so on"] * 40)])
    sheet = dataclasses.replace(sheet, playlist=dataclasses.replace(sheet.playlist, reasons=(told,) * 12))
    said = [text.text for text in layout(sheet, (1240, 1754)).texts if text.part == "reason"]
    assert said and all(line.startswith("same pulse at 94 BPM") and told.startswith(line + ", ") for line in said)


@given(st.integers(1, 66), st.lists(TEXTS, min_size=5, max_size=9), SIZES, st.sampled_from([0, 1, 7, 48, 400]), st.integers(0, 5))
@settings(max_examples=20, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_overlaps_and_nothing_leaves_the_margins(n, texts, size_px, pictures, seed):
    sheet = with_texts(golden.sheet(n, seed=seed, pictures=0, songs=300), texts)
    sheet = dataclasses.replace(sheet, pictures=np.zeros((pictures, 2, 2, 3), np.uint8))
    plan = layout(sheet, size_px)
    floor = min((box.y for box, _ in plan.wall), default=size_px[1] - plan.margin_px)
    for box in (plan.cover, plan.strip, *plan.spine, *(text.box for text in plan.texts)):
        assert plan.margin_px - 1 <= box.x
        assert box.right <= size_px[0] - plan.margin_px + 2
        assert plan.margin_px - 0.08 * plan.unit_px <= box.y
        assert box.bottom <= floor + 1
    solid = [("cover", plan.cover), *(("spine", box) for box in plan.spine), ("strip", plan.strip)]
    texts_and_solids = solid + [(text.part, text.box) for text in plan.texts]
    for (one, first), (other, second) in combinations(texts_and_solids, 2):
        assert not first.overlaps(second), f"{one} {first} lies on {other} {second}"


@given(
    st.sampled_from(["tracklist", "sleeve"]),
    st.integers(1, 66),
    st.lists(TEXTS, min_size=5, max_size=9),
    SIZES,
    st.sampled_from([0, 1, 7, 48, 400]),
    st.booleans(),
)
@settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_in_every_layout_nothing_overlaps_and_nothing_leaves_the_sheet(name, n, texts, size_px, pictures, heard):
    sheet = with_texts(golden.sheet(n, pictures=0, songs=300, heard=heard), texts)
    sheet = dataclasses.replace(sheet, pictures=np.zeros((pictures, 2, 2, 3), np.uint8))
    plan = layout(sheet, size_px, name=name)
    solid = [("cover", box) for box in plan.spine] + [("picture", box) for box, _ in plan.dreams]
    solid += [("strip", plan.strip)] if plan.strip.w else []
    words = [(f"{text.part} {text.text!r}", text.box) for text in plan.texts]
    for what, box in (*solid, *words):
        edge = -1 if what in ("cover", "picture") else 2
        assert edge <= box.x + 1 and box.right <= size_px[0] + 1 - edge, f"{what} {box} leaves the sheet of {size_px}"
        assert box.y >= -1 and box.bottom <= size_px[1] + 1, f"{what} {box} leaves the sheet of {size_px}"
    for (one, first), (other, second) in combinations(solid + words, 2):
        assert not first.overlaps(second), f"{one} {first} lies on {other} {second}"
    for stroke in plan.strokes:
        low, high = stroke.points_px.min(axis=0), stroke.points_px.max(axis=0)
        assert (low >= 0).all() and (high <= size_px).all(), f"{stroke.part} leaves the sheet"
        line = Box(int(low[0]), int(low[1]), max(1, int(high[0] - low[0])), max(1, int(high[1] - low[1])))
        assert stroke.part == "rule" or not any(line.overlaps(box) for _, box in words), f"{stroke.part} crosses words"


@given(st.sampled_from(sorted(LAYOUTS)), st.integers(1, 60), SIZES)
@settings(max_examples=12, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_song_has_its_cover_number_title_and_time_in_every_layout(name, n, size_px):
    plan = layout(golden.sheet(n, pictures=0), size_px, name=name)
    assert len(plan.spine) == n
    for part in ("number", "time"):
        assert [text.song for text in plan.texts if text.part == part] == list(range(n))
    assert {text.song for text in plan.texts if text.part == "song"} == set(range(n))


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_the_curve_is_there_when_the_songs_were_heard_and_only_then(name):
    heard, unheard = golden.sheet(9, heard=True), golden.sheet(9)
    drawn = {stroke.part for stroke in layout(heard, (1240, 1754), name=name).strokes}
    assert "energy" in drawn
    assert {stroke.part for stroke in layout(unheard, (1240, 1754), name=name).strokes} <= {"rule"}
    one = dataclasses.replace(unheard, energy=(0.5, *([float("nan")] * 8)))
    assert {stroke.part for stroke in layout(one, (1240, 1754), name=name).strokes} <= {"rule"}


def test_more_energy_is_higher_and_a_faster_song_is_too():
    rising = tuple(i / 9 for i in range(9))
    sheet = dataclasses.replace(golden.sheet(9), energy=rising, tempo_bpm=tuple(80 + 40 * value for value in rising))
    strokes = layout(sheet, (1240, 1754)).strokes
    for part in ("energy", "tempo"):
        heights = [float(stroke.points_px[:, 1].mean()) for stroke in strokes if stroke.part == part]
        assert len(heights) == 9
        assert heights == sorted(heights, reverse=True)
    assert tempo_range(sheet) == "80–116 BPM"


def test_heard_numbers_that_do_not_fit_the_songs_are_refused():
    with pytest.raises(ShapeError, match="2 energies for 3 songs"):
        dataclasses.replace(golden.sheet(3), energy=(0.1, 0.2))


def test_the_wall_of_a_sleeve_has_no_hole():
    for n in (1, 2, 3, 5, 7, 12, 13, 24, 37, 60):
        plan = layout(golden.sheet(n, pictures=0), (1000, 1000), name="sleeve")
        boxes = [*plan.spine, *(box for box, _ in plan.dreams)]
        bottom = max(box.bottom for box in boxes)
        assert sum(box.w * box.h for box in boxes) == 1000 * bottom
        assert max(plan.spine, key=lambda box: box.w) == plan.spine[0]


@pytest.mark.parametrize(
    ("name", "layout_name", "size_px"),
    [
        ("A2", "map", (4961, 7016)),
        ("a3-wide", "map", (4961, 3508)),
        ("", "map", (2480, 3508)),
        ("", "sleeve", (3720, 3720)),
        ("640x900", "map", (640, 900)),
    ],
)
def test_sizes_have_the_names_of_paper(name, layout_name, size_px):
    assert size_named(name, layout_name=layout_name) == size_px


def test_a_size_or_layout_that_there_is_not_is_refused_with_what_there_is():
    with pytest.raises(ConfigError, match=r"'A7'.*A2, A3, A4 or square"):
        size_named("A7")
    with pytest.raises(ConfigError, match="did you mean sleeve"):
        layout(golden.sheet(2), SMALL_PX, name="sleve")


@given(st.integers(1, 60), SIZES)
@settings(max_examples=8, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_song_has_its_number_title_and_time(n, size_px):
    plan = layout(golden.sheet(n, pictures=0), size_px)
    for part in ("number", "song", "time"):
        assert [text.song for text in plan.texts if text.part == part] == list(range(n))


def test_a_row_of_the_list_reads_from_cover_to_time():
    plan = layout(golden.sheet(12), (2480, 3508))
    row = {text.part: text.box for text in plan.texts if text.song == 3}
    assert plan.spine[3].right < row["number"].x < row["song"].x < row["time"].x
    assert row["song"].bottom <= row["by"].y


def test_the_title_and_the_covers_of_the_list_share_one_axis():
    plan = layout(golden.sheet(12), (2480, 3508))
    title = next(text.box for text in plan.texts if text.part == "title")
    assert {box.x for box in plan.spine} == {title.x}


def test_a_short_title_is_large_and_a_long_one_is_still_all_there():
    sheet = golden.sheet(8)
    long = dataclasses.replace(sheet, tracks=(dataclasses.replace(sheet.tracks[0], title=LONG), *sheet.tracks[1:]))
    short_plan, long_plan = layout(sheet, (2480, 3508)), layout(long, (2480, 3508))
    short_lines, long_lines = ([t for t in plan.texts if t.part == "title"] for plan in (short_plan, long_plan))
    assert short_lines[0].size_px > 1.8 * long_lines[0].size_px
    assert " ".join(line.text for line in long_lines) == LONG


def test_a_layout_is_the_same_at_any_size():
    small, large = (layout(golden.sheet(12), size) for size in ((1240, 1754), (2480, 3508)))
    assert [text.text for text in small.texts if text.part == "song"] == [t.text for t in large.texts if t.part == "song"]
    assert np.allclose(2 * small.places_px, large.places_px, atol=4)


def test_the_mixtape_lies_inside_the_landscape():
    plan = layout(golden.sheet(20, seed=2), (1240, 1754))
    land = plan.landscape
    assert (plan.places_px[:, 0] > plan.margin_px).all()
    assert (plan.places_px[:, 0] < land.right - plan.margin_px).all()
    assert (plan.places_px[:, 1] > land.y).all()
    assert (plan.places_px[:, 1] < land.bottom).all()


def test_up_is_up_on_the_landscape():
    sheet = golden.sheet(2)
    xy = sheet.song_map.xy.copy()
    xy[sheet.song_map.ids.index(sheet.playlist.ids[0])] = (0.2, 0.9)
    xy[sheet.song_map.ids.index(sheet.playlist.ids[1])] = (0.8, 0.1)
    first, second = layout(dataclasses.replace(sheet, song_map=dataclasses.replace(sheet.song_map, xy=xy)), SMALL_PX).places_px
    assert first[0] < second[0]
    assert first[1] < second[1]


def test_a_longer_mixtape_says_how_many_songs_are_named():
    plan = layout(golden.sheet(66, songs=400), (1240, 1754))
    assert len(plan.spine) == 60
    assert any("66 songs, the first 60 named" in text.text for text in plan.texts)


@pytest.mark.parametrize("size_px", [(100, 100), (3000, 500), (20_000, 20_000), (0, 800)])
def test_an_impossible_size_is_refused_with_the_limits(size_px):
    with pytest.raises(ConfigError, match=f"{size_px[0]} x {size_px[1]} pixels.*240"):
        layout(golden.sheet(3), size_px)


def test_a_sheet_whose_parts_do_not_belong_together_is_refused():
    sheet = golden.sheet(3)
    with pytest.raises(ShapeError, match="3 songs with 2 tracks"):
        dataclasses.replace(sheet, tracks=sheet.tracks[:2])
    with pytest.raises(ShapeError, match="at least one song"):
        dataclasses.replace(sheet, playlist=Playlist("nearest", "", 0, (), ()), tracks=(), covers=(), palettes=())
    with pytest.raises(ShapeError, match="pictures"):
        dataclasses.replace(sheet, pictures=np.zeros((4, 64, 64), np.uint8))


@pytest.mark.parametrize(("duration_s", "shown"), [(0.0, "0:00"), (59.6, "1:00"), (187.0, "3:07"), (3765.0, "1:02:45")])
def test_times_read_as_on_a_sleeve(duration_s, shown):
    assert clock(duration_s) == shown


# What is drawn -----------------------------------------------------------------------------------------------------------------


def test_the_same_sheet_gives_the_same_bytes(tmp_path):
    for name in ("one.png", "two.png"):
        save_poster(tmp_path / name, golden.sheet(6, without_cover=(2,)), size_px=SMALL_PX)
        typeset._mask.cache_clear()
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_the_file_is_a_png_that_prints_at_300_dpi(tmp_path):
    save_poster(tmp_path / "deep" / "poster.png", golden.sheet(4), size_px=SMALL_PX)
    with Image.open(tmp_path / "deep" / "poster.png") as picture:
        assert (picture.format, picture.mode, picture.size) == ("PNG", "RGB", SMALL_PX)
        assert picture.info["dpi"] == pytest.approx((300, 300), abs=0.1)


def test_a_poster_that_cannot_be_written_says_so(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LibraryError, match="cannot be written"):
        save_poster(tmp_path / "file" / "poster.png", golden.sheet(2), size_px=SMALL_PX)


def bare(sheet):
    return dataclasses.replace(sheet, covers=(None,) * len(sheet.tracks), pictures=np.zeros((0, 64, 64, 3), np.uint8))


def lost(sheet):
    return dataclasses.replace(sheet, song_map=SongMap("fused", ("other",), np.full((1, 2), 0.5, np.float32), "fused", 30.0, 0))


def unmapped(sheet):
    return dataclasses.replace(sheet, song_map=SongMap("fused", (), np.zeros((0, 2), np.float32), "fused", 30.0, 0))


def broken_map(sheet):
    return dataclasses.replace(sheet, song_map=dataclasses.replace(sheet.song_map, xy=np.full_like(sheet.song_map.xy, np.nan)))


def one_place(sheet):
    return dataclasses.replace(sheet, song_map=dataclasses.replace(sheet.song_map, xy=np.full_like(sheet.song_map.xy, 0.5)))


def odd_covers(sheet):
    covers = (np.zeros((1, 1, 3), np.uint8), np.full((300, 20, 3), 200, np.uint8), np.zeros((0, 0, 3), np.uint8))
    return dataclasses.replace(
        sheet, covers=covers, palettes=(None, Palette(np.zeros((0, 3), np.uint8), np.zeros(0, np.float32)), None)
    )


def no_times(sheet):
    lengths = (float("nan"), -3.0, float("inf"))
    tracks = tuple(dataclasses.replace(t, duration_s=s) for t, s in zip(sheet.tracks, lengths, strict=True))
    return dataclasses.replace(sheet, tracks=tracks)


def seed_elsewhere(sheet):
    return dataclasses.replace(sheet, playlist=dataclasses.replace(sheet.playlist, seed_id="gone"))


@pytest.mark.parametrize("name", sorted(LAYOUTS))
@pytest.mark.parametrize("change", [bare, lost, unmapped, broken_map, one_place, odd_covers, no_times, seed_elsewhere])
def test_what_is_missing_never_stops_a_poster(change, name):
    drawn = np.asarray(poster(change(golden.sheet(3)), size_px=SMALL_PX, layout_name=name))
    assert drawn.shape == (SMALL_PX[1], SMALL_PX[0], 3)
    assert drawn.std() > 5


def test_one_song_alone_makes_a_poster():
    sheet = golden.sheet(1, songs=1, pictures=1)
    assert pixels(sheet).std() > 5


def test_a_missing_cover_has_colours_and_its_own_ones():
    sheet = bare(golden.sheet(2))
    plan = layout(sheet, SMALL_PX)
    drawn = pixels(sheet).astype(int)
    first, second = (drawn[box.y : box.bottom, box.x : box.right] for box in plan.spine)
    assert np.ptp(first.reshape(-1, 3).mean(axis=0)) > 8
    assert np.abs(first.mean(axis=(0, 1)) - second.mean(axis=(0, 1))).max() > 8


def test_the_seeds_cover_is_there_as_it_is():
    sheet = golden.sheet(5)
    box = layout(sheet, (800, 1131)).cover
    drawn = pixels(sheet, (800, 1131))[box.y : box.bottom, box.x : box.right]
    expected = np.asarray(Image.fromarray(sheet.covers[0]).resize((box.w, box.h), Image.Resampling.LANCZOS))
    assert np.array_equal(drawn, expected)


def test_the_ground_is_night():
    drawn = pixels(golden.sheet(8), (640, 905))
    assert np.median(drawn) < 20
    assert (drawn[:20, :20].max(axis=(0, 1)) < 24).all()


@pytest.mark.parametrize("name", sorted(golden.GOLDEN))
@pytest.mark.skipif(
    not typeset._shapes(), reason="Pillow has no text shaping (raqm, fribidi) here: the letters stand a little apart"
)
def test_the_poster_looks_like_its_golden_picture(name, tmp_path):
    sheet, size_px, layout_name = golden.GOLDEN[name]
    got = np.asarray(poster(sheet, size_px=size_px, layout_name=layout_name))
    with Image.open(io.BytesIO((GOLDEN_FOLDER / name).read_bytes())) as picture:
        expected = np.asarray(picture.convert("RGB"))
    assert got.shape == expected.shape
    difference = np.abs(got.astype(int) - expected)
    mean, most = difference.mean(), np.percentile(difference, 99.9)
    if mean >= 2 or most > 90:
        Image.fromarray(got).save(tmp_path / f"got_{name}")
        Image.fromarray(np.minimum(difference * 4, 255).astype(np.uint8)).save(tmp_path / f"difference_{name}")
        pytest.fail(
            f"{name}: mean difference {mean:.2f} levels (limit 2), 99.9th percentile {most:.0f} (limit 90); look at got_{name} "
            f"and difference_{name} in {tmp_path}; python tests/golden/regenerate_posters.py takes the new picture"
        )
