"""Training and gallery as commands on a library."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from mixtape.commands import covers
from mixtape.covergan import material
from mixtape.covergan.condition import Condition
from mixtape.errors import ConfigError, LibraryError
from mixtape.library import Cover, Library
from mixtape.palette import dominant_colours
from mixtape.types import Timeline, Track

VECTORS = {"rp": 1440, "ssd": 168, "rh": 60}


def put_songs(library: Library, count: int, *, shared: int = 1, side_px: int = 300) -> None:
    """Songs with made-up features, every `shared` of them with a cover in common and by one artist."""
    rng = np.random.default_rng(0)
    quiet = np.zeros(60, np.float32)
    timeline = Timeline(quiet, np.zeros((60, 8), np.float32), quiet, quiet, np.zeros(0, np.float32))
    for number in range(count):
        cover_id = f"{number // shared:032x}"
        if number % shared == 0:
            library.put_cover(cover(cover_id, rng, side_px))
        name, artist = f"{number:032x}", f"Artist {number // shared}"
        track = Track(name, Path(f"/music/{number}.flac"), artist, f"Song {number}", "Album", "", None, 60.0, cover_id)
        vectors = {kind: rng.random(d).astype(np.float32) for kind, d in VECTORS.items()}
        library.put_tracks([track])
        library.put_listening(name, vectors, timeline, versions=dict.fromkeys([*vectors, "timeline"], 1))


def cover(cover_id: str, rng: np.random.Generator, side_px: int) -> Cover:
    large = Image.fromarray(rng.integers(0, 256, (4, 4, 3), np.uint8)).resize((side_px, side_px), Image.Resampling.NEAREST)
    original, pixels = io.BytesIO(), np.asarray(large.resize((128, 128)))
    large.save(original, "PNG")
    return Cover(cover_id, pixels, original.getvalue(), ".png", "cover.png", side_px, side_px, dominant_colours(pixels))


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    with Library(tmp_path / "library", create=True) as library:
        put_songs(library, 70)
    return tmp_path / "library"


def lesson(folder: Path, **changes: object) -> covers._Lesson:
    from mixtape import config

    settings = config.changed(config.from_table({}), "train", **changes).train
    with Library(folder) as library:
        return covers._lesson(library, settings, fresh=False)


@pytest.mark.parametrize("pixels", [64, 128, 256])
def test_covers_are_taught_at_the_size_that_is_asked_for(shelf: Path, pixels: int) -> None:
    given = lesson(shelf, pixels=pixels)
    assert given.material.covers.shape == (70, pixels, pixels, 3)
    assert given.recipe.size.pixels == pixels
    assert given.start_from is None
    assert given.material.artists[3] == ("Artist 3",)
    # 4 x 4 squares stay squares: the large picture is read, not the small one blown up.
    corner = given.material.covers[0, : pixels // 8, : pixels // 8].reshape(-1, 3)
    assert np.ptp(corner.astype(int), axis=0).max() < 12


def test_another_size_of_picture_names_the_sizes_there_are(shelf: Path) -> None:
    with pytest.raises(ConfigError, match="64, 128 or 256"):
        lesson(shelf, pixels=100)


def test_few_covers_go_on_from_the_network_that_comes_along_and_it_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Library(tmp_path, create=True) as library:
        put_songs(library, 6, shared=2)
    given = lesson(tmp_path, pixels=128)
    assert given.start_from == material.DEMO_MODEL
    assert given.recipe.size.pixels == 64
    assert "3 covers are few" in capsys.readouterr().out
    assert [len(songs) for songs in given.material.conditions] == [2, 2, 2]


def test_a_cover_that_cannot_be_read_is_left_out_and_none_at_all_is_said(shelf: Path) -> None:
    smalls = sorted((shelf / "covers" / "small").rglob("*.png"))
    assert len(smalls) == 70
    smalls[0].write_bytes(b"torn")
    smalls[1].unlink()
    with Library(shelf) as library:
        condition = Condition.fit(material.features_of(library))
        assert len(material.material(library, condition, pixels=64).covers) == 68
        for path in smalls:
            path.unlink(missing_ok=True)
        with pytest.raises(LibraryError, match="no song has a cover"):
            material.material(library, condition, pixels=64)


def test_training_begun_at_another_size_is_not_mixed_up(shelf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mixtape.covergan import train
    from mixtape.errors import ModelError

    def teach(pixels: int, steps: int) -> None:
        given = lesson(shelf, pixels=pixels, batch=4)
        from dataclasses import replace

        train.train(
            given.material.covers,
            given.material.conditions,
            folder=shelf / "covergan",
            settings=replace(given.recipe, seconds=None, steps=steps, threads=1, precision="float32"),
            condition=given.condition,
        )

    teach(64, 1)
    with pytest.raises(ModelError, match="begun at 64 px, 128 px are asked for"):
        teach(128, 2)


@pytest.mark.slow
def test_a_library_is_taught_and_its_gallery_hung(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    covers.train(library=shelf, minutes=0.1, threads=1)
    covers.gallery(library=shelf, count=40)
    said = capsys.readouterr().out
    assert "70 covers" in said
    assert "40 pictures from step 0" in said
    for name in ("sheet.png", "colours.png", "palettes.csv", "pictures.csv"):
        assert (shelf / "covergan" / "gallery" / name).stat().st_size > 100
    for name in ("report.html", "report.png", "figures.csv"):
        assert (shelf / "covergan" / name).stat().st_size > 100


@pytest.mark.slow
def test_without_a_training_the_network_that_comes_along_is_judged_by_ones_own_covers(
    shelf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    covers.judge(library=shelf, out=tmp_path / "page")
    said = capsys.readouterr().out
    assert "comes with mixtape" in said and "report.html" in said
    assert "70 covers, 70 songs" in (tmp_path / "page" / "report.html").read_text(encoding="utf-8")


def test_what_is_judged_is_ones_own_training_or_else_the_network_that_comes_along(shelf: Path) -> None:
    from mixtape.covergan.report import subject_of

    with Library(shelf) as library:
        given = subject_of(library)
    assert not given.own and given.covers.shape == (70, 64, 64, 3)
    assert [moment.path for moment in given.moments] == [material.DEMO_MODEL]


@pytest.mark.parametrize("version", ["none", "1"])
def test_a_model_that_cannot_be_used_leaves_the_wall_the_one_that_comes_along_and_is_told(shelf: Path, version: str) -> None:
    with Library(shelf) as library:
        assert (material.model_path(library), material.model_fault(library)) == (material.DEMO_MODEL, "")
        own = material.own_model(library)
        own.parent.mkdir(exist_ok=True)
        if version == "none":
            own.write_bytes(b"torn")
        else:
            save_file({"old": np.zeros(3, np.float32)}, own, metadata={"mixtape": json.dumps({"format": int(version)})})
        assert material.model_path(library) == material.DEMO_MODEL
        told = material.model_fault(library)
        assert str(own) in told and "mixtape train" in told and told.endswith("the wall uses the model that comes along")
        assert material.conditions_of(library, material.model_path(library)).shape == (70, 32)


def test_without_covers_there_is_nothing_to_judge_by(tmp_path: Path) -> None:
    with Library(tmp_path, create=True) as library:
        put_songs(library, 2)
    for path in (tmp_path / "covers").rglob("*.png"):
        path.unlink()
    with pytest.raises(LibraryError, match="no song has a cover"):
        covers.judge(library=tmp_path)


def test_a_page_that_cannot_be_made_leaves_the_training_as_it_is_and_is_said_in_one_line(
    shelf: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the disk\nis full")

    monkeypatch.setattr(covers, "_judged", broken)
    with Library(shelf) as library:
        covers._report_on(library, ())
    (said,) = capsys.readouterr().out.splitlines()
    assert "the disk" in said and "mixtape judge" in said
