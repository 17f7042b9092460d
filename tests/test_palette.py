import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixtape.errors import ShapeError
from mixtape.palette import dominant_colours, oklab_to_srgb, palette_from, palette_numbers, srgb_to_oklab


def test_a_flat_cover_has_one_colour_and_it_is_exact():
    palette = dominant_colours(np.full((32, 32, 3), (200, 30, 77), np.uint8))
    assert palette.srgb.tolist() == [[200, 30, 77]]
    assert palette.share.tolist() == [1.0]


def test_shares_are_surfaces_largest_first():
    picture = np.zeros((40, 40, 3), np.uint8)
    picture[:10] = (255, 0, 0)
    picture[:4] = (0, 0, 255)
    palette = dominant_colours(picture)
    assert palette.srgb.tolist() == [[0, 0, 0], [255, 0, 0], [0, 0, 255]]
    np.testing.assert_allclose(palette.share, [0.75, 0.15, 0.1], atol=1e-6)


def test_oklab_agrees_with_the_published_values():
    # Ottosson 2020: white is (1, 0, 0); sRGB red is about (0.628, 0.225, 0.126).
    lab = srgb_to_oklab(np.array([[255, 255, 255], [255, 0, 0], [0, 0, 0]], np.uint8))
    np.testing.assert_allclose(lab, [[1, 0, 0], [0.628, 0.225, 0.126], [0, 0, 0]], atol=2e-3)


def test_oklab_and_back_gives_the_same_bytes():
    colours = np.random.default_rng(0).integers(0, 256, (5000, 3)).astype(np.uint8)
    assert np.abs(oklab_to_srgb(srgb_to_oklab(colours)).astype(int) - colours).max() <= 1


def test_two_shades_nobody_can_tell_apart_are_one_colour():
    picture = np.full((20, 20, 3), 100, np.uint8)
    picture[:, 10:] = 104
    assert len(dominant_colours(picture).share) == 1


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 40), st.integers(1, 40), st.integers(1, 8))
def test_any_picture_gives_a_sound_palette(seed, height, width, k):
    picture = np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)
    palette = dominant_colours(picture, k=k)
    assert 1 <= len(palette.share) <= k
    assert abs(float(palette.share.sum()) - 1) < 1e-5
    assert (np.diff(palette.share) <= 0).all()
    again = dominant_colours(picture, k=k)
    assert again.srgb.tobytes() == palette.srgb.tobytes()


def test_the_32_numbers_pad_missing_colours_with_zero():
    numbers = palette_numbers(dominant_colours(np.full((4, 4, 3), 255, np.uint8)))
    assert numbers.shape == (32,)
    assert numbers[:4].tolist() == [1, 1, 1, 1]
    assert not numbers[4:].any()


def test_a_grey_picture_without_channels_is_refused_with_a_remedy():
    with pytest.raises(ShapeError, match="convert it to RGB"):
        dominant_colours(np.zeros((8, 8), np.uint8))


def test_a_palette_comes_back_from_its_numbers():
    picture = np.zeros((40, 40, 3), np.uint8)
    picture[:10], picture[10:16, :9] = (255, 0, 0), (30, 200, 40)
    palette = dominant_colours(picture)
    again = palette_from(palette_numbers(palette))
    assert again.srgb.tolist() == palette.srgb.tolist()
    np.testing.assert_allclose(again.share, palette.share, rtol=1e-6)
