from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from installation.gallery import PICTURES, come, hung, load_gallery, mean_colours, order_share
from installation.stage import Stage


def _write(folder, count=700, shard=400):
    place = folder / "gallery"
    place.mkdir(parents=True)
    pictures = np.zeros((count, 8, 8, 3), np.uint8)
    pictures[..., 0] = (np.arange(count) * 255 // count)[:, None, None]
    for start in range(0, count, shard):
        np.save(place / f"pictures-{start // shard:05d}.npy", pictures[start : start + shard])
    lines = [f"{row},{row // shard},{row % shard},{row * 10},{row},x" for row in range(count)]
    (place / "pictures.csv").write_text("\n".join(["picture,shard,row,step,latent_seed,song_id", *lines, ""]))


def test_a_gallery_is_read_from_its_youngest_picture_to_its_oldest(tmp_path):
    _write(tmp_path)
    gallery = load_gallery(tmp_path)
    assert 100 < len(gallery.pictures) <= PICTURES
    assert (gallery.steps[0], gallery.steps[-1]) == (0, 6990)
    assert (np.diff(gallery.steps) > 0).all()
    assert np.array_equal(gallery.pictures[:, 0, 0, 0], gallery.steps // 10 * 255 // 700)


@pytest.mark.parametrize("harm", ["none", "empty", "gone", "broken"])
def test_without_a_gallery_that_can_be_read_there_is_none(tmp_path, harm):
    if harm != "none":
        _write(tmp_path)
        place = tmp_path / "gallery"
        if harm == "empty":
            (place / "pictures.csv").write_text("picture,shard,row,step,latent_seed,song_id\n")
        elif harm == "gone":
            (place / "pictures-00001.npy").unlink()
        else:
            (place / "pictures-00000.npy").write_bytes(b"no array")
    assert load_gallery(tmp_path) is None


@pytest.mark.parametrize("aspect", [16 / 9, 4 / 3, 9 / 16])
def test_both_orders_fill_every_cell_once(aspect, small_world):
    gallery = small_world.gallery
    rows, cols = gallery.shape(aspect)
    shown, by_age, by_colour = hung(gallery, rows, cols)
    assert rows * cols > 0.85 * len(gallery.pictures)
    assert sorted(by_age) == sorted(by_colour) == list(range(rows * cols))
    assert (np.diff(gallery.steps[shown]) >= 0).all()
    assert (np.diff(by_age % cols) >= 0).all()
    warm, light = gallery.colours[shown, 1:].sum(axis=1), gallery.colours[shown, 0]
    assert np.corrcoef(warm, by_colour % cols)[0, 1] > 0.5
    assert np.corrcoef(light, by_colour // cols)[0, 1] < -0.5


def test_pictures_come_by_age_then_turn_to_colours_and_back():
    ages = np.linspace(0, 1, 11, dtype=np.float32)
    assert (come(0.0, 24.0, ages)[1:] == 0).all()
    assert (np.diff(come(4.0, 24.0, ages)) <= 0).all()
    assert (come(8.0, 24.0, ages) == 1).all()
    assert [order_share(at, 24.0) for at in (9.0, 16.0, 30.0)] == [0.0, 1.0, 0.0]
    shares = [order_share(at, 24.0) for at in np.arange(0.0, 60.0, 0.05)]
    assert max(abs(b - a) for a, b in pairwise(shares)) < 0.03


def test_mean_colours_are_those_of_the_pictures():
    white = mean_colours(np.full((1, 8, 8, 3), 255, np.uint8))
    assert white[0] == pytest.approx([1.0, 0.0, 0.0], abs=1e-3)


def test_the_noise_hangs_at_the_left_and_what_was_learned_at_the_right(gl, small_world, play):
    stage = Stage(gl, small_world, size=(320, 180), patient=True)
    stage.draw(play(small_world, 9.0, (0.0, "scene", "gallery"), (0.0, "grain", 0.0)))
    frame = stage.read()[20:150].astype(int)
    assert frame[:, 30:60].max() > 90
    assert frame[:, 260:290].max() > 90
    saturation = np.ptp(frame, axis=2)
    assert np.median(saturation[:, 250:290]) > 1.5 * np.median(saturation[:, 30:70])
