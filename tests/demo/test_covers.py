"""Sleeves: one family a style, many pictures in each, the same picture every time."""

import numpy as np
import pytest

from mixtape.demo.covers import PAINTERS, cover_pool, draw_cover
from mixtape.demo.plan import STYLES, albums
from mixtape.errors import ConfigError


def _small(image):
    return np.asarray(image.resize((32, 32)), np.float32) / 255


def test_every_style_has_a_painter():
    assert set(PAINTERS) == set(STYLES)


@pytest.mark.parametrize("style", sorted(PAINTERS))
def test_a_sleeve_is_the_same_twice_and_another_with_another_seed(style):
    first, again, other = (np.asarray(draw_cover(style, seed=seed, size_px=96), np.float32) / 255 for seed in (5, 5, 6))
    assert first.shape == (96, 96, 3) and np.array_equal(first, again)
    assert np.abs(first - other).mean() > 0.03
    assert first.std() > 0.04


def test_no_two_albums_share_a_sleeve():
    prints = [_small(draw_cover(album.style, seed=album.seed, size_px=96)) for album in albums(1)]
    nearest = min(np.abs(a - b).mean() for k, a in enumerate(prints) for b in prints[:k])
    assert len(prints) >= 16 and nearest > 0.05


@pytest.mark.parametrize("style", sorted(PAINTERS))
def test_names_are_set_on_the_sleeve(style):
    bare, named = (
        draw_cover(style, seed=3, size_px=200, **names) for names in ({}, {"artist": "Nimbus Archive", "album": "Öland"})
    )
    assert np.abs(_small(bare) - _small(named)).max() > 0.1


def test_a_title_in_a_script_the_typeface_lacks_leaves_no_empty_boxes():
    with_kanji, without = (
        np.asarray(draw_cover("ambient", seed=3, size_px=200, artist="Nimbus", album=a)) for a in ("静かな海", "海")
    )
    assert np.array_equal(with_kanji, without)


def test_the_pool_holds_every_style_in_turn():
    pool, styles = cover_pool(20, seed=1, size_px=32)
    assert pool.shape == (20, 32, 32, 3) and pool.dtype == np.uint8
    assert styles[:17] == list(STYLES) and styles[17] == styles[0]
    assert np.abs(pool[0].astype(int) - pool[17].astype(int)).mean() > 5


def test_an_unknown_style_is_answered_with_the_known_ones():
    with pytest.raises(ConfigError, match="techno"):
        draw_cover("polka", seed=1)
