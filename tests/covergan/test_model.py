import shutil

import numpy as np
import pytest

from mixtape.covergan.colours import colours_in
from mixtape.covergan.gallery import fill_gallery
from mixtape.covergan.loops import loop_latents
from mixtape.covergan.model import CHUNK, CoverModel, latents
from mixtape.errors import ModelError
from mixtape.palette import dominant_colours, palette_numbers


@pytest.fixture(scope="module")
def model(trained):
    return CoverModel.load(trained[1].model, precision="float32")


def test_the_same_request_gives_the_same_bytes(model, trained):
    z, music = latents(5, seed=3, dimensions=16), trained[3][:5]
    first = model.pictures(z, music, strength=0.8, truncation=0.7)
    assert first.shape == (5, 16, 16, 3)
    assert first.dtype == np.uint8
    again = CoverModel.load(trained[1].model, precision="float32").pictures(z, music, strength=0.8, truncation=0.7)
    assert first.tobytes() == again.tobytes()


@pytest.mark.parametrize("truncation", [1.0, 0.7])
def test_a_tile_does_not_depend_on_the_others_asked_for(model, trained, truncation):
    z, music = latents(CHUNK + 9, seed=3, dimensions=16), trained[3][: CHUNK + 9]
    together = model.pictures(z, music, truncation=truncation)
    alone = np.concatenate([model.pictures(z[k : k + 1], music[k : k + 1], truncation=truncation) for k in range(len(z))])
    assert together.tobytes() == alone.tobytes()


def test_no_music_and_music_at_strength_nought_are_the_same(model, trained):
    z = latents(4, seed=0, dimensions=16)
    assert model.pictures(z).tobytes() == model.pictures(z, trained[3][:4], strength=0.0).tobytes()
    assert model.pictures(z).tobytes() != model.pictures(z, trained[3][:4]).tobytes()


def test_truncation_nought_gives_every_latent_the_usual_picture(model, trained):
    music = np.repeat(trained[3][:1], 6, axis=0)
    assert np.ptp(model.pictures(latents(6, seed=0, dimensions=16), music, truncation=0.0).astype(int), axis=0).max() <= 1


def test_a_model_hears_songs_it_has_never_seen(model):
    heard = model.condition_of(np.random.default_rng(5).random((3, 1668)))
    assert heard.shape == (3, 32)
    assert np.isfinite(heard).all()


def test_a_broken_missing_or_foreign_file_is_a_model_error_with_a_remedy(trained, tmp_path):
    with pytest.raises(ModelError, match="mixtape train"):
        CoverModel.load(tmp_path / "none.safetensors")
    whole = trained[1].model.read_bytes()
    for name, content in {"short": whole[: len(whole) // 2], "empty": b"", "noise": b"x" * 4000}.items():
        path = tmp_path / f"{name}.safetensors"
        path.write_bytes(content)
        with pytest.raises(ModelError, match="mixtape train"):
            CoverModel.load(path)


def test_wrong_shapes_are_refused(model):
    for wrong in ({}, {"latents": (2, 9)}, {"conditions": (3, 32)}, {"colours": (2, 31)}):
        shapes = {"latents": (2, 16), "conditions": (2, 32), "colours": (2, 32)} | wrong
        given = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
        if not wrong:
            assert model.pictures(**given).shape == (2, 16, 16, 3)
            continue
        with pytest.raises(ModelError, match="are needed"):
            model.pictures(**given)


def test_colours_are_asked_for_beside_the_music_or_alone(model, trained):
    z, music = latents(4, seed=0, dimensions=16), trained[3][:4]
    red, blue = (np.repeat(colours_in(np.full((1, 8, 8, 3), shade, np.uint8)), 4, axis=0) for shade in ((200, 0, 0), (0, 0, 200)))
    plain = model.pictures(z, music).tobytes()
    assert model.pictures(z, music, colours=red, colour_strength=0.0).tobytes() == plain
    assert model.pictures(z, music, colours=red).tobytes() != model.pictures(z, music, colours=blue).tobytes() != plain
    assert model.pictures(z, colours=red).tobytes() != model.pictures(z).tobytes()


def test_loops_close_and_move_evenly():
    loops = loop_latents(3, 5, dimensions=16)
    start = loops.at(np.zeros(5))
    np.testing.assert_allclose(loops.at(np.ones(5)), start, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(start, axis=1), 4.0, rtol=1e-5)
    walk = np.stack([loops.at(np.full(5, phase)) for phase in np.linspace(0, 1, 201)])
    pace = np.linalg.norm(np.diff(walk, axis=0), axis=2)
    assert pace.std() / pace.mean() < 0.01


def test_a_tiles_loop_does_not_depend_on_how_many_there_are():
    assert np.array_equal(loop_latents(3, 2, dimensions=16).at(0.3), loop_latents(3, 9, dimensions=16).at(0.3)[:2])


def test_the_gallery_shows_every_age_and_names_each_picture(trained):
    folder, _, _, music = trained
    gallery = fill_gallery(folder, count=50, conditions=music[:3], song_ids=["a", "b", "c"])
    lines = (gallery.folder / "pictures.csv").read_text().splitlines()
    assert len(lines) == 51
    assert {int(line.split(",")[3]) for line in lines[1:]} == set(gallery.steps)
    pictures = np.load(gallery.folder / "pictures-00000.npy")
    assert pictures.shape == (50, 16, 16, 3)
    head, *rows = (gallery.folder / "palettes.csv").read_text().splitlines()
    assert head.startswith("picture,share_1,red_1,green_1,blue_1,share_2")
    palettes = np.array([row.split(",") for row in rows], float)
    assert palettes.shape == (50, 33)
    np.testing.assert_allclose(palettes[:, 1::4].sum(axis=1), 1.0, atol=1e-3)
    np.testing.assert_allclose(palettes[7, 1:], palette_numbers(dominant_colours(pictures[7])), atol=1e-4)
    (gallery.folder / "pictures-00000.npy").write_bytes(b"cut off")
    fill_gallery(folder, count=50, conditions=music[:3], song_ids=["a", "b", "c"])
    assert np.array_equal(np.load(gallery.folder / "pictures-00000.npy"), pictures)
    assert (gallery.folder / "sheet.png").stat().st_size > 100


def test_another_count_or_another_training_fills_the_gallery_anew(trained, tmp_path):
    shutil.copytree(trained[0] / "snapshots", tmp_path / "snapshots")
    first = fill_gallery(tmp_path, count=1100).folder
    before = np.load(first / "pictures-00000.npy")
    fill_gallery(tmp_path, count=1040)
    # The same pictures are in the first file, but of other ages: the table would name them wrongly.
    assert not np.array_equal(np.load(first / "pictures-00000.npy"), before)
    assert len(np.load(first / "pictures-00001.npy")) == 16
    fill_gallery(tmp_path, count=30)
    assert [path.name for path in sorted(first.glob("pictures-*.npy"))] == ["pictures-00000.npy"]
    thirty = np.load(first / "pictures-00000.npy")
    newest = max((tmp_path / "snapshots").iterdir())
    newest.write_bytes(min((tmp_path / "snapshots").iterdir()).read_bytes())
    fill_gallery(tmp_path, count=30)
    assert not np.array_equal(np.load(first / "pictures-00000.npy"), thirty)
